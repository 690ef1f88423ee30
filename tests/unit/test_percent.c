#include "tests/support/check.h"

#include <errno.h>
#include <time.h>

#include "cdc/base/percent.h"
#include "cdc/base/wait.h"

static bool is_colon_or_percent(uint8_t byte)
{
    return byte == ':' || byte == '%';
}

static void special_bytes_behind_a_place_are_encoded(void **state)
{
    struct sl_buf buf = {0};

    (void)state;
    assert_int_equal(sl_buf_add_str(&buf, "a:b%c:"), SL_OK);
    assert_int_equal(sl_percent_encode(&buf, 2, is_colon_or_percent, SL_PERCENT_UPPER), SL_OK);
    assert_buf(&buf, "a:b%25c%3A");
    assert_int_equal(sl_percent_encode(&buf, buf.len, is_colon_or_percent, SL_PERCENT_UPPER),
                     SL_OK);
    assert_buf(&buf, "a:b%25c%3A");
    sl_buf_release(&buf);
}

static void digits_are_of_the_case_that_was_asked_for(void **state)
{
    struct sl_buf buf = {0};

    (void)state;
    assert_int_equal(sl_buf_add_str(&buf, "::"), SL_OK);
    assert_int_equal(sl_percent_encode(&buf, 0, is_colon_or_percent, SL_PERCENT_LOWER), SL_OK);
    assert_buf(&buf, "%3a%3a");
    sl_buf_release(&buf);
}

static void a_deadline_lies_ahead_of_the_clock_that_nobody_sets(void **state)
{
    struct timespec before;
    struct timespec until;

    (void)state;
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    until = sl_wait_until(61999);
    assert_in_range(until.tv_nsec, 0, 999999999);
    assert_true(until.tv_sec - before.tv_sec >= 61);
    assert_true(until.tv_sec - before.tv_sec <
                3600); /* not of the wall clock, which is decades ahead */
}

static void a_wait_ends_at_its_deadline(void **state)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition;
    struct timespec until;
    struct timespec after;
    int rc = 0;

    (void)state;
    assert_int_equal(sl_wait_init(&condition), SL_OK);
    (void)pthread_mutex_lock(&lock);
    until = sl_wait_until(5);
    while (rc == 0) {
        rc = pthread_cond_timedwait(&condition, &lock, &until);
    }
    (void)pthread_mutex_unlock(&lock);
    assert_int_equal(rc, ETIMEDOUT);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec > until.tv_sec ||
                (after.tv_sec == until.tv_sec && after.tv_nsec >= until.tv_nsec));
    (void)pthread_cond_destroy(&condition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_bytes_behind_a_place_are_encoded),
        cmocka_unit_test(digits_are_of_the_case_that_was_asked_for),
        cmocka_unit_test(a_deadline_lies_ahead_of_the_clock_that_nobody_sets),
        cmocka_unit_test(a_wait_ends_at_its_deadline),
    };

    return cmocka_run_group_tests_name("percent", tests, NULL, NULL);
}
