/*
 * Rows that the stream can only note: they are read behind its back and take their place in it, and
 * no key ever gets an older value than it had.
 */
#include "tests/unit/snapshot_help.h"

/* Rows and keys agree, as behind a load. */
static struct fixture *make(void)
{
    struct fixture *fix = make_fixture();

    fix->options.reread_chunks = &fix->model.chunks[3].base;
    fix->options.reread_store = &fix->model.stores[3].base;
    for (int id = 0; id < SL_MODEL_IDS; id += 2) {
        fix->model.rows[0][id] = fix->model.cache[0][id] = id;
        fix->model.rows[1][id] = fix->model.cache[1][id] = id;
    }
    fix->model.is_minimal = true;
    fix->model.notes_parts = true;
    return fix;
}

/* Under the lock. */
static bool is_settled(const struct fixture *fix)
{
    for (int table = 0; table < 2; table++) {
        for (int id = 0; id < SL_MODEL_IDS; id++) {
            if (fix->model.notes[table][id] ||
                fix->model.cache[table][id] != fix->model.rows[table][id]) {
                return false;
            }
        }
    }
    return sl_rereads_count(fix->model.rereads) == 0;
}

/* Waits until every key holds its row and none is noted. */
static void settle(struct fixture *fix)
{
    const struct sl_snapshot_stats *stats = sl_snapshot_stats(fix->snapshot);
    bool is_done = false;

    for (int i = 0; i < 200000 && !is_done; i++) {
        nap_us(500);
        (void)pthread_mutex_lock(&fix->model.lock);
        is_done = is_settled(fix) && fix->model.sent == fix->model.event_count;
        (void)pthread_mutex_unlock(&fix->model.lock);
        is_done = is_done && atomic_load(&stats->has_looked) && !atomic_load(&stats->is_loading) &&
                  !sl_model_is_loading(&fix->model);
    }
    if (!is_done) {
        fail_msg("not settled: %zu keys wait; notices: %s", sl_rereads_count(fix->model.rereads),
                 sl_buf_cstr(&fix->model.notices));
    }
}

static void wait_for_notice(struct fixture *fix, const char *text)
{
    for (int i = 0; i < 200000 && !has_notice(fix, text); i++) {
        nap_us(500);
    }
    assert_true(has_notice(fix, text));
}

/* ---- one key ---- */

static void a_noted_row_is_read_and_written(void **state)
{
    struct fixture *fix = make();

    (void)state;
    begin(fix);
    sl_model_set(&fix->model, 0, 2, 1000);
    sl_model_set(&fix->model, 0, 4, 1001);
    sl_model_set(&fix->model, 1, 4, 1002);
    settle(fix);
    end(fix);
    assert_int_equal(fix->model.cache[0][2], 1000);
    assert_int_equal(fix->model.went_back, 0);
    assert_int_equal(atomic_load(&fix->model.locked_reads), 0);
    release(fix);
}

static void change_four_times(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    (void)is_keys;
    if (nth < 4) {
        sl_model_set(model, table, 2, 2000 + (int)nth);
    }
}

/* One whose readings are all overtaken is shown as it was read, and not locked. */
static void a_row_that_never_rests_is_written_each_time(void **state)
{
    struct fixture *fix = make();

    (void)state;
    fix->model.after_read = change_four_times;
    begin(fix);
    sl_model_set(&fix->model, 0, 2, 1000);
    settle(fix);
    assert_int_equal(atomic_load(&sl_snapshot_stats(fix->snapshot)->put), 5);
    end(fix);
    assert_int_equal(fix->model.cache[0][2], 2003);
    assert_int_equal(fix->model.went_back, 0);
    assert_int_equal(atomic_load(&fix->model.locked_reads), 0);
    release(fix);
}

/* For a hook: the stream has come that far, and the cache with it. */
static void wait_for_value(struct sl_model *model, int table, int id, int value)
{
    int have = SL_MODEL_NONE;

    while (have != value) {
        nap_us(100);
        (void)pthread_mutex_lock(&model->lock);
        have = model->cache[table][id];
        (void)pthread_mutex_unlock(&model->lock);
    }
}

