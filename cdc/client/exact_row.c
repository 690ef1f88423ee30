#include "cdc/client/exact_row.h"

#include <stdlib.h>

#include "cdc/sql_text.h"
#include "cdc/value_float.h"

int sl_exact_row_select(struct sl_buf *sql, const struct sl_table *table)
{
    int rc = sl_buf_add_str(sql, "SELECT ");

    rc = rc == SL_OK ? sl_sql_add_columns(sql, table) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(sql, " FROM ") : rc;
    return rc == SL_OK ? sl_sql_add_table(sql, table->db, table->name) : rc;
}

static size_t format_float(const struct sl_column *column, const char *text, uint8_t *out)
{
    union {
        double value;
        uint64_t bits;
    } wide = {.value = strtod(text, NULL)};

    union {
        float value;
        uint32_t bits;
    } narrow = {.value = (float)wide.value};

    return column->type == SL_TYPE_FLOAT ? sl_float_format_float(narrow.bits, out)
                                         : sl_float_format_double(wide.bits, out);
}

/* FLOATS has room for every column, so that its bytes stay where they are. */
static void set_cell(const struct sl_column *column, const char *text, unsigned long len,
                     struct sl_buf *floats, struct sl_cell *cell)
{
    if (text == NULL) {
        *cell = (struct sl_cell){.state = SL_CELL_NULL};
        return;
    }
    *cell = (struct sl_cell){
        .data = (const uint8_t *)text, .len = (uint32_t)len, .state = SL_CELL_TEXT};
    if (sl_sql_is_float(column)) {
        cell->data = sl_buf_tail(floats);
        cell->len = (uint32_t)format_float(column, text, sl_buf_tail(floats));
        sl_buf_commit(floats, cell->len);
    }
}

int sl_exact_row_cells(const struct sl_table *table, MYSQL_ROW row, const unsigned long *lengths,
                       struct sl_buf *floats, struct sl_cell *out)
{
    int rc;

    sl_buf_clear(floats);
    rc = sl_buf_reserve(floats, (size_t)table->column_count * SL_FLOAT_TEXT_MAX);
    if (rc != SL_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        set_cell(&table->columns[i], row[i], lengths[i], floats, &out[i]);
    }
    return SL_OK;
}
