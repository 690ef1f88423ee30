/* reader_put.c - what visitors do inside: rows, removals and commands into the stream's batch. */
#include "cdc/reader_private.h"
#include "cdc/reader_visit.h"

const struct sl_position *sl_reader_place(const struct sl_reader *reader)
{
    return sl_stream_read_position(reader->stream);
}

/* Takes the published batch back to add to it, or begins another. */
static int open_batch(struct sl_reader *reader)
{
    if (reader->visits.failure != SL_OK) {
        return reader->visits.failure;
    }
    sl_reader_reclaim(reader);
    return sl_reader_need_batch(reader);
}

int sl_reader_compile(struct sl_reader *reader, struct sl_table *table, struct sl_err *err)
{
    int rc;

    if (!reader->mapper->ops->wants(reader->mapper, table->db, table->name)) {
        return SL_DONE;
    }
    rc = sl_reader_use_table(reader, table, err);
    rc = rc == SL_OK ? open_batch(reader) : rc;
    return rc == SL_OK ? sl_reader_flush_rules(reader, err) : rc;
}

/* What the stream had gathered is in the batch, too: without it the stream cannot go on. */
static int push_if_full(struct sl_reader *reader)
{
    int rc;

    if (!sl_reader_batch_is_full(reader)) {
        return SL_OK;
    }
    rc = sl_reader_push(reader, true, sl_stream_position(reader->stream));
    reader->position_moved = false;
    reader->visits.failure = rc;
    return rc;
}

int sl_reader_put_row(struct sl_reader *reader, const struct sl_loaded_row *row, struct sl_err *err)
{
    int rc = open_batch(reader);
    struct sl_batch_mark mark;

    if (rc != SL_OK) {
        return rc;
    }
    mark = sl_batch_here(reader->batch);
    rc = reader->mapper->ops->load_row(reader->mapper, row, reader->batch, err);
    if (rc != SL_OK) {
        sl_batch_rollback(reader->batch, mark);
        return rc;
    }
    if (sl_reader_is_watched(reader)) {
        sl_reader_watch_note(reader, row->table, mark.entry + 1);
    }
    return push_if_full(reader);
}

static int carry_out(struct sl_reader *reader, const struct sl_ddl *ddl, struct sl_err *err)
{
    int rc = open_batch(reader);

    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_reader_carry_out(reader, ddl, err);
    if (rc != SL_OK && reader->batch == NULL) {
        reader->visits.failure = rc; /* what the stream had gathered is lost */
    }
    return rc;
}

int sl_reader_put_drop(struct sl_reader *reader, struct sl_span db, struct sl_span table,
                       struct sl_err *err)
{
    const struct sl_ddl ddl = {.kind = SL_DDL_DROP_TABLE, .db = db, .table = table};

    return carry_out(reader, &ddl, err);
}

int sl_reader_put_drop_again(struct sl_reader *reader, struct sl_span db, struct sl_span table,
                             struct sl_err *err)
{
    const struct sl_ddl ddl = {.kind = table.len > 0 ? SL_DDL_DROP_TABLE : SL_DDL_DROP_DATABASE,
                               .db = db,
                               .table = table,
                               .is_again = true};

    return carry_out(reader, &ddl, err);
}

int sl_reader_put_mark(struct sl_reader *reader, const struct sl_mark *mark, struct sl_err *err)
{
    struct sl_mapper *mapper = reader->mapper;
    struct sl_batch_mark here;
    int rc = open_batch(reader);

    if (rc != SL_OK || mapper->ops->mark == NULL) {
        return rc;
    }
    here = sl_batch_here(reader->batch);
    mapper->ops->begin(mapper, reader->stream);
    rc = mapper->ops->mark(mapper, mark, reader->batch, err);
    if (rc != SL_OK) {
        sl_batch_rollback(reader->batch, here);
        return rc;
    }
    return push_if_full(reader);
}

enum sl_keeping sl_reader_keeping(struct sl_reader *reader, struct sl_span db, struct sl_span table)
{
    struct sl_mapper *mapper = reader->mapper;

    return mapper->ops->keeping != NULL ? mapper->ops->keeping(mapper, db, table) : SL_KEEPS_ROWS;
}

int sl_reader_put_removal(struct sl_reader *reader, struct sl_item_name name)
{
    int rc = open_batch(reader);
    struct sl_batch_mark mark;

    if (rc != SL_OK) {
        return rc;
    }
    mark = sl_batch_here(reader->batch);
    rc = reader->mapper->ops->remove(reader->mapper, name, reader->batch);
    if (rc != SL_OK) {
        sl_batch_rollback(reader->batch, mark);
        return rc;
    }
    return push_if_full(reader);
}

/* What the stream had gathered goes first, in a group that ends here. */
static int push_gathered(struct sl_reader *reader)
{
    int rc = SL_OK;

    sl_reader_reclaim(reader);
    if (reader->batch != NULL && reader->batch->entry_count > 0) {
        rc = sl_reader_push(reader, true, sl_stream_position(reader->stream));
        reader->visits.failure = rc;
    }
    return rc;
}

int sl_reader_put_batch(struct sl_reader *reader, struct sl_batch *batch)
{
    int rc = reader->visits.failure;

    rc = rc == SL_OK ? push_gathered(reader) : rc;
    if (rc != SL_OK) {
        sl_batch_free(batch);
        return rc;
    }
    batch->begins_group = true;
    batch->ends_group = true;
    rc = sl_handoff_insert(reader->handoff, batch, sl_stream_position(reader->stream));
    reader->visits.failure = rc; /* watches were told of its rows */
    reader->position_moved = reader->position_moved && rc != SL_OK;
    return rc;
}

int sl_reader_put_commands(struct sl_reader *reader, struct sl_span key, struct sl_span commands,
                           uint16_t count)
{
    int rc = open_batch(reader);

    if (rc == SL_OK) {
        rc = sl_batch_add_commands(reader->batch, key, commands, count);
    }
    return rc == SL_OK ? push_if_full(reader) : rc;
}

int sl_reader_put_overrun(struct sl_reader *reader)
{
    int rc = open_batch(reader);

    rc = rc == SL_OK ? sl_reader_end_rereads(reader) : rc;
    return rc == SL_OK ? push_if_full(reader) : rc;
}