static void write_whole(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    (void)is_keys;
    if (nth == 0) {
        model->is_minimal = false;
        sl_model_set(model, table, 2, 2000);
        model->is_minimal = true;
        wait_for_value(model, table, 2, 2000);
    }
}

static void what_the_stream_writes_whole_meanwhile_is_not_overwritten(void **state)
{
    struct fixture *fix = make();

    (void)state;
    fix->model.after_read = write_whole;
    begin(fix);
    sl_model_set(&fix->model, 0, 2, 1000);
    settle(fix);
    end(fix);
    assert_int_equal(fix->model.cache[0][2], 2000);
    assert_int_equal(fix->model.went_back, 0);
    assert_int_equal(fix->model.reads, 1);
    release(fix);
}

static void write_whole_and_note(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    write_whole(model, nth, table, is_keys);
    if (nth == 0) {
        sl_model_set(model, table, 2, 3000);
    } else if (nth == 1) { /* what the first window has put is seen before the second one's */
        sl_model_set(model, 1, 5, 7000);
        wait_for_value(model, 1, 5, 7000);
    }
}

/* What was read is older than the whole row before the second note. */
static void a_note_behind_a_whole_row_lets_nothing_older_through(void **state)
{
    struct fixture *fix = make();

    (void)state;
    fix->model.after_read = write_whole_and_note;
    begin(fix);
    sl_model_set(&fix->model, 0, 2, 1000);
    settle(fix);
    end(fix);
    assert_int_equal(fix->model.cache[0][2], 3000);
    assert_int_equal(fix->model.went_back, 0);
    release(fix);
}

static void put_field(struct sl_model *model, struct sl_model_field *fields, const char *name,
                      const char *value)
{
    (void)pthread_mutex_lock(&model->lock);
    sl_model_put_field(fields, name, value);
    (void)pthread_mutex_unlock(&model->lock);
}

static void load_meanwhile(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    if (nth == 0 && is_keys) {
        sl_model_set(model, table, 2, 2000);
        put_field(model, model->requests, "now", "load * rate=0");
        wait_for_value(model, table, 2, 2000);
    }
}

/* The load has read the row later, and written it first. */
static void a_row_that_a_load_puts_meanwhile_is_not_overwritten(void **state)
{
    struct fixture *fix = make();

    (void)state;
    fix->model.after_read = load_meanwhile;
    begin(fix);
    sl_model_set(&fix->model, 0, 2, 1000);
    settle(fix);
    end(fix);
    assert_int_equal(fix->model.cache[0][2], 2000);
    assert_int_equal(fix->model.went_back, 0);
    release(fix);
}

static void delete_before(struct sl_model *model, bool is_keys)
{
    if (is_keys) {
        sl_model_set(model, 0, 2, SL_MODEL_NONE);
    }
}

static void a_row_that_is_gone_when_it_is_read_has_no_key(void **state)
{
    struct fixture *fix = make();

    (void)state;
    fix->model.before_read = delete_before;
    begin(fix);
    sl_model_set(&fix->model, 0, 2, 1000);
    settle(fix);
    end(fix);
    assert_int_equal(fix->model.cache[0][2], SL_MODEL_NONE);
    release(fix);
}

static void roll_back(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    (void)is_keys;
    if (nth == 0) {
        sl_model_set_rolled_back(model, table, 2, 7);
    }
}

static void a_change_that_is_rolled_back_meanwhile_does_no_harm(void **state)
{
    struct fixture *fix = make();

    (void)state;
    fix->model.after_read = roll_back;
    begin(fix);
    sl_model_set(&fix->model, 0, 2, 1000);
    settle(fix);
    end(fix);
    assert_int_equal(fix->model.cache[0][2], 1000);
    release(fix);
}

