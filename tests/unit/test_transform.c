/* test_transform.c - what the functions of rules get, what becomes of what they return, and what
 * they cannot do. */
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>

#include "filters/encode.h"
#include "filters/mapper.h"
#include "filters/transform.h"
#include "tests/support/table.h"

enum { COLUMNS = 8 };

struct fixture {
    struct sl_test_table test;
    struct sl_table_rule rule;
    struct sl_shape *shape;
    struct sl_mapper_stats stats;
    struct sl_cell cells[COLUMNS];
    const struct sl_cell *base;
    struct sl_buf out;
    struct sl_err err;
    uint16_t commands;
};

/* id, name, note (NULL), data (bytes), j (JSON), y (a YEAR), f (a FLOAT), odd */
static void init(struct fixture *fix, enum sl_value_kind value)
{
    *fix = (struct fixture){.rule = {.pattern = "shop.t",
                                     .db_pattern = "shop",
                                     .table_pattern = "t",
                                     .key_template = "{pk}",
                                     .value = value}};
    sl_test_table_init(&fix->test, "shop", "t",
                       "id int key,name text,note text,data blob,j json,y zerofill,f float,"
                       "odd-name text");
    fix->cells[0] = sl_test_cell("7");
    fix->cells[1] = sl_test_cell("Ada");
    fix->cells[2] = SL_NULL_CELL;
    fix->cells[3] =
        (struct sl_cell){.data = (const uint8_t *)"a\0\xff", .len = 3, .state = SL_CELL_TEXT};
    fix->cells[4] = sl_test_cell("{\"a\": 1}");
    fix->cells[5] = sl_test_cell("00042");
    fix->cells[6] = sl_test_cell("0.1");
    fix->cells[7] = sl_test_cell("x");
    assert_ok(sl_shape_new(&fix->rule, &fix->test.table, &fix->shape, &fix->err), &fix->err);
}

static void release(struct fixture *fix)
{
    sl_transform_free(fix->shape->transform);
    sl_shape_free(fix->shape);
    sl_buf_release(&fix->out);
}

static void use(struct fixture *fix, const char *text)
{
    sl_transform_free(fix->shape->transform);
    fix->shape->transform = NULL;
    fix->rule.transform = text;
    assert_ok(sl_transform_new(&fix->rule, &fix->shape->transform, &fix->err), &fix->err);
    sl_transform_tell(fix->shape->transform, &fix->stats, NULL, NULL);
}

static int put(struct fixture *fix)
{
    struct sl_row row = {.cells = fix->cells, .base = fix->base};
    uint32_t key_at;

    sl_buf_clear(&fix->out);
    return sl_encode_put(fix->shape, row, sl_check_span("k"), &fix->out, &key_at, &fix->commands,
                         &fix->err);
}

/* The commands, a space instead of a line's end, without lengths: "DEL k HSET k a 1". */
static const char *flat(const struct sl_buf *out)
{
    static char text[4096];
    size_t len = 0;

    for (size_t i = 0; i < out->len && len < sizeof(text) - 2;) {
        unsigned long number = strtoul((const char *)out->data + i + 1, NULL, 10);
        bool is_text = out->data[i] == '$';

        while (out->data[i++] != '\n') {
        }
        if (is_text) {
            assert_true(number < sizeof(text) - 2 - len);
            memcpy(text + len, out->data + i, number);
            len += number;
            text[len++] = ' ';
            i += number + 2;
        }
    }
    text[len > 0 ? len - 1 : 0] = '\0';
    return text;
}

static void must_show(struct fixture *fix, const char *text, const char *want)
{
    use(fix, text);
    assert_ok(put(fix), &fix->err);
    if (strcmp(flat(&fix->out), want) != 0) {
        fail_msg("%s:\nshows %s\nnot   %s", text, flat(&fix->out), want);
    }
}

