/*
 * Visitors of a reader that plays captured events, and what watches are told. The handoff is
 * emptied only when the reader has ended, so what lands in which batch is certain.
 */
#include "tests/support/check.h"

#include <pthread.h>
#include <time.h>

#include "cdc/event.h"
#include "cdc/reader_visit.h"
#include "cdc/value.h"
#include "tests/support/script_source.h"

struct fake_mapper {
    struct sl_mapper base;
    const char *wanted;
    enum sl_write write;
    int load_status;
};

struct fixture {
    struct sl_script script;
    struct fake_mapper mapper;
    struct sl_handoff handoff;
    struct sl_reader_options options;
    struct sl_reader *reader;
    struct sl_buf log;
    struct sl_table_watch *watch;
    struct sl_batch *ready;
    struct sl_err err;
};

/* ---- a mapper whose keys are the text of the first column ---- */

static bool fake_wants(struct sl_mapper *mapper, struct sl_span db, struct sl_span table)
{
    const struct fake_mapper *fake = (const struct fake_mapper *)mapper;

    return sl_span_equals(db, "shop") && sl_span_equals(table, fake->wanted);
}

static int fake_table(struct sl_mapper *mapper, struct sl_table *table, struct sl_err *err)
{
    (void)mapper;
    (void)table;
    (void)err;
    return SL_OK;
}

static int put(struct sl_batch *batch, char op, struct sl_span key, enum sl_write write)
{
    uint32_t offset;

    sl_batch_begin(batch, &offset);
    assert_int_equal(sl_buf_add_byte(&batch->data, (uint8_t)op), SL_OK);
    assert_int_equal(sl_buf_add(&batch->data, key.data, key.len), SL_OK);
    assert_int_equal(sl_buf_add_byte(&batch->data, ' '), SL_OK);
    return sl_batch_end(batch, offset, offset + 1, (uint32_t)key.len, 1, write);
}

static int fake_row(struct sl_mapper *mapper, const struct sl_row_change *change,
                    struct sl_batch *batch, struct sl_err *err)
{
    const struct fake_mapper *fake = (const struct fake_mapper *)mapper;
    const struct sl_cell *cells = change->after != NULL ? change->after : change->before;
    struct sl_buf key = {0};
    int rc;

    assert_int_equal(sl_value_text(&change->table->columns[0], &cells[0], &key, err), SL_OK);
    rc = put(batch, "iud"[change->op], sl_span_make(key.data, key.len), fake -> write);
    sl_buf_release(&key);
    return rc;
}

static int fake_load_row(struct sl_mapper *mapper, const struct sl_loaded_row *row,
                         struct sl_batch *batch, struct sl_err *err)
{
    const struct fake_mapper *fake = (const struct fake_mapper *)mapper;

    if (fake->load_status != SL_OK) {
        assert_int_equal(sl_buf_add_str(&batch->data, "half"), SL_OK);
        return sl_err_set(err, fake->load_status, "the row does not fit");
    }
    return put(batch, 'l', sl_span_make(row->cells[0].data, row->cells[0].len), row->write);
}

static int fake_remove(struct sl_mapper *mapper, struct sl_item_name name, struct sl_batch *batch)
{
    (void)mapper;
    return put(batch, 'r', name.bytes, SL_WRITE_WHOLE);
}

static int fake_ddl(struct sl_mapper *mapper, const struct sl_ddl *ddl, unsigned nth,
                    struct sl_effect *effect, struct sl_err *err)
{
    (void)mapper;
    (void)ddl;
    (void)err;
    *effect = (struct sl_effect){0};
    return nth == 0 ? SL_OK : SL_DONE;
}

static const struct sl_mapper_ops fake_ops = {.wants = fake_wants,
                                              .table = fake_table,
                                              .row = fake_row,
                                              .load_row = fake_load_row,
                                              .remove = fake_remove,
                                              .ddl = fake_ddl};

/* ---- running ---- */

static void ignore(void *user)
{
    (void)user;
}

/* Of mysql-transactions what is behind the table `part`, and the rotate event at the end. */
static void cut_end(struct sl_script *script, const char *name)
{
    bool is_part = strcmp(name, "mysql-transactions") == 0;
    size_t end = is_part ? sl_script_find(script, SL_EVENT_XID, 3) + 1 : script->count - 1;

    sl_script_cut(script, end, script->count - end);
}

