#include "cdc/table_watch.h"

#include <stdlib.h>

#include "cdc/base/buf.h"
#include "cdc/base/hash.h"
#include "cdc/base/xrand.h"

enum { SL_WATCH_SLOTS = 256 }; /* to begin with; doubled as keys come */

/* One key; empty while touch is NONE. */
struct note {
    size_t at; /* of the key's bytes in keys */
    uint32_t len;
    uint32_t hash;
    bool is_member;
    enum sl_touch touch;
};

struct sl_table_watch {
    struct sl_buf db;
    struct sl_buf table;
    struct sl_buf keys; /* of all notes, one behind another */
    struct note *slots; /* open addressing by hash; NULL before the first key */
    size_t slot_mask;
    size_t count;
    size_t limit;
    uint64_t seed;
    bool is_noting;
    bool is_overrun;
    bool is_altered;
};

struct sl_table_watch *sl_table_watch_new(struct sl_span db, struct sl_span table, size_t limit)
{
    struct sl_table_watch *watch = calloc(1, sizeof(*watch));

    if (watch == NULL) {
        return NULL;
    }
    watch->limit = limit;
    watch->seed = sl_xrand_entropy();
    if (sl_buf_add(&watch->db, db.data, db.len) != SL_OK ||
        sl_buf_add(&watch->table, table.data, table.len) != SL_OK) {
        sl_table_watch_free(watch);
        return NULL;
    }
    return watch;
}

void sl_table_watch_free(struct sl_table_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    sl_buf_release(&watch->db);
    sl_buf_release(&watch->table);
    sl_buf_release(&watch->keys);
    free(watch->slots);
    free(watch);
}

static bool is_same(const struct sl_buf *name, struct sl_span other)
{
    return name->len == other.len &&
           (other.len == 0 || memcmp(name->data, other.data, other.len) == 0);
}

bool sl_table_watch_is_of(const struct sl_table_watch *watch, struct sl_span db,
                          struct sl_span table)
{
    return is_same(&watch->db, db) && (table.len == 0 || is_same(&watch->table, table));
}

bool sl_table_watch_is_alike(const struct sl_table_watch *watch, const struct sl_table_watch *other)
{
    return sl_table_watch_is_of(watch, sl_span_make(other->db.data, other->db.len),
                                sl_span_make(other->table.data, other->table.len));
}

static void forget(struct sl_table_watch *watch)
{
    sl_buf_clear(&watch->keys);
    if (watch->slots != NULL && watch->count > 0) {
        memset(watch->slots, 0, (watch->slot_mask + 1) * sizeof(*watch->slots));
    }
    watch->count = 0;
}

void sl_table_watch_begin(struct sl_table_watch *watch)
{
    forget(watch);
    watch->is_overrun = false;
    watch->is_noting = true;
}

/* The memory is given back: between two windows a table may wait for long. */
void sl_table_watch_end(struct sl_table_watch *watch)
{
    watch->is_noting = false;
    free(watch->slots);
    watch->slots = NULL;
    watch->count = 0;
    sl_buf_release(&watch->keys);
}

static bool is_of(const struct sl_table_watch *watch, const struct note *note,
                  struct sl_item_name name)
{
    struct sl_span noted = sl_span_make(watch->keys.data + note->at, note->len);

    return sl_item_is_same((struct sl_item_name){.bytes = noted, .is_member = note->is_member},
                           name);
}

/* The note on NAME, or the empty slot where it belongs. */
static struct note *find(const struct sl_table_watch *watch, struct sl_item_name name,
                         uint32_t hash)
{
    size_t at = hash & watch->slot_mask;

    for (;; at = (at + 1) & watch->slot_mask) {
        struct note *note = &watch->slots[at];

        if (note->touch == SL_TOUCH_NONE || (note->hash == hash && is_of(watch, note, name))) {
            return note;
        }
    }
}

