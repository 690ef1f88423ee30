/*
 * snapshot_settle.c - rows that are read again by their keys, each time in a window of their own,
 * until none of them changed in it in a way that only another reading could settle.
 */
#include "cdc/reread_note.h"
#include "cdc/snapshot_private.h"

enum {
    SL_UNLOCKED_TRIES = 3, /* then rows are locked while they are read */
    SL_TRIES_MAX = 12,
};

struct round {
    struct sl_snapshot_load *load;
    const struct sl_snapshot_settling *settling;
    struct sl_snapshot_keys *keys;
    size_t numbers[SL_SNAPSHOT_KEYS_AT_ONCE]; /* of keys that are read in it */
    size_t count;
    bool is_locked;
    struct sl_arena arena;
    struct sl_cell *cells; /* of the keys that a row can have */
    size_t cell_rows;
    struct sl_chunk chunk;
};

static void choose(struct round *round)
{
    struct sl_snapshot_keys *keys = round->keys;

    for (size_t i = 0; i < keys->count && round->count < SL_SNAPSHOT_KEYS_AT_ONCE; i++) {
        struct sl_snapshot_key *item = &keys->items[i];

        if (!item->is_settled) {
            item->has_row = false;
            item->is_left = false;
            round->numbers[round->count++] = i;
            round->is_locked = round->is_locked || item->tries >= SL_UNLOCKED_TRIES;
        }
    }
}

static void settle_item(struct round *round, struct sl_snapshot_key *item)
{
    item->is_settled = true;
    round->keys->unsettled--;
}

/* A key that may be of several rows cannot be read again, and nobody knows that it has none. */
static int take_unclear(struct round *round, struct sl_snapshot_key *item, struct sl_err *err)
{
    const struct sl_table *table = round->load->table;

    if (round->settling->are_noted) {
        return SL_UNREADABLE;
    }
    if (round->settling->only_removes) {
        settle_item(round, item);
        return SL_DONE;
    }
    return sl_err_set(
        err, SL_EINVAL,
        "a key of table %.*s.%.*s may be of several rows: put \":\" between the values "
        "in its key template",
        (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
        (const char *)table->name.data);
}

/* The rows of one SELECT are looked for by the same columns: a note of another time, when the key
   was made of others, has to wait. */
static bool is_alike(const struct round *round, const struct sl_cell *cells)
{
    for (uint32_t i = 0; round->cell_rows > 0 && i < round->load->table->column_count; i++) {
        if ((cells[i].state == SL_CELL_ABSENT) != (round->cells[i].state == SL_CELL_ABSENT)) {
            return false;
        }
    }
    return true;
}

/* Do the cells still make the key? */
static int check_key(const struct round *round, const struct sl_cell *cells, struct sl_span key)
{
    struct sl_mapper *mapper = round->load->worker->snapshot->options.mapper;
    struct sl_buf made = {0};
    int rc = mapper->ops->key(mapper, round->load->table, cells, &made, NULL);
    bool is_same = rc == SL_OK && made.len == key.len && memcmp(made.data, key.data, key.len) == 0;

    sl_buf_release(&made);
    return is_same || rc == SL_ENOMEM ? rc : SL_DONE;
}

/* SL_DONE: the note says nothing that is of use with the table and the rules as they are now. */
static int read_note(struct round *round, struct sl_snapshot_key *item, struct sl_cell *cells)
{
    struct sl_span text = sl_span_make(round->keys->bytes.data + item->cells_at, item->cells_len);
    int rc = sl_reread_cells_parse(text, round->load->table, &round->arena, cells);

    return rc == SL_OK ? check_key(round, cells, sl_snapshot_key(round->keys, item)) : rc;
}

static bool is_in_row_key(const struct sl_table *table, uint32_t column)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        if (table->key[i] == column) {
            return true;
        }
    }
    return false;
}

/* Where an item tells the row key nothing else is asked for: what compares equal to the server has
 * still to make that very item. SL_DONE: no row has such a key. */