static void init(struct fixture *fix, const char *name, const char *wanted)
{
    *fix = (struct fixture){
        .mapper = {.base = {.ops = &fake_ops}, .wanted = wanted, .write = SL_WRITE_WHOLE}};
    sl_script_load(&fix->script, name);
    cut_end(&fix->script, name);
    fix->script.waits = true;
    assert_int_equal(sl_handoff_init(&fix->handoff, 1 << 20, ignore, NULL), SL_OK);
    fix->options = (struct sl_reader_options){
        .batch_bytes = 1 << 16,
        .max_transaction_bytes = 1 << 20,
        .max_held_bytes = 1 << 20,
        .max_event_bytes = 1 << 20,
        .changed = ignore,
        .has_visitors = true,
    };
    fix->watch = sl_table_watch_new(sl_check_span("shop"), sl_check_span(wanted), 1 << 20);
    assert_non_null(fix->watch);
}

static void start(struct fixture *fix)
{
    struct sl_position position = {0};

    fix->reader = sl_reader_new(&fix->options, &fix->script.base, &fix->mapper.base, &fix->handoff);
    assert_non_null(fix->reader);
    assert_ok(sl_reader_start(fix->reader, SL_START_EARLIEST, &position, &fix->err), &fix->err);
}

static void log_batch(struct fixture *fix, const struct sl_batch *batch)
{
    assert_int_equal(sl_buf_add_format(&fix->log, "%s%.*s%s", batch->begins_group ? "{" : "",
                                       (int)batch->data.len, (const char *)batch->data.data,
                                       batch->ends_group ? "}" : ""),
                     SL_OK);
    if (batch->has_position) {
        assert_int_equal(
            sl_buf_add_format(&fix->log, "@%llu", (unsigned long long)batch->position.offset),
            SL_OK);
    }
    assert_int_equal(sl_buf_add_byte(&fix->log, '|'), SL_OK);
}

/* Stops the reader and returns every batch as text. */
static const char *finish(struct fixture *fix)
{
    struct sl_batch *batch;

    sl_reader_stop(fix->reader);
    assert_int_equal(sl_reader_join(fix->reader, NULL), SL_ESTOPPED);
    while ((batch = sl_handoff_take(&fix->handoff, SL_TAKE_ANY)) != NULL) {
        log_batch(fix, batch);
        sl_handoff_give_back(&fix->handoff, batch);
    }
    return sl_buf_cstr(&fix->log);
}

static void release(struct fixture *fix)
{
    sl_reader_free(fix->reader);
    sl_handoff_release(&fix->handoff);
    sl_script_release(&fix->script);
    sl_table_watch_free(fix->watch);
    sl_buf_release(&fix->log);
}

static struct sl_position at(uint64_t offset)
{
    struct sl_position position = {.file = "capture.binlog", .offset = offset};

    return position;
}

static void visit_at(struct fixture *fix, uint64_t offset, sl_visit_fn fn)
{
    struct sl_position place = at(offset);

    assert_ok(sl_reader_visit(fix->reader, offset > 0 ? &place : NULL, fn, fix, &fix->err),
              &fix->err);
}

static struct sl_cell text_cell(const char *text)
{
    return (struct sl_cell){
        .data = (const uint8_t *)text, .len = (uint32_t)strlen(text), .state = SL_CELL_TEXT};
}

/* ---- what visitors do ---- */

static int do_nothing(struct sl_reader *reader, void *user, struct sl_err *err)
{
    (void)reader;
    (void)user;
    (void)err;
    return SL_OK;
}

static int put_row_7(struct sl_reader *reader, void *user, struct sl_err *err)
{
    const struct sl_cell cell = text_cell("7");
    const struct sl_loaded_row row = {.cells = &cell, .write = SL_WRITE_REPLACE};

    (void)user;
    return sl_reader_put_row(reader, &row, err);
}