static void must_fail(struct fixture *fix, const char *text, const char *sentence)
{
    int rc;

    use(fix, text);
    sl_err_clear(&fix->err);
    rc = put(fix);
    if (rc != SL_ERULE || strstr(fix->err.text, sentence) == NULL || fix->out.len != 0) {
        fail_msg("%s: status %d, %zu bytes, \"%s\"", text, rc, fix->out.len, fix->err.text);
    }
    assert_null(strstr(fix->err.text, "Ada"));
}

static void the_row_itself_shows_what_no_transform_would(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_JSON);
    must_show(&fix, "function(row) return row end",
              "SET k {\"id\":7,\"name\":\"Ada\",\"note\":null,\"data\":\"YQD/\",\"j\":{\"a\": 1},"
              "\"y\":42,\"f\":0.1,\"odd-name\":\"x\"}");
    must_show(&fix,
              "function(row) row.id = row.id row.data = row.data row.j = row.j row.y = row.y "
              "row.f = row.f return row end",
              "SET k {\"id\":7,\"name\":\"Ada\",\"note\":null,\"data\":\"YQD/\",\"j\":{\"a\": 1},"
              "\"y\":42,\"f\":0.1,\"odd-name\":\"x\"}");
    release(&fix);
    init(&fix, SL_VALUE_HASH);
    fix.cells[3] = sl_test_cell("b");
    must_show(&fix, "function(row) return row end",
              "DEL k HSET k id 7 name Ada data b j {\"a\": 1} y 00042 f 0.1 odd-name x");
    assert_int_equal(fix.commands, 2);
    release(&fix);
}

static void columns_come_in_their_order_and_other_names_by_bytes(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_HASH);
    must_show(&fix,
              "function(row) return {zz = 1, b = 2, ['\\xc3\\xa4'] = 3, B = 4, y = row.y, ba = 5, "
              "name = row.name, id = 8} end",
              "DEL k HSET k id 8 name Ada y 00042 B 4 b 2 ba 5 zz 1 \xc3\xa4 3");
    must_show(
        &fix,
        "function(row) row.zz = 1 row.b = 2 row.name = nil row.data = nil row.f = nil row.j = nil "
        "row.id = 3 row.b = nil return row end",
        "DEL k HSET k id 3 y 00042 odd-name x zz 1");
    release(&fix);
    init(&fix, SL_VALUE_JSON);
    must_show(
        &fix,
        "function(row) return {b = row.name .. '!', a = row.id + 1, j = row.j, data = row.data, "
        "f = 2.5, y = row.y + 1} end",
        "SET k {\"data\":\"YQD/\",\"j\":{\"a\": 1},\"y\":43,\"f\":2.5,\"a\":8,\"b\":\"Ada!\"}");
    release(&fix);
}

static void values_have_one_text_each(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_HASH);
    must_show(
        &fix,
        "function(row) return {a = true, b = false, c = 9223372036854775807, d = -0.0, e = 1e15, "
        "f = 0.1, g = 3.0, h = null, i = '\\xff', j = math.mininteger, k = ''} end",
        "DEL k HSET k j -9223372036854775808 f 0.1 a true b false c 9223372036854775807 d -0 "
        "e 1e15 g 3 i \xff k ");
    release(&fix);
    init(&fix, SL_VALUE_JSON);
    must_show(
        &fix,
        "function(row) return {a = true, b = false, c = 9223372036854775807, d = -0.0, e = 1e15, "
        "h = null, k = '', q = 'a\"\\n', note = null} end",
        "SET k {\"note\":null,\"a\":true,\"b\":false,\"c\":9223372036854775807,\"d\":-0,"
        "\"e\":1e15,\"h\":null,\"k\":\"\",\"q\":\"a\\\"\\n\"}");
    must_fail(&fix, "function(row) return {a = 1/0} end", "infinite or none");
    must_fail(&fix, "function(row) return {a = 0/0} end", "infinite or none");
    must_fail(&fix, "function(row) return {a = '\\xff'} end", "no UTF-8");
    must_fail(&fix, "function(row) return {['\\xff'] = 1} end", "no UTF-8");
    must_fail(&fix, "function(row) return {a = function() end} end", "gives a function as a value");
    must_fail(&fix, "function(row) return {1} end", "a number among the names");
    must_fail(&fix, "function(row) return 7 end", "returns a number and not a table, or nil");
    must_fail(&fix, "function(row) return math end", "no table of its own");
    release(&fix);
}

