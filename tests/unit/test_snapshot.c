/*
 * The snapshot with a real reader between a source and a cache in memory: whatever happens while a
 * table is read, the cache ends up with what the table holds.
 */
#include "tests/unit/snapshot_help.h"

static struct fixture *make(void)
{
    struct fixture *fix = make_fixture();

    for (int id = 0; id < SL_MODEL_IDS; id += 2) {
        fix->model.rows[0][id] = id * 10;
        fix->model.rows[1][id] = id * 20;
    }
    return fix;
}

static void wait_until_loaded(struct fixture *fix)
{
    const struct sl_snapshot_stats *stats = sl_snapshot_stats(fix->snapshot);

    for (int i = 0; i < 300000; i++) {
        /* The snapshot may not know yet what a request has asked for; the cache does. */
        if (atomic_load(&stats->has_looked) && !atomic_load(&stats->is_loading) &&
            !sl_model_is_loading(&fix->model)) {
            return;
        }
        if (atomic_load(&stats->has_ended)) {
            int rc = sl_snapshot_join(fix->snapshot, &fix->err);

            fail_msg("the snapshot ended with %d: %s", rc, fix->err.text);
        }
        nap_us(1000);
    }
    fail_msg("still loading; notices: %s", sl_buf_cstr(&fix->model.notices));
}

/* A change behind which all that was written before has been read, and is in the cache. */
static void wait_for_stream(struct sl_model *model)
{
    static atomic_int next = 1000000;
    int have = 0;
    int want = atomic_fetch_add(&next, 1);

    sl_model_set(model, 3, 199, want);
    while (have != want) {
        nap_us(200);
        (void)pthread_mutex_lock(&model->lock);
        have = model->cache[3][199];
        (void)pthread_mutex_unlock(&model->lock);
    }
}

static void wait_for_cache(struct fixture *fix)
{
    wait_for_stream(&fix->model);
}

static void run(struct fixture *fix)
{
    begin(fix);
    wait_until_loaded(fix);
    wait_for_cache(fix);
    end(fix);
}

static void assert_table(const struct fixture *fix, int table)
{
    for (int id = 0; id < SL_MODEL_IDS; id++) {
        if (fix->model.cache[table][id] != fix->model.rows[table][id]) {
            fail_msg("t%d:%d is %d, but the row %d", table, id, fix->model.cache[table][id],
                     fix->model.rows[table][id]);
        }
    }
}

static void want_state(struct fixture *fix, const char *field, const char *text)
{
    sl_model_put_field(fix->model.states, field, text);
}

static void assert_phase(struct fixture *fix, const char *field, enum sl_load_phase want)
{
    const char *text = sl_model_field(&fix->model, fix->model.states, field);
    struct sl_load_state state = {0};

    assert_non_null(text);
    assert_int_equal(sl_load_state_parse(&state, sl_check_span(text)), SL_OK);
    assert_int_equal(state.phase, want);
    sl_load_state_release(&state);
}

/* ---- what is to be done ---- */

static void all_tables_that_the_rules_choose_are_loaded(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "*", "phase=waiting id=start reason=6869");
    fix->model.is_unwanted[1] = true;
    fix->model.is_gone[2] = true;
    fix->options.worker_count = 3;
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(fix->model.cache[1][2], SL_MODEL_NONE);
    assert_phase(fix, "shop.t0", SL_LOAD_DONE);
    assert_phase(fix, "shop.t3", SL_LOAD_DONE);
    assert_non_null(strstr(sl_model_field(&fix->model, fix->model.states, "shop.t0"), "rows=100"));
    assert_non_null(strstr(sl_model_field(&fix->model, fix->model.states, "shop.t0"), "id=start"));
    assert_null(sl_model_field(&fix->model, fix->model.states, "shop.t1"));
    assert_null(sl_model_field(&fix->model, fix->model.states, "*"));
    release(fix);
}

static void nothing_is_done_where_all_is_done(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=done");
    want_state(fix, "shop.t1", "phase=failed");
    run(fix);
    assert_int_equal(fix->model.cache[0][2], SL_MODEL_NONE);
    assert_int_equal(fix->model.reads, 0);
    release(fix);
}

static void a_state_that_cannot_be_read_is_a_table_to_load(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "nonsense");
    want_state(fix, "neither", "nonsense");
    run(fix);
    assert_table(fix, 0);
    assert_true(has_notice(fix, "cannot be read"));
    release(fix);
}