static int put_all_kinds(struct sl_reader *reader, void *user, struct sl_err *err)
{
    const struct sl_cell cells[] = {text_cell("8"), text_cell("9")};
    struct sl_loaded_row row = {.cells = &cells[0], .write = SL_WRITE_REPLACE};
    int rc = sl_reader_put_row(reader, &row, err);

    (void)user;
    if (rc == SL_OK) {
        row.cells = &cells[1];
        rc = sl_reader_put_row(reader, &row, err);
    }
    if (rc == SL_OK) {
        rc = sl_reader_put_removal(reader, sl_item_key(sl_check_span("3")));
    }
    return rc == SL_OK
               ? sl_reader_put_commands(reader, sl_check_span("KEY"), sl_check_span("cmd KEY "), 2)
               : rc;
}

static int add_watch(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct fixture *fix = user;

    (void)err;
    sl_table_watch_begin(fix->watch);
    return sl_reader_add_watch(reader, fix->watch);
}

/* ---- visits ---- */

#define END_OF_PART 3435 /* where mysql-transactions ends here */

/* Reads up to event GATE, the number of an event, and stays there. */
static void start_up_to(struct fixture *fix, size_t gate)
{
    atomic_store(&fix->script.gate, gate);
    start(fix);
    while (!atomic_load(&fix->script.is_waiting)) {
        const struct timespec pause = {.tv_nsec = 1000 * 1000};

        (void)nanosleep(&pause, NULL);
    }
}

static void a_visitor_writes_among_the_rows_of_an_idle_stream(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    start_up_to(&fix, sl_script_find(&fix.script, SL_EVENT_XID, 1) + 1);
    visit_at(&fix, 0, put_row_7);
    atomic_store(&fix.script.gate, 0);
    visit_at(&fix, END_OF_PART, put_all_kinds);
    assert_string_equal(finish(&fix), "{}@4|{i1 l7 u4 d2 l8 l9 r3 cmd KEY }@3435|");
    release(&fix);
}

static int note_place(struct sl_reader *reader, void *user, struct sl_err *err)
{
    (void)err;
    *(uint64_t *)user = sl_reader_place(reader)->offset;
    return SL_OK;
}

/* Whatever moment the visitor comes at: it is let in behind the place, and not in a transaction. */
static void a_visitor_waits_for_its_place(void **state)
{
    (void)state;
    for (uint64_t want = 1000; want <= 3400; want += 150) {
        struct sl_position place = at(want);
        uint64_t have = 0;
        struct fixture fix;

        init(&fix, "mysql-transactions", "part");
        start(&fix);
        assert_ok(sl_reader_visit(fix.reader, &place, note_place, &have, &fix.err), &fix.err);
        assert_true(have >= want);
        (void)finish(&fix);
        release(&fix);
    }
}

static int put_ready_batch(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct fixture *fix = user;
    struct sl_batch *batch = fix->ready;

    (void)err;
    fix->ready = NULL;
    return sl_reader_put_batch(reader, batch);
}

/* A group of its own, with the position of the rows before it. */
static void a_batch_that_was_made_ready_goes_behind_what_was_gathered(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    start_up_to(&fix, sl_script_find(&fix.script, SL_EVENT_XID, 1) + 1);
    assert_int_equal(sl_reader_lend_batch(fix.reader, &fix.ready), SL_OK);
    assert_int_equal(put(fix.ready, 'l', sl_check_span("7"), SL_WRITE_WHOLE), SL_OK);
    visit_at(&fix, 0, put_ready_batch);
    atomic_store(&fix.script.gate, 0);
    visit_at(&fix, END_OF_PART, do_nothing);
    assert_string_equal(finish(&fix), "{}@4|{i1 i2 i3 }@2653|{l7 }@2653|{u4 u3 d2 }@3435|");
    release(&fix);
}

static void a_visitor_may_come_too_late(void **state)
{
    struct sl_position place = at(END_OF_PART);
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    start_up_to(&fix, sl_script_find(&fix.script, SL_EVENT_XID, 1) + 1);
    assert_int_equal(sl_reader_visit_within(fix.reader, &place, 3, put_row_7, &fix, &fix.err),
                     SL_TOO_LATE);
    assert_ok(sl_reader_visit_within(fix.reader, NULL, 60000, do_nothing, &fix, &fix.err),
              &fix.err);
    atomic_store(&fix.script.gate, 0);
    assert_ok(sl_reader_visit_within(fix.reader, &place, 60000, do_nothing, &fix, &fix.err),
              &fix.err);
    assert_null(strstr(finish(&fix), "l7"));
    release(&fix);
}

