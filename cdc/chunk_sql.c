#include "cdc/chunk_sql.h"

#include "cdc/chunk_pad.h"
#include "cdc/sql_text.h"

static int add_name(struct sl_buf *sql, const struct sl_column *column)
{
    return sl_sql_add_name(sql, column->name.data, column->name.len);
}

static int add_from(struct sl_buf *sql, const struct sl_table *table)
{
    int rc = sl_buf_add_str(sql, " FROM ");

    return rc == SL_OK ? sl_sql_add_table(sql, table->db, table->name) : rc;
}

static int add_locks(struct sl_buf *sql, bool locks)
{
    return locks ? sl_buf_add_str(sql, " LOCK IN SHARE MODE") : SL_OK;
}

/* ---- ranges ---- */

enum { SL_LABELS_MAX = 500 }; /* that are listed in a statement */

/* What a key's value is compared as, where that is not the column itself. */
static int add_cast(struct sl_buf *sql, const struct sl_chunk_part *part)
{
    int rc = sl_buf_add_str(sql, "CAST(");

    rc = rc == SL_OK ? add_name(sql, part->column) : rc;
    return rc == SL_OK ? sl_buf_add_str(sql, part->form == SL_CHUNK_ORDINAL ? " AS UNSIGNED)"
                                                                            : " AS BINARY)")
                       : rc;
}

/*
 * Neither server makes a range of an ENUM and a number, but both do of it and labels. An empty
 * label equals the value 0 ('', what no label fits), which has another place in the order.
 */
static bool has_usable_labels(const struct sl_column *column)
{
    if (column->type != SL_TYPE_ENUM || column->label_count > SL_LABELS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < column->label_count; i++) {
        if (column->labels[i].len == 0) {
            return false;
        }
    }
    return true;
}

static int add_label(struct sl_buf *sql, const struct sl_column *column, uint64_t number)
{
    struct sl_span label = number > 0 ? column->labels[number - 1] : sl_span_make("", 0);

    return sl_sql_add_literal(sql, label.data, label.len);
}

/* a='y', or for those behind it a IN ('z',…). */
static int compare_label(struct sl_buf *sql, const struct sl_column *column, char how,
                         uint64_t number)
{
    int rc;

    if (how == '>' && number >= column->label_count) {
        return sl_buf_add_str(sql, "FALSE");
    }
    rc = add_name(sql, column);
    if (how == '=') {
        rc = rc == SL_OK ? sl_buf_add_byte(sql, '=') : rc;
        return rc == SL_OK ? add_label(sql, column, number) : rc;
    }
    for (uint64_t i = number + 1; rc == SL_OK && i <= column->label_count; i++) {
        rc = sl_buf_add_str(sql, i == number + 1 ? " IN (" : ",");
        rc = rc == SL_OK ? add_label(sql, column, i) : rc;
    }
    return rc == SL_OK ? sl_buf_add_byte(sql, ')') : rc;
}

/* By number, a SET in all its 64 bits: as it is, it would be compared as a DOUBLE. */
static int compare_ordinal(struct sl_buf *sql, const struct sl_chunk_part *part, char how,
                           struct sl_span value)
{
    uint64_t number = 0;
    int rc;

    for (size_t i = 0; i < value.len && number <= SL_LABELS_MAX; i++) {
        number = number * 10 + (uint64_t)(value.data[i] - '0');
    }
    if (has_usable_labels(part->column) && number <= part->column->label_count) {
        return compare_label(sql, part->column, how, number);
    }
    rc = add_cast(sql, part);
    rc = rc == SL_OK ? sl_buf_add_byte(sql, (uint8_t)how) : rc;
    return rc == SL_OK ? sl_buf_add(sql, value.data, value.len) : rc;
}

static int compare(struct sl_buf *sql, const struct sl_chunk_part *part, char how,
                   struct sl_span value)
{
    int rc;

    if (part->form == SL_CHUNK_ORDINAL) {
        return compare_ordinal(sql, part, how, value);
    }
    if (how == '>' && part->is_padded) {
        return sl_chunk_pad_behind(sql, part, value);
    }
    rc = add_name(sql, part->column);
    rc = rc == SL_OK ? sl_buf_add_byte(sql, (uint8_t)how) : rc;
    if (rc != SL_OK || part->form == SL_CHUNK_PLAIN) {
        return rc == SL_OK ? sl_sql_add_value(sql, part->column, value) : rc;
    }
    rc = sl_buf_add_format(sql, "_%.*s ", (int)part->charset.len, (const char *)part->charset.data);
    return rc == SL_OK ? sl_sql_add_hex(sql, value) : rc;
}

