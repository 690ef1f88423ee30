/*
 * redis_sink_private.h - shared by the files of the sink (redis_sink.c: events and life,
 * redis_sink_groups.c, redis_sink_socket.c); for nobody else.
 */
#ifndef SLUICE_SINKS_REDIS_SINK_PRIVATE_H
#define SLUICE_SINKS_REDIS_SINK_PRIVATE_H

#include "sinks/flight.h"
#include "sinks/redis_sink.h"

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
    uint64_t began_us;  /* when the first part of that group was added */
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

/* ---- redis_sink.c ---- */

/* Bytes went or came, or the first of something is on its way. */
void sl_redis_sink_note_progress(struct sl_redis_sink *sink);
/* The session is over: nothing is sent any more, and the loop is told. */
void sl_redis_sink_fail(struct sl_redis_sink *sink, int status);
/* The same because of what was answered to a group. */
void sl_redis_sink_fail_group(struct sl_redis_sink *sink, enum sl_outcome outcome);

/* ---- redis_sink_groups.c ---- */

/* Puts what the reader has on its way, as far as there is room. */
int sl_redis_sink_take(struct sl_redis_sink *sink) SL_MUSTCHECK;
/* Groups without rows: the tick, the last checkpoint, the end of a group that is given up. */
int sl_redis_sink_finish(struct sl_redis_sink *sink) SL_MUSTCHECK;
/* Runs the purge that was taken, if nothing is on the way any more. */
int sl_redis_sink_purge(struct sl_redis_sink *sink) SL_MUSTCHECK;
/* The pause behind a large group is over. */
void sl_redis_sink_end_pause(struct sl_redis_sink *sink);

/* ---- redis_sink_socket.c ---- */

/* Writes what the socket takes of what is on its way, and waits for the rest. */
int sl_redis_sink_write(struct sl_redis_sink *sink) SL_MUSTCHECK;
/* Reads replies; what is acknowledged goes back to the reader. After a failure of a group the
 * session is over. */
int sl_redis_sink_read(struct sl_redis_sink *sink) SL_MUSTCHECK;
/* Nothing is on the way any more: the loop's pace is the usual one again. */
void sl_redis_sink_reset_pace(struct sl_redis_sink *sink);

#endif
