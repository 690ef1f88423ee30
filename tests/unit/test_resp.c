#include "tests/support/check.h"

#include "cdc/resp.h"

static void a_command_is_an_array_of_bulk_strings(void **state)
{
    static const char *const args[] = {"SET", "key", ""};
    struct sl_buf buf = {0};

    (void)state;
    assert_int_equal(sl_resp_command(&buf, 3, args), SL_OK);
    assert_buf(&buf, "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$0\r\n\r\n");
    sl_buf_release(&buf);
}

static void bytes_are_taken_as_they_are(void **state)
{
    struct sl_buf buf = {0};

    (void)state;
    assert_int_equal(sl_resp_bulk(&buf, "a\r\n\0$", 5), SL_OK);
    assert_int_equal(buf.len, 4 + 5 + 2);
    assert_memory_equal(buf.data, "$5\r\na\r\n\0$\r\n", 11);
    sl_buf_clear(&buf);
    assert_int_equal(sl_resp_bulk(&buf, NULL, 0), SL_OK);
    assert_buf(&buf, "$0\r\n\r\n");
    sl_buf_clear(&buf);
    assert_int_equal(sl_resp_u64(&buf, UINT64_MAX), SL_OK);
    assert_buf(&buf, "$20\r\n18446744073709551615\r\n");
    sl_buf_release(&buf);
}

/* Whatever was guessed, the argument must come out as if it had been written by sl_resp_bulk(). */
static void a_wrong_guess_moves_the_bytes(void **state)
{
    static const size_t lengths[] = {0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 9999, 10000};
    uint8_t text[10000];

    (void)state;
    for (size_t g = 0; g < SL_COUNT(lengths); g++) {
        for (size_t l = 0; l < SL_COUNT(lengths); l++) {
            struct sl_buf have = {0};
            struct sl_buf want = {0};
            size_t start = 0;

            assert_int_equal(sl_buf_add_str(&have, "before"), SL_OK);
            assert_int_equal(sl_buf_add_str(&want, "before"), SL_OK);
            assert_int_equal(sl_resp_begin(&have, lengths[g], &start), SL_OK);
            for (size_t i = 0; i < lengths[l]; i++) {
                text[i] = (uint8_t)(i * 7 + 1);
            }
            assert_int_equal(sl_buf_add(&have, text, lengths[l]), SL_OK);
            assert_int_equal(sl_resp_end(&have, lengths[g], start), SL_OK);
            assert_int_equal(sl_resp_bulk(&want, text, lengths[l]), SL_OK);
            assert_int_equal(have.len, want.len);
            assert_memory_equal(have.data, want.data, want.len);
            sl_buf_release(&have);
            sl_buf_release(&want);
        }
    }
}

static void nothing_is_left_of_what_does_not_fit(void **state)
{
    static const char *const args[] = {"HSET", "a key", "a field", "a value"};

    (void)state;
    for (size_t limit = 6; limit < 140; limit++) {
        struct sl_buf buf = {.limit = limit};
        int rc;

        assert_int_equal(sl_buf_add_str(&buf, "before"), SL_OK);
        rc = sl_resp_command(&buf, 4, args);
        if (rc == SL_OK) {
            assert_true(buf.len > 6 && buf.len <= limit);
        } else {
            assert_int_equal(rc, SL_ELIMIT);
            assert_buf(&buf, "before");
        }
        sl_buf_release(&buf);
    }
}

static void lengths_near_the_end_of_the_address_space_are_refused(void **state)
{
    struct sl_buf buf = {0};

    (void)state;
    assert_int_equal(sl_resp_bulk(&buf, "x", SIZE_MAX), SL_ELIMIT);
    assert_int_equal(sl_resp_bulk(&buf, "x", SIZE_MAX - 30), SL_ELIMIT);
    assert_int_equal(sl_resp_bulk(&buf, "x", SIZE_MAX / 2), SL_ELIMIT);
    assert_int_equal(buf.len, 0);
    sl_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_an_array_of_bulk_strings),
        cmocka_unit_test(bytes_are_taken_as_they_are),
        cmocka_unit_test(a_wrong_guess_moves_the_bytes),
        cmocka_unit_test(nothing_is_left_of_what_does_not_fit),
        cmocka_unit_test(lengths_near_the_end_of_the_address_space_are_refused),
    };

    return cmocka_run_group_tests_name("resp", tests, NULL, NULL);
}
