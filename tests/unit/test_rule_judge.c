/* test_rule_judge.c - what becomes of a table whose keys were made by other rules. */
#include "tests/support/check.h"

#include "filters/rule_judge.h"

#define RULE(db, table, text)                                                  \
    {                                                                          \
        .pattern = db "." table, .db_pattern = (db), .table_pattern = (table), \
        .key_template = (text)                                                 \
    }
#define SKIP(db, table)                                                                     \
    {                                                                                       \
        .pattern = db "." table, .db_pattern = (db), .table_pattern = (table), .skip = true \
    }

/* What COUNT rules of yesterday say of shop.NAME. */
static struct sl_rule_record record_of(const struct sl_table_rule *rules, size_t count,
                                       const char *name)
{
    struct sl_rule_judge *judge = sl_rule_judge_new(rules, count);
    struct sl_rule_record record = {0};
    struct sl_err err = {0};

    assert_non_null(judge);
    assert_ok(judge->ops->record(judge, sl_check_span("shop"), sl_check_span(name), &record, &err),
              &err);
    judge->ops->free(judge);
    return record;
}

struct verdict {
    enum sl_rule_fate fate;
    bool is_shared;
    bool goes[4]; /* for each of the keys */
};

/* Releases OLD. */
static struct verdict judge(const struct sl_table_rule *rules, size_t count, const char *name,
                            struct sl_rule_record *old, const char *const keys[4])
{
    struct sl_rule_judge *judge = sl_rule_judge_new(rules, count);
    struct verdict verdict = {0};
    struct sl_rule_change change;
    struct sl_err err = {0};

    assert_non_null(judge);
    assert_ok(
        judge->ops->compare(judge, sl_check_span("shop"), sl_check_span(name), old, &change, &err),
        &err);
    verdict.fate = change.fate;
    verdict.is_shared = change.is_shared;
    for (size_t i = 0; change.purge != NULL && i < 4 && keys[i] != NULL; i++) {
        verdict.goes[i] = change.purge->matches(change.purge, sl_check_span(keys[i]));
    }
    if (change.purge != NULL) {
        change.purge->free(change.purge);
    }
    judge->ops->free(judge);
    sl_rule_record_release(old);
    return verdict;
}

static const char *const no_keys[4];

static void the_same_rule_under_another_pattern_is_the_same(void **state)
{
    const struct sl_table_rule before[] = {RULE("shop", "*", "{db}:{table}:{pk}")};
    const struct sl_table_rule now[] = {RULE("*", "users", "{db}:{table}:{pk}")};
    struct sl_rule_record old = record_of(before, 1, "users");

    (void)state;
    assert_int_equal(judge(now, 1, "users", &old, no_keys).fate, SL_RULE_SAME);
}

static void other_values_of_the_same_keys_are_loaded(void **state)
{
    struct sl_table_rule rules[] = {RULE("shop", "users", "{db}:{table}:{pk}")};
    struct sl_rule_record old = record_of(rules, 1, "users");

    (void)state;
    rules[0].ttl_s = 60;
    assert_int_equal(judge(rules, 1, "users", &old, no_keys).fate, SL_RULE_LOAD);
    old = record_of(rules, 1, "users");
    old.is_stale = true;
    assert_int_equal(judge(rules, 1, "users", &old, no_keys).fate, SL_RULE_LOAD);
}

static void keys_of_another_kind_go_though_their_names_are_the_same(void **state)
{
    const char *const keys[4] = {"shop:users:7", "shop:orders:7", "shop:users:7:cart", NULL};
    struct sl_table_rule rules[] = {RULE("shop", "*", "{db}:{table}:{pk}")};
    struct sl_rule_record old = record_of(rules, 1, "users");
    struct verdict verdict;

    (void)state;
    old.pk_count = 1;
    rules[0].value = SL_VALUE_JSON;
    verdict = judge(rules, 1, "users", &old, keys);
    assert_int_equal(verdict.fate, SL_RULE_PURGE);
    assert_true(verdict.goes[0]);
    assert_false(verdict.goes[1]);
    assert_false(verdict.goes[2]);
    assert_false(verdict.is_shared);
}

