#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cdc/base/xrand.h"

/* The first values of the published reference for seed 1234567. */
static void next_is_splitmix64(void **state)
{
    static const uint64_t want[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                    UINT64_C(9817491932198370423)};
    struct sl_xrand rand = {.state = 1234567};

    (void)state;
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        assert_true(sl_xrand_next(&rand) == want[i]);
    }
}

static void below_reaches_each_value_about_equally_often(void **state)
{
    struct sl_xrand rand = {.state = 1};
    unsigned counts[7] = {0};

    (void)state;
    for (int i = 0; i < 7000; i++) {
        uint64_t value = sl_xrand_below(&rand, 7);

        assert_true(value < 7);
        counts[value]++;
    }
    for (size_t i = 0; i < 7; i++) {
        assert_in_range(counts[i], 850, 1150);
    }
    assert_true(sl_xrand_below(&rand, 0) == 0);
    assert_true(sl_xrand_below(&rand, 1) == 0);
}

static void jitter_lies_in_the_upper_half(void **state)
{
    struct sl_xrand rand = {.state = 2};
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        uint64_t value = sl_xrand_jitter(&rand, 101);

        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    assert_true(least == 51);
    assert_true(most == 101);
    assert_true(sl_xrand_jitter(&rand, 0) == 0);
    assert_true(sl_xrand_jitter(&rand, UINT64_MAX) >= UINT64_MAX / 2);
}

static void entropy_differs_from_call_to_call(void **state)
{
    (void)state;
    assert_true(sl_xrand_entropy() != sl_xrand_entropy());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_is_splitmix64),
        cmocka_unit_test(below_reaches_each_value_about_equally_often),
        cmocka_unit_test(jitter_lies_in_the_upper_half),
        cmocka_unit_test(entropy_differs_from_call_to_call),
    };

    return cmocka_run_group_tests_name("xrand", tests, NULL, NULL);
}
