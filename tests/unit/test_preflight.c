/* What a server says about itself is judged, with the statement that mends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cdc/preflight.h"

struct sl_seen {
    const char *topic; /* wanted; the last line of this topic is kept */
    const char *part;  /* of the sentence, to tell lines of one topic apart; NULL: any */
    int level;         /* -1: no such line */
    char fix[256];
    int worst;
};

static void look(void *user, const struct sl_check_line *line)
{
    struct sl_seen *seen = user;

    if ((int)line->level > seen->worst) {
        seen->worst = (int)line->level;
    }
    if (strcmp(line->topic, seen->topic) == 0 &&
        (seen->part == NULL || strstr(line->text, seen->part) != NULL)) {
        seen->level = (int)line->level;
        (void)snprintf(seen->fix, sizeof(seen->fix), "%s", line->fix);
    }
}

static struct sl_source_facts good_mysql(void)
{
    return (struct sl_source_facts){
        .flavor = SL_FLAVOR_MYSQL,
        .version = 80407,
        .version_text = "8.4.7",
        .account = "'sluice'@'%'",
        .log_bin = true,
        .server_id = 1,
        .binlog_format = "ROW",
        .row_image = "FULL",
        .row_metadata = "FULL",
        .gtid_mode = "ON",
        .checksum = "CRC32",
        .keep_seconds = 2592000,
        .may_replicate = true,
        .may_see_log = true,
    };
}

static struct sl_seen judge(const struct sl_source_facts *facts, const char *topic,
                            const char *part)
{
    struct sl_seen seen = {.topic = topic, .part = part, .level = -1};

    sl_preflight_source(facts, look, &seen);
    return seen;
}

static void a_server_as_recommended_is_all_ok(void **state)
{
    struct sl_source_facts facts = good_mysql();

    (void)state;
    assert_int_equal(judge(&facts, "version", NULL).worst, SL_CHECK_OK);
    facts.flavor = SL_FLAVOR_MARIADB;
    facts.version = 101119;
    facts.gtid_mode[0] = '\0';
    assert_int_equal(judge(&facts, "version", NULL).worst, SL_CHECK_OK);
}

static void a_server_without_a_log_or_id_fails(void **state)
{
    struct sl_source_facts facts = good_mysql();

    (void)state;
    facts.log_bin = false;
    assert_int_equal(judge(&facts, "log_bin", NULL).level, SL_CHECK_FAIL);
    facts = good_mysql();
    facts.server_id = 0;
    assert_int_equal(judge(&facts, "server_id", NULL).level, SL_CHECK_FAIL);
}

static void statement_format_fails_and_is_mended_as_the_server_can(void **state)
{
    struct sl_source_facts facts = good_mysql();
    struct sl_seen seen;

    (void)state;
    (void)snprintf(facts.binlog_format, sizeof(facts.binlog_format), "MIXED");
    seen = judge(&facts, "binlog_format", NULL);
    assert_int_equal(seen.level, SL_CHECK_FAIL);
    assert_string_equal(seen.fix, "SET PERSIST binlog_format = ROW");
    facts.version = 50744;
    seen = judge(&facts, "binlog_format", NULL);
    assert_non_null(strstr(seen.fix, "SET GLOBAL binlog_format = ROW (and the same"));
    facts.version = 110402;
    facts.flavor = SL_FLAVOR_MARIADB;
    assert_non_null(strstr(judge(&facts, "binlog_format", NULL).fix, "SET GLOBAL"));
}

static void a_missing_privilege_fails_with_the_grant(void **state)
{
    struct sl_source_facts facts = good_mysql();
    struct sl_seen seen;

    (void)state;
    facts.may_replicate = false;
    seen = judge(&facts, "privilege", "REPLICATION SLAVE");
    assert_int_equal(seen.level, SL_CHECK_FAIL);
    assert_string_equal(seen.fix, "GRANT REPLICATION SLAVE ON *.* TO 'sluice'@'%'");
    facts.may_see_log = false;
    assert_string_equal(judge(&facts, "privilege", "position").fix,
                        "GRANT REPLICATION CLIENT ON *.* TO 'sluice'@'%'");
    facts.flavor = SL_FLAVOR_MARIADB;
    assert_string_equal(judge(&facts, "privilege", "position").fix,
                        "GRANT BINLOG MONITOR ON *.* TO 'sluice'@'%'");
}

static void an_index_needs_the_old_values(void **state)
{
    struct sl_source_facts facts = good_mysql();

    (void)state;
    facts.needs_old_values = true;
    assert_int_equal(judge(&facts, "binlog_row_image", NULL).level, SL_CHECK_OK);
    (void)snprintf(facts.row_image, sizeof(facts.row_image), "NOBLOB");
    assert_int_equal(judge(&facts, "binlog_row_image", "index").level, SL_CHECK_FAIL);
    assert_string_equal(judge(&facts, "binlog_row_image", "index").fix,
                        "SET PERSIST binlog_row_image = FULL");
}

