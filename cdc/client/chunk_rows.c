/*
 * chunk_rows.c - the rows of a SELECT, copied into memory that is used again and again.
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/chunk_after.h"
#include "cdc/client/chunk_private.h"
#include "cdc/client/exact_row.h"

enum { SL_CELLS_MIN = 1024 };

void sl_chunk_rows_release(struct sl_chunk_rows *rows)
{
    free(rows->cells);
    sl_buf_release(&rows->texts);
    sl_buf_release(&rows->floats);
    sl_buf_release(&rows->after);
    *rows = (struct sl_chunk_rows){0};
}

void sl_chunk_rows_clear(struct sl_chunk_rows *rows)
{
    rows->count = 0;
    sl_buf_clear(&rows->texts);
    sl_buf_clear(&rows->after);
}

void sl_chunk_rows_next(struct sl_chunk_rows *rows)
{
    rows->count = 0;
    sl_buf_clear(&rows->texts);
}

/* Room for one row more. */
static int reserve(struct sl_chunk_rows *rows, size_t columns)
{
    size_t need = (rows->count + 1) * columns;
    size_t cap = rows->cell_cap > SL_CELLS_MIN ? rows->cell_cap : SL_CELLS_MIN;
    struct sl_cell *cells;

    if (need <= rows->cell_cap) {
        return SL_OK;
    }
    while (cap < need) {
        cap *= 2;
    }
    cells = realloc(rows->cells, cap * sizeof(*cells));
    if (cells == NULL) {
        return SL_ENOMEM;
    }
    rows->cells = cells;
    rows->cell_cap = cap;
    return SL_OK;
}

static int add_row(struct sl_chunk_client *self, MYSQL_ROW row, const unsigned long *lengths)
{
    struct sl_chunk_rows *rows = &self->rows;
    const struct sl_table *table = &self->open.table;
    struct sl_cell *cells;
    int rc = reserve(rows, table->column_count);

    if (rc != SL_OK) {
        return rc;
    }
    cells = &rows->cells[rows->count * table->column_count];
    rc = sl_exact_row_cells(table, row, lengths, &rows->floats, cells);
    for (uint32_t i = 0; rc == SL_OK && i < table->column_count; i++) {
        if (cells[i].state == SL_CELL_TEXT) {
            rc = sl_buf_add(&rows->texts, cells[i].data, cells[i].len);
        }
    }
    rows->count += rc == SL_OK;
    return rc;
}

/* Values that the row is paged by and that are no cells of it. */
static bool has_extra(const struct sl_chunk_key *key)
{
    bool found = false;

    for (uint32_t i = 0; key != NULL && i < key->count; i++) {
        found = found || key->parts[i].is_extra;
    }
    return found;
}

/* What the last row is paged by, as far as cells say it: FLOATs are in their exact form there. */
static void take_cells(const struct sl_chunk_rows *rows, const struct sl_chunk_key *key,
                       struct sl_span *values)
{
    const struct sl_cell *cells = &rows->cells[(rows->count - 1) * key->table->column_count];

    for (uint32_t i = 0; i < key->count; i++) {
        const struct sl_cell *cell = &cells[key->parts[i].is_extra ? 0 : key->parts[i].place];

        values[i] = sl_span_make(cell->data, cell->len);
    }
}

/* And what stands behind the columns. */
static void take_extra(const struct sl_chunk_key *key, MYSQL_ROW row, const unsigned long *lengths,
                       struct sl_span *values)
{
    for (uint32_t i = 0; i < key->count; i++) {
        uint32_t place = key->parts[i].place;

        if (key->parts[i].is_extra) {
            values[i] = sl_span_make(row[place], row[place] != NULL ? lengths[place] : 0);
        }
    }
}

