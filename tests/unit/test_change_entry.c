/* test_change_entry.c - changes as entries of Redis Streams, and what else their readers are told.
 */
#include "tests/support/check.h"

#include <stdlib.h>

#include "filters/mapper.h"
#include "filters/stream_name.h"
#include "tests/support/table.h"

struct fixture {
    struct sl_table_rule rules[2];
    struct sl_test_table test;
    struct sl_mapper *mapper;
    struct sl_batch *batch;
    struct sl_err err;
    char text[2048];
};

static void init(struct fixture *fix, const char *spec)
{
    *fix = (struct fixture){0};
    fix->rules[0] = (struct sl_table_rule){.pattern = "shop.*",
                                           .db_pattern = "shop",
                                           .table_pattern = "*",
                                           .key_template = "k:{id}",
                                           .value = SL_VALUE_STREAM,
                                           .stream = "changes:{db}:{table}"};
    fix->rules[1] = fix->rules[0];
    fix->rules[1].table_pattern = "?";
    sl_test_table_init(&fix->test, "shop", "t", spec);
    fix->mapper = sl_rule_mapper_new(fix->rules, 2, NULL);
    fix->batch = sl_batch_new();
    fix->mapper->ops->begin(fix->mapper, NULL);
    assert_ok(fix->mapper->ops->table(fix->mapper, &fix->test.table, &fix->err), &fix->err);
}

static void release(struct fixture *fix)
{
    sl_test_table_release(&fix->test);
    fix->mapper->ops->free(fix->mapper);
    sl_batch_free(fix->batch);
}

static int map(struct fixture *fix, const struct sl_cell *before, const struct sl_cell *after)
{
    const struct sl_row_change change = {.op = before == NULL  ? SL_OP_INSERT
                                               : after == NULL ? SL_OP_DELETE
                                                               : SL_OP_UPDATE,
                                         .table = &fix->test.table,
                                         .before = before,
                                         .after = after,
                                         .timestamp = 1700000000};

    return fix->mapper->ops->row(fix->mapper, &change, fix->batch, &fix->err);
}

static void must_map(struct fixture *fix, const struct sl_cell *before, const struct sl_cell *after)
{
    assert_ok(map(fix, before, after), &fix->err);
}

/* The arguments of the commands that are sent, a line each. */
static const char *sent(struct fixture *fix)
{
    const char *at = (const char *)fix->batch->data.data;
    const char *end = at + fix->batch->data.len;
    size_t len = 0;

    while (at < end) {
        size_t size = strtoul(at + 1, NULL, 10);
        bool is_array = *at == '*';

        at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
        if (is_array) {
            fix->text[len] = '\n';
            len += len > 0;
        } else {
            len +=
                (size_t)snprintf(fix->text + len, sizeof(fix->text) - len, "%.*s ", (int)size, at);
            at += size + 2;
        }
    }
    fix->text[len] = '\0';
    return fix->text;
}

#define FRONT "XADD changes:shop:t * op "
#define NAMES " db shop table t key "

