/*
 * xa_hold.h - the rows of XA transactions between XA PREPARE and the decision. The stream's
 * position stays before the oldest of them, so a restart reads them again: they are kept in memory
 * only.
 */
#ifndef SLUICE_CDC_XA_HOLD_H
#define SLUICE_CDC_XA_HOLD_H

#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/batch.h"

struct sl_xa_hold;

/* Holds at most LIMIT bytes in all. */
struct sl_xa_hold *sl_xa_hold_new(uint64_t limit);
void sl_xa_hold_free(struct sl_xa_hold *hold);

/* Keeps copies of the entries of FROM behind its mark under XID. SL_ELIMIT. */
int sl_xa_hold_add(struct sl_xa_hold *hold, struct sl_span xid, const struct sl_batch *from,
                   struct sl_err *err) SL_MUSTCHECK;
/* Moves what XID holds to the end of TO. SL_DONE when nothing is held under it. */
int sl_xa_hold_take(struct sl_xa_hold *hold, struct sl_span xid, struct sl_batch *to) SL_MUSTCHECK;
void sl_xa_hold_drop(struct sl_xa_hold *hold, struct sl_span xid);

#endif