static void keys_that_another_table_has_now_stay(void **state)
{
    const char *const keys[4] = {"shop:users:7", "shop:orders:7", "shop:none:7", NULL};
    const struct sl_table_rule before[] = {RULE("shop", "odd", "{db}:{a}:{b}"),
                                           RULE("shop", "*", "{db}:{table}:{pk}")};
    const struct sl_table_rule now[] = {SKIP("shop", "none"),
                                        RULE("shop", "*", "{db}:{table}:{pk}")};
    struct sl_rule_record old = record_of(before, 2, "odd");
    struct verdict verdict = judge(now, 2, "odd", &old, keys);

    (void)state;
    assert_int_equal(verdict.fate, SL_RULE_PURGE);
    assert_false(verdict.goes[0]);
    assert_false(verdict.goes[1]);
    assert_true(verdict.goes[2]);
}

static void a_table_that_is_not_chosen_any_more_is_gone(void **state)
{
    const char *const keys[4] = {"shop:users:7", "shop:orders:7", NULL, NULL};
    const struct sl_table_rule before[] = {RULE("shop", "*", "{db}:{table}:{pk}")};
    const struct sl_table_rule now[] = {SKIP("shop", "users"),
                                        RULE("shop", "*", "{db}:{table}:{pk}")};
    struct sl_rule_record old = record_of(before, 1, "users");
    struct verdict verdict = judge(now, 2, "users", &old, keys);

    (void)state;
    assert_int_equal(verdict.fate, SL_RULE_GONE);
    assert_true(verdict.goes[0]);
    assert_false(verdict.goes[1]);
}

static void keys_that_nothing_tells_apart_go_together_or_not_at_all(void **state)
{
    const char *const keys[4] = {"order:7", NULL, NULL, NULL};
    struct sl_table_rule rules[] = {RULE("shop", "order_*", "order:{id}")};
    const struct sl_table_rule without[] = {SKIP("shop", "order_1"),
                                            RULE("shop", "order_*", "order:{id}")};
    struct sl_rule_record old = record_of(rules, 1, "order_1");
    struct verdict verdict = judge(without, 2, "order_1", &old, keys);

    (void)state;
    assert_int_equal(verdict.fate, SL_RULE_GONE);
    assert_true(verdict.is_shared);
    assert_false(verdict.goes[0]);
    old = record_of(rules, 1, "order_1");
    rules[0].value = SL_VALUE_JSON;
    verdict = judge(rules, 1, "order_1", &old, keys);
    assert_int_equal(verdict.fate, SL_RULE_PURGE);
    assert_true(verdict.is_shared);
    assert_true(verdict.goes[0]);
}

static void templates_that_are_none_match_nothing(void **state)
{
    static const char *const wrong[] = {"{id", "x", "", "a\0b{id}"};
    const struct sl_table_rule now[] = {RULE("shop", "users", "{db}:{table}:{pk}")};
    const char *const keys[4] = {"x", "", "7", NULL};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(wrong); i++) {
        struct sl_rule_record old = {.form = "hash"};
        struct verdict verdict;

        assert_int_equal(sl_rule_record_add_template(
                             &old, sl_span_make(wrong[i], i == 3 ? 7 : strlen(wrong[i]))),
                         SL_OK);
        verdict = judge(now, 1, "users", &old, keys);
        assert_int_equal(verdict.fate, SL_RULE_PURGE);
        assert_false(verdict.goes[0] || verdict.goes[1] || verdict.goes[2]);
    }
}