static int leave_row_key(const struct sl_table *table, struct sl_cell *cells)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        if (cells[table->key[i]].state != SL_CELL_TEXT) {
            return cells[table->key[i]].state == SL_CELL_NULL ? SL_DONE : SL_OK;
        }
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (!is_in_row_key(table, i)) {
            cells[i] = (struct sl_cell){0};
        }
    }
    return SL_OK;
}

/* SL_DONE: the key is not asked for. */
static int find_cells(struct round *round, struct sl_snapshot_key *item, struct sl_cell *cells,
                      struct sl_err *err)
{
    struct sl_mapper *mapper = round->load->worker->snapshot->options.mapper;
    const struct sl_key_pattern *pattern = round->load->facets[0].pattern;
    struct sl_span key = sl_snapshot_key(round->keys, item);
    int rc = SL_DONE;

    if (round->settling->are_noted) {
        if (!pattern->matches(pattern, key)) {
            settle_item(round, item); /* the rule makes other keys now: it is none of the table's */
            return SL_DONE;
        }
        rc = read_note(round, item, cells);
    }
    if (rc == SL_DONE) {
        rc = mapper->ops->parse_key(mapper, round->load->table, round->settling->facet, key,
                                    &round->arena, cells);
    }
    if (rc == SL_KEY_UNCLEAR) {
        return take_unclear(round, item, err);
    }
    if (rc == SL_OK && round->settling->facet > 0) {
        rc = leave_row_key(round->load->table, cells);
    }
    if (rc == SL_OK && !is_alike(round, cells)) {
        item->is_left = true;
        return SL_DONE;
    }
    return rc;
}

/* A key that no row can have is not asked for. */
static int make_cells(struct round *round, struct sl_err *err)
{
    const struct sl_table *table = round->load->table;

    round->cells =
        sl_arena_array(&round->arena, round->count * table->column_count, sizeof(*round->cells));
    if (round->cells == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; i < round->count; i++) {
        int rc = find_cells(round, &round->keys->items[round->numbers[i]],
                            round->cells + round->cell_rows * table->column_count, err);

        round->cell_rows += rc == SL_OK;
        if (rc != SL_OK && rc != SL_DONE) {
            return rc;
        }
    }
    return SL_OK;
}

struct pairing {
    struct round *round;
    size_t row;
};

static int on_row_item(void *user, const struct sl_item *made)
{
    const struct pairing *pairing = user;
    struct sl_snapshot_key *item = sl_snapshot_keys_find(pairing->round->keys, made->name.bytes);

    if (item != NULL) {
        item->has_row = true;
        item->row = pairing->row;
    }
    return SL_OK;
}

static int pair_key(struct pairing *pairing, const struct sl_cell *cells, struct sl_buf *key,
                    struct sl_err *err)
{
    struct sl_mapper *mapper = pairing->round->load->worker->snapshot->options.mapper;
    int rc = mapper->ops->key(mapper, pairing->round->load->table, cells, key, err);
    const struct sl_item item = {.name = sl_item_key(sl_snapshot_span(key))};

    return rc == SL_OK ? on_row_item(pairing, &item) : rc;
}

/* What compares equal to the server may have another key. Of rows the keys count, be they in the
 * cache or not: they are put, which tells. */
static int pair_rows(struct round *round, struct sl_err *err)
{
    struct sl_mapper *mapper = round->load->worker->snapshot->options.mapper;
    const struct sl_table *table = round->load->table;
    struct pairing pairing = {.round = round};
    struct sl_buf key = {0};
    int rc = SL_OK;

    for (; rc == SL_OK && pairing.row < round->chunk.row_count; pairing.row++) {
        const struct sl_cell *cells = round->chunk.cells + pairing.row * table->column_count;

        rc = round->settling->facet == 0 ? pair_key(&pairing, cells, &key, err)
                                         : mapper->ops->items(mapper, table, round->settling->facet,
                                                              cells, on_row_item, &pairing, err);
    }
    sl_buf_release(&key);
    return rc;
}