/* Rows that are long are read a few at a time, and short ones many. */
static void so_many_rows_are_read_together_as_memory_allows(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        struct fixture *fix = make();

        fix->options.chunk_bytes = round == 0 ? 40 : 1 << 20;
        for (int id = 0; id < SL_MODEL_IDS; id += 2) {
            fix->model.rows[0][id] = 5000 + id;
            fix->model.notes[0][id] = true;
        }
        begin(fix);
        settle(fix);
        end(fix);
        if (round == 0) {
            assert_int_equal(fix->model.most_keys, 16);
            assert_true(fix->model.reads > 15); /* 5 rows of 7 bytes and more at a time */
        } else {
            assert_true(fix->model.most_keys > 16);
            assert_true(fix->model.reads < 6);
        }
        release(fix);
    }
}

/* ---- notes of other lives ---- */

static void notes_of_earlier_lives_are_found(void **state)
{
    struct fixture *fix = make();

    (void)state;
    for (int id = 0; id < SL_MODEL_IDS; id += 2) {
        fix->model.rows[0][id] = 5000 + id; /* and the log says nothing of it */
        fix->model.notes[0][id] = true;
    }
    fix->model.notes[1][3] = true; /* of no row */
    fix->model.cache[1][3] = 7;
    begin(fix);
    settle(fix);
    end(fix);
    assert_int_equal(fix->model.went_back, 0);
    release(fix);
}

static void notes_of_a_table_that_is_gone_are_dropped(void **state)
{
    struct fixture *fix = make();

    (void)state;
    fix->model.notes[0][2] = true;
    fix->model.notes[1][2] = true;
    fix->model.is_gone[0] = true;
    fix->model.is_unwanted[1] = true;
    begin(fix);
    settle(fix);
    end(fix);
    assert_int_equal(fix->model.reads, 0);
    release(fix);
}

static void an_altered_table_is_opened_anew(void **state)
{
    struct fixture *fix = make();

    (void)state;
    begin(fix);
    sl_model_set(&fix->model, 0, 2, 1000);
    settle(fix);
    sl_model_statement(&fix->model, "ALTER TABLE t0 ADD x INT");
    sl_model_set(&fix->model, 0, 2, 1001);
    settle(fix);
    end(fix);
    assert_int_equal(fix->model.cache[0][2], 1001);
    release(fix);
}

/* ---- failures ---- */

static void a_lost_connection_is_waited_out(void **state)
{
    struct fixture *fix = make();

    (void)state;
    fix->model.fail_reads = 1;
    fix->model.fail_status = SL_EIO;
    begin(fix);
    sl_model_set(&fix->model, 0, 2, 1000);
    settle(fix);
    end(fix);
    assert_true(has_notice(fix, "rows of shop.t0 that are to be read again: the reading failed"));
    release(fix);
}

static void rows_that_cannot_be_read_wait_and_others_do_not(void **state)
{
    struct fixture *fix = make();
    int have = 0;

    (void)state;
    fix->model.fail_reads = 1000000;
    fix->model.only_t0_fails = true;
    fix->model.fail_status = SL_EUNSUPPORTED;
    begin(fix);
    sl_model_set(&fix->model, 0, 2, 1000);
    wait_for_notice(fix, "rows of shop.t0 that were changed cannot be read again");
    sl_model_set(&fix->model, 1, 2, 1001);
    for (int i = 0; i < 200000 && have != 1001; i++) {
        nap_us(500);
        (void)pthread_mutex_lock(&fix->model.lock);
        have = fix->model.cache[1][2];
        (void)pthread_mutex_unlock(&fix->model.lock);
    }
    assert_int_equal(have, 1001);
    end(fix);
    assert_int_equal(fix->model.cache[0][2], 2);
    assert_true(fix->model.notes[0][2]); /* for the next life */
    release(fix);
}

/* ---- too many ---- */

static void change_all(struct fixture *fix, int table, int from)
{
    for (int id = 0; id < SL_MODEL_IDS; id += 2) {
        sl_model_set(&fix->model, table, id, from + id);
    }
}

