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

int sl_reconcile_expect_row(struct sl_reconcile *r, struct sl_expect *expect,
                            const struct sl_cell *cells, struct sl_span key, struct sl_err *err)
{
    bool keeps = true;
    int rc = sl_rule_mapper_keeps(r->mapper, r->table, cells, &keeps, err);

    if (rc == SL_OK && !keeps) {
        sl_expect_nothing(expect);
        return SL_OK;
    }
    return rc == SL_OK ? sl_expect_row(expect, r->table->user, cells, key, err) : rc;
}

int sl_reconcile_expect(struct sl_reconcile *r, const struct sl_cell *cells, struct sl_err *err)
{
    int rc = r->mapper->ops->key(r->mapper, r->table, cells, &r->key, err);

    return rc == SL_OK ? sl_reconcile_expect_row(r, &r->expect, cells, span_of(&r->key), err) : rc;
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

/* ---- suspects ---- */

/* A suspect outlives the chunk, and file names are few. */
static const char *keep_low_file(struct sl_reconcile *r)
{
    struct sl_span name = sl_span_make(r->high.file, strlen(r->high.file) + 1);

    if (r->low_file == NULL || strcmp(r->low_file, r->high.file) != 0) {
        if (sl_arena_keep(&r->names, &name) != SL_OK) {
            return NULL;
        }
        r->low_file = (const char *)name.data;
    }
    return r->low_file;
}

int sl_reconcile_suspect(struct sl_reconcile *r, struct sl_span key, enum sl_drift drift,
                         size_t row_bytes, uint64_t image, struct sl_err *err)
{
    struct sl_suspect *suspect = NULL;
    int rc = sl_suspects_add(r->suspects, key, &suspect);

    if (rc == SL_DONE) {
        return SL_OK;
    }
    if (rc == SL_ELIMIT) {
        (void)sl_err_set(err, SL_ELIMIT,
                         "more keys than can be remembered (%zu) look different: something is "
                         "broken; load the table again with sluice bootstrap --table",
                         sl_suspects_count(r->suspects));
        return SL_RECONCILE_ENOUGH;
    }
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "out of memory");
    }
    sl_look_begin(&suspect->look, sl_reconcile_has_passed(r, &r->high), sl_clock_mono_ms(r->clock));
    suspect->drift = drift;
    suspect->row_bytes = row_bytes;
    suspect->first_seen_ms = sl_clock_wall_ms(r->clock);
    suspect->low_file = keep_low_file(r);
    suspect->low_offset = r->high.offset;
    sl_suspect_note_image(suspect, image);
    return suspect->low_file != NULL ? SL_OK : sl_err_set(err, SL_ENOMEM, "out of memory");
}

/* ---- rows ---- */

/* Some rows of a chunk, and what is found of each. */
struct piece {
    struct sl_reconcile *r;
    const struct sl_cell *const *cells; /* of each row */
    struct sl_span *keys;
    enum sl_drift *drift;
    uint64_t *images;
    size_t *row_bytes;
    size_t count;
    struct sl_err *err;
};

static int compare_row(void *user, size_t index, const struct sl_held *held)
{
    struct piece *piece = user;
    struct sl_reconcile *r = piece->r;
    int rc = sl_reconcile_expect(r, piece->cells[index], piece->err);

    if (rc == SL_OK) {
        piece->drift[index] = sl_held_compare(&r->expect.held, held);
        piece->row_bytes[index] = r->expect.commands.len;
        if (piece->drift[index] != SL_DRIFT_NONE) {
            piece->images[index] = sl_held_hash(&r->expect.held, r->seed);
        }
    }
    return rc;
}

static int read_rows(struct piece *piece)
{
    struct sl_reconcile *r = piece->r;
    const struct sl_redis_reading reading = {
        .keys = piece->keys, .count = piece->count, .form = r->form};
    int rc = sl_redis_rows_read(r->rows, &reading, &r->place, compare_row, piece, piece->err);

    return rc == SL_DONE ? sl_err_set(piece->err, SL_ESINK, "the checkpoint of sink %s is gone",
                                      r->sink->name)
                         : rc;
}

/*
 * An equal row is equal, whenever. What differs may only not have been written yet: that is for the
 * looks, which wait for many rows at once.
 */
