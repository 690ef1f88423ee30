#include "cdc/reader.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdc/xa_hold.h"

enum {
    /* A batch full of rows that replaced each other may grow to this many times its size before
       it is passed on: the longer the sink is busy, the fewer commands it has to be sent. */
    SL_COALESCE_FACTOR = 16,
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
    uint64_t group_bytes;   /* pushed of the current transaction */
    enum sl_start_kind kind;
    struct sl_position start;
    struct sl_reader_stats stats;
    atomic_bool stop;
    pthread_t thread;
    int status;
    struct sl_err err;
};

/* ---- batches ---- */

static int need_batch(struct sl_reader *reader)
{
    return reader->batch != NULL ? SL_OK : sl_handoff_get(reader->handoff, &reader->batch);
}

static int push(struct sl_reader *reader, bool ends_group, const struct sl_position *position)
{
    struct sl_batch *batch = reader->batch;

    batch->begins_group = !reader->group_is_open;
    batch->ends_group = ends_group;
    reader->group_is_open = !ends_group;
    reader->batch = NULL;
    return sl_handoff_push(reader->handoff, batch, position);
}

static void publish(struct sl_reader *reader)
{
    reader->batch->begins_group = true;
    reader->batch->ends_group = true;
    sl_handoff_publish(reader->handoff, reader->batch, sl_stream_position(reader->stream));
    reader->batch = NULL;
    reader->is_published = true;
    reader->position_moved = false;
}

static void reclaim(struct sl_reader *reader)
{
    if (reader->is_published) {
        reader->batch = sl_handoff_reclaim(reader->handoff);
        reader->is_published = false;
    }
}

static bool is_full(const struct sl_reader *reader)
{
    size_t size = reader->options.batch_bytes;

    return sl_batch_live_bytes(reader->batch) >= size ||
           reader->batch->data.len >= size * SL_COALESCE_FACTOR;
}

/*
 * A large transaction gets a group to itself, so that it can be undone by itself: the complete transactions
 * before it in the batch are pushed, with the entries that it had made superfluous.
 */
static int split_off(struct sl_reader *reader)
{
    struct sl_batch *earlier = reader->batch;
    int rc;

    reader->batch = NULL;
    rc = need_batch(reader);
    if (rc == SL_OK) {
        rc = sl_batch_append(reader->batch, earlier, false);
    }
    if (rc != SL_OK) {
        sl_batch_free(earlier);
        return rc;
    }
    sl_batch_rollback(earlier);
    earlier->begins_group = true;
    earlier->ends_group = true;
    return sl_handoff_push(reader->handoff, earlier, sl_stream_position(reader->stream));
}

/* A part of a transaction goes ahead; the sink keeps it in an open MULTI until the rest is there. */
static int push_part(struct sl_reader *reader)
{
    bool cut;
    int rc;

    if (reader->batch->mark_entry > 0) {
        return split_off(reader);
    }
    reader->group_bytes += reader->batch->data.len;
    cut = reader->group_bytes >= reader->options.max_transaction_bytes;
    if (cut) {
        reader->group_bytes = 0;
        reader->group_was_cut = true;
    }
    rc = push(reader, cut, NULL);
    if (rc == SL_OK) {
        rc = need_batch(reader);
    }
    if (rc == SL_OK) {
        sl_batch_mark(reader->batch);
    }
    return rc;
}

/* ---- the stream's handler ---- */

static int on_begin(void *user, bool is_xa, struct sl_err *err)
{
    struct sl_reader *reader = user;
    int rc = need_batch(reader);

    (void)err;
    if (rc == SL_OK) {
        sl_batch_mark(reader->batch);
    }
    reader->is_xa = is_xa;
    reader->group_bytes = 0;
    reader->group_was_cut = false;
    return rc;
}

static int on_table(void *user, struct sl_table *table, bool *skip, struct sl_err *err)
{
    struct sl_reader *reader = user;

    *skip = !reader->mapper->ops->wants(reader->mapper, table->db, table->name);
    return *skip ? SL_OK : reader->mapper->ops->table(reader->mapper, table, err);
}

static int on_row(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    struct sl_reader *reader = user;
    int rc = reader->mapper->ops->row(reader->mapper, change, reader->batch, err);

    if (rc != SL_OK || !is_full(reader)) {
        return rc;
    }
    if (!reader->is_xa) {
        return push_part(reader);
    }
    if (reader->batch->data.len > reader->options.max_held_bytes) {
        return sl_err_set(err, SL_ELIMIT,
                          "an XA transaction of more than %llu bytes cannot be held until it is decided: "
                          "raise memory_limit",
                          (unsigned long long)reader->options.max_held_bytes);
    }
    return SL_OK;
}

