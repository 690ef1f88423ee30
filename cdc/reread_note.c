#include "cdc/reread_note.h"

#include <stdlib.h>

#include "cdc/base/percent.h"
#include "cdc/load_words.h"
#include "cdc/resp.h"
#include "cdc/value.h"

/* ---- words ---- */

static bool is_special(uint8_t byte)
{
    return byte == '%' || byte == '.' || byte == '=' || byte == ' ';
}

static int escape(struct sl_buf *out, size_t at)
{
    return sl_percent_encode(out, at, is_special, SL_PERCENT_LOWER);
}

static int add_escaped(struct sl_buf *out, struct sl_span bytes)
{
    size_t at = out->len;
    int rc = sl_buf_add(out, bytes.data, bytes.len);

    return rc == SL_OK ? escape(out, at) : rc;
}

/* Appends what WORD stands for. */
static int add_plain(struct sl_buf *out, struct sl_span word)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < word.len; i++) {
        int byte = word.data[i];

        if (byte == '%') {
            byte = word.len - i > 2 ? sl_load_hex_byte(word.data + i + 1) : -1;
            i += 2;
        }
        rc = byte < 0 ? SL_EFORMAT : sl_buf_add_byte(out, (uint8_t)byte);
    }
    return rc;
}

/* ---- tables ---- */

int sl_reread_scope_format(struct sl_span db, struct sl_span table, struct sl_buf *out)
{
    size_t start = out->len;
    int rc = add_escaped(out, db);

    rc = rc == SL_OK ? sl_buf_add_byte(out, '.') : rc;
    rc = rc == SL_OK ? add_escaped(out, table) : rc;
    if (rc != SL_OK) {
        out->len = start;
    }
    return rc;
}

int sl_reread_scope_parse(struct sl_span scope, struct sl_buf *db, struct sl_buf *table)
{
    struct sl_span before;
    int rc = sl_load_split(&scope, '.', &before);

    sl_buf_clear(db);
    sl_buf_clear(table);
    rc = rc == SL_OK ? add_plain(db, before) : rc;
    rc = rc == SL_OK ? add_plain(table, scope) : rc;
    return rc == SL_OK && (db->len == 0 || table->len == 0) ? SL_EFORMAT : rc;
}

/* ---- cells ---- */

static int add_value(struct sl_buf *cells, const struct sl_column *column,
                     const struct sl_cell *cell, struct sl_err *err)
{
    int rc = sl_buf_add_byte(cells, '=');
    size_t at = cells->len;

    if (rc == SL_OK) {
        rc = cell->state == SL_CELL_TEXT ? sl_buf_add(cells, cell->data, cell->len)
                                         : sl_value_text(column, cell, cells, err);
    }
    return rc == SL_OK ? escape(cells, at) : rc;
}

int sl_reread_add_cell(struct sl_buf *cells, const struct sl_column *column,
                       const struct sl_cell *cell, struct sl_err *err)
{
    size_t start = cells->len;
    int rc = start > 0 ? sl_buf_add_byte(cells, ' ') : SL_OK;

    if (cell->state != SL_CELL_NULL && cell->state != SL_CELL_TEXT &&
        cell->state != SL_CELL_VALUE) {
        rc = sl_err_set(err, SL_ESCHEMA,
                        "a row cannot be read again: its change does not hold column %.*s",
                        (int)column->name.len, (const char *)column->name.data);
    }
    rc = rc == SL_OK ? add_escaped(cells, column->name) : rc;
    if (rc == SL_OK && cell->state != SL_CELL_NULL) {
        rc = add_value(cells, column, cell, err);
    }
    if (rc != SL_OK) {
        cells->len = start;
    }
    return rc;
}

static struct sl_cell *find_cell(const struct sl_table *table, struct sl_span name,
                                 struct sl_cell *cells)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        struct sl_span have = table->columns[i].name;

        if (name.len > 0 && have.len == name.len && memcmp(have.data, name.data, name.len) == 0) {
            return &cells[i];
        }
    }
    return NULL;
}

/* "name=value", or "name". PLAIN is scratch. */
static int parse_cell(struct sl_span word, const struct sl_table *table, struct sl_arena *arena,
                      struct sl_buf *plain, struct sl_cell *cells)
{
    struct sl_span name = word;
    bool has_value = sl_load_split(&word, '=', &name) == SL_OK;
    struct sl_cell *cell;
    struct sl_span value;
    int rc;

    sl_buf_clear(plain);
    rc = add_plain(plain, name);
    cell = rc == SL_OK ? find_cell(table, sl_span_make(plain->data, plain->len), cells) : NULL;
    if (rc == SL_OK && cell == NULL) {
        return SL_DONE;
    }
    sl_buf_clear(plain);
    rc = rc == SL_OK && has_value ? add_plain(plain, word) : rc;
    value = sl_span_make(plain->data, plain->len);
    rc = rc == SL_OK ? sl_arena_keep(arena, &value) : rc;
    if (rc == SL_OK) {
        *cell = (struct sl_cell){.data = value.data,
                                 .len = (uint32_t)value.len,
                                 .state = has_value ? SL_CELL_TEXT : SL_CELL_NULL};
    }
    return rc;
}

