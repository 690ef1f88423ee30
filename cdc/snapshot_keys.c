/*
 * snapshot_keys.c - rows that are read again by their keys, each time in a window of their own,
 * until none of them changed in it in a way that only another reading could settle.
 */
#include <stdlib.h>

#include "cdc/base/hash.h"
#include "cdc/snapshot_private.h"

enum {
    SL_KEYS_AT_ONCE = 500,
    SL_UNLOCKED_TRIES = 3, /* then rows are locked while they are read */
    SL_TRIES_MAX = 12,
    SL_KEY_SLOTS = 64, /* to begin with */
};

/* ---- the set ---- */

void sl_snapshot_keys_release(struct sl_snapshot_keys *keys)
{
    sl_buf_release(&keys->bytes);
    free(keys->items);
    free(keys->slots);
    *keys = (struct sl_snapshot_keys){0};
}

void sl_snapshot_keys_clear(struct sl_snapshot_keys *keys)
{
    sl_buf_clear(&keys->bytes);
    keys->count = 0;
    keys->unsettled = 0;
    if (keys->slots != NULL) {
        memset(keys->slots, 0, (keys->slot_mask + 1) * sizeof(*keys->slots));
    }
}

static struct sl_span key_of(const struct sl_snapshot_keys *keys,
                             const struct sl_snapshot_key *item)
{
    return sl_span_make(keys->bytes.data + item->at, item->len);
}

/* The slot of KEY, or the empty one where it belongs. */
static size_t *find_slot(const struct sl_snapshot_keys *keys, struct sl_span key)
{
    size_t at = (size_t)sl_hash_bytes(key.data, key.len, 0) & keys->slot_mask;

    for (;; at = (at + 1) & keys->slot_mask) {
        const struct sl_snapshot_key *item;

        if (keys->slots[at] == 0) {
            return &keys->slots[at];
        }
        item = &keys->items[keys->slots[at] - 1];
        if (item->len == key.len &&
            (key.len == 0 || memcmp(keys->bytes.data + item->at, key.data, key.len) == 0)) {
            return &keys->slots[at];
        }
    }
}

static int grow_slots(struct sl_snapshot_keys *keys)
{
    size_t count = keys->slots == NULL ? SL_KEY_SLOTS : (keys->slot_mask + 1) * 2;
    size_t *slots = calloc(count, sizeof(*slots));

    if (slots == NULL) {
        return SL_ENOMEM;
    }
    free(keys->slots);
    keys->slots = slots;
    keys->slot_mask = count - 1;
    for (size_t i = 0; i < keys->count; i++) {
        *find_slot(keys, key_of(keys, &keys->items[i])) = i + 1;
    }
    return SL_OK;
}

static int grow_items(struct sl_snapshot_keys *keys)
{
    size_t cap = keys->cap > 0 ? keys->cap * 2 : SL_KEY_SLOTS;
    struct sl_snapshot_key *items = realloc(keys->items, cap * sizeof(*items));

    if (items == NULL) {
        return SL_ENOMEM;
    }
    keys->items = items;
    keys->cap = cap;
    return SL_OK;
}

int sl_snapshot_keys_add(struct sl_snapshot_keys *keys, struct sl_span key)
{
    int rc = SL_OK;
    size_t *slot;

    if (keys->slots == NULL || keys->count >= keys->slot_mask / 2) {
        rc = grow_slots(keys);
    }
    if (rc == SL_OK && keys->count == keys->cap) {
        rc = grow_items(keys);
    }
    if (rc != SL_OK) {
        return rc;
    }
    slot = find_slot(keys, key);
    if (*slot != 0) {
        return SL_OK;
    }
    rc = sl_buf_add(&keys->bytes, key.data, key.len);
    if (rc == SL_OK) {
        keys->items[keys->count++] =
            (struct sl_snapshot_key){.at = keys->bytes.len - key.len, .len = key.len};
        keys->unsettled++;
        *slot = keys->count;
    }
    return rc;
}

/* ---- one window ---- */

struct round {
    struct sl_snapshot_load *load;
    const struct sl_snapshot_settling *settling;
    struct sl_snapshot_keys *keys;
    size_t numbers[SL_KEYS_AT_ONCE]; /* of keys that are read in it */
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

