#include "cmd/runner.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>

#include "cdc/base/clock.h"
#include "cdc/base/log.h"
#include "cdc/base/xrand.h"
#include "cdc/client/binlog.h"
#include "cdc/client/row_query.h"
#include "cdc/client/schema_query.h"
#include "cdc/client/table_scan.h"
#include "cdc/handoff.h"
#include "cdc/reader.h"
#include "filters/mapper.h"
#include "sinks/identity.h"
#include "sinks/redis_sink.h"

enum {
    SL_STARTUP_MS = 10000, /* how long a first connection may fail before the daemon gives up */
    SL_BACKOFF_FIRST_MS = 200,
    SL_BACKOFF_MAX_MS = 10000,
    /* Shares of memory_limit. */
    SL_HANDOFF_SHARE = 32,
    SL_XA_SHARE = 4,
};

enum runner_state {
    STATE_CONNECTING, /* no sink; the retry timer runs */
    STATE_WAITING,    /* a sink, no reader; the retry timer runs */
    STATE_STREAMING,  /* both */
    STATE_DRAINING,   /* the reader has ended, the sink finishes */
    STATE_ABORTING,   /* the sink was lost, the reader is being stopped */
};

struct sl_runner {
    const struct sl_config *config;
    const struct sl_redis_options *redis;
    struct sl_source_options source_options;
    struct ev_loop *loop;
    struct ev_async wake;   /* the handoff has something */
    struct ev_async change; /* the reader connected or ended */
    struct ev_async stop;   /* a stop was asked for */
    struct ev_timer retry;
    struct sl_handoff handoff;
    struct sl_redis_sink *sink;
    struct sl_reader *reader;
    struct sl_source *source;
    struct sl_mapper *mapper;
    struct sl_schema_query *schema;
    struct sl_row_query *rows;
    struct sl_table_scan *scan;
    enum runner_state state;
    struct sl_xrand rand;
    uint64_t backoff_ms;
    uint64_t started_ms;
    uint64_t ready_ms;      /* when ready was logged last */
    bool has_streamed;      /* ready was logged once: from then on failures are waited out */
    bool is_standby;        /* was logged */
    bool is_ready;          /* was logged for this reader */
    char last_failure[256]; /* a failure that repeats is logged once */
    char identity[SL_IDENTITY_MAX];
    int outcome; /* why the reader ended, while draining */
    struct sl_err outcome_err;
    atomic_bool stop_asked;
    atomic_bool has_ended;
    int exit_status;
    pthread_t thread;
};

/* ---- logging ---- */

static const char *name_of(const struct sl_runner *runner)
{
    return runner->config->pipeline.name;
}

/* Each state change once: the same sentence again is a debug line. */
static void log_failure(struct sl_runner *runner, enum sl_log_level level, const char *text)
{
    bool again = strncmp(runner->last_failure, text, sizeof(runner->last_failure) - 1) == 0;

    (void)strncpy(runner->last_failure, text, sizeof(runner->last_failure) - 1);
    sl_log(again ? SL_LOG_DEBUG : level, text, "pipeline=%s sink=%s", name_of(runner),
           runner->redis->name);
}

static void log_ready(struct sl_runner *runner)
{
    runner->is_ready = true;
    runner->has_streamed = true;
    runner->ready_ms = sl_clock_mono_ms(sl_clock_real());
    sl_log(SL_LOG_INFO, "ready", "pipeline=%s sink=%s source=%s:%u", name_of(runner),
           runner->redis->name, runner->source_options.host, (unsigned)runner->source_options.port);
}

static void notice(void *user, bool is_warning, const char *text)
{
    struct sl_runner *runner = user;

    sl_log(is_warning ? SL_LOG_WARN : SL_LOG_INFO, text, "pipeline=%s", name_of(runner));
}

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

/* ---- the reader ---- */

static void wake_from_handoff(void *user)
{
    struct sl_runner *runner = user;

    ev_async_send(runner->loop, &runner->wake);
}

static void wake_from_reader(void *user)
{
    struct sl_runner *runner = user;

    ev_async_send(runner->loop, &runner->change);
}

