/* test_chunk_sql.c - the statements that read parts of tables, and the literals in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/chunk_sql.h"
#include "cdc/schema_table.h"
#include "cdc/sql_text.h"

#define TEXT(literal)                                   \
    {                                                   \
        (const uint8_t *)(literal), sizeof(literal) - 1 \
    }
#define COLUMN(n, data, type, set, part)                                                           \
    {                                                                                              \
        .name = TEXT(n), .data_type = TEXT(data), .column_type = TEXT(type), .charset = TEXT(set), \
        .key_part = (part)                                                                         \
    }

enum { COLUMNS_MAX = 4 };

struct fixture {
    struct sl_schema_column columns[COLUMNS_MAX];
    struct sl_schema schema;
    struct sl_arena arena;
    struct sl_table table;
    struct sl_chunk_key key;
    struct sl_buf sql;
};

static struct sl_span span(const char *text)
{
    return sl_span_make(text, strlen(text));
}

static struct fixture *start(struct fixture *f, const struct sl_schema_column *columns,
                             size_t count)
{
    struct sl_err err = {0};

    *f = (struct fixture){.schema = {.count = count, .key_is_primary = true}};
    memcpy(f->columns, columns, count * sizeof(*columns));
    f->schema.columns = f->columns;
    assert_int_equal(
        sl_schema_table_build(&f->table, span("d`b"), span("t"), &f->schema, &f->arena, &err),
        SL_OK);
    assert_int_equal(
        sl_chunk_key_init(&f->key, &f->table, &f->schema, span("PRIMARY"), &f->arena, &err), SL_OK);
    return f;
}

static void stop(struct fixture *f)
{
    sl_buf_release(&f->sql);
    sl_arena_release(&f->arena);
}

static const char *range(struct fixture *f, const struct sl_span *after, const char *where,
                         bool locks)
{
    const struct sl_chunk_range asked = {
        .after = after, .where = span(where), .rows = 5, .locks = locks};

    assert_int_equal(sl_chunk_sql_range(&f->sql, &f->key, &asked), SL_OK);
    return sl_buf_cstr(&f->sql);
}

static const char *keys(struct fixture *f, const struct sl_cell *cells, size_t count)
{
    struct sl_err err = {0};

    assert_int_equal(sl_chunk_sql_keys(&f->sql, &f->table, cells, count, false, &err), SL_OK);
    return sl_buf_cstr(&f->sql);
}

static struct sl_cell text(const char *bytes)
{
    return (struct sl_cell){
        .data = (const uint8_t *)bytes, .len = (uint32_t)strlen(bytes), .state = SL_CELL_TEXT};
}

static const struct sl_cell null_cell = {.state = SL_CELL_NULL};
static const struct sl_cell absent = {.state = SL_CELL_ABSENT};

static void first_chunk_has_no_condition(void **state)
{
    static const struct sl_schema_column columns[] = {COLUMN("id", "int", "int", "", 1),
                                                      COLUMN("f", "float", "float", "", 0),
                                                      COLUMN("b", "bit", "bit(3)", "", 0)};
    struct fixture f;

    (void)state;
    start(&f, columns, 3);
    assert_string_equal(range(&f, NULL, "", false),
                        "SELECT `id`,`f`*1e0,`b`+0 FROM `d``b`.`t` FORCE INDEX (`PRIMARY`) "
                        "ORDER BY `t`.`id` LIMIT 5");
    assert_string_equal(range(&f, NULL, "id > 3 -- so", true),
                        "SELECT `id`,`f`*1e0,`b`+0 FROM `d``b`.`t` FORCE INDEX (`PRIMARY`) WHERE "
                        "(id > 3 -- so\n) ORDER BY `t`.`id` LIMIT 5 LOCK IN SHARE MODE");
    stop(&f);
}

static void composite_key_is_written_out(void **state)
{
    static const struct sl_schema_column columns[] = {
        COLUMN("a", "int", "int", "", 2), COLUMN("s", "varchar", "varchar(9)", "latin1", 1),
        COLUMN("d", "datetime", "datetime(6)", "", 3)};
    const struct sl_span after[] = {span("\xe4'"), span("-5"), span("2020-01-01 00:00:00.000001")};
    struct fixture f;

    (void)state;
    start(&f, columns, 3);
    assert_string_equal(
        range(&f, after, "x", false),
        "SELECT `a`,`s`,`d`,CAST(`s` AS BINARY) FROM `d``b`.`t` FORCE INDEX (`PRIMARY`) WHERE "
        "(x\n) AND ((`s`>_latin1 X'E427') OR (`s`=_latin1 X'E427' AND `a`>-5) OR "
        "(`s`=_latin1 X'E427' AND `a`=-5 AND `d`>'2020-01-01 00:00:00.000001')) "
        "ORDER BY `t`.`s`,`t`.`a`,`t`.`d` LIMIT 5");
    assert_int_equal(f.key.select_count, 4);
    assert_int_equal(f.key.parts[0].place, 3);
    assert_int_equal(f.key.parts[1].place, 0);
    stop(&f);
}

/* The comparison alone, of a key of one column. */
static const char *condition(struct fixture *f, const char *data_type, const char *column_type,
                             const char *charset, const char *value)
{
    struct sl_schema_column column = {.name = TEXT("k"), .key_part = 1};
    const struct sl_span after = span(value);
    const char *sql;

    column.data_type = span(data_type);
    column.column_type = span(column_type);
    column.charset = span(charset);
    sql = strstr(range(start(f, &column, 1), &after, "", false), "WHERE ") + strlen("WHERE ");
    *strstr((char *)(uintptr_t)sql, " ORDER") = '\0';
    return sql;
}

