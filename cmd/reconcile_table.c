/*
 * reconcile_table.c - one table: chunk by chunk its rows against their keys, then its keys against
 * the rows, and looks at what differed.
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/base/hash.h"
#include "cmd/reconcile_private.h"
#include "filters/mapper.h"
#include "filters/shape.h"

enum {
    SL_SUSPECTS_MAX = 1000000,
    SL_SUSPECTS_BYTES = 64 * 1024 * 1024,
    SL_CHUNKS_A_SECOND = 5,   /* with --rate, so that it is even */
    SL_SUSPECTS_MANY = 10000, /* looked at before more is read */
};

static struct sl_span span_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

bool sl_reconcile_is_sampled(const struct sl_reconcile *r, struct sl_span key)
{
    return r->words->sample >= 100 ||
           sl_hash_bytes(key.data, key.len, r->sample_seed) % 100 < r->words->sample;
}

int sl_reconcile_from_source(struct sl_reconcile *r, int rc)
{
    r->source_failed |= rc < SL_OK;
    return rc == SL_ESCHEMA ? SL_RECONCILE_ALTERED : rc;
}

void sl_reconcile_count_query(struct sl_reconcile *r, const struct sl_chunk *chunk)
{
    r->counts.queries++;
    r->counts.query_us += chunk->query_us;
}

/* ---- rows ---- */

/* Rows that are compared together. */
struct piece {
    struct sl_reconcile *r;
    const struct sl_cell *cells[SL_RECONCILE_BATCH]; /* of each row */
    struct sl_span keys[SL_RECONCILE_BATCH];
    size_t count;
    struct sl_arena arena;
};

static int add_row(struct piece *piece, const struct sl_cell *row, struct sl_err *err)
{
    struct sl_reconcile *r = piece->r;
    struct sl_span key;
    int rc = r->mapper->ops->key(r->mapper, r->table, row, &r->key, err);

    key = span_of(&r->key);
    if (rc != SL_OK || !sl_reconcile_is_sampled(r, key)) {
        return rc;
    }
    rc = sl_arena_keep(&piece->arena, &key);
    piece->keys[piece->count] = key;
    piece->cells[piece->count++] = row;
    sl_key_filter_add(r->filter, key);
    r->counts.rows++;
    return rc;
}

static bool holds_nothing(const struct sl_reconcile *r, uint32_t facet)
{
    return r->mapper->ops->holds_nothing(r->mapper, r->table, facet);
}

static int compare_rows(struct sl_reconcile *r, const struct sl_cell *rows, size_t count,
                        struct sl_err *err)
{
    struct piece piece = {.r = r};
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        rc = add_row(&piece, rows + i * r->table->column_count, err);
    }
    if (rc == SL_OK && !holds_nothing(r, 0)) {
        rc = sl_reconcile_rows(r, 0, piece.keys, piece.cells, piece.count, err);
    }
    rc = rc == SL_OK ? sl_reconcile_items(r, piece.cells, piece.count, err) : rc;
    sl_arena_release(&piece.arena);
    return rc;
}

static int compare_chunk(struct sl_reconcile *r, const struct sl_chunk *chunk, struct sl_err *err)
{
    int rc = sl_position_copy(&r->high, &chunk->high);

    r->row_bytes += chunk->bytes;
    for (size_t i = 0; rc == SL_OK && i < chunk->row_count; i += SL_RECONCILE_BATCH) {
        size_t left = chunk->row_count - i;

        rc = compare_rows(r, chunk->cells + i * r->table->column_count,
                          left < SL_RECONCILE_BATCH ? left : SL_RECONCILE_BATCH, err);
    }
    return rc;
}

size_t sl_reconcile_chunk_rows(const struct sl_reconcile *r)
{
    uint64_t even = r->words->rate / SL_CHUNKS_A_SECOND + 1;

    return r->words->rate > 0 && even < SL_RECONCILE_ROWS ? (size_t)even : SL_RECONCILE_ROWS;
}

/* Where the stream is behind each look waits for it, so there had better be many keys in it. */
int sl_reconcile_look_on_the_way(struct sl_reconcile *r, struct sl_err *err)
{
    int rc = SL_OK;

    if (sl_suspects_count(r->suspects) >= SL_SUSPECTS_MANY) {
        rc = sl_reconcile_look(r, err);
    }
    if (rc == SL_OK && r->mend != NULL && sl_mend_is_full(r->mend)) {
        rc = sl_reconcile_mend(r, err);
    }
    return rc;
}

static int compare_next(struct sl_reconcile *r, struct sl_buf *after, bool *is_last,
                        struct sl_err *err)
{
    const struct sl_chunk_limit limit = {.rows = sl_reconcile_chunk_rows(r),
                                         .bytes = SL_RECONCILE_BYTES};
    struct sl_chunk chunk = {0};
    int rc = sl_reconcile_from_source(
        r, r->reader->ops->read_range(r->reader, span_of(after), &r->place, &limit, &chunk, err));
    size_t count = chunk.row_count;

