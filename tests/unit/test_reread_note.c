#include "tests/support/check.h"

#include "cdc/reread_note.h"
#include "tests/support/table.h"

static void a_scope_names_a_table(void **state)
{
    static const struct {
        const char *db;
        const char *table;
        const char *scope;
    } cases[] = {
        {"shop", "users", "shop.users"},
        {"a.b", "c d", "a%2eb.c%20d"},
        {"%", "=.", "%25.%3d%2e"},
    };
    struct sl_buf scope = {0};
    struct sl_buf db = {0};
    struct sl_buf table = {0};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        sl_buf_clear(&scope);
        assert_int_equal(sl_reread_scope_format(sl_check_span(cases[i].db),
                                                sl_check_span(cases[i].table), &scope),
                         SL_OK);
        assert_string_equal(sl_buf_cstr(&scope), cases[i].scope);
        assert_int_equal(sl_reread_scope_parse(sl_check_span(cases[i].scope), &db, &table), SL_OK);
        assert_string_equal(sl_buf_cstr(&db), cases[i].db);
        assert_string_equal(sl_buf_cstr(&table), cases[i].table);
    }
    sl_buf_release(&scope);
    sl_buf_release(&db);
    sl_buf_release(&table);
}

static void what_is_no_scope_or_field_is_refused(void **state)
{
    static const char *const scopes[] = {"", "shop", ".users", "shop.", "sh%2.users", "shop.%zz"};
    static const char *const fields[] = {"", "shop.users", " key", "shop.users "};
    struct sl_reread_note note = {.key = {0}};
    struct sl_buf db = {0};
    struct sl_buf table = {0};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(scopes); i++) {
        assert_int_equal(sl_reread_scope_parse(sl_check_span(scopes[i]), &db, &table), SL_EFORMAT);
    }
    for (size_t i = 0; i < SL_COUNT(fields); i++) {
        assert_int_equal(sl_reread_field_parse(sl_check_span(fields[i]), &note), SL_EFORMAT);
    }
    assert_int_equal(sl_reread_field_parse(sl_check_span("a.b k e y"), &note), SL_OK);
    assert_true(sl_span_equals(note.key, "k e y"));
    sl_buf_release(&db);
    sl_buf_release(&table);
}

static void cells_are_found_by_their_columns(void **state)
{
    struct sl_cell cells[] = {sl_test_cell("x =%."), SL_NULL_CELL, sl_test_cell("")};
    struct sl_test_table test;
    struct sl_cell found[3];
    struct sl_arena arena = {0};
    struct sl_buf text = {0};

    (void)state;
    cells[0].state = SL_CELL_TEXT;
    cells[2].state = SL_CELL_TEXT;
    sl_test_table_init(&test, "shop", "t", "a text,b text,c text");
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(sl_reread_add_cell(&text, &test.table.columns[i], &cells[i], NULL), SL_OK);
    }
    assert_string_equal(sl_buf_cstr(&text), "a=x%20%3d%25%2e b c=");
    assert_int_equal(
        sl_reread_cells_parse(sl_check_span("c= a=x%20%3d%25%2e"), &test.table, &arena, found),
        SL_OK);
    assert_int_equal(found[0].state, SL_CELL_TEXT);
    assert_memory_equal(found[0].data, "x =%.", 5);
    assert_int_equal(found[1].state, SL_CELL_ABSENT);
    assert_int_equal(found[2].state, SL_CELL_TEXT);
    assert_int_equal(found[2].len, 0);
    assert_int_equal(sl_reread_cells_parse(sl_check_span("b"), &test.table, &arena, found), SL_OK);
    assert_int_equal(found[1].state, SL_CELL_NULL);
    sl_arena_release(&arena);
    sl_buf_release(&text);
    sl_test_table_release(&test);
}

static void cells_of_another_table_are_of_no_use(void **state)
{
    static const char *const texts[] = {"", "   ", "d=1", "a=1 d=1", "a=%2", "a=%zz"};
    const struct sl_cell absent = SL_ABSENT_CELL;
    struct sl_test_table test;
    struct sl_cell found[2];
    struct sl_arena arena = {0};
    struct sl_buf text = {0};
    struct sl_err err = {0};

    (void)state;
    sl_test_table_init(&test, "shop", "t", "a text,b text");
    for (size_t i = 0; i < SL_COUNT(texts); i++) {
        assert_int_equal(sl_reread_cells_parse(sl_check_span(texts[i]), &test.table, &arena, found),
                         SL_DONE);
    }
    assert_int_equal(sl_reread_add_cell(&text, &test.table.columns[0], &absent, &err), SL_ESCHEMA);
    assert_int_equal(text.len, 0);
    sl_arena_release(&arena);
    sl_buf_release(&text);
    sl_test_table_release(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_names_a_table),
        cmocka_unit_test(what_is_no_scope_or_field_is_refused),
        cmocka_unit_test(cells_are_found_by_their_columns),
        cmocka_unit_test(cells_of_another_table_are_of_no_use),
    };

    return cmocka_run_group_tests_name("reread note", tests, NULL, NULL);
}