static void every_kind_is_compared_as_the_index_has_it(void **state)
{
    static const struct {
        const char *data_type, *column_type, *charset, *value, *sql;
    } cases[] = {
        {"bigint", "bigint unsigned", "", "18446744073709551615", "((`k`>18446744073709551615))"},
        {"decimal", "decimal(9,2)", "", "-0.50", "((`k`>-0.50))"},
        {"float", "float", "", "1.1", "((`k`>1.1000000238418579e+00))"},
        {"double", "double", "", "1.1", "((`k`>1.1000000000000001e+00))"},
        {"varbinary", "varbinary(9)", "", "a'", "((`k`>X'6127'))"},
        {"varchar", "varchar(9)", "utf8mb4", "a'", "((`k`>_utf8mb4 X'6127'))"},
        {"char", "char(9)", "sjis", "a", "((`k`>_sjis X'61'))"},
        {"date", "date", "", "0000-00-00", "((`k`>'0000-00-00'))"},
        {"uuid", "uuid", "", "0-1", "((`k`>'0-1'))"},
        {"year", "year", "", "0000", "((`k`>0000))"},
        {"bit", "bit(9)", "", "511", "((`k`>511))"},
        {"enum", "enum('z','it''s','y')", "utf8mb4", "1", "((`k` IN ('it\\'s','y')))"},
        {"enum", "enum('z','y')", "utf8mb4", "0", "((`k` IN ('z','y')))"},
        {"enum", "enum('z','y')", "utf8mb4", "2", "((FALSE))"},
        {"enum", "enum('z','')", "utf8mb4", "1", "((CAST(`k` AS UNSIGNED)>1))"},
        {"enum", "enum('z','y')", "utf8mb4", "7", "((CAST(`k` AS UNSIGNED)>7))"},
        {"set", "set('z','y')", "utf8mb4", "3", "((CAST(`k` AS UNSIGNED)>3))"},
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(condition(&f, cases[i].data_type, cases[i].column_type,
                                      cases[i].charset, cases[i].value),
                            cases[i].sql);
        /* What it is compared by is selected besides its text where the two differ. */
        assert_int_equal(f.key.parts[0].is_extra, strcmp(cases[i].data_type, "enum") == 0 ||
                                                      strcmp(cases[i].data_type, "set") == 0 ||
                                                      strcmp(cases[i].charset, "sjis") == 0);
        stop(&f);
    }
}

