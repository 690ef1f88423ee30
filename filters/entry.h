/*
 * entry.h - what rows become in a batch: entries.
 *
 * A row whose key has an entry in the batch already is one of those that change all the time, and
 * will probably be superfluous itself before it is sent. Its image is kept as it is, as a raw
 * entry, and encoded only when the batch is passed on.
 */
#ifndef SLUICE_FILTERS_ENTRY_H
#define SLUICE_FILTERS_ENTRY_H

#include "cdc/base/err.h"
#include "cdc/batch.h"
#include "filters/encode.h"
#include "filters/shape.h"

/* Adds the entry that removes KEY. */
int sl_entry_del(struct sl_batch *batch, struct sl_span key) SL_MUSTCHECK;

/*
 * Adds the entry that writes ROW to KEY. Fails as the encoders do, and BATCH is as before then.
 * What SHAPE hangs on must live until the batch has no raw entries (sl_batch.has_raw).
 */
int sl_entry_put(struct sl_batch *batch, const struct sl_shape *shape, struct sl_row row,
                 struct sl_span key, enum sl_write write, struct sl_err *err) SL_MUSTCHECK;

#endif
