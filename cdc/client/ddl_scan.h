/*
 * ddl_scan.h - which tables were changed by DDL between two places of a server's binary log, so
 * that a layout read now can be trusted for an event of a while ago. What was read once is kept:
 * one look at the log serves all tables, and only what was written since is read the next time.
 */
#ifndef SLUICE_CDC_CLIENT_DDL_SCAN_H
#define SLUICE_CDC_CLIENT_DDL_SCAN_H

#include "cdc/options.h"
#include "cdc/position.h"
#include "cdc/source.h"

struct sl_ddl_scan;

/* NULL when there is no memory. */
struct sl_ddl_scan *sl_ddl_scan_new(const struct sl_source_options *options);
/* The same over any source that ends at the end of the log (taken over), for tests. */
struct sl_ddl_scan *sl_ddl_scan_new_over(struct sl_source *source);
void sl_ddl_scan_free(struct sl_ddl_scan *scan);

/* Thread-safe: a look at the log that is under way and all later ones fail with SL_ESTOPPED. */
void sl_ddl_scan_interrupt(struct sl_ddl_scan *scan);

/*
 * SL_OK: no statement behind FROM and up to TO changes the layout of DB.TABLE. SL_DONE: one does,
 * or may, or it cannot be told (FROM names no file, its log is gone, too many statements). Both are
 * places between transactions at the one server. SL_EIO, SL_EAUTH, SL_ESTOPPED, SL_ENOMEM.
 */
int sl_ddl_scan_find(struct sl_ddl_scan *scan, const struct sl_position *from,
                     const struct sl_position *to, struct sl_span db, struct sl_span table,
                     struct sl_err *err) SL_MUSTCHECK;

#endif
