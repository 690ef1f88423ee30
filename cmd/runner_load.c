#include "cdc/base/clock.h"
#include "cmd/runner_private.h"

#define SL_SETTLE_SECONDS 0.02 /* between looks whether the last rows of a load have arrived */

static void show_state(struct sl_runner *runner)
{
    enum sl_sink_state state = runner->is_complete ? SL_SINK_STREAMING : SL_SINK_LOADING;

    if (runner->is_ready && !atomic_load(&runner->stop_asked)) {
        sl_redis_sink_set_state(runner->sink, state);
    }
}

/* The last rows are on their way: the heartbeat says that all is there when they have arrived. */
static void note_loading(struct sl_runner *runner, bool is_loading)
{
    if (is_loading) {
        runner->is_complete = false;
        runner->is_settling = false;
        ev_timer_stop(runner->loop, &runner->settle);
    } else if (!runner->is_complete && !runner->is_settling) {
        runner->is_settling = true;
        runner->complete_mark = sl_handoff_mark(&runner->handoff);
        ev_timer_start(runner->loop, &runner->settle);
    }
}

static void on_settle(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct sl_runner *runner = timer->data;

    (void)events;
    if (sl_handoff_has_passed(&runner->handoff, runner->complete_mark)) {
        runner->is_settling = false;
        runner->is_complete = true;
        ev_timer_stop(loop, timer);
        show_state(runner);
    }
}

/* What had worked for longer than the last wait need not wait long. */
static void retry_load(struct sl_runner *runner)
{
    uint64_t delay_ms;

    if (sl_clock_mono_ms(sl_clock_real()) - runner->load_began_ms > runner->load_backoff_ms) {
        runner->load_backoff_ms = SL_BACKOFF_FIRST_MS;
    }
    delay_ms = sl_xrand_jitter(&runner->rand, runner->load_backoff_ms);
    ev_timer_stop(runner->loop, &runner->load_retry);
    ev_timer_set(&runner->load_retry, (double)delay_ms / 1000., 0.);
    ev_timer_start(runner->loop, &runner->load_retry);
    runner->load_backoff_ms *= 2;
    if (runner->load_backoff_ms > SL_BACKOFF_MAX_MS) {
        runner->load_backoff_ms = SL_BACKOFF_MAX_MS;
    }
}

static void start_snapshot(struct sl_runner *runner)
{
    struct sl_err err = {0};

    runner->load_began_ms = sl_clock_mono_ms(sl_clock_real());
    if (sl_runner_start_snapshot(runner, &err) != SL_OK) {
        sl_runner_log_failure(runner, SL_LOG_OF_LOAD, SL_LOG_ERROR,
                              err.text[0] != '\0' ? err.text : "no memory to load tables");
        retry_load(runner);
    }
}

static void snapshot_ended(struct sl_runner *runner)
{
    struct sl_err err = {0};
    int rc = sl_runner_end_snapshot(runner, &err);
    const char *text = err.text[0] != '\0' ? err.text : sl_status_str(rc);

    if (rc == SL_ESTOPPED) {
        return; /* the reader has ended, too, or is about to */
    }
    if (runner->options.ends_on_failed_load &&
        (rc == SL_EAUTH || rc == SL_EINVAL || rc == SL_ESINK)) {
        sl_log_of(SL_LOG_OF_LOAD, SL_LOG_ERROR, text, "pipeline=%s", sl_runner_name(runner));
        runner->failed_load = rc;
        sl_runner_stop_reader(runner);
        return;
    }
    sl_runner_log_failure(runner, SL_LOG_OF_LOAD, SL_LOG_WARN, text);
    retry_load(runner);
}

void sl_runner_follow_loading(struct sl_runner *runner)
{
    const struct sl_snapshot_stats *stats;

    if (runner->snapshot == NULL) {
        return;
    }
    stats = sl_snapshot_stats(runner->snapshot);
    if (atomic_load(&stats->has_looked)) {
        note_loading(runner, atomic_load(&stats->is_loading));
    }
    show_state(runner);
    if (atomic_load(&stats->has_ended)) {
        snapshot_ended(runner);
    }
}

static void on_load_retry(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct sl_runner *runner = timer->data;

    (void)loop;
    (void)events;
    if (runner->state == STATE_STREAMING && runner->is_ready && runner->snapshot == NULL &&
        !atomic_load(&sl_reader_stats(runner->reader)->has_ended)) {
        start_snapshot(runner);
    }
}

void sl_runner_begin_loading(struct sl_runner *runner)
{
    runner->is_settling = false;
    ev_timer_stop(runner->loop, &runner->settle);
    start_snapshot(runner);
    show_state(runner);
}

void sl_runner_watch_loading(struct sl_runner *runner)
{
    runner->load_backoff_ms = SL_BACKOFF_FIRST_MS;
    ev_init(&runner->load_retry, on_load_retry);
    runner->load_retry.data = runner;
    ev_timer_init(&runner->settle, on_settle, SL_SETTLE_SECONDS, SL_SETTLE_SECONDS);
    runner->settle.data = runner;
}
