#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "conf/config.h"
#include "conf/syntax.h"

/* Fails unless the LEN bytes at TEXT are refused with a sentence that begins with WANT. */
static void refuse_bytes(const char *text, size_t len, const char *want)
{
    struct sl_err err = {0};
    char *copy = malloc(len + 1); /* exactly as large, for the address sanitizer */

    assert_non_null(copy);
    memcpy(copy, text, len);
    copy[len] = '\0';
    assert_int_equal(sl_conf_check_syntax("f", copy, len, &err), SL_EINVAL);
    free(copy);
    if (strncmp(err.text, want, strlen(want)) != 0) {
        fail_msg("%s\nexpected: %s\ngot:      %s", text, want, err.text);
    }
}

static void mistakes_are_named_by_line_and_column(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"", "f:1:1: expected a configuration: { … }, found the end of the file"},
        {"\n  x", "f:2:3: expected \"{\", which begins the configuration, found \"x\""},
        {"\"a\"", "f:1:1: expected \"{\", which begins the configuration, found '\"'"},
        {"{\"a\":1,}", "f:1:8: expected another key after the comma, found \"}\""},
        {"{\"a\":[1,]}", "f:1:9: expected a value"},
        {"{\"a\" 1}", "f:1:6: expected \":\" after the key, found \"1\""},
        {"{\"a\":1", "f:1:7: expected the bracket that closes this one, found the end of the file"},
        {"{\"a\":1]", "f:1:7: expected \",\" or \"}\", found \"]\""},
        {"{\"a\":[1}", "f:1:8: expected \",\" or \"]\", found \"}\""},
        {"{\"a\":1 \"b\":2}", "f:1:8: expected \",\" or \"}\""},
        {"{a:1}", "f:1:2: expected a key in double quotes, found \"a\""},
        {"{'a':1}", "f:1:2: expected a key in double quotes, found \"'\""},
        {"{\"a\":1} x", "f:1:9: expected nothing after the configuration, found \"x\""},
        {"{} {}", "f:1:4: expected nothing after"},
        {"{\"a\":tru}", "f:1:6: expected a value"},
        {"{\"a\":TRUE}", "f:1:6: expected a value"},
        {"{\"a\":truex}", "f:1:10: expected \",\" or \"}\""},
        {"{\"a\":01}", "f:1:6: expected a number without leading zeros"},
        {"{\"a\":-}", "f:1:6: expected a number"},
        {"{\"a\":+1}", "f:1:6: expected a value"},
        {"{\"a\":1.}", "f:1:8: expected a digit after the decimal point"},
        {"{\"a\":1e}", "f:1:8: expected a digit of the exponent"},
        {"{\"a\":1e+}", "f:1:9: expected a digit of the exponent"},
        {"{\"a\":12345678901234567890123456789012345678901}",
         "f:1:6: expected a number of at most 40"},
        {"{\"é\" 1}", "f:1:6: expected \":\""},
        {"{\"a\":\"x", "f:1:8: expected the quote that ends the string, found the end of the file"},
        {"{\"a\":\"x\n\"}",
         "f:1:8: expected the quote that ends the string, found the end of the line"},
        {"{\"a\":\"\t\"}", "f:1:7: expected the quote that ends the string, found byte 0x09"},
        {"{\"a\":\"\\q\"}", "f:1:8: expected an escape"},
        {"{\"a\":\"\\", "f:1:8: expected an escape"},
        {"{\"a\":\"\\u12\"}", "f:1:7: expected four hexadecimal digits"},
        {"{\"a\":\"\\u12g4\"}", "f:1:7: expected four hexadecimal digits"},
        {"{\"a\":\"x\\u0000\"}", "f:1:8: expected a \\u escape of a character other than U+0000"},
        {"{\"a\":\"\\udc00\"}", "f:1:7: expected a \\u escape"},
        {"{\"a\":\"\\ud800x\"}", "f:1:7: expected both halves"},
        {"{\"a\":\"\\ud800\\u0041\"}", "f:1:7: expected both halves"},
        {"{ /* never ends", "f:1:16: expected \"*/\", which ends a comment"},
        {"{ /*/ }", "f:1:8: expected \"*/\""},
        {"{ // }", "f:1:7: expected the bracket that closes"},
        {"{ / }", "f:1:3: expected a key in double quotes, found \"/\""},
        {"{ /* a\nb */ x", "f:2:6: expected a key"},
        {"[[[[[[[[[[[[[[[[[", "f:1:17: expected at most 16 levels"},
        {"{\"a\":\"\xff\"}", "f:1:7: expected UTF-8 text without NUL bytes, found byte 0xff"},
        {"{\"a\":\"\xc0\x80\"}", "f:1:7: expected UTF-8 text"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        refuse_bytes(cases[i].text, strlen(cases[i].text), cases[i].want);
    }
    refuse_bytes("{\0}", 3, "f:1:2: expected UTF-8 text without NUL bytes, found byte 0x00");
}

static void a_valid_text_cut_anywhere_is_refused(void **state)
{
    static const char text[] =
        "{\"a\":[1,-2.5e+3,true,null,\"\\u00e9\\ud83d\\ude00\\n/*x*/\"],/*c*/\"b\":{}}";
    char copy[sizeof(text)];
    struct sl_err err = {0};

    (void)state;
    for (size_t len = 0; len + 1 < sizeof(text); len++) {
        refuse_bytes(text, len, "f:1:");
    }
    memcpy(copy, text, sizeof(text));
    assert_int_equal(sl_conf_check_syntax("f", copy, sizeof(text) - 1, &err), SL_OK);
    assert_null(strstr(copy, "/*c*/"));
    assert_non_null(strstr(copy, "/*x*/"));
}

static void comments_leave_the_rest_where_it_is(void **state)
{
    char text[] = "{//\xc3\xa9 \"\n\"a\":\"//\\\"/*\"/**/,\"b\"/***/:1}";

    (void)state;
    assert_int_equal(sl_conf_check_syntax("f", text, strlen(text), NULL), SL_OK);
    assert_string_equal(text, "{      \n\"a\":\"//\\\"/*\"    ,\"b\"     :1}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_named_by_line_and_column),
        cmocka_unit_test(a_valid_text_cut_anywhere_is_refused),
        cmocka_unit_test(comments_leave_the_rest_where_it_is),
    };

    return cmocka_run_group_tests_name("config_syntax", tests, NULL, NULL);
}