#define FIRST \
    "*4\r\n$4\r\nHSET\r\n$20\r\nsluice:{p}:bootstrap\r\n$1\r\n*\r\n$13\r\nphase=waiting\r\n"

static void what_goes_with_the_first_checkpoint_is_waited_for(void **state)
{
    struct fixture *fix = make();

    (void)state;
    fix->model.reader_options.first_commands = sl_check_span(FIRST);
    fix->model.reader_options.first_key = sl_check_span("sluice:{p}:bootstrap");
    fix->model.reader_options.first_count = 1;
    atomic_store(&fix->model.sink_waits, true);
    begin(fix);
    nap_us(30000);
    assert_false(atomic_load(&sl_snapshot_stats(fix->snapshot)->has_looked));
    atomic_store(&fix->model.sink_waits, false);
    wait_until_loaded(fix);
    wait_for_cache(fix);
    end(fix);
    assert_table(fix, 0);
    assert_table(fix, 1);
    release(fix);
}

static void a_table_that_is_gone_or_not_chosen_is_done(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    want_state(fix, "shop.t1", "phase=loading");
    fix->model.is_gone[0] = true;
    fix->model.is_unwanted[1] = true;
    run(fix);
    assert_phase(fix, "shop.t0", SL_LOAD_DONE);
    assert_phase(fix, "shop.t1", SL_LOAD_DONE);
    assert_non_null(strstr(sl_model_field(&fix->model, fix->model.states, "shop.t0"), "reason="));
    release(fix);
}

/* The stream has read the statement and a row when the table is still taken for gone. */
static void make_table(struct sl_model *model, int table)
{
    bool is_there = false;

    pthread_mutex_lock(&model->lock);
    model->is_gone[table] = false;
    pthread_mutex_unlock(&model->lock);
    sl_model_statement(model, "CREATE TABLE t0 (id INT PRIMARY KEY, v INT)");
    sl_model_set(model, table, 3, 5);
    while (!is_there) {
        nap_us(1000);
        pthread_mutex_lock(&model->lock);
        is_there = model->cache[table][3] == 5;
        pthread_mutex_unlock(&model->lock);
    }
}

static void a_table_that_is_made_again_meanwhile_keeps_its_rows(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.is_gone[0] = true;
    fix->model.at_gone = make_table;
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(fix->model.cache[0][3], 5);
    release(fix);
}

static void a_load_goes_on_behind_its_last_chunk(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=loading rows=50 after=3939"); /* "99" */
    run(fix);
    assert_int_equal(fix->model.cache[0][98], SL_MODEL_NONE);
    assert_int_equal(fix->model.cache[0][100], 1000);
    assert_non_null(strstr(sl_model_field(&fix->model, fix->model.states, "shop.t0"), "rows=100"));
    release(fix);
}

static void a_place_that_does_not_fit_makes_the_load_begin_anew(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=loading rows=50 after=7878");
    run(fix);
    assert_table(fix, 0);
    assert_non_null(strstr(sl_model_field(&fix->model, fix->model.states, "shop.t0"), "rows=100"));
    release(fix);
}

/* ---- what happens between low and high ---- */

static void change_rows(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    (void)is_keys;
    if (nth == 0) {
        sl_model_set(model, table, 2, 7);             /* updated */
        sl_model_set(model, table, 4, SL_MODEL_NONE); /* deleted */
        sl_model_set(model, table, 5, 8);             /* inserted */
        sl_model_set(model, table, 6, 1);             /* there and back */
        sl_model_set(model, table, 6, 60);
        sl_model_set(model, table, 8, SL_MODEL_NONE);
        sl_model_set(model, table, 8, 9);
    }
}

static void rows_that_change_while_they_are_read_are_the_streams(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.after_read = change_rows;
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(fix->model.reads, 1); /* no row was read again */
    release(fix);
}

static void parts_of_rows_make_them_be_read_again(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.is_minimal = true;
    fix->model.after_read = change_rows;
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(fix->model.reads, 2);
    release(fix);
}

/* A row changes each time that it is read, as long as it is not locked. */
static void change_unlocked(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    (void)is_keys;
    if (model->chunks[0].locks == 0) {
        sl_model_set(model, table, 2, 100000 + (int)nth);
    }
}

