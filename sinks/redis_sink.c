#include "sinks/redis_sink.h"

#include <stdio.h>
#include <stdlib.h>

#include "sinks/redis_sink_private.h"

enum {
    /* How long Redis may neither take nor send a byte while something is on the way: a peer that
       went without a word is noticed, and who asked for a stop does not wait for ever. */
    SL_STALL_MS = 30000,
    SL_STALL_STOPPING_MS = 5000,
};

/* ---- failure ---- */

static void on_failure(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct sl_redis_sink *sink = timer->data;

    (void)loop;
    (void)events;
    sink->options.lost(sink->options.user, sink->err.status, sink->err.text);
}

void sl_redis_sink_fail(struct sl_redis_sink *sink, int status)
{
    if (!sink->is_open) {
        return;
    }
    if (sink->err.status == SL_OK) {
        (void)sl_err_set(&sink->err, status, "no memory to write to Redis");
    }
    (void)sl_err_prefix(&sink->err, "%s", sl_redis_url(sink->options.session.redis));
    sl_redis_sink_close(sink, false);
    ev_timer_set(&sink->failure, 0., 0.);
    ev_timer_start(sink->options.loop, &sink->failure);
}

void sl_redis_sink_fail_group(struct sl_redis_sink *sink, enum sl_outcome outcome)
{
    const struct sl_flights *flights = &sink->flights;
    char what[SL_REPLY_TEXT_MAX + 32] = "a group was not applied";

    if (outcome == SL_OUTCOME_FENCED) {
        (void)sl_err_set(
            &sink->err, SL_EFENCED,
            "a group was not applied: another writer came, or the data of this Redis was "
            "lost or went back in time");
    } else {
        if (flights->key[0] != '\0') {
            (void)snprintf(what, sizeof(what), "cannot write the key %s", flights->key);
        }
        sink->err.status = sl_reply_text_status(what, flights->error, &sink->err);
    }
    sl_redis_sink_fail(sink, sink->err.status);
}

/* ---- events ---- */

static void pump(struct sl_redis_sink *sink);

void sl_redis_sink_note_progress(struct sl_redis_sink *sink)
{
    sink->moved_ms = sl_clock_mono_ms(sink->options.clock);
}

static void on_io(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct sl_redis_sink *sink = io->data;
    int rc = SL_OK;

    (void)loop;
    if ((events & EV_READ) != 0) {
        rc = sl_redis_sink_read(sink);
    }
    if (rc != SL_OK) {
        sl_redis_sink_fail(sink, rc);
        return;
    }
    pump(sink);
}

static bool is_stalled(const struct sl_redis_sink *sink)
{
    const atomic_bool *stop = sink->options.session.stop;
    bool is_stopping = stop != NULL && atomic_load(stop);
    uint64_t limit_ms = is_stopping ? SL_STALL_STOPPING_MS : SL_STALL_MS;

    return sink->flights.count > 0 &&
           sl_clock_mono_ms(sink->options.clock) - sink->moved_ms >= limit_ms;
}

static void on_tick(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct sl_redis_sink *sink = timer->data;

    (void)loop;
    (void)events;
    if (is_stalled(sink)) {
        (void)sl_err_set(&sink->err, SL_EIO, "Redis did not answer in time");
        sl_redis_sink_fail(sink, SL_EIO);
        return;
    }
    sink->tick_due = true;
    pump(sink);
}

static void on_gathered(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct sl_redis_sink *sink = timer->data;

    (void)loop;
    (void)events;
    sl_redis_sink_end_pause(sink);
    pump(sink);
}

static bool is_drained(const struct sl_redis_sink *sink)
{
    return sink->is_draining && sink->is_final && sink->flights.count == 0 && sink->purge == NULL;
}

static void pump(struct sl_redis_sink *sink)
{
    int rc = SL_OK;

    while (rc == SL_OK) {
        rc = sl_redis_sink_take(sink);
        if (rc == SL_OK) {
            rc = sl_redis_sink_finish(sink);
        }
        if (rc != SL_OK || sink->purge == NULL || sink->flights.count > 0) {
            break;
        }
        rc = sl_redis_sink_purge(sink);
    }
    if (rc == SL_OK) {
        rc = sl_redis_sink_write(sink);
    }
    if (rc != SL_OK) {
        sl_redis_sink_fail(sink, rc);
    } else if (is_drained(sink)) {
        sink->is_draining = false;
        sink->options.drained(sink->options.user);
    }
}

/* ---- life ---- */

struct sl_redis_sink *sl_redis_sink_new(const struct sl_redis_sink_options *options)
{
    struct sl_redis_sink *sink = calloc(1, sizeof(*sink));

