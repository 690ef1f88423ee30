/*
 * The reader between a scripted source, that plays captured events, and a handoff that nobody
 * empties before the reader has ended: so what lands in which batch is certain.
 */
#include "tests/support/check.h"

#include <time.h>

#include "cdc/event.h"
#include "cdc/reader.h"
#include "cdc/value.h"
#include "filters/key.h"
#include "tests/support/script_source.h"

struct fake_mapper {
    struct sl_mapper base;
    const char *wanted; /* the table, or NULL for all */
    int row_status;
    bool is_lazy; /* entries are raw */
    struct sl_key_pattern *pattern;
};

struct fixture {
    struct sl_script script;
    struct fake_mapper mapper;
    struct sl_handoff handoff;
    struct sl_reader_options options;
    struct sl_reader *reader;
    struct sl_buf log;
    struct sl_buf notices;
    atomic_uint changes;
    struct sl_err err;
};

/* ---- a mapper that writes "i1 " for an inserted row whose first column is 1 ---- */

static bool fake_wants(struct sl_mapper *mapper, struct sl_span db, struct sl_span table)
{
    const struct fake_mapper *fake = (const struct fake_mapper *)mapper;

    return sl_span_equals(db, "shop") &&
           (fake->wanted == NULL || sl_span_equals(table, fake->wanted));
}

static int fake_table(struct sl_mapper *mapper, struct sl_table *table, struct sl_err *err)
{
    (void)mapper;
    (void)table;
    (void)err;
    return SL_OK;
}

/* ---- raw entries: the address of the table, then the text ---- */

static int render_status;

/* The text again, and how many columns the table has: that it is still there is what counts. */
static int render(struct sl_span raw, struct sl_span key, struct sl_buf *out, uint32_t *key_at,
                  uint16_t *commands, struct sl_err *err)
{
    const struct sl_table *table;

    memcpy(&table, raw.data, sizeof(table));
    if (render_status != SL_OK) {
        return sl_err_set(err, render_status, "the value is bad");
    }
    *key_at = (uint32_t)out->len + 1;
    *commands = 1;
    return sl_buf_add_format(out, "%.*s/%u ", (int)(key.len + 1), (const char *)key.data - 1,
                             table->column_count);
}

static int add_raw(struct sl_batch *batch, const struct sl_table *table, uint32_t offset)
{
    struct sl_batch_place place;
    struct sl_buf text = {0};
    int rc = sl_buf_add(&text, batch->data.data + offset, batch->data.len - offset - 1);

    assert_int_equal(rc, SL_OK);
    sl_batch_abandon(batch, offset);
    assert_int_equal(sl_batch_find(batch, sl_span_make(text.data + 1, text.len - 1), &place),
                     SL_OK);
    sl_batch_begin(batch, &offset);
    assert_int_equal(sl_buf_add(&batch->data, &table, sizeof(table)), SL_OK);
    assert_int_equal(sl_buf_add(&batch->data, text.data, text.len), SL_OK);
    sl_batch_add_raw(batch, &place, offset, offset + (uint32_t)sizeof(table) + 1, render);
    sl_buf_release(&text);
    return SL_OK;
}

static int fake_row(struct sl_mapper *mapper, const struct sl_row_change *change,
                    struct sl_batch *batch, struct sl_err *err)
{
    const struct fake_mapper *fake = (const struct fake_mapper *)mapper;
    const struct sl_cell *cells = change->after != NULL ? change->after : change->before;
    uint32_t offset;

    if (fake->row_status != SL_OK) {
        return sl_err_set(err, fake->row_status, "the mapper refuses");
    }
    sl_batch_begin(batch, &offset);
    assert_int_equal(sl_buf_add_byte(&batch->data, (uint8_t) "iud"[change->op]), SL_OK);
    assert_int_equal(sl_value_text(&change->table->columns[0], &cells[0], &batch->data, err),
                     SL_OK);
    assert_int_equal(sl_buf_add_byte(&batch->data, ' '), SL_OK);
    return fake->is_lazy
               ? add_raw(batch, change->table, offset)
               : sl_batch_end(batch, offset, offset + 1, (uint32_t)(batch->data.len - offset - 2),
                              1, SL_WRITE_WHOLE);
}