    for (size_t i = 0; i < keys->count && round->count < SL_KEYS_AT_ONCE; i++) {
        struct sl_snapshot_key *item = &keys->items[i];

        if (!item->is_settled) {
            item->has_row = false;
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

    if (round->settling->only_removes) {
        settle_item(round, item);
        return SL_OK;
    }
    return sl_err_set(
        err, SL_EINVAL,
        "a key of table %.*s.%.*s may be of several rows: put \":\" between the values "
        "in its key template",
        (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
        (const char *)table->name.data);
}

/* A key that no row can have is not asked for. */
static int make_cells(struct round *round, struct sl_err *err)
{
    struct sl_mapper *mapper = round->load->worker->snapshot->options.mapper;
    const struct sl_table *table = round->load->table;

    round->cells =
        sl_arena_array(&round->arena, round->count * table->column_count, sizeof(*round->cells));
    if (round->cells == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; i < round->count; i++) {
        int rc = mapper->ops->parse_key(
            mapper, table, key_of(round->keys, &round->keys->items[round->numbers[i]]),
            &round->arena, round->cells + round->cell_rows * table->column_count);

        if (rc == SL_KEY_UNCLEAR) {
            rc = take_unclear(round, &round->keys->items[round->numbers[i]], err);
        } else if (rc == SL_OK) {
            round->cell_rows++;
        }
        if (rc != SL_OK && rc != SL_DONE) {
            return rc;
        }
    }
    return SL_OK;
}

/* What compares equal to the server may have another key. */
static int pair_rows(struct round *round, struct sl_err *err)
{
    struct sl_mapper *mapper = round->load->worker->snapshot->options.mapper;
    const struct sl_table *table = round->load->table;
    struct sl_buf key = {0};
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < round->chunk.row_count; i++) {
        rc = mapper->ops->key(mapper, table, round->chunk.cells + i * table->column_count, &key,
                              err);
        if (rc == SL_OK) {
            size_t number = *find_slot(round->keys, sl_snapshot_span(&key));

            if (number > 0) {
                round->keys->items[number - 1].has_row = true;
                round->keys->items[number - 1].row = i;
            }
        }
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
    sl_snapshot_spend(load, round->chunk.row_count);
    return pair_rows(round, err);
}

static int put_row(struct round *round, struct sl_reader *reader,
                   const struct sl_snapshot_key *item, struct sl_err *err)
{
    struct sl_snapshot_load *load = round->load;

    if (round->settling->only_removes) {
        return SL_OK;
    }
    atomic_fetch_add(&load->worker->snapshot->stats.put, 1);
    return sl_reader_put_row(reader, load->table,
                             round->chunk.cells + item->row * load->table->column_count,
                             sl_snapshot_write(load), err);
}

static int put_removal(struct round *round, struct sl_reader *reader, struct sl_span key)
{
    round->load->state.removed++;
    atomic_fetch_add(&round->load->worker->snapshot->stats.removed, 1);
    return sl_reader_put_removal(reader, key);
}

/*
 * A row that was locked when it was read is what its last change before HIGH has left, and none
 * came behind. A row that is there needs no removal, whatever part of it was written.
 */
static int put(struct round *round, struct sl_reader *reader, struct sl_snapshot_key *item,
               struct sl_err *err)
{
    struct sl_span key = key_of(round->keys, item);
    enum sl_touch touch = round->settling->only_removes
                              ? sl_table_watch_find(round->load->watch, key)
                              : sl_snapshot_touch(round->load, key);
    bool is_certain = item->has_row && (round->is_locked || round->settling->only_removes);

    if (touch == SL_TOUCH_PART && !is_certain) {
        item->tries++;
        return SL_OK;
    }
    settle_item(round, item);
    if (touch == SL_TOUCH_WHOLE) {
        return SL_OK;
    }
    return item->has_row ? put_row(round, reader, item, err) : put_removal(round, reader, key);
}

static int close_window(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct round *round = user;
    const struct sl_snapshot_settling *settling = round->settling;
    int rc = sl_snapshot_judge(round->load);

    for (size_t i = 0; rc == SL_OK && i < round->count; i++) {
        struct sl_snapshot_key *item = &round->keys->items[round->numbers[i]];

        rc = item->is_settled ? SL_OK : put(round, reader, item, err);
    }
    if (rc == SL_OK && round->keys->unsettled == 0) {
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

static bool is_hopeless(const struct sl_snapshot_keys *keys)
{
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

    while (rc == SL_OK && settling->keys->unsettled > 0) {
        struct round round = {.load = load, .settling = settling, .keys = settling->keys};

        choose(&round);
        rc = is_hopeless(settling->keys) ? SL_OVERRUN : run_round(&round, err);
    }
    return rc;
}
