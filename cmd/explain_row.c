/*
 * explain_row.c - one row of the table, and what becomes of it.
 */
#include <stdlib.h>

#include "cdc/position.h"
#include "cmd/explain_private.h"
#include "filters/mapper.h"
#include "filters/part.h"
#include "filters/shape.h"

void sl_explain_row_release(struct sl_explain_row *row)
{
    sl_arena_release(&row->arena);
    for (size_t i = 0; i < row->count; i++) {
        sl_buf_release(&row->values[i].key);
        sl_expect_release(&row->values[i].plain);
        sl_expect_release(&row->values[i].packed);
        free(row->values[i].sinks);
    }
    free(row->values);
}

/* ---- finding it ---- */

/* The names of the key's columns, for who gave too many values or too few. */
static int refuse_count(const struct sl_explain *explain, struct sl_err *err)
{
    const struct sl_table *table = explain->table;
    struct sl_buf names = {0};
    int rc = SL_OK;

    for (uint32_t i = 0; rc == SL_OK && i < table->key_count; i++) {
        struct sl_span name = table->columns[table->key[i]].name;

        rc = sl_buf_add_str(&names, i > 0 ? ", " : "");
        rc = rc == SL_OK ? sl_buf_add(&names, name.data, name.len) : rc;
    }
    rc = sl_err_set(err, SL_EINVAL, "rows of %s are named by %u value%s (%.*s), and %zu %s given",
                    explain->words->table, (unsigned)table->key_count,
                    table->key_count == 1 ? "" : "s", (int)names.len, (const char *)names.data,
                    explain->words->count, explain->words->count == 1 ? "is" : "are");
    sl_buf_release(&names);
    return rc;
}

static int read_named(struct sl_explain *explain, const struct sl_position *low,
                      struct sl_chunk *chunk, struct sl_err *err)
{
    const struct sl_table *table = explain->table;
    struct sl_cell *cells;
    int rc;

    if (explain->words->count != table->key_count) {
        return refuse_count(explain, err);
    }
    cells = calloc(table->column_count, sizeof(*cells));
    if (cells == NULL) {
        return SL_ENOMEM;
    }
    for (uint32_t i = 0; i < table->key_count; i++) {
        const char *value = explain->words->values[i];

        cells[table->key[i]] = (struct sl_cell){
            .data = (const uint8_t *)value, .len = (uint32_t)strlen(value), .state = SL_CELL_TEXT};
    }
    rc = explain->reader->ops->read_keys(explain->reader, cells, 1, low, false, chunk, err);
    free(cells);
    return rc;
}

/* The chunk's memory is used again: the row is copied. */
static int keep_cells(struct sl_explain *explain, const struct sl_chunk *chunk)
{
    struct sl_explain_row *row = &explain->row;
    size_t count = explain->table->column_count;
    int rc = SL_OK;

    row->cells = sl_arena_array(&row->arena, count, sizeof(*row->cells));
    if (row->cells == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        struct sl_span text = sl_span_make(chunk->cells[i].data, chunk->cells[i].len);

        row->cells[i] = chunk->cells[i];
        if (text.len > 0) {
            rc = sl_arena_keep(&row->arena, &text);
            row->cells[i].data = text.data;
        }
    }
    row->is_there = rc == SL_OK;
    return rc;
}

static int find_row(struct sl_explain *explain, struct sl_err *err)
{
    const struct sl_chunk_limit one = {.rows = 1, .bytes = 1};
    struct sl_position low;
    struct sl_chunk chunk = {0};
    int rc;

    sl_position_init(&low);
    rc = explain->reader->ops->end(explain->reader, &low, err);
    if (rc == SL_OK && explain->words->count > 0) {
        rc = read_named(explain, &low, &chunk, err);
    } else if (rc == SL_OK) {
        rc = explain->reader->ops->read_range(explain->reader, sl_span_make("", 0), &low, &one,
                                              &chunk, err);
    }
    if (rc == SL_OK && chunk.row_count > 0) {
        rc = keep_cells(explain, &chunk);
    }
    sl_position_release(&low);
    return rc;
}

/* ---- what becomes of it ---- */