static void table_without_a_key_is_refused(void **state)
{
    static const struct sl_schema_column columns[] = {COLUMN("a", "int", "int", "", 0)};
    static const struct sl_schema_column odd[] = {
        COLUMN("a", "varchar", "varchar(3)", "x X'00' --", 1)};
    struct sl_schema schema = {.columns = (struct sl_schema_column *)(uintptr_t)columns,
                               .count = 1};
    struct sl_arena arena = {0};
    struct sl_chunk_key key;
    struct sl_table table;
    struct sl_err err = {0};

    (void)state;
    assert_int_equal(sl_schema_table_build(&table, span("d"), span("t"), &schema, &arena, &err),
                     SL_OK);
    assert_int_equal(sl_chunk_key_init(&key, &table, &schema, span(""), &arena, &err), SL_ESCHEMA);
    assert_non_null(strstr(err.text, "d.t"));
    schema.columns = (struct sl_schema_column *)(uintptr_t)odd;
    assert_int_equal(sl_schema_table_build(&table, span("d"), span("t"), &schema, &arena, &err),
                     SL_OK);
    assert_int_equal(sl_chunk_key_init(&key, &table, &schema, span("PRIMARY"), &arena, &err),
                     SL_ESCHEMA);
    assert_non_null(strstr(err.text, "character set"));
    sl_arena_release(&arena);
}

static void keys_of_one_column_are_a_list(void **state)
{
    static const struct sl_schema_column columns[] = {
        COLUMN("id", "int", "int", "", 1), COLUMN("s", "varchar", "varchar(9)", "utf8mb4", 0)};
    const struct sl_cell ids[] = {text("1"), absent, text("-2"), absent};
    const struct sl_cell texts[] = {absent, text("a'\\"), absent, null_cell};
    struct fixture f;

    (void)state;
    start(&f, columns, 2);
    assert_string_equal(keys(&f, ids, 2), "SELECT `id`,`s` FROM `d``b`.`t` WHERE `id` IN (1,-2)");
    assert_string_equal(keys(&f, texts, 2), "SELECT `id`,`s` FROM `d``b`.`t` WHERE `s` IN "
                                            "('a\\'\\\\',NULL) OR `s` IS NULL");
    stop(&f);
}

static void keys_of_several_columns_are_conditions(void **state)
{
    static const struct sl_schema_column columns[] = {COLUMN("id", "int", "int", "", 1),
                                                      COLUMN("j", "json", "json", "", 0)};
    const struct sl_cell cells[] = {text("1"), text("{}"), text("2"), null_cell};
    struct fixture f;

    (void)state;
    start(&f, columns, 2);
    assert_string_equal(keys(&f, cells, 2),
                        "SELECT `id`,`j` FROM `d``b`.`t` WHERE (`id`=1 AND CAST(`j` AS CHAR)='{}') "
                        "OR (`id`=2 AND CAST(`j` AS CHAR) IS NULL)");
    stop(&f);
}

static void keys_that_differ_in_their_columns_are_refused(void **state)
{
    static const struct sl_schema_column columns[] = {COLUMN("id", "int", "int", "", 1),
                                                      COLUMN("n", "int", "int", "", 0)};
    const struct sl_cell none[] = {absent, absent};
    const struct sl_cell mixed[] = {text("1"), absent, absent, text("1")};
    const struct sl_cell stored[] = {
        {.data = (const uint8_t *)"\1", .len = 1, .state = SL_CELL_VALUE}, absent};
    struct sl_err err = {0};
    struct fixture f;

    (void)state;
    start(&f, columns, 2);
    assert_int_equal(sl_chunk_sql_keys(&f.sql, &f.table, none, 1, false, &err), SL_EINVAL);
    assert_int_equal(sl_chunk_sql_keys(&f.sql, &f.table, mixed, 2, false, &err), SL_EINVAL);
    assert_int_equal(sl_chunk_sql_keys(&f.sql, &f.table, stored, 1, false, &err), SL_EINVAL);
    stop(&f);
}

static void number_is_looked_at_before_it_goes_without_quotes(void **state)
{
    static const char *const numbers[] = {"0",    "-1",   "0042",
                                          "1.50", "-0.5", "18446744073709551615"};
    static const char *const others[] = {"",   "-",   ".5",   "1.",    "1e3", "1 OR 1=1",
                                         "+1", "1-1", "0x10", "1.2.3", " 1",  "1\n"};
    static const char *const bad_floats[] = {"", "nan", "inf", "1 ", "1;", "1e999", "x"};
    const struct sl_column integer = {.type = SL_TYPE_LONG, .kind = SL_KIND_NUMBER};
    const struct sl_column real = {.type = SL_TYPE_DOUBLE, .kind = SL_KIND_NUMBER};
    struct sl_buf sql = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_true(sl_sql_is_number(span(numbers[i])));
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        sl_buf_clear(&sql);
        assert_int_equal(sl_sql_add_value(&sql, &integer, span(others[i])), SL_OK);
        assert_string_equal(sl_buf_cstr(&sql), "NULL");
    }
    for (size_t i = 0; i < sizeof(bad_floats) / sizeof(bad_floats[0]); i++) {
        sl_buf_clear(&sql);
        assert_int_equal(sl_sql_add_value(&sql, &real, span(bad_floats[i])), SL_OK);
        assert_string_equal(sl_buf_cstr(&sql), "NULL");
    }
    assert_false(sl_sql_is_number(sl_span_make("1\0", 2)));
    assert_false(sl_sql_is_float_text(&real, sl_span_make("1\0", 2)));
    assert_true(sl_sql_is_digits(span("12")) && !sl_sql_is_digits(span("-1")));
    sl_buf_release(&sql);
}