static void tables_are_arrays_or_objects(void **state)
{
    static const char function[] =
        "function(row) return {a = {1, 'x', {}, {b = {2.5, true}, a = null, ['9'] = ''}}} end";
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_HASH);
    must_show(&fix, function,
              "DEL k HSET k a [1,\"x\",[],{\"9\":\"\",\"a\":null,\"b\":[2.5,true]}]");
    release(&fix);
    init(&fix, SL_VALUE_JSON);
    must_show(&fix, function,
              "SET k {\"a\":[1,\"x\",[],{\"9\":\"\",\"a\":null,\"b\":[2.5,true]}]}");
    must_fail(&fix, "function(row) return {a = {1, nil, 3}} end", "neither an array");
    must_fail(&fix, "function(row) return {a = {1, b = 2}} end", "neither an array");
    must_fail(&fix, "function(row) return {a = {[1.5] = 2}} end", "neither an array");
    must_fail(&fix, "function(row) return {a = {[0] = 2}} end", "neither an array");
    must_fail(&fix, "function(row) return {a = {[true] = 2}} end", "neither an array");
    must_fail(&fix, "function(row) return {a = {row}} end", "holds the row itself");
    must_fail(&fix, "function(row) local t = {} t.t = t return {a = t} end", "more than 32 deep");
    must_fail(&fix,
              "function(row) local t = {'x'} for i = 1, 30 do t = {t, t} end return {a = t} end",
              "more than 100000 values");
    must_fail(&fix,
              "function(row) local s, t = ('x'):rep(100000), {} for i = 1, 200 do t[i] = s end "
              "return {a = t} end",
              "more than 16 MiB as JSON");
    must_fail(&fix, "function(row) return {a = {'\\xff'}} end", "no UTF-8");
    release(&fix);
}

static void a_row_that_it_gives_nothing_for_has_no_key(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_HASH);
    must_show(&fix, "function(row) return nil end", "DEL k");
    assert_int_equal(fix.commands, 1);
    must_show(&fix, "function(row) end", "DEL k");
    must_show(&fix, "function(row) return row.id > 9 and row end", "DEL k");
    assert_int_equal(fix.stats.filtered, 3);
    must_show(&fix, "function(row) return {} end", "DEL k");
    must_show(&fix, "function(row) return {note = row.note, b = null} end", "DEL k");
    assert_int_equal(fix.stats.filtered, 3);
    release(&fix);
    init(&fix, SL_VALUE_JSON);
    must_show(&fix, "function(row) return nil end", "DEL k");
    must_show(&fix, "function(row) return {} end", "SET k {}");
    release(&fix);
}

static void keys_expire_as_others(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_HASH);
    fix.rule.ttl_s = 60;
    must_show(&fix, "function(row) return {a = 1} end", "DEL k HSET k a 1 EXPIRE k 60");
    assert_int_equal(fix.commands, 3);
    must_show(&fix, "function(row) return nil end", "DEL k");
    release(&fix);
    init(&fix, SL_VALUE_JSON);
    fix.rule.ttl_s = 60;
    must_show(&fix, "function(row) return {a = 1} end", "SET k {\"a\":1} EX 60");
    release(&fix);
}