/* a=1 AND b=2 AND c>3, for LAST = 2. */
static int add_step(struct sl_buf *sql, const struct sl_chunk_key *key,
                    const struct sl_span *values, uint32_t last)
{
    int rc = SL_OK;

    for (uint32_t i = 0; rc == SL_OK && i <= last; i++) {
        rc = i > 0 ? sl_buf_add_str(sql, " AND ") : SL_OK;
        rc = rc == SL_OK ? compare(sql, &key->parts[i], i < last ? '=' : '>', values[i]) : rc;
    }
    return rc;
}

/*
 * (a>1) OR (a=1 AND b>2) OR …: of this both servers make ranges of the index, which they do not of
 * (a,b)>(1,2).
 */
static int add_behind(struct sl_buf *sql, const struct sl_chunk_key *key,
                      const struct sl_span *values)
{
    int rc = sl_buf_add_byte(sql, '(');

    for (uint32_t i = 0; rc == SL_OK && i < key->count; i++) {
        rc = sl_buf_add_str(sql, i > 0 ? " OR (" : "(");
        rc = rc == SL_OK ? add_step(sql, key, values, i) : rc;
        rc = rc == SL_OK ? sl_buf_add_byte(sql, ')') : rc;
    }
    return rc == SL_OK ? sl_buf_add_byte(sql, ')') : rc;
}

/* The user's condition may end in a comment. */
static int add_where(struct sl_buf *sql, const struct sl_chunk_key *key,
                     const struct sl_chunk_range *range)
{
    int rc = SL_OK;

    if (range->where.len > 0 || range->after != NULL) {
        rc = sl_buf_add_str(sql, " WHERE ");
    }
    if (rc == SL_OK && range->where.len > 0) {
        rc = sl_buf_add_byte(sql, '(');
        rc = rc == SL_OK ? sl_buf_add(sql, range->where.data, range->where.len) : rc;
        rc = rc == SL_OK ? sl_buf_add_str(sql, range->after != NULL ? "\n) AND " : "\n)") : rc;
    }
    return rc == SL_OK && range->after != NULL ? add_behind(sql, key, range->after) : rc;
}

/* With the table's name, or a column of the SELECT could be meant. */
static int add_order(struct sl_buf *sql, const struct sl_chunk_key *key)
{
    int rc = sl_buf_add_str(sql, " ORDER BY ");

    for (uint32_t i = 0; rc == SL_OK && i < key->count; i++) {
        rc = i > 0 ? sl_buf_add_byte(sql, ',') : SL_OK;
        rc = rc == SL_OK ? sl_sql_add_table(sql, key->table->name, key->parts[i].column->name) : rc;
    }
    return rc;
}

/* Left to themselves, the servers may read and sort the rest of the table for each chunk. */
static int add_index(struct sl_buf *sql, const struct sl_chunk_key *key)
{
    int rc = sl_buf_add_str(sql, " FORCE INDEX (");

    rc = rc == SL_OK ? sl_sql_add_name(sql, key->index.data, key->index.len) : rc;
    return rc == SL_OK ? sl_buf_add_byte(sql, ')') : rc;
}

int sl_chunk_sql_range(struct sl_buf *sql, const struct sl_chunk_key *key,
                       const struct sl_chunk_range *range)
{
    int rc;

    sl_buf_clear(sql);
    rc = sl_buf_add_str(sql, "SELECT ");
    rc = rc == SL_OK ? sl_sql_add_columns(sql, key->table) : rc;
    for (uint32_t i = 0; rc == SL_OK && i < key->count; i++) {
        if (key->parts[i].is_extra) {
            rc = sl_buf_add_byte(sql, ',');
            rc = rc == SL_OK ? add_cast(sql, &key->parts[i]) : rc;
        }
    }
    rc = rc == SL_OK ? add_from(sql, key->table) : rc;
    rc = rc == SL_OK ? add_index(sql, key) : rc;
    rc = rc == SL_OK ? add_where(sql, key, range) : rc;
    rc = rc == SL_OK ? add_order(sql, key) : rc;
    rc = rc == SL_OK ? sl_buf_add_format(sql, " LIMIT %zu", range->rows) : rc;
    return rc == SL_OK ? add_locks(sql, range->locks) : rc;
}

/* ---- keys ---- */

/* MySQL's JSON equals no string. */
static int add_compared(struct sl_buf *sql, const struct sl_column *column)
{
    int rc;

    if (column->type != SL_TYPE_JSON) {
        return add_name(sql, column);
    }
    rc = sl_buf_add_str(sql, "CAST(");
    rc = rc == SL_OK ? add_name(sql, column) : rc;
    return rc == SL_OK ? sl_buf_add_str(sql, " AS CHAR)") : rc;
}

