/*
 * value.h - stored column values to text, one decoder a type family
 * (value_number.c, value_decimal.c, value_temporal.c, value_string.c,
 * value_special.c; JSON in json_binary.c). The text is what `SELECT column` returns on a
 * utf8mb4 connection with time_zone '+00:00', byte for byte, with two exceptions that the
 * contract with our users fixes: BIT(n) is its unsigned decimal, and FLOAT
 * and DOUBLE are the shortest decimal that reads back to the same number, in the form of
 * value_float.h (FLOAT(M,D) and ZEROFILL do not change it).
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
 * Picks COLUMN's decoder, kind and (while it is NULL) charset from its type, collation and
 * flags; call it again when one of them changed, with charset reset. Who knows the flavor of the
 * server sets charset beforehand, as a few collation ids and conversions differ. SL_EUNSUPPORTED,
 * with the column named, for a type or collation that cannot be decoded; SL_ESCHEMA when the
 * collation or the labels that the text depends on are not known. After a failure the render
 * function is set all the same, and fails likewise: a caller that does not need the column may go
 * on.
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
 * The JSON number in the text of a SL_KIND_NUMBER value. They are the same but for YEAR 0 ("0000")
 * and zero-filled integers ("00042"), as JSON allows no leading zeros.
 */
static inline struct sl_span sl_value_json_number(struct sl_span text)
{
    while (text.len > 1 && text.data[0] == '0' && text.data[1] >= '0' && text.data[1] <= '9') {
        text.data++;
        text.len--;
    }
    return text;
}

/*
 * How many bytes a value of COLUMN takes at the front of REST in a row image, its length prefix
 * of *PREFIX bytes included. SL_ETRUNC when REST is shorter, SL_EFORMAT when the value is longer
 * than the column allows. Constant-time, used for every cell.
 */
int sl_value_extent(const struct sl_column *column, struct sl_span rest, size_t *prefix,
                    size_t *total) SL_MUSTCHECK;

#endif
