/*
 * status_reconciled.h - what `sluice status` says of the last `sluice reconcile`.
 */
#ifndef SLUICE_CMD_STATUS_RECONCILED_H
#define SLUICE_CMD_STATUS_RECONCILED_H

#include "cdc/base/buf.h"
#include "sinks/reconciled.h"

/* Connects and reads; fails as that does. */
int sl_status_reconciled_read(const struct sl_redis_options *sink, const char *pipeline,
                              struct sl_reconciled *reconciled, struct sl_err *err) SL_MUSTCHECK;
/* A line for each kind of run that there was. */
void sl_status_reconciled_print(const struct sl_reconciled *reconciled);
/* Appends ,"reconcile":{"all":{…}}; nothing when there was none. */
int sl_status_reconciled_add(struct sl_buf *out,
                             const struct sl_reconciled *reconciled) SL_MUSTCHECK;

#endif
