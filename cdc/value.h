/*
 * value.h - stored column values to text, one decoder a type family
 * (value_number.c, value_decimal.c, value_temporal.c, value_string.c,
 * value_special.c; JSON in json_binary.c). The text is what `SELECT column` returns on a
 * utf8mb4 connection with time_zone '+00:00', byte for byte, with two exceptions that the
 * contract with our users fixes: BIT(n) is its unsigned decimal, and FLOAT
 * and DOUBLE are the shortest decimal that reads back to the same number.
 *
 * Formats: sql/log_event.cc, sql/field.cc and mysys/my_time.c of MySQL 8.0 and later,
 * sql/field.cc of MariaDB 10.6 and later.
 */
#ifndef SLUICE_CDC_VALUE_H
#define SLUICE_CDC_VALUE_H

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/column.h"

/*
 * Picks COLUMN's decoder and kind from its type, collation and flags; call it again when one of
 * them changed. SL_EUNSUPPORTED, with the column named, for a type that cannot be decoded.
 */
int sl_value_prepare(struct sl_column *column, struct sl_err *err) SL_MUSTCHECK;

/* Appends the text of a cell in state SL_CELL_VALUE; see sl_render_fn. */
static inline SL_MUSTCHECK int sl_value_text(const struct sl_column *column,
                                             const struct sl_cell *cell, struct sl_buf *out,
                                             struct sl_err *err)
{
    return column->render(column, cell->data, cell->len, out, err);
}

/*
 * How many bytes a value of COLUMN takes at the front of REST in a row image, its length prefix
 * of *PREFIX bytes included. SL_ETRUNC when REST is shorter. Constant-time, used for every cell.
 */
int sl_value_extent(const struct sl_column *column, struct sl_span rest, size_t *prefix,
                    size_t *total) SL_MUSTCHECK;

#endif
