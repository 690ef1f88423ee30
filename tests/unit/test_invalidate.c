/* test_invalidate.c - what changes of rows do to keys that others fill. */
#include "tests/support/check.h"

#include <stdlib.h>

#include "cdc/redelete_note.h"
#include "cdc/xa_hold.h"
#include "filters/mapper.h"
#include "tests/support/table.h"

#define SET "sluice:{it}:redelete"

struct fixture {
    struct sl_table_rule rules[2];
    struct sl_test_table test;
    struct sl_mapper *mapper;
    struct sl_batch *batch;
    struct sl_clock clock;
    uint64_t now_ms;
    struct sl_err err;
    char text[1024];
};

static uint64_t wall_ms(void *user)
{
    return *(const uint64_t *)user;
}

static void init(struct fixture *fix, const char *spec, uint64_t redelete_ms)
{
    *fix = (struct fixture){.now_ms = 1700000000000};
    fix->rules[0] = (struct sl_table_rule){.pattern = "shop.t",
                                           .db_pattern = "shop",
                                           .table_pattern = "t",
                                           .key_template = "u:{id}",
                                           .value = SL_VALUE_INVALIDATE,
                                           .redelete_ms = redelete_ms};
    fix->rules[1] = fix->rules[0];
    fix->rules[1].table_pattern = "other";
    fix->clock = (struct sl_clock){.wall_ms = wall_ms, .user = &fix->now_ms};
    sl_test_table_init(&fix->test, "shop", "t", spec);
    fix->mapper = sl_rule_mapper_new(fix->rules, 2, NULL);
    sl_rule_mapper_use_redelete(fix->mapper, sl_check_span(SET), &fix->clock);
    fix->batch = sl_batch_new();
    assert_ok(fix->mapper->ops->table(fix->mapper, &fix->test.table, &fix->err), &fix->err);
}

static void release(struct fixture *fix)
{
    sl_test_table_release(&fix->test);
    fix->mapper->ops->free(fix->mapper);
    sl_batch_free(fix->batch);
}

static void map(struct fixture *fix, const struct sl_cell *before, const struct sl_cell *after)
{
    const struct sl_row_change change = {.op = before == NULL  ? SL_OP_INSERT
                                               : after == NULL ? SL_OP_DELETE
                                                               : SL_OP_UPDATE,
                                         .table = &fix->test.table,
                                         .before = before,
                                         .after = after};

    assert_ok(fix->mapper->ops->row(fix->mapper, &change, fix->batch, &fix->err), &fix->err);
}

/* The arguments of the live commands of BATCH, one after another. */
static const char *sent(struct fixture *fix, struct sl_batch *batch)
{
    size_t len = 0;
    const char *at;
    const char *end;

    sl_batch_seal(batch);
    at = (const char *)batch->data.data;
    end = at + batch->data.len;
    while (at < end) {
        size_t size = strtoul(at + 1, NULL, 10);
        bool is_array = *at == '*';

        at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
        if (!is_array) {
            len += (size_t)snprintf(fix->text + len, sizeof(fix->text) - len, "%s%.*s",
                                    len > 0 ? " " : "", (int)size, at);
            at += size + 2;
        }
    }
    fix->text[len] = '\0';
    return fix->text;
}

static void every_change_removes_the_key_now_and_once_more(void **state)
{
    const struct sl_cell one[] = {sl_test_cell("7"), sl_test_cell("a")};
    const struct sl_cell two[] = {sl_test_cell("7"), sl_test_cell("b")};
    const struct sl_cell *const changes[][2] = {{NULL, one}, {one, two}, {one, NULL}};
    struct fixture fix;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        init(&fix, "id int key,a text", 1000);
        map(&fix, changes[i][0], changes[i][1]);
        assert_string_equal(sent(&fix, fix.batch), "DEL u:7 ZADD " SET " 1700000001000 shop.t u:7");
        assert_int_equal(sl_batch_commands(fix.batch), 2);
        release(&fix);
    }
}

static void without_a_second_removal_nothing_is_noted(void **state)
{
    const struct sl_cell one[] = {sl_test_cell("7"), sl_test_cell("a")};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text", 0);
    map(&fix, NULL, one);
    assert_string_equal(sent(&fix, fix.batch), "DEL u:7");
    release(&fix);
}