static int compare_piece(struct piece *piece)
{
    struct sl_reconcile *r = piece->r;
    int rc = read_rows(piece);
    bool counts = sl_reconcile_has_passed(r, &r->high);

    for (size_t i = 0; rc == SL_OK && i < piece->count; i++) {
        if (piece->drift[i] == SL_DRIFT_EXPIRED && counts) {
            r->counts.drift[SL_DRIFT_EXPIRED]++;
        } else if (piece->drift[i] != SL_DRIFT_NONE) {
            rc = sl_reconcile_suspect(r, piece->keys[i], piece->drift[i], piece->row_bytes[i],
                                      piece->images[i], piece->err);
        }
    }
    return rc;
}

static int add_row(struct piece *piece, const struct sl_cell **cells, struct sl_arena *arena,
                   const struct sl_cell *row)
{
    struct sl_reconcile *r = piece->r;
    struct sl_span key;
    int rc = r->mapper->ops->key(r->mapper, r->table, row, &r->key, piece->err);

    key = span_of(&r->key);
    if (rc != SL_OK || !sl_reconcile_is_sampled(r, key)) {
        return rc;
    }
    rc = sl_arena_keep(arena, &key);
    piece->keys[piece->count] = key;
    cells[piece->count++] = row;
    sl_key_filter_add(r->filter, key);
    r->counts.rows++;
    return rc;
}

static int compare_rows(struct sl_reconcile *r, const struct sl_cell *rows, size_t count,
                        struct sl_err *err)
{
    const struct sl_cell *cells[SL_RECONCILE_BATCH];
    struct sl_span keys[SL_RECONCILE_BATCH];
    enum sl_drift drift[SL_RECONCILE_BATCH];
    uint64_t images[SL_RECONCILE_BATCH];
    size_t row_bytes[SL_RECONCILE_BATCH];
    struct sl_arena arena = {0};
    struct piece piece = {.r = r,
                          .cells = cells,
                          .keys = keys,
                          .drift = drift,
                          .images = images,
                          .row_bytes = row_bytes,
                          .err = err};
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        rc = add_row(&piece, cells, &arena, rows + i * r->table->column_count);
    }
    rc = rc == SL_OK && piece.count > 0 ? compare_piece(&piece) : rc;
    sl_arena_release(&arena);
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

static size_t chunk_rows(const struct sl_reconcile *r)
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
    const struct sl_chunk_limit limit = {.rows = chunk_rows(r), .bytes = SL_RECONCILE_BYTES};
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

static int compare_open(struct sl_reconcile *r, struct sl_err *err)
{
    const struct sl_table_rule *rule = r->current->rule;
    int rc = r->mapper->ops->table(r->mapper, r->table, err);

    r->form =
        (struct sl_redis_form){.is_text = rule->value == SL_VALUE_JSON, .expires = rule->ttl_s > 0};
    r->suspects = sl_suspects_new(SL_SUSPECTS_MAX, SL_SUSPECTS_BYTES);
    r->filter = sl_key_filter_new(r->current->estimate);
    if (rc == SL_OK && (r->suspects == NULL || r->filter == NULL)) {
        rc = sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    rc = rc == SL_OK ? compare_all_rows(r, err) : rc;
    rc = rc == SL_OK ? sl_reconcile_keys(r, err) : rc;
    rc = rc == SL_OK ? settle(r, err) : rc;
    sl_suspects_free(r->suspects);
    sl_key_filter_free(r->filter);
    r->suspects = NULL;
    r->filter = NULL;
    return rc;
}

int sl_reconcile_compare_table(struct sl_reconcile *r, struct sl_err *err)
{
    uint64_t began = sl_clock_mono_ms(r->clock);
    uint64_t bytes = sl_redis_rows_bytes(r->rows);
    int rc = r->reader->ops->open_table(r->reader, r->current->db, r->current->name, NULL,
                                        &r->table, err);

    if (rc != SL_OK) {
        r->source_failed |= rc < SL_OK;
        return rc;
    }
    rc = compare_open(r, err);
    r->reader->ops->close_table(r->reader);
    r->table = NULL;
    r->counts.redis_bytes += sl_redis_rows_bytes(r->rows) - bytes;
    r->counts.took_ms += sl_clock_mono_ms(r->clock) - began;
    return rc;
}
