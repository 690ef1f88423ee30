/*
 * reconcile_keys.c - the keys of a table against its rows: which key has none? The source is asked
 * only for keys that no row had which was read before.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/reconcile_private.h"

enum { SL_KEYS_MAX = 500 }; /* that are asked for at a time */

/* Keys whose rows are asked for together. */
struct page {
    struct sl_reconcile *r;
    struct sl_arena arena;
    struct sl_span *keys; /* as many as one step of a SCAN has */
    size_t count;
    size_t cap;
    struct sl_err *err;
};

static bool is_same(struct sl_span a, struct sl_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool sl_reconcile_is_others(const struct sl_reconcile *r, struct sl_span key)
{
    static const char own[] = "sluice:{";

    if (key.len >= sizeof(own) - 1 && memcmp(key.data, own, sizeof(own) - 1) == 0) {
        return true;
    }
    for (size_t i = 0; i < r->table_count; i++) {
        const struct sl_reconcile_table *table = &r->tables[i];

        if (table != r->current && table->pattern->matches(table->pattern, key)) {
            return true;
        }
    }
    return false;
}

static int suspect_orphan(struct sl_reconcile *r, struct sl_span key, struct sl_err *err)
{
    const struct sl_held nothing = {.kind = SL_HELD_NOTHING};

    return sl_reconcile_is_others(r, key)
               ? SL_OK
               : sl_reconcile_suspect(r, key, SL_DRIFT_ORPHAN, 0, sl_held_hash(&nothing, r->seed),
                                      err);
}

/* ---- keys that may have a row ---- */

struct lookup {
    struct sl_cell *cells; /* column_count of each key */
    struct sl_span *keys;
    bool *has_row;
    size_t count;
};

static int make_lookup(struct page *page, struct lookup *lookup)
{
    size_t columns = page->r->table->column_count;

    lookup->cells = sl_arena_array(&page->arena, SL_KEYS_MAX * columns, sizeof(*lookup->cells));
    lookup->keys = sl_arena_array(&page->arena, SL_KEYS_MAX, sizeof(*lookup->keys));
    lookup->has_row = sl_arena_array(&page->arena, SL_KEYS_MAX, sizeof(*lookup->has_row));
    return lookup->cells != NULL && lookup->keys != NULL && lookup->has_row != NULL
               ? SL_OK
               : sl_err_set(page->err, SL_ENOMEM, "out of memory");
}

/* A key that the server takes for equal may have other bytes ("A" for "a"). */
static int note_rows(struct sl_reconcile *r, struct lookup *lookup, const struct sl_chunk *chunk,
                     struct sl_err *err)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < chunk->row_count; i++) {
        rc = r->mapper->ops->key(r->mapper, r->table, chunk->cells + i * r->table->column_count,
                                 &r->key, err);
        for (size_t at = 0; rc == SL_OK && at < lookup->count; at++) {
            if (is_same(lookup->keys[at], sl_span_make(r->key.data, r->key.len))) {
                lookup->has_row[at] = true;
                break;
            }
        }
    }
    return rc;
}

static int ask_rows(struct page *page, struct lookup *lookup)
{
    struct sl_reconcile *r = page->r;
    struct sl_chunk chunk = {0};
    int rc = sl_reconcile_from_source(r, r->reader->ops->read_keys(r->reader, lookup->cells,
                                                                   lookup->count, &r->place, false,
                                                                   &chunk, page->err));

    if (rc != SL_OK) {
        return rc;
    }
    sl_reconcile_count_query(r, &chunk);
    rc = sl_position_copy(&r->high, &chunk.high);
    rc = rc == SL_OK ? note_rows(r, lookup, &chunk, page->err) : rc;
    for (size_t i = 0; rc == SL_OK && i < lookup->count; i++) {
        if (!lookup->has_row[i]) {
            rc = suspect_orphan(r, lookup->keys[i], page->err);
        }
    }
    return rc == SL_OK ? sl_reconcile_pace(r, lookup->count, page->err) : rc;
}

