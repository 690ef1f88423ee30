/*
 * value_number.c - integers, BIT and YEAR. Integers are little-endian, BIT is big-endian
 * (sql/field.cc of both servers).
 */
#include "cdc/base/digits.h"
#include "cdc/value_decode.h"

enum {
    SL_ZEROFILL_MAX = 255, /* MAX_FIELD_CHARLENGTH: the widest display width */
    SL_YEAR_BASE = 1900,
};

static int put_u64(const struct sl_column *column, uint64_t value, struct sl_buf *out,
                   struct sl_err *err)
{
    int rc = sl_buf_reserve(out, SL_DIGITS_MAX);

    if (rc != SL_OK) {
        return sl_value_full(column, rc, err);
    }
    sl_buf_commit(out, sl_digits_u64(sl_buf_tail(out), value));
    return SL_OK;
}

static int put_i64(const struct sl_column *column, int64_t value, struct sl_buf *out,
                   struct sl_err *err)
{
    int rc = sl_buf_reserve(out, SL_DIGITS_MAX);

    if (rc != SL_OK) {
        return sl_value_full(column, rc, err);
    }
    sl_buf_commit(out, sl_digits_i64(sl_buf_tail(out), value));
    return SL_OK;
}

/* One function a width and sign, so that none branches on the column. */
#define SL_INTEGER_RENDER(name, width, load, put)  \
    static int name(SL_RENDER_ARGS)                \
    {                                              \
        if (len != (width)) {                      \
            return sl_value_bad(column, len, err); \
        }                                          \
        return put(column, load, out, err);        \
    }

SL_INTEGER_RENDER(unsigned8, 1, data[0], put_u64)
SL_INTEGER_RENDER(unsigned16, 2, sl_load_le(data, 2), put_u64)
SL_INTEGER_RENDER(unsigned24, 3, sl_load_le(data, 3), put_u64)
SL_INTEGER_RENDER(unsigned32, 4, sl_load_le(data, 4), put_u64)
SL_INTEGER_RENDER(unsigned64, 8, sl_load_le(data, 8), put_u64)
SL_INTEGER_RENDER(signed8, 1, (int8_t)data[0], put_i64)
SL_INTEGER_RENDER(signed16, 2, (int16_t)sl_load_le(data, 2), put_i64)
SL_INTEGER_RENDER(signed24, 3, (int32_t)(sl_load_le(data, 3) << 8) >> 8, put_i64)
SL_INTEGER_RENDER(signed32, 4, (int32_t)sl_load_le(data, 4), put_i64)
SL_INTEGER_RENDER(signed64, 8, (int64_t)sl_load_le(data, 8), put_i64)

/* ZEROFILL makes a column unsigned; max_len is its display width. */
static int zero_filled(SL_RENDER_ARGS)
{
    uint8_t digits[SL_DIGITS_MAX];
    size_t width = column->max_len < SL_ZEROFILL_MAX ? column->max_len : SL_ZEROFILL_MAX;
    size_t count;
    int rc;

    if (len != column->fixed_len || len > 8) {
        return sl_value_bad(column, len, err);
    }
    count = sl_digits_u64(digits, sl_load_le(data, len));
    rc = sl_buf_reserve(out, SL_ZEROFILL_MAX + SL_DIGITS_MAX);
    if (rc != SL_OK) {
        return sl_value_full(column, rc, err);
    }
    if (width > count) {
        memset(sl_buf_tail(out), '0', width - count);
        sl_buf_commit(out, width - count);
    }
    memcpy(sl_buf_tail(out), digits, count);
    sl_buf_commit(out, count);
    return SL_OK;
}

sl_render_fn sl_value_integer(const struct sl_column *column)
{
    static const struct {
        sl_render_fn of_signed;
        sl_render_fn of_unsigned;
    } by_type[] = {
        [SL_TYPE_TINY] = {signed8, unsigned8},       [SL_TYPE_SHORT] = {signed16, unsigned16},
        [SL_TYPE_INT24] = {signed24, unsigned24},    [SL_TYPE_LONG] = {signed32, unsigned32},
        [SL_TYPE_LONGLONG] = {signed64, unsigned64},
    };

    if (column->type >= sizeof(by_type) / sizeof(by_type[0]) ||
        by_type[column->type].of_signed == NULL) {
        return NULL;
    }
    if (column->is_zerofill) {
        return zero_filled;
    }
    return column->is_unsigned ? by_type[column->type].of_unsigned
                               : by_type[column->type].of_signed;
}

int sl_value_bit(SL_RENDER_ARGS)
{
    uint64_t value;

    if (len != column->fixed_len || len < 1 || len > 8) {
        return sl_value_bad(column, len, err);
    }
    value = sl_load_be(data, len);
    if (column->bits < 64 && value >> column->bits != 0) {
        return sl_value_bad(column, len, err);
    }
    return put_u64(column, value, out, err);
}

/* Four digits; MariaDB still has YEAR(2), which shows the last two (max_len 2). */
int sl_value_year(SL_RENDER_ARGS)
{
    uint8_t text[4];
    uint64_t year;
    size_t width = column->max_len == 2 ? 2 : 4;

    if (len != 1) {
        return sl_value_bad(column, len, err);
    }
    year = data[0] == 0 ? 0 : (uint64_t)data[0] + SL_YEAR_BASE;
    sl_digits_fixed(text, year, width);
    return sl_value_put(column, text, width, out, err);
}