static void free_reader(struct sl_runner *runner)
{
    sl_reader_free(runner->reader);
    runner->reader = NULL;
    if (runner->mapper != NULL) {
        runner->mapper->ops->free(runner->mapper);
        runner->mapper = NULL;
    }
    if (runner->source != NULL) {
        runner->source->ops->free(runner->source);
        runner->source = NULL;
    }
    sl_schema_query_free(runner->schema);
    runner->schema = NULL;
    sl_row_query_free(runner->rows);
    runner->rows = NULL;
    sl_table_scan_free(runner->scan);
    runner->scan = NULL;
    sl_handoff_reset(&runner->handoff);
}

static int make_reader(struct sl_runner *runner)
{
    const struct sl_pipeline_options *pipeline = &runner->config->pipeline;
    struct sl_reader_options options = {
        .batch_bytes = (size_t)pipeline->batch_bytes,
        .max_transaction_bytes = pipeline->max_transaction_bytes,
        .max_held_bytes = pipeline->memory_limit_bytes / SL_XA_SHARE,
        .max_event_bytes = pipeline->memory_limit_bytes / 2,
        .schema = sl_schema_query_read,
        .load = sl_table_scan_run,
        .changed = wake_from_reader,
        .changed_user = runner,
        .notice = notice,
        .notice_user = runner,
    };

    runner->source = sl_binlog_source_new(&runner->source_options, pipeline->name, false);
    runner->schema = sl_schema_query_new(&runner->source_options);
    runner->rows = sl_row_query_new(&runner->source_options);
    runner->scan = sl_table_scan_new(&runner->source_options);
    if (runner->source == NULL || runner->schema == NULL || runner->rows == NULL ||
        runner->scan == NULL) {
        return SL_ENOMEM;
    }
    options.schema_user = runner->schema;
    options.load_user = runner->scan;
    runner->mapper = sl_rule_mapper_new(runner->config->tables, runner->config->table_count,
                                        sl_row_query_read, runner->rows);
    if (runner->mapper == NULL) {
        return SL_ENOMEM;
    }
    sl_rule_mapper_on_notice(runner->mapper, notice, runner);
    runner->reader = sl_reader_new(&options, runner->source, runner->mapper, &runner->handoff);
    return runner->reader != NULL ? SL_OK : SL_ENOMEM;
}

static int start_at(struct sl_runner *runner, struct sl_err *err)
{
    const struct sl_start *start = &runner->config->pipeline.start;
    const struct sl_position *checkpoint = sl_redis_sink_position(runner->sink);
    struct sl_position position;
    int rc = SL_OK;

    if (checkpoint != NULL) {
        return sl_reader_start(runner->reader, SL_START_AT, checkpoint, err);
    }
    sl_position_init(&position);
    if (start->kind == SL_START_AT) {
        rc = sl_position_parse(&position, start->position, err);
    }
    if (rc == SL_OK) {
        rc = sl_reader_start(runner->reader, start->kind, &position, err);
    }
    sl_position_release(&position);
    return rc;
}

static void stop_reader(struct sl_runner *runner)
{
    sl_schema_query_interrupt(runner->schema);
    sl_row_query_interrupt(runner->rows);
    sl_table_scan_interrupt(runner->scan);
    sl_reader_stop(runner->reader);
}

static uint32_t source_time(void *user)
{
    const struct sl_runner *runner = user;
    const struct sl_reader_stats *stats =
        runner->reader != NULL ? sl_reader_stats(runner->reader) : NULL;

    return stats != NULL && !atomic_load(&stats->is_idle)
               ? (uint32_t)atomic_load(&stats->event_time)
               : 0;
}

static void count_rows(void *user, struct sl_heartbeat_rows *rows)
{
    const struct sl_runner *runner = user;

    if (runner->mapper != NULL) {
        rows->unchanged = atomic_load(&runner->mapper->stats.unchanged);
        rows->filtered = atomic_load(&runner->mapper->stats.filtered);
        rows->quarantined = atomic_load(&runner->mapper->stats.quarantined);
    }
}

