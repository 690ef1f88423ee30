/*
 * reconcile_rows.c - rows that were read, against their keys or their items of an index: what
 * differs is a suspect.
 */
#include <string.h>

#include "cmd/reconcile_private.h"
#include "filters/mapper.h"
#include "filters/shape.h"

int sl_reconcile_expect(struct sl_reconcile *r, struct sl_expect *expect,
                        const struct sl_cell *cells, struct sl_reconcile_item item,
                        struct sl_err *err)
{
    bool keeps = true;
    int rc;

    if (item.facet > 0) {
        return sl_reconcile_expect_item(r, expect, cells, item, err);
    }
    rc = sl_rule_mapper_keeps(r->mapper, r->table, cells, &keeps, err);
    if (rc == SL_OK && !keeps) {
        sl_expect_nothing(expect);
        return SL_OK;
    }
    return rc == SL_OK ? sl_expect_row(expect, r->table->user, cells, item.name, err) : rc;
}

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

int sl_reconcile_suspect(struct sl_reconcile *r, struct sl_reconcile_item item, enum sl_drift drift,
                         size_t row_bytes, uint64_t image, struct sl_err *err)
{
    struct sl_suspect *suspect = NULL;
    int rc = sl_suspects_add(r->suspects, item.facet, item.name, &suspect);

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

/* Some items, and what is found of each. */
struct piece {
    struct sl_reconcile *r;
    uint32_t facet;
    const struct sl_span *names;
    const struct sl_cell *const *cells; /* of each one's row; NULL: it has none */
    size_t count;
    enum sl_drift drift[SL_RECONCILE_BATCH];
    uint64_t images[SL_RECONCILE_BATCH];
    size_t row_bytes[SL_RECONCILE_BATCH];
    struct sl_err *err;
};

static struct sl_reconcile_item item_of(const struct piece *piece, size_t index)
{
    return (struct sl_reconcile_item){.facet = piece->facet, .name = piece->names[index]};
}

static int expect(struct piece *piece, size_t index)
{
    struct sl_reconcile *r = piece->r;

    if (piece->cells[index] == NULL) {
        sl_expect_nothing(&r->expect);
        return SL_OK;
    }
    return sl_reconcile_expect(r, &r->expect, piece->cells[index], item_of(piece, index),
                               piece->err);
}

static int compare_row(void *user, size_t index, const struct sl_held *held)
{
    struct piece *piece = user;
    struct sl_reconcile *r = piece->r;
    const struct sl_held *plain;
    int rc = expect(piece, index);

    rc = rc == SL_OK ? sl_reconcile_unpack(r, piece->facet, held, &plain, piece->err) : rc;
    if (rc == SL_OK) {
        piece->drift[index] = sl_held_compare(&r->expect.held, plain);
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
        .names = piece->names, .count = piece->count, .form = sl_reconcile_form(r, piece->facet)};
    int rc = sl_redis_rows_read(r->rows, &reading, &r->place, compare_row, piece, piece->err);

    return rc == SL_DONE ? sl_err_set(piece->err, SL_ESINK,
                                      "the checkpoint of sink %s is gone: the data of this Redis "
                                      "was lost; let sluice run load the tables again",
                                      r->sink->name)
                         : rc;
}

/* What has no row may be of another table's row. */
static bool is_fine(const struct piece *piece, size_t index)
{
    return piece->drift[index] == SL_DRIFT_NONE ||
           (piece->cells[index] == NULL && sl_reconcile_is_others(piece->r, item_of(piece, index)));
}

/*
 * An equal row is equal, whenever. What differs may only not have been written yet: that is for the
 * looks, which wait for many rows at once.
 */
int sl_reconcile_rows(struct sl_reconcile *r, uint32_t facet, const struct sl_span *names,
                      const struct sl_cell *const *cells, size_t count, struct sl_err *err)
{
    struct piece piece = {
        .r = r, .facet = facet, .names = names, .cells = cells, .count = count, .err = err};
    int rc = count > 0 ? read_rows(&piece) : SL_OK;
    bool counts = sl_reconcile_has_passed(r, &r->high);

    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        if (piece.drift[i] == SL_DRIFT_EXPIRED && counts) {
            r->counts.drift[SL_DRIFT_EXPIRED]++;
        } else if (!is_fine(&piece, i)) {
            rc = sl_reconcile_suspect(r, item_of(&piece, i), piece.drift[i], piece.row_bytes[i],
                                      piece.images[i], err);
        }
    }
    return rc;
}
