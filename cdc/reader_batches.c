/* reader_batches.c - when the reader's batch is passed on, and as what part of which group. */
#include "cdc/reader_private.h"

enum {
    /* A batch full of rows that replaced each other may grow to this many times its size before
       it is passed on: the longer the sink is busy, the fewer commands it has to be sent. */
    SL_COALESCE_FACTOR = 16,
    /* Complete transactions wait for so many bytes of the next one's events at most. */
    SL_EARLIER_WAIT_BYTES = 1024 * 1024,
};

int sl_reader_need_batch(struct sl_reader *reader)
{
    if (reader->batch != NULL) {
        return SL_OK;
    }
    reader->parts++;
    return sl_handoff_get(reader->handoff, &reader->batch);
}

/* The rows that cannot be rendered may lie far back: the event at hand is only where it was met. */
static int render(struct sl_reader *reader, struct sl_batch *batch)
{
    int rc = sl_batch_render(batch, &reader->err);

    if (rc != SL_OK && reader->err.status != SL_OK) {
        (void)sl_err_prefix(&reader->err, "a row of this event or before it");
    }
    return rc;
}

int sl_reader_push(struct sl_reader *reader, bool ends_group, const struct sl_position *position)
{
    struct sl_batch *batch = reader->batch;
    int rc = render(reader, batch);

    if (rc != SL_OK) {
        return rc;
    }
    batch->begins_group = !reader->group_is_open;
    batch->ends_group = ends_group;
    reader->group_is_open = !ends_group;
    reader->batch = NULL;
    return sl_handoff_push(reader->handoff, batch, position);
}

int sl_reader_publish(struct sl_reader *reader)
{
    const struct sl_position *position = sl_stream_position(reader->stream);

    reader->position_moved = false;
    if (reader->batch->entry_count > 0 && sl_handoff_is_awaited(reader->handoff)) {
        return sl_reader_push(reader, true, position);
    }
    reader->batch->begins_group = true;
    reader->batch->ends_group = true;
    sl_handoff_publish(reader->handoff, reader->batch, position);
    reader->batch = NULL;
    reader->is_published = true;
    return SL_OK;
}

void sl_reader_reclaim(struct sl_reader *reader)
{
    if (reader->is_published) {
        reader->batch = sl_handoff_reclaim(reader->handoff);
        reader->is_published = false;
    }
}

bool sl_reader_batch_is_full(const struct sl_reader *reader)
{
    size_t size = reader->options.batch_bytes;

    return sl_batch_live_bytes(reader->batch) >= size ||
           reader->batch->data.len >= size * SL_COALESCE_FACTOR;
}

/*
 * A large transaction gets a group to itself, so that it can be undone by itself: the complete
 * transactions before it in the batch are pushed, with the entries that it had made superfluous.
 */
static int split_off(struct sl_reader *reader)
{
    struct sl_batch *earlier = reader->batch;
    int rc;

    reader->batch = NULL;
    rc = sl_reader_need_batch(reader);
    if (rc == SL_OK) {
        rc = sl_batch_append(reader->batch, earlier, earlier->begin, &reader->err);
    }
    if (rc == SL_OK) {
        sl_batch_rollback(earlier, earlier->begin);
        rc = render(reader, earlier);
    }
    if (rc != SL_OK) {
        sl_batch_free(earlier);
        return rc;
    }
    earlier->begins_group = true;
    earlier->ends_group = true;
    return sl_handoff_push(reader->handoff, earlier, sl_stream_position(reader->stream));
}

/* A part of a transaction goes ahead; the sink keeps it in an open MULTI until the rest is there.
 */
static int push_part(struct sl_reader *reader)
{
    bool cut;
    int rc;

    if (reader->batch->begin.entry > 0) {
        return split_off(reader);
    }
    reader->group_bytes += reader->batch->data.len;
    cut = reader->group_bytes >= reader->options.max_transaction_bytes;
    if (cut) {
        reader->group_bytes = 0;
        reader->group_was_cut = true;
    }
    rc = sl_reader_push(reader, cut, NULL);
    return rc == SL_OK ? sl_reader_need_batch(reader) : rc;
}

int sl_reader_push_if_full(struct sl_reader *reader)
{
    return sl_reader_batch_is_full(reader) ? push_part(reader) : SL_OK;
}

int sl_reader_push_earlier(struct sl_reader *reader)
{
    bool has_earlier = reader->batch != NULL && reader->batch->begin.entry > 0;

    /* A savepoint is a mark in this very batch. */
    return has_earlier && reader->group_read >= SL_EARLIER_WAIT_BYTES &&
                   reader->savepoint_count == 0
               ? split_off(reader)
               : SL_OK;
}
