/* test_statement.c - which effects a statement has on the cache, one line each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/ddl.h"
#include "filters/mapper.h"
#include "filters/table_regex.h"

static const struct sl_table_rule rules[] = {
    {.pattern = "d.hidden",
     .db_pattern = "other",
     .table_pattern = "hidden",
     .key_template = "{db}:{table}:{pk}"},
    {.pattern = "d.?",
     .db_pattern = "d",
     .table_pattern = "?",
     .key_template = "{db}:{table}:{pk}"},
    {.pattern = "d.by_code",
     .db_pattern = "d",
     .table_pattern = "by_code",
     .key_template = "c:{code}"},
};

/* The same choice, made in another way. */
static struct sl_table_rule other_rules[] = {
    {.db_pattern = "d", .table_pattern = "un*", .skip = true},
    {.pattern = "/d\\.[a-z]/",
     .db_pattern = "*",
     .table_pattern = "*",
     .key_template = "{db}:{table}:{pk}"},
    {.pattern = "d.*", .db_pattern = "d", .table_pattern = "*", .key_template = "c:{code}:{table}"},
};

struct fixture {
    struct sl_mapper *mapper;
    char text[1024];
};

static int each(void *user, const struct sl_ddl *ddl, struct sl_err *err)
{
    struct fixture *fix = user;

    for (unsigned nth = 0;; nth++) {
        struct sl_effect effect = {0};
        int rc = fix->mapper->ops->ddl(fix->mapper, ddl, nth, &effect, err);
        size_t at = strlen(fix->text);

        if (rc != SL_OK) {
            return rc == SL_DONE ? SL_OK : rc;
        }
        if (effect.kind != SL_EFFECT_NONE) {
            (void)snprintf(fix->text + at, sizeof(fix->text) - at, "%s%s%s%s%.*s%s",
                           at > 0 ? "; " : "", effect.purge != NULL ? "purge " : "",
                           effect.purge != NULL ? effect.purge->glob : "",
                           effect.kind != SL_EFFECT_LOAD ? ""
                           : effect.purge != NULL        ? " load "
                                                         : "load ",
                           (int)effect.table.len,
                           effect.table.len > 0 ? (const char *)effect.table.data : "",
                           effect.unless_primary ? " unless primary" : "");
        }
        if (effect.purge != NULL) {
            effect.purge->free(effect.purge);
        }
    }
}

static const char *effects(struct fixture *fix, const char *sql)
{
    struct sl_err err = {0};

    fix->text[0] = '\0';
    assert_int_equal(
        sl_ddl_parse(sl_span_make("d", 1), sl_span_make(sql, strlen(sql)), each, fix, &err), SL_OK);
    return fix->text;
}

/* The mapper meets a table with columns id, code, v, whose key is KEY. */
static void meet(struct fixture *fix, const char *name, uint32_t key, bool is_primary)
{
    struct sl_column columns[3] = {{.name = sl_span_make("id", 2)},
                                   {.name = sl_span_make("code", 4)},
                                   {.name = sl_span_make("v", 1)}};
    struct sl_table table = {.db = sl_span_make("d", 1),
                             .name = sl_span_make(name, strlen(name)),
                             .columns = columns,
                             .column_count = 3,
                             .key = &key,
                             .key_count = 1,
                             .has_names = true,
                             .key_is_primary = is_primary};
    struct sl_err err = {0};

    assert_int_equal(fix->mapper->ops->table(fix->mapper, &table, &err), SL_OK);
    table.user_free(table.user);
}

static int open_it(void **state)
{
    static struct fixture fix;

    fix.mapper = sl_rule_mapper_new(rules, sizeof(rules) / sizeof(rules[0]), NULL);
    *state = &fix;
    return fix.mapper == NULL;
}

static int open_others(void **state)
{
    static struct fixture fix;

    if (sl_table_regex_new(other_rules[1].pattern, &other_rules[1].regex, NULL) != SL_OK) {
        return 1;
    }
    fix.mapper =
        sl_rule_mapper_new(other_rules, sizeof(other_rules) / sizeof(other_rules[0]), NULL);
    *state = &fix;
    return fix.mapper == NULL;
}

static int close_it(void **state)
{
    struct fixture *fix = *state;

    fix->mapper->ops->free(fix->mapper);
    return 0;
}

static int close_others(void **state)
{
    sl_table_regex_free(other_rules[1].regex);
    return close_it(state);
}

static void rename_purges_the_old_name_and_loads_the_new(void **state)
{
    assert_string_equal(effects(*state, "RENAME TABLE a TO b"), "purge d:a:*; load b");
    assert_string_equal(effects(*state, "RENAME TABLE a TO unwanted"), "purge d:a:*");
    assert_string_equal(effects(*state, "RENAME TABLE unwanted TO a"), "load a");
    assert_string_equal(effects(*state, "ALTER TABLE a RENAME b, ADD x INT"),
                        "purge d:a:*; load b");
    assert_string_equal(effects(*state, "RENAME TABLE x.y TO y.x"), "");
}

