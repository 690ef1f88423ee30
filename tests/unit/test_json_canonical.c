/* test_json_canonical.c - one text for each JSON value. */
#include "tests/support/check.h"

#include "filters/json_canonical.h"

static void check(const char *text, const char *want)
{
    struct sl_buf out = {0};

    assert_int_equal(sl_json_canonical(sl_check_span(text), &out), SL_OK);
    assert_buf(&out, want);
    sl_buf_release(&out);
}

static void spellings_of_a_value_are_one(void **state)
{
    (void)state;
    check(" {\"a\" : [ 1 , 2 ] ,\n\"b\":{ } }\t", "{\"a\":[1,2],\"b\":{}}");
    check("[true,false,null,[]]", "[true,false,null,[]]");
    check("\"\\u00e4\\/\\ud83d\\ude00\\u000a\\b\\u0001\"",
          "\"\xc3\xa4/\xf0\x9f\x98\x80\\n\\b\\u0001\"");
    check("\"\xc3\xa4\"", "\"\xc3\xa4\"");
    check("[1.50,1.5,15e-1,0.15E+1]", "[1.5,1.5,1.5,1.5]");
    check("[1.0,1,100000000000000.0]", "[1,1,100000000000000]");
    check("[1e300,1.5e20,-0.0]", "[1e300,1.5e20,-0]");
    check("[18446744073709551615,-9223372036854775808,9007199254740993]",
          "[18446744073709551615,-9223372036854775808,9007199254740993]");
    check("123456789012345678901234", "1.2345678901234569e23");
}

static void what_is_no_json_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "[1,]",
                                      "[1 2]",
                                      "01",
                                      "1.",
                                      "1e",
                                      "-",
                                      "\"",
                                      "\"\\x\"",
                                      "\"\n\"",
                                      "tru",
                                      "1 2",
                                      "{a:1}",
                                      "\"\\u12\"",
                                      "+1",
                                      ".5",
                                      "nul",
                                      "\"\\ud83d\"",
                                      "\"\\ud83d\\u0041\""};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct sl_buf out = {0};

        assert_int_equal(sl_json_canonical(sl_check_span(bad[i]), &out), SL_EFORMAT);
        sl_buf_release(&out);
    }
}

static void what_is_too_deep_is_refused(void **state)
{
    struct sl_buf text = {0};
    struct sl_buf out = {0};

    (void)state;
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(sl_buf_add_byte(&text, '['), SL_OK);
    }
    assert_int_equal(sl_json_canonical(sl_span_make(text.data, text.len), &out), SL_EFORMAT);
    sl_buf_release(&text);
    sl_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_a_value_are_one),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(what_is_too_deep_is_refused),
    };

    return cmocka_run_group_tests_name("json_canonical", tests, NULL, NULL);
}
