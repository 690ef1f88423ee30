/* mapper_rows.c - rows of the stream, and rows that were read, to entries of a batch. */
#include "filters/entry.h"
#include "filters/mapper_private.h"
#include "filters/part_entry.h"
#include "filters/row_image.h"
#include "filters/unchanged.h"

static struct sl_span span_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

static int render_key(const struct sl_shape *shape, const struct sl_cell *cells,
                      const struct sl_cell *fallback, struct sl_buf *out, struct sl_err *err)
{
    sl_buf_clear(out);
    return sl_key_render(&shape->key, shape->table, cells, fallback, out, err);
}

static int put_selected(struct sl_rule_mapper *self, const struct sl_loaded_row *row, bool *is_kept,
                        struct sl_batch *batch, struct sl_err *err)
{
    enum sl_verdict verdict;
    int rc = sl_row_filter_judge(&self->filter, row->table, row->cells, NULL, &verdict, err);

    if (rc != SL_OK) {
        return rc;
    }
    *is_kept = verdict == SL_ROW_MATCHES;
    return *is_kept ? sl_entry_put(batch, row->table->user, (struct sl_row){.cells = row->cells},
                                   row->key, row->write, err)
                    : sl_entry_del(batch, row->key);
}

static bool has_parts(const struct sl_shape *shape)
{
    return shape->rule->part_template != NULL;
}

static int extend_items(const struct sl_loaded_row *row, bool is_kept, struct sl_batch *batch,
                        struct sl_err *err)
{
    const struct sl_shape *shape = row->table->user;
    struct sl_index_work work = {0};
    int rc = SL_OK;

    if (shape->indexes != NULL) {
        rc = sl_index_extend(&work, row, is_kept, batch, err);
        sl_index_work_release(&work);
    }
    return rc == SL_OK && is_kept && has_parts(shape) ? sl_parts_extend(row, batch, err) : rc;
}

/* Called by any thread: it has no scratch to reuse. */
int sl_mapper_put_row(struct sl_mapper *mapper, const struct sl_loaded_row *row,
                      struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_shape *shape = row->table->user;
    bool is_kept = false;
    int rc = put_selected(sl_rule_mapper_of(mapper), row, &is_kept, batch, err);

    return rc == SL_OK && shape->has_items ? extend_items(row, is_kept, batch, err) : rc;
}

/*
 * A part may be added to what the key holds. A row that has only now come to match `where` is not
 * there, and would be missed.
 */
static bool may_add_part(struct sl_rule_mapper *self, const struct sl_row_change *change,
                         bool key_moved)
{
    return sl_image_can_merge(change->table->user, change->op, key_moved) &&
           sl_row_filter_surely_takes(&self->filter, change->table, change->before);
}

/* Writes the after image under the key in new_key, or notes that the row is to be read again. */
static int put_matching(struct sl_rule_mapper *self, const struct sl_row_change *change,
                        bool key_moved, struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_shape *shape = change->table->user;
    struct sl_row row = {.cells = change->after, .image = change->after_image};
    enum sl_image image = SL_IMAGE_WHOLE;
    bool waits = false;
    int rc = SL_OK;

    if (change->after_image.len == 0 &&
        (!change->after_is_full || sl_image_has_diffs(shape, change->after))) {
        row.base = change->before;
        image = sl_image_judge(shape, change->after, change->before);
    }
    if (image == SL_IMAGE_LOST ||
        (image == SL_IMAGE_PARTIAL && !may_add_part(self, change, key_moved))) {
        return sl_later_put(&self->later, change, span_of(&self->new_key), batch, err);
    }
    if (image == SL_IMAGE_PARTIAL) {
        rc = sl_later_waits(&self->later, change->table, span_of(&self->new_key), batch, &waits);
    }
    if (rc != SL_OK || waits) {
        return rc == SL_OK ? sl_later_put(&self->later, change, span_of(&self->new_key), batch, err)
                           : rc;
    }
    rc = sl_entry_put(batch, shape, row, span_of(&self->new_key),
                      image == SL_IMAGE_WHOLE ? SL_WRITE_WHOLE : SL_WRITE_PARTIAL, err);
    /* A diff that does not apply (its path is absent, it is too large) is no reason to guess. */
    return (rc == SL_EUNSUPPORTED || rc == SL_ELIMIT) && row.base != NULL
               ? sl_later_put(&self->later, change, span_of(&self->new_key), batch, err)
               : rc;
}