static int fake_ddl(struct sl_mapper *mapper, const struct sl_ddl *ddl, unsigned nth,
                    struct sl_effect *effect, struct sl_err *err)
{
    (void)err;
    *effect = (struct sl_effect){0};
    if (nth > 0) {
        return SL_DONE;
    }
    if (!fake_wants(mapper, ddl->db, ddl->table)) {
        return SL_OK;
    }
    if (ddl->kind == SL_DDL_TRUNCATE || ddl->kind == SL_DDL_DROP_TABLE) {
        effect->kind = SL_EFFECT_PURGE;
        effect->purge = sl_key_pattern_new("{table}:{pk}", ddl->db, ddl->table, 1);
    }
    return SL_OK;
}

static const struct sl_mapper_ops fake_ops = {
    .wants = fake_wants, .table = fake_table, .row = fake_row, .ddl = fake_ddl};

/* ---- running ---- */

static void note_change(void *user)
{
    atomic_fetch_add((atomic_uint *)user, 1);
}

static void note_text(void *user, bool is_warning, const char *text)
{
    (void)is_warning;
    assert_int_equal(sl_buf_add_format(user, "%s\n", text), SL_OK);
}

static void no_wake(void *user)
{
    (void)user;
}

static void init(struct fixture *fix, const char *name, const char *wanted)
{
    *fix = (struct fixture){.mapper = {.base = {.ops = &fake_ops}, .wanted = wanted}};
    sl_script_load(&fix->script, name);
    assert_int_equal(sl_handoff_init(&fix->handoff, 1 << 20, no_wake, NULL), SL_OK);
    fix->options = (struct sl_reader_options){
        .batch_bytes = 1 << 16,
        .max_transaction_bytes = 1 << 20,
        .max_held_bytes = 1 << 20,
        .max_event_bytes = 1 << 20,
        .changed = note_change,
        .changed_user = &fix->changes,
        .notice = note_text,
        .notice_user = &fix->notices,
    };
}

static void start(struct fixture *fix)
{
    struct sl_position position = {0};

    fix->reader = sl_reader_new(&fix->options, &fix->script.base, &fix->mapper.base, &fix->handoff);
    assert_non_null(fix->reader);
    assert_ok(sl_reader_start(fix->reader, SL_START_EARLIEST, &position, &fix->err), &fix->err);
}

/* "{i1 i2 }@1527" is a batch that is a whole group, with a position. */
static void log_batch(struct fixture *fix, const struct sl_batch *batch)
{
    const char *text = batch->task == SL_TASK_PURGE ? batch->purge->glob : "";

    assert_int_equal(sl_buf_add_format(&fix->log, "%s%.*s%s%s%s", batch->begins_group ? "{" : "",
                                       (int)batch->data.len, (const char *)batch->data.data, text,
                                       batch->discards_group ? "!" : "",
                                       batch->ends_group ? "}" : ""),
                     SL_OK);
    if (batch->has_position) {
        bool is_same = strcmp(batch->position.file, "capture.binlog") == 0;

        assert_int_equal(sl_buf_add_format(&fix->log, "@%s%s%llu",
                                           is_same ? "" : batch->position.file, is_same ? "" : ":",
                                           (unsigned long long)batch->position.offset),
                         SL_OK);
    }
    assert_int_equal(sl_buf_add_byte(&fix->log, '|'), SL_OK);
}

/* Runs to the end and returns every batch as text. */
static const char *run(struct fixture *fix, int want)
{
    struct sl_batch *batch;
    int rc;

    start(fix);
    rc = sl_reader_join(fix->reader, &fix->err);
    if (rc != want) {
        fail_msg("ended with %d: %s", rc, fix->err.text);
    }
    while ((batch = sl_handoff_take(&fix->handoff, SL_TAKE_ANY)) != NULL) {
        log_batch(fix, batch);
        sl_handoff_give_back(&fix->handoff, batch);
    }
    assert_true(atomic_load(&sl_reader_stats(fix->reader)->has_ended));
    assert_int_equal(fix->script.closed, 1);
    return sl_buf_cstr(&fix->log);
}