static int take_row(struct sl_chunk_client *self, MYSQL_ROW row, const struct sl_chunk_key *key,
                    bool keeps)
{
    const unsigned long *lengths = mysql_fetch_lengths(self->result);
    struct sl_span values[SL_CHUNK_PARTS_MAX];
    int rc = add_row(self, row, lengths);

    if (rc == SL_OK && keeps) {
        take_cells(&self->rows, key, values);
        take_extra(key, row, lengths, values);
        rc = sl_chunk_after_write(&self->rows.after, key, values);
    }
    return rc;
}

/* Makes the cells point at their texts. */
static void point(struct sl_chunk_client *self)
{
    struct sl_chunk_rows *rows = &self->rows;
    size_t cells = rows->count * self->open.table.column_count;
    const uint8_t *at = rows->texts.data;

    for (size_t i = 0; i < cells; i++) {
        if (rows->cells[i].state == SL_CELL_TEXT) {
            rows->cells[i].data = at;
            at += rows->cells[i].len;
        }
    }
}

static int take_rows(struct sl_chunk_client *self, size_t part, size_t bytes,
                     const struct sl_chunk_key *key, bool *is_cut, struct sl_err *err)
{
    bool keeps = has_extra(key);
    MYSQL_ROW row;

    while ((row = mysql_fetch_row(self->result)) != NULL) {
        int rc;

        if (*is_cut) {
            continue;
        }
        rc = take_row(self, row, key, keeps);
        *is_cut = rc == SL_OK && self->rows.texts.len >= bytes;
        if (rc != SL_OK) {
            return sl_err_set(err, rc, "no memory for the rows of a table");
        }
        if (!*is_cut && self->rows.texts.len >= part) {
            return SL_AGAIN;
        }
    }
    return mysql_errno(self->client.handle) != 0
               ? sl_client_failed(&self->client, SL_CHUNK_PURPOSE, err)
               : SL_OK;
}

int sl_chunk_rows_start(struct sl_chunk_client *self, struct sl_err *err)
{
    const char *text = sl_buf_cstr(&self->sql);
    int rc = text != NULL
                 ? sl_client_stream(&self->client, text, SL_CHUNK_PURPOSE, &self->result, err)
                 : SL_ENOMEM;

    if (rc != SL_OK) {
        self->fault = mysql_errno(self->client.handle);
    }
    return rc;
}

int sl_chunk_rows_take(struct sl_chunk_client *self, size_t part, size_t bytes,
                       const struct sl_chunk_key *key, bool *is_cut, struct sl_err *err)
{
    size_t count = self->rows.count;
    size_t len = self->rows.texts.len;
    int rc;

    *is_cut = false;
    rc = take_rows(self, part, bytes, key, is_cut, err);
    if (rc < 0) {
        self->fault = mysql_errno(self->client.handle);
        self->rows.count = count;
        self->rows.texts.len = len;
    }
    return rc;
}

void sl_chunk_rows_end(struct sl_chunk_client *self)
{
    if (self->result != NULL) {
        mysql_free_result(self->result);
        self->result = NULL;
    }
}

static int keep_after(struct sl_chunk_rows *rows, const struct sl_chunk_key *key)
{
    struct sl_span values[SL_CHUNK_PARTS_MAX];

    take_cells(rows, key, values);
    return sl_chunk_after_write(&rows->after, key, values);
}

int sl_chunk_rows_finish(struct sl_chunk_client *self, const struct sl_chunk_key *key,
                         struct sl_chunk *chunk)
{
    struct sl_chunk_rows *rows = &self->rows;
    int rc = SL_OK;

    point(self);
    if (key != NULL && !has_extra(key) && rows->count > 0) {
        rc = keep_after(rows, key);
    }
    if (rc != SL_OK) {
        return rc;
    }
    *chunk = (struct sl_chunk){
        .cells = rows->cells,
        .row_count = rows->count,
        .bytes = rows->texts.len,
        .after = sl_span_make(rows->after.data, rows->after.len),
    };
    chunk->high.offset = self->high.offset;
    memcpy(chunk->high.file, self->high.file, sizeof(chunk->high.file));
    memcpy(chunk->high.server_uuid, self->high.server_uuid, sizeof(chunk->high.server_uuid));
    return SL_OK;
}
