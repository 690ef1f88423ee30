#include "cmd/runner.h"

#include "cdc/base/clock.h"
#include "cmd/runner_private.h"

/* How long a first connection may fail before the daemon gives up. */
enum { SL_STARTUP_MS = 10000 };

/* ---- ends and retries ---- */

static void finish(struct sl_runner *runner, int exit_status)
{
    runner->exit_status = exit_status;
    ev_break(runner->loop, EVBREAK_ALL);
}

static void retry_in(struct sl_runner *runner, uint64_t delay_ms)
{
    ev_timer_stop(runner->loop, &runner->retry);
    ev_timer_set(&runner->retry, (double)delay_ms / 1000., 0.);
    ev_timer_start(runner->loop, &runner->retry);
}

static void back_off(struct sl_runner *runner)
{
    retry_in(runner, sl_xrand_jitter(&runner->rand, runner->backoff_ms));
    runner->backoff_ms *= 2;
    if (runner->backoff_ms > SL_BACKOFF_MAX_MS) {
        runner->backoff_ms = SL_BACKOFF_MAX_MS;
    }
}

/*
 * What failed had worked for longer than the last wait: a new failure, and no reason to wait long.
 * One that comes back each time right behind "ready" (a damaged event, say) must neither fill the
 * log nor press on the source.
 */
static void judge_uptime(struct sl_runner *runner)
{
    if (runner->is_ready &&
        sl_clock_mono_ms(sl_clock_real()) - runner->ready_ms > runner->backoff_ms) {
        runner->backoff_ms = SL_BACKOFF_FIRST_MS;
        runner->last_failure[0] = '\0';
    }
}

static bool may_wait(const struct sl_runner *runner)
{
    return runner->has_streamed ||
           sl_clock_mono_ms(sl_clock_real()) - runner->started_ms < SL_STARTUP_MS;
}

/* The session is as good as before; what failed is another connection. */
static void reconnect(struct sl_runner *runner, const char *why)
{
    sl_runner_log_failure(runner, SL_LOG_OF_SINK, SL_LOG_WARN, why);
    sl_redis_sink_close(runner->sink, true);
    runner->state = STATE_CONNECTING;
    back_off(runner);
}

static void start_reader(struct sl_runner *runner)
{
    struct sl_err err = {0};
    int rc;

    runner->is_ready = false;
    runner->is_reloading = false;
    if (sl_runner_take_rules(runner) && sl_runner_read_dictionaries(runner, &err) != SL_OK) {
        reconnect(runner, err.text);
        return;
    }
    sl_runner_judge_gap(runner);
    rc = sl_runner_start_reader(runner, &err);
    if (rc != SL_OK) {
        sl_log_of(SL_LOG_OF_SOURCE, SL_LOG_ERROR, err.text[0] != '\0' ? err.text : "out of memory",
                  "pipeline=%s", sl_runner_name(runner));
        sl_redis_sink_close(runner->sink, true);
        finish(runner, SL_EXIT_SOURCE);
        return;
    }
    runner->state = STATE_STREAMING;
    sl_log_of(SL_LOG_OF_SOURCE, SL_LOG_DEBUG, "connecting to the source",
              "pipeline=%s sink=%s source=%s:%u", sl_runner_name(runner), runner->redis->name,
              runner->source_options.host, (unsigned)runner->source_options.port);
}

/* ---- the sink ---- */

static int open_sink(struct sl_runner *runner, struct sl_err *err)
{
    int rc = sl_redis_sink_open(runner->sink, err);

    if (rc == SL_OK) {
        sl_log_of(SL_LOG_OF_SINK, SL_LOG_DEBUG, "the lease is ours", "pipeline=%s sink=%s",
                  sl_runner_name(runner), runner->redis->name);
        sl_runner_ask_limit(runner);
        runner->sink_sessions++;
        (void)sl_runner_take_rules(runner);
        rc = sl_runner_check_commands(runner, err);
        rc = rc == SL_OK ? sl_runner_read_dictionaries(runner, err) : rc;
        if (rc != SL_OK) {
            sl_redis_sink_close(runner->sink, true);
        }
    }
    return rc;
}

