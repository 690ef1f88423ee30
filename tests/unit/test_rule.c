#include "tests/support/check.h"

#include "filters/rule.h"
#include "filters/table_regex.h"

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

static const struct sl_table_rule *find(const struct sl_table_rule *rules, size_t count,
                                        const char *db, const char *table)
{
    const struct sl_table_rule *rule = NULL;
    struct sl_err err = {0};

    assert_ok(sl_rule_find(rules, count, sl_check_span(db), sl_check_span(table), &rule, &err),
              &err);
    return rule;
}

static void the_first_rule_that_matches_decides(void **state)
{
    static const struct sl_table_rule rules[] = {
        {.db_pattern = "shop", .table_pattern = "order_items"},
        {.db_pattern = "shop", .table_pattern = "order_*"},
        {.db_pattern = "*", .table_pattern = "users"},
    };

    (void)state;
    assert_ptr_equal(find(rules, 3, "shop", "order_items"), &rules[0]);
    assert_ptr_equal(find(rules, 3, "shop", "order_1"), &rules[1]);
    assert_ptr_equal(find(rules, 3, "x", "users"), &rules[2]);
    assert_null(find(rules, 3, "x", "order_1"));
    assert_null(find(rules, 0, "shop", "users"));
}

static void a_rule_that_skips_leaves_out_what_a_later_one_would_take(void **state)
{
    static const struct sl_table_rule rules[] = {
        {.db_pattern = "shop", .table_pattern = "*_log", .skip = true},
        {.db_pattern = "shop", .table_pattern = "*"},
    };
    const struct sl_table_rule *first = NULL;

    (void)state;
    assert_null(find(rules, 2, "shop", "a_log"));
    assert_ptr_equal(find(rules, 2, "shop", "a"), &rules[1]);
    assert_int_equal(
        sl_rule_first(rules, 2, sl_check_span("shop"), sl_check_span("a_log"), &first, NULL),
        SL_OK);
    assert_ptr_equal(first, &rules[0]);
    assert_false(sl_rule_may_choose_in(&rules[0], sl_check_span("shop")));
    assert_true(sl_rule_may_choose_in(&rules[1], sl_check_span("shop")));
    assert_false(sl_rule_may_choose_in(&rules[1], sl_check_span("shop2")));
}

/* ---- regular expressions ---- */

static void a_regex_has_to_match_the_whole_name(void **state)
{
    static const struct {
        const char *pattern;
        const char *db;
        const char *table;
        int want;
    } cases[] = {
        {"/shop\\.order_[0-9]+/", "shop", "order_12", SL_OK},
        {"/shop\\.order_[0-9]+/", "shop", "order_12x", SL_DONE},
        {"/shop\\.order_[0-9]+/", "xshop", "order_12", SL_DONE},
        {"/shop\\.a|shop\\.b/", "shop", "b", SL_OK},
        {"/shop\\.a|shop\\.b/", "shop", "bb", SL_DONE},
        {"/.*\\.(?!tmp_).*/", "any", "t", SL_OK},
        {"/.*\\.(?!tmp_).*/", "any", "tmp_t", SL_DONE},
        {"/shop\\.users/", "shop", "Users", SL_DONE},
        {"/(?i)shop\\.users/", "shop", "Users", SL_OK},
        {"/shop\\.../", "shop", "\xc3\xa4\xc3\xb6", SL_OK}, /* characters, not bytes */
        {"/shop\\..*/", "shop", "\xff", SL_DONE},           /* no name: it is not UTF-8 */
        {"/(a)(b)\\.(c)\\3/", "ab", "cc", SL_OK},
        {"/shop\\.a$/", "shop", "a\n", SL_DONE},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_table_regex *regex = NULL;
        struct sl_err err = {0};
        int have;

        assert_ok(sl_table_regex_new(cases[i].pattern, &regex, &err), &err);
        have =
            sl_table_regex_match(regex, sl_check_span(cases[i].db), sl_check_span(cases[i].table));
        sl_table_regex_free(regex);
        if (have != cases[i].want) {
            fail_msg("%s on %s.%s: %d", cases[i].pattern, cases[i].db, cases[i].table, have);
        }
    }
}

static void what_is_no_regex_is_refused_with_the_place(void **state)
{
    struct sl_table_regex *regex = NULL;
    struct sl_err err = {0};

    (void)state;
    assert_int_equal(sl_table_regex_new("/a(/", &regex, &err), SL_EINVAL);
    assert_non_null(strstr(err.text, "at byte 2"));
    assert_int_equal(sl_table_regex_new("/a", &regex, &err), SL_EINVAL);
    assert_int_equal(sl_table_regex_new("//", &regex, &err), SL_EINVAL);
    assert_int_equal(sl_table_regex_new("/", &regex, &err), SL_EINVAL);
    assert_int_equal(sl_table_regex_new("/a\\C/", &regex, &err), SL_EINVAL);
    assert_null(regex);
    sl_table_regex_free(NULL);
}

/* Nobody may be left out because an expression is too hard: that has to come up. */
static void a_regex_without_end_is_an_error_and_no_answer(void **state)
{
    struct sl_table_rule rules[] = {{.pattern = "/(a+)+b/"},
                                    {.db_pattern = "*", .table_pattern = "*"}};
    const struct sl_table_rule *rule = NULL;
    struct sl_err err = {0};
    char name[61] = {0};

    (void)state;
    memset(name, 'a', sizeof(name) - 1);
    assert_ok(sl_table_regex_new("/(a+)+b\\..*/", &rules[0].regex, &err), &err);
    assert_int_equal(sl_rule_find(rules, 2, sl_check_span(name), sl_check_span(name), &rule, &err),
                     SL_EINVAL);
    assert_non_null(strstr(err.text, "too many steps"));
    assert_null(rule);
    assert_true(sl_rule_may_choose_in(&rules[0], sl_check_span(name)));
    sl_table_regex_free(rules[0].regex);
}

static void a_regex_tells_which_databases_it_can_reach(void **state)
{
    static const struct {
        const char *pattern;
        const char *db;
        bool want;
    } cases[] = {
        {"/shop\\.order_[0-9]+/", "shop", true},
        {"/shop\\.order_[0-9]+/", "sho", false},
        {"/shop\\.order_[0-9]+/", "shop2", false},
        {"/(shop|store)\\.a/", "store", true},
        {"/.*/", "any", true},
        {"/[a-z]+\\.x{64}/", "any", true},
        {"/shop\\./", "shop", true},
        {"/(?!shop\\.$).*/", "shop", true},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_table_rule rule = {.pattern = cases[i].pattern};
        struct sl_err err = {0};
        bool have;

        assert_ok(sl_table_regex_new(cases[i].pattern, &rule.regex, &err), &err);
        have = sl_rule_may_choose_in(&rule, sl_check_span(cases[i].db));
        sl_table_regex_free(rule.regex);
        if (have != cases[i].want) {
            fail_msg("%s in %s: %d", cases[i].pattern, cases[i].db, have);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs_match_as_documented),
        cmocka_unit_test(a_hard_glob_ends_soon),
        cmocka_unit_test(the_first_rule_that_matches_decides),
        cmocka_unit_test(a_rule_that_skips_leaves_out_what_a_later_one_would_take),
        cmocka_unit_test(a_regex_has_to_match_the_whole_name),
        cmocka_unit_test(what_is_no_regex_is_refused_with_the_place),
        cmocka_unit_test(a_regex_without_end_is_an_error_and_no_answer),
        cmocka_unit_test(a_regex_tells_which_databases_it_can_reach),
    };

    return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
