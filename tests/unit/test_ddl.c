/*
 * test_ddl.c - real statements, as tools and servers write them, and what is to be read from each:
 * one line a report, "kind db.table > db.table [gone] [if]".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/ddl.h"

static const char *kind_name(enum sl_ddl_kind kind)
{
    switch (kind) {
    case SL_DDL_OTHER:
        return "other";
    case SL_DDL_CREATE_TABLE:
        return "create";
    case SL_DDL_ALTER_TABLE:
        return "alter";
    case SL_DDL_DROP_TABLE:
        return "drop";
    case SL_DDL_DROP_DATABASE:
        return "dropdb";
    case SL_DDL_TRUNCATE:
        return "truncate";
    case SL_DDL_RENAME_TABLE:
        return "rename";
    case SL_DDL_DML:
        return "dml";
    case SL_DDL_UNPARSED:
        return "unparsed";
    }
    return "?";
}

static void add(struct sl_buf *out, const char *before, struct sl_span text)
{
    assert_int_equal(sl_buf_add_str(out, before), SL_OK);
    assert_int_equal(sl_buf_add(out, text.data, text.len), SL_OK);
}

static int print(void *user, const struct sl_ddl *ddl, struct sl_err *err)
{
    struct sl_buf *out = user;

    (void)err;
    assert_int_equal(sl_buf_add_str(out, out->len > 0 ? "\n" : ""), SL_OK);
    assert_int_equal(sl_buf_add_str(out, kind_name(ddl->kind)), SL_OK);
    if (ddl->table.len > 0 || ddl->kind == SL_DDL_DROP_DATABASE) {
        add(out, " ", ddl->db);
    }
    if (ddl->table.len > 0) {
        add(out, ".", ddl->table);
    }
    if (ddl->to_table.len > 0) {
        add(out, " > ", ddl->to_db);
        add(out, ".", ddl->to_table);
    }
    assert_int_equal(sl_buf_add_str(out, ddl->rows_gone ? " gone" : ""), SL_OK);
    assert_int_equal(sl_buf_add_str(out, ddl->if_exists ? " if" : ""), SL_OK);
    return SL_OK;
}

static const struct {
    const char *text;
    const char *want;
} cases[] = {
    /* CREATE TABLE */
    {"create table t(id int)", "create d.t"},
    {"CREATE TABLE `db`.`t` (`select` int, c enum('a','create table x') comment 'it''s select')",
     "create db.t"},
    {"CREATE TABLE IF NOT EXISTS t (a int)", "create d.t if"},
    {"CREATE TABLE t LIKE other.u", "create d.t"},
    {"create table t (like u)", "create d.t"},
    {"CREATE OR REPLACE TABLE t (a int)", "drop d.t if\ncreate d.t"},
    {"CREATE TABLE `t6` (\n  `id` int NOT NULL\n) START TRANSACTION", "create d.t6"},
    {"create table t6 as select * from t", "create d.t6\ndml d.t6"},
    {"create table t6 (a int) (select 1 as a)", "create d.t6\ndml d.t6"},
    {"create table t6 table u", "create d.t6\ndml d.t6"},
    {"create table t6 values row(1)", "create d.t6\ndml d.t6"},
    {"create table p (a int) partition by list (a) (partition p0 values in (1,2))", "create d.p"},
    {"create table cc(a varchar(10) default 'a\\') comment='\\'", "create d.cc"},
    {"create table cc(a int) comment='\\' select 1 as a", "create d.cc\ndml d.cc"},
    {"create temporary table t(a int)", "other"},
    {"CREATE OR REPLACE TEMPORARY TABLE t(a int)", "other"},
    {"create table t (a int) WITH SYSTEM VERSIONING", "create d.t"},
    {"CREATE TABLE", "unparsed"},
    {"CREATE TABLE `t", "unparsed"},
    {"CREATE TABLE ``(a int)", "unparsed"},
    /* names */
    {"DROP TABLE d2 . t", "drop d2.t"},
    {"DROP TABLE .t", "drop d.t"},
    {"drop table `a``b`.`c.d`", "drop a`b.c.d"},
    {"drop table \"quo\"\"ted\".\"back\\\"", "drop quo\"ted.back\\"},
    {"drop table \"a\\\",\"b\\\"", "drop d.a\\\ndrop d.b\\"},
    {"drop table `we``ird t\xc3\xa0"
     "ble`",
     "drop d.we`ird t\xc3\xa0"
     "ble"},
    {"drop table t\xc3\xa0"
     "ble, 1st, $a, _b",
     "drop d.t\xc3\xa0"
     "ble\ndrop d.1st\ndrop d.$a\ndrop d._b"},
    {"drop table db.1st", "drop db.1st"},
    {"drop table `select`", "drop d.select"},
    {"drop table ````````", "drop d.```"},
    /* comments */
    {"/*comment*/ alter table /* hi */ d2 . t /*!50000 add */ column c int, rename to /*x*/ `t3`",
     "alter d2.t > d.t3"},
    {"-- dash\n# hash\ntruncate -- more\n t", "truncate d.t"},
    {"/*!40000 ALTER TABLE `t` DISABLE KEYS */", "alter d.t"},
    {"/*!50503 DROP TABLE IF EXISTS t */", "drop d.t if"},
    {"/*M!100100 DROP TABLE t */", "drop d.t"},
    {"/*M!999999\\- enable the sandbox mode */", "other"},
    {"drop/**/table/**/t/**/", "drop d.t"},
    {"drop table t --", "drop d.t"},
    {"drop table t */", "drop d.t\nunparsed"},
    {"/* rename table a to b */ drop table t", "drop d.t"},
    {"/* ApplicationName=DBeaver 23 - SQLEditor */ DROP TABLE `t`;", "drop d.t"},
    {"drop table t /* not closed", "drop d.t"},
    {"# Dummy event replacing event type 160 that slave cannot handle.", "other"},
    {"", "other"},
    /* ALTER TABLE */
    {"ALTER TABLE t ADD COLUMN a int DEFAULT 5, DROP b", "alter d.t"},
    {"alter online ignore table if exists t wait 5 add unique (a)", "alter d.t gone if"},
    {"ALTER IGNORE TABLE t ADD UNIQUE (a)", "alter d.t gone"},
    {"ALTER TABLE t RENAME u", "alter d.t > d.u"},
    {"ALTER TABLE d2.t RENAME u", "alter d2.t > d.u"}, /* the current database, as in MySQL 9.7 */
    {"ALTER TABLE t RENAME TO d2.u", "alter d.t > d2.u"},
    {"ALTER TABLE t RENAME AS u, ADD a int", "alter d.t > d.u"},
    {"ALTER TABLE t RENAME = u", "alter d.t > d.u"},
    {"ALTER TABLE t RENAME COLUMN a TO b", "alter d.t"},
    {"ALTER TABLE t RENAME INDEX a TO b, RENAME KEY c TO d", "alter d.t"},
    {"ALTER TABLE t ADD a varchar(9) DEFAULT ', rename to x', ADD b int", "alter d.t"},
    {"ALTER TABLE t ADD a varchar(9) DEFAULT ' \\', rename to x', ADD b int", "alter d.t"},
    {"ALTER TABLE t COMMENT 'a\\', RENAME TO u", "alter d.t > d.u"}, /* NO_BACKSLASH_ESCAPES */
    {"ALTER TABLE t COMMENT 'a\\', RENAME TO u, COMMENT '", "alter d.t"},
    {"ALTER TABLE t COMMENT 'a\\', RENAME TO u COMMENT '' -- '", "unparsed"}, /* either */
    {"ALTER TABLE t COMMENT 'a\\', DROP PARTITION p COMMENT '' -- '", "unparsed"},
    {"ALTER TABLE t TRUNCATE PARTITION p COMMENT 'a\\', EXCHANGE PARTITION p WITH TABLE u COMMENT "
     "'' -- '",
     "unparsed"},
    {"ALTER TABLE t ADD (a int, rename int)", "alter d.t"},
    {"ALTER TABLE t ADD g int AS (concat('(', a)) VIRTUAL, RENAME u", "alter d.t > d.u"},
    {"alter table t truncate partition all", "alter d.t gone"},
    {"alter table t drop partition if exists p0, p1", "alter d.t gone"},
    {"alter table t drop partition_key", "alter d.t"},
    {"alter table t drop column a, drop primary key", "alter d.t"},
    {"alter table t exchange partition p0 with table d2.u without validation",
     "alter d.t gone\nalter d2.u gone"},
    {"ALTER TABLE t CONVERT PARTITION p TO TABLE u", "alter d.t gone\nalter d.u gone"},
    {"ALTER TABLE t CONVERT TABLE u TO PARTITION p VALUES LESS THAN (5)",
     "alter d.t gone\nalter d.u gone"},
    {"ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", "alter d.t"},
    {"ALTER TABLE t DISCARD TABLESPACE", "alter d.t gone"},
    {"ALTER TABLE t IMPORT PARTITION p0 TABLESPACE", "alter d.t gone"},
    {"ALTER TABLE t ADD SYSTEM VERSIONING", "alter d.t"},
    {"ALTER TABLE t ADD PERIOD FOR SYSTEM_TIME(s, e), DROP SYSTEM VERSIONING", "alter d.t"},
    {"ALTER TABLE t PARTITION BY SYSTEM_TIME (PARTITION p0 HISTORY, PARTITION pn CURRENT)",
     "alter d.t"},
    {"ALTER TABLE t REORGANIZE PARTITION p0 INTO (PARTITION a VALUES LESS THAN (5))", "alter d.t"},
    {"ALTER TABLE t ENGINE=InnoDB", "alter d.t"},
    {"ALTER TABLE t", "alter d.t"},
    {"ALTER TABLE t ADD INDEX f ((lower(a)), b DESC)", "alter d.t"},
    {"ALTER TABLE t RENAME", "unparsed"},
    {"ALTER TABLE t ADD (a int", "unparsed"},
    {"ALTER TABLE t ADD a int)", "unparsed"},
    {"ALTER TABLE t COMMENT 'open", "unparsed"},
    {"ALTER TABLE", "unparsed"},
    /* indexes */
    {"create unique index i1 on t(v)", "alter d.t"},
    {"CREATE INDEX IF NOT EXISTS `on` USING BTREE ON d2.t (v) WAIT 3", "alter d2.t if"},
    {"CREATE OR REPLACE FULLTEXT INDEX i ON t (v)", "alter d.t"},
    {"create vector index i on t(v)", "alter d.t"},
    {"drop index i1 on t", "alter d.t"},
    {"DROP INDEX IF EXISTS `PRIMARY` ON `d2`.`t` ALGORITHM=INPLACE", "alter d2.t if"},
    {"DROP INDEX i1", "unparsed"},
    /* DROP, TRUNCATE, RENAME */
    {"DROP TABLE IF EXISTS `t4`,`nope` /* generated by server */", "drop d.t4 if\ndrop d.nope if"},
    {"drop tables a, d2.b, c cascade", "drop d.a\ndrop d2.b\ndrop d.c"},
    {"DROP TABLE a WAIT 5 RESTRICT", "drop d.a"},
    {"DROP TABLE a, b c", "drop d.a\ndrop d.b\nunparsed"},
    {"DROP TABLE a,", "drop d.a\nunparsed"},
    {"DROP TEMPORARY TABLE a", "other"},
    {"DROP /*!40005 TEMPORARY */ TABLE IF EXISTS `a`", "other"},
    {"drop database if exists `my``db`", "dropdb my`db if"},
    {"DROP SCHEMA s", "dropdb s"},
    {"CREATE OR REPLACE DATABASE s", "dropdb s"},
    {"CREATE DATABASE s", "other"},
    {"truncate t5", "truncate d.t5"},
    {"TRUNCATE TABLE d2.t6 NOWAIT", "truncate d2.t6"},
    {"TRUNCATE `table`", "truncate d.table"},
    {"TRUNCATE", "unparsed"},
    {"rename table t3 to t, t2 to d.t4", "rename d.t3 > d.t\nrename d.t2 > d.t4"},
    {"RENAME TABLES IF EXISTS d2.a WAIT 9 TO b, c NOWAIT TO d3.e",
     "rename d2.a > d.b if\nrename d.c > d3.e if"},
    {"RENAME TABLE a TO b, b", "rename d.a > d.b\nunparsed"},
    {"RENAME USER a TO b", "other"},
    /* as MariaDB 10.11 logs them */
    {"CREATE OR REPLACE TABLE `t6` (\n  `id` int(11) NOT NULL,\n  `v` int(11) DEFAULT NULL\n)",
     "drop d.t6 if\ncreate d.t6"},
    {"create or replace database d3", "dropdb d3"},
    {"set statement max_statement_time=10 for alter table t2 add x int", "alter d.t2"},
    {"alter table t convert partition p0 to table cc", "alter d.t gone\nalter d.cc gone"},
    {"DROP SEQUENCE `s` /* generated by server */", "other"},
    {"rename table if exists t2 nowait to d2.t3", "rename d.t2 > d2.t3 if"},
    {"truncate table d2.t3 wait 3", "truncate d2.t3"},
    {"/*M!100100 alter table u9 add b int */", "alter d.u9"},
    {"create table t8 select * from u9", "create d.t8\ndml d.t8"},
    {"analyze update u9 set a=5", "dml"},
    /* gh-ost */
    {"create /* gh-ost */ table `shop`.`_users_gho` like `shop`.`users`", "create shop._users_gho"},
    {"alter /* gh-ost */ table `shop`.`_users_gho` ADD COLUMN age INT", "alter shop._users_gho"},
    {"rename /* gh-ost */ table `shop`.`users` to `shop`.`_users_del`, `shop`.`_users_gho` to "
     "`shop`.`users`",
     "rename shop.users > shop._users_del\nrename shop._users_gho > shop.users"},
    {"drop /* gh-ost */ table if exists `shop`.`_users_ghc`", "drop shop._users_ghc if"},
    /* pt-online-schema-change */
    {"CREATE TABLE `shop`.`_users_new` (\n  `id` int(11) NOT NULL AUTO_INCREMENT,\n  PRIMARY KEY "
     "(`id`)\n) ENGINE=InnoDB",
     "create shop._users_new"},
    {"CREATE TRIGGER `pt_osc_shop_users_del` AFTER DELETE ON `shop`.`users` FOR EACH ROW BEGIN "
     "DECLARE "
     "CONTINUE HANDLER FOR 1146 begin end; DELETE IGNORE FROM `shop`.`_users_new`; END",
     "other"},
    {"RENAME TABLE `shop`.`users` TO `shop`.`_users_old`, `shop`.`_users_new` TO `shop`.`users`",
     "rename shop.users > shop._users_old\nrename shop._users_new > shop.users"},
    {"DROP TABLE IF EXISTS `shop`.`_users_old`", "drop shop._users_old if"},
    {"DROP TRIGGER IF EXISTS `shop`.`pt_osc_shop_users_del`", "other"},
    /* Rails, Django, Flyway */
    {"ALTER TABLE `users` ADD `age` int DEFAULT 0 NOT NULL /*application:Shop*/", "alter d.users"},
    {"CREATE UNIQUE INDEX `index_users_on_email` ON `users` (`email`)", "alter d.users"},
    {"ALTER TABLE `users` RENAME INDEX `index_a` TO `index_b`", "alter d.users"},
    {"RENAME TABLE `users` TO `people`", "rename d.users > d.people"},
    {"ALTER TABLE `shop_order` ADD CONSTRAINT `fk` FOREIGN KEY (`u_id`) REFERENCES `auth_user` "
     "(`id`)",
     "alter d.shop_order"},
    {"ALTER TABLE `shop_order` ALTER COLUMN `x` DROP DEFAULT, CHANGE `a` `rename` varchar(9) NOT "
     "NULL",
     "alter d.shop_order"},
    {"DROP TABLE `django_session` CASCADE", "drop d.django_session"},
    /* DML logged by statement */
    {"insert into d2.t values(1, 'x')", "dml d2.t"},
    {"INSERT IGNORE t SET a=1", "dml d.t"},
    {"replace low_priority into t values(77)", "dml d.t"},
    {"INSERT INTO mysql.rds_heartbeat2(id, value) values (1,2) ON DUPLICATE KEY UPDATE value = 2",
     "dml mysql.rds_heartbeat2"},
    {"update d2.t set v=2", "dml d2.t"},
    {"update low_priority ignore t as a set v=2, w=3", "dml d.t"},
    {"update t, u set t.v=2", "dml"},
    {"update t a join u using (id) set a.v=2", "dml"},
    {"delete from t where id in (select id from u join v)", "dml d.t"},
    {"DELETE QUICK FROM t", "dml d.t"},
    {"delete from t where a = 1 order by b, c limit 5", "dml d.t"},
    {"delete from t using t where a = 1", "dml"},
    {"delete t from t join t6 using(id)", "dml"},
    {"delete from t using t join u", "dml"},
    {"delete from t.*, u.* using t join u", "dml"},
    {"DELETE HISTORY FROM t BEFORE SYSTEM_TIME '2020-01-01'", "dml d.t"},
    {"with x as (select 1) update t, x set v=3", "dml"},
    {"with x as (select 1) update t set v=3", "dml d.t"},
    {"with x as (select 1), y as (select 2) delete from t where a in (select * from x)", "dml d.t"},
    {"LOAD DATA LOCAL INFILE '/tmp/into table x' REPLACE INTO TABLE `d2`.`t` FIELDS TERMINATED BY "
     "','",
     "dml d2.t"},
    {"LOAD XML INFILE 'f' INTO TABLE t ROWS IDENTIFIED BY '<r>'", "dml d.t"},
    {"LOAD INDEX INTO CACHE t", "other"},
    {"CALL p(1)", "dml"},
    {"SELECT `d`.`f`(1)", "dml"},
    {"(select f())", "dml"},
    {"DO f(1)", "dml"},
    {"ANALYZE UPDATE t SET a=1", "dml"},
    {"SET STATEMENT max_statement_time=10, sort_buffer_size=(1) FOR ALTER TABLE t RENAME u",
     "alter d.t > d.u"},
    {"SET STATEMENT a=1 FOR SET STATEMENT b=2 FOR DELETE FROM t", "dml d.t"},
    /* nothing to do with tables */
    {"SET @a = 1", "other"},
    {"SET STATEMENT a=1", "other"},
    {"GRANT ALL ON *.* TO a@b", "other"},
    {"CREATE USER 'foo'@'localhost' IDENTIFIED WITH 'caching_sha2_password' AS '$A$\x1e'", "other"},
    {"CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW `v` AS "
     "select 1",
     "other"},
    {"drop view v", "other"},
    {"CREATE DEFINER=`root`@`localhost` PROCEDURE `p`()\nbegin truncate table t; end", "other"},
    {"CREATE SPATIAL REFERENCE SYSTEM 4120 NAME 'x'", "other"},
    {"DROP SPATIAL REFERENCE SYSTEM 4120", "other"},
    {"CREATE OR REPLACE SEQUENCE s", "other"},
    {"ALTER DATABASE d CHARACTER SET utf8mb4", "other"},
    {"ALTER EVENT e RENAME TO f", "other"},
    {"ANALYZE TABLE t", "other"},
    {"OPTIMIZE NO_WRITE_TO_BINLOG TABLE t", "other"},
    {"FLUSH TABLES", "other"},
    {"XA RECOVER", "other"},
    {"FROBNICATE TABLE t", "unparsed"},
    {"CREATE FROB t", "unparsed"},
    {"'text'", "unparsed"},
    {"; drop table t", "unparsed"},
};

