/* reader_handler.c - what the stream tells the reader: transactions, rows, statements. */
#include <stdio.h>

#include "cdc/reader_private.h"

static int on_begin(void *user, bool is_xa, struct sl_err *err)
{
    struct sl_reader *reader = user;
    int rc = sl_reader_need_batch(reader);

    (void)err;
    if (rc == SL_OK) {
        reader->batch->begin = sl_batch_here(reader->batch);
    }
    reader->parts = 0;
    reader->begun++;
    sl_reader_forget_savepoints(reader);
    reader->is_xa = is_xa;
    if (reader->options.rereads != NULL) {
        sl_rereads_begin(reader->options.rereads, is_xa);
    }
    if (reader->mapper->ops->begin != NULL) {
        reader->mapper->ops->begin(reader->mapper, reader->stream);
    }
    reader->group_bytes = 0;
    reader->group_read = 0;
    reader->group_was_cut = false;
    return rc;
}

static int on_table(void *user, struct sl_table *table, bool *skip, struct sl_err *err)
{
    struct sl_reader *reader = user;

    *skip = !reader->mapper->ops->wants(reader->mapper, table->db, table->name);
    if (!*skip && reader->options.counts != NULL) {
        table->count = sl_table_counts_find(reader->options.counts, table->db, table->name);
    }
    return *skip ? SL_OK : sl_reader_use_table(reader, table, err);
}

static int note_rereads(struct sl_reader *reader, uint32_t from)
{
    return reader->options.rereads != NULL ? sl_reader_note_rereads(reader, from) : SL_OK;
}

static int on_row(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    struct sl_reader *reader = user;
    uint32_t from = reader->batch->entry_count;
    int rc;

    if (change->table->count != NULL) {
        sl_table_count_row(change->table->count, change->op, reader->begun);
    }
    /* What is held until it is decided may be applied while its table is loaded. */
    reader->mapper->writes_all =
        reader->is_xa || reader->options.has_no_load ||
        (sl_reader_is_watched(reader) && sl_reader_watches(reader, change->table));
    rc = reader->mapper->ops->row(reader->mapper, change, reader->batch, err);
    if (rc != SL_OK) {
        return rc;
    }
    if (sl_reader_is_watched(reader)) {
        sl_reader_watch_note(reader, change->table, from);
    }
    if (!reader->is_xa) {
        rc = note_rereads(reader, from);
        return rc == SL_OK ? sl_reader_push_if_full(reader) : rc;
    }
    if (reader->batch->data.len > reader->options.max_held_bytes) {
        return sl_err_set(
            err, SL_ELIMIT,
            "an XA transaction of more than %llu bytes cannot be held until it is decided: "
            "raise memory_limit",
            (unsigned long long)reader->options.max_held_bytes);
    }
    return SL_OK;
}

static int on_commit(void *user, struct sl_err *err)
{
    struct sl_reader *reader = user;
    int rc = sl_reader_flush_rules(reader, err);

    if (rc == SL_OK && reader->is_xa) { /* in one phase: what was held back is final after all */
        rc = note_rereads(reader, reader->batch->begin.entry);
    }
    if (rc == SL_OK && reader->options.rereads != NULL) {
        rc = sl_reader_end_rereads(reader);
    }
    if (rc != SL_OK) {
        return rc;
    }
    reader->batch->transactions++;
    atomic_fetch_add_explicit(&reader->stats.transactions, 1, memory_order_relaxed);
    reader->position_moved = true;
    if (reader->group_is_open || sl_reader_batch_is_full(reader)) {
        reader->position_moved = false;
        return sl_reader_push(reader, true, sl_stream_position(reader->stream));
    }
    return SL_OK;
}

static int on_rollback(void *user, struct sl_err *err)
{
    struct sl_reader *reader = user;

    if (reader->group_was_cut) {
        return sl_err_set(
            err, SL_EGAP,
            "a transaction of more than max_transaction_bytes was rolled back after its "
            "first part had been applied: load its tables again");
    }
    sl_reader_watch_undo(reader, reader->batch->begin.entry);
    sl_reader_watch_undo_parts(reader);
    sl_batch_rollback(reader->batch, reader->batch->begin);
    reader->position_moved = true;
    if (reader->group_is_open) {
        reader->batch->discards_group = true;
        return sl_reader_push(reader, true, NULL);
    }
    return SL_OK;
}