static void a_row_that_never_rests_is_locked(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.is_minimal = true;
    fix->model.after_read = change_unlocked;
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(atomic_load(&fix->model.locked_reads), 1);
    assert_int_equal(fix->model.reads, 5);
    assert_int_equal(fix->model.chunks[0].locks, 0);
    release(fix);
}

static void change_before(struct sl_model *model, bool is_keys)
{
    (void)is_keys;
    sl_model_set(model, 0, 2, 200000 + (int)model->reads);
}

/* A change that lies before the lock is in what was read. */
static void a_row_that_was_locked_is_certain(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.is_minimal = true;
    fix->model.before_read = change_before;
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(atomic_load(&fix->model.locked_reads), 1);
    assert_int_equal(fix->model.reads, 5);
    release(fix);
}

static void change_and_delete(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    (void)is_keys;
    if (nth == 0) {
        sl_model_set(model, table, 2, 7);
    }
    if (nth == 1) {
        sl_model_set(model, table, 2, SL_MODEL_NONE);
    }
}

static void a_row_that_is_gone_when_it_is_read_again_stays_gone(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.is_minimal = true;
    fix->model.after_read = change_and_delete;
    run(fix);
    assert_table(fix, 0);
    release(fix);
}

static void roll_back(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    (void)is_keys;
    if (nth == 0) {
        sl_model_set_rolled_back(model, table, 2, 7);
        sl_model_set_rolled_back(model, table, 3, 7);
    }
}

static void rows_of_a_transaction_that_was_rolled_back_are_read_again(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.after_read = roll_back;
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(fix->model.reads, 2);
    release(fix);
}

static void alter(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    (void)table;
    (void)is_keys;
    if (nth == 0) {
        sl_model_set(model, 0, 3, 5);
        sl_model_statement(model, "ALTER TABLE t0 ADD x INT");
    }
}

static void an_altered_table_is_loaded_anew(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.after_read = alter;
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(fix->model.reads, 2);
    assert_true(has_notice(fix, "shop.t0 was altered"));
    assert_non_null(strstr(sl_model_field(&fix->model, fix->model.states, "shop.t0"), "rows=101"));
    release(fix);
}

/* More than the watch can keep, at the first readings. */
static void change_many(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    (void)is_keys;
    for (int id = 0; nth < 3 && id < 50; id++) {
        sl_model_set(model, table, id, 5000 + (int)nth);
    }
}

static void a_window_that_is_overrun_is_read_again(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->options.watch_bytes = 300;
    fix->model.after_read = change_many;
    run(fix);
    assert_table(fix, 0);
    assert_true(fix->model.reads > 3);
    release(fix);
}

/* ---- parts of a chunk, which are put while the next ones are read ---- */

static void rows_that_come_in_parts_are_put_in_parts(void **state)
{
    struct fixture *fix = make();
    unsigned said = 0;

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->options.batch_bytes = 100;
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(fix->model.reads, 1);
    assert_true(atomic_load(&fix->model.parts) > 5);
    for (const char *at = sl_buf_cstr(&fix->model.history);
         (at = strstr(at, "phase=loading")) != NULL; at++) {
        said++;
    }
    assert_int_equal(said, atomic_load(&fix->model.parts) + 1);
    assert_non_null(strstr(sl_model_field(&fix->model, fix->model.states, "shop.t0"), "rows=100"));
    release(fix);
}

/* Before each part one row that has been put, and two that are still to come. */
static void change_around(struct sl_model *model, int table)
{
    int nth = (int)atomic_load(&model->parts);

    if (nth < 10) {
        sl_model_set(model, table, 2 * nth, 7000 + nth);
        sl_model_set(model, table, 198 - 2 * nth, 8000 + nth);
        sl_model_set(model, table, 130 + 2 * nth, SL_MODEL_NONE);
    }
}

static void rows_that_change_between_two_parts_are_the_streams(void **state)
{
    (void)state;
    for (int is_minimal = 0; is_minimal < 2; is_minimal++) {
        struct fixture *fix = make();

        want_state(fix, "shop.t0", "phase=waiting");
        fix->options.batch_bytes = 100;
        fix->model.is_minimal = is_minimal;
        fix->model.before_part = change_around;
        run(fix);
        assert_table(fix, 0);
        assert_true(atomic_load(&fix->model.parts) > 5);
        release(fix);
    }
}

static void change_second(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    (void)is_keys;
    if (nth == 0) {
        sl_model_set(model, table, 2, 7);
        wait_for_stream(model);
    }
}

