/*
 * value_temporal_old.c - TIME, DATETIME and TIMESTAMP as MySQL 5.5 wrote them (little-endian
 * decimal numbers), and MariaDB's own form with fractions of mysql56_temporal_format=OFF
 * (big-endian counts of the smallest unit; sql/field.cc of MariaDB: Field_time_hires,
 * Field_datetime_hires, Field_timestamp_hires).
 */
#include "cdc/value_decode.h"
#include "cdc/value_text.h"

enum {
    SL_TIME_ZERO_SECONDS =
        839 * 3600, /* TIME is stored with this much added, so as to be positive */
};

static uint32_t take(uint64_t *packed, uint32_t unit)
{
    uint32_t part = (uint32_t)(*packed % unit);

    *packed /= unit;
    return part;
}

/* The clock of a value that counts 10^-fraction seconds; what is left over are hours and more. */
static void take_clock(const struct sl_column *column, uint64_t *packed, struct sl_moment *moment)
{
    uint32_t micros = sl_value_fraction_micros(column->fraction);

    moment->micros = take(packed, 1000000 / micros) * micros;
    moment->second = take(packed, 60);
    moment->minute = take(packed, 60);
}

static int time_hires(SL_RENDER_ARGS)
{
    struct sl_moment moment = {0};
    uint64_t per_second = 1000000 / sl_value_fraction_micros(column->fraction);
    uint64_t zero = SL_TIME_ZERO_SECONDS * per_second;
    uint64_t packed = sl_load_be(data, len);

    moment.is_negative = packed < zero;
    packed = moment.is_negative ? zero - packed : packed - zero;
    take_clock(column, &packed, &moment);
    moment.hour = packed > UINT32_MAX ? UINT32_MAX : (uint32_t)packed;
    return sl_value_put_time(column, &moment, len, out, err);
}

int sl_value_old_time(SL_RENDER_ARGS)
{
    struct sl_moment moment = {0};
    uint64_t packed;
    int32_t stored;

    if (len != column->fixed_len) {
        return sl_value_bad(column, len, err);
    }
    if (column->fraction > 0) {
        return time_hires(column, data, len, out, err);
    }
    stored = (int32_t)((uint32_t)sl_load_le(data, 3) << 8) >> 8;
    moment.is_negative = stored < 0;
    packed = (uint64_t)(stored < 0 ? -stored : stored);
    moment.second = take(&packed, 100);
    moment.minute = take(&packed, 100);
    moment.hour = (uint32_t)packed;
    return sl_value_put_time(column, &moment, len, out, err);
}

int sl_value_old_datetime(SL_RENDER_ARGS)
{
    struct sl_moment moment = {0};
    bool is_hires = column->fraction > 0;
    uint64_t packed;

    if (len != column->fixed_len) {
        return sl_value_bad(column, len, err);
    }
    packed = is_hires ? sl_load_be(data, len) : sl_load_le(data, len);
    if (is_hires) {
        take_clock(column, &packed, &moment);
    } else {
        moment.second = take(&packed, 100);
        moment.minute = take(&packed, 100);
    }
    moment.hour = take(&packed, is_hires ? 24 : 100);
    moment.day = take(&packed, is_hires ? 32 : 100);
    moment.month = take(&packed, is_hires ? 13 : 100);
    moment.year = packed > UINT32_MAX ? UINT32_MAX : (uint32_t)packed;
    return sl_value_put_datetime(column, &moment, len, out, err);
}

int sl_value_old_timestamp(SL_RENDER_ARGS)
{
    uint32_t micros = 0;

    if (len != column->fixed_len) {
        return sl_value_bad(column, len, err);
    }
    if (column->fraction == 0) {
        return sl_value_put_timestamp(column, (uint32_t)sl_load_le(data, 4), 0, len, out, err);
    }
    micros = (uint32_t)sl_load_be(data + 4, len - 4);
    if (micros > 999999) {
        return sl_value_bad(column, len, err);
    }
    micros *= sl_value_fraction_micros(column->fraction);
    return sl_value_put_timestamp(column, (uint32_t)sl_load_be(data, 4), micros, len, out, err);
}