static void connect_sink(struct sl_runner *runner)
{
    struct sl_err err = {0};
    int rc = open_sink(runner, &err);

    switch (rc) {
    case SL_OK:
        runner->is_standby = false;
        runner->is_complete = false; /* until the sink was asked what is to be loaded */
        sl_redis_sink_set_state(runner->sink, SL_SINK_LOADING);
        start_reader(runner);
        return;
    case SL_EGAP:
        if (sl_runner_may_heal(runner, rc)) {
            sl_redis_sink_forget(runner->sink);
            retry_in(runner, sl_runner_note_gap(runner, err.text));
            return;
        }
        break;
    case SL_AGAIN:
        if (!runner->is_standby) {
            sl_log_of(SL_LOG_OF_SINK, SL_LOG_INFO, err.text, "pipeline=%s sink=%s",
                      sl_runner_name(runner), runner->redis->name);
        }
        runner->is_standby = true;
        runner->has_streamed = true; /* a standby waits as long as it takes */
        retry_in(runner, runner->config->pipeline.lease_ms / 10 + 50);
        return;
    case SL_ESTOPPED:
        finish(runner, SL_EXIT_OK);
        return;
    case SL_EIO:
    case SL_EFENCED:
        if (may_wait(runner)) {
            runner->failures[rc == SL_EFENCED ? SL_VIEW_FENCED : SL_VIEW_SINK_LOST]++;
            sl_runner_log_failure(runner, SL_LOG_OF_SINK, SL_LOG_WARN, err.text);
            back_off(runner);
            return;
        }
        break;
    default:
        break;
    }
    sl_runner_log_end(runner, err.text[0] != '\0' ? err.text : sl_status_str(rc), rc == SL_EGAP);
    finish(runner, rc == SL_EGAP ? SL_EXIT_GAP : SL_EXIT_SINK);
}

static void abort_reader(struct sl_runner *runner)
{
    if (runner->reader != NULL && runner->state == STATE_STREAMING) {
        runner->state = STATE_ABORTING;
        sl_runner_stop_reader(runner);
        return; /* goes on in on_change() */
    }
    sl_runner_free_reader(runner);
    runner->state = STATE_CONNECTING;
    if (atomic_load(&runner->stop_asked)) {
        finish(runner, SL_EXIT_OK);
        return;
    }
    back_off(runner);
}

void sl_runner_sink_lost(void *user, int status, const char *why)
{
    struct sl_runner *runner = user;
    bool may_mend = status == SL_EIO || status == SL_EFENCED || status == SL_AGAIN;

    judge_uptime(runner);
    if (status == SL_ESTOPPED) {
        may_mend = true; /* a stop cut a long purge short: the next start does it again */
    } else if (!may_mend) {
        sl_log_of(SL_LOG_OF_SINK, SL_LOG_ERROR, why, "pipeline=%s sink=%s", sl_runner_name(runner),
                  runner->redis->name);
        runner->exit_status = SL_EXIT_SINK;
        atomic_store(&runner->stop_asked, true);
    } else {
        runner->failures[status == SL_EFENCED ? SL_VIEW_FENCED : SL_VIEW_SINK_LOST]++;
        sl_runner_log_failure(runner, SL_LOG_OF_SINK, SL_LOG_WARN, why);
    }
    abort_reader(runner);
    if (!may_mend && runner->state == STATE_CONNECTING) {
        finish(runner, SL_EXIT_SINK);
    }
}

/* ---- the reader ended ---- */

static int exit_status_of(int status)
{
    switch (status) {
    case SL_EAUTH:
    case SL_EINVAL:
    case SL_EIO:
        return SL_EXIT_SOURCE;
    case SL_ESINK:
        return SL_EXIT_SINK;
    default:
        return SL_EXIT_GAP;
    }
}

static bool may_mend(int status)
{
    return status == SL_EIO || status == SL_ECORRUPT;
}

/* Everything that the ended reader had passed on is in the cache. */
void sl_runner_drained(void *user)
{
    struct sl_runner *runner = user;
    const char *text = runner->outcome_err.text;

    judge_uptime(runner);
    sl_runner_free_reader(runner);
    if (runner->failed_load != SL_OK) {
        sl_redis_sink_close(runner->sink, true);
        finish(runner, exit_status_of(runner->failed_load));
        return;
    }
    if (atomic_load(&runner->stop_asked)) {
        sl_redis_sink_close(runner->sink, true);
        finish(runner, SL_EXIT_OK);
        return;
    }
    if (runner->is_reloading) {
        runner->is_complete = false; /* until the sink was asked what is to be loaded */
        sl_redis_sink_set_state(runner->sink, SL_SINK_LOADING);
        start_reader(runner);
        return;
    }
    if (may_mend(runner->outcome) && may_wait(runner)) {
        runner->failures[SL_VIEW_SOURCE_LOST]++;
        sl_runner_log_failure(runner, SL_LOG_OF_SOURCE,
                              runner->outcome == SL_ECORRUPT ? SL_LOG_ERROR : SL_LOG_WARN, text);
        sl_redis_sink_set_state(runner->sink, SL_SINK_RECONNECTING);
        runner->state = STATE_WAITING;
        back_off(runner);
        return;
    }
    if (sl_runner_may_heal(runner, runner->outcome)) {
        sl_redis_sink_set_state(runner->sink, SL_SINK_LOADING);
        runner->state = STATE_WAITING;
        retry_in(runner, sl_runner_note_gap(runner, text));
        return;
    }
    sl_runner_log_end(runner, text[0] != '\0' ? text : sl_status_str(runner->outcome),
                      sl_runner_is_gap(runner->outcome));
    sl_redis_sink_close(runner->sink, true);
    finish(runner, exit_status_of(runner->outcome));
}