static void the_row_knows_its_columns(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_HASH);
    must_show(
        &fix,
        "function(row) return {a = row.note == nil, b = row['odd-name'], c = math.type(row.id), "
        "d = row.y, e = row.f + 1, g = type(row)} end",
        "DEL k HSET k a true b x c integer d 42 e 1.1 g table");
    must_show(&fix,
              "function(row) row.id = 1 row.new = 2 row.name = nil "
              "return {a = row.id, b = row.new, c = row.name == nil} end",
              "DEL k HSET k a 1 b 2 c true");
    fix.cells[0] = sl_test_cell("18446744073709551615");
    must_show(&fix, "function(row) return {a = row.id, id = row.id, b = type(row.id)} end",
              "DEL k HSET k id 18446744073709551615 a 18446744073709551615 b string");
    must_fail(&fix, "function(row) return {a = row.nmae} end", "the row has no column 'nmae'");
    /* A name that was computed may be anything. */
    must_fail(&fix, "function(row) return {a = row[row.name]} end", "no column of that name");
    must_fail(&fix, "function(row) return {a = row[1]} end", "by name, not by a number");
    must_fail(&fix, "function(row) row[1] = 2 return row end", "by name, not by a number");
    must_fail(&fix, "function(row) return {a = row.note + 1} end",
              "attempt to perform arithmetic on a nil value (field 'note')");
    must_fail(&fix, "function(row) return {a = upper(row.name)} end",
              "there is no function 'upper'");
    release(&fix);
}

static void numbers_beyond_63_bits_stay_numbers_where_they_are_the_columns(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_JSON);
    fix.cells[0] = sl_test_cell("18446744073709551615");
    must_show(&fix, "function(row) return {id = row.id, a = row.id} end",
              "SET k {\"id\":18446744073709551615,\"a\":\"18446744073709551615\"}");
    release(&fix);
}

/* Each row is a call of its own: nothing is left of the one before. */
static void nothing_is_kept_from_one_row_to_the_next(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_HASH);
    fix.rule.is_transform_chunk = true;
    use(&fix, "local n, seen = 0, {}\n"
              "return function(row) n = n + 1 seen[#seen + 1] = row.id row.extra = row.id\n"
              "return {n = n, seen = #seen} end");
    for (int i = 0; i < 3; i++) {
        assert_ok(put(&fix), &fix.err);
        assert_string_equal(flat(&fix.out), "DEL k HSET k n 1 seen 1");
    }
    fix.rule.is_transform_chunk = false;
    use(&fix,
        "function(row) local had = row.id == 7 row.id = 8 row.extra = 1 return {a = had} end");
    for (int i = 0; i < 3; i++) {
        assert_ok(put(&fix), &fix.err);
        assert_string_equal(flat(&fix.out), "DEL k HSET k a true");
    }
    must_fail(&fix, "function(row) x = 1 return row end", "nothing can be assigned here");
    must_fail(&fix, "function(row) string.kept = row.id return row end",
              "nothing can be assigned here");
    must_fail(&fix, "function(row) ('').kept = row.id return row end", "attempt to index");
    release(&fix);
}

static void limits_cut_it_off_and_the_next_row_is_fine(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_HASH);
    must_fail(&fix, "function(row) while true do end end", "more than 100000 steps");
    must_fail(&fix, "function(row) local s = 'x' while true do s = s .. s end end",
              "more memory than the 16 MiB");
    must_show(&fix, "function(row) return {a = 1} end", "DEL k HSET k a 1");
    release(&fix);
}

static void a_file_says_the_line(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_HASH);
    fix.rule.is_transform_chunk = true;
    must_show(&fix,
              "-- a comment\nlocal function two(x) return 2 * x end\n\nreturn function(row)\n"
              "return {a = two(row.id)} end\n",
              "DEL k HSET k a 14");
    must_fail(&fix, "return function(row)\n\n return row.note.x end", "line 3: attempt to index");
    release(&fix);
}