struct visitor {
    struct fixture *fix;
    sl_visit_fn fn;
    uint64_t offset;
    unsigned times;
    int status;
    atomic_bool is_done;
    pthread_t thread;
};

static void *visit_in_thread(void *user)
{
    struct visitor *visitor = user;
    struct sl_position place = at(visitor->offset);

    visitor->status = SL_OK;
    for (unsigned i = 0; visitor->status == SL_OK && i < visitor->times; i++) {
        visitor->status =
            sl_reader_visit(visitor->fix->reader, &place, visitor->fn, visitor->fix, NULL);
    }
    atomic_store(&visitor->is_done, true);
    return NULL;
}

static void begin_visits(struct visitor *visitor)
{
    assert_int_equal(pthread_create(&visitor->thread, NULL, visit_in_thread, visitor), 0);
}

static void nap(void)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};

    (void)nanosleep(&pause, NULL);
}

static void nobody_is_let_into_a_transaction(void **state)
{
    struct fixture fix;
    struct visitor visitor = {.fix = &fix, .fn = put_row_7, .offset = 4, .times = 1};

    (void)state;
    init(&fix, "mysql-transactions", "part");
    start_up_to(&fix, sl_script_find(&fix.script, SL_EVENT_UPDATE_ROWS, 1));
    begin_visits(&visitor);
    nap();
    assert_false(atomic_load(&visitor.is_done));
    atomic_store(&fix.script.gate, 0);
    (void)pthread_join(visitor.thread, NULL);
    assert_int_equal(visitor.status, SL_OK);
    visit_at(&fix, END_OF_PART, do_nothing);
    /* Behind the update, of which u4 u3 u2 are rows; u2 is superfluous by then. */
    assert_non_null(strstr(finish(&fix), "u4 u3 l7 d2"));
    release(&fix);
}

/* The stream plays the same transaction for ever and never waits. */
static void visitors_are_not_starved_by_a_busy_stream(void **state)
{
    struct fixture fix;
    struct visitor visitors[4];
    struct sl_batch *batch;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.script.repeat_to = sl_script_find(&fix.script, SL_EVENT_XID, 2);
    fix.script.repeat_from = sl_script_find(&fix.script, SL_EVENT_XID, 1) + 1;
    start(&fix);
    for (size_t i = 0; i < SL_COUNT(visitors); i++) {
        visitors[i] = (struct visitor){.fix = &fix, .fn = put_row_7, .times = 200};
        begin_visits(&visitors[i]);
    }
    for (size_t i = 0; i < SL_COUNT(visitors); i++) {
        while (!atomic_load(&visitors[i].is_done)) {
            batch = sl_handoff_take(&fix.handoff, SL_TAKE_ROWS);
            if (batch != NULL) {
                sl_handoff_give_back(&fix.handoff, batch);
            }
        }
        (void)pthread_join(visitors[i].thread, NULL);
        assert_int_equal(visitors[i].status, SL_OK);
    }
    (void)finish(&fix);
    release(&fix);
}

static void a_full_batch_of_a_visitor_is_a_group_of_its_own(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.options.batch_bytes = 5;
    start(&fix);
    visit_at(&fix, END_OF_PART, put_all_kinds);
    assert_non_null(strstr(finish(&fix), "{d2 l8 }@3435|{l9 r3 }@3435|{cmd KEY }@3435|"));
    release(&fix);
}

/* The batch has no dead entry, with which what is left over would be taken out, too. */
static void a_row_that_fails_leaves_nothing_and_the_stream_goes_on(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.mapper.load_status = SL_EINVAL;
    start_up_to(&fix, 1);
    assert_int_equal(sl_reader_visit(fix.reader, NULL, put_row_7, &fix, &fix.err), SL_EINVAL);
    assert_string_equal(fix.err.text, "the row does not fit");
    fix.mapper.load_status = SL_OK;
    visit_at(&fix, 0, put_row_7);
    assert_string_equal(finish(&fix), "{}@4|{l7 }@4|");
    release(&fix);
}

