/*
 * table_scan.h - reads a whole table on a connection of its own, one row at a time.
 */
#ifndef SLUICE_CDC_CLIENT_TABLE_SCAN_H
#define SLUICE_CDC_CLIENT_TABLE_SCAN_H

#include "cdc/options.h"
#include "cdc/table_loader.h"

struct sl_table_scan;

/* Connects for each scan. NULL when there is no memory. */
struct sl_table_scan *sl_table_scan_new(const struct sl_source_options *options);
void sl_table_scan_free(struct sl_table_scan *scan);

/* Thread-safe: a scan that is under way and all later ones fail with SL_ESTOPPED. */
void sl_table_scan_interrupt(struct sl_table_scan *scan);

/*
 * A sl_load_fn; USER is the struct sl_table_scan. While it runs, statements that alter the table
 * wait at the source (and writes to a table without transactions, such as MyISAM's).
 */
int sl_table_scan_run(void *user, struct sl_span db, struct sl_span table,
                      const struct sl_load_handler *handler, struct sl_err *err) SL_MUSTCHECK;

#endif
