#include "cdc/since.h"

#include <string.h>
#include <time.h>

void sl_since_release(struct sl_since *since)
{
    sl_position_release(&since->place);
    *since = (struct sl_since){.kind = SL_SINCE_PLACE};
}

static int refuse(const char *text, struct sl_err *err)
{
    return sl_err_set(
        err, SL_EINVAL,
        "expected FILE:POS (binlog.000042:1234), a GTID set (UUID:1-77 or 0-1-100), a "
        "time (2026-11-21T10:00:00Z) or a span back from now (90m, 2h, 3d), got "
        "\"%.100s\"",
        text);
}

static int not_past(const char *text, struct sl_err *err)
{
    return sl_err_set(err, SL_EINVAL, "\"%.100s\" is no time between 1970 and now", text);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- spans ---- */

static uint64_t seconds_of(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    default:
        return 0;
    }
}

static bool is_span(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && seconds_of(text[digits]) > 0 && text[digits + 1] == '\0';
}

static int parse_span(const char *text, uint64_t now, uint64_t *time, struct sl_err *err)
{
    uint64_t number = 0;
    uint64_t unit;

    for (; is_digit(*text) && number <= UINT32_MAX; text++) {
        number = 10 * number + (uint64_t)(*text - '0');
    }
    unit = number <= UINT32_MAX ? seconds_of(*text) : 0;
    if (unit == 0 || number == 0 || number * unit >= now) {
        return sl_err_set(err, SL_EINVAL,
                          "the span back from now is to be longer than nothing and shorter than "
                          "the time since 1970");
    }
    *time = now - number * unit;
    return SL_OK;
}

/* ---- times ---- */

/* LIKE has 0 for a digit, T for T or a space; TEXT goes on behind it. */
static bool begins_like(const char *text, const char *like)
{
    for (; *like != '\0'; text++, like++) {
        bool fits = *like == '0'   ? is_digit(*text)
                    : *like == 'T' ? *text == 'T' || *text == ' '
                                   : *text == *like;

        if (!fits) {
            return false;
        }
    }
    return true;
}

static int number_at(const char *text, size_t len)
{
    int number = 0;

    for (size_t i = 0; i < len; i++) {
        number = 10 * number + (text[i] - '0');
    }
    return number;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool is_date(const struct tm *parts)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = parts->tm_year + 1900;
    int most;

    if (parts->tm_mon < 0 || parts->tm_mon > 11) {
        return false;
    }
    most = days[parts->tm_mon] + (parts->tm_mon == 1 && is_leap(year));
    return year >= 1970 && parts->tm_mday >= 1 && parts->tm_mday <= most && parts->tm_hour < 24 &&
           parts->tm_min < 60 && parts->tm_sec < 60;
}

/* What stands behind "2026-11-21T10:00". */
static const char *take_seconds(const char *text, struct tm *parts)
{
    if (!begins_like(text, ":00")) {
        return text;
    }
    parts->tm_sec = number_at(text + 1, 2);
    return text + 3;
}

static int parse_time(const char *text, uint64_t now, uint64_t *time, struct sl_err *err)
{
    struct tm parts = {
        .tm_year = number_at(text, 4) - 1900,
        .tm_mon = number_at(text + 5, 2) - 1,
        .tm_mday = number_at(text + 8, 2),
        .tm_hour = number_at(text + 11, 2),
        .tm_min = number_at(text + 14, 2),
        .tm_isdst = -1,
    };
    const char *zone = take_seconds(text + 16, &parts);
    bool is_utc = strcmp(zone, "Z") == 0;
    time_t moment;

    if (!is_utc && *zone != '\0') {
        return refuse(text, err);
    }
    if (!is_date(&parts)) {
        return sl_err_set(err, SL_EINVAL, "\"%.100s\" is no date and time that there is", text);
    }
    moment = is_utc ? timegm(&parts) : mktime(&parts);
    if (moment <= 0 || (uint64_t)moment > now) {
        return not_past(text, err);
    }
    *time = (uint64_t)moment;
    return SL_OK;
}

/* ---- all ---- */

static int parse_place(struct sl_since *since, const char *text, struct sl_err *err)
{
    struct sl_position place = {.offset = 0};
    int rc = sl_position_parse(&place, text, NULL);

    if (rc == SL_EINVAL) {
        return refuse(text, err);
    }
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "out of memory");
    }
    sl_since_release(since);
    *since = (struct sl_since){.kind = SL_SINCE_PLACE, .place = place};
    return SL_OK;
}

/* A date could be a GTID of MariaDB, so a time has an hour, too. */
int sl_since_parse(struct sl_since *since, const char *text, uint64_t now, struct sl_err *err)
{
    uint64_t time = 0;
    int rc;

    text += strspn(text, " \t\r\n");
    if (is_span(text)) {
        rc = parse_span(text, now, &time, err);
    } else if (begins_like(text, "0000-00-00T00:00")) {
        rc = parse_time(text, now, &time, err);
    } else {
        return parse_place(since, text, err);
    }
    if (rc == SL_OK && time > UINT32_MAX) {
        rc = not_past(text, err);
    }
    if (rc != SL_OK) {
        return rc;
    }
    sl_since_release(since);
    *since = (struct sl_since){.kind = SL_SINCE_TIME, .time = (uint32_t)time};
    return SL_OK;
}

/* ---- the file of a moment ---- */

/* Events have whole seconds: a file that begins in the second asked for may have a brother before
 * it that ends in the same. */
int sl_since_search(size_t count, uint32_t time, sl_since_first_fn first, void *user, size_t *found,
                    struct sl_err *err)
{
    size_t low = 0; /* files before it begin before TIME */
    size_t high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t begin = 0;
        int rc = first(user, middle, &begin, err);

        if (rc != SL_OK) {
            return rc;
        }
        if (begin < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = low > 0 ? low - 1 : 0;
    return low > 0 ? SL_OK : SL_DONE;
}