/* A key that may hold the row is removed when `where` does not want it; no key is no harm. */
static int put_judged(struct sl_rule_mapper *self, const struct sl_row_change *change,
                      bool key_moved, enum sl_verdict verdict, struct sl_batch *batch,
                      struct sl_err *err)
{
    switch (verdict) {
    case SL_ROW_MATCHES:
        return put_matching(self, change, key_moved, batch, err);
    case SL_ROW_DIFFERS:
        return sl_entry_del(batch, span_of(&self->new_key));
    case SL_ROW_UNCLEAR:
        break;
    }
    return sl_later_put(&self->later, change, span_of(&self->new_key), batch, err);
}

/* Of a row with parts these are what is written; its own key holds nothing. */
static int put_parts(struct sl_rule_mapper *self, struct sl_part_change *change,
                     struct sl_batch *batch, struct sl_err *err)
{
    int rc = sl_part_stream_put(&self->parts, change, batch, err);

    if (rc != SL_OK || change->is_later) {
        return rc;
    }
    return change->verdict == SL_ROW_UNCLEAR
               ? sl_later_put(&self->later, change->row, change->key, batch, err)
               : sl_entry_del(batch, change->key);
}

/* *IS_DONE: nothing else is to be written of the row. */
static int put_items(struct sl_rule_mapper *self, const struct sl_row_change *change,
                     enum sl_verdict verdict, struct sl_batch *batch, bool *is_done,
                     struct sl_err *err)
{
    const struct sl_shape *shape = change->table->user;
    int rc = SL_OK;

    if (shape->indexes != NULL) {
        rc = sl_index_stream_put(&self->items, change, span_of(&self->new_key), verdict, batch,
                                 is_done, err);
    }
    if (rc == SL_OK && has_parts(shape)) {
        struct sl_part_change parts = {.row = change,
                                       .key = span_of(&self->new_key),
                                       .verdict = verdict,
                                       .is_later = *is_done};

        rc = put_parts(self, &parts, batch, err);
        *is_done = true;
    }
    return rc;
}

static int put_after(struct sl_rule_mapper *self, const struct sl_row_change *change,
                     bool key_moved, struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_shape *shape = change->table->user;
    enum sl_verdict verdict;
    bool is_done = false;
    int rc = sl_row_filter_judge(&self->filter, change->table, change->after, change->before,
                                 &verdict, err);

    if (rc == SL_OK && shape->has_items) {
        rc = put_items(self, change, verdict, batch, &is_done, err);
    }
    return rc == SL_OK && !is_done ? put_judged(self, change, key_moved, verdict, batch, err) : rc;
}

static int remove_items(struct sl_rule_mapper *self, const struct sl_row_change *change,
                        struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_shape *shape = change->table->user;
    int rc =
        shape->indexes != NULL ? sl_index_stream_remove(&self->items, change, batch, err) : SL_OK;

    return rc == SL_OK && has_parts(shape) ? sl_part_stream_remove(&self->parts, change, batch, err)
                                           : rc;
}

static bool is_idle(const struct sl_shape *shape, const struct sl_row_change *change)
{
    return sl_update_is_idle(shape, change) &&
           (shape->indexes == NULL || !sl_index_is_touched(change));
}

/* The keys that the row has behind the change and had before it; *MOVED: there are two. */
static int render_keys(struct sl_rule_mapper *self, const struct sl_row_change *change, bool *moved,
                       struct sl_err *err)
{
    const struct sl_shape *shape = change->table->user;
    int rc = SL_OK;