    if (sink == NULL) {
        return NULL;
    }
    sink->options = *options;
    sl_position_init(&sink->acked);
    ev_init(&sink->io, on_io);
    ev_init(&sink->tick, on_tick);
    ev_init(&sink->gather, on_gathered);
    ev_init(&sink->failure, on_failure);
    sink->io.data = sink;
    sink->tick.data = sink;
    sink->gather.data = sink;
    sink->failure.data = sink;
    if (sl_session_init(&sink->session, &options->session) != SL_OK) {
        sl_position_release(&sink->acked);
        free(sink);
        return NULL;
    }
    return sink;
}

void sl_redis_sink_free(struct sl_redis_sink *sink)
{
    if (sink == NULL) {
        return;
    }
    sl_redis_sink_close(sink, false);
    ev_timer_stop(sink->options.loop, &sink->failure);
    sl_flights_release(&sink->flights);
    sl_session_release(&sink->session);
    sl_position_release(&sink->acked);
    free(sink);
}

static int take_checkpoint(struct sl_redis_sink *sink, struct sl_err *err)
{
    if (!sink->session.has_checkpoint) {
        if (sink->has_acked) {
            return sl_err_set(
                err, SL_EGAP,
                "%s: the checkpoint of pipeline %s is gone, so the cached rows are, too "
                "(FLUSHALL, eviction, a restart without its data): load the tables again",
                sl_redis_url(sink->options.session.redis), sink->options.session.pipeline);
        }
        return SL_OK;
    }
    sink->has_acked = true;
    return sl_position_copy(&sink->acked, &sink->session.position);
}

int sl_redis_sink_open(struct sl_redis_sink *sink, struct sl_err *err)
{
    int rc = sl_session_open(&sink->session, err);

    if (rc != SL_OK) {
        return rc;
    }
    sink->replies = sl_reply_reader_new();
    if (sink->replies == NULL) {
        sl_session_close(&sink->session, true);
        return SL_ENOMEM;
    }
    sl_err_clear(&sink->err);
    sink->is_open = true;
    sink->is_draining = false;
    sink->group_is_open = false;
    sink->tick_due = true; /* say at once that the cache is looked after */
    ev_io_set(&sink->io, sink->session.transport.fd, EV_READ);
    ev_io_start(sink->options.loop, &sink->io);
    ev_timer_set(&sink->tick, 0., 1.);
    ev_timer_start(sink->options.loop, &sink->tick);
    rc = take_checkpoint(sink, err);
    if (rc != SL_OK) {
        sl_redis_sink_close(sink, true);
    }
    return rc;
}

static void give_back_all(struct sl_redis_sink *sink)
{
    while (sink->flights.first != NULL) {
        struct sl_batch *batch = sl_flights_shift(&sink->flights);

        if (batch != NULL) {
            sl_handoff_give_back(sink->options.handoff, batch);
        }
    }
    if (sink->purge != NULL) {
        sl_handoff_give_back(sink->options.handoff, sink->purge);
        sink->purge = NULL;
    }
}

void sl_redis_sink_close(struct sl_redis_sink *sink, bool release_lease)
{
    if (!sink->is_open) {
        return;
    }
    sink->is_open = false;
    ev_io_stop(sink->options.loop, &sink->io);
    ev_timer_stop(sink->options.loop, &sink->tick);
    sl_redis_sink_end_pause(sink);
    give_back_all(sink);
    sl_flights_release(&sink->flights);
    sl_redis_sink_reset_pace(sink);
    sl_session_close(&sink->session, release_lease);
    sl_reply_reader_free(sink->replies);
    sink->replies = NULL;
}

void sl_redis_sink_pump(struct sl_redis_sink *sink)
{
    if (sink->is_open) {
        pump(sink);
    }
}

void sl_redis_sink_drain(struct sl_redis_sink *sink)
{
    sink->is_draining = true;
    sink->is_final = false;
    sl_redis_sink_pump(sink);
}

void sl_redis_sink_set_state(struct sl_redis_sink *sink, enum sl_sink_state state)
{
    if (sink->state == state) {
        return;
    }
    sink->state = state;
    sink->tick_due = true;
    sl_redis_sink_pump(sink);
}

void sl_redis_sink_forget(struct sl_redis_sink *sink)
{
    sink->has_acked = false;
}

const struct sl_position *sl_redis_sink_position(const struct sl_redis_sink *sink)
{
    return sink->has_acked ? &sink->acked : NULL;
}

const struct sl_sink_stats *sl_redis_sink_stats(const struct sl_redis_sink *sink)
{
    return &sink->stats;
}