static void what_is_no_function_is_refused(void **state)
{
    static const struct {
        const char *text;
        bool is_chunk;
        const char *sentence;
    } cases[] = {
        {"row.name", false, "there is no function 'row'"},
        {"{}", false, "it is a table and not a function"},
        {"function(row) return row", false, "'end' expected"},
        {"local x = 1 return function(row) return row end", false, "unexpected symbol"},
        {"function(row) return row end", true, "line 1: "},
        {"", true, "it is a nil and not a function"},
        {"\nreturn x", true, "line 2: there is no function 'x'"},
        {"while true do end", true, "more than 100000 steps"},
        {"\x1bLua", true, "binary chunk"},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        const struct sl_table_rule rule = {.transform = cases[i].text,
                                           .is_transform_chunk = cases[i].is_chunk};
        struct sl_transform *transform = NULL;
        struct sl_err err = {0};

        if (sl_transform_new(&rule, &transform, &err) != SL_EINVAL ||
            strstr(err.text, cases[i].sentence) == NULL) {
            fail_msg("\"%s\": \"%s\"", cases[i].text, err.text);
        }
    }
}

static void what_the_image_lacks_is_no_fault_of_the_function(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_HASH);
    fix.rule.on_error = SL_RULE_QUARANTINE;
    fix.cells[1] = SL_ABSENT_CELL;
    use(&fix, "function(row) return {a = row.name} end");
    assert_int_equal(put(&fix), SL_EUNSUPPORTED);
    use(&fix, "function(row) return row end");
    assert_int_equal(put(&fix), SL_EUNSUPPORTED);
    assert_non_null(strstr(fix.err.text, "column name has no whole value"));
    assert_int_equal(fix.stats.quarantined, 0);
    must_show(&fix, "function(row) return {id = row.id} end", "DEL k HSET k id 7");
    release(&fix);
}

struct notices {
    unsigned count;
    char last[768];
};

static void on_notice(void *user, bool is_warning, const char *text)
{
    struct notices *notices = user;

    assert_true(is_warning);
    notices->count++;
    (void)snprintf(notices->last, sizeof(notices->last), "%s", text);
}

static void a_row_in_quarantine_has_no_key_and_is_told_once(void **state)
{
    struct notices notices = {0};
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_JSON);
    fix.rule.on_error = SL_RULE_QUARANTINE;
    use(&fix, "function(row) return {a = row.name < row.id} end");
    sl_transform_tell(fix.shape->transform, &fix.stats, on_notice, &notices);
    for (int i = 0; i < 3; i++) {
        assert_ok(put(&fix), &fix.err);
        assert_string_equal(flat(&fix.out), "DEL k");
    }
    assert_int_equal(fix.stats.quarantined, 3);
    assert_int_equal(fix.stats.filtered, 0);
    assert_int_equal(notices.count, 1);
    assert_non_null(strstr(notices.last, "\"transform\" of table shop.t fails on a row: attempt to "
                                         "compare string with number"));
    release(&fix);
}

static void a_value_that_is_too_long_for_redis_is_refused(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, SL_VALUE_HASH);
    fix.shape->value_max_bytes = 10;
    use(&fix, "function(row) return {a = row.name:rep(4)} end");
    assert_int_equal(put(&fix), SL_ELIMIT);
    assert_int_equal(fix.out.len, 0);
    must_show(&fix, "function(row) return {a = row.name:rep(3)} end", "DEL k HSET k a AdaAdaAda");
    release(&fix);
}

static int map(struct sl_mapper *mapper, struct sl_batch *batch, const struct sl_row_change *change)
{
    struct sl_err err = {0};

    return mapper->ops->row(mapper, change, batch, &err);
}