static int on_commit(void *user, struct sl_err *err)
{
    struct sl_reader *reader = user;

    (void)err;
    reader->batch->transactions++;
    atomic_fetch_add_explicit(&reader->stats.transactions, 1, memory_order_relaxed);
    reader->position_moved = true;
    if (reader->group_is_open || is_full(reader)) {
        reader->position_moved = false;
        return push(reader, true, sl_stream_position(reader->stream));
    }
    return SL_OK;
}

static int on_rollback(void *user, struct sl_err *err)
{
    struct sl_reader *reader = user;

    if (reader->group_was_cut) {
        return sl_err_set(err, SL_EGAP,
                          "a transaction of more than max_transaction_bytes was rolled back after its "
                          "first part had been applied: load its tables again");
    }
    sl_batch_rollback(reader->batch);
    reader->position_moved = true;
    if (reader->group_is_open) {
        reader->batch->discards_group = true;
        return push(reader, true, NULL);
    }
    return SL_OK;
}

static int on_xa_prepare(void *user, struct sl_span xid, struct sl_err *err)
{
    struct sl_reader *reader = user;
    int rc = sl_xa_hold_add(reader->held, xid, reader->batch, err);

    sl_batch_rollback(reader->batch);
    reader->is_xa = false;
    reader->position_moved = true;
    return rc;
}

/* An XID that is not held was prepared before the stream began, and nothing of it can be had. */
static int on_xa_commit(void *user, struct sl_span xid, struct sl_err *err)
{
    struct sl_reader *reader = user;
    int rc = sl_xa_hold_take(reader->held, xid, reader->batch);

    if (rc == SL_DONE) {
        return sl_err_set(err, SL_EGAP,
                          "XA transaction %.*s was committed, but its rows lie before the position that "
                          "the stream began at: load its tables again",
                          (int)xid.len, (const char *)xid.data);
    }
    return rc;
}

static int on_xa_rollback(void *user, struct sl_span xid, struct sl_err *err)
{
    struct sl_reader *reader = user;

    (void)err;
    sl_xa_hold_drop(reader->held, xid);
    return SL_OK;
}

/* The keys go in order: what came before is sent first, in a group of its own. */
static int push_purge(struct sl_reader *reader, struct sl_key_pattern *pattern)
{
    int rc = SL_OK;

    if (reader->batch != NULL && reader->batch->entry_count > 0) {
        rc = push(reader, true, sl_stream_position(reader->stream));
    }
    if (rc == SL_OK) {
        rc = need_batch(reader);
    }
    if (rc != SL_OK) {
        pattern->free(pattern);
        return rc;
    }
    reader->batch->task = SL_TASK_PURGE;
    reader->batch->purge = pattern;
    rc = push(reader, true, NULL);
    if (rc == SL_OK) {
        rc = need_batch(reader);
    }
    if (rc == SL_OK) {
        sl_batch_mark(reader->batch);
    }
    return rc;
}

static void tell(struct sl_reader *reader, const struct sl_ddl *ddl)
{
    char text[512];

    if (reader->options.notice == NULL) {
        return;
    }
    (void)snprintf(text, sizeof(text),
                   "table %.*s.%.*s was altered; rows that are cached already keep the columns they "
                   "had until they change",
                   (int)ddl->db.len, (const char *)ddl->db.data, (int)ddl->table.len,
                   (const char *)ddl->table.data);
    reader->options.notice(reader->options.notice_user, text);
}

static int on_ddl(void *user, const struct sl_ddl *ddl, struct sl_err *err)
{
    struct sl_reader *reader = user;
    struct sl_effect effect = {0};
    int rc;

    for (unsigned nth = 0;; nth++) {
        rc = reader->mapper->ops->ddl(reader->mapper, ddl, nth, &effect, err);
        if (rc != SL_OK) {
            return rc == SL_DONE ? SL_OK : rc;
        }
        if (effect.kind == SL_EFFECT_PURGE) {
            rc = push_purge(reader, effect.purge);
        } else if (effect.kind == SL_EFFECT_RESHAPE) {
            tell(reader, ddl);
        }
        if (rc != SL_OK) {
            return rc;
        }
    }
}

static int on_idle(void *user, struct sl_err *err)
{
    struct sl_reader *reader = user;

    (void)err;
    reader->position_moved = true;
    return SL_OK;
}

/* ---- the thread ---- */

static bool wants(void *user, struct sl_span db, struct sl_span table)
{
    struct sl_reader *reader = user;

    return reader->mapper->ops->wants(reader->mapper, db, table);
}

static int make_stream(struct sl_reader *reader)
{
    const struct sl_stream_options options = {
        .verify_checksum = true,
        .max_event_bytes = reader->options.max_event_bytes,
        .wants = wants,
        .wants_user = reader,
        .schema = reader->options.schema,
        .schema_user = reader->options.schema_user,
        .flavor = reader->source->flavor,
    };
    const struct sl_stream_handler handler = {
        .begin = on_begin,
        .table = on_table,
        .row = on_row,
        .commit = on_commit,
        .rollback = on_rollback,
        .xa_prepare = on_xa_prepare,
        .xa_commit = on_xa_commit,
        .xa_rollback = on_xa_rollback,
        .ddl = on_ddl,
        .idle = on_idle,
        .user = reader,
    };

    reader->stream = sl_stream_new(&options, &handler, &reader->start);
    return reader->stream != NULL ? SL_OK : SL_ENOMEM;
}

