/*
 * index_change.h - what changes of rows do to their items.
 *
 * An UPDATE removes the items that only the image before has, and writes those that the image
 * after has and the one before has not, or has with another value. What stays the same is there
 * already, unless the row may not have been in the cache.
 */
#ifndef SLUICE_FILTERS_INDEX_CHANGE_H
#define SLUICE_FILTERS_INDEX_CHANGE_H

#include "cdc/batch.h"
#include "cdc/stream.h"
#include "filters/index.h"
#include "filters/where.h"

/* Scratch, reused for every row. Zeroed: empty. */
struct sl_index_work {
    struct sl_index_item before;
    struct sl_index_item after;
};

void sl_index_work_release(struct sl_index_work *work);

struct sl_index_change {
    const struct sl_row_change *row; /* a shape with indexes hangs on its table */
    enum sl_verdict verdict;         /* on the row afterwards */
    bool was_there;                  /* the row's items of before are certainly in the sink */
};

/* What the images did not tell. */
struct sl_index_gaps {
    bool before; /* which items the row had: only loading the table removes them */
    bool after;  /* which ones it has: to be written when the row is read again */
};

/* Does an UPDATE change a column that an index is made of? */
bool sl_index_is_touched(const struct sl_row_change *change);

/* Adds entries for the items of an INSERT or UPDATE. */
int sl_index_put(struct sl_index_work *work, const struct sl_index_change *change,
                 struct sl_batch *batch, struct sl_index_gaps *gaps,
                 struct sl_err *err) SL_MUSTCHECK;
/* And for those of a DELETE. */
int sl_index_remove(struct sl_index_work *work, const struct sl_row_change *row,
                    struct sl_batch *batch, struct sl_index_gaps *gaps,
                    struct sl_err *err) SL_MUSTCHECK;

/* Adds entries for the items of a row that was read by SELECT; IS_KEPT: or for their removal. */
int sl_index_load(struct sl_index_work *work, const struct sl_loaded_row *row, bool is_kept,
                  struct sl_batch *batch, struct sl_err *err) SL_MUSTCHECK;
/* The same, but the commands become part of the batch's last entry. */
int sl_index_extend(struct sl_index_work *work, const struct sl_loaded_row *row, bool is_kept,
                    struct sl_batch *batch, struct sl_err *err) SL_MUSTCHECK;

#endif
