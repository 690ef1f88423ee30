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

/* What the row is paged by: cells, as FLOATs are in their exact form there, or what stands behind
   them. */
static int keep_after(struct sl_chunk_client *self, const struct sl_chunk_key *key, MYSQL_ROW row,
                      const unsigned long *lengths)
{
    struct sl_chunk_rows *rows = &self->rows;
    const struct sl_cell *cells = &rows->cells[(rows->count - 1) * key->table->column_count];
    struct sl_span values[SL_CHUNK_PARTS_MAX];

    for (uint32_t i = 0; i < key->count; i++) {
        uint32_t place = key->parts[i].place;

        values[i] = key->parts[i].is_extra
                        ? sl_span_make(row[place], row[place] != NULL ? lengths[place] : 0)
                        : sl_span_make(cells[place].data, cells[place].len);
    }
    return sl_chunk_after_write(&rows->after, key, values);
}

static int take_rows(struct sl_chunk_client *self, MYSQL_RES *result, size_t bytes,
                     const struct sl_chunk_key *key, bool *is_cut, struct sl_err *err)
{
    MYSQL_ROW row;

    while ((row = mysql_fetch_row(result)) != NULL) {
        const unsigned long *lengths = mysql_fetch_lengths(result);
        int rc;

        if (*is_cut) {
            continue;
        }
        rc = add_row(self, row, lengths);
        *is_cut = rc == SL_OK && self->rows.texts.len >= bytes;
        if (rc == SL_OK && key != NULL) {
            rc = keep_after(self, key, row, lengths);
        }
        if (rc != SL_OK) {
            return sl_err_set(err, rc, "no memory for the rows of a table");
        }
    }
    if (mysql_errno(self->client.handle) != 0) {
        return sl_client_failed(&self->client, SL_CHUNK_PURPOSE, err);
    }
    return SL_OK;
}

int sl_chunk_rows_fetch(struct sl_chunk_client *self, size_t bytes, const struct sl_chunk_key *key,
                        bool *is_cut, struct sl_err *err)
{
    size_t count = self->rows.count;
    size_t len = self->rows.texts.len;
    MYSQL_RES *result = NULL;
    const char *text = sl_buf_cstr(&self->sql);
    int rc = text != NULL ? sl_client_stream(&self->client, text, SL_CHUNK_PURPOSE, &result, err)
                          : SL_ENOMEM;

    *is_cut = false;
    rc = rc == SL_OK ? take_rows(self, result, bytes, key, is_cut, err) : rc;
    if (rc != SL_OK) {
        self->fault = mysql_errno(self->client.handle);
        self->rows.count = count;
        self->rows.texts.len = len;
    }
    if (result != NULL) {
        mysql_free_result(result);
    }
    return rc;
}

void sl_chunk_rows_finish(struct sl_chunk_client *self, struct sl_chunk *chunk)
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
    *chunk = (struct sl_chunk){
        .cells = rows->cells,
        .row_count = rows->count,
        .bytes = rows->texts.len,
        .after = sl_span_make(rows->after.data, rows->after.len),
    };
    chunk->high.offset = self->high.offset;
    memcpy(chunk->high.file, self->high.file, sizeof(chunk->high.file));
    memcpy(chunk->high.server_uuid, self->high.server_uuid, sizeof(chunk->high.server_uuid));
}
