/*
 * index_stream.h - the items of rows as the stream changes them, with what is to be done where the
 * images do not tell: the row is read again, or the table loaded.
 */
#ifndef SLUICE_FILTERS_INDEX_STREAM_H
#define SLUICE_FILTERS_INDEX_STREAM_H

#include "filters/index_change.h"
#include "filters/later.h"
#include "filters/row_filter.h"

struct sl_index_stream {
    const struct sl_mapper *mapper; /* all borrowed */
    struct sl_row_filter *filter;
    struct sl_later *later;
    struct sl_index_work work;
};

/*
 * Adds what an INSERT or UPDATE does to the items of its row, of which VERDICT was given, and whose
 * KEY is that of afterwards. *IS_LATER: its items are not in its images, so that it was noted to be
 * read again instead, and is not to be written now.
 */
int sl_index_stream_put(struct sl_index_stream *stream, const struct sl_row_change *change,
                        struct sl_span key, enum sl_verdict verdict, struct sl_batch *batch,
                        bool *is_later, struct sl_err *err) SL_MUSTCHECK;
/* The same for a DELETE. */
int sl_index_stream_remove(struct sl_index_stream *stream, const struct sl_row_change *change,
                           struct sl_batch *batch, struct sl_err *err) SL_MUSTCHECK;

#endif