/* A crash between the parts would leave the row behind. */
static void no_part_is_said_to_be_loaded_before_a_row_that_is_read_again(void **state)
{
    struct fixture *fix = make();
    const char *first;

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->options.batch_bytes = 100;
    fix->model.is_minimal = true;
    fix->model.after_read = change_second;
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(fix->model.reads, 2);
    assert_true(atomic_load(&fix->model.parts) > 5);
    first = strstr(sl_buf_cstr(&fix->model.history), "phase=loading");
    assert_non_null(first);
    assert_memory_equal(first, "phase=loading rows=100", strlen("phase=loading rows=100"));
    release(fix);
}

static void lose_connection(struct sl_model *model, int table)
{
    (void)table;
    if (atomic_load(&model->parts) == 3) {
        model->fail_reads = 1;
        model->fail_status = SL_EIO;
    }
}

static void a_range_that_is_lost_is_read_again_behind_its_last_part(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->options.batch_bytes = 100;
    fix->model.before_part = lose_connection;
    run(fix);
    assert_table(fix, 0);
    assert_true(fix->model.reads > 1);
    assert_int_equal(atomic_load(&fix->model.writes), 101); /* each row once, and the last change */
    assert_non_null(strstr(sl_model_field(&fix->model, fix->model.states, "shop.t0"), "rows=100"));
    release(fix);
}

static void alter_between(struct sl_model *model, int table)
{
    (void)table;
    if (atomic_load(&model->parts) == 3 && model->reads == 1) {
        sl_model_statement(model, "ALTER TABLE t0 ADD x INT");
        wait_for_stream(model);
    }
}

static void a_table_that_is_altered_between_two_parts_is_loaded_anew(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->options.batch_bytes = 100;
    fix->model.before_part = alter_between;
    run(fix);
    assert_table(fix, 0);
    assert_true(has_notice(fix, "shop.t0 was altered"));
    assert_non_null(strstr(sl_model_field(&fix->model, fix->model.states, "shop.t0"), "rows=100"));
    release(fix);
}

static atomic_bool has_stopped_sink;

static void stop_the_sink(struct sl_model *model, int table)
{
    (void)table;
    if (!atomic_exchange(&has_stopped_sink, true)) {
        atomic_store(&model->sink_waits, true);
    }
}

/* Or a slow sink would keep a transaction open at the source, and with it a lock on the table. */
static void all_parts_are_read_though_the_sink_takes_nothing(void **state)
{
    struct fixture *fix = make();
    unsigned parts = 0;

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->options.batch_bytes = 100;
    fix->model.handoff.budget = 2000;
    fix->model.before_part = stop_the_sink;
    atomic_store(&has_stopped_sink, false);
    begin(fix);
    for (int i = 0; i < 300000 && parts < 6; i++) {
        nap_us(1000);
        parts = atomic_load(&fix->model.parts);
    }
    assert_true(parts >= 6);
    atomic_store(&fix->model.sink_waits, false);
    wait_until_loaded(fix);
    wait_for_cache(fix);
    end(fix);
    assert_table(fix, 0);
    release(fix);
}

/* ---- failures ---- */

static void a_lost_connection_is_no_failure(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.fail_reads = 2;
    fix->model.fail_status = SL_EIO;
    run(fix);
    assert_table(fix, 0);
    assert_true(has_notice(fix, "trying again"));
    release(fix);
}

static void a_table_that_cannot_be_loaded_does_not_stop_the_others(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    want_state(fix, "shop.t1", "phase=waiting");
    fix->model.fail_reads = 1;
    fix->model.fail_status = SL_EAUTH;
    run(fix);
    assert_table(fix, 0); /* the last of the list is loaded first */
    assert_phase(fix, "shop.t1", SL_LOAD_FAILED);
    assert_phase(fix, "shop.t0", SL_LOAD_DONE);
    release(fix);
}

static void a_layout_that_is_never_certain_fails_the_table(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.fail_reads = 1000;
    fix->model.fail_status = SL_ESCHEMA;
    run(fix);
    assert_phase(fix, "shop.t0", SL_LOAD_FAILED);
    assert_true(has_notice(fix, "cannot be loaded"));
    release(fix);
}

/* ---- keys without a row ---- */

