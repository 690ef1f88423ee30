/* What statements mean for keys that several tables share, or that no row has told of yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "filters/statement.h"
#include "filters/table_regex.h"

static struct sl_span text(const char *string)
{
    return sl_span_make(string, strlen(string));
}

static struct sl_table_rule rule(const char *db, const char *table, const char *key)
{
    return (struct sl_table_rule){
        .pattern = "RULE", .db_pattern = db, .table_pattern = table, .key_template = key};
}

struct verdict {
    int rc;
    enum sl_effect_kind kind;
    bool purges;
};

static struct verdict judge(struct sl_table_rule rule, struct sl_ddl ddl)
{
    struct sl_known_keys keys = {0};
    struct sl_statement_context context = {.rules = &rule, .count = 1, .keys = &keys};
    struct sl_effect effect = {0};
    struct sl_err err = {0};
    struct verdict verdict;

    verdict.rc = sl_statement_judge(&context, &ddl, 0, &effect, &err);
    verdict.kind = effect.kind;
    verdict.purges = effect.purge != NULL;
    if (effect.purge != NULL) {
        effect.purge->free(effect.purge);
    }
    assert_int_equal(err.status, verdict.rc == SL_OK ? SL_OK : verdict.rc);
    sl_known_keys_release(&keys);
    return verdict;
}

static struct sl_ddl statement(enum sl_ddl_kind kind, const char *table)
{
    return (struct sl_ddl){.kind = kind, .db = text("shop"), .table = text(table)};
}

static void test_keys_of_several_tables_are_not_purged_for_one(void **state)
{
    (void)state;
    assert_int_equal(
        judge(rule("shop", "order_*", "order:{id}"), statement(SL_DDL_TRUNCATE, "order_1")).rc,
        SL_EGAP);
    assert_int_equal(
        judge(rule("shop", "order_*", "order:{id}"), statement(SL_DDL_DROP_TABLE, "order_1")).rc,
        SL_EGAP);
    assert_int_equal(
        judge(rule("*", "orders", "order:{table}:{id}"), statement(SL_DDL_TRUNCATE, "orders")).rc,
        SL_EGAP);
    assert_int_equal(
        judge(rule("*", "orders", "order:{id}"), statement(SL_DDL_DROP_DATABASE, "")).rc, SL_EGAP);
    assert_int_equal(
        judge(rule("shop", "order_*", "{table:/_.*//}:{id}"), statement(SL_DDL_TRUNCATE, "order_1"))
            .rc,
        SL_EGAP);
    /* Literal braces name no table. */
    assert_int_equal(
        judge(rule("shop", "order_*", "{{table}}:{id}"), statement(SL_DDL_TRUNCATE, "order_1")).rc,
        SL_EGAP);
}

static void test_keys_of_one_table_are_purged(void **state)
{
    (void)state;
    assert_true(
        judge(rule("shop", "order_*", "{table}:{id}"), statement(SL_DDL_TRUNCATE, "order_1"))
            .purges);
    assert_true(
        judge(rule("shop", "orders", "order:{id}"), statement(SL_DDL_TRUNCATE, "orders")).purges);
    assert_true(
        judge(rule("shop", "order_*", "order:{id}"), statement(SL_DDL_DROP_DATABASE, "")).purges);
}

static struct sl_ddl alter(const char *sql)
{
    struct sl_ddl ddl = statement(SL_DDL_ALTER_TABLE, "order_1");

    ddl.reshapes = true;
    ddl.text = text(sql);
    return ddl;
}

static void test_a_new_column_empties_no_cache_when_the_template_tells_the_key(void **state)
{
    struct verdict verdict =
        judge(rule("shop", "order_*", "order:{id}"), alter("ALTER TABLE order_1 ADD note INT"));

    (void)state;
    assert_int_equal(verdict.rc, SL_OK);
    assert_int_equal(verdict.kind, SL_EFFECT_LOAD);
    assert_false(verdict.purges);
    assert_int_equal(
        judge(rule("shop", "order_*", "order:{id}"), alter("ALTER TABLE order_1 MODIFY id CHAR(9)"))
            .rc,
        SL_EGAP);
    assert_true(
        judge(rule("shop", "order_1", "order:{id}"), alter("ALTER TABLE order_1 MODIFY id CHAR(9)"))
            .purges);
    assert_true(
        judge(rule("shop", "order_1", "order:{pk}"), alter("ALTER TABLE order_1 ADD note INT"))
            .purges);
}

