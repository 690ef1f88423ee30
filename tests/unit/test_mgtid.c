#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/gtid.h"

static struct sl_span text_span(const char *text)
{
    return sl_span_make(text, strlen(text));
}

static void assert_text(const struct sl_mgtid_list *list, const char *want)
{
    struct sl_buf out = {0};

    assert_int_equal(sl_mgtid_list_format(list, &out), SL_OK);
    assert_string_equal(sl_buf_cstr(&out), want);
    sl_buf_release(&out);
}

static void list_text_is_sorted_by_domain(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"", ""},
        {"0-1-100", "0-1-100"},
        {" 0-1-100 ,\n1-1-42 ", "0-1-100,1-1-42"},
        {"7-2-3,0-1-100,1-1-42", "0-1-100,1-1-42,7-2-3"},
        {"4294967295-4294967295-18446744073709551615",
         "4294967295-4294967295-18446744073709551615"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_mgtid_list list = {0};

        assert_int_equal(sl_mgtid_list_parse(&list, text_span(cases[i].text), NULL), SL_OK);
        assert_text(&list, cases[i].want);
        sl_mgtid_list_release(&list);
    }
}

static void malformed_list_is_refused_and_changes_nothing(void **state)
{
    static const char *const cases[] = {
        "0",
        "0-1",
        "0-1-",
        "-1-2",
        "0-1-2-3",
        "0-1-2,",
        ",0-1-2",
        "0-1-2,,1-1-2",
        "0-1-2 1-1-2",
        "4294967296-1-1",
        "0-4294967296-1",
        "0-1-18446744073709551616",
        "0-1-2,0-2-3",
        "a-b-c",
        "0 -1-2",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_mgtid_list list = {0};
        struct sl_err err = {0};

        assert_int_equal(sl_mgtid_list_parse(&list, text_span("5-6-7"), NULL), SL_OK);
        if (sl_mgtid_list_parse(&list, text_span(cases[i]), &err) != SL_EINVAL) {
            fail_msg("accepted: %s", cases[i]);
        }
        assert_non_null(strstr(err.text, "GTID list: "));
        assert_text(&list, "5-6-7");
        sl_mgtid_list_release(&list);
    }
}

static void set_replaces_the_last_of_its_domain(void **state)
{
    static const struct sl_mgtid steps[] = {{1, 1, 5}, {0, 1, 9}, {1, 2, 4}, {3, 1, 1}, {2, 1, 1}};
    struct sl_mgtid_list list = {0};

    (void)state;
    assert_null(sl_mgtid_list_get(&list, 1));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        assert_int_equal(sl_mgtid_list_set(&list, &steps[i]), SL_OK);
    }
    assert_text(&list, "0-1-9,1-2-4,2-1-1,3-1-1");
    assert_true(sl_mgtid_list_get(&list, 1)->sequence == 4);
    assert_null(sl_mgtid_list_get(&list, 4));
    sl_mgtid_list_release(&list);
}

static void copy_is_deep(void **state)
{
    struct sl_mgtid_list from = {0};
    struct sl_mgtid_list to = {0};
    const struct sl_mgtid next = {0, 1, 101};

    (void)state;
    assert_int_equal(sl_mgtid_list_copy(&to, &from), SL_OK);
    assert_int_equal(sl_mgtid_list_parse(&from, text_span("0-1-100,1-1-42"), NULL), SL_OK);
    assert_int_equal(sl_mgtid_list_copy(&to, &from), SL_OK);
    assert_int_equal(sl_mgtid_list_set(&from, &next), SL_OK);
    assert_text(&to, "0-1-100,1-1-42");
    sl_mgtid_list_release(&from);
    sl_mgtid_list_release(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_text_is_sorted_by_domain),
        cmocka_unit_test(malformed_list_is_refused_and_changes_nothing),
        cmocka_unit_test(set_replaces_the_last_of_its_domain),
        cmocka_unit_test(copy_is_deep),
    };

    return cmocka_run_group_tests_name("mgtid", tests, NULL, NULL);
}
