#include "tests/support/check.h"

#include "filters/rule.h"

static void globs_match_as_documented(void **state)
{
    static const struct {
        const char *glob;
        const char *text;
        bool want;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"users", "users", true},
        {"users", "user", false},
        {"users", "users2", false},
        {"*", "", true},
        {"*", "anything", true},
        {"**", "", true},
        {"order_*", "order_", true},
        {"order_*", "order_2024", true},
        {"order_*", "orders", false},
        {"*_log", "a_log_log", true},
        {"*_log", "a_logs", false},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXbYbZ", false},
        {"a*bc*bd", "abcbcbd", true},
        {"?", "a", true},
        {"?", "", false},
        {"?", "ab", false},
        {"?", "\xc3\xa9", true},
        {"??", "\xc3\xa9", false},
        {"?b",
         "\xf0\x9f\x98\x80"
         "b",
         true},
        {"*?", "\xc3\xa9", true},
        {"*??", "\xc3\xa9", false},
        {"*?a?",
         "\xc3\xa9"
         "a\xc3\xa9",
         true},
        {"*??yz",
         "\xc3\xa9"
         "yz",
         false},
        {"Users", "users", false},
        {"[a]", "a", false},
        {"[a]", "[a]", true},
        {"\\*", "\\anything", true},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        if (sl_glob_matches(cases[i].glob, sl_check_span(cases[i].text)) != cases[i].want) {
            fail_msg("\"%s\" and \"%s\"", cases[i].glob, cases[i].text);
        }
    }
}

/* Many stars must not take time that grows with a power of the length. */
static void a_hard_glob_ends_soon(void **state)
{
    char text[4001];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_false(sl_glob_matches("*a*a*a*a*a*a*a*a*a*a*b", sl_check_span(text)));
}

static void the_first_rule_that_matches_decides(void **state)
{
    static const struct sl_table_rule rules[] = {
        {.db_pattern = "shop", .table_pattern = "order_items"},
        {.db_pattern = "shop", .table_pattern = "order_*"},
        {.db_pattern = "*", .table_pattern = "users"},
    };

    (void)state;
    assert_ptr_equal(sl_rule_find(rules, 3, sl_check_span("shop"), sl_check_span("order_items")),
                     &rules[0]);
    assert_ptr_equal(sl_rule_find(rules, 3, sl_check_span("shop"), sl_check_span("order_1")),
                     &rules[1]);
    assert_ptr_equal(sl_rule_find(rules, 3, sl_check_span("x"), sl_check_span("users")), &rules[2]);
    assert_null(sl_rule_find(rules, 3, sl_check_span("x"), sl_check_span("order_1")));
    assert_null(sl_rule_find(rules, 0, sl_check_span("shop"), sl_check_span("users")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs_match_as_documented),
        cmocka_unit_test(a_hard_glob_ends_soon),
        cmocka_unit_test(the_first_rule_that_matches_decides),
    };

    return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