static void release(struct fixture *fix)
{
    sl_reader_free(fix->reader);
    sl_handoff_release(&fix->handoff);
    sl_script_release(&fix->script);
    sl_buf_release(&fix->log);
    sl_buf_release(&fix->notices);
}

/* ---- tests ---- */

#define NEXT "binlog.000002:4" /* the log's last event sends there */

static void the_beginning_is_a_group_of_its_own_and_transactions_gather(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    assert_string_equal(run(&fix, SL_DONE), "{}@4|{i1 u4 u3 d2 }@" NEXT "|");
    assert_int_equal(atomic_load(&sl_reader_stats(fix.reader)->rows), 7);
    assert_true(atomic_load(&sl_reader_stats(fix.reader)->is_connected));
    assert_int_equal(atomic_load(&sl_reader_stats(fix.reader)->event_time), 1700000000);
    assert_int_equal(atomic_load(&fix.changes), 2);
    release(&fix);
}

static void a_full_batch_is_passed_on_at_the_end_of_its_transaction(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "a");
    fix.options.batch_bytes = 4; /* one row is less, two are more */
    assert_string_equal(run(&fix, SL_DONE),
                        "{}@4|{i1 i3 |}@1527|{i5 }@3789|{i6 }@4146|{u5 }@" NEXT "|");
    release(&fix);
}

static void a_large_transaction_goes_ahead_in_parts(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.options.batch_bytes = 1;
    assert_string_equal(run(&fix, SL_DONE),
                        "{}@4|{i1 |i2 |i3 |}@2653|{u4 |u3 |u2 |}@3088|{d2 |}@3435|{}@" NEXT "|");
    release(&fix);
}

static void complete_transactions_before_a_large_one_are_split_off(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", NULL);
    fix.options.batch_bytes = 10;
    assert_string_equal(run(&fix, SL_DONE),
                        "{}@4|{i1 i2 i3 }@2653|{u4 u3 d2 }@3435|{i6 u5 }@" NEXT "|");
    release(&fix);
}

static void a_transaction_beyond_the_limit_is_cut(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.options.batch_bytes = 1;
    fix.options.max_transaction_bytes = 6; /* two rows */
    assert_string_equal(run(&fix, SL_DONE),
                        "{}@4|{i1 |i2 }|{i3 |}@2653|{u4 |u3 }|{u2 |}@3088|{d2 |}@3435|{}@" NEXT
                        "|");
    release(&fix);
}

/* The first transaction with rows of the table `part` is rolled back instead of committed. */
static void roll_back(struct fixture *fix)
{
    size_t xid = sl_script_find(&fix->script, SL_EVENT_XID, 1);
    size_t begin = xid;

    while (fix->script.events[begin].data[4] != SL_EVENT_QUERY) {
        begin--;
    }
    sl_script_make_query(&fix->script, xid, begin, "ROLLBACK");
}

static void a_rollback_leaves_nothing_of_its_transaction(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    roll_back(&fix);
    assert_string_equal(run(&fix, SL_DONE), "{}@4|{u4 u3 d2 }@" NEXT "|");
    release(&fix);
}

static void parts_that_went_ahead_are_discarded(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    roll_back(&fix);
    fix.options.batch_bytes = 1;
    assert_string_equal(run(&fix, SL_DONE),
                        "{}@4|{i1 |i2 |i3 |!}|{u4 |u3 |u2 |}@3088|{d2 |}@3435|{}@" NEXT "|");
    release(&fix);
}

static void a_rollback_of_what_was_applied_is_a_gap(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    roll_back(&fix);
    fix.options.batch_bytes = 1;
    fix.options.max_transaction_bytes = 6;
    assert_string_equal(run(&fix, SL_EGAP), "{}@4|{i1 |i2 }|{i3 |");
    assert_non_null(strstr(fix.err.text, "max_transaction_bytes"));
    release(&fix);
}