int sl_reread_cells_parse(struct sl_span text, const struct sl_table *table, struct sl_arena *arena,
                          struct sl_cell *cells)
{
    struct sl_buf plain = {0};
    struct sl_span word;
    bool is_empty = true;
    int rc = SL_OK;

    memset(cells, 0, table->column_count * sizeof(*cells));
    while (rc == SL_OK && sl_load_take_word(&text, &word)) {
        rc = parse_cell(word, table, arena, &plain, cells);
        is_empty = false;
    }
    sl_buf_release(&plain);
    return rc == SL_EFORMAT || (rc == SL_OK && is_empty) ? SL_DONE : rc;
}

/* ---- notes ---- */

int sl_reread_field_parse(struct sl_span field, struct sl_reread_note *note)
{
    struct sl_span scope;
    int rc = sl_load_split(&field, ' ', &scope);

    if (rc == SL_OK && (scope.len == 0 || field.len == 0)) {
        rc = SL_EFORMAT;
    }
    if (rc == SL_OK) {
        note->scope = scope;
        note->key = field;
    }
    return rc;
}

static int add_command(struct sl_buf *out, struct sl_span hash, const struct sl_reread_note *note,
                       uint32_t *key_at)
{
    size_t len = note->scope.len + 1 + note->key.len;
    size_t start = 0;
    int rc = sl_resp_array(out, 4);

    rc = rc == SL_OK ? sl_resp_text(out, "HSET") : rc;
    rc = rc == SL_OK ? sl_resp_bulk(out, hash.data, hash.len) : rc;
    rc = rc == SL_OK ? sl_resp_begin(out, len, &start) : rc;
    rc = rc == SL_OK ? sl_buf_add(out, note->scope.data, note->scope.len) : rc;
    rc = rc == SL_OK ? sl_buf_add_byte(out, ' ') : rc;
    *key_at = (uint32_t)out->len;
    rc = rc == SL_OK ? sl_buf_add(out, note->key.data, note->key.len) : rc;
    rc = rc == SL_OK ? sl_resp_end(out, len, start) : rc;
    return rc == SL_OK ? sl_resp_bulk(out, note->cells.data, note->cells.len) : rc;
}

typedef int (*end_fn)(struct sl_batch *batch, uint32_t offset, uint32_t key_at, uint32_t key_len,
                      uint16_t commands, enum sl_write write);

static int add_note(struct sl_batch *batch, struct sl_span hash, const struct sl_reread_note *note,
                    end_fn end)
{
    uint32_t offset;
    uint32_t key_at;
    int rc;

    sl_batch_begin(batch, &offset);
    rc = add_command(&batch->data, hash, note, &key_at);
    rc = rc == SL_OK ? end(batch, offset, key_at, (uint32_t)note->key.len, 1, SL_WRITE_LATER) : rc;
    if (rc != SL_OK) {
        sl_batch_abandon(batch, offset);
    }
    return rc;
}

int sl_reread_note_add(struct sl_batch *batch, struct sl_span hash,
                       const struct sl_reread_note *note)
{
    return add_note(batch, hash, note, sl_batch_end);
}

int sl_reread_note_table(struct sl_batch *batch, struct sl_span hash, struct sl_span scope)
{
    const struct sl_reread_note note = {.scope = scope, .key = scope};

    return add_note(batch, hash, &note, sl_batch_end_member);
}

/* The argument that the command at *REST goes on with. */
static int take_argument(struct sl_span *rest, struct sl_span *argument)
{
    char *end = NULL;
    size_t len;
    int rc = rest->len > 0 && rest->data[0] == '$' ? SL_OK : SL_EFORMAT;

    if (rc != SL_OK) {
        return rc;
    }
    len = (size_t)strtoul((const char *)rest->data + 1, &end, 10);
    rc = sl_span_skip(rest, (size_t)((const uint8_t *)end - rest->data) + 2);
    rc = rc == SL_OK ? sl_span_take(rest, len, argument) : rc;
    return rc == SL_OK ? sl_span_skip(rest, 2) : rc;
}

int sl_reread_note_view(const struct sl_batch *batch, const struct sl_batch_entry *entry,
                        struct sl_reread_note *note)
{
    struct sl_span rest = sl_span_make(batch->data.data + entry->offset, entry->len);
    struct sl_span argument = {0};
    int rc = sl_span_skip(&rest, 4);

    for (int i = 0; rc == SL_OK && i < 3; i++) { /* HSET, the hash, the field */
        rc = take_argument(&rest, &argument);
    }
    rc = rc == SL_OK ? sl_reread_field_parse(argument, note) : rc;
    return rc == SL_OK ? take_argument(&rest, &note->cells) : rc;
}
