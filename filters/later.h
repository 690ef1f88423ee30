/*
 * later.h - rows whose change does not say what their key must hold: instead of a write, a note
 * that the key is to be read again (cdc/reread_note.h). Until that is done it holds what it held.
 */
#ifndef SLUICE_FILTERS_LATER_H
#define SLUICE_FILTERS_LATER_H

#include "cdc/batch.h"
#include "cdc/rereads.h"
#include "cdc/stream.h"

struct sl_later {
    const struct sl_rereads *rereads; /* borrowed; NULL: there is nobody to read */
    struct sl_buf scope;              /* scratch: of a note, and its cells */
    struct sl_buf cells;
};

void sl_later_release(struct sl_later *later);

/*
 * Notes KEY, which CHANGE's row has behind it. A shape hangs on the table. SL_EUNSUPPORTED: there
 * is nobody to read it; SL_ESCHEMA: the columns that it would be read by are not known.
 */
int sl_later_put(struct sl_later *later, const struct sl_row_change *change, struct sl_span key,
                 struct sl_batch *batch, struct sl_err *err) SL_MUSTCHECK;

/*
 * Notes that the table is to be loaded again: CHANGE does not say which keys its row had. Fails as
 * above.
 */
int sl_later_load(struct sl_later *later, const struct sl_table *table, struct sl_batch *batch,
                  struct sl_err *err) SL_MUSTCHECK;

/* Does KEY wait to be read again? A part of a row that is added to what it holds would make a row
 * of two times. */
int sl_later_waits(struct sl_later *later, const struct sl_table *table, struct sl_span key,
                   struct sl_batch *batch, bool *waits) SL_MUSTCHECK;

#endif