static void purges_come_in_order_with_rows(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-ddl", "a");
    assert_string_equal(run(&fix, SL_DONE), "{}@4|{i1 i2 }@2226|{a:*}|{}@" NEXT "|");
    release(&fix);
}

static void prepared_rows_come_when_they_are_decided(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mariadb-xa", "x");
    assert_string_equal(run(&fix, SL_DONE), "{}@4|{i2 i4 i1 i5 i6 i8 }@maria-bin.000002:4|");
    release(&fix);
    init(&fix, "mysql-xa", "x");
    assert_string_equal(run(&fix, SL_DONE), "{}@4|{i2 i4 i1 i5 i6 i8 }@" NEXT "|");
    release(&fix);
}

/* ---- raw entries ---- */

static void init_lazy(struct fixture *fix, const char *name, const char *wanted)
{
    init(fix, name, wanted);
    fix->mapper.is_lazy = true;
    render_status = SL_OK;
}

static void raw_rows_are_rendered_before_they_are_passed_on(void **state)
{
    struct fixture fix;

    (void)state;
    init_lazy(&fix, "mysql-transactions", "part");
    assert_string_equal(run(&fix, SL_DONE), "{}@4|{i1/2 u4/2 u3/2 d2/2 }@" NEXT "|");
    release(&fix);
    init_lazy(&fix, "mysql-transactions", "part");
    fix.options.batch_bytes = 1;
    assert_string_equal(
        run(&fix, SL_DONE),
        "{}@4|{i1/2 |i2/2 |i3/2 |}@2653|{u4/2 |u3/2 |u2/2 |}@3088|{d2/2 |}@3435|{}@" NEXT "|");
    release(&fix);
    init_lazy(&fix, "mysql-transactions", "part");
    roll_back(&fix);
    assert_string_equal(run(&fix, SL_DONE), "{}@4|{u4/2 u3/2 d2/2 }@" NEXT "|");
    release(&fix);
    init_lazy(&fix, "mysql-xa", "x");
    assert_string_equal(run(&fix, SL_DONE), "{}@4|{i2/2 i4/2 i1/2 i5/2 i6/2 i8/2 }@" NEXT "|");
    release(&fix);
}

/* The table gets a column between two rows that wait in one batch; its first layout is replaced. */
static void the_table_of_a_raw_row_outlives_its_layout(void **state)
{
    struct fixture fix;

    (void)state;
    init_lazy(&fix, "mysql-ddl", "a");
    assert_string_equal(run(&fix, SL_DONE), "{}@4|{i1/2 i2/3 }@2226|{a:*}|{}@" NEXT "|");
    release(&fix);
}

static void a_row_that_cannot_be_rendered_ends_the_reader(void **state)
{
    struct fixture fix;

    (void)state;
    init_lazy(&fix, "mysql-transactions", "part");
    fix.options.batch_bytes = 1;
    render_status = SL_EFORMAT;
    assert_string_equal(run(&fix, SL_EFORMAT), "{}@4|");
    assert_non_null(strstr(fix.err.text, "_ROWS event at "));
    assert_non_null(strstr(fix.err.text, "a row of this event or before it: the value is bad"));
    release(&fix);
}

/* Plays the loop, in the reader's thread: takes what is there before each event. */
static void take(void *user)
{
    struct fixture *fix = user;
    struct sl_batch *batch = sl_handoff_take(&fix->handoff, SL_TAKE_ROWS);

    if (batch != NULL) {
        log_batch(fix, batch);
        sl_handoff_give_back(&fix->handoff, batch);
    }
}

