/*
 * where.h - the "where" of a rule: a Lua expression over a row's columns that says whether the row
 * belongs into the cache.
 *
 * A column's name is a variable with its value: NULL is nil; a number is an integer, or a float for
 * FLOAT and DOUBLE; an integer beyond 63 bits, a DECIMAL and everything else is a string, the text
 * that a hash in the cache gets. Values are the same whether the row comes from an event or from a
 * SELECT. Only what the expression looks at is rendered.
 */
#ifndef SLUICE_FILTERS_WHERE_H
#define SLUICE_FILTERS_WHERE_H

#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/column.h"

struct sl_where; /* of one thread */

/* The columns of one table that the expression may look at. Zeroed: none. */
struct sl_where_columns {
    uint32_t *numbers; /* in table order */
    uint32_t count;
};

/* A row: CELLS, and the cells of its image before (else NULL). */
struct sl_where_row {
    const struct sl_table *table;
    const struct sl_where_columns *columns;
    const struct sl_cell *cells;
    const struct sl_cell *before;
};

enum sl_verdict {
    SL_ROW_MATCHES,
    SL_ROW_DIFFERS,
    SL_ROW_UNCLEAR, /* the image lacks what the expression looked at: read the row again */
};

/* Compiles TEXT (borrowed for the call). SL_EINVAL with Lua's sentence, SL_ENOMEM. */
int sl_where_new(const char *text, struct sl_where **out, struct sl_err *err) SL_MUSTCHECK;
void sl_where_free(struct sl_where *where);

/*
 * Finds the columns of TABLE in TEXT. SL_EINVAL: it uses a name that is neither a column nor a
 * function, as far as can be seen without running it. The caller releases *OUT.
 */
int sl_where_columns_find(const char *text, const struct sl_table *table,
                          struct sl_where_columns *out, struct sl_err *err) SL_MUSTCHECK;
void sl_where_columns_release(struct sl_where_columns *columns);

/*
 * Judges a row. Key columns that CELLS lack are taken from BEFORE, as servers leave them out where
 * they have not changed. SL_ERULE: the expression fails on this row; ERR is Lua's sentence, which
 * holds no value of the row. SL_ENOMEM, or what a column's decoder returned.
 */
int sl_where_test(struct sl_where *where, const struct sl_where_row *row, enum sl_verdict *verdict,
                  struct sl_err *err) SL_MUSTCHECK;

#endif
