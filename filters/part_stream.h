/*
 * part_stream.h - what changes of rows do to their parts.
 *
 * The function tells the parts of the image before and of the one after: the keys that only the
 * former has are removed, and what differs is written. An image before that does not tell them has
 * its table loaded again; one after that does not has its row read again.
 */
#ifndef SLUICE_FILTERS_PART_STREAM_H
#define SLUICE_FILTERS_PART_STREAM_H

#include "filters/later.h"
#include "filters/part.h"
#include "filters/row_filter.h"

struct sl_part_stream {
    const struct sl_mapper *mapper; /* all borrowed */
    struct sl_row_filter *filter;
    struct sl_later *later;
    struct sl_parts before; /* scratch */
    struct sl_parts after;
    struct sl_buf cells;
};

void sl_part_stream_release(struct sl_part_stream *stream);

struct sl_part_change {
    const struct sl_row_change *row; /* an INSERT or UPDATE */
    struct sl_span key;              /* what names the row afterwards */
    enum sl_verdict verdict;         /* on the row afterwards */
    bool
        is_later; /* it was noted to be read again, and is not to be written now: before, or here */
};

/* Adds what a change does to the parts of its row. */
int sl_part_stream_put(struct sl_part_stream *stream, struct sl_part_change *change,
                       struct sl_batch *batch, struct sl_err *err) SL_MUSTCHECK;
/* The same for a DELETE. */
int sl_part_stream_remove(struct sl_part_stream *stream, const struct sl_row_change *change,
                          struct sl_batch *batch, struct sl_err *err) SL_MUSTCHECK;

#endif