static void keys_without_a_row_are_removed_at_the_end(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.cache[0][3] = 1;
    fix->model.cache[0][4] = 1;
    fix->model.cache[1][3] = 1;
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(fix->model.cache[1][3], 1);
    assert_non_null(strstr(sl_model_field(&fix->model, fix->model.states, "shop.t0"), "removed=1"));
    assert_non_null(strstr(sl_buf_cstr(&fix->model.history), "phase=sweeping"));
    release(fix);
}

/* Of keys that the load has put nobody asks again whether they have rows. */
static void only_keys_that_were_there_are_looked_at(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.cache[0][3] = 1;
    fix->model.cache[0][4] = 1;
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(atomic_load(&fix->model.keys_read), 2);
    release(fix);
}

static void all_keys_are_looked_at_when_too_many_were_there(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->options.watch_bytes = 1000;
    for (int id = 1; id < SL_MODEL_IDS; id += 2) {
        fix->model.cache[0][id] = 1;
    }
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(atomic_load(&fix->model.keys_read), SL_MODEL_IDS);
    release(fix);
}

/* Behind an ALTER nobody knows any more which keys have fields of the old layout. */
static void all_keys_are_looked_at_when_the_table_was_altered(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.cache[0][4] = 1;
    fix->model.after_read = alter;
    run(fix);
    assert_table(fix, 0);
    assert_int_equal(atomic_load(&fix->model.keys_read), 101);
    release(fix);
}

static void insert_orphan(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    (void)nth;
    if (is_keys && model->rows[table][3] == SL_MODEL_NONE) {
        sl_model_set(model, table, 3, 33);
    }
}

static void a_key_whose_row_comes_back_is_kept(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->model.cache[0][3] = 1;
    fix->model.after_read = insert_orphan;
    run(fix);
    assert_int_equal(fix->model.cache[0][3], 33);
    assert_table(fix, 0);
    release(fix);
}

static void a_load_of_some_rows_removes_nothing(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting where=6964203e2033");
    fix->model.cache[0][3] = 1;
    run(fix);
    assert_int_equal(fix->model.cache[0][3], 1);
    assert_string_equal(sl_buf_cstr(&fix->model.where), "id > 3");
    release(fix);
}

static void keys_that_come_while_a_table_is_loaded_are_not_looked_for(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    run(fix);
    assert_table(fix, 0);
    assert_null(strstr(sl_buf_cstr(&fix->model.history), "phase=sweeping"));
    release(fix);
}

/* ---- requests ---- */

static void wait_for_request(struct fixture *fix, const char *id)
{
    for (int i = 0; i < 300000; i++) {
        if (sl_model_field(&fix->model, fix->model.requests, id) == NULL) {
            return;
        }
        nap_us(1000);
    }
    fail_msg("request %s was not handled; notices: %s", id, sl_buf_cstr(&fix->model.notices));
}

static void ask(struct fixture *fix, const char *id, const char *text)
{
    (void)pthread_mutex_lock(&fix->model.lock);
    sl_model_put_field(fix->model.requests, id, text);
    (void)pthread_mutex_unlock(&fix->model.lock);
}

static void a_request_loads_a_table(void **state)
{
    struct fixture *fix = make();

    (void)state;
    begin(fix);
    wait_until_loaded(fix);
    assert_int_equal(fix->model.reads, 0);
    ask(fix, "one", "load 73686f70.7430 rate=0 where=6964203e2033"); /* shop.t0, id > 3 */
    wait_for_request(fix, "one");
    wait_until_loaded(fix);
    wait_for_cache(fix);
    assert_phase(fix, "shop.t0", SL_LOAD_DONE);
    assert_non_null(strstr(sl_model_field(&fix->model, fix->model.states, "shop.t0"), "id=one"));
    assert_string_equal(sl_buf_cstr(&fix->model.where), "id > 3");
    end(fix);
    assert_table(fix, 0);
    release(fix);
}

static void a_request_loads_all_tables_again(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=done");
    fix->model.is_unwanted[1] = true;
    begin(fix);
    wait_until_loaded(fix);
    ask(fix, "two", "load * rate=100000");
    wait_for_request(fix, "two");
    wait_until_loaded(fix);
    wait_for_cache(fix);
    end(fix);
    assert_table(fix, 0);
    assert_int_equal(fix->model.cache[1][2], SL_MODEL_NONE);
    release(fix);
}

/* While t0 is being read for the first time, a request asks for it. */
static atomic_bool has_asked;

