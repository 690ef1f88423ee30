#include "tests/support/check.h"

#include "sinks/reply.h"

static struct sl_reply one(const char *bytes, size_t len)
{
    struct sl_reply_reader *reader = sl_reply_reader_new();
    struct sl_reply reply = {0};
    struct sl_reply none;
    struct sl_err err = {0};

    assert_ok(sl_reply_feed(reader, bytes, len, &err), &err);
    assert_ok(sl_reply_next(reader, &reply, &err), &err);
    assert_int_equal(sl_reply_next(reader, &none, &err), SL_AGAIN);
    sl_reply_reader_free(reader);
    return reply;
}

static struct sl_reply one_text(const char *bytes)
{
    return one(bytes, strlen(bytes));
}

static void each_kind_is_told(void **state)
{
    struct sl_reply reply = one_text("+QUEUED\r\n");

    (void)state;
    assert_int_equal(reply.kind, SL_REPLY_STATUS);
    assert_string_equal(reply.text, "QUEUED");
    assert_false(reply.has_error);
    reply = one_text("-OOM command not allowed\r\n");
    assert_int_equal(reply.kind, SL_REPLY_ERROR);
    assert_true(reply.has_error);
    assert_string_equal(reply.text, "OOM command not allowed");
    reply = one_text(":-42\r\n");
    assert_int_equal(reply.kind, SL_REPLY_INTEGER);
    assert_int_equal(reply.integer, -42);
    reply = one_text("$3\r\na\rb\r\n");
    assert_int_equal(reply.kind, SL_REPLY_STRING);
    assert_int_equal(one_text("$-1\r\n").kind, SL_REPLY_NIL);
    assert_int_equal(one_text("*-1\r\n").kind, SL_REPLY_NIL);
    reply = one_text("*0\r\n");
    assert_int_equal(reply.kind, SL_REPLY_ARRAY);
    assert_int_equal(reply.elements, 0);
}

static void the_first_error_of_an_array_is_told(void **state)
{
    struct sl_reply reply = one_text("*5\r\n:1\r\n$-1\r\n-WRONGTYPE a\r\n+OK\r\n-ERR b\r\n");

    (void)state;
    assert_int_equal(reply.kind, SL_REPLY_ARRAY);
    assert_int_equal(reply.elements, 5);
    assert_true(reply.has_error);
    assert_int_equal(reply.error_at, 2);
    assert_string_equal(reply.text, "WRONGTYPE a");
}

/* The index is that of the command in the EXEC, not of the element in its own reply. */
static void an_error_deep_inside_is_told_by_its_outermost_element(void **state)
{
    struct sl_reply reply =
        one_text("*3\r\n:1\r\n*3\r\n+a\r\n+b\r\n*2\r\n-ERR deep\r\n+c\r\n+OK\r\n");

    (void)state;
    assert_true(reply.has_error);
    assert_int_equal(reply.elements, 3);
    assert_int_equal(reply.error_at, 1);
    assert_string_equal(reply.text, "ERR deep");
}

static void a_reply_remembers_nothing_of_the_one_before(void **state)
{
    static const char bytes[] = "*2\r\n-ERR a\r\n:1\r\n*2\r\n:1\r\n:2\r\n+OK\r\n:7\r\n";
    struct sl_reply_reader *reader = sl_reply_reader_new();
    struct sl_reply reply;

    (void)state;
    assert_int_equal(sl_reply_feed(reader, bytes, sizeof(bytes) - 1, NULL), SL_OK);
    assert_int_equal(sl_reply_next(reader, &reply, NULL), SL_OK);
    assert_true(reply.has_error);
    assert_int_equal(sl_reply_next(reader, &reply, NULL), SL_OK);
    assert_false(reply.has_error);
    assert_string_equal(reply.text, "");
    assert_int_equal(sl_reply_next(reader, &reply, NULL), SL_OK);
    assert_string_equal(reply.text, "OK");
    assert_int_equal(sl_reply_next(reader, &reply, NULL), SL_OK);
    assert_string_equal(reply.text, "");
    assert_int_equal(reply.integer, 7);
    sl_reply_reader_free(reader);
}

static void long_texts_are_cut(void **state)
{
    char bytes[1003];
    struct sl_reply reply;

    (void)state;
    memset(bytes, 'e', sizeof(bytes));
    bytes[0] = '-';
    bytes[1001] = '\r';
    bytes[1002] = '\n';
    reply = one(bytes, sizeof(bytes));
    assert_int_equal(strlen(reply.text), SL_REPLY_TEXT_MAX - 1);
}

/* The same replies, in whatever pieces they come. */
static void bytes_may_come_one_by_one(void **state)
{
    static const char bytes[] = "+OK\r\n:0\r\n*3\r\n:1\r\n$5\r\nhello\r\n-WRONGTYPE x\r\n*-1\r\n"
                                "-ERR y\r\n*1\r\n*1\r\n*1\r\n:3\r\n$0\r\n\r\n";

    static const enum sl_reply_kind kinds[] = {SL_REPLY_STATUS, SL_REPLY_INTEGER, SL_REPLY_ARRAY,
                                               SL_REPLY_NIL,    SL_REPLY_ERROR,   SL_REPLY_ARRAY,
                                               SL_REPLY_STRING};

    (void)state;
    for (size_t step = 1; step < sizeof(bytes); step++) {
        struct sl_reply_reader *reader = sl_reply_reader_new();
        size_t count = 0;

        for (size_t at = 0; at < sizeof(bytes) - 1; at += step) {
            size_t left = sizeof(bytes) - 1 - at;
            struct sl_reply reply;

            assert_int_equal(sl_reply_feed(reader, bytes + at, left < step ? left : step, NULL),
                             SL_OK);
            while (sl_reply_next(reader, &reply, NULL) == SL_OK) {
                assert_true(count < SL_COUNT(kinds));
                assert_int_equal(reply.kind, kinds[count]);
                assert_int_equal(reply.has_error, count == 2 || count == 4);
                count++;
            }
        }
        assert_int_equal(count, SL_COUNT(kinds));
        sl_reply_reader_free(reader);
    }
}

static void garbage_is_refused_for_good(void **state)
{
    static const char *const cases[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "*2\r\n+OK\r\nx\r\n",
        ":12a\r\n",
        "*99999999999999999999\r\n",
        "$-2\r\n",
        "\r\n",
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_reply_reader *reader = sl_reply_reader_new();
        struct sl_reply reply = {0};
        struct sl_err err = {0};
        int rc = sl_reply_feed(reader, cases[i], strlen(cases[i]), &err);

        if (rc == SL_OK) {
            rc = sl_reply_next(reader, &reply, &err);
        }
        assert_int_equal(rc, SL_EFORMAT);
        assert_int_equal(err.status, SL_EFORMAT);
        assert_non_null(strstr(err.text, "protocol"));
        assert_int_not_equal(sl_reply_next(reader, &reply, &err), SL_OK);
        sl_reply_reader_free(reader);
    }
    sl_reply_reader_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_told),
        cmocka_unit_test(the_first_error_of_an_array_is_told),
        cmocka_unit_test(an_error_deep_inside_is_told_by_its_outermost_element),
        cmocka_unit_test(a_reply_remembers_nothing_of_the_one_before),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(bytes_may_come_one_by_one),
        cmocka_unit_test(garbage_is_refused_for_good),
    };

    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
