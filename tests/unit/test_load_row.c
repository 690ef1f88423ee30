/* test_load_row.c - rows that are loaded again: their layout from the schema, and what is sent for
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/schema_table.h"
#include "filters/mapper.h"

#define TEXT(literal)                                   \
    {                                                   \
        (const uint8_t *)(literal), sizeof(literal) - 1 \
    }

static struct sl_schema_column columns[] = {
    {.name = TEXT("id"),
     .data_type = TEXT("int"),
     .column_type = TEXT("int(5) unsigned zerofill"),
     .charset = TEXT(""),
     .key_part = 2},
    {.name = TEXT("s"),
     .data_type = TEXT("varchar"),
     .column_type = TEXT("varchar(9)"),
     .charset = TEXT("latin1"),
     .key_part = 1},
    {.name = TEXT("b"),
     .data_type = TEXT("blob"),
     .column_type = TEXT("blob"),
     .charset = TEXT(""),
     .is_nullable = true},
    {.name = TEXT("u"),
     .data_type = TEXT("uuid"),
     .column_type = TEXT("uuid"),
     .charset = TEXT("")},
    {.name = TEXT("j"),
     .data_type = TEXT("json"),
     .column_type = TEXT("json"),
     .charset = TEXT("")},
    {.name = TEXT("e"),
     .data_type = TEXT("enum"),
     .column_type = TEXT("enum('x','y')"),
     .charset = TEXT("utf8mb4")},
    {.name = TEXT("t"),
     .data_type = TEXT("datetime"),
     .column_type = TEXT("datetime(3)"),
     .charset = TEXT("")},
    {.name = TEXT("p"),
     .data_type = TEXT("of_a_plugin"),
     .column_type = TEXT("of_a_plugin"),
     .charset = TEXT("utf8mb4")},
};

static void layout_from_the_schema_has_kinds_names_and_key(void **state)
{
    static const enum sl_kind kinds[] = {SL_KIND_NUMBER, SL_KIND_TEXT, SL_KIND_BYTES, SL_KIND_TEXT,
                                         SL_KIND_JSON,   SL_KIND_TEXT, SL_KIND_TEXT,  SL_KIND_TEXT};
    const struct sl_schema schema = {.columns = columns, .count = 8, .key_is_primary = true};
    struct sl_arena arena = {0};
    struct sl_table table;
    struct sl_err err = {0};

    (void)state;
    assert_int_equal(sl_schema_table_build(&table, sl_span_make("d", 1), sl_span_make("t", 1),
                                           &schema, &arena, &err),
                     SL_OK);
    assert_int_equal(table.column_count, 8);
    assert_true(table.has_names && table.key_is_primary);
    assert_int_equal(table.key_count, 2);
    assert_int_equal(table.key[0], 1);
    assert_int_equal(table.key[1], 0);
    for (uint32_t i = 0; i < 8; i++) {
        assert_true(sl_span_equals(table.columns[i].name,
                                   (const char[9][3]){"id", "s", "b", "u", "j", "e", "t", "p"}[i]));
        assert_int_equal(table.columns[i].kind, kinds[i]);
    }
    assert_true(table.columns[0].is_zerofill && table.columns[0].is_unsigned);
    assert_true(table.columns[2].is_nullable && !table.columns[0].is_nullable);
    assert_int_equal(table.columns[5].label_count, 2);
    sl_arena_release(&arena);
}

struct fixture {
    struct sl_mapper *mapper;
    struct sl_arena arena;
    struct sl_table table;
    struct sl_batch *batch;
};

static void open_it(struct fixture *fix, const struct sl_table_rule *rule)
{
    const struct sl_schema schema = {.columns = columns, .count = 3, .key_is_primary = true};
    struct sl_err err = {0};

    memset(fix, 0, sizeof(*fix));
    assert_int_equal(sl_schema_table_build(&fix->table, sl_span_make("d", 1), sl_span_make("t", 1),
                                           &schema, &fix->arena, &err),
                     SL_OK);
    fix->mapper = sl_rule_mapper_new(rule, 1, NULL);
    fix->batch = sl_batch_new();
    assert_true(fix->mapper != NULL && fix->batch != NULL);
    assert_int_equal(fix->mapper->ops->table(fix->mapper, &fix->table, &err), SL_OK);
}

static void close_it(struct fixture *fix)
{
    fix->table.user_free(fix->table.user);
    fix->mapper->ops->free(fix->mapper);
    sl_batch_free(fix->batch);
    sl_arena_release(&fix->arena);
}

static const struct sl_cell row[] = {{(const uint8_t *)"00007", 5, SL_CELL_TEXT},
                                     {(const uint8_t *)"a", 1, SL_CELL_TEXT},
                                     {NULL, 0, SL_CELL_NULL}};

static void load(struct fixture *fix)
{
    const struct sl_loaded_row loaded = {
        .table = &fix->table, .cells = row, .write = SL_WRITE_REPLACE};
    struct sl_err err = {0};

    assert_int_equal(fix->mapper->ops->load_row(fix->mapper, &loaded, fix->batch, &err), SL_OK);
}

static void insert(struct fixture *fix)
{
    const struct sl_row_change change = {
        .op = SL_OP_INSERT, .table = &fix->table, .after = row, .after_is_full = true};
    struct sl_err err = {0};

    assert_int_equal(fix->mapper->ops->row(fix->mapper, &change, fix->batch, &err), SL_OK);
}

static void sends(struct fixture *fix, const char *want, uint64_t commands)
{
    sl_batch_seal(fix->batch);
    assert_int_equal(sl_batch_commands(fix->batch), commands);
    assert_string_equal(sl_buf_cstr(&fix->batch->data), want);
}

#define DEL "*2\r\n$3\r\nDEL\r\n$11\r\nd:t:a:00007\r\n"
#define HSET \
    "*6\r\n$4\r\nHSET\r\n$11\r\nd:t:a:00007\r\n$2\r\nid\r\n$5\r\n00007\r\n$1\r\ns\r\n$1\r\na\r\n"
#define HDEL "*3\r\n$4\r\nHDEL\r\n$11\r\nd:t:a:00007\r\n$1\r\nb\r\n"

static const struct sl_table_rule hash = {.pattern = "d.t",
                                          .db_pattern = "d",
                                          .table_pattern = "t",
                                          .key_template = "{db}:{table}:{pk}",
                                          .value = SL_VALUE_HASH};

static void loaded_hash_loses_fields_of_columns_that_are_gone(void **state)
{
    struct fixture fix;

    (void)state;
    open_it(&fix, &hash);
    load(&fix);
    sends(&fix, DEL HSET, 2);
    close_it(&fix);
}

static void later_write_of_the_batch_leaves_the_replacement(void **state)
{
    struct fixture fix;

    (void)state;
    open_it(&fix, &hash);
    insert(&fix); /* of the old layout: superfluous */
    load(&fix);
    insert(&fix); /* superfluous, too, as the last one says it all */
    insert(&fix);
    sends(&fix, DEL HSET HSET HDEL, 4);
    close_it(&fix);
}

