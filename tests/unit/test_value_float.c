/*
 * test_value_float.c - text of floating point numbers: its form, and against the C library that it
 * reads back, that no shorter text does and that it is the closest of its length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/value_float.h"

enum { SL_RANDOM_NUMBERS = 100000 };

static uint64_t random_bits(void)
{
    static uint64_t seed = 88172645463325252U; /* xorshift64*, the same numbers in each run */

    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dU;
}

static uint64_t bits_of(double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

static double double_of(uint64_t bits)
{
    double number;

    memcpy(&number, &bits, sizeof(number));
    return number;
}

static uint32_t float_bits_of(float number)
{
    uint32_t bits;

    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

static float float_of(uint32_t bits)
{
    float number;

    memcpy(&number, &bits, sizeof(number));
    return number;
}

/* Copies the digits of TEXT without leading and trailing zeros; returns their count. */
static int significant(const char *text, char *digits)
{
    int count = 0;

    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9' && (count > 0 || *text != '0')) {
            digits[count++] = *text;
        }
    }
    while (count > 0 && digits[count - 1] == '0') {
        count--;
    }
    digits[count] = '\0';
    return count;
}

static void check_double(uint64_t bits)
{
    char text[SL_FLOAT_TEXT_MAX + 1] = {0};
    char other[64];
    char digits[400];
    char other_digits[400];
    int count;

    if (sl_float_format_double(bits, (uint8_t *)text) == 0) {
        assert_int_equal(bits >> 52 & 0x7ff, 0x7ff);
        return;
    }
    if (bits_of(strtod(text, NULL)) != bits) {
        fail_msg("%a: %s does not read back", double_of(bits), text);
    }
    count = significant(text, digits);
    if (count > 1) {
        (void)snprintf(other, sizeof(other), "%.*e", count - 2, double_of(bits));
        assert_true(bits_of(strtod(other, NULL)) != bits);
    }
    if (count > 0) {
        (void)snprintf(other, sizeof(other), "%.*e", count - 1, double_of(bits));
        (void)significant(other, other_digits);
        /* The closest text of a power of two can lie outside of its interval, then ours is the
         * next. */
        if (bits_of(strtod(other, NULL)) == bits) {
            assert_string_equal(digits, other_digits);
        }
    }
}

static void check_float(uint32_t bits)
{
    char text[SL_FLOAT_TEXT_MAX + 1] = {0};
    char other[64];
    char digits[400];
    int count;

    if (sl_float_format_float(bits, (uint8_t *)text) == 0) {
        assert_int_equal(bits >> 23 & 0xff, 0xff);
        return;
    }
    if (float_bits_of(strtof(text, NULL)) != bits) {
        fail_msg("%a: %s does not read back", (double)float_of(bits), text);
    }
    count = significant(text, digits);
    if (count > 1) {
        (void)snprintf(other, sizeof(other), "%.*e", count - 2, (double)float_of(bits));
        assert_true(float_bits_of(strtof(other, NULL)) != bits);
    }
}

static void random_doubles_are_shortest_and_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < SL_RANDOM_NUMBERS; i++) {
        check_double(random_bits());
        check_double(bits_of((double)(random_bits() >> 44) / (double)(1 + random_bits() % 10000)));
    }
}

static void random_floats_are_shortest_and_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < SL_RANDOM_NUMBERS; i++) {
        check_float((uint32_t)random_bits());
        check_float((uint32_t)random_bits() & 0xfffff000);
    }
}

static void neighbours_of_every_power_of_two_are_shortest(void **state)
{
    (void)state;
    for (uint64_t exponent = 0; exponent < 0x7ff; exponent++) {
        for (uint64_t i = 0; i < 4; i++) {
            check_double((exponent << 52) + i);
            check_double(((exponent + 1) << 52) - 1 - i);
        }
    }
    for (uint32_t exponent = 0; exponent < 0xff; exponent++) {
        for (uint32_t i = 0; i < 4; i++) {
            check_float((exponent << 23) + i);
            check_float(((exponent + 1) << 23) - 1 - i);
        }
    }
}

static void every_power_of_ten_is_one_digit(void **state)
{
    (void)state;
    for (int exponent = -323; exponent <= 308; exponent++) {
        char text[SL_FLOAT_TEXT_MAX + 1] = {0};
        char digits[400];
        char source[16];

        (void)snprintf(source, sizeof(source), "1e%d", exponent);
        (void)sl_float_format_double(bits_of(strtod(source, NULL)), (uint8_t *)text);
        assert_int_equal(significant(text, digits), 1);
        assert_string_equal(digits, "1");
        check_double(bits_of(strtod(source, NULL)));
    }
}

static void the_form_is_that_of_the_servers(void **state)
{
    static const struct {
        double number;
        const char *want;
    } cases[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {100, "100"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {19.99, "19.99"},
        {123456789012345, "123456789012345"},
        {999999999999999, "999999999999999"},
        {1e14, "100000000000000"},
        {1e15, "1e15"},
        {1234567890123456, "1.234567890123456e15"},
        {9007199254740992, "9.007199254740992e15"},
        {2637813351083016.5, "2637813351083016.5"},
        {-4503599627370495.5, "-4503599627370495.5"},
        {1e20, "1e20"},
        {1.5e20, "1.5e20"},
        {1e-5, "0.00001"},
        {1e-15, "0.000000000000001"},
        {1.25e-15, "0.00000000000000125"},
        {1e-16, "1e-16"},
        {-1.25e-17, "-1.25e-17"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {-1.7976931348623157e308, "-1.7976931348623157e308"},
        {-1.2345678901234567e-14, "-0.000000000000012345678901234567"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[SL_FLOAT_TEXT_MAX + 1] = {0};

        assert_int_equal(sl_float_format_double(bits_of(cases[i].number), (uint8_t *)text),
                         strlen(cases[i].want));
        assert_string_equal(text, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_doubles_are_shortest_and_read_back),
        cmocka_unit_test(random_floats_are_shortest_and_read_back),
        cmocka_unit_test(neighbours_of_every_power_of_two_are_shortest),
        cmocka_unit_test(every_power_of_ten_is_one_digit),
        cmocka_unit_test(the_form_is_that_of_the_servers),
    };

    return cmocka_run_group_tests_name("value_float", tests, NULL, NULL);
}