static void too_many_notes_become_a_load(void **state)
{
    struct fixture *fix = make();

    (void)state;
    fix->model.reread_limit = 1000;
    change_all(fix, 0, 1000); /* before the stream begins: they come at once */
    change_all(fix, 1, 1000);
    begin(fix);
    settle(fix);
    end(fix);
    assert_true(has_notice(fix, "more rows wait to be read again"));
    assert_non_null(strstr(sl_buf_cstr(&fix->model.history), "shop.t0=phase=waiting"));
    assert_non_null(sl_model_field(&fix->model, fix->model.states, "shop.t0"));
    assert_int_equal(fix->model.went_back, 0);
    release(fix);
}

/* The worker that reads again waits, so that nobody but the load itself can stop it. */
static atomic_bool may_read;
static atomic_bool is_waiting;

static void hold_reading(struct sl_model *model, bool is_keys)
{
    (void)model;
    while (is_keys && !atomic_load(&may_read)) {
        atomic_store(&is_waiting, true);
        nap_us(100);
    }
}

static void overrun_meanwhile(struct sl_model *model, unsigned nth, int table, bool is_keys)
{
    if (nth == 0 && !is_keys) {
        for (int id = 0; id < SL_MODEL_IDS; id += 2) {
            sl_model_set(model, table, id, 2000 + id);
        }
    }
}

static void release_later(struct fixture *fix)
{
    wait_for_notice(fix, "more rows wait to be read again");
    nap_us(20000); /* in which the load before would have gone on */
    atomic_store(&may_read, true);
}

static void a_load_that_is_under_way_does_not_hide_the_next(void **state)
{
    struct fixture *fix = make();
    const char *waiting;

    (void)state;
    atomic_store(&may_read, false);
    atomic_store(&is_waiting, false);
    fix->model.reread_limit = 1000;
    fix->model.before_read = hold_reading;
    fix->model.after_read = overrun_meanwhile;
    begin(fix);
    sl_model_set(&fix->model, 1, 2, 1000);
    while (!atomic_load(&is_waiting)) {
        nap_us(100);
    }
    put_field(&fix->model, fix->model.requests, "old", "load 73686f70.7430 rate=0");
    release_later(fix);
    settle(fix);
    end(fix);
    waiting = strstr(sl_buf_cstr(&fix->model.history), "id=reread");
    assert_non_null(waiting);
    assert_null(strstr(waiting, "id=old"));
    release(fix);
}

/* A life that ends before the load has begun leaves its state, and no note that is missing. */
static void a_load_for_too_many_notes_survives_a_stop(void **state)
{
    struct fixture *fix = make();

    (void)state;
    fix->model.reread_limit = 1000;
    change_all(fix, 0, 1000);
    fix->model.fail_reads = 1000000;
    fix->model.fail_status = SL_EIO;
    begin(fix);
    wait_for_notice(fix, "more rows wait to be read again");
    nap_us(20000);
    end(fix);
    assert_non_null(strstr(sl_model_field(&fix->model, fix->model.states, "shop.t0"), "phase="));
    fix->model.fail_reads = 0;
    begin(fix);
    settle(fix);
    end(fix);
    release(fix);
}

/* ---- all together ---- */

struct writer {
    struct fixture *fix;
    uint64_t seed;
    int first;
    int changes;
    pthread_t thread;
};

/* Every value is larger than all before it. */
static void *write_rows(void *user)
{
    struct writer *writer = user;
    struct sl_model *model = &writer->fix->model;
    struct sl_xrand rand = {.state = writer->seed};

    for (int i = 0; i < writer->changes; i++) {
        int table = (int)sl_xrand_below(&rand, 2);
        bool is_hot = sl_xrand_below(&rand, 2) == 0;
        int id = (int)sl_xrand_below(&rand, is_hot ? 5 : SL_MODEL_IDS - 1);
        uint64_t what = sl_xrand_below(&rand, 20);

        (void)pthread_mutex_lock(&model->lock);
        model->is_minimal = what < 12;
        (void)pthread_mutex_unlock(&model->lock);
        if (what == 12) {
            sl_model_set_rolled_back(model, table, id, 5);
        } else if (what == 13) {
            sl_model_set(model, table, id, SL_MODEL_NONE);
        } else {
            sl_model_set(model, table, id, writer->first + i);
        }
        if (sl_xrand_below(&rand, 4) == 0) {
            nap_us((long)sl_xrand_below(&rand, 100));
        }
    }
    return NULL;
}