static int add_cell(struct sl_buf *sql, const struct sl_column *column, const struct sl_cell *cell)
{
    return sl_sql_add_value(sql, column, sl_span_make(cell->data, cell->len));
}

static int add_equal(struct sl_buf *sql, const struct sl_column *column, const struct sl_cell *cell)
{
    int rc = add_compared(sql, column);

    if (cell->state == SL_CELL_NULL) {
        return rc == SL_OK ? sl_buf_add_str(sql, " IS NULL") : rc;
    }
    rc = rc == SL_OK ? sl_buf_add_byte(sql, '=') : rc;
    return rc == SL_OK ? add_cell(sql, column, cell) : rc;
}

/* a IN (1,2,NULL) [OR a IS NULL]; a NULL in the list equals nothing. */
static int add_list(struct sl_buf *sql, const struct sl_table *table, uint32_t number,
                    const struct sl_cell *keys, size_t count)
{
    const struct sl_column *column = &table->columns[number];
    bool has_null = false;
    int rc = add_compared(sql, column);

    rc = rc == SL_OK ? sl_buf_add_str(sql, " IN (") : rc;
    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        const struct sl_cell *cell = &keys[i * table->column_count + number];

        rc = i > 0 ? sl_buf_add_byte(sql, ',') : SL_OK;
        if (rc == SL_OK && cell->state == SL_CELL_NULL) {
            has_null = true;
            rc = sl_buf_add_str(sql, "NULL");
        } else if (rc == SL_OK) {
            rc = add_cell(sql, column, cell);
        }
    }
    rc = rc == SL_OK ? sl_buf_add_byte(sql, ')') : rc;
    if (rc == SL_OK && has_null) {
        rc = sl_buf_add_str(sql, " OR ");
        rc = rc == SL_OK ? add_compared(sql, column) : rc;
        rc = rc == SL_OK ? sl_buf_add_str(sql, " IS NULL") : rc;
    }
    return rc;
}

static int add_row(struct sl_buf *sql, const struct sl_table *table, const struct sl_cell *key)
{
    bool is_first = true;
    int rc = sl_buf_add_byte(sql, '(');

    for (uint32_t i = 0; rc == SL_OK && i < table->column_count; i++) {
        if (key[i].state == SL_CELL_ABSENT) {
            continue;
        }
        rc = is_first ? SL_OK : sl_buf_add_str(sql, " AND ");
        rc = rc == SL_OK ? add_equal(sql, &table->columns[i], &key[i]) : rc;
        is_first = false;
    }
    return rc == SL_OK ? sl_buf_add_byte(sql, ')') : rc;
}

static int add_rows(struct sl_buf *sql, const struct sl_table *table, const struct sl_cell *keys,
                    size_t count)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        rc = i > 0 ? sl_buf_add_str(sql, " OR ") : SL_OK;
        rc = rc == SL_OK ? add_row(sql, table, keys + i * table->column_count) : rc;
    }
    return rc;
}

/* How many columns the keys have, and the last of them; 0 when they are not all alike. */
static uint32_t count_present(const struct sl_table *table, const struct sl_cell *keys,
                              size_t count, uint32_t *last)
{
    uint32_t present = 0;

    for (uint32_t i = 0; i < table->column_count; i++) {
        bool is_present = keys[i].state != SL_CELL_ABSENT;

        for (size_t j = 0; j < count; j++) {
            uint32_t state = keys[j * table->column_count + i].state;

            if ((state != SL_CELL_ABSENT) != is_present ||
                (is_present && state != SL_CELL_TEXT && state != SL_CELL_NULL)) {
                return 0;
            }
        }
        if (is_present) {
            present++;
            *last = i;
        }
    }
    return present;
}

int sl_chunk_sql_keys(struct sl_buf *sql, const struct sl_table *table, const struct sl_cell *keys,
                      size_t count, bool locks, struct sl_err *err)
{
    uint32_t last = 0;
    uint32_t present = count_present(table, keys, count, &last);
    int rc;

    if (present == 0) {
        return sl_err_set(err, SL_EINVAL,
                          "rows of table %.*s.%.*s cannot be looked up: the keys do not name the "
                          "same columns",
                          (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                          (const char *)table->name.data);
    }
    sl_buf_clear(sql);
    rc = sl_buf_add_str(sql, "SELECT ");
    rc = rc == SL_OK ? sl_sql_add_columns(sql, table) : rc;
    rc = rc == SL_OK ? add_from(sql, table) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(sql, " WHERE ") : rc;
    if (rc == SL_OK) {
        rc = present == 1 ? add_list(sql, table, last, keys, count)
                          : add_rows(sql, table, keys, count);
    }
    return rc == SL_OK ? add_locks(sql, locks) : rc;
}