/* A hash without transform would take a part; what a function needs is not known. */
static void an_image_that_lacks_columns_is_not_enough(void **state)
{
    const struct sl_table_rule rule = {.pattern = "shop.t",
                                       .db_pattern = "shop",
                                       .table_pattern = "t",
                                       .key_template = "{pk}",
                                       .where = "state ~= 'draft'",
                                       .transform = "function(row) return {n = row.id} end"};
    const struct sl_cell before[] = {sl_test_cell("1"), sl_test_cell("x"), sl_test_cell("y")};
    const struct sl_cell part[] = {sl_test_cell("1"), sl_test_cell("z"), SL_ABSENT_CELL};
    const struct sl_cell draft[] = {sl_test_cell("1"), sl_test_cell("draft"), sl_test_cell("y")};
    struct sl_mapper *mapper = sl_rule_mapper_new(&rule, 1, NULL);
    struct sl_batch *batch = sl_batch_new();
    struct sl_test_table test;
    struct sl_row_change change = {.op = SL_OP_UPDATE,
                                   .table = &test.table,
                                   .before = before,
                                   .after = part,
                                   .before_is_full = true};
    struct sl_err err = {0};

    (void)state;
    sl_test_table_init(&test, "shop", "t", "id int key not,state text not,v text");
    assert_ok(mapper->ops->table(mapper, &test.table, &err), &err);
    assert_int_equal(map(mapper, batch, &change), SL_EUNSUPPORTED);
    change.after = before;
    change.after_is_full = true;
    assert_int_equal(map(mapper, batch, &change), SL_OK);
    assert_string_equal(flat(&batch->data), "DEL 1 HSET 1 n 1");
    change.after = draft;
    assert_int_equal(map(mapper, batch, &change), SL_OK);
    sl_batch_seal(batch);
    assert_string_equal(flat(&batch->data), "DEL 1");
    assert_int_equal(mapper->stats.filtered, 1);
    sl_batch_free(batch);
    sl_test_table_release(&test);
    mapper->ops->free(mapper);
}

/* The image that makes a raw entry of any other row. */
static void a_row_whose_key_is_in_the_batch_is_encoded_at_once(void **state)
{
    const struct sl_table_rule rule = {.pattern = "shop.t",
                                       .db_pattern = "shop",
                                       .table_pattern = "t",
                                       .key_template = "{pk}",
                                       .transform = "function(row) return {n = row.id} end"};
    const struct sl_cell cells[] = {sl_test_cell("1")};
    struct sl_mapper *mapper = sl_rule_mapper_new(&rule, 1, NULL);
    struct sl_batch *batch = sl_batch_new();
    struct sl_test_table test;
    const struct sl_row_change change = {.op = SL_OP_INSERT,
                                         .table = &test.table,
                                         .after = cells,
                                         .after_image = sl_check_span("image"),
                                         .after_is_full = true};
    struct sl_err err = {0};

    (void)state;
    sl_test_table_init(&test, "shop", "t", "id int key");
    assert_ok(mapper->ops->table(mapper, &test.table, &err), &err);
    assert_int_equal(map(mapper, batch, &change), SL_OK);
    assert_int_equal(map(mapper, batch, &change), SL_OK);
    assert_false(batch->has_raw);
    sl_batch_free(batch);
    sl_test_table_release(&test);
    mapper->ops->free(mapper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_row_itself_shows_what_no_transform_would),
        cmocka_unit_test(columns_come_in_their_order_and_other_names_by_bytes),
        cmocka_unit_test(values_have_one_text_each),
        cmocka_unit_test(tables_are_arrays_or_objects),
        cmocka_unit_test(a_row_that_it_gives_nothing_for_has_no_key),
        cmocka_unit_test(keys_expire_as_others),
        cmocka_unit_test(the_row_knows_its_columns),
        cmocka_unit_test(numbers_beyond_63_bits_stay_numbers_where_they_are_the_columns),
        cmocka_unit_test(nothing_is_kept_from_one_row_to_the_next),
        cmocka_unit_test(limits_cut_it_off_and_the_next_row_is_fine),
        cmocka_unit_test(a_file_says_the_line),
        cmocka_unit_test(what_is_no_function_is_refused),
        cmocka_unit_test(what_the_image_lacks_is_no_fault_of_the_function),
        cmocka_unit_test(a_row_in_quarantine_has_no_key_and_is_told_once),
        cmocka_unit_test(a_value_that_is_too_long_for_redis_is_refused),
        cmocka_unit_test(an_image_that_lacks_columns_is_not_enough),
        cmocka_unit_test(a_row_whose_key_is_in_the_batch_is_encoded_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