static void a_row_that_moves_takes_both_keys_along(void **state)
{
    const struct sl_cell one[] = {sl_test_cell("7"), sl_test_cell("a")};
    const struct sl_cell two[] = {sl_test_cell("8"), SL_ABSENT_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text", 1000);
    map(&fix, one, two);
    assert_string_equal(sent(&fix, fix.batch), "DEL u:7 ZADD " SET " 1700000001000 shop.t u:7 "
                                               "DEL u:8 ZADD " SET " 1700000001000 shop.t u:8");
    release(&fix);
}

static void columns_that_are_not_chosen_do_not_matter(void **state)
{
    static const char *const columns[] = {"a"};
    const struct sl_cell one[] = {sl_test_cell("7"), sl_test_bytes("a", 1), sl_test_bytes("x", 1)};
    const struct sl_cell two[] = {sl_test_cell("7"), sl_test_bytes("a", 1), sl_test_bytes("y", 1)};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text,b text", 1000);
    fix.test.table.user_free(fix.test.table.user);
    fix.rules[0].columns = columns;
    fix.rules[0].column_count = 1;
    assert_ok(fix.mapper->ops->table(fix.mapper, &fix.test.table, &fix.err), &fix.err);
    map(&fix, one, two);
    assert_int_equal(fix.batch->entry_count, 0);
    assert_int_equal(atomic_load(&fix.mapper->stats.unchanged), 1);
    release(&fix);
}

/* The last change says when; those before it in the batch are not sent. */
static void a_key_that_changes_again_is_removed_again_later(void **state)
{
    const struct sl_cell one[] = {sl_test_cell("7"), sl_test_cell("a")};
    const struct sl_cell two[] = {sl_test_cell("7"), sl_test_cell("b")};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text", 1000);
    map(&fix, NULL, one);
    fix.now_ms += 500;
    map(&fix, one, two);
    assert_string_equal(sent(&fix, fix.batch), "DEL u:7 ZADD " SET " 1700000001500 shop.t u:7");
    release(&fix);
}

/* What was prepared becomes visible at its COMMIT, however long that takes. */
static void a_prepared_change_counts_from_its_commit(void **state)
{
    const struct sl_cell one[] = {sl_test_cell("7"), sl_test_cell("a")};
    struct sl_batch *later = sl_batch_new();
    struct sl_xa_hold *held = sl_xa_hold_new(1 << 20);
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text", 1000);
    map(&fix, NULL, one);
    assert_ok(sl_xa_hold_add(held, sl_check_span("X'1'"), fix.batch, &fix.err), &fix.err);
    fix.now_ms += 60000;
    assert_int_equal(sl_xa_hold_take(held, sl_check_span("X'1'"), later), SL_OK);
    fix.mapper->ops->settle(fix.mapper, later, 0);
    assert_string_equal(sent(&fix, later), "DEL u:7 ZADD " SET " 1700000061000 shop.t u:7");
    sl_xa_hold_free(held);
    sl_batch_free(later);
    release(&fix);
}

static void judge(struct fixture *fix, struct sl_ddl ddl, unsigned nth, struct sl_effect *effect)
{
    ddl.db = sl_check_span("shop");
    assert_ok(fix->mapper->ops->ddl(fix->mapper, &ddl, nth, effect, &fix->err), &fix->err);
}

static bool takes(struct sl_effect *effect, const char *key)
{
    bool is_matched;

    assert_int_equal(effect->kind, SL_EFFECT_PURGE);
    is_matched = effect->purge->matches(effect->purge, sl_check_span(key));
    effect->purge->free(effect->purge);
    return is_matched;
}

/* Another table may fill the same keys: they may go at any time. */
static void statements_remove_all_keys_now_and_once_more(void **state)
{
    const struct sl_ddl statements[] = {
        {.kind = SL_DDL_TRUNCATE, .table = sl_check_span("t")},
        {.kind = SL_DDL_DROP_TABLE, .table = sl_check_span("t")},
        {.kind = SL_DDL_ALTER_TABLE, .table = sl_check_span("t"), .reshapes = true},
        {.kind = SL_DDL_DROP_DATABASE},
    };
    struct sl_effect effect;
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text", 1000);
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        judge(&fix, statements[i], 0, &effect);
        assert_true(takes(&effect, "u:7"));
        assert_int_equal(effect.mark, SL_MARK_REDELETE);
    }
    release(&fix);
}