static int encode(struct sl_explain *explain, struct sl_explain_value *value, struct sl_err *err)
{
    const struct sl_explain_row *row = &explain->row;
    struct sl_shape plain = *(const struct sl_shape *)explain->table->user;
    struct sl_span key = sl_span_make(value->key.data, value->key.len);
    int rc;

    plain.pack = (struct sl_pack){0};
    rc = sl_expect_row(&value->plain, &plain, row->cells, key, err);
    return rc == SL_OK ? sl_expect_row(&value->packed, explain->table->user, row->cells, key, err)
                       : rc;
}

static int make_values(struct sl_explain_row *row, size_t count)
{
    row->values = calloc(count + 1, sizeof(*row->values));
    row->count = row->values != NULL ? count : 0;
    return row->values != NULL ? SL_OK : SL_ENOMEM;
}

static int judge(struct sl_explain *explain, struct sl_err *err)
{
    struct sl_explain_row *row = &explain->row;
    int rc = make_values(row, 1);

    rc = rc == SL_OK ? explain->mapper->ops->key(explain->mapper, explain->table, row->cells,
                                                 &row->values[0].key, err)
                     : rc;
    if (rc == SL_OK) {
        rc = sl_rule_mapper_keeps(explain->mapper, explain->table, row->cells, &row->is_kept, err);
    }
    return rc == SL_OK && row->is_kept ? encode(explain, &row->values[0], err) : rc;
}

/* ---- parts ---- */

static int expect_part(struct sl_expect *expect, const struct sl_shape *shape,
                       const struct sl_part *part, struct sl_err *err)
{
    const struct sl_part_writing writing = {.shape = shape, .part = part};
    uint32_t key_at;
    uint16_t commands;
    int rc = sl_part_encode(&writing, &expect->commands, &key_at, &commands, err);

    return rc == SL_OK ? sl_expect_commands(
                             expect, sl_span_make(expect->commands.data, expect->commands.len))
                       : rc;
}

/* The same row gives the same parts, packed or not. */
static int take_parts(struct sl_explain_row *row, const struct sl_parts *plain,
                      const struct sl_shape *shape, const struct sl_parts *packed,
                      struct sl_err *err)
{
    struct sl_shape unpacked = *shape;
    int rc = make_values(row, plain->count);

    unpacked.pack = (struct sl_pack){0};
    for (size_t i = 0; rc == SL_OK && i < row->count; i++) {
        struct sl_explain_value *value = &row->values[i];
        struct sl_span key = plain->items[i].key;

        rc = sl_buf_add(&value->key, key.data, key.len);
        rc = rc == SL_OK ? expect_part(&value->plain, &unpacked, &plain->items[i], err) : rc;
        rc = rc == SL_OK ? expect_part(&value->packed, shape, &packed->items[i], err) : rc;
    }
    return rc;
}

static int make_parts(struct sl_explain *explain, struct sl_err *err)
{
    const struct sl_shape *shape = explain->table->user;
    const struct sl_row row = {.cells = explain->row.cells};
    struct sl_shape unpacked = *shape;
    struct sl_parts plain = {0};
    struct sl_parts packed = {0};
    int rc;

    unpacked.pack = (struct sl_pack){0};
    rc = sl_parts_make(&plain, &unpacked, row, true, err);
    rc = rc == SL_OK ? sl_parts_make(&packed, shape, row, true, err) : rc;
    rc = rc == SL_OK ? take_parts(&explain->row, &plain, shape, &packed, err) : rc;
    sl_parts_release(&plain);
    sl_parts_release(&packed);
    return rc;
}

static int judge_parts(struct sl_explain *explain, struct sl_err *err)
{
    struct sl_explain_row *row = &explain->row;
    int rc = sl_rule_mapper_keeps(explain->mapper, explain->table, row->cells, &row->is_kept, err);

    return rc == SL_OK && row->is_kept ? make_parts(explain, err) : rc;
}

int sl_explain_read_row(struct sl_explain *explain, struct sl_err *err)
{
    struct sl_explain_row *row = &explain->row;
    int rc = find_row(explain, err);

    if (rc == SL_OK && row->is_there) {
        rc = (explain->rule->part_template != NULL ? judge_parts : judge)(explain, &row->why);
        if (rc != SL_OK && row->why.status == SL_OK) {
            rc = sl_err_set(&row->why, rc, "%s", sl_status_str(rc));
        }
        rc = rc == SL_ENOMEM ? rc : SL_OK;
    }
    return rc;
}
