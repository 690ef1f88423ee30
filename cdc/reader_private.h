/*
 * reader_private.h - shared by the files of the reader (reader.c: thread and life,
 * reader_batches.c, reader_handler.c, reader_savepoint.c, reader_load.c); for nobody else.
 */
#ifndef SLUICE_CDC_READER_PRIVATE_H
#define SLUICE_CDC_READER_PRIVATE_H

#include <pthread.h>

#include "cdc/reader.h"
#include "cdc/xa_hold.h"

/* A place in a transaction that the log may go back to. */
struct sl_savepoint {
    struct sl_buf name;
    struct sl_batch_mark mark;
    uint64_t parts; /* of the reader, when it was set: the mark is of that batch */
};

struct sl_reader {
    struct sl_reader_options options;
    struct sl_source *source;
    struct sl_mapper *mapper;
    struct sl_handoff *handoff;
    struct sl_stream *stream;
    struct sl_xa_hold *held;
    struct sl_batch *batch; /* being filled; NULL after a push */
    bool is_published;      /* the batch is offered to the loop: reclaim it before any event */
    bool group_is_open;     /* parts of the current transaction have been pushed */
    bool group_was_cut;     /* and one of these parts is applied on its own */
    bool is_xa;
    bool position_moved;
    uint64_t group_bytes;            /* pushed of the current transaction */
    uint64_t group_read;             /* bytes of its events, also of those that are of no concern */
    uint64_t parts;                  /* how often the current transaction got another batch */
    struct sl_savepoint *savepoints; /* of the current transaction, in order */
    size_t savepoint_count;
    size_t savepoint_cap;
    enum sl_start_kind kind;
    struct sl_position start;
    struct sl_reader_stats stats;
    atomic_bool stop;
    pthread_t thread;
    int status;
    struct sl_err err;
};

/* ---- batches ---- */

/* Sees to it that there is a batch to fill. Within a transaction a new one is a part of it. */
int sl_reader_need_batch(struct sl_reader *reader) SL_MUSTCHECK;
/* Passes the batch on; POSITION is the checkpoint behind it, NULL within a transaction. */
int sl_reader_push(struct sl_reader *reader, bool ends_group,
                   const struct sl_position *position) SL_MUSTCHECK;
/* Passes the batch on if it is full: a part of a transaction goes ahead. */
int sl_reader_push_if_full(struct sl_reader *reader) SL_MUSTCHECK;
/* Does not let complete transactions wait for the end of one that is long in coming. */
int sl_reader_push_earlier(struct sl_reader *reader) SL_MUSTCHECK;
bool sl_reader_batch_is_full(const struct sl_reader *reader);
/* Offers the batch, which has only complete transactions, and takes it back to add more. */
int sl_reader_publish(struct sl_reader *reader) SL_MUSTCHECK;
void sl_reader_reclaim(struct sl_reader *reader);

/* ---- savepoints ---- */

int sl_reader_savepoint(void *user, struct sl_span name, struct sl_err *err) SL_MUSTCHECK;
int sl_reader_rollback_to(void *user, struct sl_span name, struct sl_err *err) SL_MUSTCHECK;
/* A transaction begins: none of the last one's. */
void sl_reader_forget_savepoints(struct sl_reader *reader);
void sl_reader_free_savepoints(struct sl_reader *reader);

/* ---- the stream's events ---- */

struct sl_stream_handler sl_reader_handler(struct sl_reader *reader);
/* Removes keys in order with the rows around; takes PATTERN over. */
int sl_reader_purge(struct sl_reader *reader, struct sl_key_pattern *pattern) SL_MUSTCHECK;
/* Loads a table in order with the rows around; takes effect->purge over. */
int sl_reader_load(struct sl_reader *reader, const struct sl_effect *effect,
                   struct sl_err *err) SL_MUSTCHECK;

#endif