static void reader_ended(struct sl_runner *runner)
{
    runner->outcome = sl_reader_join(runner->reader, &runner->outcome_err);
    if (runner->state == STATE_ABORTING) {
        runner->state = STATE_DRAINING; /* not streaming: abort_reader() frees it now */
        if (runner->exit_status != SL_EXIT_OK) {
            sl_runner_free_reader(runner);
            finish(runner, runner->exit_status);
            return;
        }
        abort_reader(runner);
        return;
    }
    runner->state = STATE_DRAINING;
    sl_redis_sink_drain(runner->sink);
}

static void on_change(struct ev_loop *loop, struct ev_async *async, int events)
{
    struct sl_runner *runner = async->data;
    const struct sl_reader_stats *stats;

    (void)loop;
    (void)events;
    if (runner->reader == NULL ||
        (runner->state != STATE_STREAMING && runner->state != STATE_ABORTING)) {
        return;
    }
    stats = sl_reader_stats(runner->reader);
    if (!runner->is_ready && atomic_load(&stats->is_connected)) {
        runner->streams++;
        sl_runner_log_ready(runner);
        sl_runner_begin_loading(runner);
    }
    if (!atomic_load(&stats->has_ended)) {
        sl_runner_follow_loading(runner);
        return;
    }
    sl_runner_stop_snapshot(runner);
    if (sl_runner_snapshot_has_ended(runner)) { /* else it will say so */
        reader_ended(runner);
    }
}

/* ---- events ---- */

static void on_wake(struct ev_loop *loop, struct ev_async *async, int events)
{
    struct sl_runner *runner = async->data;

    (void)loop;
    (void)events;
    sl_redis_sink_pump(runner->sink);
}

static void on_retry(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct sl_runner *runner = timer->data;

    (void)loop;
    (void)events;
    if (runner->state == STATE_CONNECTING) {
        connect_sink(runner);
    } else if (runner->state == STATE_WAITING) {
        start_reader(runner);
    }
}

static void on_stop(struct ev_loop *loop, struct ev_async *async, int events)
{
    struct sl_runner *runner = async->data;

    (void)loop;
    (void)events;
    switch (runner->state) {
    case STATE_STREAMING:
        sl_redis_sink_set_state(runner->sink, SL_SINK_STOPPING);
        sl_runner_stop_reader(runner);
        return;
    case STATE_CONNECTING:
    case STATE_WAITING:
        sl_redis_sink_close(runner->sink, true);
        finish(runner, SL_EXIT_OK);
        return;
    case STATE_DRAINING: /* sl_runner_drained() sees that a stop was asked for */
    case STATE_ABORTING:
        return;
    }
}

/* In every other state the next reader takes the rules. */
static void on_reload(struct ev_loop *loop, struct ev_async *async, int events)
{
    struct sl_runner *runner = async->data;

    (void)loop;
    (void)events;
    if (runner->state == STATE_STREAMING && !atomic_load(&runner->stop_asked)) {
        runner->is_reloading = true;
        sl_runner_stop_reader(runner);
    }
}

void *sl_runner_run(void *user)
{
    struct sl_runner *runner = user;

    runner->started_ms = sl_clock_mono_ms(sl_clock_real());
    retry_in(runner, 0);
    sl_runner_show_view(runner);
    ev_run(runner->loop, 0);
    atomic_store(&runner->has_ended, true);
    return NULL;
}

void sl_runner_watch(struct sl_runner *runner)
{
    ev_async_init(&runner->wake, on_wake);
    ev_async_init(&runner->change, on_change);
    ev_async_init(&runner->stop, on_stop);
    ev_async_init(&runner->reload, on_reload);
    ev_init(&runner->retry, on_retry);
    sl_runner_watch_loading(runner);
    runner->wake.data = runner;
    runner->change.data = runner;
    runner->stop.data = runner;
    runner->reload.data = runner;
    runner->retry.data = runner;
    ev_async_start(runner->loop, &runner->wake);
    ev_async_start(runner->loop, &runner->change);
    ev_async_start(runner->loop, &runner->stop);
    ev_async_start(runner->loop, &runner->reload);
}