static void count(struct sl_reader *reader)
{
    const struct sl_stream_stats *stats = sl_stream_stats(reader->stream);

    atomic_store_explicit(&reader->stats.events, stats->events, memory_order_relaxed);
    atomic_store_explicit(&reader->stats.bytes, stats->bytes, memory_order_relaxed);
    atomic_store_explicit(&reader->stats.rows, stats->rows, memory_order_relaxed);
    atomic_store_explicit(&reader->stats.event_time,
                          sl_stream_read_position(reader->stream)->event_time,
                          memory_order_relaxed);
}

/* Offers what there is when no transaction is open; a batch may hold nothing but a position. */
static int offer(struct sl_reader *reader)
{
    int rc;

    if (sl_stream_in_transaction(reader->stream) ||
        (reader->batch == NULL && !reader->position_moved)) {
        return SL_OK;
    }
    rc = need_batch(reader);
    if (rc == SL_OK) {
        publish(reader);
    }
    return rc;
}

static int pump(struct sl_reader *reader)
{
    struct sl_span event;
    int rc;

    /* The place that the stream begins at is a checkpoint of its own, in a group without rows: without it a
       restart before the first transaction would begin somewhere else, and the first rows would
       have no position before them to go back to. */
    rc = need_batch(reader);
    if (rc == SL_OK) {
        rc = push(reader, true, sl_stream_position(reader->stream));
    }
    while (rc == SL_OK) {
        rc = reader->source->ops->next(reader->source, &event, &reader->err);
        if (rc != SL_OK) {
            break;
        }
        reclaim(reader);
        rc = sl_stream_feed(reader->stream, event, &reader->err);
        count(reader);
        if (rc == SL_OK) {
            rc = offer(reader);
        }
    }
    return rc;
}

static int run(struct sl_reader *reader)
{
    int rc = reader->source->ops->open(reader->source, reader->kind, &reader->start, &reader->err);

    if (rc == SL_OK) {
        rc = make_stream(reader);
    }
    if (rc == SL_OK) {
        atomic_store(&reader->stats.is_connected, true);
        reader->options.changed(reader->options.changed_user);
        rc = pump(reader);
    }
    reader->source->ops->close(reader->source);
    return rc;
}

static void *thread_main(void *user)
{
    struct sl_reader *reader = user;

    reader->status = run(reader);
    if (atomic_load(&reader->stop)) {
        reader->status = SL_ESTOPPED;
    }
    atomic_store(&reader->stats.has_ended, true);
    reader->options.changed(reader->options.changed_user);
    return NULL;
}

/* ---- life ---- */

struct sl_reader *sl_reader_new(const struct sl_reader_options *options, struct sl_source *source,
                                struct sl_mapper *mapper, struct sl_handoff *handoff)
{
    struct sl_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL) {
        return NULL;
    }
    reader->options = *options;
    reader->source = source;
    reader->mapper = mapper;
    reader->handoff = handoff;
    sl_position_init(&reader->start);
    reader->held = sl_xa_hold_new(options->max_held_bytes);
    if (reader->held == NULL) {
        sl_reader_free(reader);
        return NULL;
    }
    return reader;
}

void sl_reader_free(struct sl_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    sl_stream_free(reader->stream);
    sl_xa_hold_free(reader->held);
    sl_batch_free(reader->batch);
    sl_position_release(&reader->start);
    free(reader);
}

int sl_reader_start(struct sl_reader *reader, enum sl_start_kind kind,
                    const struct sl_position *start, struct sl_err *err)
{
    int rc = sl_position_copy(&reader->start, start);

    reader->kind = kind;
    if (rc == SL_OK && pthread_create(&reader->thread, NULL, thread_main, reader) != 0) {
        rc = SL_ENOMEM;
    }
    return rc == SL_OK ? SL_OK : sl_err_set(err, rc, "cannot start the reader thread: no memory");
}

void sl_reader_stop(struct sl_reader *reader)
{
    atomic_store(&reader->stop, true);
    sl_handoff_close(reader->handoff);
    reader->source->ops->interrupt(reader->source);
}

int sl_reader_join(struct sl_reader *reader, struct sl_err *err)
{
    (void)pthread_join(reader->thread, NULL);
    if (err != NULL) {
        *err = reader->err;
    }
    return reader->status;
}

const struct sl_reader_stats *sl_reader_stats(const struct sl_reader *reader)
{
    return &reader->stats;
}