static int on_xa_prepare(void *user, struct sl_span xid, struct sl_err *err)
{
    struct sl_reader *reader = user;
    int rc = sl_xa_hold_add(reader->held, xid, reader->batch, err);

    sl_reader_watch_undo(reader, reader->batch->begin.entry);
    sl_batch_rollback(reader->batch, reader->batch->begin);
    reader->is_xa = false;
    reader->position_moved = true;
    return rc;
}

/* An XID that is not held was prepared before the stream began, and nothing of it can be had. */
static int on_xa_commit(void *user, struct sl_span xid, struct sl_err *err)
{
    struct sl_reader *reader = user;
    uint32_t from = reader->batch->entry_count;
    int rc = sl_xa_hold_take(reader->held, xid, reader->batch);

    if (rc == SL_OK && reader->mapper->ops->settle != NULL) {
        reader->mapper->ops->settle(reader->mapper, reader->batch, from);
    }
    if (rc == SL_OK) {
        sl_reader_watch_note(reader, NULL, from);
        rc = note_rereads(reader, from);
    }
    if (rc == SL_DONE) {
        return sl_err_set(
            err, SL_EGAP,
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

/* Layouts are looked up anew in any case; what it did to rows nobody knows. Its text may hold data.
 */
static void warn_of_unparsed(const struct sl_reader *reader, const struct sl_ddl *ddl)
{
    char text[512];

    if (ddl->kind != SL_DDL_UNPARSED || reader->options.notice == NULL) {
        return;
    }
    (void)snprintf(
        text, sizeof(text),
        "a statement in database %.*s could not be read to its end; if it changed rows of a "
        "chosen table without row events, load that table again; continuing",
        (int)ddl->db.len, (const char *)ddl->db.data);
    reader->options.notice(reader->options.notice_user, true, text);
}

static int put_mark(struct sl_reader *reader, const struct sl_effect *effect, struct sl_err *err)
{
    const struct sl_mark mark = {
        .kind = effect->mark, .db = effect->db, .table = effect->table, .reason = effect->reason};

    return mark.kind != SL_MARK_NONE
               ? reader->mapper->ops->mark(reader->mapper, &mark, reader->batch, err)
               : SL_OK;
}

int sl_reader_carry_out(struct sl_reader *reader, const struct sl_ddl *ddl, struct sl_err *err)
{
    struct sl_effect effect = {0};
    int rc;

    for (unsigned nth = 0;; nth++) {
        rc = reader->mapper->ops->ddl(reader->mapper, ddl, nth, &effect, err);
        if (rc != SL_OK) {
            return rc == SL_DONE ? sl_reader_flush_rules(reader, err) : rc;
        }
        if (effect.kind == SL_EFFECT_PURGE) {
            rc = sl_reader_purge(reader, effect.purge);
        } else if (effect.kind == SL_EFFECT_LOAD) {
            rc = sl_reader_load(reader, &effect, err);
        }
        rc = rc == SL_OK ? put_mark(reader, &effect, err) : rc;
        if (rc != SL_OK) {
            return rc;
        }
    }
}

static int on_ddl(void *user, const struct sl_ddl *ddl, struct sl_err *err)
{
    struct sl_reader *reader = user;

    warn_of_unparsed(reader, ddl);
    sl_reader_watch_ddl(reader, ddl);
    return sl_reader_carry_out(reader, ddl, err);
}

static int on_idle(void *user, struct sl_err *err)
{
    struct sl_reader *reader = user;

    (void)err;
    reader->position_moved = true;
    return SL_OK;
}

/* Raw entries are rendered by the tables that they were read with. */
static bool keeps_tables(void *user)
{
    const struct sl_reader *reader = user;

    return reader->batch != NULL && reader->batch->has_raw;
}

struct sl_stream_handler sl_reader_handler(struct sl_reader *reader)
{
    return (struct sl_stream_handler){
        .begin = on_begin,
        .table = on_table,
        .row = on_row,
        .commit = on_commit,
        .rollback = on_rollback,
        .savepoint = sl_reader_savepoint,
        .rollback_to = sl_reader_rollback_to,
        .xa_prepare = on_xa_prepare,
        .xa_commit = on_xa_commit,
        .xa_rollback = on_xa_rollback,
        .ddl = on_ddl,
        .idle = on_idle,
        .keeps_tables = keeps_tables,
        .user = reader,
    };
}
