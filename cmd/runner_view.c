/* runner_view.c - what the runner shows of itself: taken by its thread, read by any. */
#include <string.h>

#include "cdc/base/clock.h"
#include "cmd/runner_private.h"

#define SL_VIEW_SECONDS 0.25

static enum sl_view_state state_of(const struct sl_runner *runner)
{
    if (atomic_load(&runner->stop_asked)) {
        return SL_VIEW_STOPPING;
    }
    switch (runner->state) {
    case STATE_CONNECTING:
        return runner->is_standby ? SL_VIEW_STANDBY : SL_VIEW_CONNECTING;
    case STATE_ABORTING:
        return SL_VIEW_CONNECTING;
    case STATE_STREAMING:
        if (!runner->is_ready) {
            break;
        }
        return runner->is_complete ? SL_VIEW_STREAMING : SL_VIEW_LOADING;
    case STATE_WAITING:
    case STATE_DRAINING:
        break;
    }
    return SL_VIEW_RECONNECTING;
}

/* What the present reader has counted, on top of those before it. */
static struct sl_view_source count_source(const struct sl_runner *runner)
{
    struct sl_view_source sum = runner->past_source;

    if (runner->reader != NULL) {
        const struct sl_reader_stats *stats = sl_reader_stats(runner->reader);

        sum.events += atomic_load(&stats->events);
        sum.bytes += atomic_load(&stats->bytes);
        sum.rows += atomic_load(&stats->rows);
        sum.transactions += atomic_load(&stats->transactions);
    }
    return sum;
}

static struct sl_view_loads count_loads(const struct sl_runner *runner)
{
    struct sl_view_loads sum = runner->past_loads;

    if (runner->snapshot != NULL) {
        const struct sl_snapshot_stats *stats = sl_snapshot_stats(runner->snapshot);

        sum.rows += atomic_load(&stats->rows);
        sum.put += atomic_load(&stats->put);
        sum.queries += atomic_load(&stats->queries);
        sum.query_us += atomic_load(&stats->query_us);
        sum.removed += atomic_load(&stats->removed);
    }
    return sum;
}

void sl_runner_keep_source_counts(struct sl_runner *runner)
{
    runner->past_source = count_source(runner);
}

void sl_runner_keep_load_counts(struct sl_runner *runner)
{
    runner->past_loads = count_loads(runner);
}

static int take_position(struct sl_view *view, const struct sl_position *position)
{
    view->has_acked = position != NULL;
    if (position == NULL) {
        return SL_OK;
    }
    (void)snprintf(view->file, sizeof(view->file), "%s", position->file);
    view->offset = position->offset;
    (void)snprintf(view->server_uuid, sizeof(view->server_uuid), "%s", position->server_uuid);
    view->event_time = position->event_time;
    sl_buf_clear(&view->gtid);
    return sl_position_format_gtid(position, &view->gtid);
}

static bool holds_lease(const struct sl_runner *runner)
{
    switch (runner->state) {
    case STATE_WAITING:
    case STATE_STREAMING:
    case STATE_DRAINING:
        return true;
    case STATE_CONNECTING:
    case STATE_ABORTING:
        break;
    }
    return false;
}

static void take_ages(struct sl_view *view, const struct sl_sink_stats *sink, uint64_t now_ms)
{
    view->acked_age_ms = sink->acked_ms > 0 ? now_ms - sink->acked_ms : 0;
    view->has_checkpoint = sink->checkpoint_ms > 0;
    view->checkpoint_age_ms = view->has_checkpoint ? now_ms - sink->checkpoint_ms : 0;
}

static void take_view(struct sl_runner *runner)
{
    struct sl_view *view = &runner->view;
    const struct sl_sink_stats *sink = sl_redis_sink_stats(runner->sink);
    uint64_t now_ms = sl_clock_mono_ms(sl_clock_real());

    view->state = state_of(runner);
    view->is_leader = holds_lease(runner);
    view->sink = *sink;
    view->sink_sessions = runner->sink_sessions;
    view->streams = runner->streams;
    memcpy(view->failures, runner->failures, sizeof(view->failures));
    view->lag_seconds = sl_redis_sink_lag(runner->sink);
    take_ages(view, sink, now_ms);
    view->read = (struct sl_log_place){.offset = 0};
    if (runner->reader != NULL) {
        sl_reader_log_place(runner->reader, &view->read);
    }
    view->rows = (struct sl_heartbeat_rows){0};
    sl_runner_count_rows(runner, &view->rows);
    sl_handoff_fill(&runner->handoff, &view->queue_bytes, &view->queue_limit_bytes);
    view->source = count_source(runner);
    view->loads = count_loads(runner);
    if (take_position(view, sl_redis_sink_position(runner->sink)) != SL_OK) {
        sl_buf_clear(&view->gtid);
    }
}

static void on_view(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct sl_runner *runner = timer->data;

    (void)loop;
    (void)events;
    (void)pthread_mutex_lock(&runner->view_lock);
    take_view(runner);
    runner->view_ms = sl_clock_mono_ms(sl_clock_real());
    (void)pthread_mutex_unlock(&runner->view_lock);
}

int sl_runner_init_view(struct sl_runner *runner)
{
    ev_timer_init(&runner->view_timer, on_view, 0., SL_VIEW_SECONDS);
    runner->view_timer.data = runner;
    return pthread_mutex_init(&runner->view_lock, NULL) == 0 ? SL_OK : SL_ENOMEM;
}

void sl_runner_show_view(struct sl_runner *runner)
{
    if (runner->config->http.host != NULL) {
        ev_timer_start(runner->loop, &runner->view_timer);
    }
}

void sl_runner_release_view(struct sl_runner *runner)
{
    sl_view_release(&runner->view);
    (void)pthread_mutex_destroy(&runner->view_lock);
}

/* A loop that waits for something (a purge, a connection) takes no view: its age goes on. */
int sl_runner_look(struct sl_runner *runner, struct sl_view *view)
{
    uint64_t age_ms;
    int rc;

    (void)pthread_mutex_lock(&runner->view_lock);
    rc = sl_view_copy(view, &runner->view);
    age_ms = runner->view_ms > 0 ? sl_clock_mono_ms(sl_clock_real()) - runner->view_ms : 0;
    (void)pthread_mutex_unlock(&runner->view_lock);
    view->acked_age_ms += age_ms;
    view->checkpoint_age_ms += age_ms;
    if (atomic_load(&runner->has_ended)) {
        view->state = SL_VIEW_STOPPING;
        view->is_leader = 0;
    }
    return rc;
}

const struct sl_table_counts *sl_runner_tables(const struct sl_runner *runner)
{
    return runner->counts;
}

void sl_runner_tell_lag_bytes(struct sl_runner *runner, bool is_known, uint64_t bytes)
{
    atomic_store(&runner->lag_bytes, is_known ? bytes : UINT64_MAX);
}

bool sl_runner_lag_bytes(void *user, uint64_t *bytes)
{
    const struct sl_runner *runner = user;

    *bytes = atomic_load(&runner->lag_bytes);
    return *bytes != UINT64_MAX;
}