/* What is told of ALTERs beyond their names: R reshapes, U unique and P primary keys may be others.
 */
static const struct {
    const char *text;
    const char *want;
} changes[] = {
    {"ALTER TABLE t", "-"},
    {"ALTER TABLE t ADD INDEX i (a), DROP FOREIGN KEY f, ENGINE=InnoDB", "-"},
    {"ALTER TABLE t ADD KEY (a), ADD FULLTEXT (b), ADD SPATIAL INDEX g (g), ADD VECTOR INDEX (v)",
     "-"},
    {"ALTER TABLE t ADD CONSTRAINT FOREIGN KEY (a) REFERENCES u (b)", "-"},
    {"ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0), ADD CHECK (b), DROP CHECK c", "-"},
    {"ALTER TABLE t ADD CONSTRAINT `check` FOREIGN KEY (a) REFERENCES u (b)", "-"},
    {"ALTER TABLE t ALTER a SET DEFAULT 1, ALTER COLUMN b DROP DEFAULT, ALTER c SET INVISIBLE",
     "-"},
    {"ALTER TABLE t ALTER INDEX i INVISIBLE, RENAME INDEX a TO b, RENAME KEY c TO d", "-"},
    {"ALTER TABLE t AUTO_INCREMENT=5 COMMENT 'add column', ALGORITHM=INPLACE, LOCK=NONE", "-"},
    {"ALTER TABLE t DISABLE KEYS, ENABLE KEYS, FORCE, ORDER BY a, STATS_PERSISTENT=1", "-"},
    {"ALTER TABLE t DEFAULT CHARACTER SET latin1, CHARSET utf8mb4 COLLATE utf8mb4_bin", "-"},
    {"ALTER TABLE t ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8", "-"},
    {"ALTER TABLE t ADD PARTITION (PARTITION p VALUES LESS THAN (5))", "-"},
    {"ALTER TABLE t REORGANIZE PARTITION a INTO (PARTITION b VALUES LESS THAN (5))", "-"},
    {"ALTER TABLE t COALESCE PARTITION 2", "-"},
    {"ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 4", "-"},
    {"ALTER TABLE t REMOVE PARTITIONING", "-"},
    {"ALTER TABLE t DROP PARTITION p", "-"}, /* rows_gone says it */
    {"ALTER TABLE t RENAME u", "-"},
    {"ALTER TABLE t RENAME TO u, ADD COLUMN a INT", "R"},
    {"ALTER TABLE t ADD a INT", "R"},
    {"ALTER TABLE t ADD COLUMN IF NOT EXISTS a INT NOT NULL DEFAULT 5 AFTER b", "R"},
    {"ALTER TABLE t ADD (a INT, b INT)", "R"},
    {"ALTER TABLE t ADD vector INT", "R"},
    {"ALTER TABLE t ADD `index` INT", "R"},
    {"ALTER TABLE t ADD INDEX (a), DROP b", "R"},
    {"ALTER TABLE t DROP COLUMN b", "R"},
    {"ALTER TABLE t DROP `primary`", "R"},
    {"ALTER TABLE t MODIFY a VARCHAR(20), ENGINE=InnoDB", "R"},
    {"ALTER TABLE t CHANGE a b INT COMMENT 'primary key'", "R"},
    {"ALTER TABLE t RENAME COLUMN a TO b", "R"},
    {"ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", "RP"},
    {"ALTER TABLE t ADD SYSTEM VERSIONING", "R"},
    {"ALTER TABLE t FROBNICATE", "RP"},
    {"ALTER TABLE t ADD UNIQUE (a)", "U"},
    {"ALTER TABLE t ADD CONSTRAINT UNIQUE (a)", "U"},
    {"ALTER TABLE t ADD CONSTRAINT c UNIQUE KEY (a)", "U"},
    {"ALTER TABLE t DROP INDEX i, DROP KEY IF EXISTS j", "U"},
    {"ALTER TABLE t DROP CONSTRAINT c", "U"},
    {"ALTER TABLE t DROP INDEX i, ADD a INT", "RU"},
    {"ALTER TABLE t ADD PRIMARY KEY (a)", "RP"},
    {"ALTER TABLE t ADD CONSTRAINT `x` PRIMARY KEY (a)", "RP"},
    {"ALTER TABLE t DROP PRIMARY KEY, ADD UNIQUE (b)", "RP"},
    {"ALTER TABLE t DROP INDEX `PRIMARY`", "RP"},
    {"ALTER TABLE t DROP CONSTRAINT IF EXISTS `primary`", "RP"},
    {"ALTER TABLE t ADD a INT AUTO_INCREMENT PRIMARY KEY FIRST", "RP"},
    {"ALTER TABLE t ADD (b INT, a INT KEY)", "RP"},
    {"ALTER TABLE t MODIFY a INT UNIQUE", "RP"},
    {"ALTER TABLE t ADD a SERIAL, ADD b INT", "RP"},
    {"ALTER TABLE t COMMENT 'a\\', ADD c INT COMMENT '' -- '", "R"}, /* NO_BACKSLASH_ESCAPES */
    {"CREATE INDEX i ON t (a)", "-"},
    {"CREATE FULLTEXT INDEX i ON t (a)", "-"},
    {"CREATE UNIQUE INDEX i ON t (a)", "U"},
    {"CREATE OR REPLACE INDEX i ON t (a)", "U"},
    {"DROP INDEX i ON t", "U"},
    {"DROP INDEX `PRIMARY` ON t", "RP"},
};