    *moved = false;
    if (change->after != NULL) {
        rc = render_key(shape, change->after, change->before, &self->new_key, err);
    }
    if (rc == SL_OK && change->op == SL_OP_UPDATE) {
        *moved = !sl_key_same(&shape->key, change->before, change->after);
    }
    if (rc == SL_OK && (*moved || change->op == SL_OP_DELETE)) {
        rc = render_key(shape, change->before, NULL, &self->old_key, err);
    }
    /* Different bytes can still make the same key, for instance -0 and 0. */
    *moved = *moved && rc == SL_OK &&
             (self->old_key.len != self->new_key.len ||
              memcmp(self->old_key.data, self->new_key.data, self->new_key.len) != 0);
    return rc;
}

static int map_kept(struct sl_rule_mapper *self, const struct sl_row_change *change, bool moved,
                    struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_shape *shape = change->table->user;
    int rc = SL_OK;

    if (moved || change->op == SL_OP_DELETE) {
        rc = sl_entry_del(batch, span_of(&self->old_key));
    }
    if (rc == SL_OK && change->op != SL_OP_DELETE) {
        return put_after(self, change, moved, batch, err);
    }
    return rc == SL_OK && shape->has_items ? remove_items(self, change, batch, err) : rc;
}

int sl_mapper_row(struct sl_mapper *mapper, const struct sl_row_change *change,
                  struct sl_batch *batch, struct sl_err *err)
{
    struct sl_rule_mapper *self = sl_rule_mapper_of(mapper);
    const struct sl_shape *shape = change->table->user;
    struct sl_changed_row keys;
    bool moved = false;
    int rc = render_keys(self, change, &moved, err);

    sl_change_log_count(&self->changes);
    if (rc != SL_OK) {
        return rc;
    }
    if (change->op == SL_OP_UPDATE && !moved && is_idle(shape, change)) {
        atomic_fetch_add_explicit(&self->base.stats.unchanged, 1, memory_order_relaxed);
        return SL_OK;
    }
    keys = (struct sl_changed_row){.change = change,
                                   .old_key = span_of(&self->old_key),
                                   .new_key = span_of(&self->new_key),
                                   .has_moved = moved};
    switch (shape->rule->value) {
    case SL_VALUE_INVALIDATE:
        return sl_invalidate_row(&self->invalidate, &keys, batch);
    case SL_VALUE_STREAM:
        return sl_change_log_add(&self->changes, &self->filter, &keys, batch, err);
    case SL_VALUE_HASH:
    case SL_VALUE_JSON:
    case SL_VALUE_REJSON:
        break;
    }
    return map_kept(self, change, moved, batch, err);
}

static int load_kept(struct sl_rule_mapper *self, const struct sl_loaded_row *row,
                     struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_shape *shape = row->table->user;
    struct sl_loaded_row keyed = *row;
    bool is_kept = false;
    int rc;

    keyed.key = span_of(&self->new_key);
    rc = put_selected(self, &keyed, &is_kept, batch, err);
    if (rc == SL_OK && shape->indexes != NULL) {
        rc = sl_index_load(&self->items.work, &keyed, is_kept, batch, err);
    }
    return rc == SL_OK && is_kept && has_parts(shape) ? sl_parts_load(&keyed, batch, err) : rc;
}

int sl_mapper_load_row(struct sl_mapper *mapper, const struct sl_loaded_row *row,
                       struct sl_batch *batch, struct sl_err *err)
{
    struct sl_rule_mapper *self = sl_rule_mapper_of(mapper);
    const struct sl_shape *shape = row->table->user;
    int rc = render_key(shape, row->cells, NULL, &self->new_key, err);

    if (rc == SL_OK && shape->rule->value == SL_VALUE_STREAM) {
        return SL_OK; /* it is no change */
    }
    if (rc == SL_OK && shape->rule->value == SL_VALUE_INVALIDATE) {
        return sl_invalidate_key(&self->invalidate, row->table, span_of(&self->new_key), batch);
    }
    return rc == SL_OK ? load_kept(self, row, batch, err) : rc;
}
