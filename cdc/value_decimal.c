/*
 * value_decimal.c - DECIMAL(precision, scale): groups of nine digits in four bytes, big-endian,
 * shorter groups at the two outer ends; the first bit is inverted, and all of them are for a
 * negative number (strings/decimal.cc: decimal2bin, bin2decimal; text as in decimal2string).
 */
#include "cdc/base/digits.h"
#include "cdc/value_decode.h"

enum {
    SL_GROUP_DIGITS = 9,
    SL_DECIMAL_TEXT_MAX = 65 + 3, /* sign, a zero before the point, the point */
    SL_SHORT_WHOLE = 18,          /* digits that fit a word */
};

static const uint8_t group_bytes[] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
static const uint32_t group_limit[] = {1,      10,      100,      1000,      10000,
                                       100000, 1000000, 10000000, 100000000, 1000000000};

/* Where reading and writing stand. */
struct sl_decimal {
    const uint8_t *from;
    uint8_t *to;
    uint64_t mask;  /* all ones for a negative number */
    uint32_t first; /* of the first byte: its inverted bit */
    bool is_bad;
};

/* The group of DIGITS, 1 to 9, that stands next. */
static inline uint32_t take_number(struct sl_decimal *decimal, unsigned digits)
{
    size_t width = group_bytes[digits];
    uint32_t value =
        (uint32_t)(width == 4 ? sl_load_be(decimal->from, 4) : sl_load_be(decimal->from, width));

    value ^= (uint32_t)(decimal->mask & (((uint64_t)1 << (8 * width)) - 1));
    value ^= decimal->first << (8 * (width - 1));
    decimal->first = 0;
    decimal->is_bad |= value >= group_limit[digits];
    decimal->from += width;
    return value;
}

static void take_group(struct sl_decimal *decimal, unsigned digits)
{
    sl_digits_fixed(decimal->to, take_number(decimal, digits), digits);
    decimal->to += digits;
}

/* The short group comes first. */
static void take_short_whole(struct sl_decimal *decimal, unsigned whole)
{
    uint64_t value = 0;

    if (whole % SL_GROUP_DIGITS != 0) {
        value = take_number(decimal, whole % SL_GROUP_DIGITS);
    }
    for (unsigned i = whole / SL_GROUP_DIGITS; i > 0; i--) {
        value = value * group_limit[SL_GROUP_DIGITS] + take_number(decimal, SL_GROUP_DIGITS);
    }
    decimal->to += sl_digits_u64(decimal->to, value);
}

static void take_long_whole(struct sl_decimal *decimal, unsigned whole, bool is_zerofill)
{
    uint8_t *begin = decimal->to;
    size_t skip = 0;

    if (whole % SL_GROUP_DIGITS != 0) {
        take_group(decimal, whole % SL_GROUP_DIGITS);
    }
    for (unsigned i = whole / SL_GROUP_DIGITS; i > 0; i--) {
        take_group(decimal, SL_GROUP_DIGITS);
    }
    while (!is_zerofill && skip + 1 < whole && begin[skip] == '0') {
        skip++;
    }
    memmove(begin, begin + skip, whole - skip);
    decimal->to -= skip;
    if (whole == 0) {
        *decimal->to++ = '0';
    }
}

/* The short group comes last. */
static void take_fraction(struct sl_decimal *decimal, unsigned scale)
{
    if (scale == 0) {
        return;
    }
    *decimal->to++ = '.';
    for (unsigned i = scale / SL_GROUP_DIGITS; i > 0; i--) {
        take_group(decimal, SL_GROUP_DIGITS);
    }
    if (scale % SL_GROUP_DIGITS != 0) {
        take_group(decimal, scale % SL_GROUP_DIGITS);
    }
}

int sl_value_decimal(SL_RENDER_ARGS)
{
    unsigned whole = (unsigned)column->precision - column->scale;
    struct sl_decimal decimal = {.from = data, .first = 0x80};
    int rc = sl_buf_reserve(out, SL_DECIMAL_TEXT_MAX);

    if (rc != SL_OK) {
        return sl_value_full(column, rc, err);
    }
    if (len != column->fixed_len || len < 1) {
        return sl_value_bad(column, len, err);
    }
    decimal.to = sl_buf_tail(out);
    if ((data[0] & 0x80) == 0) {
        decimal.mask = UINT64_MAX;
        *decimal.to++ = '-';
    }
    if (whole <= SL_SHORT_WHOLE && !column->is_zerofill) {
        take_short_whole(&decimal, whole);
    } else {
        take_long_whole(&decimal, whole, column->is_zerofill);
    }
    take_fraction(&decimal, column->scale);
    if (decimal.is_bad) {
        return sl_value_bad(column, len, err);
    }
    sl_buf_commit(out, (size_t)(decimal.to - sl_buf_tail(out)));
    return SL_OK;
}
