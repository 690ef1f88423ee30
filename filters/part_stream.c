#include "filters/part_stream.h"

#include "filters/index_entry.h"
#include "filters/part_entry.h"
#include "filters/row_image.h"

void sl_part_stream_release(struct sl_part_stream *stream)
{
    sl_parts_release(&stream->before);
    sl_parts_release(&stream->after);
    sl_buf_release(&stream->cells);
}

/* A change at hand. */
struct step {
    struct sl_part_stream *stream;
    const struct sl_row_change *row;
    const struct sl_shape *shape;
    struct sl_batch *batch;
    struct sl_err *err;
};

/* ---- the image before ---- */

/* A row on which the function fails was in no cache: had it stopped the stream, it would have been
 * at that change; and where the function was another one the table is loaded again. */
static int find_before(const struct step *step)
{
    const struct sl_row before = {.cells = step->row->before};
    int rc;

    sl_parts_clear(&step->stream->before);
    if (before.cells == NULL ||
        !sl_row_filter_may_take(step->stream->filter, step->row->table, before.cells)) {
        return SL_OK;
    }
    rc = sl_parts_make(&step->stream->before, step->shape, before, true, NULL);
    if (rc == SL_OK || rc == SL_ERULE || rc == SL_ENOMEM) {
        return rc == SL_ENOMEM ? rc : SL_OK;
    }
    return sl_later_load(step->stream->later, step->row->table, step->batch, step->err);
}

static int remove_before(const struct step *step, const struct sl_parts *but)
{
    const struct sl_parts *parts = &step->stream->before;
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < parts->count; i++) {
        const struct sl_part *part = &parts->items[i];

        if (but == NULL || sl_parts_find(but, part) == NULL) {
            rc = sl_item_del(step->batch, sl_item_key(part->key));
        }
    }
    return rc;
}

/* ---- the image after ---- */

/* What an image after lacks has not changed. NULL: no memory. */
static const struct sl_cell *complete(const struct step *step)
{
    const struct sl_row_change *row = step->row;
    struct sl_buf *buf = &step->stream->cells;
    struct sl_cell *cells;

    sl_buf_clear(buf);
    if (sl_buf_reserve(buf, row->table->column_count * sizeof(*cells)) != SL_OK) {
        return NULL;
    }
    cells = (void *)buf->data;
    for (uint32_t i = 0; i < row->table->column_count; i++) {
        cells[i] = row->after[i].state == SL_CELL_ABSENT ? row->before[i] : row->after[i];
    }
    return cells;
}

/* *IS_LATER: it is not whole. A diff that does not apply is no reason to guess. */
static int find_after(const struct step *step, bool *is_later)
{
    const struct sl_row_change *row = step->row;
    struct sl_row after = {.cells = row->after};
    enum sl_image image = SL_IMAGE_WHOLE;
    int rc;

    if (!row->after_is_full && row->before != NULL) {
        after.cells = complete(step);
        if (after.cells == NULL) {
            return SL_ENOMEM;
        }
    }
    if (!row->after_is_full || sl_image_has_diffs(step->shape, row->after)) {
        after.base = row->before;
        image = sl_image_judge(step->shape, after.cells, row->before);
    }
    *is_later = image != SL_IMAGE_WHOLE;
    if (*is_later) {
        return SL_OK;
    }
    rc = sl_parts_make(&step->stream->after, step->shape, after, false, step->err);
    *is_later = (rc == SL_EUNSUPPORTED || rc == SL_ELIMIT) && after.base != NULL;
    return *is_later ? SL_OK : rc;
}

/* Are the parts of the image before certainly in the sink? Those of a row that waits to be read
 * again may not be. */
static int ask_before(const struct step *step, struct sl_span key, bool *was_there)
{
    struct sl_part_stream *stream = step->stream;
    bool waits = false;
    int rc;

    *was_there = false;
    if (step->row->before == NULL || stream->mapper->writes_all || step->shape->rule->ttl_s > 0 ||
        !sl_row_filter_surely_takes(stream->filter, step->row->table, step->row->before)) {
        return SL_OK;
    }
    rc = sl_later_waits(stream->later, step->row->table, key, step->batch, &waits);
    *was_there = rc == SL_OK && !waits;
    return rc;
}

static bool is_there_already(const struct step *step, const struct sl_part *part)
{
    const struct sl_part *before = sl_parts_find(&step->stream->before, part);

    return before != NULL && before->value.len == part->value.len &&
           (part->value.len == 0 ||
            memcmp(before->value.data, part->value.data, part->value.len) == 0);
}

static int write_after(const struct step *step, struct sl_span key)
{
    const struct sl_parts *parts = &step->stream->after;
    bool was_there;
    int rc = ask_before(step, key, &was_there);

    for (size_t i = 0; rc == SL_OK && i < parts->count; i++) {
        const struct sl_part_writing writing = {.shape = step->shape, .part = &parts->items[i]};

        if (!was_there || !is_there_already(step, writing.part)) {
            rc = sl_part_put(step->batch, &writing, step->err);
        }
    }
    return rc;
}

/* ---- changes ---- */

static struct step step_of(struct sl_part_stream *stream, const struct sl_row_change *change,
                           struct sl_batch *batch, struct sl_err *err)
{
    return (struct step){
        .stream = stream, .row = change, .shape = change->table->user, .batch = batch, .err = err};
}

/* What is read again is written anew, all of it; which parts it will have is not known. */
int sl_part_stream_put(struct sl_part_stream *stream, struct sl_part_change *change,
                       struct sl_batch *batch, struct sl_err *err)
{
    const struct step step = step_of(stream, change->row, batch, err);
    int rc = find_before(&step);

    if (rc != SL_OK || change->is_later || change->verdict != SL_ROW_MATCHES) {
        return rc == SL_OK ? remove_before(&step, NULL) : rc;
    }
    rc = find_after(&step, &change->is_later);
    if (rc != SL_OK || change->is_later) {
        rc = rc == SL_OK ? remove_before(&step, NULL) : rc;
        return rc == SL_OK ? sl_later_put(stream->later, change->row, change->key, batch, err) : rc;
    }
    rc = remove_before(&step, &stream->after);
    return rc == SL_OK ? write_after(&step, change->key) : rc;
}

int sl_part_stream_remove(struct sl_part_stream *stream, const struct sl_row_change *change,
                          struct sl_batch *batch, struct sl_err *err)
{
    const struct step step = step_of(stream, change, batch, err);
    int rc = find_before(&step);

    return rc == SL_OK ? remove_before(&step, NULL) : rc;
}