    if (rc != SL_OK) {
        return rc;
    }
    sl_reconcile_count_query(r, &chunk);
    *is_last = chunk.is_last;
    sl_buf_clear(after);
    rc = sl_buf_add(after, chunk.after.data, chunk.after.len);
    rc = rc == SL_OK ? compare_chunk(r, &chunk, err) : rc;
    rc = rc == SL_OK ? sl_reconcile_look_on_the_way(r, err) : rc;
    sl_reconcile_progress(r->report, r->current->db, r->current->name, &r->counts,
                          r->current->estimate);
    return rc == SL_OK ? sl_reconcile_pace(r, count, err) : rc;
}

static int compare_all_rows(struct sl_reconcile *r, struct sl_err *err)
{
    struct sl_buf after = {0};
    bool is_last = false;
    int rc = SL_OK;

    while (rc == SL_OK && !is_last) {
        rc = compare_next(r, &after, &is_last, err);
    }
    sl_buf_release(&after);
    return rc;
}

/* ---- the table ---- */

static int settle(struct sl_reconcile *r, struct sl_err *err)
{
    int rc = sl_reconcile_look(r, err);

    while (rc == SL_OK && r->mend != NULL && sl_mend_count(r->mend) > 0) {
        rc = sl_reconcile_mend(r, err);
    }
    return rc;
}

static int compare_whole(struct sl_reconcile *r, struct sl_err *err)
{
    int rc;

    r->filter = sl_key_filter_new(r->current->estimate * r->facets);
    rc = r->filter != NULL ? compare_all_rows(r, err) : sl_err_set(err, SL_ENOMEM, "out of memory");
    for (uint32_t facet = 0; rc == SL_OK && facet < r->facets; facet++) {
        rc = holds_nothing(r, facet) ? SL_OK : sl_reconcile_keys(r, facet, err);
    }
    sl_key_filter_free(r->filter);
    r->filter = NULL;
    return rc;
}

static int compare_changed(struct sl_reconcile *r, const struct sl_changed_table *changed,
                           struct sl_err *err)
{
    int rc = SL_OK;

    for (uint32_t facet = 0; rc == SL_OK && facet < r->facets; facet++) {
        const struct sl_key_set *names = sl_changed_keys_of(changed, facet);

        rc = names != NULL ? sl_reconcile_changed(r, facet, names, err) : SL_OK;
    }
    return rc;
}

static void free_owned(struct sl_reconcile *r)
{
    for (uint32_t i = 0; r->owned != NULL && i < r->facets; i++) {
        if (r->owned[i] != NULL) {
            r->owned[i]->free(r->owned[i]);
        }
    }
    free(r->owned);
    r->owned = NULL;
}

static int find_facets(struct sl_reconcile *r, struct sl_err *err)
{
    struct sl_mapper *mapper = r->mapper;
    bool has_all = true;

    r->facets = mapper->ops->facets(mapper, r->table);
    r->owned = calloc(r->facets, sizeof(struct sl_key_pattern *));
    for (uint32_t i = 0; r->owned != NULL && i < r->facets; i++) {
        r->owned[i] = mapper->ops->owner_pattern(mapper, r->table, i);
        has_all = has_all && r->owned[i] != NULL;
    }
    return r->owned != NULL && has_all ? SL_OK : sl_err_set(err, SL_ENOMEM, "out of memory");
}

static int compare_open(struct sl_reconcile *r, const struct sl_changed_table *changed,
                        struct sl_err *err)
{
    bool is_whole = changed->whole != NULL || changed->facets == 0;
    int rc = r->mapper->ops->table(r->mapper, r->table, err);

    rc = rc == SL_OK ? find_facets(r, err) : rc;
    r->suspects = sl_suspects_new(SL_SUSPECTS_MAX, SL_SUSPECTS_BYTES);
    if (rc == SL_OK && r->suspects == NULL) {
        rc = sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    if (rc == SL_OK) {
        rc = is_whole ? compare_whole(r, err) : compare_changed(r, changed, err);
    }
    rc = rc == SL_OK ? settle(r, err) : rc;
    sl_suspects_free(r->suspects);
    r->suspects = NULL;
    free_owned(r);
    return rc;
}

static int compare_table(struct sl_reconcile *r, const struct sl_changed_table *changed,
                         struct sl_err *err)
{
    int rc;

    sl_buf_clear(&r->scope);
    if (sl_reread_scope_format(r->current->db, r->current->name, &r->scope) != SL_OK) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    rc = r->reader->ops->open_table(r->reader, r->current->db, r->current->name, NULL, &r->table,
                                    err);
    if (rc != SL_OK) {
        r->source_failed |= rc < SL_OK;
        return rc;
    }
    rc = compare_open(r, changed, err);
    r->reader->ops->close_table(r->reader);
    r->table = NULL;
    return rc;
}

int sl_reconcile_compare_table(struct sl_reconcile *r, struct sl_err *err)
{
    uint64_t began = sl_clock_mono_ms(r->clock);
    uint64_t bytes = sl_redis_rows_bytes(r->rows);
    struct sl_changed_table changed;
    int rc = SL_OK;

    if (sl_reconcile_since_chooses(r, &changed)) {
        rc = compare_table(r, &changed, err);
    }
    r->counts.redis_bytes += sl_redis_rows_bytes(r->rows) - bytes;
    r->counts.took_ms += sl_clock_mono_ms(r->clock) - began;
    return rc == SL_RECONCILE_ALTERED ? sl_reconcile_since_whole(r, "it was altered meanwhile", err)
                                      : rc;
}
