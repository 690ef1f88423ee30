#include "filters/index_stream.h"

static int load_table(struct sl_index_stream *stream, const struct sl_row_change *change,
                      const struct sl_index_gaps *gaps, struct sl_batch *batch, struct sl_err *err)
{
    return gaps->before ? sl_later_load(stream->later, change->table, batch, err) : SL_OK;
}

/* Are the row's items in the sink? One that waits to be read again may have lost them. */
static int find_before(struct sl_index_stream *stream, struct sl_index_change *change,
                       struct sl_span key, struct sl_batch *batch)
{
    const struct sl_row_change *row = change->row;
    bool waits = false;
    int rc;

    if (row->before == NULL || stream->mapper->writes_all ||
        !sl_row_filter_surely_takes(stream->filter, row->table, row->before)) {
        return SL_OK;
    }
    rc = sl_later_waits(stream->later, row->table, key, batch, &waits);
    change->was_there = !waits;
    return rc;
}

int sl_index_stream_put(struct sl_index_stream *stream, const struct sl_row_change *change,
                        struct sl_span key, enum sl_verdict verdict, struct sl_batch *batch,
                        bool *is_later, struct sl_err *err)
{
    struct sl_index_change items = {.row = change, .verdict = verdict};
    struct sl_index_gaps gaps = {0};
    int rc = find_before(stream, &items, key, batch);

    rc = rc == SL_OK ? sl_index_put(&stream->work, &items, batch, &gaps, err) : rc;
    rc = rc == SL_OK ? load_table(stream, change, &gaps, batch, err) : rc;
    *is_later = gaps.after;
    return rc == SL_OK && gaps.after ? sl_later_put(stream->later, change, key, batch, err) : rc;
}

int sl_index_stream_remove(struct sl_index_stream *stream, const struct sl_row_change *change,
                           struct sl_batch *batch, struct sl_err *err)
{
    struct sl_index_gaps gaps = {0};
    int rc = sl_index_remove(&stream->work, change, batch, &gaps, err);

    return rc == SL_OK ? load_table(stream, change, &gaps, batch, err) : rc;
}
