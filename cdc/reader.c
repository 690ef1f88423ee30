#include "cdc/reader.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/event.h"
#include "cdc/reader_private.h"

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
        .folds_names = reader->source->folds_names,
    };
    const struct sl_stream_handler handler = sl_reader_handler(reader);

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

/* Where the stream is, for others: written only when it has moved. */
static void note_place(struct sl_reader *reader)
{
    const struct sl_position *read = sl_stream_read_position(reader->stream);

    if (read->offset == reader->place.offset) {
        return;
    }
    (void)pthread_mutex_lock(&reader->place_lock);
    if (strcmp(read->file, reader->place.file) == 0) {
        reader->place.offset = read->offset;
    } else {
        sl_log_place_of(&reader->place, read);
    }
    (void)pthread_mutex_unlock(&reader->place_lock);
}

/* Offers what there is when no transaction is open; a batch may hold nothing but a position. */
static int offer(struct sl_reader *reader)
{
    int rc;

    if (sl_stream_in_transaction(reader->stream)) {
        return sl_reader_push_earlier(reader);
    }
    if (reader->batch == NULL && !reader->position_moved) {
        return SL_OK;
    }
    rc = sl_reader_need_batch(reader);
    return rc == SL_OK ? sl_reader_publish(reader) : rc;
}

static bool is_heartbeat(struct sl_span event)
{
    return event.len > 4 &&
           (event.data[4] == SL_EVENT_HEARTBEAT || event.data[4] == SL_EVENT_HEARTBEAT_V2);
}

static int feed(struct sl_reader *reader, struct sl_span event)
{
    int rc;

    sl_reader_reclaim(reader);
    rc = sl_stream_feed(reader->stream, event, &reader->err);
    count(reader);
    note_place(reader);
    reader->group_read += event.len;
    /* A server sends heartbeats while it has nothing else to send. */
    atomic_store_explicit(&reader->stats.is_idle, is_heartbeat(event), memory_order_relaxed);
    return rc == SL_OK ? offer(reader) : rc;
}

static int add_first(struct sl_reader *reader)
{
    const struct sl_reader_options *options = &reader->options;

    return options->first_count > 0
               ? sl_batch_add_commands(reader->batch, options->first_key, options->first_commands,
                                       options->first_count)
               : SL_OK;
}

/* What follows from rules that have changed, in a group before any row. */
static int begin_rules(struct sl_reader *reader)
{
    int rc;

    if (reader->options.rules == NULL) {
        return SL_OK;
    }
    rc = sl_rule_book_begin(reader->options.rules, reader, &reader->err);
    return rc == SL_OK && reader->batch != NULL
               ? sl_reader_push(reader, true, sl_stream_position(reader->stream))
               : rc;
}

/*
 * A server accepts a position by sending its first event. The place that the stream begins at is
 * then a checkpoint of its own, in a group without rows: without it a restart before the first
 * transaction would begin somewhere else, and the first rows would have no position before them to
 * go back to.
 */
static int begin(struct sl_reader *reader)
{
    int rc = sl_reader_need_batch(reader);

    atomic_store(&reader->stats.is_connected, true);
    reader->options.changed(reader->options.changed_user);
    if (rc == SL_OK) {
        rc = add_first(reader);
    }
    if (rc == SL_OK) {
        rc = sl_reader_push(reader, true, sl_stream_position(reader->stream));
    }
    if (rc == SL_OK) {
        rc = begin_rules(reader);
    }
    if (rc == SL_OK) {
        atomic_store(&reader->first_mark, sl_handoff_mark(reader->handoff));
    }
    reader->visits.is_begun = rc == SL_OK;
    return rc;
}

static int next(struct sl_reader *reader, struct sl_span *event)
{
    return reader->options.has_visitors
               ? sl_reader_visits_next(reader, event)
               : reader->source->ops->next(reader->source, event, &reader->err);
}

static int pump(struct sl_reader *reader)
{
    struct sl_span event;
    int rc = next(reader, &event);

    if (rc == SL_OK) {
        rc = begin(reader);
    }
    while (rc == SL_OK) {
        rc = feed(reader, event);
        if (rc == SL_OK) {
            rc = next(reader, &event);
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
        sl_reader_visits_enter(reader);
        rc = pump(reader);
        sl_reader_visits_leave(reader);
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
    sl_reader_visits_end(reader);
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
    atomic_store(&reader->first_mark, UINT64_MAX);
    sl_position_init(&reader->start);
    if (pthread_mutex_init(&reader->place_lock, NULL) != 0) {
        free(reader);
        return NULL;
    }
    if (sl_reader_visits_init(&reader->visits) != SL_OK) {
        (void)pthread_mutex_destroy(&reader->place_lock);
        free(reader);
        return NULL;
    }
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
    sl_reader_free_savepoints(reader);
    sl_batch_free(reader->batch);
    sl_position_release(&reader->start);
    sl_reader_visits_release(&reader->visits);
    (void)pthread_mutex_destroy(&reader->place_lock);
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

bool sl_reader_first_is_applied(const struct sl_reader *reader)
{
    if (reader->options.first_count == 0 && reader->options.rules == NULL) {
        return true;
    }
    return sl_handoff_has_passed(reader->handoff, atomic_load(&reader->first_mark));
}

struct sl_rereads *sl_reader_rereads(const struct sl_reader *reader)
{
    return reader->options.rereads;
}

struct sl_rule_book *sl_reader_rules(const struct sl_reader *reader)
{
    return reader->options.rules;
}

const struct sl_reader_stats *sl_reader_stats(const struct sl_reader *reader)
{
    return &reader->stats;
}

void sl_reader_log_place(struct sl_reader *reader, struct sl_log_place *place)
{
    (void)pthread_mutex_lock(&reader->place_lock);
    *place = reader->place;
    (void)pthread_mutex_unlock(&reader->place_lock);
}
