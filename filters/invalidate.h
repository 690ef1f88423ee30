/*
 * invalidate.h - rows whose keys others fill ("value": "invalidate", for read-through caches): a
 * change removes the key, and notes that it is to be removed once more (cdc/redelete_note.h).
 *
 * Once is not enough: who has read the row before it changed may write it behind the removal. A key
 * that changes again before it was removed the second time only gets a later time for that. So the
 * second removal may wait for long, but then every change has removed the key meanwhile, and the
 * next one came within redelete_ms: what was read before a change is gone at the latest twice
 * redelete_ms behind it, if it was written within redelete_ms.
 */
#ifndef SLUICE_FILTERS_INVALIDATE_H
#define SLUICE_FILTERS_INVALIDATE_H

#include "cdc/base/clock.h"
#include "cdc/batch.h"
#include "cdc/mapper.h"
#include "filters/changed_row.h"
#include "filters/options.h"

/* Zeroed: keys are removed once, and nothing is noted. */
struct sl_invalidate {
    struct sl_span set; /* borrowed: the key of the sorted set */
    const struct sl_clock *clock;
    struct sl_buf scope; /* scratch */
};

void sl_invalidate_release(struct sl_invalidate *self);

/* Removes the key or keys of ROW, on whose table a shape hangs. */
int sl_invalidate_row(struct sl_invalidate *self, const struct sl_changed_row *row,
                      struct sl_batch *batch) SL_MUSTCHECK;
/* Removes KEY of a row of TABLE, likewise. */
int sl_invalidate_key(struct sl_invalidate *self, const struct sl_table *table, struct sl_span key,
                      struct sl_batch *batch) SL_MUSTCHECK;

/* Notes that all keys of MARK's table or tables are to be removed once more, WAIT_MS from now. */
int sl_invalidate_mark(struct sl_invalidate *self, const struct sl_mark *mark, uint64_t wait_ms,
                       struct sl_batch *batch) SL_MUSTCHECK;

/* The entries of BATCH from number FROM on count from now: their keys are removed once more WAIT_MS
 * from now. */
void sl_invalidate_put_off(const struct sl_invalidate *self, struct sl_batch *batch, uint32_t from,
                           uint64_t wait_ms);

#endif