static void several_templates_are_all_looked_for(void **state)
{
    const struct sl_table_rule now[] = {RULE("shop", "users", "{db}:{table}:{pk}")};
    const char *const keys[4] = {"u:7", "mail:x", "other:7", NULL};
    struct sl_rule_record old = {.form = "hash"};
    struct verdict verdict;

    (void)state;
    assert_int_equal(sl_rule_record_add_template(&old, sl_check_span("u:{id}")), SL_OK);
    assert_int_equal(sl_rule_record_add_template(&old, sl_check_span("mail:{mail}")), SL_OK);
    verdict = judge(now, 1, "users", &old, keys);
    assert_true(verdict.goes[0]);
    assert_true(verdict.goes[1]);
    assert_false(verdict.goes[2]);
}

/* A rule with one index, whose rows have parts if PARTS is not NULL. */
static struct sl_table_rule rule_of(const struct sl_row_index *index, const char *parts)
{
    struct sl_table_rule rule = RULE("shop", "users", parts != NULL ? "u:{id}:" : "u:{id}");

    rule.transform = "function(row) return row end";
    rule.part_template = parts;
    rule.indexes = index;
    rule.index_count = index != NULL;
    return rule;
}

static void rows_that_get_parts_lose_their_keys_and_the_other_way_round(void **state)
{
    const char *const keys[4] = {"u:7", "u:7:head", "u:7:a:b", NULL};
    const struct sl_table_rule rows = rule_of(NULL, NULL);
    const struct sl_table_rule parts = rule_of(NULL, "u:{id}:{part}");
    struct sl_rule_record old = record_of(&rows, 1, "users");
    struct verdict verdict = judge(&parts, 1, "users", &old, keys);

    (void)state;
    assert_int_equal(verdict.fate, SL_RULE_PURGE);
    assert_true(verdict.goes[0]);
    assert_false(verdict.goes[1]);
    old = record_of(&parts, 1, "users");
    verdict = judge(&rows, 1, "users", &old, keys);
    assert_int_equal(verdict.fate, SL_RULE_PURGE);
    assert_false(verdict.goes[0]);
    assert_true(verdict.goes[1]);
    assert_false(verdict.goes[2]);
}

static void another_function_or_an_index_more_leaves_the_parts_to_a_load(void **state)
{
    static const struct sl_row_index index = {.key = "m:{mail}", .value = "{id}"};
    struct sl_table_rule now = rule_of(NULL, "u:{id}:{part}");
    struct sl_rule_record old = record_of(&now, 1, "users");

    (void)state;
    assert_string_equal(old.form, "hash/p");
    now.transform = "function(row) return { a = row } end";
    assert_int_equal(judge(&now, 1, "users", &old, no_keys).fate, SL_RULE_LOAD);
    old = record_of(&now, 1, "users");
    now = rule_of(&index, "u:{id}:{part}");
    assert_int_equal(judge(&now, 1, "users", &old, no_keys).fate, SL_RULE_LOAD);
    old = record_of(&now, 1, "users");
    assert_string_equal(old.form, "hash/p+k");
    assert_int_equal(judge(&now, 1, "users", &old, no_keys).fate, SL_RULE_SAME);
    old = record_of(&now, 1, "users");
    now.part_template = "u:{id}:{part}:x";
    assert_int_equal(judge(&now, 1, "users", &old, no_keys).fate, SL_RULE_PURGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_rule_under_another_pattern_is_the_same),
        cmocka_unit_test(other_values_of_the_same_keys_are_loaded),
        cmocka_unit_test(keys_of_another_kind_go_though_their_names_are_the_same),
        cmocka_unit_test(keys_that_another_table_has_now_stay),
        cmocka_unit_test(a_table_that_is_not_chosen_any_more_is_gone),
        cmocka_unit_test(keys_that_nothing_tells_apart_go_together_or_not_at_all),
        cmocka_unit_test(templates_that_are_none_match_nothing),
        cmocka_unit_test(several_templates_are_all_looked_for),
        cmocka_unit_test(rows_that_get_parts_lose_their_keys_and_the_other_way_round),
        cmocka_unit_test(another_function_or_an_index_more_leaves_the_parts_to_a_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
