#include "cdc/value_text.h"

#include "cdc/base/digits.h"
#include "cdc/value_decode.h"

enum {
    SL_DATETIME_TEXT_MAX = 26, /* "2038-01-19 03:14:07.999999" */
    SL_HOUR_MAX = 838,         /* TIME_MAX_HOUR of both servers */
    SL_SECONDS_A_DAY = 86400,
};

static uint8_t *put2(uint8_t *to, uint32_t value)
{
    sl_digits_two(to, value);
    return to + 2;
}

static uint8_t *put_separated(uint8_t *to, uint8_t separator, uint32_t value)
{
    *to = separator;
    return put2(to + 1, value);
}

uint32_t sl_value_fraction_micros(unsigned fraction)
{
    static const uint32_t micros[] = {1000000, 100000, 10000, 1000, 100, 10, 1};

    return micros[fraction];
}

static uint8_t *put_fraction(uint8_t *to, unsigned fraction, uint32_t micros)
{
    if (fraction == 0) {
        return to;
    }
    *to++ = '.';
    sl_digits_fixed(to, micros / sl_value_fraction_micros(fraction), fraction);
    return to + fraction;
}

static bool is_clock(const struct sl_moment *moment, uint32_t hour_max)
{
    return moment->hour <= hour_max && moment->minute <= 59 && moment->second <= 59 &&
           moment->micros <= 999999;
}

static bool is_date(const struct sl_moment *moment)
{
    return moment->year <= 9999 && moment->month <= 12 && moment->day <= 31;
}

static uint8_t *put_date(uint8_t *to, const struct sl_moment *moment)
{
    to = put2(to, moment->year / 100);
    to = put2(to, moment->year % 100);
    to = put_separated(to, '-', moment->month);
    return put_separated(to, '-', moment->day);
}

int sl_value_put_date(const struct sl_column *column, const struct sl_moment *moment, size_t len,
                      struct sl_buf *out, struct sl_err *err)
{
    int rc = sl_buf_reserve(out, SL_DATETIME_TEXT_MAX);

    if (rc != SL_OK) {
        return sl_value_full(column, rc, err);
    }
    if (!is_date(moment)) {
        return sl_value_bad(column, len, err);
    }
    sl_buf_commit(out, (size_t)(put_date(sl_buf_tail(out), moment) - sl_buf_tail(out)));
    return SL_OK;
}

int sl_value_put_datetime(const struct sl_column *column, const struct sl_moment *moment,
                          size_t len, struct sl_buf *out, struct sl_err *err)
{
    uint8_t *to;
    int rc = sl_buf_reserve(out, SL_DATETIME_TEXT_MAX);

    if (rc != SL_OK) {
        return sl_value_full(column, rc, err);
    }
    if (!is_clock(moment, 23) || !is_date(moment)) {
        return sl_value_bad(column, len, err);
    }
    to = put_date(sl_buf_tail(out), moment);
    to = put_separated(to, ' ', moment->hour);
    to = put_separated(to, ':', moment->minute);
    to = put_separated(to, ':', moment->second);
    to = put_fraction(to, column->fraction, moment->micros);
    sl_buf_commit(out, (size_t)(to - sl_buf_tail(out)));
    return SL_OK;
}

int sl_value_put_time(const struct sl_column *column, const struct sl_moment *moment, size_t len,
                      struct sl_buf *out, struct sl_err *err)
{
    uint8_t *to;
    int rc = sl_buf_reserve(out, SL_DATETIME_TEXT_MAX);

    if (rc != SL_OK) {
        return sl_value_full(column, rc, err);
    }
    if (!is_clock(moment, SL_HOUR_MAX)) {
        return sl_value_bad(column, len, err);
    }
    to = sl_buf_tail(out);
    if (moment->is_negative) {
        *to++ = '-';
    }
    if (moment->hour >= 100) {
        *to++ = (uint8_t)('0' + moment->hour / 100);
    }
    to = put2(to, moment->hour % 100);
    to = put_separated(to, ':', moment->minute);
    to = put_separated(to, ':', moment->second);
    to = put_fraction(to, column->fraction, moment->micros);
    sl_buf_commit(out, (size_t)(to - sl_buf_tail(out)));
    return SL_OK;
}

/*
 * The Gregorian date of a day since 1970. Years are counted from March, which puts the leap day
 * at their end: day-of-year then tells the month by a straight line (153 days in five months).
 */
static void set_date(struct sl_moment *moment, uint32_t days)
{
    uint32_t since = days + 719468 - 584388; /* from 1600-03-01, the start of a 400-year cycle */
    uint32_t cycle = since / 146097;
    uint32_t of_cycle = since % 146097;
    uint32_t year = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
    uint32_t of_year = of_cycle - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153;

    moment->day = of_year - (153 * month + 2) / 5 + 1;
    moment->month = month < 10 ? month + 3 : month - 9;
    moment->year = 1600 + 400 * cycle + year + (month >= 10 ? 1 : 0);
}

int sl_value_put_timestamp(const struct sl_column *column, uint32_t seconds, uint32_t micros,
                           size_t len, struct sl_buf *out, struct sl_err *err)
{
    struct sl_moment moment = {.micros = micros};
    uint32_t of_day = seconds % SL_SECONDS_A_DAY;

    if (seconds != 0 || micros != 0) {
        set_date(&moment, seconds / SL_SECONDS_A_DAY);
        moment.hour = of_day / 3600;
        moment.minute = of_day / 60 % 60;
        moment.second = of_day % 60;
    }
    return sl_value_put_datetime(column, &moment, len, out, err);
}
