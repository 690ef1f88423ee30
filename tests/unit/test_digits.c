#include "tests/support/check.h"

#include <inttypes.h>

#include "cdc/base/digits.h"
#include "cdc/base/xrand.h"

static void check_u64(uint64_t value)
{
    uint8_t have[SL_DIGITS_MAX + 1];
    char want[24];
    size_t len;

    memset(have, '#', sizeof(have));
    (void)snprintf(want, sizeof(want), "%" PRIu64, value);
    len = sl_digits_u64(have, value);
    assert_bytes(have, len, want);
    assert_int_equal(have[len], '#');
}

static void check_i64(int64_t value)
{
    uint8_t have[SL_DIGITS_MAX + 1];
    char want[24];
    size_t len;

    memset(have, '#', sizeof(have));
    (void)snprintf(want, sizeof(want), "%" PRId64, value);
    len = sl_digits_i64(have, value);
    assert_bytes(have, len, want);
    assert_int_equal(have[len], '#');
}

static void every_width_is_right_at_its_ends(void **state)
{
    uint64_t power = 1;

    (void)state;
    check_u64(0);
    for (int i = 0; i < 20; i++) {
        check_u64(power - 1);
        check_u64(power);
        check_u64(power + 1);
        check_i64((int64_t)power);
        check_i64((int64_t)(0 - power));
        check_i64((int64_t)(1 - power));
        power *= 10;
    }
    check_u64(UINT64_MAX);
    check_i64(INT64_MAX);
    check_i64(INT64_MIN);
}

static void random_numbers_equal_printf(void **state)
{
    struct sl_xrand rand = {.state = 20240501};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t value = sl_xrand_next(&rand) >> sl_xrand_below(&rand, 64);

        check_u64(value);
        check_i64((int64_t)value);
        check_i64(-(int64_t)(value >> 1));
    }
}

static void fixed_width_pads_and_cuts(void **state)
{
    static const struct {
        uint64_t value;
        size_t width;
        const char *want;
    } cases[] = {
        {0, 0, ""},
        {7, 1, "7"},
        {7, 2, "07"},
        {123, 2, "23"},
        {5, 6, "000005"},
        {123456, 3, "456"},
        {UINT64_MAX, 20, "18446744073709551615"},
        {1, 21, "000000000000000000001"},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        uint8_t have[24];

        memset(have, '#', sizeof(have));
        sl_digits_fixed(have, cases[i].value, cases[i].width);
        assert_bytes(have, cases[i].width, cases[i].want);
        assert_int_equal(have[cases[i].width], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_is_right_at_its_ends),
        cmocka_unit_test(random_numbers_equal_printf),
        cmocka_unit_test(fixed_width_pads_and_cuts),
    };

    return cmocka_run_group_tests_name("digits", tests, NULL, NULL);
}