static int print_change(void *user, const struct sl_ddl *ddl, struct sl_err *err)
{
    static const char *const keys[] = {
        [SL_DDL_KEYS_SAME] = "", [SL_DDL_KEYS_UNIQUE] = "U", [SL_DDL_KEYS_PRIMARY] = "P"};
    char *out = user;

    (void)err;
    assert_int_equal(ddl->kind, SL_DDL_ALTER_TABLE);
    (void)snprintf(out, 8, "%s%s", ddl->reshapes ? "R" : "", keys[ddl->keys]);
    return SL_OK;
}

static void alterations_that_concern_rows_are_told_from_the_rest(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        char out[8] = "?";

        assert_int_equal(sl_ddl_parse(sl_span_make("d", 1),
                                      sl_span_make(changes[i].text, strlen(changes[i].text)),
                                      print_change, out, NULL),
                         SL_OK);
        if (strcmp(out[0] != '\0' ? out : "-", changes[i].want) != 0) {
            print_error("%s\n  got  %s\n  want %s\n", changes[i].text, out, changes[i].want);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

static bool mentioned(const char *text, const char *name)
{
    return sl_ddl_mentions(sl_span_make(text, strlen(text)), sl_span_make(name, strlen(name)));
}

static void mentions_of_a_column_are_found(void **state)
{
    (void)state;
    assert_true(mentioned("ALTER TABLE t MODIFY id BIGINT", "id"));
    assert_true(mentioned("ALTER TABLE t MODIFY `ID` BIGINT", "id"));
    assert_true(mentioned("ALTER TABLE t MODIFY \"id\" BIGINT", "id"));
    assert_true(mentioned("ALTER TABLE t CHANGE `a``b` c INT", "a`b"));
    assert_true(mentioned("ALTER TABLE t COMMENT 'a\\', DROP id, COMMENT 'b'", "id"));
    assert_true(mentioned("ALTER TABLE t ADD a VARCHAR(9) DEFAULT \"\\\"\", DROP id", "id"));
    assert_true(mentioned("ALTER TABLE t COMMENT 'open", "id")); /* cannot be told */
    assert_true(mentioned("ALTER TABLE t DROP a", "\xc3\xa9"));
    assert_false(mentioned("ALTER TABLE t ADD idx INT COMMENT 'id' /* id */", "id"));
    assert_false(mentioned("ALTER TABLE t DROP a", "id"));
}

static void statements_are_read_as_servers_and_tools_write_them(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_buf out = {0};
        int rc =
            sl_ddl_parse(sl_span_make("d", 1), sl_span_make(cases[i].text, strlen(cases[i].text)),
                         print, &out, NULL);

        assert_int_equal(rc, SL_OK);
        if (strcmp(sl_buf_cstr(&out), cases[i].want) != 0) {
            print_error("%s\n  got  %s\n  want %s\n", cases[i].text, sl_buf_cstr(&out),
                        cases[i].want);
            failed++;
        }
        sl_buf_release(&out);
    }
    assert_int_equal(failed, 0);
}

static int inside(void *user, const struct sl_ddl *ddl, struct sl_err *err)
{
    (void)err;
    ++*(unsigned *)user;
    assert_true(ddl->table.len <= 256 && ddl->to_table.len <= 256 && ddl->db.len <= 256);
    return SL_OK;
}

static void truncation_at_every_byte_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t len = 0; len < strlen(cases[i].text); len++) {
            uint8_t *exact = malloc(len + 1);
            unsigned calls = 0;

            assert_non_null(exact);
            memcpy(exact, cases[i].text, len);
            assert_int_equal(
                sl_ddl_parse(sl_span_make("d", 1), sl_span_make(exact, len), inside, &calls, NULL),
                SL_OK);
            assert_true(calls > 0);
            free(exact);
        }
    }
}

