/* snapshot_keys.c - a set of Redis keys, in the order that they were added. */
#include <stdlib.h>

#include "cdc/base/hash.h"
#include "cdc/snapshot_private.h"

enum { SL_KEY_SLOTS = 64 }; /* to begin with */

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

struct sl_snapshot_key *sl_snapshot_keys_find(const struct sl_snapshot_keys *keys,
                                              struct sl_span key)
{
    size_t number = keys->slots != NULL ? *find_slot(keys, key) : 0;

    return number > 0 ? &keys->items[number - 1] : NULL;
}

size_t sl_snapshot_keys_bytes(const struct sl_snapshot_keys *keys)
{
    return keys->bytes.len + keys->count * (sizeof(*keys->items) + 4 * sizeof(*keys->slots));
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
        *find_slot(keys, sl_snapshot_key(keys, &keys->items[i])) = i + 1;
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
