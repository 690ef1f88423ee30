/* What a key should hold, from the commands that the encoder makes of a row. */
#include "tests/support/check.h"

#include "filters/encode.h"
#include "filters/expect.h"
#include "tests/support/table.h"

struct fixture {
    struct sl_test_table test;
    struct sl_table_rule rule;
    struct sl_shape *shape;
    struct sl_expect expect;
    struct sl_err err;
};

static void init(struct fixture *fix, const char *spec, enum sl_value_kind value, uint64_t ttl)
{
    *fix = (struct fixture){.rule = {.pattern = "shop.t",
                                     .db_pattern = "shop",
                                     .table_pattern = "t",
                                     .key_template = "{pk}",
                                     .value = value,
                                     .ttl_s = ttl}};
    sl_test_table_init(&fix->test, "shop", "t", spec);
    assert_ok(sl_shape_new(&fix->rule, &fix->test.table, &fix->shape, &fix->err), &fix->err);
}

static void release(struct fixture *fix)
{
    sl_shape_free(fix->shape);
    sl_expect_release(&fix->expect);
}

static void expect(struct fixture *fix, const struct sl_cell *cells)
{
    assert_ok(sl_expect_row(&fix->expect, fix->shape, cells, sl_check_span("k\r\n$1"), &fix->err),
              &fix->err);
}

static void a_hash_has_the_fields_that_are_not_null(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("7"), SL_NULL_CELL, sl_test_cell("$3\r\nx\r\n"),
                                    sl_test_cell("")};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text,b text,c text", SL_VALUE_HASH, 0);
    expect(&fix, cells);
    assert_int_equal(fix.expect.held.kind, SL_HELD_FIELDS);
    assert_int_equal(fix.expect.held.field_count, 3);
    assert_span(fix.expect.held.fields[1].name, "b");
    assert_span(fix.expect.held.fields[1].value, "$3\r\nx\r\n");
    assert_span(fix.expect.held.fields[2].value, "");
    assert_false(fix.expect.held.expires);
    release(&fix);
}

static void a_row_of_nulls_has_no_key(void **state)
{
    static const char *const chosen[] = {"a"};
    const struct sl_cell full[] = {sl_test_cell("7"), sl_test_cell("x")};
    const struct sl_cell empty[] = {sl_test_cell("7"), SL_NULL_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text", SL_VALUE_HASH, 5);
    sl_shape_free(fix.shape);
    fix.rule.columns = chosen;
    fix.rule.column_count = 1;
    assert_ok(sl_shape_new(&fix.rule, &fix.test.table, &fix.shape, &fix.err), &fix.err);
    expect(&fix, full);
    assert_int_equal(fix.expect.held.kind, SL_HELD_FIELDS);
    expect(&fix, empty);
    assert_int_equal(fix.expect.held.kind, SL_HELD_NOTHING);
    assert_false(fix.expect.held.expires);
    release(&fix);
}

static void a_json_row_is_one_text(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("7"), sl_test_cell("a\"b")};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text", SL_VALUE_JSON, 0);
    expect(&fix, cells);
    assert_int_equal(fix.expect.held.kind, SL_HELD_TEXT);
    assert_span(fix.expect.held.text, "{\"id\":7,\"a\":\"a\\\"b\"}");
    assert_false(fix.expect.held.expires);
    release(&fix);
}

static void a_time_to_live_is_noticed(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("7"), SL_NULL_CELL};
    struct fixture fix;

    (void)state;
    for (int value = SL_VALUE_HASH; value <= SL_VALUE_JSON; value++) {
        init(&fix, "id int key,a text", (enum sl_value_kind)value, 60);
        expect(&fix, cells);
        assert_true(fix.expect.held.expires);
        release(&fix);
    }
}

/* The encoder writes a row in two ways; both leave the same. */
static void replacing_a_row_ends_in_the_same(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("7"), SL_NULL_CELL, sl_test_cell("x")};
    struct sl_expect replaced = {0};
    struct sl_buf out = {0};
    struct fixture fix;
    uint32_t key_at;
    uint16_t commands;

    (void)state;
    for (int value = SL_VALUE_HASH; value <= SL_VALUE_JSON; value++) {
        init(&fix, "id int key,a text,b text", (enum sl_value_kind)value, 60);
        expect(&fix, cells);
        sl_buf_clear(&out);
        assert_ok(sl_encode_replace(fix.shape, (struct sl_row){.cells = cells}, sl_check_span("k"),
                                    &out, &key_at, &commands, &fix.err),
                  &fix.err);
        assert_int_equal(sl_expect_commands(&replaced, sl_span_make(out.data, out.len)), SL_OK);
        assert_int_equal(sl_held_compare(&fix.expect.held, &replaced.held), SL_DRIFT_NONE);
        release(&fix);
    }
    sl_expect_release(&replaced);
    sl_buf_release(&out);
}

static void what_is_no_command_is_refused(void **state)
{
    static const char *const cases[] = {
        "*",
        "*2\r\n",
        "*2\r\n$3\r\nDEL\r\n",
        "*1\r\n$3\r\nDEL\r\n",
        "*2\r\n$3\r\nDEL\r\n$9\r\nk\r\n",
        "*2\r\n$4\r\nPING\r\n$1\r\nk\r\n",
        "*3\r\n$4\r\nHSET\r\n$1\r\nk\r\n$1\r\nf\r\n",
        "*999999\r\n$4\r\nHSET\r\n$1\r\nk\r\n",
        "*2\r\n$99999999999999999999\r\nDEL\r\n",
        "+OK\r\n",
    };
    struct sl_expect expect = {0};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        if (sl_expect_commands(&expect, sl_check_span(cases[i])) != SL_EFORMAT) {
            fail_msg("%s was taken", cases[i]);
        }
    }
    sl_expect_release(&expect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_has_the_fields_that_are_not_null),
        cmocka_unit_test(a_row_of_nulls_has_no_key),
        cmocka_unit_test(a_json_row_is_one_text),
        cmocka_unit_test(a_time_to_live_is_noticed),
        cmocka_unit_test(replacing_a_row_ends_in_the_same),
        cmocka_unit_test(what_is_no_command_is_refused),
    };

    return cmocka_run_group_tests_name("expect", tests, NULL, NULL);
}