static void what_is_removed_once_more_is_not_noted_again(void **state)
{
    const struct sl_ddl drop = {
        .kind = SL_DDL_DROP_TABLE, .table = sl_check_span("t"), .is_again = true};
    const struct sl_ddl drop_all = {.kind = SL_DDL_DROP_DATABASE, .is_again = true};
    struct sl_effect effect;
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text", 1000);
    fix.rules[1].value = SL_VALUE_HASH;
    fix.rules[1].key_template = "h:{id}";
    judge(&fix, drop, 0, &effect);
    assert_true(takes(&effect, "u:7"));
    assert_int_equal(effect.mark, SL_MARK_NONE);
    judge(&fix, drop_all, 0, &effect);
    assert_true(takes(&effect, "u:7"));
    judge(&fix, drop_all, 1, &effect);
    assert_int_equal(effect.kind, SL_EFFECT_NONE); /* rows are kept of it */
    assert_int_equal(fix.mapper->ops->ddl(fix.mapper, &drop_all, 2, &effect, &fix.err), SL_DONE);
    release(&fix);
}

static void a_note_of_a_whole_table_has_no_key(void **state)
{
    const struct sl_mark mark = {.kind = SL_MARK_REDELETE, .db = sl_check_span("sh.op")};
    struct sl_redelete_note note;
    struct sl_buf table = {0};
    struct sl_buf db = {0};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text", 1000);
    assert_ok(fix.mapper->ops->mark(fix.mapper, &mark, fix.batch, &fix.err), &fix.err);
    assert_string_equal(sent(&fix, fix.batch), "ZADD " SET " 1700000001000 sh%2eop.");
    assert_int_equal(sl_redelete_note_parse(sl_check_span("sh%2eop."), &note), SL_OK);
    assert_int_equal(note.key.len, 0);
    assert_int_equal(sl_redelete_scope_parse(note.scope, &db, &table), SL_OK);
    assert_bytes(db.data, db.len, "sh.op");
    assert_int_equal(table.len, 0);
    sl_buf_release(&db);
    sl_buf_release(&table);
    release(&fix);
}

static void members_that_are_no_notes_are_refused(void **state)
{
    static const char *const members[] = {"", " ", "shop.t ", " key"};
    struct sl_redelete_note note;
    struct sl_buf table = {0};
    struct sl_buf db = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        assert_int_equal(sl_redelete_note_parse(sl_check_span(members[i]), &note), SL_EFORMAT);
    }
    assert_int_equal(sl_redelete_note_parse(sl_check_span("shop.t a b"), &note), SL_OK);
    assert_bytes(note.key.data, note.key.len, "a b");
    assert_int_equal(sl_redelete_scope_parse(sl_check_span("shop"), &db, &table), SL_EFORMAT);
    assert_int_equal(sl_redelete_scope_parse(sl_check_span(".t"), &db, &table), SL_EFORMAT);
    assert_int_equal(sl_redelete_scope_parse(sl_check_span("."), &db, &table), SL_EFORMAT);
    sl_buf_release(&db);
    sl_buf_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_removes_the_key_now_and_once_more),
        cmocka_unit_test(without_a_second_removal_nothing_is_noted),
        cmocka_unit_test(a_row_that_moves_takes_both_keys_along),
        cmocka_unit_test(columns_that_are_not_chosen_do_not_matter),
        cmocka_unit_test(a_key_that_changes_again_is_removed_again_later),
        cmocka_unit_test(a_prepared_change_counts_from_its_commit),
        cmocka_unit_test(statements_remove_all_keys_now_and_once_more),
        cmocka_unit_test(what_is_removed_once_more_is_not_noted_again),
        cmocka_unit_test(a_note_of_a_whole_table_has_no_key),
        cmocka_unit_test(members_that_are_no_notes_are_refused),
    };

    return cmocka_run_group_tests_name("invalidate", tests, NULL, NULL);
}
