/*
 * table_loader.h - reads all rows of a table, as it is now; cdc/client/table_scan.c implements it.
 */
#ifndef SLUICE_CDC_TABLE_LOADER_H
#define SLUICE_CDC_TABLE_LOADER_H

#include "cdc/base/err.h"
#include "cdc/column.h"

/* The callbacks return SL_OK or a status that ends the loading with it. */
struct sl_load_handler {
    /* Called once, before the rows. TABLE lives until the loading ends, when its user_free is
       called. SL_DONE: leave the table alone, after all. */
    int (*begin)(void *user, struct sl_table *table, struct sl_err *err);
    /* One row: column_count CELLS, states TEXT and NULL; valid during the call. */
    int (*row)(void *user, const struct sl_table *table, const struct sl_cell *cells,
               struct sl_err *err);
    void *user;
};

/*
 * SL_OK: every row that was committed when it began was given to HANDLER. SL_DONE: there is no such
 * table (a view is none), or begin said so. SL_EIO, SL_EAUTH, SL_ESTOPPED, SL_ESCHEMA, SL_ENOMEM.
 * A DDL statement that is in the binary log already is waited for, if it is not complete yet.
 */
typedef int (*sl_load_fn)(void *user, struct sl_span db, struct sl_span table,
                          const struct sl_load_handler *handler, struct sl_err *err);

#endif
