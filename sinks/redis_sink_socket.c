/* redis_sink_socket.c - bytes to Redis and replies from it, as the socket takes and has them. */
#include "sinks/redis_sink_private.h"
#include "sinks/request.h"

enum {
    SL_BULK_BYTES = 512 * 1024,
    SL_PIECES = 48,
    SL_READ_BYTES = 64 * 1024,
};

#define SL_BULK_PAUSE 0.001 /* seconds */

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

int sl_redis_sink_write(struct sl_redis_sink *sink)
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
        sl_redis_sink_note_progress(sink);
    }
    want(sink, sink->flights.writing != NULL ? EV_READ | EV_WRITE : EV_READ);
    pace(sink);
    return SL_OK;
}

static void note_applied(struct sl_redis_sink *sink, uint64_t began_us, struct sl_batch *batch)
{
    uint64_t now_us = sl_clock_mono_us(sink->options.clock);

    sink->stats.groups++;
    sink->stats.acked_ms = now_us / 1000;
    sl_histogram_add(&sink->stats.exec, SL_SCALE_US, now_us - began_us);
    if (batch == NULL || !batch->has_position) {
        return;
    }
    /* Swapped, not copied: the batch is about to be cleared. */
    struct sl_position old = sink->acked;

    sink->acked = batch->position;
    batch->position = old;
    sink->has_acked = true;
    sink->stats.checkpoint_ms = now_us / 1000;
}

static void count_batch(struct sl_redis_sink *sink, const struct sl_batch *batch, uint64_t commands)
{
    struct sl_sink_stats *stats = &sink->stats;

    stats->transactions += batch->transactions;
    stats->rows += batch->rows;
    stats->commands += commands;
    stats->bytes += batch->data.len;
    if (batch->rows > 0) {
        sl_histogram_add(&stats->batch_rows, SL_SCALE_ROWS, batch->rows);
        sl_histogram_add(&stats->batch_bytes, SL_SCALE_BYTES, batch->data.len);
    }
}

static void retire_first(struct sl_redis_sink *sink, bool applied)
{
    struct sl_flight *flight = sink->flights.first;
    uint64_t commands = flight->body_replies;
    uint64_t began_us = flight->began_us;
    struct sl_batch *batch = sl_flights_shift(&sink->flights);

    if (applied) {
        note_applied(sink, began_us, batch);
    }
    if (batch == NULL) {
        return;
    }
    count_batch(sink, batch, commands);
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
            sl_redis_sink_fail_group(sink, outcome);
            return SL_ESINK;
        }
    }
    return rc == SL_AGAIN ? SL_OK : rc;
}

int sl_redis_sink_read(struct sl_redis_sink *sink)
{
    static _Thread_local char data[SL_READ_BYTES];
    int rc;

    do {
        size_t done = 0;

        rc = sl_transport_read(&sink->session.transport, data, sizeof(data), &done, &sink->err);
        if (rc == SL_AGAIN) {
            return SL_OK;
        }
        sl_redis_sink_note_progress(sink);
        if (rc == SL_OK) {
            rc = sl_reply_feed(sink->replies, data, done, &sink->err);
        }
        if (rc == SL_OK) {
            rc = take_replies(sink);
        }
    } while (rc == SL_OK && sl_transport_has_pending(&sink->session.transport));
    return rc;
}

void sl_redis_sink_reset_pace(struct sl_redis_sink *sink)
{
    pace(sink);
}