static void start_reader(struct sl_runner *runner)
{
    struct sl_err err = {0};
    int rc = make_reader(runner);

    runner->is_ready = false;
    if (rc == SL_OK) {
        rc = start_at(runner, &err);
    }
    if (rc != SL_OK) {
        free_reader(runner);
        sl_log(SL_LOG_ERROR, err.text[0] != '\0' ? err.text : "out of memory", "pipeline=%s",
               name_of(runner));
        sl_redis_sink_close(runner->sink, true);
        finish(runner, SL_EXIT_SOURCE);
        return;
    }
    runner->state = STATE_STREAMING;
}

/* ---- the sink ---- */

static void connect_sink(struct sl_runner *runner)
{
    struct sl_err err = {0};
    int rc = sl_redis_sink_open(runner->sink, &err);

    switch (rc) {
    case SL_OK:
        runner->is_standby = false;
        start_reader(runner);
        return;
    case SL_AGAIN:
        if (!runner->is_standby) {
            sl_log(SL_LOG_INFO, err.text, "pipeline=%s sink=%s", name_of(runner),
                   runner->redis->name);
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
            log_failure(runner, SL_LOG_WARN, err.text);
            back_off(runner);
            return;
        }
        break;
    default:
        break;
    }
    sl_log(SL_LOG_ERROR, err.text[0] != '\0' ? err.text : sl_status_str(rc), "pipeline=%s sink=%s",
           name_of(runner), runner->redis->name);
    finish(runner, rc == SL_EGAP ? SL_EXIT_GAP : SL_EXIT_SINK);
}

static void abort_reader(struct sl_runner *runner)
{
    if (runner->reader != NULL && runner->state == STATE_STREAMING) {
        runner->state = STATE_ABORTING;
        stop_reader(runner);
        return; /* goes on in on_change() */
    }
    free_reader(runner);
    runner->state = STATE_CONNECTING;
    if (atomic_load(&runner->stop_asked)) {
        finish(runner, SL_EXIT_OK);
        return;
    }
    back_off(runner);
}

static void on_lost(void *user, int status, const char *why)
{
    struct sl_runner *runner = user;
    bool may_mend = status == SL_EIO || status == SL_EFENCED || status == SL_AGAIN;

    judge_uptime(runner);
    if (status == SL_ESTOPPED) {
        may_mend = true; /* a stop cut a long purge short: the next start does it again */
    } else if (!may_mend) {
        sl_log(SL_LOG_ERROR, why, "pipeline=%s sink=%s", name_of(runner), runner->redis->name);
        runner->exit_status = SL_EXIT_SINK;
        atomic_store(&runner->stop_asked, true);
    } else {
        log_failure(runner, SL_LOG_WARN, why);
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
    default:
        return SL_EXIT_GAP;
    }
}

static bool may_mend(int status)
{
    return status == SL_EIO || status == SL_ECORRUPT;
}

/* Everything that the ended reader had passed on is in the cache. */
static void on_drained(void *user)
{
    struct sl_runner *runner = user;
    const char *text = runner->outcome_err.text;

    judge_uptime(runner);
    free_reader(runner);
    if (atomic_load(&runner->stop_asked)) {
        sl_redis_sink_close(runner->sink, true);
        finish(runner, SL_EXIT_OK);
        return;
    }
    if (may_mend(runner->outcome) && may_wait(runner)) {
        log_failure(runner, runner->outcome == SL_ECORRUPT ? SL_LOG_ERROR : SL_LOG_WARN, text);
        sl_redis_sink_set_state(runner->sink, SL_SINK_RECONNECTING);
        runner->state = STATE_WAITING;
        back_off(runner);
        return;
    }
    sl_log(SL_LOG_ERROR, text[0] != '\0' ? text : sl_status_str(runner->outcome), "pipeline=%s",
           name_of(runner));
    sl_redis_sink_close(runner->sink, true);
    finish(runner, exit_status_of(runner->outcome));
}

