/*
 * table_schema.h - what the server's information_schema adds to the columns of a table map: names
 * and labels where the server does not log them, and what no event carries (zero fill, MariaDB's
 * UUID and INET types, the key of a table without a primary key).
 */
#ifndef SLUICE_CDC_TABLE_SCHEMA_H
#define SLUICE_CDC_TABLE_SCHEMA_H

#include "cdc/base/arena.h"
#include "cdc/base/err.h"
#include "cdc/column.h"
#include "cdc/stream.h"
#include "cdc/table_meta.h"

/*
 * Merges SCHEMA into TABLE, whose columns have what META says of the event. Columns are paired by
 * name where the event has names, else by their place. Texts are copied into ARENA.
 * SL_ESCHEMA, with the setting that mends it, when places must be relied on and number or types of
 * the columns differ or the schema is not that of the event's time; SL_ENOMEM.
 */
int sl_table_schema_apply(struct sl_table *table, const struct sl_table_meta *meta,
                          const struct sl_schema *schema, struct sl_arena *arena,
                          struct sl_err *err) SL_MUSTCHECK;

/* True when a column of wire type TYPE can be of information_schema's DATA_TYPE. */
bool sl_table_schema_fits(uint8_t type, struct sl_span data_type);

/* The wire type of a column of DATA_TYPE, the oldest where there are several; VARCHAR for an
 * unknown one. */
uint8_t sl_table_schema_type(struct sl_span data_type);

/*
 * Reads the labels of a COLUMN_TYPE "enum('a','b')" or "set(…)" into COLUMN. SL_EFORMAT when it is
 * none.
 */
int sl_table_schema_labels(struct sl_column *column, struct sl_span column_type,
                           struct sl_arena *arena) SL_MUSTCHECK;

#endif
