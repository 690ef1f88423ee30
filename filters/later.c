#include "filters/later.h"

#include <string.h>

#include "filters/shape.h"

void sl_later_release(struct sl_later *later)
{
    sl_buf_release(&later->scope);
    sl_buf_release(&later->cells);
}

static struct sl_span span_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

static int check_rereads(const struct sl_later *later, const struct sl_table *table,
                         struct sl_err *err)
{
    if (later->rereads == NULL) {
        return sl_err_set(
            err, SL_EUNSUPPORTED,
            "a row image of table %.*s.%.*s lacks columns and there is no server to read "
            "the row from: use binlog_row_image=FULL",
            (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
            (const char *)table->name.data);
    }
    return table->has_names
               ? SL_OK
               : sl_err_set(err, SL_ESCHEMA,
                            "a row of table %.*s.%.*s cannot be read again: its column names are "
                            "not known; set binlog_row_image = FULL at the source",
                            (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                            (const char *)table->name.data);
}

static int make_scope(struct sl_later *later, const struct sl_table *table)
{
    sl_buf_clear(&later->scope);
    return sl_reread_scope_format(table->db, table->name, &later->scope);
}

static bool is_first(const struct sl_key *key, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        if (key->parts[i].column == key->parts[number].column) {
            return false;
        }
    }
    return true;
}

/* What the key was made of: the after image where it has it, else the before image. */
static int make_cells(struct sl_later *later, const struct sl_row_change *change,
                      struct sl_err *err)
{
    const struct sl_shape *shape = change->table->user;
    int rc = SL_OK;

    sl_buf_clear(&later->cells);
    for (size_t i = 0; rc == SL_OK && i < shape->key.count; i++) {
        uint32_t number = shape->key.parts[i].column;
        const struct sl_cell *cell;

        if (number == SL_KEY_LITERAL || !is_first(&shape->key, i)) {
            continue;
        }
        cell = &change->after[number];
        if (cell->state == SL_CELL_ABSENT && change->before != NULL) {
            cell = &change->before[number];
        }
        rc = sl_reread_add_cell(&later->cells, &change->table->columns[number], cell, err);
    }
    return rc;
}

int sl_later_put(struct sl_later *later, const struct sl_row_change *change, struct sl_span key,
                 struct sl_batch *batch, struct sl_err *err)
{
    struct sl_reread_note note = {.key = key};
    const char *hash;
    int rc = check_rereads(later, change->table, err);

    rc = rc == SL_OK ? make_scope(later, change->table) : rc;
    if (rc != SL_OK || !sl_rereads_wants(later->rereads, span_of(&later->scope))) {
        return rc;
    }
    rc = make_cells(later, change, err);
    if (rc != SL_OK) {
        return rc;
    }
    note.scope = span_of(&later->scope);
    note.cells = span_of(&later->cells);
    hash = sl_rereads_options(later->rereads)->hash_key;
    return sl_reread_note_add(batch, sl_span_make(hash, strlen(hash)), &note);
}

int sl_later_load(struct sl_later *later, const struct sl_table *table, struct sl_batch *batch,
                  struct sl_err *err)
{
    const char *hash;
    int rc = check_rereads(later, table, err);

    rc = rc == SL_OK ? make_scope(later, table) : rc;
    if (rc != SL_OK || !sl_rereads_wants(later->rereads, span_of(&later->scope))) {
        return rc;
    }
    hash = sl_rereads_options(later->rereads)->hash_key;
    return sl_reread_note_table(batch, sl_span_make(hash, strlen(hash)), span_of(&later->scope));
}

int sl_later_waits(struct sl_later *later, const struct sl_table *table, struct sl_span key,
                   struct sl_batch *batch, bool *waits)
{
    struct sl_batch_place place;
    int rc;

    *waits = false;
    if (later->rereads == NULL) {
        return SL_OK;
    }
    rc = sl_batch_find(batch, key, &place);
    if (rc == SL_OK && place.newest != SL_BATCH_NONE &&
        batch->entries[place.newest].write == SL_WRITE_LATER) {
        *waits = true;
        return SL_OK;
    }
    if (rc != SL_OK || sl_rereads_are_none(later->rereads)) {
        return rc;
    }
    rc = make_scope(later, table);
    *waits = rc == SL_OK && sl_rereads_has(later->rereads, span_of(&later->scope), key);
    return rc;
}