static void ask_meanwhile(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    (void)nth;
    (void)is_keys;
    if (table == 0 && !atomic_exchange(&has_asked, true)) {
        (void)pthread_mutex_lock(&model->lock);
        sl_model_put_field(model->requests, "three", "load 73686f70.7430 rate=0");
        (void)pthread_mutex_unlock(&model->lock);
        nap_us(50000);
    }
}

static void a_request_for_a_table_that_is_being_loaded_begins_it_anew(void **state)
{
    struct fixture *fix = make();
    const char *history;

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting id=first");
    want_state(fix, "shop.t1", "phase=waiting id=first"); /* worker 0 takes it, and then polls */
    atomic_store(&has_asked, false);
    fix->model.after_read = ask_meanwhile;
    fix->options.worker_count = 3;
    begin(fix);
    wait_until_loaded(fix);
    wait_for_request(fix, "three");
    wait_until_loaded(fix);
    wait_for_cache(fix);
    end(fix);
    assert_table(fix, 0);
    assert_non_null(strstr(sl_model_field(&fix->model, fix->model.states, "shop.t0"), "id=three"));
    history = strstr(sl_buf_cstr(&fix->model.history), "id=three");
    assert_non_null(history);
    while ((history = strstr(history, "\nshop.t0=")) != NULL) {
        history = strstr(history, "id=");
        assert_memory_equal(history, "id=three", 8);
    }
    release(fix);
}

static void a_request_repairs_keys(void **state)
{
    struct fixture *fix = make();

    (void)state;
    fix->model.cache[0][2] = 1; /* wrong */
    fix->model.cache[0][3] = 1; /* without a row; t0:4 is missing */
    fix->model.cache[0][6] = 1; /* wrong, but not asked for */
    fix->model.cache[1][3] = 1; /* of another table */
    begin(fix);
    ask(fix, "r", "repair 73686f70.7430 74303a32 74303a33 74303a34 74303a32 74313a33 1/74303a36");
    wait_for_request(fix, "r");
    end(fix);
    assert_int_equal(fix->model.cache[0][2], 20);
    assert_int_equal(fix->model.cache[0][3], SL_MODEL_NONE);
    assert_int_equal(fix->model.cache[0][4], 40);
    assert_int_equal(fix->model.cache[0][6], 1);
    assert_int_equal(fix->model.cache[1][3], 1);
    assert_true(has_notice(fix, "left alone"));
    release(fix);
}

static void change_repaired(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    (void)is_keys;
    if (nth == 0) {
        sl_model_set(model, table, 2, 7);
        sl_model_set(model, table, 3, 8);
        sl_model_set(model, table, 4, SL_MODEL_NONE);
    }
}

static void rows_that_change_while_they_are_repaired_are_the_streams(void **state)
{
    (void)state;
    for (int is_minimal = 0; is_minimal < 2; is_minimal++) {
        struct fixture *fix = make();

        fix->model.is_minimal = is_minimal;
        fix->model.after_read = change_repaired;
        begin(fix);
        ask(fix, "r", "repair 73686f70.7430 74303a32 74303a33 74303a34");
        wait_for_request(fix, "r");
        wait_for_cache(fix);
        end(fix);
        assert_int_equal(fix->model.cache[0][2], 7);
        assert_int_equal(fix->model.cache[0][3], 8);
        assert_int_equal(fix->model.cache[0][4], SL_MODEL_NONE);
        release(fix);
    }
}

static void a_repair_of_a_table_that_is_gone_is_done(void **state)
{
    struct fixture *fix = make();

    (void)state;
    fix->model.is_gone[0] = true;
    begin(fix);
    ask(fix, "r", "repair 73686f70.7430 74303a32");
    wait_for_request(fix, "r");
    end(fix);
    assert_int_equal(fix->model.reads, 0);
    release(fix);
}

static void a_request_that_cannot_be_read_is_removed(void **state)
{
    struct fixture *fix = make();

    (void)state;
    begin(fix);
    ask(fix, "x", "nonsense");
    ask(fix, "a b", "load * rate=0");
    wait_for_request(fix, "x");
    wait_for_request(fix, "a b");
    end(fix);
    assert_true(has_notice(fix, "cannot be read"));
    assert_int_equal(fix->model.reads, 0);
    release(fix);
}

/* ---- pace ---- */