static int read_rows(struct round *round, struct sl_err *err)
{
    struct sl_snapshot_load *load = round->load;
    struct sl_chunk_reader *chunks = load->worker->chunks;
    int rc = make_cells(round, err);

    if (rc != SL_OK || round->cell_rows == 0) {
        return rc;
    }
    rc = chunks->ops->read_keys(chunks, round->cells, round->cell_rows, &load->low,
                                round->is_locked, &round->chunk, err);
    if (rc != SL_OK) {
        return rc == SL_ESCHEMA ? SL_ALTERED : rc;
    }
    sl_snapshot_count_query(load, &round->chunk);
    load->key_bytes = round->chunk.bytes;
    sl_snapshot_spend(load, round->chunk.row_count);
    return pair_rows(round, err);
}

static struct sl_item_name name_of(const struct round *round, struct sl_span name)
{
    return sl_snapshot_item(round->load, round->settling->facet, name);
}

/* The key got what it must hold: who reads it, too, because it was noted, may have an older row. */
static int tell(const struct round *round, struct sl_reader *reader, struct sl_span name, int rc)
{
    if (rc == SL_OK && !round->settling->are_noted) {
        sl_reader_tell_watches(reader, round->load->watch, name_of(round, name));
    }
    return rc;
}

/* An item that was written since LOW is not what a row that changed since, too, was read with. */
static bool is_touched(void *user, struct sl_item_name name)
{
    const struct sl_snapshot_load *load = user;

    return sl_table_watch_find(load->watch, name) != SL_TOUCH_NONE;
}

static int put_row(struct round *round, struct sl_reader *reader,
                   const struct sl_snapshot_key *item, struct sl_err *err)
{
    struct sl_snapshot_load *load = round->load;
    struct sl_span key = sl_snapshot_key(round->keys, item);
    const struct sl_loaded_row row = {
        .table = load->table,
        .cells = round->chunk.cells + item->row * load->table->column_count,
        .write = sl_snapshot_write(load, key),
        .leaves = item->is_settled ? NULL : is_touched,
        .user = load,
    };
    int rc;

    if (round->settling->only_removes) {
        return SL_OK;
    }
    atomic_fetch_add(&load->worker->snapshot->stats.put, 1);
    rc = sl_reader_put_row(reader, &row, err);
    return tell(round, reader, key, rc);
}

static int put_removal(struct round *round, struct sl_reader *reader, struct sl_span key)
{
    round->load->state.removed++;
    atomic_fetch_add(&round->load->worker->snapshot->stats.removed, 1);
    return tell(round, reader, key, sl_reader_put_removal(reader, name_of(round, key)));
}

/* The stream has removed the key of a row that is gone; it may be of another table's row by now. */
static bool may_be_others(const struct round *round, struct sl_span key)
{
    const struct sl_key_pattern *owned = round->load->facets[0].owned;

    return round->settling->are_noted && !owned->matches(owned, key);
}

static int put_found(struct round *round, struct sl_reader *reader,
                     const struct sl_snapshot_key *item, struct sl_err *err)
{
    struct sl_span key = sl_snapshot_key(round->keys, item);

    if (item->has_row) {
        return put_row(round, reader, item, err);
    }
    return may_be_others(round, key) ? SL_OK : put_removal(round, reader, key);
}

static enum sl_touch touch_of(const struct round *round, struct sl_span key)
{
    enum sl_touch touch = sl_table_watch_find(round->load->watch, name_of(round, key));

    if (!round->settling->only_removes) {
        return sl_snapshot_touch(round->load, key);
    }
    return touch == SL_TOUCH_NOTED ? SL_TOUCH_WHOLE : touch;
}

/*
 * A row that was locked when it was read is what its last change before HIGH has left, and none
 * came behind. A row that is there needs no removal, whatever part of it was written.
 */
