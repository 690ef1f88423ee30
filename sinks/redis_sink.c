#include "sinks/redis_sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/resp.h"
#include "sinks/flight.h"
#include "sinks/heartbeat.h"
#include "sinks/purge.h"
#include "sinks/request.h"

enum {
    /* A published batch is taken while fewer groups than this are on the way, so that transactions
       gather in it while Redis is busy. Full ones go as long as the bytes allow, for distant
       servers. */
    SL_GROUPS_IN_FLIGHT = 3,
    SL_BYTES_IN_FLIGHT = 2 * 1024 * 1024,
    SL_BULK_BYTES = 512 * 1024,
    SL_PIECES = 48,
    SL_READ_BYTES = 64 * 1024,
    /* How long Redis may neither take nor send a byte while something is on the way: a peer that
       went without a word is noticed, and who asked for a stop does not wait for ever. */
    SL_STALL_MS = 30000,
    SL_STALL_STOPPING_MS = 5000,
};

#define SL_BULK_PAUSE 0.001 /* seconds */

/*
 * Behind a group of many rows the next transactions are left to gather for a moment: small groups
 * cost Redis more for the same rows, and of rows that replace each other each group writes the last
 * states again. Batches that are full do not wait.
 */
enum { SL_GATHER_ROWS = 64 };

#define SL_GATHER_PAUSE     0.001 /* seconds */
#define SL_GATHER_HOT_PAUSE 0.003 /* when most rows were replaced */

struct sl_redis_sink {
    struct sl_redis_sink_options options;
    struct sl_session session;
    struct sl_reply_reader *replies;
    struct sl_flights flights;
    struct ev_io io;
    struct ev_timer tick;
    struct ev_timer gather;
    struct ev_timer failure; /* fires at once: a failure is told from an event of its own */
    bool is_open;
    bool is_draining;
    bool is_final;      /* draining: the last checkpoint is on its way, or not needed */
    bool group_is_open; /* the last part that was added did not end its group */
    bool tick_due;
    bool is_gathering;      /* transactions are left to gather until the timer fires */
    bool is_bulk;           /* see pace() */
    uint64_t moved_ms;      /* when bytes went or came last, or nothing was on the way */
    struct sl_batch *purge; /* waits until nothing is on the way */
    struct sl_position acked;
    bool has_acked;
    enum sl_sink_state state;
    struct sl_sink_stats stats;
    struct sl_err err;
};

static void pump(struct sl_redis_sink *sink);

/* ---- failure ---- */

static void on_failure(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct sl_redis_sink *sink = timer->data;

    (void)loop;
    (void)events;
    sink->options.lost(sink->options.user, sink->err.status, sink->err.text);
}

/* The session is over: nothing is sent any more, and the loop is told. */
static void fail(struct sl_redis_sink *sink, int status)
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

static void fail_group(struct sl_redis_sink *sink, enum sl_outcome outcome)
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
    fail(sink, sink->err.status);
}

/* ---- groups ---- */

static void note_progress(struct sl_redis_sink *sink)
{
    sink->moved_ms = sl_clock_mono_ms(sink->options.clock);
}

static uint64_t lag_seconds(const struct sl_redis_sink *sink)
{
    uint64_t now = sl_clock_wall_ms(sink->options.clock) / 1000;
    uint64_t newest = sink->acked.event_time;

    if (sink->state == SL_SINK_STREAMING && sink->flights.count == 0) {
        newest = sink->options.source_time(sink->options.user);
    }
    return newest > 0 && now > newest ? now - newest : 0;
}