static void wait_for_notice(struct fixture *fix, const char *text)
{
    bool is_told = false;

    for (int i = 0; i < 300000 && !is_told; i++) {
        nap_us(1000);
        is_told = has_notice(fix, text);
    }
}

static void a_busy_source_makes_the_loading_pause(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->options.max_threads_running = 10;
    fix->model.threads_running = 11;
    begin(fix);
    wait_for_notice(fix, "pauses");
    (void)pthread_mutex_lock(&fix->model.lock);
    assert_int_equal(fix->model.reads, 0);
    fix->model.threads_running = 10;
    (void)pthread_mutex_unlock(&fix->model.lock);
    wait_until_loaded(fix);
    wait_for_cache(fix);
    end(fix);
    assert_table(fix, 0);
    assert_true(has_notice(fix, "continuing"));
    release(fix);
}

/* The model's events are years old, so a stream that is not idle is far behind. */
static void a_stream_that_is_behind_makes_the_loading_pause(void **state)
{
    struct fixture *fix = make();

    (void)state;
    want_state(fix, "shop.t0", "phase=waiting");
    fix->options.max_lag_s = 60;
    sl_model_set(&fix->model, 2, 2, 2);
    begin(fix);
    wait_for_notice(fix, "pauses");
    end(fix);
    assert_true(has_notice(fix, "pauses"));
    assert_int_equal(fix->model.reads, 0);
    release(fix);
}

/* ---- all together ---- */

struct writer {
    struct fixture *fix;
    uint64_t seed;
    unsigned changes;
    atomic_bool stop;
    pthread_t thread;
};

static void *write_rows(void *user)
{
    struct writer *writer = user;
    struct sl_xrand rand = {.state = writer->seed};

    for (unsigned i = 0; i < writer->changes && !atomic_load(&writer->stop); i++) {
        int table = (int)sl_xrand_below(&rand, 2);
        int id = (int)sl_xrand_below(&rand, SL_MODEL_IDS - 1);
        uint64_t what = sl_xrand_below(&rand, 20);

        if (what == 0) {
            sl_model_set_rolled_back(&writer->fix->model, table, id, 5);
        } else if (what < 6) {
            sl_model_set(&writer->fix->model, table, id, SL_MODEL_NONE);
        } else {
            sl_model_set(&writer->fix->model, table, id, (int)i);
        }
        if (what == 7) {
            nap_us(200);
        }
    }
    return NULL;
}

static void start_writer(struct writer *writer)
{
    assert_int_equal(pthread_create(&writer->thread, NULL, write_rows, writer), 0);
}

static void prepare_all(struct fixture *fix, int round)
{
    fix->options.worker_count = 3;
    fix->options.watch_bytes = round % 2 == 0 ? 1 << 20 : 2000;
    fix->options.batch_bytes = round % 4 < 2 ? 0 : 100;
    fix->model.is_minimal = round % 3 != 0;
    for (int id = 1; id < SL_MODEL_IDS; id += 7) {
        fix->model.cache[0][id] = -2; /* wrong, or of no row */
    }
}

/* Rows change all the time: three workers, whole images and parts, watches that are too small. */
static void a_cache_is_right_whatever_happens_meanwhile(void **state)
{
    (void)state;
    for (int round = 0; round < 8; round++) {
        struct fixture *fix = make();
        struct writer writer = {.fix = fix, .seed = (uint64_t)round, .changes = 3000};

        prepare_all(fix, round);
        want_state(fix, "*", "phase=waiting id=start");
        begin(fix);
        start_writer(&writer);
        for (int i = 0; i < 3; i++) {
            char id[16];

            (void)snprintf(id, sizeof(id), "again%d", i);
            ask(fix, id, "load * rate=0");
            wait_for_request(fix, id);
        }
        (void)pthread_join(writer.thread, NULL);
        wait_until_loaded(fix);
        wait_for_cache(fix);
        end(fix);
        assert_table(fix, 0);
        assert_table(fix, 1);
        release(fix);
    }
}

/* All is stopped at any moment, and goes on from what the cache has. */
static void a_load_survives_any_stop(void **state)
{
    (void)state;
    for (int round = 0; round < 8; round++) {
        struct fixture *fix = make();
        struct writer writer = {.fix = fix, .seed = (uint64_t)round, .changes = 3000};

        prepare_all(fix, round);
        want_state(fix, "*", "phase=waiting id=start rate=5000");
        start_writer(&writer);
        for (int life = 0; life < 10; life++) {
            begin(fix);
            nap_us(1000 * life);
            end(fix);
        }
        (void)pthread_join(writer.thread, NULL);
        run(fix);
        assert_table(fix, 0);
        assert_table(fix, 1);
        release(fix);
    }
}