static void what_the_loop_cannot_render_the_reader_tells(void **state)
{
    struct fixture fix;

    (void)state;
    init_lazy(&fix, "mysql-transactions", "part");
    fix.script.before = take;
    fix.script.before_user = &fix;
    render_status = SL_EFORMAT;
    atomic_store(&fix.handoff.wants_open, false);
    assert_string_equal(run(&fix, SL_EFORMAT), "{}@4|");
    assert_string_equal(fix.err.text, "a row of this event or before it: the value is bad");
    release(&fix);
}

static void wait_for_any(void *user)
{
    struct fixture *fix = user;

    atomic_store(&fix->handoff.wants_open, true);
}

/* A published batch would be taken back before the loop is awake. */
static void a_loop_that_waits_is_given_the_batch_for_good(void **state)
{
    struct fixture fix;

    (void)state;
    init_lazy(&fix, "mysql-transactions", "part");
    fix.script.before = wait_for_any;
    fix.script.before_user = &fix;
    assert_string_equal(run(&fix, SL_DONE),
                        "{}@4|{i1/2 i2/2 i3/2 }@2653|{u4/2 u3/2 u2/2 }@3088|{d2/2 }@3435|{}@" NEXT
                        "|");
    release(&fix);
}

/* The position stays before what is held, also when other transactions fill batches. */
static void rows_between_prepare_and_decision_do_not_move_the_position(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mariadb-xa", "x");
    fix.options.batch_bytes = 1;
    assert_string_equal(run(&fix, SL_DONE),
                        "{}@4|{i2 |}@628|{i4 |}@628|{i1 }@1226|{i5 |}@1226|{i6 |}@2594|{i8 |}@2827|"
                        "{}@maria-bin.000002:4|");
    release(&fix);
}

static void more_prepared_rows_than_may_be_held_end_the_reader(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mariadb-xa", "x");
    fix.options.max_held_bytes = 4;
    assert_string_equal(run(&fix, SL_ELIMIT), "{}@4|");
    assert_non_null(strstr(fix.err.text, "memory_limit"));
    release(&fix);
}

static void a_decision_about_unknown_rows_is_a_gap(void **state)
{
    struct fixture fix;
    size_t prepare;

    (void)state;
    init(&fix, "mysql-xa", "x");
    prepare = sl_script_find(&fix.script, SL_EVENT_XA_PREPARE, 0);
    while (fix.script.events[prepare].data[4] != SL_EVENT_GTID) {
        sl_script_cut(&fix.script, prepare--, 1);
    }
    sl_script_cut(&fix.script, prepare, 1);
    (void)run(&fix, SL_EGAP);
    assert_non_null(strstr(fix.err.text, "X'6f6e65'"));
    release(&fix);
}

static void a_source_that_fails_in_a_transaction_leaves_the_ones_before(void **state)
{
    struct fixture fix;
    size_t rows;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    rows = sl_script_find(&fix.script, SL_EVENT_UPDATE_ROWS, 1);
    sl_script_cut(&fix.script, rows + 1, fix.script.count - rows - 1);
    fix.script.end = SL_EIO;
    fix.options.batch_bytes = 1;
    assert_string_equal(run(&fix, SL_EIO), "{}@4|{i1 |i2 |i3 |}@2653|{u4 |");
    assert_string_equal(fix.err.text, "the script failed");
    release(&fix);
}

static void a_source_that_cannot_be_opened_ends_the_reader(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.script.open_status = SL_EAUTH;
    assert_string_equal(run(&fix, SL_EAUTH), "");
    assert_string_equal(fix.err.text, "cannot open the script");
    assert_false(atomic_load(&sl_reader_stats(fix.reader)->is_connected));
    release(&fix);
}

static void a_mapper_that_refuses_a_row_ends_the_reader(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.mapper.row_status = SL_ESCHEMA;
    assert_string_equal(run(&fix, SL_ESCHEMA), "{}@4|");
    assert_non_null(strstr(fix.err.text, "the mapper refuses"));
    release(&fix);
}

static void damage_ends_the_reader(void **state)
{
    struct fixture fix;
    size_t rows;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    rows = sl_script_find(&fix.script, SL_EVENT_WRITE_ROWS, 3);
    fix.script.events[rows].data[fix.script.events[rows].len - 6] ^= 1;
    assert_string_equal(run(&fix, SL_ECORRUPT), "{}@4|");
    release(&fix);
}

