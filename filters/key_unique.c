#include "filters/key_unique.h"

#include "filters/facet.h"

static bool has_column(const struct sl_key *key, uint32_t number)
{
    for (size_t i = 0; i < key->count; i++) {
        if (key->parts[i].column == number) {
            return true;
        }
    }
    return false;
}

static bool has_row_key(const struct sl_key *key, const struct sl_table *table)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        if (!has_column(key, table->key[i])) {
            return false;
        }
    }
    return table->key_count > 0;
}

/* All columns of one of the unique indexes. */
static bool has_index(const struct sl_key *key, const struct sl_table *table)
{
    uint64_t whole = table->uniques;

    for (uint32_t i = 0; i < table->column_count; i++) {
        if (!has_column(key, i)) {
            whole &= ~table->columns[i].unique_in;
        }
    }
    return whole != 0;
}

/* A key for each row, and nothing but it. */
static bool holds_a_row(const struct sl_table_rule *rule)
{
    switch (rule->value) {
    case SL_VALUE_HASH:
    case SL_VALUE_JSON:
    case SL_VALUE_REJSON:
        return true;
    case SL_VALUE_INVALIDATE:
    case SL_VALUE_STREAM:
        break;
    }
    return false;
}

int sl_key_check_unique(const struct sl_shape *shape, struct sl_err *err)
{
    const struct sl_table *table = shape->table;

    if (!holds_a_row(shape->rule) || table->uniques == 0 || has_row_key(&shape->key, table) ||
        has_index(&shape->key, table)) {
        return SL_OK;
    }
    return sl_err_set(err, SL_EINVAL,
                      "rows of table %.*s.%.*s can get the same key, and overwrite each other: the "
                      "template \"%.200s\" of the rule \"%.200s\" has all columns of neither the "
                      "primary key nor a unique index of NOT NULL columns: add them, or use {pk}",
                      (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                      (const char *)table->name.data, sl_rule_key(shape->rule),
                      shape->rule->pattern);
}

/* ---- values that run together ---- */

/* ":" is escaped in values, "{" and "}", too. */
static bool parts_values(struct sl_span literal)
{
    for (size_t i = 0; i < literal.len; i++) {
        uint8_t byte = literal.data[i];

        if (byte == ':' || byte == '{' || byte == '}') {
            return true;
        }
    }
    return false;
}

static bool is_integer(const struct sl_column *column)
{
    switch (column->type) {
    case SL_TYPE_TINY:
    case SL_TYPE_SHORT:
    case SL_TYPE_INT24:
    case SL_TYPE_LONG:
    case SL_TYPE_LONGLONG:
    case SL_TYPE_YEAR:
        return true;
    default:
        return false;
    }
}

/* An integer before it ends at whatever is no digit. */
static bool ends_integer(const struct sl_column *column, struct sl_span literal)
{
    return is_integer(column) && literal.len > 0 &&
           (literal.data[0] < '0' || literal.data[0] > '9');
}

bool sl_key_runs_together(const struct sl_key *key, const struct sl_table *table)
{
    const struct sl_column *before = NULL;
    struct sl_span literal = sl_span_make("", 0);

    for (size_t i = 0; i < key->count; i++) {
        const struct sl_key_part *part = &key->parts[i];

        if (part->column == SL_KEY_LITERAL) {
            literal = sl_span_make(key->literals.data + part->at, part->len);
            continue;
        }
        if (before != NULL && !parts_values(literal) && !ends_integer(before, literal)) {
            return true;
        }
        before = &table->columns[part->column];
        literal = sl_span_make("", 0);
    }
    return false;
}
