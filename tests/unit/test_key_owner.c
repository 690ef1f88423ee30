/* test_key_owner.c - which keys are certain to be of one table. */
#include "tests/support/check.h"

#include "filters/key_owner.h"

#define RULE(db, table, text)                                                  \
    {                                                                          \
        .pattern = db "." table, .db_pattern = (db), .table_pattern = (table), \
        .key_template = (text)                                                 \
    }

/* True when KEY is certain to be of shop.NAME, by the first of RULES. */
static bool owns(const struct sl_table_rule *rules, size_t count, const char *name, const char *key)
{
    const struct sl_table table = {
        .db = sl_check_span("shop"), .name = sl_check_span(name), .key_count = 1};
    struct sl_key_pattern *pattern = sl_key_owner_pattern(rules, count, &rules[0], &table);
    bool found;

    assert_non_null(pattern);
    found = pattern->matches(pattern, sl_check_span(key));
    pattern->free(pattern);
    return found;
}

static void keys_of_one_template_for_several_tables_are_nobodys(void **state)
{
    const struct sl_table_rule several[] = {RULE("shop", "order_*", "order:{id}")};
    const struct sl_table_rule one[] = {RULE("shop", "order_1", "order:{id}")};
    const struct sl_table_rule named[] = {RULE("shop", "order_*", "{table}:{id}")};
    const struct sl_table_rule rewritten[] = {RULE("shop", "order_*", "{table:/_.*//}:{id}")};
    const struct sl_table_rule databases[] = {RULE("*", "order_1", "{table}:{id}")};

    (void)state;
    assert_false(owns(several, 1, "order_1", "order:7"));
    assert_true(owns(one, 1, "order_1", "order:7"));
    assert_false(owns(rewritten, 1, "order_1", "order:7"));
    assert_true(owns(named, 1, "order_1", "order_1:7"));
    assert_false(owns(named, 1, "order_1", "order_2:7"));
    assert_false(owns(databases, 1, "order_1", "order_1:7"));
}

static void keys_that_another_rule_makes_are_nobodys(void **state)
{
    const struct sl_table_rule alike[] = {RULE("shop", "a", "row:{id}"),
                                          RULE("shop", "b", "row:{id}")};
    const struct sl_table_rule apart[] = {RULE("shop", "a", "a:{id}"), RULE("shop", "b", "b:{id}")};
    const struct sl_table_rule rewritten[] = {RULE("shop", "a_1", "{table:/_.*//}:{id}"),
                                              RULE("shop", "a_2", "{table:/_.*//}:{id}")};
    const struct sl_table_rule left_out[] = {
        RULE("shop", "a", "row:{id}"),
        {.pattern = "shop.b", .db_pattern = "shop", .table_pattern = "b", .skip = true}};

    (void)state;
    assert_false(owns(alike, 2, "a", "row:7"));
    assert_false(owns(rewritten, 2, "a_1", "a:7"));
    assert_true(owns(apart, 2, "a", "a:7"));
    assert_true(owns(left_out, 2, "a", "row:7"));
}

static void a_later_rule_for_all_tables_leaves_earlier_ones_their_keys(void **state)
{
    const struct sl_table_rule rules[] = {RULE("shop", "users", "{db}:{table}:{pk}"),
                                          RULE("*", "*", "{db}:{table}:{pk}")};

    (void)state;
    assert_true(owns(rules, 2, "users", "shop:users:7"));
    assert_false(owns(rules, 2, "users", "shop:orders:7"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_one_template_for_several_tables_are_nobodys),
        cmocka_unit_test(keys_that_another_rule_makes_are_nobodys),
        cmocka_unit_test(a_later_rule_for_all_tables_leaves_earlier_ones_their_keys),
    };

    return cmocka_run_group_tests_name("key_owner", tests, NULL, NULL);
}
