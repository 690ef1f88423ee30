/*
 * row_query.h - reads one row again from the source, on a connection of its own, for changes
 * whose image is not complete (binlog_row_image=MINIMAL or NOBLOB, partial JSON).
 */
#ifndef SLUICE_CDC_CLIENT_ROW_QUERY_H
#define SLUICE_CDC_CLIENT_ROW_QUERY_H

#include "cdc/column.h"
#include "cdc/options.h"

struct sl_row_query;

/* Connects at the first read. NULL when there is no memory. */
struct sl_row_query *sl_row_query_new(const struct sl_source_options *options);
void sl_row_query_free(struct sl_row_query *query);

/* Thread-safe: a read that is under way and all later ones fail with SL_ESTOPPED. */
void sl_row_query_interrupt(struct sl_row_query *query);

/*
 * A sl_reread_fn (mapper.h); USER is the struct sl_row_query. KEY has column_count cells, of which
 * those of the row key (table->key) are used. OUT gets the row as it is now, every cell
 * SL_CELL_TEXT, in the form that value.h fixes, or SL_CELL_NULL; valid until the next call.
 * SL_DONE: no such row. SL_ESCHEMA: the table has no key or no names, or lacks a column by
 * now. SL_EIO, SL_EAUTH, SL_ESTOPPED.
 */
int sl_row_query_read(void *user, const struct sl_table *table, const struct sl_cell *key,
                      struct sl_cell *out, struct sl_err *err) SL_MUSTCHECK;

#endif