static void parts_of_a_swap_come_in_their_order(void **state)
{
    assert_string_equal(effects(*state, "RENAME TABLE a TO t, b TO a, t TO b"),
                        "purge d:a:*; load t; purge d:b:*; load a; purge d:t:*; load b");
    assert_string_equal(effects(*state, "RENAME TABLE a TO _a_del, _a_gho TO a"),
                        "purge d:a:*; load a");
}

static void changed_column_loads_in_place_while_the_key_is_known_and_not_mentioned(void **state)
{
    assert_string_equal(effects(*state, "ALTER TABLE a ADD x INT"), "purge d:a:* load a");
    meet(*state, "a", 0, true);
    assert_string_equal(effects(*state, "ALTER TABLE a ADD x INT"), "load a");
    assert_string_equal(effects(*state, "ALTER TABLE a MODIFY v BIGINT"), "load a");
    assert_string_equal(effects(*state, "ALTER TABLE a MODIFY `ID` BIGINT"), "purge d:a:* load a");
    assert_string_equal(effects(*state, "ALTER TABLE a DROP PRIMARY KEY"), "purge d:a:* load a");
    assert_string_equal(effects(*state, "ALTER TABLE a DROP PARTITION p"), "purge d:a:* load a");
    assert_string_equal(effects(*state, "ALTER TABLE a CONVERT TO CHARACTER SET latin1"),
                        "purge d:a:* load a");
    (void)effects(*state, "DROP TABLE a"); /* a new table may have another key */
    assert_string_equal(effects(*state, "ALTER TABLE a ADD x INT"), "purge d:a:* load a");
}

static void columns_of_the_template_are_the_key_as_well(void **state)
{
    meet(*state, "by_code", 0, true);
    assert_string_equal(effects(*state, "ALTER TABLE by_code MODIFY id BIGINT"), "load by_code");
    assert_string_equal(effects(*state, "ALTER TABLE by_code MODIFY code BINARY(9)"),
                        "purge c:* load by_code");
    assert_string_equal(effects(*state, "DROP INDEX i ON by_code"), "");
}

static void indexes_matter_to_tables_that_one_of_them_tells_apart(void **state)
{
    assert_string_equal(effects(*state, "DROP INDEX i ON a"), "purge d:a:* load a unless primary");
    meet(*state, "a", 0, true);
    assert_string_equal(effects(*state, "DROP INDEX i ON a"), "");
    meet(*state, "a", 0, false);
    assert_string_equal(effects(*state, "DROP INDEX i ON a"), "purge d:a:* load a unless primary");
    assert_string_equal(effects(*state, "CREATE INDEX i ON a (v)"), "");
}

static void statements_of_other_tables_and_harmless_ones_do_nothing(void **state)
{
    assert_string_equal(effects(*state, "ALTER TABLE unwanted ADD x INT"), "");
    assert_string_equal(effects(*state, "ALTER TABLE a ADD INDEX (v), COMMENT 'x'"), "");
    assert_string_equal(effects(*state, "CREATE TABLE a (id INT)"), "");
}

static void rules_by_regex_and_rules_that_skip_decide_as_for_rows(void **state)
{
    assert_string_equal(effects(*state, "RENAME TABLE a TO unwanted"), "purge d:a:*");
    assert_string_equal(effects(*state, "RENAME TABLE unwanted TO a"), "load a");
    assert_string_equal(effects(*state, "RENAME TABLE a TO long"), "purge d:a:*; load long");
    assert_string_equal(effects(*state, "TRUNCATE long"), "purge c:*:long");
    assert_string_equal(effects(*state, "TRUNCATE unwanted"), "");
    assert_string_equal(effects(*state, "ALTER TABLE unwanted ADD x INT"), "");
    assert_string_equal(effects(*state, "UPDATE unwanted SET v=1"), "");
    assert_string_equal(effects(*state, "DROP DATABASE d"), "purge d:*:*; purge c:*:*");
    assert_string_equal(effects(*state, "DROP DATABASE x"), "");
}

static void row_written_by_statement_is_a_gap(void **state)
{
    struct sl_err err = {0};

    assert_int_equal(
        sl_ddl_parse(sl_span_make("d", 1), sl_span_make("DELETE FROM a", 13), each, *state, &err),
        SL_EGAP);
    assert_non_null(strstr(err.text, "d.a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rename_purges_the_old_name_and_loads_the_new, open_it,
                                        close_it),
        cmocka_unit_test_setup_teardown(parts_of_a_swap_come_in_their_order, open_it, close_it),
        cmocka_unit_test_setup_teardown(
            changed_column_loads_in_place_while_the_key_is_known_and_not_mentioned, open_it,
            close_it),
        cmocka_unit_test_setup_teardown(columns_of_the_template_are_the_key_as_well, open_it,
                                        close_it),
        cmocka_unit_test_setup_teardown(indexes_matter_to_tables_that_one_of_them_tells_apart,
                                        open_it, close_it),
        cmocka_unit_test_setup_teardown(statements_of_other_tables_and_harmless_ones_do_nothing,
                                        open_it, close_it),
        cmocka_unit_test_setup_teardown(rules_by_regex_and_rules_that_skip_decide_as_for_rows,
                                        open_others, close_others),
        cmocka_unit_test_setup_teardown(row_written_by_statement_is_a_gap, open_it, close_it),
    };

    return cmocka_run_group_tests_name("statement", tests, NULL, NULL);
}
