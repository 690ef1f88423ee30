/*
 * redis_sink.h - the way of batches into one Redis, and of acknowledgements back.
 *
 *     handoff -> take -> group: head | rows | checkpoint, tick, tail -> socket
 *                                              replies -> acknowledged position -> batch given back
 *
 * Driven by the loop thread that owns it. sl_redis_sink_open() waits; after it everything is
 * driven by events. A failure of any kind ends the session: what was not acknowledged is read again
 * from the checkpoint by the next one. Nothing is kept to be sent again.
 */
#ifndef SLUICE_SINKS_REDIS_SINK_H
#define SLUICE_SINKS_REDIS_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include <ev.h>

#include "cdc/base/clock.h"
#include "cdc/base/err.h"
#include "cdc/base/histogram.h"
#include "cdc/handoff.h"
#include "cdc/position.h"
#include "sinks/heartbeat.h"
#include "sinks/session.h"

/* For the heartbeat key. */
enum sl_sink_state {
    SL_SINK_STREAMING,
    SL_SINK_LOADING,      /* streaming, and some table is not whole yet, or nobody knows */
    SL_SINK_RECONNECTING, /* the source is away; the sink is fine */
    SL_SINK_STOPPING,
};

struct sl_sink_stats {
    uint64_t transactions;    /* acknowledged */
    uint64_t rows;            /* changes acknowledged, superseded ones too */
    uint64_t commands;        /* sent, for rows */
    uint64_t bytes;           /* sent, for rows */
    uint64_t groups;          /* MULTI/EXEC acknowledged */
    uint64_t purged;          /* keys removed for DROP and TRUNCATE */
    uint64_t acked_ms;        /* when a group was acknowledged last, monotonic; 0: none was */
    uint64_t checkpoint_ms;   /* the same of a group with a checkpoint */
    struct sl_histogram exec; /* from the moment a group is put on its way to its EXEC's reply */
    struct sl_histogram batch_rows; /* of batches with rows */
    struct sl_histogram batch_bytes;
};

struct sl_redis_sink_options {
    struct sl_session_options session;
    struct sl_handoff *handoff; /* borrowed */
    struct ev_loop *loop;       /* borrowed */
    const struct sl_clock *clock;
    /* The session is over; called once, from an event, never from a call of yours. STATUS as of
       sl_session_open(), and SL_EFENCED: another writer came or the data went back in time. */
    void (*lost)(void *user, int status, const char *why);
    /* When the newest change that was read was made, in seconds since 1970; 0: the source has none
       that was not read. For the lag in the heartbeat, while STREAMING or LOADING. */
    uint32_t (*source_time)(void *user);
    /* Fills in what the heartbeat says of rows; NULL: nothing. */
    void (*count_rows)(void *user, struct sl_heartbeat_rows *rows);
    /* How many bytes of the source's log the sink does not have, likewise; false: nobody knows. */
    bool (*lag_bytes)(void *user, uint64_t *bytes);
    /* Everything handed over is acknowledged; asked for by sl_redis_sink_drain(). */
    void (*drained)(void *user);
    void *user;
};

struct sl_redis_sink;

struct sl_redis_sink *sl_redis_sink_new(const struct sl_redis_sink_options *options);
void sl_redis_sink_free(struct sl_redis_sink *sink);

/* A session, see sl_session_open(). Afterwards events run. */
int sl_redis_sink_open(struct sl_redis_sink *sink, struct sl_err *err) SL_MUSTCHECK;
/* Ends the session at once; what is on the way counts as not applied. */
void sl_redis_sink_close(struct sl_redis_sink *sink, bool release_lease);

/* The handoff has something: called when its wake-up arrives. */
void sl_redis_sink_pump(struct sl_redis_sink *sink);
/* The reader has ended: sends what is whole, undoes what is not, then calls drained(). */
void sl_redis_sink_drain(struct sl_redis_sink *sink);
/* Said in the heartbeat at once. */
void sl_redis_sink_set_state(struct sl_redis_sink *sink, enum sl_sink_state state);

/* While closed: without a checkpoint in Redis the next session begins like a new pipeline's,
 * instead of failing with SL_EGAP. */
void sl_redis_sink_forget(struct sl_redis_sink *sink);

/* The last acknowledged position, or NULL when there is none yet (a new pipeline). */
const struct sl_position *sl_redis_sink_position(const struct sl_redis_sink *sink);
/* How old the newest change is that the sink does not have, in seconds; 0: none. */
uint64_t sl_redis_sink_lag(const struct sl_redis_sink *sink);
const struct sl_sink_stats *sl_redis_sink_stats(const struct sl_redis_sink *sink);

#endif
