/* The sink against a private Redis: what is written, what is not, and what the loop is told. */
#include "tests/support/check.h"

#include <signal.h>

#include "cdc/resp.h"
#include "filters/key.h"
#include "sinks/redis_sink.h"
#include "tests/support/redis_server.h"

static struct sl_test_redis redis;

struct fixture {
    struct sl_redis_options options;
    struct ev_loop *loop;
    struct ev_timer guard;
    struct sl_handoff handoff;
    struct sl_redis_sink *sink;
    unsigned lost;
    int status;
    char why[1024];
    unsigned drained;
    bool is_late;
};

static struct fixture fix;

static int start(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    sl_test_redis_start(&redis);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    sl_test_redis_stop(&redis);
    return 0;
}

static uint32_t source_time(void *user)
{
    (void)user;
    return 0; /* the source has nothing newer */
}

static void on_lost(void *user, int status, const char *why)
{
    (void)user;
    fix.lost++;
    fix.status = status;
    (void)snprintf(fix.why, sizeof(fix.why), "%s", why);
}

static void on_drained(void *user)
{
    (void)user;
    fix.drained++;
}

static void on_late(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)timer;
    (void)events;
    fix.is_late = true;
    ev_break(loop, EVBREAK_ONE);
}

static void no_wake(void *user)
{
    (void)user;
}

static struct sl_redis_sink *new_sink(const char *identity, uint32_t lease_ms)
{
    const struct sl_redis_sink_options options = {
        .session = {.pipeline = "shop",
                    .redis = &fix.options,
                    .lease_ms = lease_ms,
                    .identity = identity},
        .handoff = &fix.handoff,
        .loop = fix.loop,
        .clock = sl_clock_real(),
        .lost = on_lost,
        .source_time = source_time,
        .drained = on_drained,
    };
    struct sl_redis_sink *sink = sl_redis_sink_new(&options);

    assert_non_null(sink);
    return sink;
}

