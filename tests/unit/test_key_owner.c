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
    struct sl_key_pattern *pattern = sl_key_owner_pattern(rules, count, &rules[0], 0, &table);
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

/* True when the item NAME is certain to be of shop.NAME's index, by the first of RULES. */
static bool owns_item(const struct sl_table_rule *rules, size_t count, const char *table_name,
                      const char *name)
{
    const struct sl_table table = {
        .db = sl_check_span("shop"), .name = sl_check_span(table_name), .key_count = 1};
    struct sl_key_pattern *pattern = sl_key_owner_pattern(rules, count, &rules[0], 1, &table);
    bool found;

    assert_non_null(pattern);
    found = pattern->matches(pattern, sl_check_span(name));
    pattern->free(pattern);
    return found;
}

#define INDEXED(table, index_)                                                    \
    {                                                                             \
        .pattern = "shop." table, .db_pattern = "shop", .table_pattern = (table), \
        .key_template = "{table}:{pk}", .indexes = &(index_), .index_count = 1    \
    }

static void members_are_of_the_table_that_they_or_their_set_name(void **state)
{
    static const struct sl_row_index plain = {"of:{user}", "{id}", true};
    static const struct sl_row_index named = {"of:{user}", "{table}.{id}", true};
    static const struct sl_row_index set_named = {"of:{table}:{user}", "{id}", true};
    static const struct sl_row_index other = {"of:{mail}", "{id}", true};
    static const struct sl_row_index other_string = {"of:{mail}", "{id}", false};
    const struct sl_table_rule one[] = {INDEXED("a", plain)};
    const struct sl_table_rule several[] = {INDEXED("a_*", plain)};
    const struct sl_table_rule told[] = {INDEXED("a_*", named)};
    const struct sl_table_rule sets[] = {INDEXED("a_*", set_named)};
    const struct sl_table_rule alike[] = {INDEXED("a", plain), INDEXED("b", other)};
    const struct sl_table_rule strings[] = {INDEXED("a", other_string), INDEXED("b", plain)};

    (void)state;
    assert_true(owns_item(one, 1, "a", "$4\r\nof:3\r\n$1\r\n7"));
    assert_true(owns_item(one, 1, "a", "$4\r\nof:3\r\n$2\r\n::")); /* nobody else's */
    assert_false(owns_item(one, 1, "a", "of:3"));
    assert_false(owns_item(several, 1, "a_1", "$4\r\nof:3\r\n$1\r\n7"));
    assert_true(owns_item(told, 1, "a_1", "$4\r\nof:3\r\n$5\r\na_1.7"));
    assert_false(owns_item(told, 1, "a_1", "$4\r\nof:3\r\n$5\r\na_2.7"));
    assert_true(owns_item(sets, 1, "a_1", "$8\r\nof:a_1:3\r\n$1\r\n7"));
    assert_false(owns_item(sets, 1, "a_1", "$8\r\nof:a_2:3\r\n$1\r\n7"));
    assert_false(owns_item(alike, 2, "a", "$4\r\nof:3\r\n$1\r\n7"));
    assert_false(owns_item(strings, 2, "a", "of:3"));
    assert_true(owns_item(strings, 1, "a", "of:3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_one_template_for_several_tables_are_nobodys),
        cmocka_unit_test(keys_that_another_rule_makes_are_nobodys),
        cmocka_unit_test(members_are_of_the_table_that_they_or_their_set_name),
        cmocka_unit_test(a_later_rule_for_all_tables_leaves_earlier_ones_their_keys),
    };

    return cmocka_run_group_tests_name("key_owner", tests, NULL, NULL);
}
