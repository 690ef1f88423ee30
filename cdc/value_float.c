/*
 * value_float.c - two ways to the shortest decimal. Most stored numbers are short decimals (prices,
 * ratios, whole numbers): for those, find K with number == K / 10^N. Both are exact in the
 * number's own format, so that IEEE division is correctly rounded and "K / 10^N" reads back to the
 * number; and as no two decimals of up to DBL_DIG (FLT_DIG) digits read back to one number, none
 * shorter does. All others take the way of R. Giulietti, "The Schubfach way to render doubles".
 */
#include "cdc/value_float.h"

#include <stdbool.h>
#include <string.h>

#include "cdc/base/digits.h"
#include "cdc/value_decode.h"

enum {
    SL_PLAIN_POINT_MIN = -14, /* my_gcvt: MAX_DECPT_FOR_F_FORMAT is DBL_DIG */
    SL_PLAIN_POINT_MAX = 15,
    SL_SHORT_POWERS = 3, /* tries of the short way; a division each */
    SL_DOUBLE_BIAS = 1075,
    SL_DOUBLE_SPECIAL = 0x7ff,
    SL_FLOAT_BIAS = 150,
    SL_FLOAT_SPECIAL = 0xff,
};

__extension__ typedef unsigned __int128 sl_float_wide;

/* A positive decimal: digits * 10^exponent. */
struct sl_decimal_float {
    uint64_t digits;
    int exponent;
};

static size_t put_plain(uint8_t *out, const uint8_t *digits, int count, int point)
{
    uint8_t *to = out;

    if (point <= 0) {
        *to++ = '0';
        *to++ = '.';
        memset(to, '0', (size_t)-point);
        to += -point;
        memcpy(to, digits, (size_t)count);
        to += count;
    } else if (point >= count) {
        memcpy(to, digits, (size_t)count);
        memset(to + count, '0', (size_t)(point - count));
        to += point;
    } else {
        memcpy(to, digits, (size_t)point);
        to[point] = '.';
        memcpy(to + point + 1, digits + point, (size_t)(count - point));
        to += count + 1;
    }
    return (size_t)(to - out);
}

static size_t put_exponent(uint8_t *out, const uint8_t *digits, int count, int point)
{
    uint8_t *to = out;

    *to++ = digits[0];
    if (count > 1) {
        *to++ = '.';
        memcpy(to, digits + 1, (size_t)count - 1);
        to += count - 1;
    }
    *to++ = 'e';
    to += sl_digits_i64(to, point - 1);
    return (size_t)(to - out);
}

static size_t put_decimal(uint8_t *out, struct sl_decimal_float decimal)
{
    uint8_t digits[SL_DIGITS_MAX];
    int count = (int)sl_digits_u64(digits, decimal.digits);
    int point = count + decimal.exponent;

    while (count > 1 && digits[count - 1] == '0') {
        count--;
    }
    if (point >= SL_PLAIN_POINT_MIN && (point <= SL_PLAIN_POINT_MAX || point < count)) {
        return put_plain(out, digits, count, point);
    }
    return put_exponent(out, digits, count, point);
}

/* floor(log10(2^EXPONENT)), floor(log10(3/4 * 2^EXPONENT)), floor(log2(10^EXPONENT)); exact here.
 */
static int log10_of_pow2(int exponent)
{
    return (exponent * 1262611) >> 22;
}

static int log10_of_three_quarters_pow2(int exponent)
{
    return (exponent * 1262611 - 524031) >> 22;
}

static int log2_of_pow10(int exponent)
{
    return (exponent * 1741647) >> 19;
}

/* The upper 64 bits of POWER * FACTOR, the lowest one set when any bit below is ("round to odd").
 */
