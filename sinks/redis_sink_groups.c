/* redis_sink_groups.c - which batches are taken when, and what stands around their rows. */
#include <stdlib.h>
#include <string.h>

#include "cdc/resp.h"
#include "sinks/heartbeat.h"
#include "sinks/purge.h"
#include "sinks/redis_sink_private.h"

enum {
    /* A published batch is taken while fewer groups than this are on the way, so that transactions
       gather in it while Redis is busy. Full ones go as long as the bytes allow, for distant
       servers. */
    SL_GROUPS_IN_FLIGHT = 3,
    SL_BYTES_IN_FLIGHT = 2 * 1024 * 1024,
};

/*
 * Behind a group of many rows the next transactions are left to gather for a moment: small groups
 * cost Redis more for the same rows, and of rows that replace each other each group writes the last
 * states again. Batches that are full do not wait.
 */
enum { SL_GATHER_ROWS = 64 };

#define SL_GATHER_PAUSE     0.001 /* seconds */
#define SL_GATHER_HOT_PAUSE 0.003 /* when most rows were replaced */

uint64_t sl_redis_sink_lag(const struct sl_redis_sink *sink)
{
    uint64_t now = sl_clock_wall_ms(sink->options.clock) / 1000;
    uint64_t newest = sink->acked.event_time;

    if ((sink->state == SL_SINK_STREAMING || sink->state == SL_SINK_LOADING) &&
        sink->flights.count == 0) {
        newest = sink->options.source_time(sink->options.user);
    }
    return newest > 0 && now > newest ? now - newest : 0;
}

/* The lease and the heartbeat ride on whatever group comes next. */
static int add_tick(struct sl_redis_sink *sink, struct sl_buf *out, uint64_t *replies)
{
    static const char *const names[] = {
        [SL_SINK_STREAMING] = "streaming",
        [SL_SINK_LOADING] = "loading",
        [SL_SINK_RECONNECTING] = "reconnecting",
        [SL_SINK_STOPPING] = "stopping",
    };
    struct sl_heartbeat heartbeat = {
        .state = names[sink->state],
        .lag_seconds = sl_redis_sink_lag(sink),
        .wall_ms = sl_clock_wall_ms(sink->options.clock),
        .position = sink->has_acked ? &sink->acked : NULL,
    };
    int rc;

    if (!sink->tick_due) {
        return SL_OK;
    }
    sink->tick_due = false;
    if (sink->options.count_rows != NULL) {
        sink->options.count_rows(sink->options.user, &heartbeat.rows);
    }
    heartbeat.has_lag_bytes = sink->options.lag_bytes != NULL &&
                              sink->options.lag_bytes(sink->options.user, &heartbeat.lag_bytes);
    rc = sl_session_add_lease(&sink->session, out);
    if (rc == SL_OK) {
        rc = sl_heartbeat_write(out, (const char *)sink->session.heartbeat_key.data, &heartbeat);
    }
    *replies += 2;
    return rc;
}

static int purge_tick(void *user, struct sl_buf *out, uint64_t *replies)
{
    struct sl_redis_sink *sink = user;

    /* No timer fires while a purge runs: look at the clock here. */
    sink->tick_due = true;
    return add_tick(sink, out, replies);
}

static int add_checkpoint(struct sl_redis_sink *sink, struct sl_flight *flight,
                          const struct sl_position *position)
{
    flight->tail_replies++;
    return sl_checkpoint_write(&flight->tail, (const char *)sink->session.checkpoint_key.data,
                               position, sink->has_acked ? &sink->acked : position,
                               &sink->session.life);
}

static int add_group_end(struct sl_redis_sink *sink, struct sl_flight *flight)
{
    int rc = SL_OK;

    flight->ends_group = true;
    if (flight->batch != NULL && flight->batch->has_position) {
        rc = add_checkpoint(sink, flight, &flight->batch->position);
    } else if (flight->batch == NULL && sink->is_draining && sink->has_acked) {
        rc = add_checkpoint(sink, flight, &sink->acked);
    }
    if (rc == SL_OK) {
        rc = add_tick(sink, &flight->tail, &flight->tail_replies);
    }
    if (rc == SL_OK) {
        rc = sl_session_add_tail(&sink->session, &flight->tail);
    }
    flight->tail_replies += SL_SESSION_TAIL_REPLIES - 1;
    return rc;
}

static int add_discard(struct sl_flight *flight)
{
    static const char *const discard[] = {"DISCARD"};

    flight->ends_group = true;
    flight->is_discard = true;
    return sl_resp_command(&flight->tail, 1, discard);
}

