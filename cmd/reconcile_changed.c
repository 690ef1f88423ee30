/*
 * reconcile_changed.c - keys that changed, against their rows: the rows are looked up by the keys,
 * and a key without one should not be there.
 */
#include <string.h>

#include "cmd/reconcile_private.h"

enum { SL_FIRST_KEYS = 8 }; /* whose rows tell how long rows are */

/* Keys, or other items, that are compared together. */
struct page {
    struct sl_reconcile *r;
    uint32_t facet;
    struct sl_span keys[SL_RECONCILE_BATCH];
    const struct sl_cell *cells[SL_RECONCILE_BATCH]; /* of their rows; NULL: none */
    const struct sl_cell *row;                       /* the one at hand */
    size_t count;
    size_t parsed; /* that a row may have */
    struct sl_arena arena;
    struct sl_err *err;
};

/* Rows come whole: fewer of long ones. */
static size_t keys_at_a_time(const struct sl_reconcile *r)
{
    uint64_t count = sl_reconcile_chunk_rows(r);

    if (r->counts.rows == 0) {
        return SL_FIRST_KEYS;
    }
    if (count > SL_RECONCILE_BYTES / (r->row_bytes / r->counts.rows + 1)) {
        count = SL_RECONCILE_BYTES / (r->row_bytes / r->counts.rows + 1);
    }
    return count < 1 ? 1 : count < SL_RECONCILE_BATCH ? (size_t)count : SL_RECONCILE_BATCH;
}

static int parse_keys(struct page *page, struct sl_cell **lookups)
{
    struct sl_reconcile *r = page->r;
    size_t columns = r->table->column_count;

    *lookups = sl_arena_array(&page->arena, page->count * columns, sizeof(**lookups));
    if (*lookups == NULL) {
        return sl_err_set(page->err, SL_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < page->count; i++) {
        const struct sl_reconcile_item item = {.facet = page->facet, .name = page->keys[i]};
        int rc = sl_reconcile_parse(r, item, &page->arena, *lookups + page->parsed * columns);

        if (rc < SL_OK) {
            return sl_err_set(page->err, rc, "out of memory");
        }
        if (rc == SL_KEY_UNCLEAR) {
            return sl_reconcile_since_whole(r, "a key does not tell which row it is of", page->err);
        }
        page->parsed += rc == SL_OK;
    }
    return SL_OK;
}

/* What compares equal to the server may have another key. */
static int take_name(void *user, struct sl_span name)
{
    struct page *page = user;

    for (size_t i = 0; i < page->count; i++) {
        if (page->keys[i].len == name.len && memcmp(page->keys[i].data, name.data, name.len) == 0) {
            page->cells[i] = page->row;
            break;
        }
    }
    return SL_OK;
}

static int read_rows(struct page *page, const struct sl_cell *lookups)
{
    struct sl_reconcile *r = page->r;
    struct sl_chunk chunk = {0};
    int rc;

    if (page->parsed == 0) {
        return sl_reconcile_from_source(r, r->reader->ops->end(r->reader, &r->high, page->err));
    }
    rc =
        sl_reconcile_from_source(r, r->reader->ops->read_keys(r->reader, lookups, page->parsed,
                                                              &r->place, false, &chunk, page->err));
    if (rc != SL_OK) {
        return rc;
    }
    sl_reconcile_count_query(r, &chunk);
    r->row_bytes += chunk.bytes;
    rc = sl_position_copy(&r->high, &chunk.high);
    for (size_t i = 0; rc == SL_OK && i < chunk.row_count; i++) {
        page->row = chunk.cells + i * r->table->column_count;
        rc = sl_reconcile_names(r, page->facet, page->row, take_name, page, page->err);
    }
    return rc;
}

static int compare_page(struct page *page)
{
    struct sl_reconcile *r = page->r;
    struct sl_cell *lookups = NULL;
    int rc = parse_keys(page, &lookups);

    rc = rc == SL_OK ? read_rows(page, lookups) : rc;
    for (size_t i = 0; rc == SL_OK && i < page->count; i++) {
        r->counts.rows += page->cells[i] != NULL;
        r->counts.keys += page->cells[i] == NULL;
    }
    rc = rc == SL_OK
             ? sl_reconcile_rows(r, page->facet, page->keys, page->cells, page->count, page->err)
             : rc;
    rc = rc == SL_OK ? sl_reconcile_look_on_the_way(r, page->err) : rc;
    rc = rc == SL_OK ? sl_reconcile_pace(r, page->count, page->err) : rc;
    sl_arena_release(&page->arena);
    return rc;
}

int sl_reconcile_changed(struct sl_reconcile *r, uint32_t facet, const struct sl_key_set *changed,
                         struct sl_err *err)
{
    struct page page = {.r = r, .facet = facet, .err = err};
    struct sl_span key;
    size_t at = 0;
    int rc = SL_OK;

    while (rc == SL_OK && sl_key_set_next(changed, &at, &key)) {
        if (sl_reconcile_is_sampled(r, key)) {
            page.keys[page.count++] = key;
        }
        if (page.count >= keys_at_a_time(r)) {
            rc = compare_page(&page);
            page = (struct page){.r = r, .facet = facet, .err = err};
            sl_reconcile_progress(r->report, r->current->db, r->current->name, &r->counts,
                                  sl_key_set_count(changed));
        }
    }
    return rc == SL_OK && page.count > 0 ? compare_page(&page) : rc;
}
