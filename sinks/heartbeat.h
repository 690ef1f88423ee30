/*
 * heartbeat.h - the key sluice:{PIPELINE}:heartbeat: a JSON object with a time to live, refreshed
 * every second, by which a reading service tells a fresh cache from a stale one.
 *
 *     {"state":"streaming","lag_seconds":0,"source_time":1700000000,"time":1700000000123,
 *      "file":"binlog.000007","pos":4242,"gtid":"…"}
 */
#ifndef SLUICE_SINKS_HEARTBEAT_H
#define SLUICE_SINKS_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/span.h"
#include "cdc/position.h"

enum { SL_HEARTBEAT_TTL_MS = 5000 };

/* Rows that were not written, and why; but for `waiting` since the writer last began to read the
   source. */
struct sl_heartbeat_rows {
    uint64_t unchanged;   /* updates of what is not kept */
    uint64_t filtered;    /* rows that do not match `where` */
    uint64_t quarantined; /* rows on which `where` failed */
    uint64_t waiting;     /* rows that are stale now, as they are still to be read again */
};

struct sl_heartbeat {
    const char *state;
    uint64_t lag_seconds; /* how old the newest change of the source that is not in the cache is; 0:
                             none */
    uint64_t wall_ms;
    const struct sl_position *position; /* acknowledged; may be NULL */
    struct sl_heartbeat_rows rows;      /* counts of 0 are left out */
    bool has_lag_bytes; /* how much of the source's log the sink does not have is known */
    uint64_t lag_bytes;
};

/* Appends "SET KEY json PX ttl". */
int sl_heartbeat_write(struct sl_buf *out, const char *key,
                       const struct sl_heartbeat *heartbeat) SL_MUSTCHECK;

/* What a reader of the key wants to know. */
struct sl_heartbeat_seen {
    char state[32];
    uint64_t lag_seconds;
    uint64_t source_time; /* seconds since 1970; 0: no change yet */
    uint64_t wall_ms;     /* when it was written, by the writer's clock */
    struct sl_heartbeat_rows rows;
    bool has_lag_bytes;
    uint64_t lag_bytes;
};

/* Reads the value of the key; members that it does not know are passed over. SL_EFORMAT. */
int sl_heartbeat_read(struct sl_span json, struct sl_heartbeat_seen *out) SL_MUSTCHECK;

#endif