static void reader_ended(struct sl_runner *runner)
{
    runner->outcome = sl_reader_join(runner->reader, &runner->outcome_err);
    if (runner->state == STATE_ABORTING) {
        runner->state = STATE_DRAINING; /* not streaming: abort_reader() frees it now */
        if (runner->exit_status != SL_EXIT_OK) {
            free_reader(runner);
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
        log_ready(runner);
        sl_redis_sink_set_state(runner->sink, SL_SINK_STREAMING);
    }
    if (atomic_load(&stats->has_ended)) {
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
        stop_reader(runner);
        return;
    case STATE_CONNECTING:
    case STATE_WAITING:
        sl_redis_sink_close(runner->sink, true);
        finish(runner, SL_EXIT_OK);
        return;
    case STATE_DRAINING: /* on_drained() sees that a stop was asked for */
    case STATE_ABORTING:
        return;
    }
}

static void *thread_main(void *user)
{
    struct sl_runner *runner = user;

    runner->started_ms = sl_clock_mono_ms(sl_clock_real());
    retry_in(runner, 0);
    ev_run(runner->loop, 0);
    atomic_store(&runner->has_ended, true);
    return NULL;
}

/* ---- life ---- */

static void watch(struct sl_runner *runner)
{
    ev_async_init(&runner->wake, on_wake);
    ev_async_init(&runner->change, on_change);
    ev_async_init(&runner->stop, on_stop);
    ev_init(&runner->retry, on_retry);
    runner->wake.data = runner;
    runner->change.data = runner;
    runner->stop.data = runner;
    runner->retry.data = runner;
    ev_async_start(runner->loop, &runner->wake);
    ev_async_start(runner->loop, &runner->change);
    ev_async_start(runner->loop, &runner->stop);
}

static int make_sink(struct sl_runner *runner)
{
    const struct sl_pipeline_options *pipeline = &runner->config->pipeline;
    const struct sl_redis_sink_options options = {
        .session = {.pipeline = pipeline->name,
                    .redis = runner->redis,
                    .lease_ms = pipeline->lease_ms,
                    .identity = runner->identity,
                    .stop = &runner->stop_asked},
        .handoff = &runner->handoff,
        .loop = runner->loop,
        .clock = sl_clock_real(),
        .lost = on_lost,
        .source_time = source_time,
        .count_rows = count_rows,
        .drained = on_drained,
        .user = runner,
    };

    sl_identity_make(runner->identity, sizeof(runner->identity));
    runner->sink = sl_redis_sink_new(&options);
    return runner->sink != NULL ? SL_OK : SL_ENOMEM;
}

struct sl_runner *sl_runner_new(const struct sl_config *config, size_t sink)
{
    struct sl_runner *runner = calloc(1, sizeof(*runner));
    size_t budget = (size_t)(config->pipeline.memory_limit_bytes / SL_HANDOFF_SHARE);

    if (runner == NULL) {
        return NULL;
    }
    runner->config = config;
    runner->redis = &config->sinks[sink];
    runner->source_options = config->source;
    runner->source_options.server_id = sl_config_server_id(config, sink);
    runner->rand.state = sl_xrand_entropy();
    runner->backoff_ms = SL_BACKOFF_FIRST_MS;
    if (sl_handoff_init(&runner->handoff, budget, wake_from_handoff, runner) != SL_OK) {
        free(runner);
        return NULL;
    }
    runner->loop = ev_loop_new(EVFLAG_AUTO);
    if (runner->loop == NULL || make_sink(runner) != SL_OK) {
        sl_runner_free(runner);
        return NULL;
    }
    watch(runner);
    return runner;
}

void sl_runner_free(struct sl_runner *runner)
{
    if (runner == NULL) {
        return;
    }
    sl_redis_sink_free(runner->sink);
    free_reader(runner);
    if (runner->loop != NULL) {
        ev_loop_destroy(runner->loop);
    }
    sl_handoff_release(&runner->handoff);
    free(runner);
}

int sl_runner_start(struct sl_runner *runner, struct sl_err *err)
{
    return pthread_create(&runner->thread, NULL, thread_main, runner) == 0
               ? SL_OK
               : sl_err_set(err, SL_ENOMEM, "cannot start a thread: no memory");
}

void sl_runner_stop(struct sl_runner *runner)
{
    atomic_store(&runner->stop_asked, true);
    ev_async_send(runner->loop, &runner->stop);
}

bool sl_runner_has_ended(const struct sl_runner *runner)
{
    return atomic_load(&runner->has_ended);
}

int sl_runner_join(struct sl_runner *runner)
{
    (void)pthread_join(runner->thread, NULL);
    return runner->exit_status;
}