static void name_longer_than_any_server_allows_is_unparsed(void **state)
{
    char text[1024];
    struct sl_buf out = {0};

    (void)state;
    for (int i = 0; i < 3; i++) { /* a word, a quoted name, one with doubled quotes */
        (void)snprintf(text, sizeof(text), "drop table %s%0300d%s",
                       i == 0   ? ""
                       : i == 1 ? "`"
                                : "`a``",
                       7, i == 0 ? "" : "`");
        sl_buf_clear(&out);
        assert_int_equal(
            sl_ddl_parse(sl_span_make("d", 1), sl_span_make(text, strlen(text)), print, &out, NULL),
            SL_OK);
        assert_string_equal(sl_buf_cstr(&out), "unparsed");
    }
    sl_buf_release(&out);
}

static void rename_without_current_database_stays_in_its_own(void **state)
{
    const char *text = "ALTER TABLE a.t RENAME u";
    struct sl_buf out = {0};

    (void)state;
    assert_int_equal(
        sl_ddl_parse(sl_span_make("", 0), sl_span_make(text, strlen(text)), print, &out, NULL),
        SL_OK);
    assert_string_equal(sl_buf_cstr(&out), "alter a.t > a.u");
    sl_buf_release(&out);
}

static int stop(void *user, const struct sl_ddl *ddl, struct sl_err *err)
{
    (void)ddl;
    ++*(unsigned *)user;
    return sl_err_set(err, SL_ELIMIT, "enough");
}

static void failing_callback_ends_the_statement(void **state)
{
    static const char *const texts[] = {"drop table a, b",
                                        "rename table a to b, c to d",
                                        "truncate a",
                                        "alter table t exchange partition p with table u",
                                        "create or replace table t select 1",
                                        "delete from t",
                                        "x"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sl_err err = {0};
        unsigned calls = 0;

        assert_int_equal(sl_ddl_parse(sl_span_make("d", 1),
                                      sl_span_make(texts[i], strlen(texts[i])), stop, &calls, &err),
                         SL_ELIMIT);
        assert_int_equal(calls, 1);
        assert_string_equal(err.text, "enough");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_are_read_as_servers_and_tools_write_them),
        cmocka_unit_test(alterations_that_concern_rows_are_told_from_the_rest),
        cmocka_unit_test(mentions_of_a_column_are_found),
        cmocka_unit_test(truncation_at_every_byte_is_survived),
        cmocka_unit_test(name_longer_than_any_server_allows_is_unparsed),
        cmocka_unit_test(rename_without_current_database_stays_in_its_own),
        cmocka_unit_test(failing_callback_ends_the_statement),
    };

    return cmocka_run_group_tests_name("ddl", tests, NULL, NULL);
}