static void start_writer(struct writer *writer)
{
    assert_int_equal(pthread_create(&writer->thread, NULL, write_rows, writer), 0);
}

/* Hot keys, whole images and parts of rows in turns, and both tables loaded beside. */
static void no_key_ever_goes_back(void **state)
{
    (void)state;
    for (int round = 0; round < 8; round++) {
        struct fixture *fix = make();
        struct writer writer = {
            .fix = fix, .seed = (uint64_t)round, .first = 1000, .changes = 3000};

        fix->options.worker_count = 3;
        fix->model.has_locks = true;
        fix->options.watch_bytes = round % 4 == 3 ? 2000 : 1 << 20;
        fix->model.reread_limit = round % 4 == 2 ? 2000 : 1 << 20;
        begin(fix);
        start_writer(&writer);
        for (int i = 0; i < 3; i++) {
            char id[16];

            (void)snprintf(id, sizeof(id), "again%d", i);
            put_field(&fix->model, fix->model.requests, id, "load * rate=0");
            nap_us(50000);
        }
        (void)pthread_join(writer.thread, NULL);
        settle(fix);
        end(fix);
        assert_int_equal(fix->model.went_back, 0);
        release(fix);
    }
}

/* The stream begins from the log's beginning each time: older values come again, but at the end all
   is as it should be. */
static void notes_survive_any_stop(void **state)
{
    (void)state;
    for (int round = 0; round < 8; round++) {
        struct fixture *fix = make();
        struct writer writer = {
            .fix = fix, .seed = (uint64_t)round, .first = 1000, .changes = 3000};

        fix->model.reread_limit = round % 2 == 0 ? 2000 : 1 << 20;
        start_writer(&writer);
        for (int life = 0; life < 10; life++) {
            begin(fix);
            nap_us(1000 * life);
            end(fix);
        }
        (void)pthread_join(writer.thread, NULL);
        begin(fix);
        settle(fix);
        end(fix);
        release(fix);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_noted_row_is_read_and_written),
        cmocka_unit_test(a_row_that_never_rests_is_written_each_time),
        cmocka_unit_test(what_the_stream_writes_whole_meanwhile_is_not_overwritten),
        cmocka_unit_test(a_note_behind_a_whole_row_lets_nothing_older_through),
        cmocka_unit_test(a_row_that_a_load_puts_meanwhile_is_not_overwritten),
        cmocka_unit_test(a_row_that_is_gone_when_it_is_read_has_no_key),
        cmocka_unit_test(a_change_that_is_rolled_back_meanwhile_does_no_harm),
        cmocka_unit_test(so_many_rows_are_read_together_as_memory_allows),
        cmocka_unit_test(notes_of_earlier_lives_are_found),
        cmocka_unit_test(notes_of_a_table_that_is_gone_are_dropped),
        cmocka_unit_test(an_altered_table_is_opened_anew),
        cmocka_unit_test(a_lost_connection_is_waited_out),
        cmocka_unit_test(rows_that_cannot_be_read_wait_and_others_do_not),
        cmocka_unit_test(too_many_notes_become_a_load),
        cmocka_unit_test(a_load_that_is_under_way_does_not_hide_the_next),
        cmocka_unit_test(a_load_for_too_many_notes_survives_a_stop),
        cmocka_unit_test(no_key_ever_goes_back),
        cmocka_unit_test(notes_survive_any_stop),
    };

    return cmocka_run_group_tests_name("snapshot rereads", tests, NULL, NULL);
}
