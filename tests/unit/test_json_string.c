#include "tests/support/check.h"

#include "filters/json_string.h"

static void control_characters_and_quotes_are_escaped(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"", "\"\""},
        {"abc", "\"abc\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
        {"/\xc3\xa9\xf0\x9f\x98\x80", "\"/\xc3\xa9\xf0\x9f\x98\x80\""},
        {"\"", "\"\\\"\""},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_buf out = {0};
        struct sl_buf behind = {0};

        assert_int_equal(sl_json_string(sl_check_span(cases[i].text), &out), SL_OK);
        assert_buf(&out, cases[i].want);
        assert_int_equal(sl_buf_add_str(&behind, "{"), SL_OK);
        assert_int_equal(sl_json_string(sl_check_span(cases[i].text), &behind), SL_OK);
        assert_bytes(behind.data + 1, behind.len - 1, cases[i].want);
        sl_buf_release(&out);
        sl_buf_release(&behind);
    }
}

/* A reader of strict JSON must not stumble over what a server has stored unchecked. */
/* Eight bytes are looked at together: an escape must be seen wherever it stands among them. */
static void one_escape_is_found_at_every_place_of_every_length(void **state)
{
    static const char specials[] = {'"', '\\', '\n', '\x1f', '\0'};
    static const size_t widths[] = {2, 2, 2, 6, 6};
    struct sl_buf out = {0};
    char text[40];

    (void)state;
    for (size_t len = 1; len <= sizeof(text); len++) {
        for (size_t at = 0; at < len; at++) {
            for (size_t i = 0; i < sizeof(specials); i++) {
                memset(text, '!', sizeof(text)); /* next to both the quote and the controls */
                text[at] = specials[i];
                sl_buf_clear(&out);
                assert_int_equal(sl_json_string(sl_span_make(text, len), &out), SL_OK);
                assert_int_equal(out.len, 2 + len - 1 + widths[i]);
                assert_int_equal(out.data[1 + at], '\\');
                assert_int_equal(out.data[out.len - 1], '"');
            }
        }
    }
    sl_buf_release(&out);
}

static void bytes_that_are_no_utf8_become_the_replacement_character(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"a\xff"
         "b",
         "\"a\xef\xbf\xbd"
         "b\""},
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
        {"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong */
        {"\xe0\x9f\xbf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"ABCDEFGHIJ\xe2\x82", "\"ABCDEFGHIJ\xef\xbf\xbd\xef\xbf\xbd\""}, /* cut off */
        {"\xc3\"", "\"\xef\xbf\xbd\\\"\""}, /* a quote is never swallowed */
        {"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
         "\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\""},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_buf out = {0};

        assert_int_equal(sl_json_string(sl_check_span(cases[i].text), &out), SL_OK);
        assert_buf(&out, cases[i].want);
        sl_buf_release(&out);
    }
}

static void a_nul_byte_is_a_character(void **state)
{
    struct sl_buf out = {0};

    (void)state;
    assert_int_equal(sl_json_string(sl_span_make("a\0b", 3), &out), SL_OK);
    assert_buf(&out, "\"a\\u0000b\"");
    sl_buf_release(&out);
}

static void what_does_not_fit_leaves_nothing(void **state)
{
    (void)state;
    for (size_t limit = 4; limit < 20; limit++) {
        struct sl_buf out = {.limit = limit};
        int rc;

        assert_int_equal(sl_buf_add_str(&out, "abcd"), SL_OK);
        rc = sl_json_string(sl_check_span("x\x01"), &out);
        assert_int_equal(rc, limit < 4 + 2 + 7 ? SL_ELIMIT : SL_OK);
        assert_buf(&out, rc == SL_OK ? "abcd\"x\\u0001\"" : "abcd");
        sl_buf_release(&out);
    }
}

/* The vectors of RFC 4648, section 10. */
static void base64_is_that_of_the_rfc(void **state)
{
    static const struct {
        const char *bytes;
        const char *want;
    } cases[] = {
        {"", "\"\""},
        {"f", "\"Zg==\""},
        {"fo", "\"Zm8=\""},
        {"foo", "\"Zm9v\""},
        {"foob", "\"Zm9vYg==\""},
        {"fooba", "\"Zm9vYmE=\""},
        {"foobar", "\"Zm9vYmFy\""},
        {"\xff\xfe\xfb", "\"//77\""},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_buf out = {0};

        assert_int_equal(sl_json_base64(sl_check_span(cases[i].bytes), &out), SL_OK);
        assert_buf(&out, cases[i].want);
        sl_buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_and_quotes_are_escaped),
        cmocka_unit_test(one_escape_is_found_at_every_place_of_every_length),
        cmocka_unit_test(bytes_that_are_no_utf8_become_the_replacement_character),
        cmocka_unit_test(a_nul_byte_is_a_character),
        cmocka_unit_test(what_does_not_fit_leaves_nothing),
        cmocka_unit_test(base64_is_that_of_the_rfc),
    };

    return cmocka_run_group_tests_name("json string", tests, NULL, NULL);
}