static void commands_must_have_their_key(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.options.first_commands = sl_check_span("cmd FIRST ");
    fix.options.first_key = sl_check_span("OTHER");
    fix.options.first_count = 1;
    start(&fix);
    assert_int_equal(sl_reader_join(fix.reader, &fix.err), SL_EINVAL);
    release(&fix);
}

static void the_first_commands_go_with_the_first_checkpoint(void **state)
{
    struct fixture fix;
    struct sl_batch *batch;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.options.first_commands = sl_check_span("cmd FIRST ");
    fix.options.first_key = sl_check_span("FIRST");
    fix.options.first_count = 1;
    start(&fix);
    visit_at(&fix, END_OF_PART, do_nothing);
    assert_false(sl_reader_first_is_applied(fix.reader));
    batch = sl_handoff_take(&fix.handoff, SL_TAKE_ANY);
    log_batch(&fix, batch);
    assert_string_equal(sl_buf_cstr(&fix.log), "{cmd FIRST }@4|");
    sl_handoff_give_back(&fix.handoff, batch);
    assert_true(sl_reader_first_is_applied(fix.reader));
    (void)finish(&fix);
    release(&fix);
}

/* ---- the end ---- */

static void a_reader_that_ends_sends_visitors_away(void **state)
{
    struct sl_position place = at(1 << 30);
    struct fixture fix;
    struct visitor visitors[3];

    (void)state;
    init(&fix, "mysql-transactions", "part");
    start(&fix);
    for (size_t i = 0; i < SL_COUNT(visitors); i++) {
        visitors[i] =
            (struct visitor){.fix = &fix, .fn = do_nothing, .offset = 1 << 30, .times = 1};
        begin_visits(&visitors[i]);
    }
    nap();
    (void)finish(&fix);
    for (size_t i = 0; i < SL_COUNT(visitors); i++) {
        (void)pthread_join(visitors[i].thread, NULL);
        assert_int_equal(visitors[i].status, SL_ESTOPPED);
    }
    assert_int_equal(sl_reader_visit(fix.reader, &place, do_nothing, NULL, &fix.err), SL_ESTOPPED);
    release(&fix);
}

static void a_reader_that_never_began_sends_visitors_away(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.script.open_status = SL_EAUTH;
    start(&fix);
    assert_int_equal(sl_reader_visit(fix.reader, NULL, do_nothing, NULL, &fix.err), SL_ESTOPPED);
    assert_int_equal(sl_reader_join(fix.reader, &fix.err), SL_EAUTH);
    release(&fix);
}

static void a_stop_ends_a_visitor_that_waits_for_room(void **state)
{
    struct fixture fix;
    struct visitor visitor = {.fix = &fix, .fn = put_all_kinds, .times = UINT32_MAX};

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.handoff.budget = 10000;
    fix.options.batch_bytes = 5;
    start(&fix);
    begin_visits(&visitor);
    nap();
    assert_false(atomic_load(&visitor.is_done));
    sl_reader_stop(fix.reader);
    (void)pthread_join(visitor.thread, NULL);
    assert_int_equal(visitor.status, SL_ESTOPPED);
    (void)finish(&fix);
    release(&fix);
}

static void a_place_of_another_server_is_an_error(void **state)
{
    struct sl_position place = at(4);
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    memcpy(fix.script.uuid, "here", 5);
    memcpy(place.server_uuid, "there", 6);
    start(&fix);
    assert_int_equal(sl_reader_visit(fix.reader, &place, do_nothing, NULL, &fix.err), SL_EIO);
    assert_non_null(strstr(fix.err.text, "there"));
    memcpy(place.server_uuid, "here", 5);
    assert_ok(sl_reader_visit(fix.reader, &place, do_nothing, NULL, &fix.err), &fix.err);
    (void)finish(&fix);
    release(&fix);
}

/* ---- watches ---- */

static enum sl_touch find(const struct fixture *fix, const char *key)
{
    return sl_table_watch_find(fix->watch, sl_item_key(sl_check_span(key)));
}

