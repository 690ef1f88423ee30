#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>
#include <unistd.h>

#include "cdc/base/clock.h"

static uint64_t told(void *user)
{
    return *(uint64_t *)user;
}

static void a_fake_clock_says_what_it_is_told(void **state)
{
    uint64_t now = 5999;
    struct sl_clock clock = {.mono_us = told, .wall_ms = told, .user = &now};

    (void)state;
    assert_true(sl_clock_mono_us(&clock) == 5999);
    assert_true(sl_clock_mono_ms(&clock) == 5);
    now = 7000;
    assert_true(sl_clock_mono_ms(&clock) == 7);
    assert_true(sl_clock_wall_ms(&clock) == 7000);
}

static void the_real_monotonic_clock_counts_microseconds(void **state)
{
    uint64_t before = sl_clock_mono_us(sl_clock_real());
    uint64_t after;

    (void)state;
    assert_int_equal(usleep(20000), 0);
    after = sl_clock_mono_us(sl_clock_real());
    assert_true(after >= before + 20000);
    assert_true(after < before + 20000000);
}

static void the_real_wall_clock_agrees_with_time(void **state)
{
    uint64_t before = (uint64_t)time(NULL);
    uint64_t now = sl_clock_wall_ms(sl_clock_real()) / 1000;

    (void)state;
    assert_true(now + 1 >= before && now <= before + 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fake_clock_says_what_it_is_told),
        cmocka_unit_test(the_real_monotonic_clock_counts_microseconds),
        cmocka_unit_test(the_real_wall_clock_agrees_with_time),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
