/*
 * snapshot.h - loads tables while the stream goes on: the one mechanism behind the first load,
 * `sluice bootstrap`, "load this table again" and the repair of single keys.
 *
 *     table:  open, watch -> [ window: low, read a chunk, high -> visit: put the rows that the
 *             stream has not changed since low, and the progress ] … -> sweep -> done
 *
 * It belongs to one life of a reader: it begins when the reader was started and is over (joined)
 * before the reader is freed. To end it, stop the reader as well: a worker may wait for a place in
 * the stream. What it has to do it finds in the sink (load_state.h), where each chunk leaves
 * its progress in one step with its rows; so the next life goes on where this one ended.
 *
 * Rows that changed between low and the visit are left to the stream, which has written them, or,
 * where it had only part of the row (binlog_row_image=MINIMAL), are read again. So are, by a worker
 * of their own and at once, rows that the stream could not write at all (rereads.h). A DDL
 * statement on the table begins its load anew. At the end keys without a row are removed (the
 * sweep), if there were keys of the table when its load began.
 */
#ifndef SLUICE_CDC_SNAPSHOT_H
#define SLUICE_CDC_SNAPSHOT_H

#include <stdatomic.h>

#include "cdc/base/err.h"
#include "cdc/chunk.h"
#include "cdc/load_store.h"
#include "cdc/mapper.h"
#include "cdc/reader.h"

struct sl_snapshot_options {
    struct sl_reader *reader; /* all are borrowed */
    struct sl_mapper *mapper; /* only what mapper.h allows to any thread */
    /* One for each table that is loaded at the same time, each used by one thread; the first one
       also lists. */
    struct sl_chunk_reader *const *chunk_readers;
    struct sl_load_store *const *stores;
    size_t worker_count; /* of both */
    /* For rows that the stream has noted (rereads.h); NULL, both: the reader notes none. */
    struct sl_chunk_reader *reread_chunks;
    struct sl_load_store *reread_store;
    struct sl_load_store *redelete_store; /* for keys that are to be removed once more, or NULL */
    /* A chunk may have, as commands; so should rows that are read again together. */
    size_t chunk_bytes;
    size_t batch_bytes;           /* of a chunk are put together; 0: all */
    size_t watch_bytes;           /* that may be kept of changed keys */
    uint32_t chunk_ms;            /* a SELECT should take; chunks grow and shrink to that */
    uint32_t max_threads_running; /* at the source; above it loading pauses; 0: no limit */
    uint32_t max_lag_s;           /* of the stream, likewise */
    uint32_t poll_ms;             /* how often requests are looked for */
    uint64_t rate;                /* of tables that are chosen newly: rows a second; 0: no limit */
    /* Called for what an operator should know of; any thread. */
    void (*notice)(void *user, bool is_warning, const char *text);
    /* Called when has_looked, is_loading or has_ended in its stats changed; any thread. */
    void (*changed)(void *user);
    void *user;
};

/* Read by other threads while it runs. */
struct sl_snapshot_stats {
    atomic_uint_fast64_t rows;    /* read by SELECT */
    atomic_uint_fast64_t put;     /* of these, written */
    atomic_uint_fast64_t queries; /* SELECTs of rows */
    atomic_uint_fast64_t query_us;
    atomic_uint_fast64_t removed; /* keys without a row */
    atomic_bool has_looked;       /* the sink was asked for what is to be done once */
    atomic_bool is_loading;       /* some table is not done */
    atomic_bool has_ended;        /* failed, or stopped: sl_snapshot_join() will not wait */
};

struct sl_snapshot;

/* NULL when out of memory. */
struct sl_snapshot *sl_snapshot_new(const struct sl_snapshot_options *options);
void sl_snapshot_free(struct sl_snapshot *snapshot);
int sl_snapshot_start(struct sl_snapshot *snapshot, struct sl_err *err) SL_MUSTCHECK;
/* Asks it to end, from any thread; interrupts its readers and stores. */
void sl_snapshot_stop(struct sl_snapshot *snapshot);
/* Waits for its end and says why: SL_ESTOPPED (also when the reader ended), or a failure with ERR
   that makes the next life begin where this one was. */
int sl_snapshot_join(struct sl_snapshot *snapshot, struct sl_err *err);
const struct sl_snapshot_stats *sl_snapshot_stats(const struct sl_snapshot *snapshot);

#endif