/* Plays all events with a watch on from number FROM on. */
static void watch_from(struct fixture *fix, size_t from)
{
    start_up_to(fix, from);
    visit_at(fix, 0, add_watch);
    atomic_store(&fix->script.gate, 0);
    while (!atomic_load(&fix->script.is_at_end)) {
        nap();
    }
    (void)finish(fix);
}

static void a_watch_is_told_of_every_key(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    watch_from(&fix, 1);
    assert_int_equal(find(&fix, "1"), SL_TOUCH_WHOLE);
    assert_int_equal(find(&fix, "4"), SL_TOUCH_WHOLE);
    assert_int_equal(find(&fix, "5"), SL_TOUCH_NONE);
    release(&fix);
}

static void a_partial_write_is_noted_as_such(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    fix.mapper.write = SL_WRITE_PARTIAL;
    watch_from(&fix, 1);
    assert_int_equal(find(&fix, "1"), SL_TOUCH_PART);
    release(&fix);
}

static void other_tables_are_of_no_concern_to_a_watch(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    sl_table_watch_free(fix.watch);
    fix.watch = sl_table_watch_new(sl_check_span("shop"), sl_check_span("a"), 1 << 20);
    watch_from(&fix, 1);
    assert_int_equal(find(&fix, "1"), SL_TOUCH_NONE);
    release(&fix);
}

static void roll_back(struct fixture *fix)
{
    size_t xid = sl_script_find(&fix->script, SL_EVENT_XID, 1);
    size_t begin = xid;

    while (fix->script.events[begin].data[4] != SL_EVENT_QUERY) {
        begin--;
    }
    sl_script_make_query(&fix->script, xid, begin, "ROLLBACK");
}

static void a_rollback_makes_keys_uncertain(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    roll_back(&fix);
    watch_from(&fix, 1);
    assert_int_equal(find(&fix, "1"), SL_TOUCH_PART);  /* nothing but the rolled back insert */
    assert_int_equal(find(&fix, "2"), SL_TOUCH_WHOLE); /* deleted later */
    release(&fix);
}

static void a_rollback_of_parts_that_went_ahead_makes_keys_uncertain(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    roll_back(&fix);
    fix.options.batch_bytes = 1;
    watch_from(&fix, 1);
    assert_int_equal(find(&fix, "1"), SL_TOUCH_PART);
    release(&fix);
}

/* The insert of 1, 2, 3 into `part` becomes: its rows, and behind them what QUERY says. */
static void a_rollback_to_a_savepoint_makes_keys_uncertain(void **state)
{
    struct fixture fix;
    size_t rows;
    size_t begin;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    rows = sl_script_find(&fix.script, SL_EVENT_WRITE_ROWS, 4);
    for (begin = rows; fix.script.events[begin].data[4] != SL_EVENT_QUERY;) {
        begin--;
    }
    sl_script_insert_query(&fix.script, begin + 1, begin, "SAVEPOINT here");
    sl_script_insert_query(&fix.script, rows + 2, begin, "ROLLBACK TO here");
    watch_from(&fix, 1);
    assert_int_equal(find(&fix, "1"), SL_TOUCH_PART);
    assert_int_equal(find(&fix, "4"), SL_TOUCH_WHOLE);
    release(&fix);
}

static void prepared_rows_are_uncertain_until_they_are_decided(void **state)
{
    static const char *const names[] = {"mysql-xa", "mariadb-xa"};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(names); i++) {
        struct fixture fix;

        init(&fix, names[i], "x");
        watch_from(&fix, 1);
        assert_int_equal(find(&fix, "1"), SL_TOUCH_WHOLE); /* prepared and committed */
        assert_int_equal(find(&fix, "2"), SL_TOUCH_WHOLE);
        assert_int_equal(find(&fix, "3"), SL_TOUCH_PART);  /* prepared and rolled back */
        assert_int_equal(find(&fix, "6"), SL_TOUCH_WHOLE); /* one phase */
        release(&fix);
    }
}

