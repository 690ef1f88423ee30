/*
 * checkpoint.h - the position in Redis: hash sluice:{PIPELINE}:checkpoint.
 *
 *     version      1
 *     gtid         MySQL GTID set or MariaDB GTID list; "" without GTIDs
 *     file, pos    binary log file and offset of the next event
 *     server_uuid  of the source
 *     event_time   seconds since 1970 of the last transaction
 *     safe_gtid, safe_file, safe_pos   the last position that was known to be applied without any
 *                  error when this one was sent
 *     applied_file, applied_pos   while a prepared XA transaction keeps the position back: as far
 * as all else was applied run_id, errors   which Redis process, and how many error replies it had
 * counted, when the writer came: see sl_checkpoint_read()
 */
#ifndef SLUICE_SINKS_CHECKPOINT_H
#define SLUICE_SINKS_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/position.h"

enum {
    SL_CHECKPOINT_VERSION = 1,
    SL_RUN_ID_MAX = 64,
};

/* Which Redis answers, and whether a write of ours can have failed unseen since. */
struct sl_redis_life {
    char run_id[SL_RUN_ID_MAX]; /* INFO server: run_id; "" unknown */
    int64_t errors;             /* INFO stats: total_error_replies, from Redis 6.2 on; -1 unknown */
};

/* "sluice:{PIPELINE}:NAME" in OUT. */
int sl_pipeline_key(const char *pipeline, const char *name, struct sl_buf *out) SL_MUSTCHECK;

/* Appends "HSET KEY field value …" with POSITION, and SAFE as the safe one. */
int sl_checkpoint_write(struct sl_buf *out, const char *key, const struct sl_position *position,
                        const struct sl_position *safe,
                        const struct sl_redis_life *life) SL_MUSTCHECK;

/* One field of an HGETALL reply. */
struct sl_field {
    struct sl_span name;
    struct sl_span value;
};

/*
 * Reads POSITION from the COUNT fields of the hash. It is the last one written, unless a command of
 * it can have failed without the writer having seen it (a WRONGTYPE inside an EXEC that was not
 * yet acknowledged when the writer died), or a group before it may have been refused: then it is
 * the safe one. LIFE is the Redis that answers now. SL_EFORMAT: not a checkpoint of ours.
 */
int sl_checkpoint_read(const struct sl_field *fields, size_t count,
                       const struct sl_redis_life *life, struct sl_position *position,
                       struct sl_err *err) SL_MUSTCHECK;

/* The last position that was written, whatever may have failed: for people. */
int sl_checkpoint_read_last(const struct sl_field *fields, size_t count,
                            struct sl_position *position, struct sl_err *err) SL_MUSTCHECK;

#endif
