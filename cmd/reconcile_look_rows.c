/*
 * reconcile_look_rows.c - the source's side of a look: rows by the keys that are looked at.
 */
#include <string.h>

#include "cmd/reconcile_look.h"

static struct sl_look_item *find_item(struct sl_look_batch *look, struct sl_span key)
{
    for (size_t i = 0; i < look->count; i++) {
        struct sl_suspect *suspect = look->items[i].suspect;

        if (suspect->key_len == key.len && memcmp(suspect->key, key.data, key.len) == 0) {
            return &look->items[i];
        }
    }
    return NULL;
}

/* Nobody can say which row has the key. */
static void leave_unsettled(struct sl_look_batch *look, struct sl_look_item *item)
{
    item->outcome = SL_LOOK_VAIN;
    item->is_out = true;
    look->r->counts.unclear++;
}

/* Puts the keys' values into look->cells; a key that no row can have needs no question. */
int sl_look_parse_keys(struct sl_look_batch *look)
{
    struct sl_reconcile *r = look->r;
    size_t columns = r->table->column_count;

    look->cells = sl_arena_array(&look->arena, look->count * columns, sizeof(*look->cells));
    if (look->cells == NULL) {
        return sl_err_set(look->err, SL_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < look->count; i++) {
        int rc = sl_reconcile_parse(r, sl_reconcile_item_of(look->items[i].suspect), &look->arena,
                                    look->cells + look->parsed * columns);

        if (rc < SL_OK) {
            return sl_err_set(look->err, rc, "out of memory");
        }
        if (rc == SL_KEY_UNCLEAR) {
            leave_unsettled(look, &look->items[i]);
        }
        look->parsed += rc == SL_OK;
    }
    return SL_OK;
}

static int read_rows(struct sl_look_batch *look, bool locked, struct sl_chunk *chunk)
{
    struct sl_reconcile *r = look->r;
    int rc;

    *chunk = (struct sl_chunk){0};
    if (look->parsed == 0) {
        return sl_reconcile_from_source(r, r->reader->ops->end(r->reader, &r->high, look->err));
    }
    rc =
        sl_reconcile_from_source(r, r->reader->ops->read_keys(r->reader, look->cells, look->parsed,
                                                              &r->place, locked, chunk, look->err));
    if (rc == SL_OK) {
        sl_reconcile_count_query(r, chunk);
        rc = sl_position_copy(&r->high, &chunk->high);
    }
    return rc;
}

struct pairing {
    struct sl_look_batch *look;
    const struct sl_cell *cells; /* of the row at hand */
    int (*take)(struct sl_look_batch *look, struct sl_look_item *item, const struct sl_cell *cells);
};

static int pair_name(void *user, struct sl_span name)
{
    const struct pairing *pairing = user;
    struct sl_look_item *item = find_item(pairing->look, name);

    return item != NULL ? pairing->take(pairing->look, item, pairing->cells) : SL_OK;
}

/* Calls TAKE for every row that has one of the items. */
static int each_row(struct sl_look_batch *look, const struct sl_chunk *chunk,
                    int (*take)(struct sl_look_batch *look, struct sl_look_item *item,
                                const struct sl_cell *cells))
{
    struct pairing pairing = {.look = look, .take = take};
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < chunk->row_count; i++) {
        pairing.cells = chunk->cells + i * look->r->table->column_count;
        rc =
            sl_reconcile_names(look->r, look->facet, pairing.cells, pair_name, &pairing, look->err);
    }
    return rc;
}

static int take_before(struct sl_look_batch *look, struct sl_look_item *item,
                       const struct sl_cell *cells)
{
    struct sl_reconcile *r = look->r;
    int rc =
        sl_reconcile_expect(r, &item->want, cells, sl_reconcile_item_of(item->suspect), look->err);

    return rc == SL_OK && look->facet > 0
               ? r->mapper->ops->key(r->mapper, r->table, cells, &item->row, look->err)
               : rc;
}

static int take_behind(struct sl_look_batch *look, struct sl_look_item *item,
                       const struct sl_cell *cells)
{
    struct sl_reconcile *r = look->r;
    int rc =
        sl_reconcile_expect(r, &r->expect, cells, sl_reconcile_item_of(item->suspect), look->err);

    if (rc == SL_OK) {
        item->image_behind = sl_held_hash(&r->expect.held, r->seed);
    }
    return rc;
}

int sl_look_read_before(struct sl_look_batch *look)
{
    const struct sl_held nothing = {.kind = SL_HELD_NOTHING};
    struct sl_chunk chunk;
    int rc = read_rows(look, look->is_locked, &chunk);

    for (size_t i = 0; i < look->count; i++) {
        look->items[i].want.held = nothing;
    }
    rc = rc == SL_OK ? each_row(look, &chunk, take_before) : rc;
    for (size_t i = 0; rc == SL_OK && i < look->count; i++) {
        struct sl_look_item *item = &look->items[i];

        item->image = sl_held_hash(&item->want.held, look->r->seed);
        sl_suspect_note_image(item->suspect, item->image);
    }
    return rc;
}

int sl_look_read_behind(struct sl_look_batch *look)
{
    const struct sl_held nothing = {.kind = SL_HELD_NOTHING};
    struct sl_chunk chunk;
    int rc = read_rows(look, false, &chunk);

    for (size_t i = 0; i < look->count; i++) {
        look->items[i].image_behind = sl_held_hash(&nothing, look->r->seed);
    }
    rc = rc == SL_OK ? each_row(look, &chunk, take_behind) : rc;
    for (size_t i = 0; rc == SL_OK && i < look->count; i++) {
        struct sl_look_item *item = &look->items[i];

        if (item->outcome == SL_LOOK_DIFFERENT && item->image != item->image_behind) {
            item->outcome = SL_LOOK_MOVED;
        }
    }
    return rc;
}