static void what_works_with_limits_is_a_warning(void **state)
{
    struct sl_source_facts facts = good_mysql();

    (void)state;
    (void)snprintf(facts.row_image, sizeof(facts.row_image), "MINIMAL");
    (void)snprintf(facts.row_metadata, sizeof(facts.row_metadata), "MINIMAL");
    (void)snprintf(facts.gtid_mode, sizeof(facts.gtid_mode), "OFF");
    (void)snprintf(facts.checksum, sizeof(facts.checksum), "NONE");
    facts.keep_seconds = 3600;
    facts.version = 50600;
    assert_int_equal(judge(&facts, "binlog_row_image", NULL).level, SL_CHECK_WARN);
    assert_int_equal(judge(&facts, "binlog_row_metadata", NULL).level, SL_CHECK_WARN);
    assert_int_equal(judge(&facts, "gtid_mode", NULL).level, SL_CHECK_WARN);
    assert_int_equal(judge(&facts, "binlog_checksum", NULL).level, SL_CHECK_WARN);
    assert_int_equal(judge(&facts, "binlog_expire", NULL).level, SL_CHECK_WARN);
    assert_int_equal(judge(&facts, "version", NULL).level, SL_CHECK_WARN);
    assert_int_equal(judge(&facts, "version", NULL).worst, SL_CHECK_WARN);
}

static struct sl_seen judge_table(const struct sl_table_facts *table, const char *part)
{
    struct sl_source_facts facts = good_mysql();
    struct sl_seen seen = {.topic = "table", .part = part, .level = -1};

    sl_preflight_table(&facts, table, look, &seen);
    return seen;
}

static void a_table_needs_select_and_a_key(void **state)
{
    struct sl_table_facts table = {.db = "shop", .table = "users", .exists = true, .has_key = true};
    struct sl_seen seen = judge_table(&table, NULL);

    (void)state;
    assert_int_equal(seen.level, SL_CHECK_FAIL);
    assert_string_equal(seen.fix, "GRANT SELECT ON `shop`.`users` TO 'sluice'@'%'");
    table.may_select = true;
    assert_int_equal(judge_table(&table, "unique key").level, SL_CHECK_OK);
    table.has_key = false;
    assert_int_equal(judge_table(&table, NULL).level, SL_CHECK_FAIL);
    table.exists = false;
    assert_int_equal(judge_table(&table, "does not exist").level, SL_CHECK_WARN);
}

static void a_cascading_foreign_key_is_a_warning(void **state)
{
    struct sl_table_facts table = {.db = "shop",
                                   .table = "items",
                                   .exists = true,
                                   .may_select = true,
                                   .has_key = true,
                                   .is_cascade_child = true};
    struct sl_source_facts facts = good_mysql();
    struct sl_seen seen = {.topic = "table", .part = "CASCADE", .level = -1};

    (void)state;
    assert_int_equal(judge_table(&table, "CASCADE").level, SL_CHECK_WARN);
    facts.version = 90600; /* logs those rows */
    sl_preflight_table(&facts, &table, look, &seen);
    assert_int_equal(seen.level, -1);
    facts.flavor = SL_FLAVOR_MARIADB;
    facts.version = 110402;
    sl_preflight_table(&facts, &table, look, &seen);
    assert_int_equal(seen.level, SL_CHECK_WARN);
}

static void a_cascade_is_found_in_the_definition_of_a_table(void **state)
{
    (void)state;
    assert_true(sl_preflight_has_cascade(
        "CREATE TABLE `ch` (\n  `id` int NOT NULL,\n  KEY `p` (`p`),\n  CONSTRAINT `ch_ibfk_1` "
        "FOREIGN KEY (`p`) REFERENCES `par` (`id`) ON DELETE CASCADE\n) ENGINE=InnoDB"));
    assert_true(sl_preflight_has_cascade(
        "CREATE TABLE `ch` (\n  CONSTRAINT `a` FOREIGN KEY (`p`) REFERENCES `par` (`id`),\n  "
        "CONSTRAINT `b` FOREIGN KEY (`q`) REFERENCES `par` (`id`) ON UPDATE SET NULL\n)"));
    assert_false(sl_preflight_has_cascade(
        "CREATE TABLE `ch` (\n  `a` int COMMENT 'FOREIGN KEY ( ON DELETE CASCADE',\n  CONSTRAINT "
        "`b` FOREIGN KEY (`q`) REFERENCES `par` (`id`) ON DELETE RESTRICT\n)"));
    assert_false(sl_preflight_has_cascade(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_as_recommended_is_all_ok),
        cmocka_unit_test(a_server_without_a_log_or_id_fails),
        cmocka_unit_test(statement_format_fails_and_is_mended_as_the_server_can),
        cmocka_unit_test(a_missing_privilege_fails_with_the_grant),
        cmocka_unit_test(an_index_needs_the_old_values),
        cmocka_unit_test(what_works_with_limits_is_a_warning),
        cmocka_unit_test(a_table_needs_select_and_a_key),
        cmocka_unit_test(a_cascading_foreign_key_is_a_warning),
        cmocka_unit_test(a_cascade_is_found_in_the_definition_of_a_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