static void a_snapshot_ends_with_its_reader(void **state)
{
    struct fixture *fix = make();
    struct sl_err err;

    (void)state;
    want_state(fix, "*", "phase=waiting id=start");
    fix->options.worker_count = 3;
    begin(fix);
    sl_reader_stop(fix->model.reader);
    assert_int_equal(sl_snapshot_join(fix->snapshot, &err), SL_ESTOPPED);
    sl_snapshot_free(fix->snapshot);
    sl_model_stop(&fix->model);
    release(fix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_tables_that_the_rules_choose_are_loaded),
        cmocka_unit_test(nothing_is_done_where_all_is_done),
        cmocka_unit_test(a_state_that_cannot_be_read_is_a_table_to_load),
        cmocka_unit_test(what_goes_with_the_first_checkpoint_is_waited_for),
        cmocka_unit_test(a_table_that_is_gone_or_not_chosen_is_done),
        cmocka_unit_test(a_table_that_is_made_again_meanwhile_keeps_its_rows),
        cmocka_unit_test(a_load_goes_on_behind_its_last_chunk),
        cmocka_unit_test(a_place_that_does_not_fit_makes_the_load_begin_anew),
        cmocka_unit_test(rows_that_change_while_they_are_read_are_the_streams),
        cmocka_unit_test(parts_of_rows_make_them_be_read_again),
        cmocka_unit_test(a_row_that_never_rests_is_locked),
        cmocka_unit_test(a_row_that_was_locked_is_certain),
        cmocka_unit_test(a_row_that_is_gone_when_it_is_read_again_stays_gone),
        cmocka_unit_test(rows_of_a_transaction_that_was_rolled_back_are_read_again),
        cmocka_unit_test(an_altered_table_is_loaded_anew),
        cmocka_unit_test(a_window_that_is_overrun_is_read_again),
        cmocka_unit_test(rows_that_come_in_parts_are_put_in_parts),
        cmocka_unit_test(rows_that_change_between_two_parts_are_the_streams),
        cmocka_unit_test(no_part_is_said_to_be_loaded_before_a_row_that_is_read_again),
        cmocka_unit_test(a_range_that_is_lost_is_read_again_behind_its_last_part),
        cmocka_unit_test(a_table_that_is_altered_between_two_parts_is_loaded_anew),
        cmocka_unit_test(all_parts_are_read_though_the_sink_takes_nothing),
        cmocka_unit_test(a_lost_connection_is_no_failure),
        cmocka_unit_test(a_table_that_cannot_be_loaded_does_not_stop_the_others),
        cmocka_unit_test(a_layout_that_is_never_certain_fails_the_table),
        cmocka_unit_test(keys_without_a_row_are_removed_at_the_end),
        cmocka_unit_test(only_keys_that_were_there_are_looked_at),
        cmocka_unit_test(all_keys_are_looked_at_when_too_many_were_there),
        cmocka_unit_test(all_keys_are_looked_at_when_the_table_was_altered),
        cmocka_unit_test(a_key_whose_row_comes_back_is_kept),
        cmocka_unit_test(a_load_of_some_rows_removes_nothing),
        cmocka_unit_test(keys_that_come_while_a_table_is_loaded_are_not_looked_for),
        cmocka_unit_test(a_request_loads_a_table),
        cmocka_unit_test(a_request_loads_all_tables_again),
        cmocka_unit_test(a_request_for_a_table_that_is_being_loaded_begins_it_anew),
        cmocka_unit_test(a_request_repairs_keys),
        cmocka_unit_test(rows_that_change_while_they_are_repaired_are_the_streams),
        cmocka_unit_test(a_repair_of_a_table_that_is_gone_is_done),
        cmocka_unit_test(a_request_that_cannot_be_read_is_removed),
        cmocka_unit_test(a_busy_source_makes_the_loading_pause),
        cmocka_unit_test(a_stream_that_is_behind_makes_the_loading_pause),
        cmocka_unit_test(a_cache_is_right_whatever_happens_meanwhile),
        cmocka_unit_test(a_load_survives_any_stop),
        cmocka_unit_test(a_snapshot_ends_with_its_reader),
    };

    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