static uint64_t scale(const uint64_t power[2], uint64_t factor)
{
    sl_float_wide low = (sl_float_wide)power[1] * factor;
    sl_float_wide high = (sl_float_wide)power[0] * factor + (uint64_t)(low >> 64);

    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/*
 * The shortest decimal in the rounding interval of SIGNIFICAND * 2^EXPONENT. IS_UNEVEN: the
 * number is a power of two, whose lower neighbour is only half as far away.
 */
static struct sl_decimal_float shortest(uint64_t significand, int exponent, bool is_uneven)
{
    uint64_t odd = significand & 1; /* an odd number does not own the ends of its interval */
    int k = is_uneven ? log10_of_three_quarters_pow2(exponent) : log10_of_pow2(exponent);
    int shift = exponent + log2_of_pow10(-k) + 1;
    const uint64_t *power = sl_float_powers[-k - SL_FLOAT_POWER_MIN];
    uint64_t lower = scale(power, (4 * significand - (is_uneven ? 1 : 2)) << shift) + odd;
    uint64_t value = scale(power, (4 * significand) << shift);
    uint64_t upper = scale(power, (4 * significand + 2) << shift) - odd;
    uint64_t whole = value / 4;
    uint64_t middle;
    bool down;
    bool up;

    if (whole >= 10) {
        uint64_t tens = whole / 10;

        down = lower <= 40 * tens;
        up = 40 * tens + 40 <= upper;
        if (down != up) {
            return (struct sl_decimal_float){tens + (up ? 1 : 0), k + 1};
        }
    }
    down = lower <= 4 * whole;
    up = 4 * whole + 4 <= upper;
    if (down != up) {
        return (struct sl_decimal_float){whole + (up ? 1 : 0), k};
    }
    middle = 4 * whole + 2;
    up = value > middle || (value == middle && (whole & 1) != 0);
    return (struct sl_decimal_float){whole + (up ? 1 : 0), k};
}

static bool short_double(double number, struct sl_decimal_float *decimal)
{
    /* Zeros at the end are not written, so that not every power needs a try. */
    static const double powers[SL_SHORT_POWERS] = {1, 1e3, 1e6};

    for (int i = 0; i < SL_SHORT_POWERS; i++) {
        double scaled = number * powers[i] + 0.5;
        uint64_t rounded;

        if (scaled >= 1e15) {
            return false;
        }
        rounded = (uint64_t)scaled;
        if ((double)rounded / powers[i] == number) {
            *decimal = (struct sl_decimal_float){rounded, -3 * i};
            return true;
        }
    }
    return false;
}

static bool short_float(float number, struct sl_decimal_float *decimal)
{
    static const float powers[SL_SHORT_POWERS] = {1, 1e3F, 1e6F};

    for (int i = 0; i < SL_SHORT_POWERS; i++) {
        float scaled = number * powers[i] + 0.5F;
        uint32_t rounded;

        if (scaled >= 1e6F) {
            return false;
        }
        rounded = (uint32_t)scaled;
        if ((float)rounded / powers[i] == number) {
            *decimal = (struct sl_decimal_float){rounded, -3 * i};
            return true;
        }
    }
    return false;
}

size_t sl_float_format_double(uint64_t bits, uint8_t *out)
{
    uint64_t positive = bits & ~((uint64_t)1 << 63);
    uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    int exponent = (int)(positive >> 52);
    size_t sign = bits >> 63;
    struct sl_decimal_float decimal;
    double number;

    if (exponent == SL_DOUBLE_SPECIAL) {
        return 0;
    }
    out[0] = '-';
    memcpy(&number, &positive, sizeof(number));
    if (!short_double(number, &decimal)) {
        bool is_uneven = fraction == 0 && exponent > 1;

        if (exponent != 0) {
            fraction |= (uint64_t)1 << 52;
        } else {
            exponent = 1;
        }
        decimal = shortest(fraction, exponent - SL_DOUBLE_BIAS, is_uneven);
    }
    return sign + put_decimal(out + sign, decimal);
}

size_t sl_float_format_float(uint32_t bits, uint8_t *out)
{
    uint32_t positive = bits & 0x7fffffff;
    uint32_t fraction = bits & 0x7fffff;
    int exponent = (int)(positive >> 23);
    size_t sign = bits >> 31;
    struct sl_decimal_float decimal;
    float number;

    if (exponent == SL_FLOAT_SPECIAL) {
        return 0;
    }
    out[0] = '-';
    memcpy(&number, &positive, sizeof(number));
    if (!short_float(number, &decimal)) {
        bool is_uneven = fraction == 0 && exponent > 1;

        if (exponent != 0) {
            fraction |= 0x800000;
        } else {
            exponent = 1;
        }
        decimal = shortest(fraction, exponent - SL_FLOAT_BIAS, is_uneven);
    }
    return sign + put_decimal(out + sign, decimal);
}

int sl_value_double(SL_RENDER_ARGS)
{
    size_t count;
    int rc = sl_buf_reserve(out, SL_FLOAT_TEXT_MAX);

    if (rc != SL_OK) {
        return sl_value_full(column, rc, err);
    }
    count = len == 8 ? sl_float_format_double(sl_load_le(data, 8), sl_buf_tail(out)) : 0;
    if (count == 0) {
        return sl_value_bad(column, len, err);
    }
    sl_buf_commit(out, count);
    return SL_OK;
}

int sl_value_float(SL_RENDER_ARGS)
{
    size_t count;
    int rc = sl_buf_reserve(out, SL_FLOAT_TEXT_MAX);

    if (rc != SL_OK) {
        return sl_value_full(column, rc, err);
    }
    count = len == 4 ? sl_float_format_float((uint32_t)sl_load_le(data, 4), sl_buf_tail(out)) : 0;
    if (count == 0) {
        return sl_value_bad(column, len, err);
    }
    sl_buf_commit(out, count);
    return SL_OK;
}
