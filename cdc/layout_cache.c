/*
 * layout_cache.c - layouts by name in chained buckets, and the table ids of late in an open
 * address table. A server gives a table a new id whenever it opens it anew, so an id is only a
 * short-lived alias; a layout stays as long as the bytes of the table map do.
 */
#include <assert.h>
#include <stdlib.h>

#include "cdc/base/hash.h"
#include "cdc/layout.h"
#include "cdc/table_map.h"

enum {
    SL_LAYOUT_FIRST = 64,
    SL_LAYOUT_IDS_MAX = 4096, /* forgotten together when there are more, between transactions */
    SL_LAYOUTS_MAX = 1 << 14,
};

static uint64_t hash_name(struct sl_span db, struct sl_span name)
{
    return sl_hash_bytes(name.data, name.len, sl_hash_bytes(db.data, db.len, 1));
}

static bool same(struct sl_span a, struct sl_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void forget_ids(struct sl_layout_cache *cache)
{
    free(cache->ids);
    cache->ids = NULL;
    cache->id_cap = 0;
    cache->id_count = 0;
}

static void drop(struct sl_layout_cache *cache, struct sl_layout *layout)
{
    layout->next = cache->dropped;
    cache->dropped = layout;
}

static void drop_all(struct sl_layout_cache *cache)
{
    forget_ids(cache);
    for (size_t i = 0; i < cache->bucket_count; i++) {
        while (cache->buckets[i] != NULL) {
            struct sl_layout *layout = cache->buckets[i];

            cache->buckets[i] = layout->next;
            drop(cache, layout);
        }
    }
    cache->count = 0;
}

void sl_layout_cache_bury(struct sl_layout_cache *cache)
{
    while (cache->dropped != NULL) {
        struct sl_layout *next = cache->dropped->next;

        sl_layout_free(cache->dropped);
        cache->dropped = next;
    }
}

void sl_layout_cache_release(struct sl_layout_cache *cache)
{
    drop_all(cache);
    sl_layout_cache_bury(cache);
    free(cache->buckets);
    *cache = (struct sl_layout_cache){0};
}

static struct sl_layout_id *slot_of(const struct sl_layout_cache *cache, uint64_t id)
{
    size_t at = (size_t)sl_hash_u64(id, 0) & (cache->id_cap - 1);

    while (cache->ids[at].layout != NULL && cache->ids[at].id != id) {
        at = (at + 1) & (cache->id_cap - 1);
    }
    return &cache->ids[at];
}

struct sl_layout *sl_layout_cache_find(const struct sl_layout_cache *cache, uint64_t id)
{
    return cache->id_cap == 0 ? NULL : slot_of(cache, id)->layout;
}

static int grow_ids(struct sl_layout_cache *cache)
{
    struct sl_layout_cache bigger = *cache;

    bigger.id_cap = cache->id_cap > 0 ? cache->id_cap * 2 : SL_LAYOUT_FIRST;
    bigger.ids = calloc(bigger.id_cap, sizeof(*bigger.ids));
    if (bigger.ids == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; i < cache->id_cap; i++) {
        if (cache->ids[i].layout != NULL) {
            *slot_of(&bigger, cache->ids[i].id) = cache->ids[i];
        }
    }
    free(cache->ids);
    cache->ids = bigger.ids;
    cache->id_cap = bigger.id_cap;
    return SL_OK;
}

static int set_id(struct sl_layout_cache *cache, uint64_t id, struct sl_layout *layout)
{
    struct sl_layout_id *slot;

    if (cache->id_count * 2 >= cache->id_cap) {
        int rc = grow_ids(cache);

        if (rc != SL_OK) {
            return rc;
        }
    }
    slot = slot_of(cache, id);
    cache->id_count += slot->layout == NULL;
    *slot = (struct sl_layout_id){.id = id, .layout = layout};
    layout->table.id = id;
    return SL_OK;
}

/*
 * Takes the ids away from a layout that goes. Deleting from an open address table would break its
 * probe chains, so the others are put into a new one; without memory for that all are forgotten,
 * which only costs the next table maps a search by name.
 */
static void unset_ids(struct sl_layout_cache *cache, const struct sl_layout *layout)
{
    struct sl_layout_id *old = cache->ids;
    size_t cap = cache->id_cap;

    cache->ids = calloc(cap > 0 ? cap : 1, sizeof(*cache->ids));
    cache->id_count = 0;
    if (cache->ids == NULL) {
        cache->id_cap = 0;
        cap = 0;
    }
    for (size_t i = 0; i < cap; i++) {
        if (old[i].layout != NULL && old[i].layout != layout) {
            *slot_of(cache, old[i].id) = old[i];
            cache->id_count++;
        }
    }
    free(old);
}

static int grow_buckets(struct sl_layout_cache *cache)
{
    size_t count = cache->bucket_count > 0 ? cache->bucket_count * 2 : SL_LAYOUT_FIRST;
    struct sl_layout **buckets = calloc(count, sizeof(struct sl_layout *));

    if (buckets == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; i < cache->bucket_count; i++) {
        while (cache->buckets[i] != NULL) {
            struct sl_layout *layout = cache->buckets[i];

            cache->buckets[i] = layout->next;
            layout->next = buckets[layout->hash & (count - 1)];
            buckets[layout->hash & (count - 1)] = layout;
        }
    }
    free(cache->buckets);
    cache->buckets = buckets;
    cache->bucket_count = count;
    return SL_OK;
}

/* Where the pointer to the layout of a table is, or would be. */
static struct sl_layout **place_of(const struct sl_layout_cache *cache, uint64_t hash,
                                   struct sl_span db, struct sl_span name)
{
    struct sl_layout **place = &cache->buckets[hash & (cache->bucket_count - 1)];

    while (*place != NULL && !((*place)->hash == hash && same((*place)->table.db, db) &&
                               same((*place)->table.name, name))) {
        place = &(*place)->next;
    }
    return place;
}

static void drop_at(struct sl_layout_cache *cache, struct sl_layout **place)
{
    struct sl_layout *layout = *place;

    *place = layout->next;
    cache->count--;
    unset_ids(cache, layout);
    drop(cache, layout);
}

static bool is_within(const struct sl_layout *layout, struct sl_span db, struct sl_span table)
{
    return (db.len == 0 || same(layout->table.db, db)) &&
           (table.len == 0 || same(layout->table.name, table));
}

void sl_layout_cache_drop(struct sl_layout_cache *cache, struct sl_span db, struct sl_span table)
{
    if (db.len == 0 && table.len == 0) {
        drop_all(cache);
        return;
    }
    for (size_t i = 0; i < cache->bucket_count; i++) {
        struct sl_layout **place = &cache->buckets[i];

        while (*place != NULL) {
            if (is_within(*place, db, table)) {
                drop_at(cache, place);
            } else {
                place = &(*place)->next;
            }
        }
    }
}

void sl_layout_cache_trim(struct sl_layout_cache *cache)
{
    if (cache->count > SL_LAYOUTS_MAX) {
        drop_all(cache);
    } else if (cache->id_count > SL_LAYOUT_IDS_MAX) {
        forget_ids(cache);
    }
}

/* Builds a layout and puts it where the old one of the table was. */
static int build(struct sl_layout_cache *cache, const struct sl_layout_context *context,
                 struct sl_span body, struct sl_layout **layout, struct sl_err *err)
{
    struct sl_layout *made = NULL;
    struct sl_layout **place;
    int rc = sl_layout_new(context, body, &made, err);

    if (rc != SL_OK) {
        return rc;
    }
    made->hash = hash_name(made->table.db, made->table.name);
    place = place_of(cache, made->hash, made->table.db, made->table.name);
    if (*place != NULL) {
        drop_at(cache, place);
    }
    made->next = *place;
    *place = made;
    cache->count++;
    *layout = made;
    return SL_OK;
}

static int find_or_build(struct sl_layout_cache *cache, const struct sl_layout_context *context,
                         struct sl_span body, struct sl_layout **layout, struct sl_err *err)
{
    struct sl_span raw = body;
    struct sl_table_map map;
    struct sl_layout *known;
    int rc = sl_table_map_parse(body, &map, err);

    if (rc != SL_OK) {
        return rc;
    }
    if (cache->count >= cache->bucket_count && grow_buckets(cache) != SL_OK) {
        return sl_err_set(err, SL_ENOMEM, "no memory for a table layout");
    }
    (void)!sl_span_skip(&raw, SL_TABLE_MAP_ID_BYTES);
    known = *place_of(cache, hash_name(map.db, map.name), map.db, map.name);
    if (known != NULL && same(known->raw, raw)) {
        *layout = known;
        return SL_OK;
    }
    return build(cache, context, body, layout, err);
}

bool sl_layout_cache_knows(const struct sl_layout_cache *cache, struct sl_span body)
{
    const struct sl_layout *layout;
    uint64_t id;

    if (sl_table_map_id(body, &id, NULL) != SL_OK) {
        return false;
    }
    layout = sl_layout_cache_find(cache, id);
    return layout != NULL && layout->table.id == id &&
           same(layout->raw,
                sl_span_make(body.data + SL_TABLE_MAP_ID_BYTES, body.len - SL_TABLE_MAP_ID_BYTES));
}

int sl_layout_cache_map(struct sl_layout_cache *cache, const struct sl_layout_context *context,
                        struct sl_span body, struct sl_layout **layout, struct sl_err *err)
{
    struct sl_layout *found;
    uint64_t id;
    int rc = sl_table_map_id(body, &id, err);

    if (rc != SL_OK) {
        return rc;
    }
    found = sl_layout_cache_find(cache, id);
    if (found != NULL && same(found->raw, sl_span_make(body.data + SL_TABLE_MAP_ID_BYTES,
                                                       body.len - SL_TABLE_MAP_ID_BYTES))) {
        found->table.id = id;
        *layout = found;
        return SL_OK;
    }
    rc = find_or_build(cache, context, body, &found, err);
    assert(rc != SL_OK || found != NULL);
    if (rc == SL_OK && set_id(cache, id, found) != SL_OK) {
        rc = sl_err_set(err, SL_ENOMEM, "no memory for a table id");
    }
    if (rc == SL_OK) {
        *layout = found;
    }
    return rc;
}
