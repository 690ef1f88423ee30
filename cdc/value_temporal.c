/*
 * value_temporal.c - DATE, and TIME, DATETIME and TIMESTAMP in the form that MySQL 5.6 brought and
 * MariaDB has by default: big-endian bit fields followed by 0 to 3 bytes of fraction
 * (mysys/my_time.cc: my_time_packed_from_binary, TIME_from_longlong_*_packed;
 * sql-common/my_time.c).
 */
#include "cdc/value_decode.h"
#include "cdc/value_text.h"

enum {
    SL_DATETIME_BYTES = 5,
    SL_TIMESTAMP_BYTES = 4,
    SL_TIME_BYTES = 3,
    SL_DATE_BYTES = 3,
};

/* 0 to 3 bytes of fraction count hundredths, ten-thousandths or millionths. */
static uint32_t fraction_of(uint64_t stored, size_t bytes)
{
    static const uint32_t unit[] = {0, 10000, 100, 1};

    return (uint32_t)stored * unit[bytes];
}

static bool is_length(const struct sl_column *column, size_t len, size_t whole)
{
    return len == column->fixed_len && len >= whole && len <= whole + 3;
}

int sl_value_date(SL_RENDER_ARGS)
{
    struct sl_moment moment = {0};
    uint32_t stored;

    if (len != SL_DATE_BYTES) {
        return sl_value_bad(column, len, err);
    }
    stored = (uint32_t)sl_load_le(data, SL_DATE_BYTES);
    moment.day = stored & 31;
    moment.month = stored >> 5 & 15;
    moment.year = stored >> 9;
    return sl_value_put_date(column, &moment, len, out, err);
}

int sl_value_time2(SL_RENDER_ARGS)
{
    struct sl_moment moment = {0};
    size_t fraction_bytes = len - SL_TIME_BYTES;
    uint64_t zero;
    uint64_t stored;
    uint32_t clock;

    if (!is_length(column, len, SL_TIME_BYTES)) {
        return sl_value_bad(column, len, err);
    }
    zero = (uint64_t)1 << (8 * len - 1);
    stored = sl_load_be(data, len);
    moment.is_negative = stored < zero;
    stored = moment.is_negative ? zero - stored : stored - zero;
    clock = (uint32_t)(stored >> (8 * fraction_bytes));
    moment.hour = clock >> 12;
    moment.minute = clock >> 6 & 63;
    moment.second = clock & 63;
    moment.micros =
        fraction_of(stored & (((uint64_t)1 << (8 * fraction_bytes)) - 1), fraction_bytes);
    return sl_value_put_time(column, &moment, len, out, err);
}

int sl_value_datetime2(SL_RENDER_ARGS)
{
    struct sl_moment moment = {0};
    uint64_t stored;
    uint32_t month;
    uint32_t clock;

    if (!is_length(column, len, SL_DATETIME_BYTES) || (data[0] & 0x80) == 0) {
        return sl_value_bad(column, len, err);
    }
    stored = sl_load_be(data, SL_DATETIME_BYTES) & 0x7fffffffff;
    month = (uint32_t)(stored >> 22);
    clock = (uint32_t)stored & 0x1ffff;
    moment.year = month / 13;
    moment.month = month % 13;
    moment.day = (uint32_t)(stored >> 17) & 31;
    moment.hour = clock >> 12;
    moment.minute = clock >> 6 & 63;
    moment.second = clock & 63;
    if (len > SL_DATETIME_BYTES) {
        moment.micros = fraction_of(sl_load_be(data + SL_DATETIME_BYTES, len - SL_DATETIME_BYTES),
                                    len - SL_DATETIME_BYTES);
    }
    return sl_value_put_datetime(column, &moment, len, out, err);
}

int sl_value_timestamp2(SL_RENDER_ARGS)
{
    uint32_t micros = 0;

    if (!is_length(column, len, SL_TIMESTAMP_BYTES)) {
        return sl_value_bad(column, len, err);
    }
    if (len > SL_TIMESTAMP_BYTES) {
        micros = fraction_of(sl_load_be(data + SL_TIMESTAMP_BYTES, len - SL_TIMESTAMP_BYTES),
                             len - SL_TIMESTAMP_BYTES);
    }
    return sl_value_put_timestamp(column, (uint32_t)sl_load_be(data, SL_TIMESTAMP_BYTES), micros,
                                  len, out, err);
}