static int flush_lookup(struct page *page, struct lookup *lookup)
{
    int rc = lookup->count > 0 ? ask_rows(page, lookup) : SL_OK;

    memset(lookup->has_row, 0, SL_KEYS_MAX * sizeof(*lookup->has_row));
    lookup->count = 0;
    return rc;
}

/* Rows come whole: fewer of long ones. */
static size_t keys_at_a_time(const struct sl_reconcile *r)
{
    uint64_t average = r->counts.rows > 0 ? r->row_bytes / r->counts.rows + 1 : 1;
    uint64_t count = SL_RECONCILE_BYTES / average;

    return count < 1 ? 1 : count < SL_KEYS_MAX ? (size_t)count : SL_KEYS_MAX;
}

static int check_key(struct page *page, struct lookup *lookup, struct sl_span key)
{
    struct sl_reconcile *r = page->r;
    struct sl_cell *cells = lookup->cells + lookup->count * r->table->column_count;
    int rc;

    if (sl_key_filter_has(r->filter, key)) {
        return SL_OK;
    }
    rc = r->mapper->ops->parse_key(r->mapper, r->table, 0, key, &page->arena, cells);
    if (rc == SL_DONE) {
        return suspect_orphan(r, key, page->err);
    }
    if (rc != SL_OK) {
        return rc == SL_KEY_UNCLEAR ? SL_OK : sl_err_set(page->err, rc, "out of memory");
    }
    lookup->keys[lookup->count++] = key;
    return lookup->count >= keys_at_a_time(r) ? flush_lookup(page, lookup) : SL_OK;
}

static int check_page(struct page *page)
{
    struct lookup lookup = {0};
    int rc = page->count > 0 ? make_lookup(page, &lookup) : SL_DONE;

    if (rc != SL_OK) {
        return rc == SL_DONE ? SL_OK : rc;
    }
    for (size_t i = 0; rc == SL_OK && i < page->count; i++) {
        page->r->counts.keys++;
        rc = check_key(page, &lookup, page->keys[i]);
    }
    return rc == SL_OK ? flush_lookup(page, &lookup) : rc;
}

/* ---- the scan ---- */

static int take_key(void *user, struct sl_span key)
{
    struct page *page = user;

    if (!sl_reconcile_is_sampled(page->r, key)) {
        return SL_OK;
    }
    if (page->count == page->cap) {
        size_t cap = page->cap > 0 ? 2 * page->cap : SL_KEYS_MAX;
        struct sl_span *keys = realloc(page->keys, cap * sizeof(*keys));

        if (keys == NULL) {
            return SL_ENOMEM;
        }
        page->keys = keys;
        page->cap = cap;
    }
    page->keys[page->count++] = key;
    return sl_arena_keep(&page->arena, &page->keys[page->count - 1]);
}

static int scan_step(struct page *page, const struct sl_key_pattern *pattern, uint64_t *cursor)
{
    struct sl_reconcile *r = page->r;
    int rc;

    page->count = 0;
    rc = r->store->ops->scan(r->store, pattern, cursor, take_key, page, page->err);
    rc = rc == SL_OK ? check_page(page) : rc;
    rc = rc == SL_OK ? sl_reconcile_look_on_the_way(r, page->err) : rc;
    sl_arena_release(&page->arena);
    sl_reconcile_progress(r->report, r->current->db, r->current->name, &r->counts,
                          r->current->estimate);
    return rc == SL_OK ? sl_reconcile_sleep(r, 0, page->err) : rc;
}

int sl_reconcile_keys(struct sl_reconcile *r, struct sl_err *err)
{
    struct sl_key_pattern *pattern = r->mapper->ops->pattern(r->mapper, r->table, 0);
    struct page page = {.r = r, .err = err};
    uint64_t cursor = 0;
    int rc = SL_OK;

    if (pattern == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    do {
        rc = scan_step(&page, pattern, &cursor);
    } while (rc == SL_OK && cursor != 0);
    free(page.keys);
    pattern->free(pattern);
    return rc;
}