static void each_change_is_an_entry_of_its_own(void **state)
{
    const struct sl_cell one[] = {sl_test_cell("7"), sl_test_cell("a")};
    const struct sl_cell two[] = {sl_test_cell("7"), SL_NULL_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text");
    must_map(&fix, NULL, one);
    must_map(&fix, one, two);
    must_map(&fix, two, NULL);
    assert_string_equal(
        sent(&fix), FRONT
        "insert" NAMES "k:7 after {\"id\":7,\"a\":\"a\"} position  row 1 ts 1700000000000 \n" FRONT
        "update" NAMES "k:7 before {\"id\":7,\"a\":\"a\"} after {\"id\":7,\"a\":null} "
        "position  row 2 ts 1700000000000 \n" FRONT "delete" NAMES
        "k:7 before {\"id\":7,\"a\":null} position  row 3 ts 1700000000000 ");
    assert_int_equal(fix.batch->dead_count, 0);
    assert_int_equal(sl_batch_commands(fix.batch), 3);
    release(&fix);
}

static void a_row_that_moves_tells_both_keys(void **state)
{
    const struct sl_cell one[] = {sl_test_cell("7"), sl_test_cell("a")};
    const struct sl_cell two[] = {sl_test_cell("8"), sl_test_cell("a")};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text");
    must_map(&fix, one, two);
    assert_non_null(strstr(sent(&fix), " key k:8 old_key k:7 before "));
    release(&fix);
}

static void a_length_is_kept_about(void **state)
{
    const struct sl_cell one[] = {sl_test_cell("7"), sl_test_cell("a")};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text");
    fix.rules[0].max_len = 1000;
    must_map(&fix, NULL, one);
    assert_non_null(strstr(sent(&fix), "XADD changes:shop:t MAXLEN ~ 1000 * op insert "));
    release(&fix);
}

static void images_show_what_they_have(void **state)
{
    const struct sl_cell before[] = {sl_test_cell("7"), SL_ABSENT_CELL, SL_ABSENT_CELL};
    const struct sl_cell after[] = {SL_ABSENT_CELL, sl_test_cell("b"), SL_ABSENT_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text,b text");
    must_map(&fix, before, after);
    assert_non_null(strstr(sent(&fix), " key k:7 before {\"id\":7} after {\"a\":\"b\"} position "));
    release(&fix);
}

/* Nothing of a change can be read again. */
static void part_of_a_document_is_left_out_and_named(void **state)
{
    const struct sl_cell before[] = {sl_test_cell("7"), SL_ABSENT_CELL, sl_test_cell("x")};
    struct sl_cell diff = sl_test_bytes("\0", 1);
    struct sl_cell after[] = {sl_test_cell("7"), {0}, sl_test_cell("y")};
    struct fixture fix;

    (void)state;
    diff.state = SL_CELL_JSON_DIFF;
    after[1] = diff;
    init(&fix, "id int key,doc json,a text");
    must_map(&fix, before, after);
    assert_non_null(strstr(sent(&fix), " after {\"id\":7,\"a\":\"y\"} position "));
    assert_non_null(strstr(sent(&fix), " partial [\"doc\"] "));
    release(&fix);
}

static void rows_that_come_to_match_are_inserted_and_leave_as_deleted(void **state)
{
    const struct sl_cell out[] = {sl_test_cell("7"), sl_test_cell("n")};
    const struct sl_cell in[] = {sl_test_cell("7"), sl_test_cell("y")};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text");
    sl_test_table_release(&fix.test);
    fix.rules[0].where = "a == 'y'";
    sl_test_table_init(&fix.test, "shop", "t", "id int key,a text");
    assert_ok(fix.mapper->ops->table(fix.mapper, &fix.test.table, &fix.err), &fix.err);
    must_map(&fix, NULL, out);
    must_map(&fix, out, in);
    must_map(&fix, in, out);
    must_map(&fix, out, NULL);
    assert_string_equal(
        sent(&fix), FRONT
        "insert" NAMES "k:7 after {\"id\":7,\"a\":\"y\"} position  row 2 ts 1700000000000 \n" FRONT
        "delete" NAMES "k:7 before {\"id\":7,\"a\":\"y\"} position  row 3 ts 1700000000000 ");
    release(&fix);
}

static void numbers_begin_anew_with_each_transaction(void **state)
{
    const struct sl_cell one[] = {sl_test_cell("7"), sl_test_cell("a")};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text");
    must_map(&fix, NULL, one);
    fix.mapper->ops->begin(fix.mapper, NULL);
    must_map(&fix, one, NULL);
    assert_non_null(strstr(sent(&fix), "op delete"));
    assert_non_null(strstr(strstr(sent(&fix), "op delete"), " row 1 "));
    release(&fix);
}

static struct sl_effect judge(struct fixture *fix, struct sl_ddl ddl, unsigned nth)
{
    struct sl_effect effect;

    ddl.db = sl_check_span("shop");
    assert_ok(fix->mapper->ops->ddl(fix->mapper, &ddl, nth, &effect, &fix->err), &fix->err);
    assert_int_equal(effect.kind, SL_EFFECT_NONE);
    return effect;
}

static void statements_are_told(void **state)
{
    const struct sl_span t = sl_check_span("t");
    const struct sl_ddl truncate = {.kind = SL_DDL_TRUNCATE, .table = t};
    const struct sl_ddl drop = {.kind = SL_DDL_DROP_TABLE, .table = t};
    const struct sl_ddl alter = {.kind = SL_DDL_ALTER_TABLE, .table = t, .reshapes = true};
    const struct sl_ddl index = {
        .kind = SL_DDL_ALTER_TABLE, .table = t, .keys = SL_DDL_KEYS_UNIQUE};
    const struct sl_ddl rename = {.kind = SL_DDL_RENAME_TABLE,
                                  .table = t,
                                  .to_db = sl_check_span("shop"),
                                  .to_table = sl_check_span("u")};
    const struct sl_ddl drop_all = {.kind = SL_DDL_DROP_DATABASE};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text");
    assert_int_equal(judge(&fix, truncate, 0).mark, SL_MARK_TRUNCATE);
    assert_int_equal(judge(&fix, drop, 0).mark, SL_MARK_DROP);
    assert_int_equal(judge(&fix, alter, 0).mark, SL_MARK_GAP);
    assert_int_equal(judge(&fix, index, 0).mark, SL_MARK_NONE);
    assert_int_equal(judge(&fix, rename, 0).mark, SL_MARK_DROP);
    assert_int_equal(judge(&fix, rename, 1).mark, SL_MARK_GAP);
    assert_int_equal(judge(&fix, drop_all, 0).mark, SL_MARK_DROP);
    assert_int_equal(judge(&fix, drop_all, 1).mark, SL_MARK_NONE); /* told with the first rule */
    release(&fix);
}

static void a_database_that_goes_is_told_in_the_streams_that_are_known(void **state)
{
    const struct sl_mark drop = {.kind = SL_MARK_DROP, .db = sl_check_span("shop")};
    const struct sl_mark other = {.kind = SL_MARK_DROP, .db = sl_check_span("other")};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text");
    assert_ok(fix.mapper->ops->mark(fix.mapper, &drop, fix.batch, &fix.err), &fix.err);
    assert_ok(fix.mapper->ops->mark(fix.mapper, &other, fix.batch, &fix.err), &fix.err);
    assert_string_equal(sent(&fix),
                        "XADD changes:shop:t * op drop db shop table t position  row 1 ts 0 ");
    release(&fix);
}

static void a_gap_says_why(void **state)
{
    const struct sl_mark gap = {.kind = SL_MARK_GAP,
                                .db = sl_check_span("shop"),
                                .table = sl_check_span("never_met"),
                                .reason = "it was lost"};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text");
    assert_ok(fix.mapper->ops->mark(fix.mapper, &gap, fix.batch, &fix.err), &fix.err);
    assert_string_equal(sent(&fix), "XADD changes:shop:never_met * op gap db shop table never_met "
                                    "reason it was lost position  row 1 ts 0 ");
    release(&fix);
}

static void names_of_streams_are_made_of_names(void **state)
{
    static const char *const bad[] = {"{pk}", "{id}", "{", "{db}}", "{table:/(/x/}"};
    struct sl_buf out = {0};
    struct sl_err err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(sl_stream_name_check(bad[i], &err), SL_EINVAL);
    }
    assert_ok(sl_stream_name_check("all", &err), &err);
    assert_ok(sl_stream_name_check("{{{db}}}:{table:/_[0-9]+$//}", &err), &err);
    assert_ok(sl_stream_name_add("{{{db}}}:{table:/_[0-9]+$//}", sl_check_span("sh:op"),
                                 sl_check_span("t_12"), &out, &err),
              &err);
    assert_buf(&out, "{sh%3Aop}:t");
    sl_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_is_an_entry_of_its_own),
        cmocka_unit_test(a_row_that_moves_tells_both_keys),
        cmocka_unit_test(a_length_is_kept_about),
        cmocka_unit_test(images_show_what_they_have),
        cmocka_unit_test(part_of_a_document_is_left_out_and_named),
        cmocka_unit_test(rows_that_come_to_match_are_inserted_and_leave_as_deleted),
        cmocka_unit_test(numbers_begin_anew_with_each_transaction),
        cmocka_unit_test(statements_are_told),
        cmocka_unit_test(a_database_that_goes_is_told_in_the_streams_that_are_known),
        cmocka_unit_test(a_gap_says_why),
        cmocka_unit_test(names_of_streams_are_made_of_names),
    };

    return cmocka_run_group_tests_name("change_entry", tests, NULL, NULL);
}