/* Which statements alter the watched table shop.part. */
static void statements_on_the_table_alter_it(void **state)
{
    static const struct {
        const char *text;
        bool alters;
    } cases[] = {
        {"ALTER TABLE part ADD x INT", true},
        {"ALTER TABLE shop.part ADD INDEX (v)", true},
        {"TRUNCATE part", true},
        {"DROP TABLE a, part", true},
        {"DROP DATABASE shop", true},
        {"RENAME TABLE part TO q", true},
        {"RENAME TABLE q TO part", true},
        {"ALTER TABLE q RENAME TO part", true},
        {"CREATE TABLE part (id INT)", true},
        {"ALTER TABLE ((", true},
        {"ALTER TABLE a ADD x INT", false},
        {"DROP DATABASE other", false},
        {"TRUNCATE other.part", false},
        {"RENAME TABLE a TO b", false},
        {"CREATE TABLE b (id INT)", false},
        {"CREATE VIEW v AS SELECT 1", false},
        {"GRANT SELECT ON shop.part TO x", false},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct fixture fix;
        size_t begin;

        init(&fix, "mysql-transactions", "part");
        for (begin = sl_script_find(&fix.script, SL_EVENT_XID, 1);
             fix.script.events[begin].data[4] != SL_EVENT_QUERY;) {
            begin--;
        }
        sl_script_make_query(&fix.script, begin, begin, cases[i].text);
        sl_script_cut(&fix.script, begin + 1, fix.script.count - begin - 1);
        watch_from(&fix, begin);
        if (sl_table_watch_is_altered(fix.watch) != cases[i].alters) {
            fail_msg("%s", cases[i].text);
        }
        release(&fix);
    }
}

static int remove_watch(struct sl_reader *reader, void *user, struct sl_err *err)
{
    (void)err;
    sl_reader_remove_watch(reader, ((struct fixture *)user)->watch);
    return SL_OK;
}

static void a_watch_that_was_taken_off_is_told_nothing(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "mysql-transactions", "part");
    start_up_to(&fix, 1);
    visit_at(&fix, 0, add_watch);
    visit_at(&fix, 0, remove_watch);
    visit_at(&fix, 0, remove_watch);
    atomic_store(&fix.script.gate, 0);
    visit_at(&fix, END_OF_PART, do_nothing);
    (void)finish(&fix);
    assert_int_equal(find(&fix, "1"), SL_TOUCH_NONE);
    release(&fix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visitor_writes_among_the_rows_of_an_idle_stream),
        cmocka_unit_test(a_visitor_waits_for_its_place),
        cmocka_unit_test(a_batch_that_was_made_ready_goes_behind_what_was_gathered),
        cmocka_unit_test(a_visitor_may_come_too_late),
        cmocka_unit_test(nobody_is_let_into_a_transaction),
        cmocka_unit_test(visitors_are_not_starved_by_a_busy_stream),
        cmocka_unit_test(a_full_batch_of_a_visitor_is_a_group_of_its_own),
        cmocka_unit_test(a_row_that_fails_leaves_nothing_and_the_stream_goes_on),
        cmocka_unit_test(commands_must_have_their_key),
        cmocka_unit_test(the_first_commands_go_with_the_first_checkpoint),
        cmocka_unit_test(a_reader_that_ends_sends_visitors_away),
        cmocka_unit_test(a_reader_that_never_began_sends_visitors_away),
        cmocka_unit_test(a_stop_ends_a_visitor_that_waits_for_room),
        cmocka_unit_test(a_place_of_another_server_is_an_error),
        cmocka_unit_test(a_watch_is_told_of_every_key),
        cmocka_unit_test(a_partial_write_is_noted_as_such),
        cmocka_unit_test(other_tables_are_of_no_concern_to_a_watch),
        cmocka_unit_test(a_rollback_makes_keys_uncertain),
        cmocka_unit_test(a_rollback_of_parts_that_went_ahead_makes_keys_uncertain),
        cmocka_unit_test(a_rollback_to_a_savepoint_makes_keys_uncertain),
        cmocka_unit_test(prepared_rows_are_uncertain_until_they_are_decided),
        cmocka_unit_test(statements_on_the_table_alter_it),
        cmocka_unit_test(a_watch_that_was_taken_off_is_told_nothing),
    };

    return cmocka_run_group_tests_name("reader_visit", tests, NULL, NULL);
}