/* USE log; UPDATE shop.a JOIN shop.b …, by statement: the current database says nothing. */
static void test_statements_reach_into_other_databases(void **state)
{
    struct sl_ddl ddl = {.kind = SL_DDL_DML, .db = text("log")};

    (void)state;
    ddl.text = text("UPDATE shop.a JOIN shop.b USING (id) SET a.v = b.v");
    assert_int_equal(judge(rule("shop", "a", "{table}:{id}"), ddl).rc, SL_EGAP);
    ddl.text = text("UPDATE a JOIN b USING (id) SET a.v = b.v");
    assert_int_equal(judge(rule("shop", "a", "{table}:{id}"), ddl).rc, SL_OK);
    assert_int_equal(judge(rule("sh*", "a", "{table}:{id}"), ddl).rc, SL_EGAP);
}

/* A regular expression may take any table of any database. */
static void test_a_regex_needs_db_and_table_in_the_key(void **state)
{
    struct sl_table_rule by_regex = rule("*", "*", "{table}:{id}");
    struct sl_err err = {0};

    (void)state;
    assert_int_equal(sl_table_regex_new("/shop\\.order_[0-9]/", &by_regex.regex, &err), SL_OK);
    assert_int_equal(judge(by_regex, statement(SL_DDL_TRUNCATE, "order_1")).rc, SL_EGAP);
    assert_int_equal(judge(by_regex, statement(SL_DDL_DROP_DATABASE, "")).rc, SL_EGAP);
    by_regex.key_template = "{db}:{table}:{id}";
    assert_true(judge(by_regex, statement(SL_DDL_TRUNCATE, "order_1")).purges);
    assert_true(judge(by_regex, statement(SL_DDL_DROP_DATABASE, "")).purges);
    assert_false(judge(by_regex, statement(SL_DDL_TRUNCATE, "order_10")).purges);
    sl_table_regex_free(by_regex.regex);
}

static void test_what_cannot_be_read_about_tables_is_a_gap(void **state)
{
    struct sl_ddl ddl = {.kind = SL_DDL_UNPARSED, .db = text("shop")};

    (void)state;
    ddl.text = text("ALTER TABLE a GIBBERISH PARTITION p");
    assert_int_equal(judge(rule("shop", "a", "{table}:{id}"), ddl).rc, SL_EGAP);
    assert_int_equal(judge(rule("other", "a", "{table}:{id}"), ddl).rc, SL_OK);
    assert_int_equal(judge(rule("shop", "b", "{table}:{id}"), ddl).rc, SL_OK);
    ddl.text = text("CREATE GIBBERISH a");
    assert_int_equal(judge(rule("shop", "a", "{table}:{id}"), ddl).rc, SL_OK);
}

static void test_keys_of_two_rules_with_one_template_are_not_purged(void **state)
{
    const struct sl_table_rule rules[] = {rule("shop", "a", "row:{id}"),
                                          rule("shop", "b", "row:{id}"),
                                          rule("shop", "c", "{table}:{id}")};
    struct sl_known_keys keys = {0};
    struct sl_statement_context context = {.rules = rules, .count = 3, .keys = &keys};
    struct sl_effect effect = {0};
    struct sl_ddl ddl = statement(SL_DDL_TRUNCATE, "a");

    (void)state;
    assert_int_equal(sl_statement_judge(&context, &ddl, 0, &effect, NULL), SL_EGAP);
    context.count = 1;
    assert_int_equal(sl_statement_judge(&context, &ddl, 0, &effect, NULL), SL_OK);
    effect.purge->free(effect.purge);
    context.count = 3;
    ddl = statement(SL_DDL_TRUNCATE, "c");
    assert_int_equal(sl_statement_judge(&context, &ddl, 0, &effect, NULL), SL_OK);
    effect.purge->free(effect.purge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_of_two_rules_with_one_template_are_not_purged),
        cmocka_unit_test(test_keys_of_several_tables_are_not_purged_for_one),
        cmocka_unit_test(test_keys_of_one_table_are_purged),
        cmocka_unit_test(test_a_new_column_empties_no_cache_when_the_template_tells_the_key),
        cmocka_unit_test(test_statements_reach_into_other_databases),
        cmocka_unit_test(test_a_regex_needs_db_and_table_in_the_key),
        cmocka_unit_test(test_what_cannot_be_read_about_tables_is_a_gap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
