#include "filters/index.h"

#include <stdlib.h>

#include "filters/key_parse.h"

/* ---- compiling ---- */

static bool has_column(const struct sl_index *index, uint32_t column)
{
    for (uint32_t i = 0; i < index->column_count; i++) {
        if (index->columns[i] == column) {
            return true;
        }
    }
    return false;
}

static void add_columns(struct sl_index *index, const struct sl_key *key)
{
    for (size_t i = 0; i < key->count; i++) {
        uint32_t column = key->parts[i].column;

        if (column != SL_KEY_LITERAL && !has_column(index, column)) {
            index->columns[index->column_count++] = column;
        }
    }
}

static int refuse(const struct sl_index *index, const struct sl_table *table,
                  const struct sl_column *column, const char *why, struct sl_err *err)
{
    return sl_err_set(err, SL_EINVAL,
                      "the index \"%s\" of table %.*s.%.*s is made of the column %.*s, %s",
                      index->options->key, (int)table->db.len, (const char *)table->db.data,
                      (int)table->name.len, (const char *)table->name.data, (int)column->name.len,
                      (const char *)column->name.data, why);
}

static bool is_masked(const struct sl_table_rule *rule, struct sl_span name)
{
    for (size_t i = 0; i < rule->mask_count; i++) {
        if (sl_span_equals(name, rule->masks[i].column)) {
            return true;
        }
    }
    return false;
}

/* Of a document that is updated in part there is no text to make a key of. */
static int check_columns(const struct sl_index *index, const struct sl_table_rule *rule,
                         const struct sl_table *table, struct sl_err *err)
{
    for (uint32_t i = 0; i < index->column_count; i++) {
        const struct sl_column *column = &table->columns[index->columns[i]];

        if (is_masked(rule, column->name)) {
            return refuse(index, table, column,
                          "which the rule masks: leave it out of \"index\", or out of \"mask\"",
                          err);
        }
        if (column->kind == SL_KIND_JSON) {
            return refuse(index, table, column,
                          "which holds JSON documents: use a generated column of what it is to "
                          "be found by",
                          err);
        }
    }
    return SL_OK;
}

static int compile(struct sl_index *index, const struct sl_table_rule *rule,
                   const struct sl_table *table, struct sl_err *err)
{
    const struct sl_row_index *options = index->options;
    int rc = sl_key_compile_any(options->key, table, &index->key, err);

    rc = rc == SL_OK ? sl_key_compile_any(options->value, table, &index->value, err) : rc;
    if (rc != SL_OK) {
        return err != NULL && err->status != SL_OK
                   ? sl_err_prefix(err, "index \"%s\"", options->key)
                   : rc;
    }
    index->columns = calloc(index->key.count + index->value.count + 1, sizeof(*index->columns));
    if (index->columns == NULL) {
        return SL_ENOMEM;
    }
    add_columns(index, &index->key);
    add_columns(index, &index->value);
    return check_columns(index, rule, table, err);
}

int sl_indexes_new(const struct sl_table_rule *rule, const struct sl_table *table,
                   struct sl_indexes **out, struct sl_err *err)
{
    struct sl_indexes *indexes;
    int rc = SL_OK;

    *out = NULL;
    if (rule->index_count == 0) {
        return SL_OK;
    }
    indexes = calloc(1, sizeof(*indexes) + rule->index_count * sizeof(indexes->items[0]));
    if (indexes == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; rc == SL_OK && i < rule->index_count; i++) {
        struct sl_index *index = &indexes->items[indexes->count++];

        index->options = &rule->indexes[i];
        rc = compile(index, rule, table, err);
    }
    if (rc != SL_OK) {
        sl_indexes_free(indexes);
        return rc;
    }
    *out = indexes;
    return SL_OK;
}

void sl_indexes_free(struct sl_indexes *indexes)
{
    if (indexes == NULL) {
        return;
    }
    for (size_t i = 0; i < indexes->count; i++) {
        sl_key_release(&indexes->items[i].key);
        sl_key_release(&indexes->items[i].value);
        free(indexes->items[i].columns);
    }
    free(indexes);
}

/* ---- items ---- */

