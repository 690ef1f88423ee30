#include "cdc/json_double.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/base/digits.h"

enum {
    SL_DOUBLE_DIGITS = 17,     /* always enough to read the same double back */
    SL_DOUBLE_FIXED_MIN = -14, /* my_gcvt: -MAX_DECPT_FOR_F_FORMAT + 1 */
    SL_DOUBLE_FIXED_MAX = 15,  /* my_gcvt: MAX_DECPT_FOR_F_FORMAT */
};

/* 0.DIGITS times ten to the power of POINT. */
struct sl_decimal_digits {
    uint8_t digits[SL_DIGITS_MAX + 4];
    int count;
    int point;
};

static void strip_zeros(struct sl_decimal_digits *number)
{
    while (number->count > 1 && number->digits[number->count - 1] == '0') {
        number->count--;
    }
}

/*
 * Finds a decimal of at most 15 digits by integer arithmetic, which most stored numbers are. Both
 * operands of the division are exact, so it rounds as reading the decimal does; and no two decimals
 * of 15 digits read as one normal double, so the one that is found is the shortest.
 */
static bool find_short(double value, struct sl_decimal_digits *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

    for (int i = 0; i < (int)(sizeof(powers) / sizeof(powers[0])); i++) {
        double scaled = value * powers[i] + 0.5;
        uint64_t whole;

        if (!(scaled < 1e15)) {
            return false;
        }
        whole = (uint64_t)scaled;
        if ((double)whole / powers[i] == value) {
            out->count = (int)sl_digits_u64(out->digits, whole);
            out->point = out->count - i;
            strip_zeros(out);
            return true;
        }
    }
    return false;
}

static double read_back(const struct sl_decimal_digits *number)
{
    char text[SL_JSON_DOUBLE_MAX];

    (void)snprintf(text, sizeof(text), "%.*se%d", number->count, (const char *)number->digits,
                   number->point - number->count);
    return strtod(text, NULL);
}

/* The decimal of COUNT digits that is closest to VALUE. */
static void round_to(double value, int count, struct sl_decimal_digits *out)
{
    char text[SL_JSON_DOUBLE_MAX];

    (void)snprintf(text, sizeof(text), "%.*e", count - 1, value);
    out->digits[0] = (uint8_t)text[0];
    if (count > 1) { /* text[1] is the point, whatever the locale prints */
        memcpy(out->digits + 1, text + 2, (size_t)count - 1);
    }
    out->count = count;
    out->point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1;
}

/*
 * The numbers that read as a power of two reach twice as far above it as below, so the closest
 * decimal below it can fail where the next one above does not (2^-1017 is such a number).
 */
static bool try_next_up(double value, struct sl_decimal_digits *number)
{
    int exponent;

    if (frexp(value, &exponent) != 0.5 || number->digits[number->count - 1] == '9') {
        return false;
    }
    number->digits[number->count - 1]++;
    return read_back(number) == value;
}

static void find_shortest(double value, struct sl_decimal_digits *out)
{
    int count = value < DBL_MIN ? 1 : DBL_DIG;

    if (find_short(value, out)) {
        return;
    }
    for (; count < SL_DOUBLE_DIGITS; count++) {
        round_to(value, count, out);
        if (read_back(out) == value || try_next_up(value, out)) {
            break;
        }
    }
    if (count == SL_DOUBLE_DIGITS) {
        round_to(value, count, out);
    }
    strip_zeros(out);
}

static size_t put_zeros(uint8_t *out, int count)
{
    if (count <= 0) {
        return 0;
    }
    memset(out, '0', (size_t)count);
    return (size_t)count;
}

static size_t put_digits(uint8_t *out, const struct sl_decimal_digits *number, int from, int to)
{
    if (to <= from) {
        return 0;
    }
    memcpy(out, number->digits + from, (size_t)(to - from));
    return (size_t)(to - from);
}

static size_t put_fixed(uint8_t *out, const struct sl_decimal_digits *number)
{
    int whole = number->point < number->count ? number->point : number->count;
    size_t len = 0;

    if (number->point <= 0) {
        out[len++] = '0';
        out[len++] = '.';
        len += put_zeros(out + len, -number->point);
        return len + put_digits(out + len, number, 0, number->count);
    }
    len += put_digits(out + len, number, 0, whole);
    len += put_zeros(out + len, number->point - whole);
    out[len++] = '.';
    if (whole == number->count) {
        out[len++] = '0';
    }
    return len + put_digits(out + len, number, whole, number->count);
}

static size_t put_scientific(uint8_t *out, const struct sl_decimal_digits *number)
{
    size_t len = 0;

    out[len++] = number->digits[0];
    if (number->count > 1) {
        out[len++] = '.';
        len += put_digits(out + len, number, 1, number->count);
    }
    out[len++] = 'e';
    return len + sl_digits_i64(out + len, number->point - 1);
}

size_t sl_json_double(uint8_t *out, double value)
{
    struct sl_decimal_digits number = {.digits = {'0'}, .count = 1, .point = 1};
    size_t len = 0;

    if (signbit(value)) {
        out[len++] = '-';
        value = -value;
    }
    if (value > 0) {
        find_shortest(value, &number);
    }
    if (number.point >= SL_DOUBLE_FIXED_MIN &&
        (number.point <= SL_DOUBLE_FIXED_MAX || number.count > number.point)) {
        return len + put_fixed(out + len, &number);
    }
    return len + put_scientific(out + len, &number);
}
