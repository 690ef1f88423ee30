/*
 * exact_row.h - rows by SELECT in the very form that decoded events have: what chunk_rows.c and
 * table_scan.c share. Only cdc/client/ includes this header: it shows the library.
 */
#ifndef SLUICE_CDC_CLIENT_EXACT_ROW_H
#define SLUICE_CDC_CLIENT_EXACT_ROW_H

#include <mysql.h>
#include <stdbool.h>

#include "cdc/base/buf.h"
#include "cdc/column.h"

/* Appends SELECT all columns FROM TABLE. Their names must be known. */
int sl_exact_row_select(struct sl_buf *sql, const struct sl_table *table) SL_MUSTCHECK;

/*
 * Fills column_count cells of OUT with a ROW of that SELECT, states TEXT and NULL. They are views
 * of the row and of FLOATS, which is overwritten.
 */
int sl_exact_row_cells(const struct sl_table *table, MYSQL_ROW row, const unsigned long *lengths,
                       struct sl_buf *floats, struct sl_cell *out) SL_MUSTCHECK;

#endif
