/*
 * sql_text.h - names and values as text in SQL statements, for sessions with utf8mb4 and an empty
 * sql_mode (connect.h sets both): backslashes escape, quotes are those of strings.
 *
 * Values may come from anywhere (a key in Redis, a stored state), so none gets into a statement but
 * in quotes, as hexadecimal digits or as a number that was looked at.
 */
#ifndef SLUICE_CDC_SQL_TEXT_H
#define SLUICE_CDC_SQL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/buf.h"
#include "cdc/base/span.h"
#include "cdc/column.h"

static inline bool sl_sql_is_float(const struct sl_column *column)
{
    return column->type == SL_TYPE_FLOAT || column->type == SL_TYPE_DOUBLE;
}

/* True for "-12", "0042" and "1.50", without exponents, of 100 bytes at most. */
bool sl_sql_is_number(struct sl_span text);
/* True for "12" alone, of 20 bytes at most. */
bool sl_sql_is_digits(struct sl_span text);
/* True when TEXT is a finite number in any form of C, for a FLOAT or DOUBLE. */
bool sl_sql_is_float_text(const struct sl_column *column, struct sl_span text);

/* Appends TEXT as a string literal with its quotes, or a name with its backticks. */
int sl_sql_add_literal(struct sl_buf *sql, const void *text, size_t len) SL_MUSTCHECK;
int sl_sql_add_name(struct sl_buf *sql, const void *name, size_t len) SL_MUSTCHECK;

/* Appends X'0AFF'. */
int sl_sql_add_hex(struct sl_buf *sql, struct sl_span bytes) SL_MUSTCHECK;

/*
 * Appends TEXT, a value in the form of value.h, as what it takes to compare it with COLUMN exactly;
 * a text that can be no number, for a column of numbers, is NULL, which nothing equals.
 */
int sl_sql_add_value(struct sl_buf *sql, const struct sl_column *column,
                     struct sl_span text) SL_MUSTCHECK;

/* Appends `db`.`table`. */
int sl_sql_add_table(struct sl_buf *sql, struct sl_span db, struct sl_span table) SL_MUSTCHECK;

/*
 * Appends all columns, by name, so that their texts can be made those of decoded events:
 * FLOAT and DOUBLE as a DOUBLE with all its digits, BIT as a number.
 */
int sl_sql_add_columns(struct sl_buf *sql, const struct sl_table *table) SL_MUSTCHECK;

#endif