static void literals_and_names_are_quoted(void **state)
{
    struct sl_buf sql = {0};

    (void)state;
    assert_int_equal(sl_sql_add_literal(&sql, "a'\\\0\n\"", 6), SL_OK);
    assert_int_equal(sl_sql_add_name(&sql, "a`'", 3), SL_OK);
    assert_int_equal(sl_sql_add_hex(&sql, sl_span_make("\0\xff", 2)), SL_OK);
    assert_string_equal(sl_buf_cstr(&sql), "'a\\'\\\\\\0\n\"'`a``'`X'00FF'");
    sl_buf_release(&sql);
}

static void char_without_padding_is_behind_as_it_is_stored(void **state)
{
    struct sl_schema_column column = COLUMN("c", "char", "char(9)", "utf8mb4", 1);
    struct sl_span after[] = {TEXT("ab")};
    struct fixture f;

    (void)state;
    column.collation = span("utf8mb4_nopad_bin");
    start(&f, &column, 1);
    assert_non_null(strstr(range(&f, after, "", false),
                           " WHERE (((`c`>=_utf8mb4 X'6162') AND "
                           "RPAD(`c`,255)>RPAD(_utf8mb4 X'6162',255))) ORDER BY"));
    after[0] = span("a b\tc");
    assert_non_null(strstr(range(&f, after, "", false),
                           " WHERE (((`c`>=_utf8mb4 X'6120620963' OR `c`>=_utf8mb4 X'6120') AND "
                           "RPAD(`c`,255)>RPAD(_utf8mb4 X'6120620963',255))) ORDER BY"));
    after[0] = span("x\xe2\x80\xa8");
    assert_non_null(strstr(range(&f, after, "", false), "OR `c`>=_utf8mb4 X'')"));
    stop(&f);
    column.collation = span("utf8mb4_bin");
    start(&f, &column, 1);
    assert_null(strstr(range(&f, after, "", false), "RPAD"));
    stop(&f);
    column.collation = span("utf8mb4_nopad_bin");
    column.data_type = span("varchar");
    start(&f, &column, 1);
    assert_null(strstr(range(&f, after, "", false), "RPAD"));
    stop(&f);
}

static void wide_char_without_padding_is_taken_by_units(void **state)
{
    struct sl_schema_column column = COLUMN("c", "char", "char(9)", "ucs2", 1);
    struct sl_span after[] = {TEXT("\0a\0b")};
    struct fixture f;

    (void)state;
    column.collation = span("ucs2_nopad_bin");
    start(&f, &column, 1);
    assert_null(strstr(range(&f, after, "", false), " OR "));
    after[0] = sl_span_make("\0a\0b\0\t", 6);
    assert_non_null(strstr(range(&f, after, "", false), " OR `c`>=_ucs2 X'0061')"));
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_chunk_has_no_condition),
        cmocka_unit_test(composite_key_is_written_out),
        cmocka_unit_test(every_kind_is_compared_as_the_index_has_it),
        cmocka_unit_test(table_without_a_key_is_refused),
        cmocka_unit_test(keys_of_one_column_are_a_list),
        cmocka_unit_test(keys_of_several_columns_are_conditions),
        cmocka_unit_test(keys_that_differ_in_their_columns_are_refused),
        cmocka_unit_test(number_is_looked_at_before_it_goes_without_quotes),
        cmocka_unit_test(literals_and_names_are_quoted),
        cmocka_unit_test(char_without_padding_is_behind_as_it_is_stored),
        cmocka_unit_test(wide_char_without_padding_is_taken_by_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