static int grow(struct sl_table_watch *watch)
{
    size_t count = watch->slots == NULL ? SL_WATCH_SLOTS : (watch->slot_mask + 1) * 2;
    struct note *old = watch->slots;
    size_t old_count = old == NULL ? 0 : watch->slot_mask + 1;
    struct note *slots = calloc(count, sizeof(*slots));

    if (slots == NULL) {
        return SL_ENOMEM;
    }
    watch->slots = slots;
    watch->slot_mask = count - 1;
    for (size_t i = 0; i < old_count; i++) {
        size_t at = old[i].hash & watch->slot_mask;

        if (old[i].touch == SL_TOUCH_NONE) {
            continue;
        }
        while (slots[at].touch != SL_TOUCH_NONE) {
            at = (at + 1) & watch->slot_mask;
        }
        slots[at] = old[i];
    }
    free(old);
    return SL_OK;
}

static int add(struct sl_table_watch *watch, struct sl_item_name name, uint32_t hash,
               struct note **note)
{
    struct sl_span key = name.bytes;
    int rc = SL_OK;

    if (key.len > UINT32_MAX || key.len + sizeof(**note) > watch->limit ||
        watch->keys.len + watch->count * sizeof(**note) > watch->limit - key.len - sizeof(**note)) {
        return SL_ELIMIT;
    }
    if (watch->slots == NULL || watch->count >= watch->slot_mask / 2) {
        rc = grow(watch);
    }
    if (rc != SL_OK) {
        return rc;
    }
    *note = find(watch, name, hash);
    rc = sl_buf_add(&watch->keys, key.data, key.len);
    if (rc != SL_OK) {
        return rc;
    }
    **note = (struct note){.at = watch->keys.len - key.len,
                           .len = (uint32_t)key.len,
                           .hash = hash,
                           .is_member = name.is_member};
    watch->count++;
    return SL_OK;
}

/* What was written before a note stays on record: a row that was read may be older than that. */
static enum sl_touch add_touch(enum sl_touch before, enum sl_touch touch)
{
    return touch == SL_TOUCH_NOTED && before != SL_TOUCH_NONE && before != SL_TOUCH_NOTED
               ? SL_TOUCH_PART
               : touch;
}

static uint32_t hash_of(const struct sl_table_watch *watch, struct sl_item_name name)
{
    return (uint32_t)sl_hash_bytes(name.bytes.data, name.bytes.len, watch->seed);
}

static void set(struct sl_table_watch *watch, struct sl_item_name name, enum sl_touch touch)
{
    uint32_t hash = hash_of(watch, name);
    struct note *note = watch->slots != NULL ? find(watch, name, hash) : NULL;

    if (!watch->is_noting || watch->is_overrun) {
        return;
    }
    if ((note == NULL || note->touch == SL_TOUCH_NONE) && add(watch, name, hash, &note) != SL_OK) {
        watch->is_overrun = true;
        forget(watch);
        return;
    }
    note->touch = add_touch(note->touch, touch);
}

void sl_table_watch_note(struct sl_table_watch *watch, struct sl_item_name name,
                         enum sl_write write)
{
    static const enum sl_touch touches[] = {
        [SL_WRITE_WHOLE] = SL_TOUCH_WHOLE,
        [SL_WRITE_PARTIAL] = SL_TOUCH_PART,
        [SL_WRITE_REPLACE] = SL_TOUCH_WHOLE,
        [SL_WRITE_LATER] = SL_TOUCH_NOTED,
    };

    set(watch, name, touches[write]);
}

void sl_table_watch_undo(struct sl_table_watch *watch, struct sl_item_name name)
{
    set(watch, name, SL_TOUCH_PART);
}

void sl_table_watch_undo_all(struct sl_table_watch *watch)
{
    for (size_t i = 0; watch->count > 0 && i <= watch->slot_mask; i++) {
        if (watch->slots[i].touch != SL_TOUCH_NONE) {
            watch->slots[i].touch = SL_TOUCH_PART;
        }
    }
}

bool sl_table_watch_is_overrun(const struct sl_table_watch *watch)
{
    return watch->is_overrun;
}

enum sl_touch sl_table_watch_find(const struct sl_table_watch *watch, struct sl_item_name name)
{
    if (watch->slots == NULL) {
        return SL_TOUCH_NONE;
    }
    return find(watch, name, hash_of(watch, name))->touch;
}

void sl_table_watch_alter(struct sl_table_watch *watch)
{
    watch->is_altered = true;
}

bool sl_table_watch_is_altered(const struct sl_table_watch *watch)
{
    return watch->is_altered;
}