static int set_up(void **state)
{
    (void)state;
    sl_test_redis_do(&redis, "FLUSHALL");
    fix = (struct fixture){.options = {.scheme = SL_REDIS_TCP,
                                       .host = "127.0.0.1",
                                       .port = redis.port,
                                       .connect_timeout_ms = 5000}};
    fix.loop = ev_loop_new(0);
    ev_timer_init(&fix.guard, on_late, 0., 0.);
    assert_int_equal(sl_handoff_init(&fix.handoff, 1 << 20, no_wake, NULL), SL_OK);
    fix.sink = new_sink("me/b.n/1.1", 60000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sl_redis_sink_free(fix.sink);
    sl_handoff_release(&fix.handoff);
    ev_loop_destroy(fix.loop);
    return 0;
}

static void open_sink(struct sl_redis_sink *sink)
{
    struct sl_err err = {0};

    assert_ok(sl_redis_sink_open(sink, &err), &err);
}

/* Runs the loop until DONE is true; a minute is too long. */
static void run_until(bool (*done)(void))
{
    fix.is_late = false;
    fix.guard.repeat = 60.;
    ev_timer_again(fix.loop, &fix.guard);
    while (!done() && !fix.is_late) {
        (void)ev_run(fix.loop, EVRUN_ONCE);
    }
    ev_timer_stop(fix.loop, &fix.guard);
    if (fix.is_late) {
        fail_msg("nothing happened in time; lost: %s", fix.why);
    }
}

static uint64_t wanted_offset;

static bool is_acked(void)
{
    const struct sl_position *position = sl_redis_sink_position(fix.sink);

    return fix.lost > 0 || (position != NULL && position->offset == wanted_offset);
}

static bool is_lost(void)
{
    return fix.lost > 0;
}

static bool is_drained(void)
{
    return fix.drained > 0 || fix.lost > 0;
}

static void wait_for(uint64_t offset)
{
    wanted_offset = offset;
    run_until(is_acked);
    if (fix.lost > 0) {
        fail_msg("lost: %s", fix.why);
    }
}

static void wait_until_lost(int status)
{
    run_until(is_lost);
    assert_int_equal(fix.lost, 1);
    if (fix.status != status) {
        fail_msg("status %d: %s", fix.status, fix.why);
    }
}

static struct sl_batch *get(void)
{
    struct sl_batch *batch = NULL;

    assert_int_equal(sl_handoff_get(&fix.handoff, &batch), SL_OK);
    batch->begins_group = true;
    batch->ends_group = true;
    return batch;
}

/* Adds a command of ARGS, of which the second is the key. */
static void add(struct sl_batch *batch, size_t count, const char *const *args)
{
    uint32_t offset;
    struct sl_span key = sl_check_span(args[1]);
    const uint8_t *at;

    sl_batch_begin(batch, &offset);
    assert_int_equal(sl_resp_command(&batch->data, count, args), SL_OK);
    at = memmem(batch->data.data + offset, batch->data.len - offset, key.data, key.len);
    assert_non_null(at);
    assert_int_equal(sl_batch_end(batch, offset, (uint32_t)(at - batch->data.data),
                                  (uint32_t)key.len, 1, SL_WRITE_WHOLE),
                     SL_OK);
}

static void add_set(struct sl_batch *batch, const char *key, const char *value)
{
    const char *const args[] = {"SET", key, value};

    add(batch, 3, args);
}

static void add_hset(struct sl_batch *batch, const char *key)
{
    const char *const args[] = {"HSET", key, "f", "v"};

    add(batch, 4, args);
}

/* OFFSET 0: no position behind it. */
static void push(struct sl_batch *batch, uint64_t offset)
{
    struct sl_position position = {
        .file = "log.000001", .offset = offset, .event_time = 1700000000};

    assert_int_equal(sl_handoff_push(&fix.handoff, batch, offset > 0 ? &position : NULL), SL_OK);
}

static void push_set(const char *key, const char *value, uint64_t offset)
{
    struct sl_batch *batch = get();

    add_set(batch, key, value);
    push(batch, offset);
}

static const char *checkpoint(const char *field)
{
    return sl_test_redis_text(&redis, "HGET sluice:{shop}:checkpoint %s", field);
}

static void rows_and_checkpoint_are_written(void **state)
{
    (void)state;
    open_sink(fix.sink);
    assert_null(sl_redis_sink_position(fix.sink));
    push_set("row", "1", 100);
    wait_for(100);
    assert_string_equal(sl_test_redis_text(&redis, "GET row"), "1");
    assert_string_equal(checkpoint("pos"), "100");
    push_set("row", "2", 200);
    push_set("row", "3", 300);
    wait_for(300);
    assert_string_equal(sl_test_redis_text(&redis, "GET row"), "3");
    assert_string_equal(checkpoint("pos"), "300");
    assert_string_equal(checkpoint("file"), "log.000001");
    assert_string_equal(checkpoint("event_time"), "1700000000");
    assert_int_equal(sl_redis_sink_stats(fix.sink)->rows, 3);
    assert_int_equal(sl_redis_sink_stats(fix.sink)->commands, 3);
}

/* A group of 200 rows and a full batch behind it, then a published one that the pause keeps. */
static void gather(unsigned round)
{
    struct sl_position position = {.file = "log.000001", .offset = 1000 * round + 300};
    struct sl_batch *batch = get();

    for (unsigned i = 0; i < 200; i++) {
        add_set(batch, "row", "earlier");
    }
    push(batch, 1000 * round + 100);
    push_set("full", "1", 1000 * round + 200);
    sl_redis_sink_pump(fix.sink);
    wait_for(1000 * round + 200);
    batch = get();
    add_set(batch, "row", "last");
    sl_handoff_publish(&fix.handoff, batch, &position);
    wait_for(1000 * round + 300);
}

/*
 * Nobody but the sink itself can end the pause, as the reader has no more to offer; and it must not
 * wait for the tick of each second. On a slow machine one of the rounds is without a tick.
 */
static void what_gathers_behind_a_large_group_is_sent(void **state)
{
    struct sl_buf before = {0};
    bool is_same = false;

    (void)state;
    open_sink(fix.sink);
    push_set("row", "0", 1);
    wait_for(1);
    for (unsigned round = 1; round <= 20 && !is_same; round++) {
        sl_buf_clear(&before);
        assert_int_equal(
            sl_buf_add_str(&before, sl_test_redis_text(&redis, "GET sluice:{shop}:heartbeat")),
            SL_OK);
        gather(round);
        assert_string_equal(sl_test_redis_text(&redis, "GET row"), "last");
        is_same = strcmp(sl_buf_cstr(&before),
                         sl_test_redis_text(&redis, "GET sluice:{shop}:heartbeat")) == 0;
    }
    sl_buf_release(&before);
    assert_true(is_same);
}

static void a_new_session_begins_at_the_checkpoint(void **state)
{
    (void)state;
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    sl_redis_sink_close(fix.sink, true);
    sl_redis_sink_free(fix.sink);
    fix.sink = new_sink("me/b.n/2.2", 60000);
    open_sink(fix.sink);
    assert_int_equal(sl_redis_sink_position(fix.sink)->offset, 100);
}

static void many_groups_are_applied_in_order(void **state)
{
    char value[16];

    (void)state;
    open_sink(fix.sink);
    for (unsigned i = 1; i <= 500; i++) {
        (void)snprintf(value, sizeof(value), "%u", i);
        push_set("row", value, i);
        if (i % 50 == 0) {
            sl_redis_sink_pump(fix.sink);
        }
    }
    wait_for(500);
    assert_string_equal(sl_test_redis_text(&redis, "GET row"), "500");
    assert_int_equal(fix.handoff.used, 0);
}

static void the_heartbeat_shows_that_somebody_is_there(void **state)
{
    (void)state;
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    assert_in_range(sl_test_redis_int(&redis, "PTTL sluice:{shop}:heartbeat"), 1000, 5000);
    assert_non_null(strstr(sl_test_redis_text(&redis, "GET sluice:{shop}:heartbeat"),
                           "\"state\":\"streaming\""));
}

static void the_heartbeat_says_that_tables_are_loaded(void **state)
{
    (void)state;
    open_sink(fix.sink);
    for (uint64_t offset = 100; offset <= 300; offset += 100) {
        push_set("row", "1", offset);
        wait_for(offset);
    }
    sl_redis_sink_set_state(fix.sink, SL_SINK_LOADING);
    push_set("row", "2", 400);
    wait_for(400); /* what follows the heartbeat comes no earlier */
    assert_non_null(
        strstr(sl_test_redis_text(&redis, "GET sluice:{shop}:heartbeat"), "\"state\":\"loading\""));
}

static void a_second_session_fences_the_first(void **state)
{
    const struct sl_session_options options = {
        .pipeline = "shop", .redis = &fix.options, .lease_ms = 60000, .identity = "me/b.n/1.1"};
    struct sl_session other;
    struct sl_err err = {0};

    (void)state;
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    assert_int_equal(sl_session_init(&other, &options), SL_OK);
    assert_ok(sl_session_open(&other, &err), &err);
    push_set("row", "2", 200);
    push_set("row", "3", 300);
    wait_until_lost(SL_EFENCED);
    assert_string_equal(sl_test_redis_text(&redis, "GET row"), "1");
    assert_string_equal(checkpoint("pos"), "100");
    assert_int_equal(fix.handoff.used, 0);
    sl_session_close(&other, false);
    sl_session_release(&other);
}

static void lost_data_is_a_fence_and_then_a_gap(void **state)
{
    struct sl_err err = {0};

    (void)state;
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    sl_test_redis_do(&redis, "FLUSHALL");
    push_set("row", "2", 200);
    wait_until_lost(SL_EFENCED);
    assert_int_equal(sl_test_redis_int(&redis, "EXISTS row sluice:{shop}:checkpoint"), 0);
    assert_int_equal(sl_redis_sink_open(fix.sink, &err), SL_EGAP);
    assert_non_null(strstr(err.text, "FLUSHALL"));
    assert_int_equal(sl_test_redis_int(&redis, "EXISTS sluice:{shop}:lease"), 0);
}

static void a_forgotten_checkpoint_is_not_missed(void **state)
{
    (void)state;
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    sl_redis_sink_close(fix.sink, true);
    sl_test_redis_do(&redis, "FLUSHALL");
    sl_redis_sink_forget(fix.sink);
    open_sink(fix.sink);
    assert_null(sl_redis_sink_position(fix.sink));
    push_set("row", "2", 200);
    wait_for(200);
    assert_string_equal(checkpoint("pos"), "200");
}

/* The checkpoint of the group was written; its rows were not all. */
static void a_wrong_type_ends_the_session_at_the_safe_position(void **state)
{
    struct sl_batch *batch;

    (void)state;
    sl_test_redis_do(&redis, "SET users:7 foreign");
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    batch = get();
    add_set(batch, "row", "2");
    add_hset(batch, "users:7");
    push(batch, 200);
    wait_until_lost(SL_ESINK);
    assert_non_null(strstr(fix.why, "users:7"));
    assert_non_null(strstr(fix.why, "WRONGTYPE"));
    assert_int_equal(sl_redis_sink_position(fix.sink)->offset, 100);
    open_sink(fix.sink);
    assert_int_equal(sl_redis_sink_position(fix.sink)->offset, 100);
    sl_redis_sink_close(fix.sink, true);
    /* Another process, that has not seen it, must not go on behind the row either. */
    sl_redis_sink_free(fix.sink);
    fix.sink = new_sink("me/b.n/2.2", 60000);
    open_sink(fix.sink);
    assert_int_equal(sl_redis_sink_position(fix.sink)->offset, 100);
}

/* Where a new pipeline began is its safe position, also when the first rows come with the first
 * group. */
static void a_wrong_type_in_the_first_rows_loses_nothing(void **state)
{
    struct sl_batch *batch;

    (void)state;
    sl_test_redis_do(&redis, "SET users:7 foreign");
    open_sink(fix.sink);
    push(get(), 50); /* as the reader does: the place it begins at */
    batch = get();
    add_hset(batch, "users:7");
    push(batch, 200);
    wait_until_lost(SL_ESINK);
    sl_redis_sink_free(fix.sink);
    fix.sink = new_sink("me/b.n/1.1", 60000);
    open_sink(fix.sink);
    assert_non_null(sl_redis_sink_position(fix.sink));
    assert_int_equal(sl_redis_sink_position(fix.sink)->offset, 50);
}

static void a_full_redis_is_waited_for(void **state)
{
    (void)state;
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    sl_test_redis_do(&redis, "CONFIG SET maxmemory-policy noeviction");
    sl_test_redis_do(&redis, "CONFIG SET maxmemory 1");
    push_set("row", "2", 200);
    wait_until_lost(SL_EIO);
    sl_test_redis_do(&redis, "CONFIG SET maxmemory 0");
    assert_non_null(strstr(fix.why, "maxmemory"));
    assert_string_equal(sl_test_redis_text(&redis, "GET row"), "1");
    assert_string_equal(checkpoint("pos"), "100");
    fix.lost = 0;
    open_sink(fix.sink);
    assert_int_equal(sl_redis_sink_position(fix.sink)->offset, 100);
    push_set("row", "2", 200);
    wait_for(200);
}

static void a_cut_connection_is_told_once(void **state)
{
    (void)state;
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    sl_test_redis_do(&redis, "CLIENT KILL TYPE normal SKIPME yes");
    wait_until_lost(SL_EIO);
    (void)ev_run(fix.loop, EVRUN_NOWAIT);
    assert_int_equal(fix.lost, 1);
    fix.lost = 0;
    open_sink(fix.sink);
    push_set("row", "2", 200);
    wait_for(200);
}

static void push_part(const char *key, bool begins, bool ends, uint64_t offset)
{
    struct sl_batch *batch = get();

    add_set(batch, key, "1");
    batch->begins_group = begins;
    batch->ends_group = ends;
    push(batch, offset);
}

static bool two_parts_are_in(void)
{
    return fix.handoff.used == 0 && fix.handoff.queued == 0;
}

static void parts_of_a_transaction_show_only_together(void **state)
{
    (void)state;
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    push_part("a", true, false, 0);
    push_part("b", false, false, 0);
    sl_redis_sink_pump(fix.sink);
    run_until(two_parts_are_in);
    assert_int_equal(sl_test_redis_int(&redis, "EXISTS a b"), 0);
    assert_int_equal(sl_redis_sink_position(fix.sink)->offset, 100);
    push_part("c", false, true, 200);
    wait_for(200);
    assert_int_equal(sl_test_redis_int(&redis, "EXISTS a b c"), 3);
}

static void a_rolled_back_transaction_leaves_nothing(void **state)
{
    struct sl_batch *batch;

    (void)state;
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    push_part("a", true, false, 0);
    batch = get();
    batch->begins_group = false;
    batch->discards_group = true;
    push(batch, 0);
    push_set("row", "2", 300);
    wait_for(300);
    assert_int_equal(sl_test_redis_int(&redis, "EXISTS a"), 0);
    assert_string_equal(sl_test_redis_text(&redis, "GET row"), "2");
}

static void draining_undoes_what_is_not_whole(void **state)
{
    (void)state;
    open_sink(fix.sink);
    push_set("row", "1", 100);
    push_part("a", true, false, 0);
    sl_redis_sink_drain(fix.sink);
    run_until(is_drained);
    assert_int_equal(fix.lost, 0);
    assert_int_equal(fix.drained, 1);
    assert_int_equal(sl_redis_sink_position(fix.sink)->offset, 100);
    assert_int_equal(sl_test_redis_int(&redis, "EXISTS a"), 0);
    assert_string_equal(sl_test_redis_text(&redis, "GET row"), "1");
    push_set("row", "2", 200); /* a new reader goes on */
    wait_for(200);
}

/* More than may be on its way at once: the end of the group still waits in the queue when the
   reader is gone. */
static void draining_waits_for_the_end_of_a_large_group(void **state)
{
    enum { LARGE = 3 * 1024 * 1024 };
    struct sl_batch *first = get();
    struct sl_batch *last = get();
    char *value = malloc(LARGE + 1);

    (void)state;
    assert_non_null(value);
    memset(value, 'x', LARGE);
    value[LARGE] = '\0';
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    first->ends_group = false;
    add_set(first, "a", value);
    last->begins_group = false;
    add_set(last, "b", "2");
    push(first, 0);
    push(last, 200);
    sl_redis_sink_drain(fix.sink);
    run_until(is_drained);
    free(value);
    assert_int_equal(fix.lost, 0);
    assert_int_equal(sl_redis_sink_position(fix.sink)->offset, 200);
    assert_int_equal(sl_test_redis_int(&redis, "STRLEN a"), LARGE);
    assert_string_equal(sl_test_redis_text(&redis, "GET b"), "2");
}

static void draining_takes_a_mere_position_with_it(void **state)
{
    const struct sl_position position = {.file = "log.000002", .offset = 4};

    (void)state;
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    sl_handoff_publish(&fix.handoff, get(), &position);
    sl_redis_sink_drain(fix.sink);
    run_until(is_drained);
    assert_string_equal(checkpoint("file"), "log.000002");
}

static void a_purge_removes_the_keys_of_its_table_in_order(void **state)
{
    static const char *const foreign[] = {"shop:users2:1", "shop:user:1", "shopx:users:1",
                                          "users:1",       "shop:users",  "SHOP:users:1"};
    struct sl_batch *batch;

    (void)state;
    for (size_t i = 0; i < SL_COUNT(foreign); i++) {
        sl_test_redis_do(&redis, "SET %s x", foreign[i]);
    }
    for (int i = 0; i < 2500; i++) {
        sl_test_redis_do(&redis, "SET shop:users:%d:%d x", i, i);
    }
    open_sink(fix.sink);
    push_set("shop:users:1:1", "before", 100);
    batch = get();
    batch->task = SL_TASK_PURGE;
    batch->purge =
        sl_key_pattern_new("{db}:{table}:{pk}", sl_check_span("shop"), sl_check_span("users"), 0);
    push(batch, 0);
    push_set("shop:users:2:2", "after", 200);
    wait_for(200);
    assert_int_equal(sl_redis_sink_stats(fix.sink)->purged, 2500);
    assert_string_equal(sl_test_redis_text(&redis, "GET shop:users:2:2"), "after");
    for (size_t i = 0; i < SL_COUNT(foreign); i++) {
        assert_int_equal(sl_test_redis_int(&redis, "EXISTS %s", foreign[i]), 1);
    }
    /* The foreign keys, one row, checkpoint, guard, lease and heartbeat. */
    assert_int_equal(sl_test_redis_int(&redis, "DBSIZE"), SL_COUNT(foreign) + 1 + 4);
}

static void a_purge_by_a_deposed_writer_removes_nothing(void **state)
{
    struct sl_batch *batch;

    (void)state;
    sl_test_redis_do(&redis, "SET shop:users:1 x");
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    sl_test_redis_do(&redis, "DEL sluice:{shop}:guard");
    batch = get();
    batch->task = SL_TASK_PURGE;
    batch->purge =
        sl_key_pattern_new("{db}:{table}:{pk}", sl_check_span("shop"), sl_check_span("users"), 0);
    push(batch, 0);
    wait_until_lost(SL_EFENCED);
    assert_int_equal(sl_test_redis_int(&redis, "EXISTS shop:users:1"), 1);
}

static void a_successor_stands_by_and_takes_over(void **state)
{
    struct sl_redis_sink *second;
    struct sl_err err = {0};
    int tries = 0;

    (void)state;
    sl_redis_sink_free(fix.sink);
    fix.sink = new_sink("me/b.n/1.1", 2000);
    second = new_sink("you/b.n/1.1", 2000);
    open_sink(fix.sink);
    push_set("row", "1", 100);
    wait_for(100);
    assert_int_equal(sl_redis_sink_open(second, &err), SL_AGAIN);
    sl_redis_sink_close(fix.sink, false); /* as if it had died */
    while (sl_redis_sink_open(second, &err) == SL_AGAIN && tries++ < 10000) {
        ev_sleep(0.02);
    }
    sl_redis_sink_free(fix.sink);
    fix.sink = second;
    assert_in_range(tries, 1, 10000);
    assert_int_equal(sl_redis_sink_position(fix.sink)->offset, 100);
    push_set("row", "2", 200);
    wait_for(200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_and_checkpoint_are_written),
        TEST(what_gathers_behind_a_large_group_is_sent),
        TEST(a_new_session_begins_at_the_checkpoint),
        TEST(many_groups_are_applied_in_order),
        TEST(the_heartbeat_shows_that_somebody_is_there),
        TEST(the_heartbeat_says_that_tables_are_loaded),
        TEST(a_second_session_fences_the_first),
        TEST(lost_data_is_a_fence_and_then_a_gap),
        TEST(a_forgotten_checkpoint_is_not_missed),
        TEST(a_wrong_type_ends_the_session_at_the_safe_position),
        TEST(a_wrong_type_in_the_first_rows_loses_nothing),
        TEST(a_full_redis_is_waited_for),
        TEST(a_cut_connection_is_told_once),
        TEST(parts_of_a_transaction_show_only_together),
        TEST(a_rolled_back_transaction_leaves_nothing),
        TEST(draining_undoes_what_is_not_whole),
        TEST(draining_waits_for_the_end_of_a_large_group),
        TEST(draining_takes_a_mere_position_with_it),
        TEST(a_purge_removes_the_keys_of_its_table_in_order),
        TEST(a_purge_by_a_deposed_writer_removes_nothing),
        TEST(a_successor_stands_by_and_takes_over),
    };

    return cmocka_run_group_tests_name("redis sink", tests, start, stop);
}
