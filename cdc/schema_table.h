/*
 * schema_table.h - a table layout from the server's information_schema alone, for rows that come by
 * SELECT and not in events. It has all that the text of a row needs (names, kinds, key, zero fill),
 * but its columns cannot take stored values apart.
 */
#ifndef SLUICE_CDC_SCHEMA_TABLE_H
#define SLUICE_CDC_SCHEMA_TABLE_H

#include "cdc/base/arena.h"
#include "cdc/base/err.h"
#include "cdc/column.h"
#include "cdc/stream.h"

/*
 * Fills TABLE (zeroed before) for DB.NAME; everything it points to is in ARENA. SCHEMA is of the
 * moment that the rows are read, whatever its is_current says. SL_ESCHEMA, SL_ENOMEM.
 */
int sl_schema_table_build(struct sl_table *table, struct sl_span db, struct sl_span name,
                          const struct sl_schema *schema, struct sl_arena *arena,
                          struct sl_err *err) SL_MUSTCHECK;

#endif