static int put(struct round *round, struct sl_reader *reader, struct sl_snapshot_key *item,
               struct sl_err *err)
{
    enum sl_touch touch = touch_of(round, sl_snapshot_key(round->keys, item));
    bool is_certain = item->has_row && (round->is_locked || round->settling->only_removes);

    if (item->is_left) {
        return SL_OK;
    }
    if (touch == SL_TOUCH_PART && !is_certain) {
        item->tries++;
        return SL_OK;
    }
    settle_item(round, item);
    return touch == SL_TOUCH_WHOLE ? SL_OK : put_found(round, reader, item, err);
}

/*
 * What was read is not older than LOW, and what the key holds, if it was not written since, is
 * older. So a row that is noted again and again is written again and again.
 */
static int put_noted(struct round *round, struct sl_reader *reader, struct sl_snapshot_key *item,
                     struct sl_err *err)
{
    enum sl_touch touch =
        sl_table_watch_find(round->load->watch, sl_item_key(sl_snapshot_key(round->keys, item)));

    if (item->is_left) {
        return SL_OK;
    }
    if (touch == SL_TOUCH_PART && !(item->has_row && round->is_locked)) {
        item->tries++;
        return SL_OK;
    }
    if (touch != SL_TOUCH_NOTED) {
        settle_item(round, item);
    }
    return touch == SL_TOUCH_WHOLE ? SL_OK : put_found(round, reader, item, err);
}

static int put_all(struct round *round, struct sl_reader *reader, struct sl_err *err)
{
    bool are_noted = round->settling->are_noted;
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < round->count; i++) {
        struct sl_snapshot_key *item = &round->keys->items[round->numbers[i]];

        if (!item->is_settled) {
            rc = are_noted ? put_noted(round, reader, item, err) : put(round, reader, item, err);
        }
    }
    if (rc == SL_ERULE && are_noted) {
        sl_reader_fail(reader, rc, err); /* as if the row had come by the stream */
    }
    return rc;
}

static int close_window(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct round *round = user;
    const struct sl_snapshot_settling *settling = round->settling;
    int rc = sl_snapshot_judge(round->load);

    rc = rc == SL_OK ? put_all(round, reader, err) : rc;
    if (rc == SL_OK && (settling->are_noted || round->keys->unsettled == 0)) {
        rc = settling->finish(round->load, reader, settling->user);
    }
    if (rc == SL_OK) {
        sl_table_watch_end(round->load->watch);
    }
    return rc;
}

static int run_round(struct round *round, struct sl_err *err)
{
    struct sl_snapshot_load *load = round->load;
    struct sl_chunk_reader *chunks = load->worker->chunks;
    int rc = sl_snapshot_open_window(load, err);

    if (rc == SL_OK) {
        rc = read_rows(round, err);
    }
    if (rc == SL_OK) {
        rc = sl_reader_visit(load->worker->snapshot->options.reader,
                             round->cell_rows > 0 ? &round->chunk.high : NULL, close_window, round,
                             err);
    }
    if (round->is_locked) {
        chunks->ops->unlock(chunks);
    }
    sl_arena_release(&round->arena);
    return rc;
}

static bool is_hopeless(const struct sl_snapshot_settling *settling)
{
    const struct sl_snapshot_keys *keys = settling->keys;

    if (settling->are_noted) {
        return false;
    }
    for (size_t i = 0; i < keys->count; i++) {
        if (!keys->items[i].is_settled && keys->items[i].tries >= SL_TRIES_MAX) {
            return true;
        }
    }
    return false;
}

int sl_snapshot_settle(struct sl_snapshot_load *load, const struct sl_snapshot_settling *settling,
                       struct sl_err *err)
{
    int rc = SL_OK;

    do {
        struct round round = {.load = load, .settling = settling, .keys = settling->keys};

        choose(&round);
        rc = is_hopeless(settling) ? SL_OVERRUN : run_round(&round, err);
    } while (rc == SL_OK && !settling->are_noted && settling->keys->unsettled > 0);
    return rc;
}
