/*
 * reader_private.h - shared by the files of the reader (reader.c: thread and life,
 * reader_batches.c, reader_handler.c, reader_savepoint.c, reader_load.c, reader_visit.c,
 * reader_put.c, reader_watch.c, reader_rereads.c, reader_rules.c); for nobody else.
 */
#ifndef SLUICE_CDC_READER_PRIVATE_H
#define SLUICE_CDC_READER_PRIVATE_H

#include <pthread.h>

#include "cdc/reader.h"
#include "cdc/table_watch.h"
#include "cdc/xa_hold.h"

/* A place in a transaction that the log may go back to. */
struct sl_savepoint {
    struct sl_buf name;
    struct sl_batch_mark mark;
    uint64_t parts; /* of the reader, when it was set: the mark is of that batch */
};

struct sl_visit; /* one that waits, on its thread's stack */

/*
 * The door for other threads. The reader holds the lock but while it waits for an event or for a
 * visitor that it has let in; whoever holds it may use the reader as the reader's thread does.
 */
struct sl_visits {
    pthread_mutex_t lock;
    pthread_cond_t left;    /* who was let in has left */
    struct sl_visit *first; /* waiting, in the order that they came */
    bool is_begun;          /* there is a stream, and its first group is on the way */
    bool is_away;           /* the reader waits for an event */
    bool is_inside;         /* it waits for who was let in */
    bool has_ended;
    int failure; /* a visitor could not pass on what the stream had gathered: it is lost */
    struct sl_table_watch **watches; /* borrowed */
    size_t watch_count;
    size_t watch_cap;
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
    uint64_t begun; /* transactions, for those that count them by table */
    pthread_mutex_t place_lock;
    struct sl_log_place place; /* under the lock; a copy for other threads */
    struct sl_visits visits;
    atomic_uint_fast64_t first_mark; /* behind what goes before the stream; the most: not put yet */
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

/* ---- rules ---- */

/* Compiles the rule for TABLE, whose rows will be written, and notes what its keys are made with.
 */
int sl_reader_use_table(struct sl_reader *reader, struct sl_table *table,
                        struct sl_err *err) SL_MUSTCHECK;
/* Adds what was noted to the batch. */
int sl_reader_flush_rules(struct sl_reader *reader, struct sl_err *err) SL_MUSTCHECK;

/* ---- savepoints ---- */

int sl_reader_savepoint(void *user, struct sl_span name, struct sl_err *err) SL_MUSTCHECK;
int sl_reader_rollback_to(void *user, struct sl_span name, struct sl_err *err) SL_MUSTCHECK;
/* A transaction begins: none of the last one's. */
void sl_reader_forget_savepoints(struct sl_reader *reader);
void sl_reader_free_savepoints(struct sl_reader *reader);

/* ---- visitors ---- */

int sl_reader_visits_init(struct sl_visits *visits) SL_MUSTCHECK;
void sl_reader_visits_release(struct sl_visits *visits);
/* From here to leave() the thread holds the lock but for next(). */
void sl_reader_visits_enter(struct sl_reader *reader);
void sl_reader_visits_leave(struct sl_reader *reader);
/* Gets the next event; visitors have their turn before and meanwhile. */
int sl_reader_visits_next(struct sl_reader *reader, struct sl_span *event) SL_MUSTCHECK;
/* All who wait, and who will come, are sent away. */
void sl_reader_visits_end(struct sl_reader *reader);

/* ---- watches ---- */

static inline bool sl_reader_is_watched(const struct sl_reader *reader)
{
    return reader->visits.watch_count > 0;
}

/* True when rows of TABLE are being read: those that the stream changes meanwhile are left to it.
 */
bool sl_reader_watches(const struct sl_reader *reader, const struct sl_table *table);
/* The batch's entries from number FROM on were written by TABLE (NULL: which is not known). */
void sl_reader_watch_note(struct sl_reader *reader, const struct sl_table *table, uint32_t from);
/* They are about to be undone. */
void sl_reader_watch_undo(struct sl_reader *reader, uint32_t from);
/* What the transaction wrote in parts that have been passed on comes to nothing, too. */
void sl_reader_watch_undo_parts(struct sl_reader *reader);
void sl_reader_watch_ddl(struct sl_reader *reader, const struct sl_ddl *ddl);

/* ---- keys that are to be read again ---- */

/* The batch's entries from number FROM on are final: hands the notes among them over. */
int sl_reader_note_rereads(struct sl_reader *reader, uint32_t from) SL_MUSTCHECK;
/* At the end of a transaction: says in the batch which tables have met the limit, and rings. */
int sl_reader_end_rereads(struct sl_reader *reader) SL_MUSTCHECK;

/* ---- the stream's events ---- */

struct sl_stream_handler sl_reader_handler(struct sl_reader *reader);
/* Does to the cache what the mapper says that a statement does. */
int sl_reader_carry_out(struct sl_reader *reader, const struct sl_ddl *ddl,
                        struct sl_err *err) SL_MUSTCHECK;
/* Removes keys in order with the rows around; takes PATTERN over. */
int sl_reader_purge(struct sl_reader *reader, struct sl_key_pattern *pattern) SL_MUSTCHECK;
/* Loads a table in order with the rows around; takes effect->purge over. */
int sl_reader_load(struct sl_reader *reader, const struct sl_effect *effect,
                   struct sl_err *err) SL_MUSTCHECK;

#endif