/* BATCH may be NULL: a group of its own for the tick, or the end of a group that is given up. */
static int add_flight(struct sl_redis_sink *sink, struct sl_batch *batch, bool discards)
{
    struct sl_flight *flight = sl_flights_new(&sink->flights);
    bool ends = batch == NULL || batch->ends_group;
    int rc = flight != NULL ? SL_OK : SL_ENOMEM;

    if (rc == SL_OK) {
        flight->batch = batch;
        flight->body_replies = batch != NULL && !discards ? sl_batch_commands(batch) : 0;
    }
    if (rc == SL_OK && !sink->group_is_open) {
        flight->head_replies = SL_SESSION_HEAD_REPLIES;
        rc = sl_session_add_head(&sink->session, &flight->head);
    }
    if (rc == SL_OK && ends) {
        rc = discards ? add_discard(flight) : add_group_end(sink, flight);
    }
    if (flight != NULL) {
        sink->began_us =
            sink->group_is_open ? sink->began_us : sl_clock_mono_us(sink->options.clock);
        flight->began_us = sink->began_us;
        sink->group_is_open = !ends;
        if (sink->flights.count == 0) {
            sl_redis_sink_note_progress(sink);
        }
        sl_flights_add(&sink->flights, flight);
    }
    return rc;
}

static enum sl_take what_to_take(const struct sl_redis_sink *sink)
{
    if (sink->group_is_open || sink->flights.count >= SL_GROUPS_IN_FLIGHT) {
        return SL_TAKE_QUEUED;
    }
    if (sink->tick_due || sink->is_draining) {
        return SL_TAKE_ANY;
    }
    return sink->is_gathering ? SL_TAKE_QUEUED : SL_TAKE_ROWS;
}

static void let_gather(struct sl_redis_sink *sink, const struct sl_batch *batch)
{
    bool is_hot = batch->rows >= 2 * (uint64_t)batch->entry_count;

    if (batch->rows >= SL_GATHER_ROWS) {
        sink->gather.repeat = is_hot ? SL_GATHER_HOT_PAUSE : SL_GATHER_PAUSE;
        ev_timer_again(sink->options.loop, &sink->gather);
        sink->is_gathering = true;
    }
}

/*
 * The first position of a new pipeline, the place that it begins at, is waited for: it is the safe
 * position of the groups behind it, which otherwise would have none but their own.
 */
static bool has_room(const struct sl_redis_sink *sink)
{
    return sink->flights.count == 0 ||
           (sink->has_acked && sink->flights.bytes < SL_BYTES_IN_FLIGHT);
}

int sl_redis_sink_take(struct sl_redis_sink *sink)
{
    int rc = SL_OK;

    while (rc == SL_OK && sink->purge == NULL && has_room(sink)) {
        struct sl_batch *batch = sl_handoff_take(sink->options.handoff, what_to_take(sink));

        if (batch == NULL) {
            break;
        }
        if (batch->task == SL_TASK_PURGE) {
            sink->purge = batch;
        } else {
            let_gather(sink, batch);
            rc = add_flight(sink, batch, batch->discards_group);
        }
    }
    return rc;
}

/*
 * The reader is gone: a group that it did not end never will be. But its end may lie in the queue,
 * when there was no room for it yet: to give up then would lose the parts before it.
 */
static bool is_given_up(const struct sl_redis_sink *sink)
{
    return sink->is_draining && sink->group_is_open &&
           !sl_handoff_has_queued(sink->options.handoff);
}

int sl_redis_sink_finish(struct sl_redis_sink *sink)
{
    if (sink->purge != NULL) {
        return SL_OK;
    }
    if (is_given_up(sink)) {
        return add_flight(sink, NULL, true);
    }
    if (sink->flights.count > 0 || sink->group_is_open) {
        return SL_OK;
    }
    if (sink->is_draining && !sink->is_final) {
        /* All was seen to be applied: a checkpoint that says so needs no safe one before it. */
        sink->is_final = true;
        return add_flight(sink, NULL, false);
    }
    return sink->tick_due ? add_flight(sink, NULL, false) : SL_OK;
}

int sl_redis_sink_purge(struct sl_redis_sink *sink)
{
    struct sl_batch *batch = sink->purge;
    int rc;

    if (batch == NULL || sink->flights.count > 0) {
        return SL_OK;
    }
    sink->purge = NULL;
    rc = sl_purge_run(&sink->session, batch->purge, purge_tick, sink, &sink->stats.purged,
                      &sink->err);
    sl_handoff_give_back(sink->options.handoff, batch);
    return rc;
}

void sl_redis_sink_end_pause(struct sl_redis_sink *sink)
{
    ev_timer_stop(sink->options.loop, &sink->gather);
    sink->is_gathering = false;
}
