/* What a person types is put into a key template as the rows' own values are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "filters/key_words.h"

static struct sl_span span_of(const char *text)
{
    return sl_span_make(text, strlen(text));
}

static const struct {
    const char *text;
    const char *values[4];
    const char *want; /* NULL: refused */
} cases[] = {
    {"{db}:{table}:{pk}", {"7"}, "shop:users:7"},
    {"{db}:{table}:{pk}", {"a", "b", "c"}, "shop:users:a:b:c"},
    {"{db}:{table}:{pk}", {NULL}, NULL},
    {"order:{id}", {"7"}, "order:7"},
    {"order:{id}", {"7", "8"}, NULL},
    {"order:{id}", {NULL}, NULL},
    {"{b}:{a}", {"1", "2"}, "1:2"},
    {"{id}:x:{id}", {"7"}, "7:x:7"},
    {"{tenant}/{pk}/{lang}", {"t", "1", "2", "en"}, "t/1:2/en"},
    {"{tenant}/{pk}/{lang}", {"t", "en"}, NULL},
    {"{{{id}}}", {"7"}, "{7}"},
    {"{pk}", {"a:b%{}"}, "a%3Ab%25%7B%7D"},
    {"{pk}", {""}, ""},
    {"{pk} {pk}", {"1", "2"}, "1:2 1:2"},
    {"{table:/s$//}:{db:/(.)/$1-/}:{id}", {"7"}, "user:s-hop:7"},
};

static void values_fill_the_placeholders_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_key_words words = {
            .db = span_of("shop"), .table = span_of("users"), .values = cases[i].values};
        struct sl_buf out = {0};
        struct sl_err err = {0};
        int rc;

        while (words.count < 4 && cases[i].values[words.count] != NULL) {
            words.count++;
        }
        rc = sl_key_from_words(cases[i].text, &words, &out, &err);
        if (cases[i].want == NULL) {
            assert_int_equal(rc, SL_EINVAL);
            assert_non_null(strstr(err.text, "given"));
        } else {
            assert_int_equal(rc, SL_OK);
            assert_string_equal(sl_buf_cstr(&out), cases[i].want);
        }
        sl_buf_release(&out);
    }
}

static void names_are_escaped_as_those_of_rows(void **state)
{
    const char *const values[] = {"1"};
    const struct sl_key_words words = {
        .db = span_of("a:b"), .table = span_of("t{1}"), .values = values, .count = 1};
    struct sl_buf out = {0};

    (void)state;
    assert_int_equal(sl_key_from_words("{db}:{table}:{pk}", &words, &out, NULL), SL_OK);
    assert_string_equal(sl_buf_cstr(&out), "a%3Ab:t%7B1%7D:1");
    sl_buf_release(&out);
}

static void a_sample_has_a_value_for_every_placeholder(void **state)
{
    struct sl_buf out = {0};

    (void)state;
    assert_int_equal(
        sl_key_sample("x{{{table}}}:{id}:{pk}", span_of("shop"), span_of("order_*"), &out, NULL),
        SL_OK);
    assert_string_equal(sl_buf_cstr(&out), "x{order_*}:0:0");
    sl_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_fill_the_placeholders_in_order),
        cmocka_unit_test(names_are_escaped_as_those_of_rows),
        cmocka_unit_test(a_sample_has_a_value_for_every_placeholder),
    };

    return cmocka_run_group_tests_name("key words", tests, NULL, NULL);
}