/* The lease and the heartbeat ride on whatever group comes next. */
static int add_tick(struct sl_redis_sink *sink, struct sl_buf *out, uint64_t *replies)
{
    static const char *const names[] = {
        [SL_SINK_STREAMING] = "streaming",
        [SL_SINK_RECONNECTING] = "reconnecting",
        [SL_SINK_STOPPING] = "stopping",
    };
    struct sl_heartbeat heartbeat = {
        .state = names[sink->state],
        .lag_seconds = lag_seconds(sink),
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
        sink->group_is_open = !ends;
        if (sink->flights.count == 0) {
            note_progress(sink);
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

static int take_batches(struct sl_redis_sink *sink)
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

/* The reader is gone: a group that it did not end never will be. */
static int finish_groups(struct sl_redis_sink *sink)
{
    if (sink->purge != NULL) {
        return SL_OK;
    }
    if (sink->is_draining && sink->group_is_open) {
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

static int run_purge(struct sl_redis_sink *sink)
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

/* ---- sockets ---- */

static void want(struct sl_redis_sink *sink, int events)
{
    if (sink->io.events == (events | EV__IOFDSET) || sink->io.events == events) {
        return;
    }
    ev_io_stop(sink->options.loop, &sink->io);
    ev_io_set(&sink->io, sink->session.transport.fd, events);
    ev_io_start(sink->options.loop, &sink->io);
}

/*
 * Redis answers a long pipeline some hundred bytes at a time, and waking up for each costs more
 * than reading it. With work for milliseconds on the way nobody waits for the first of its replies.
 */
static void pace(struct sl_redis_sink *sink)
{
    bool is_bulk = sink->flights.bytes >= SL_BULK_BYTES;

    if (is_bulk != sink->is_bulk) {
        sink->is_bulk = is_bulk;
        ev_set_io_collect_interval(sink->options.loop, is_bulk ? SL_BULK_PAUSE : 0.);
    }
}

static int write_flights(struct sl_redis_sink *sink)
{
    while (sink->flights.writing != NULL) {
        struct iovec iov[SL_PIECES];
        int count = sl_flights_pieces(&sink->flights, iov, SL_PIECES);
        size_t done = 0;
        int rc = sl_transport_write(&sink->session.transport, iov, count, &done, &sink->err);

        if (rc == SL_AGAIN) {
            break;
        }
        if (rc != SL_OK) {
            return rc;
        }
        sl_flights_wrote(&sink->flights, done);
        note_progress(sink);
    }
    want(sink, sink->flights.writing != NULL ? EV_READ | EV_WRITE : EV_READ);
    pace(sink);
    return SL_OK;
}

static void note_applied(struct sl_redis_sink *sink, struct sl_batch *batch)
{
    sink->stats.groups++;
    if (batch == NULL || !batch->has_position) {
        return;
    }
    /* Swapped, not copied: the batch is about to be cleared. */
    struct sl_position old = sink->acked;

    sink->acked = batch->position;
    batch->position = old;
    sink->has_acked = true;
}

static void retire_first(struct sl_redis_sink *sink, bool applied)
{
    struct sl_flight *flight = sink->flights.first;
    uint64_t commands = flight->body_replies;
    struct sl_batch *batch = sl_flights_shift(&sink->flights);

    if (applied) {
        note_applied(sink, batch);
    }
    if (batch == NULL) {
        return;
    }
    sink->stats.transactions += batch->transactions;
    sink->stats.rows += batch->rows;
    sink->stats.commands += commands;
    sink->stats.bytes += batch->data.len;
    sl_handoff_give_back(sink->options.handoff, batch);
}

static int take_replies(struct sl_redis_sink *sink)
{
    struct sl_reply reply;
    int rc;

    while ((rc = sl_reply_next(sink->replies, &reply, &sink->err)) == SL_OK) {
        enum sl_outcome outcome = sl_flights_reply(&sink->flights, &reply);

        switch (outcome) {
        case SL_OUTCOME_MORE:
            break;
        case SL_OUTCOME_PART:
        case SL_OUTCOME_DISCARDED:
            retire_first(sink, false);
            break;
        case SL_OUTCOME_APPLIED:
            retire_first(sink, true);
            break;
        case SL_OUTCOME_FENCED:
        case SL_OUTCOME_FAILED:
            fail_group(sink, outcome);
            return SL_ESINK;
        }
    }
    return rc == SL_AGAIN ? SL_OK : rc;
}

static int read_replies(struct sl_redis_sink *sink)
{
    static _Thread_local char data[SL_READ_BYTES];
    int rc;

    do {
        size_t done = 0;

        rc = sl_transport_read(&sink->session.transport, data, sizeof(data), &done, &sink->err);
        if (rc == SL_AGAIN) {
            return SL_OK;
        }
        note_progress(sink);
        if (rc == SL_OK) {
            rc = sl_reply_feed(sink->replies, data, done, &sink->err);
        }
        if (rc == SL_OK) {
            rc = take_replies(sink);
        }
    } while (rc == SL_OK && sl_transport_has_pending(&sink->session.transport));
    return rc;
}

static void on_io(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct sl_redis_sink *sink = io->data;
    int rc = SL_OK;

    (void)loop;
    if ((events & EV_READ) != 0) {
        rc = read_replies(sink);
    }
    if (rc != SL_OK) {
        fail(sink, rc);
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
        fail(sink, SL_EIO);
        return;
    }
    sink->tick_due = true;
    pump(sink);
}

static void on_gathered(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct sl_redis_sink *sink = timer->data;

    (void)events;
    ev_timer_stop(loop, timer);
    sink->is_gathering = false;
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
        rc = take_batches(sink);
        if (rc == SL_OK) {
            rc = finish_groups(sink);
        }
        if (rc != SL_OK || sink->purge == NULL || sink->flights.count > 0) {
            break;
        }
        rc = run_purge(sink);
    }
    if (rc == SL_OK) {
        rc = write_flights(sink);
    }
    if (rc != SL_OK) {
        fail(sink, rc);
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
    ev_timer_stop(sink->options.loop, &sink->gather);
    sink->is_gathering = false;
    give_back_all(sink);
    sl_flights_release(&sink->flights);
    pace(sink);
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
    sink->state = state;
}

const struct sl_position *sl_redis_sink_position(const struct sl_redis_sink *sink)
{
    return sink->has_acked ? &sink->acked : NULL;
}

const struct sl_sink_stats *sl_redis_sink_stats(const struct sl_redis_sink *sink)
{
    return &sink->stats;
}
