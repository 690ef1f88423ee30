/*
 * value_decimal.c - DECIMAL(precision, scale): groups of nine digits in four bytes, big-endian,
 * shorter groups at the two outer ends; the first bit is inverted, and all of them are for a
 * negative number (strings/decimal.cc: decimal2bin, bin2decimal; text as in decimal2string).
 */
#include "cdc/base/digits.h"
#include "cdc/value_decode.h"

enum {
    SL_GROUP_DIGITS = 9,
    SL_DECIMAL_BYTES_MAX = 32,
    SL_DECIMAL_TEXT_MAX = 65 + 3, /* sign, a zero before the point, the point */
};

static const uint8_t group_bytes[] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
static const uint32_t group_limit[] = {1,      10,      100,      1000,      10000,
                                       100000, 1000000, 10000000, 100000000, 1000000000};

/* Where reading and writing stand; digits hold all of the number without its point. */
struct sl_decimal {
    const uint8_t *from;
    uint8_t *to;
    uint64_t mask; /* all ones for a negative number */
    bool is_bad;
};

static void take_group(struct sl_decimal *decimal, unsigned digits)
{
    size_t width = group_bytes[digits];
    uint32_t value = (uint32_t)sl_load_be(decimal->from, width);

    value ^= (uint32_t)(decimal->mask & (((uint64_t)1 << (8 * width)) - 1));
    decimal->is_bad |= value >= group_limit[digits];
    sl_digits_fixed(decimal->to, value, digits);
    decimal->from += width;
    decimal->to += digits;
}

/* Digits of the whole part, short group first, then those of the fraction, short group last. */
static bool read_digits(const struct sl_column *column, const uint8_t *data, size_t len,
                        uint8_t *digits)
{
    unsigned whole = (unsigned)column->precision - column->scale;
    uint8_t copy[SL_DECIMAL_BYTES_MAX];
    struct sl_decimal decimal = {.from = copy};

    decimal.to = digits;
    decimal.mask = (data[0] & 0x80) != 0 ? 0 : UINT64_MAX;
    memcpy(copy, data, len);
    copy[0] ^= 0x80;
    if (whole % SL_GROUP_DIGITS != 0) {
        take_group(&decimal, whole % SL_GROUP_DIGITS);
    }
    for (unsigned i = whole / SL_GROUP_DIGITS; i > 0; i--) {
        take_group(&decimal, SL_GROUP_DIGITS);
    }
    for (unsigned i = column->scale / SL_GROUP_DIGITS; i > 0; i--) {
        take_group(&decimal, SL_GROUP_DIGITS);
    }
    if (column->scale % SL_GROUP_DIGITS != 0) {
        take_group(&decimal, column->scale % SL_GROUP_DIGITS);
    }
    return !decimal.is_bad;
}

int sl_value_decimal(SL_RENDER_ARGS)
{
    uint8_t digits[SL_DECIMAL_TEXT_MAX] = {0};
    size_t whole = (size_t)column->precision - column->scale;
    size_t skip = 0;
    uint8_t *to;
    int rc = sl_buf_reserve(out, SL_DECIMAL_TEXT_MAX);

    if (rc != SL_OK) {
        return sl_value_full(column, rc, err);
    }
    if (len != column->fixed_len || len < 1 || len > SL_DECIMAL_BYTES_MAX ||
        !read_digits(column, data, len, digits)) {
        return sl_value_bad(column, len, err);
    }
    while (!column->is_zerofill && skip < whole && digits[skip] == '0') {
        skip++;
    }
    to = sl_buf_tail(out);
    if ((data[0] & 0x80) == 0) {
        *to++ = '-';
    }
    if (skip == whole) {
        *to++ = '0';
    }
    memcpy(to, digits + skip, whole - skip);
    to += whole - skip;
    if (column->scale > 0) {
        *to++ = '.';
        memcpy(to, digits + whole, column->scale);
        to += column->scale;
    }
    sl_buf_commit(out, (size_t)(to - sl_buf_tail(out)));
    return SL_OK;
}
