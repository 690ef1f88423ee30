/*
 * reconcile_keys.c - the keys of a table, and the members of its sets, against its rows: which one
 * has none? The source is asked only for those that no row had which was read before.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/reconcile_private.h"

enum { SL_KEYS_MAX = 500 }; /* that are asked for at a time */

/* Names of one step of a SCAN, or of an SSCAN. */
struct names {
    struct sl_span *items;
    size_t count;
    size_t cap;
    struct sl_arena arena;
};

/* What has its rows asked for together. */
struct page {
    struct sl_reconcile *r;
    uint32_t facet;
    bool has_members;
    struct names keys; /* of Redis */
    struct names members;
    struct sl_span set; /* whose members are at hand */
    struct sl_buf name; /* scratch */
    struct sl_arena arena;
    struct sl_err *err;
};

static bool is_same(struct sl_span a, struct sl_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* May KEY be of another table, or of an index of this one? */
static bool is_of(const struct sl_reconcile *r, const struct sl_reconcile_table *table,
                  struct sl_span key)
{
    for (size_t i = table == r->current ? 1 : 0; i < table->facets; i++) {
        const struct sl_key_pattern *pattern = table->patterns[i];

        if (pattern->matches(pattern, key)) {
            return true;
        }
    }
    return false;
}

bool sl_reconcile_is_others(const struct sl_reconcile *r, struct sl_reconcile_item item)
{
    static const char own[] = "sluice:{";
    struct sl_span key = item.name;

    if (item.facet > 0) {
        return !r->owned[item.facet]->matches(r->owned[item.facet], item.name);
    }
    if (key.len >= sizeof(own) - 1 && memcmp(key.data, own, sizeof(own) - 1) == 0) {
        return true;
    }
    for (size_t i = 0; i < r->table_count; i++) {
        if (is_of(r, &r->tables[i], key)) {
            return true;
        }
    }
    return false;
}

static int suspect_orphan(struct page *page, struct sl_span name)
{
    const struct sl_held nothing = {.kind = SL_HELD_NOTHING};
    const struct sl_reconcile_item item = {.facet = page->facet, .name = name};

    return sl_reconcile_is_others(page->r, item)
               ? SL_OK
               : sl_reconcile_suspect(page->r, item, SL_DRIFT_ORPHAN, 0,
                                      sl_held_hash(&nothing, page->r->seed), page->err);
}

/* ---- those that may have a row ---- */

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
static int note_name(void *user, struct sl_span name)
{
    struct lookup *lookup = user;

    for (size_t at = 0; at < lookup->count; at++) {
        if (is_same(lookup->keys[at], name)) {
            lookup->has_row[at] = true;
            break;
        }
    }
    return SL_OK;
}

static int note_rows(struct page *page, struct lookup *lookup, const struct sl_chunk *chunk)
{
    struct sl_reconcile *r = page->r;
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < chunk->row_count; i++) {
        rc = sl_reconcile_names(r, page->facet, chunk->cells + i * r->table->column_count,
                                note_name, lookup, page->err);
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
    rc = rc == SL_OK ? note_rows(page, lookup, &chunk) : rc;
    for (size_t i = 0; rc == SL_OK && i < lookup->count; i++) {
        if (!lookup->has_row[i]) {
            rc = suspect_orphan(page, lookup->keys[i]);
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

static int check_name(struct page *page, struct lookup *lookup, struct sl_span name)
{
    const struct sl_reconcile_item item = {.facet = page->facet, .name = name};
    struct sl_reconcile *r = page->r;
    struct sl_cell *cells = lookup->cells + lookup->count * r->table->column_count;
    int rc;

    if (sl_key_filter_has(r->filter, name)) {
        return SL_OK;
    }
    rc = sl_reconcile_parse(r, item, &page->arena, cells);
    if (rc == SL_DONE) {
        return suspect_orphan(page, name);
    }
    if (rc != SL_OK) {
        return rc == SL_KEY_UNCLEAR ? SL_OK : sl_err_set(page->err, rc, "out of memory");
    }
    lookup->keys[lookup->count++] = name;
    return lookup->count >= keys_at_a_time(r) ? flush_lookup(page, lookup) : SL_OK;
}

static int check_names(struct page *page, const struct names *names)
{
    struct lookup lookup = {0};
    int rc = names->count > 0 ? make_lookup(page, &lookup) : SL_DONE;

    if (rc != SL_OK) {
        return rc == SL_DONE ? SL_OK : rc;
    }
    for (size_t i = 0; rc == SL_OK && i < names->count; i++) {
        page->r->counts.keys++;
        rc = check_name(page, &lookup, names->items[i]);
    }
    rc = rc == SL_OK ? flush_lookup(page, &lookup) : rc;
    sl_arena_release(&page->arena);
    return rc == SL_OK ? sl_reconcile_look_on_the_way(page->r, page->err) : rc;
}

/* ---- the scan ---- */

static int add(struct names *names, struct sl_span name)
{
    if (names->count == names->cap) {
        size_t cap = names->cap > 0 ? 2 * names->cap : SL_KEYS_MAX;
        struct sl_span *items = realloc(names->items, cap * sizeof(*items));

        if (items == NULL) {
            return SL_ENOMEM;
        }
        names->items = items;
        names->cap = cap;
    }
    names->items[names->count++] = name;
    return sl_arena_keep(&names->arena, &names->items[names->count - 1]);
}

static void forget(struct names *names)
{
    names->count = 0;
    sl_arena_release(&names->arena);
}

static int take_key(void *user, struct sl_span key)
{
    struct page *page = user;

    return page->has_members || sl_reconcile_is_sampled(page->r, key) ? add(&page->keys, key)
                                                                      : SL_OK;
}

static int take_member(void *user, struct sl_span member)
{
    struct page *page = user;
    int rc;

    sl_buf_clear(&page->name);
    rc = sl_item_format_member(page->set, member, &page->name);
    if (rc == SL_OK &&
        sl_reconcile_is_sampled(page->r, sl_span_make(page->name.data, page->name.len))) {
        rc = add(&page->members, sl_span_make(page->name.data, page->name.len));
    }
    return rc;
}

/* What is no set at a set's key is found when the members are that it should have. */
static int check_set(struct page *page)
{
    struct sl_reconcile *r = page->r;
    uint64_t cursor = 0;
    int rc = SL_OK;

    do {
        rc = r->store->ops->members(r->store, page->set, &cursor, take_member, page, page->err);
        rc = rc == SL_OK ? check_names(page, &page->members) : rc;
        forget(&page->members);
        rc = rc == SL_OK ? sl_reconcile_sleep(r, 0, page->err) : rc;
    } while (rc == SL_OK && cursor != 0);
    return rc;
}

static int check_sets(struct page *page)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < page->keys.count; i++) {
        page->set = page->keys.items[i];
        rc = check_set(page);
    }
    return rc;
}

static int scan_step(struct page *page, const struct sl_key_pattern *pattern, uint64_t *cursor)
{
    struct sl_reconcile *r = page->r;
    int rc = r->store->ops->scan(r->store, pattern, cursor, take_key, page, page->err);

    if (rc == SL_OK) {
        rc = page->has_members ? check_sets(page) : check_names(page, &page->keys);
    }
    forget(&page->keys);
    sl_reconcile_progress(r->report, r->current->db, r->current->name, &r->counts,
                          r->current->estimate);
    return rc == SL_OK ? sl_reconcile_sleep(r, 0, page->err) : rc;
}

int sl_reconcile_keys(struct sl_reconcile *r, uint32_t facet, struct sl_err *err)
{
    struct sl_key_pattern *pattern = r->mapper->ops->pattern(r->mapper, r->table, facet);
    struct page page = {
        .r = r, .facet = facet, .has_members = sl_reconcile_form(r, facet).is_member, .err = err};
    uint64_t cursor = 0;
    int rc = SL_OK;

    if (pattern == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    do {
        rc = scan_step(&page, pattern, &cursor);
    } while (rc == SL_OK && cursor != 0);
    free(page.keys.items);
    free(page.members.items);
    sl_buf_release(&page.name);
    sl_arena_release(&page.arena);
    pattern->free(pattern);
    return rc;
}