/* ---- stopping ---- */

static void nap_until(const atomic_bool *flag)
{
    const struct timespec pause = {.tv_nsec = 1000 * 1000};

    for (int i = 0; i < 300000 && !atomic_load(flag); i++) {
        (void)nanosleep(&pause, NULL);
    }
    assert_true(atomic_load(flag));
}

static void a_stop_ends_a_reader_that_waits_for_events(void **state)
{
    struct fixture fix;
    struct sl_batch *batch;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.script.waits = true;
    start(&fix);
    nap_until(&fix.script.is_waiting);
    sl_reader_stop(fix.reader);
    assert_int_equal(sl_reader_join(fix.reader, &fix.err), SL_ESTOPPED);
    /* What was complete can still be sent. */
    batch = sl_handoff_take(&fix.handoff, SL_TAKE_ANY);
    log_batch(&fix, batch);
    sl_handoff_give_back(&fix.handoff, batch);
    batch = sl_handoff_take(&fix.handoff, SL_TAKE_ANY);
    log_batch(&fix, batch);
    sl_handoff_give_back(&fix.handoff, batch);
    assert_string_equal(sl_buf_cstr(&fix.log), "{}@4|{i1 u4 u3 d2 }@" NEXT "|");
    release(&fix);
}

static void a_stop_ends_a_reader_that_waits_for_room(void **state)
{
    const struct timespec pause = {.tv_nsec = 30 * 1000 * 1000};
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.handoff.budget = 0;
    fix.options.batch_bytes = 1;
    start(&fix);
    (void)nanosleep(&pause, NULL);
    assert_false(atomic_load(&sl_reader_stats(fix.reader)->has_ended));
    sl_reader_stop(fix.reader);
    assert_int_equal(sl_reader_join(fix.reader, &fix.err), SL_ESTOPPED);
    release(&fix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_beginning_is_a_group_of_its_own_and_transactions_gather),
        cmocka_unit_test(a_full_batch_is_passed_on_at_the_end_of_its_transaction),
        cmocka_unit_test(a_large_transaction_goes_ahead_in_parts),
        cmocka_unit_test(complete_transactions_before_a_large_one_are_split_off),
        cmocka_unit_test(a_transaction_beyond_the_limit_is_cut),
        cmocka_unit_test(a_rollback_leaves_nothing_of_its_transaction),
        cmocka_unit_test(parts_that_went_ahead_are_discarded),
        cmocka_unit_test(a_rollback_of_what_was_applied_is_a_gap),
        cmocka_unit_test(purges_come_in_order_with_rows),
        cmocka_unit_test(prepared_rows_come_when_they_are_decided),
        cmocka_unit_test(raw_rows_are_rendered_before_they_are_passed_on),
        cmocka_unit_test(the_table_of_a_raw_row_outlives_its_layout),
        cmocka_unit_test(a_row_that_cannot_be_rendered_ends_the_reader),
        cmocka_unit_test(what_the_loop_cannot_render_the_reader_tells),
        cmocka_unit_test(a_loop_that_waits_is_given_the_batch_for_good),
        cmocka_unit_test(rows_between_prepare_and_decision_do_not_move_the_position),
        cmocka_unit_test(more_prepared_rows_than_may_be_held_end_the_reader),
        cmocka_unit_test(a_decision_about_unknown_rows_is_a_gap),
        cmocka_unit_test(a_source_that_fails_in_a_transaction_leaves_the_ones_before),
        cmocka_unit_test(a_source_that_cannot_be_opened_ends_the_reader),
        cmocka_unit_test(a_mapper_that_refuses_a_row_ends_the_reader),
        cmocka_unit_test(damage_ends_the_reader),
        cmocka_unit_test(a_stop_ends_a_reader_that_waits_for_events),
        cmocka_unit_test(a_stop_ends_a_reader_that_waits_for_room),
    };

    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