static const struct sl_cell *cell_of(uint32_t column, const struct sl_cell *cells,
                                     const struct sl_cell *fallback)
{
    return cells[column].state == SL_CELL_ABSENT && fallback != NULL ? &fallback[column]
                                                                     : &cells[column];
}

bool sl_index_is_known(const struct sl_index *index, const struct sl_cell *cells,
                       const struct sl_cell *fallback)
{
    for (uint32_t i = 0; i < index->column_count; i++) {
        if (cell_of(index->columns[i], cells, fallback)->state == SL_CELL_ABSENT) {
            return false;
        }
    }
    return true;
}

static bool has_null(const struct sl_key *key, const struct sl_cell *cells,
                     const struct sl_cell *fallback)
{
    for (size_t i = 0; i < key->count; i++) {
        uint32_t column = key->parts[i].column;

        if (column != SL_KEY_LITERAL && cell_of(column, cells, fallback)->state == SL_CELL_NULL) {
            return true;
        }
    }
    return false;
}

static struct sl_span span_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

int sl_index_render(const struct sl_index *index, const struct sl_table *table,
                    const struct sl_cell *cells, const struct sl_cell *fallback,
                    struct sl_index_item *item, struct sl_err *err)
{
    int rc;

    item->is_there = !has_null(&index->key, cells, fallback);
    if (!item->is_there) {
        return SL_OK;
    }
    sl_buf_clear(&item->key);
    sl_buf_clear(&item->value);
    sl_buf_clear(&item->member);
    rc = sl_key_render(&index->key, table, cells, fallback, &item->key, err);
    rc = rc == SL_OK ? sl_key_render(&index->value, table, cells, fallback, &item->value, err) : rc;
    return rc == SL_OK && index->options->is_set
               ? sl_item_format_member(span_of(&item->key), span_of(&item->value), &item->member)
               : rc;
}

struct sl_item sl_index_view(const struct sl_index *index, const struct sl_index_item *item)
{
    if (index->options->is_set) {
        return (struct sl_item){.name = sl_item_member(span_of(&item->member))};
    }
    return (struct sl_item){.name = sl_item_key(span_of(&item->key)),
                            .value = span_of(&item->value)};
}

void sl_index_item_release(struct sl_index_item *item)
{
    sl_buf_release(&item->key);
    sl_buf_release(&item->value);
    sl_buf_release(&item->member);
}

/* ---- from names to rows ---- */

static bool is_same_cell(const struct sl_cell *a, const struct sl_cell *b)
{
    return a->state == b->state && a->len == b->len &&
           (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* Adds what the member tells to CELLS. SL_DONE: it and the key are of no one row. */
static int add_cells(const struct sl_table *table, const struct sl_cell *from,
                     struct sl_cell *cells)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (from[i].state == SL_CELL_ABSENT) {
            continue;
        }
        if (cells[i].state != SL_CELL_ABSENT && !is_same_cell(&cells[i], &from[i])) {
            return SL_DONE;
        }
        cells[i] = from[i];
    }
    return SL_OK;
}

static int parse_member(const struct sl_index *index, const struct sl_table *table,
                        struct sl_span member, struct sl_arena *arena, struct sl_cell *cells)
{
    struct sl_cell *more = sl_arena_array(arena, table->column_count, sizeof(*more));
    int rc;

    if (more == NULL) {
        return SL_ENOMEM;
    }
    rc = sl_key_parse(&index->value, table, member, arena, more);
    return rc == SL_OK ? add_cells(table, more, cells) : rc;
}

int sl_index_parse(const struct sl_index *index, const struct sl_table *table, struct sl_span name,
                   struct sl_arena *arena, struct sl_cell *cells)
{
    struct sl_span key = name;
    struct sl_span member = {0};
    int rc = index->options->is_set ? sl_item_split_member(name, &key, &member) : SL_OK;

    if (rc == SL_EFORMAT) {
        return SL_DONE;
    }
    rc = rc == SL_OK ? sl_key_parse(&index->key, table, key, arena, cells) : rc;
    if (rc == SL_OK && has_null(&index->key, cells, NULL)) {
        return SL_DONE;
    }
    return rc == SL_OK && index->options->is_set ? parse_member(index, table, member, arena, cells)
                                                 : rc;
}