static void second_load_makes_the_first_superfluous(void **state)
{
    struct fixture fix;

    (void)state;
    open_it(&fix, &hash);
    load(&fix);
    load(&fix);
    sends(&fix, DEL HSET, 2);
    close_it(&fix);
}

static void rollback_brings_back_what_a_load_made_superfluous(void **state)
{
    struct fixture fix;

    (void)state;
    open_it(&fix, &hash);
    insert(&fix);
    fix.batch->begin = sl_batch_here(fix.batch);
    load(&fix);
    sl_batch_rollback(fix.batch, fix.batch->begin);
    sends(&fix, HSET HDEL, 2);
    close_it(&fix);
}

static void loaded_json_is_set_as_a_whole(void **state)
{
    struct sl_table_rule json = hash;
    struct fixture fix;

    (void)state;
    json.value = SL_VALUE_JSON;
    open_it(&fix, &json);
    load(&fix);
    assert_int_equal(sl_batch_commands(fix.batch), 1);
    assert_non_null(strstr(sl_buf_cstr(&fix.batch->data), "{\"id\":7,\"s\":\"a\",\"b\":null}"));
    close_it(&fix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_from_the_schema_has_kinds_names_and_key),
        cmocka_unit_test(loaded_hash_loses_fields_of_columns_that_are_gone),
        cmocka_unit_test(later_write_of_the_batch_leaves_the_replacement),
        cmocka_unit_test(second_load_makes_the_first_superfluous),
        cmocka_unit_test(rollback_brings_back_what_a_load_made_superfluous),
        cmocka_unit_test(loaded_json_is_set_as_a_whole),
    };

    return cmocka_run_group_tests_name("load_row", tests, NULL, NULL);
}
