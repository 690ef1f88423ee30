#include "tests/support/check.h"

static void zeroed_buffer_is_empty_and_releasable(void **state)
{
    struct sl_buf buf = {0};

    (void)state;
    sl_buf_release(&buf);
    assert_null(buf.data);
    assert_int_equal(sl_buf_add(&buf, NULL, 0), SL_OK);
    assert_int_equal(buf.len, 0);
    sl_buf_release(&buf);
}

static void grows_by_doubling_and_keeps_its_bytes(void **state)
{
    struct sl_buf buf = {0};
    size_t moves = 0;
    size_t cap = 0;

    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        assert_int_equal(sl_buf_add_byte(&buf, (uint8_t)(i % 251)), SL_OK);
        moves += buf.cap != cap;
        cap = buf.cap;
    }
    assert_true(moves < 12);
    for (size_t i = 0; i < 100000; i++) {
        assert_int_equal(buf.data[i], i % 251);
    }
    sl_buf_release(&buf);
}

static void limit_may_be_filled_but_not_passed(void **state)
{
    struct sl_buf buf = {.limit = 10};

    (void)state;
    assert_int_equal(sl_buf_add(&buf, "0123456789", 10), SL_OK);
    assert_int_equal(buf.cap, 10);
    assert_int_equal(sl_buf_add_byte(&buf, 'x'), SL_ELIMIT);
    assert_int_equal(sl_buf_add_str(&buf, "xy"), SL_ELIMIT);
    assert_int_equal(sl_buf_add_u64(&buf, 1), SL_ELIMIT);
    assert_int_equal(sl_buf_add_i64(&buf, -1), SL_ELIMIT);
    assert_int_equal(sl_buf_add_format(&buf, "%d", 1), SL_ELIMIT);
    assert_null(sl_buf_cstr(&buf));
    assert_buf(&buf, "0123456789");
    sl_buf_release(&buf);
    assert_int_equal(buf.limit, 0);
}

static void sizes_that_no_memory_can_hold_are_refused(void **state)
{
    struct sl_buf buf = {0};
    struct sl_buf limited = {.limit = SIZE_MAX};

    (void)state;
    assert_int_equal(sl_buf_add_str(&buf, "abc"), SL_OK);
    assert_int_equal(sl_buf_reserve(&buf, SIZE_MAX), SL_ELIMIT);
    assert_int_equal(sl_buf_reserve(&buf, SIZE_MAX - 2), SL_ELIMIT);
    assert_int_equal(sl_buf_reserve(&buf, SIZE_MAX / 2), SL_ELIMIT);
    assert_buf(&buf, "abc");
    /* A limit beyond what doubling can reach must not make it run in circles. */
    assert_int_equal(sl_buf_reserve(&limited, SIZE_MAX - 1), SL_ELIMIT);
    sl_buf_release(&buf);
    sl_buf_release(&limited);
}

static void numbers_are_written_in_full(void **state)
{
    struct sl_buf buf = {0};

    (void)state;
    assert_int_equal(sl_buf_add_u64(&buf, UINT64_MAX), SL_OK);
    assert_int_equal(sl_buf_add_byte(&buf, ' '), SL_OK);
    assert_int_equal(sl_buf_add_i64(&buf, INT64_MIN), SL_OK);
    assert_int_equal(sl_buf_add_byte(&buf, ' '), SL_OK);
    assert_int_equal(sl_buf_add_i64(&buf, 0), SL_OK);
    assert_buf(&buf, "18446744073709551615 -9223372036854775808 0");
    sl_buf_release(&buf);
}

static void format_appends_text_of_any_length(void **state)
{
    struct sl_buf buf = {0};
    char wide[3001];

    (void)state;
    memset(wide, 'w', 3000);
    wide[3000] = '\0';
    assert_int_equal(sl_buf_add_str(&buf, "a="), SL_OK);
    assert_int_equal(sl_buf_add_format(&buf, "%s/%u", wide, 7U), SL_OK);
    assert_int_equal(buf.len, 2 + 3000 + 2);
    assert_memory_equal(buf.data + 2, wide, 3000);
    assert_memory_equal(buf.data + 3002, "/7", 2);
    sl_buf_release(&buf);
}

static void c_string_has_a_nul_that_is_no_content(void **state)
{
    struct sl_buf buf = {0};

    (void)state;
    assert_string_equal(sl_buf_cstr(&buf), "");
    assert_int_equal(buf.len, 0);
    assert_int_equal(sl_buf_add_str(&buf, "abc"), SL_OK);
    assert_string_equal(sl_buf_cstr(&buf), "abc");
    assert_int_equal(sl_buf_add_str(&buf, "def"), SL_OK);
    assert_string_equal(sl_buf_cstr(&buf), "abcdef");
    sl_buf_clear(&buf);
    assert_string_equal(sl_buf_cstr(&buf), "");
    assert_int_equal(buf.cap, 256);
    sl_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_buffer_is_empty_and_releasable),
        cmocka_unit_test(grows_by_doubling_and_keeps_its_bytes),
        cmocka_unit_test(limit_may_be_filled_but_not_passed),
        cmocka_unit_test(sizes_that_no_memory_can_hold_are_refused),
        cmocka_unit_test(numbers_are_written_in_full),
        cmocka_unit_test(format_appends_text_of_any_length),
        cmocka_unit_test(c_string_has_a_nul_that_is_no_content),
    };

    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
