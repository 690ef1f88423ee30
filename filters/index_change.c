#include "filters/index_change.h"

#include "filters/encode.h"
#include "filters/index_entry.h"
#include "filters/shape.h"

void sl_index_work_release(struct sl_index_work *work)
{
    sl_index_item_release(&work->before);
    sl_index_item_release(&work->after);
}

/* ---- columns ---- */

/* A column that an image lacks has not changed. */
static bool is_changed(const struct sl_row_change *row, uint32_t column)
{
    const struct sl_cell *before = &row->before[column];
    const struct sl_cell *after = &row->after[column];

    if (after->state == SL_CELL_ABSENT) {
        return false;
    }
    return before->state != after->state || before->len != after->len ||
           (after->len > 0 && memcmp(before->data, after->data, after->len) != 0);
}

static bool is_touched(const struct sl_index *index, const struct sl_row_change *row)
{
    for (uint32_t i = 0; i < index->column_count; i++) {
        if (is_changed(row, index->columns[i])) {
            return true;
        }
    }
    return false;
}

bool sl_index_is_touched(const struct sl_row_change *change)
{
    const struct sl_shape *shape = change->table->user;

    for (size_t i = 0; i < shape->indexes->count; i++) {
        if (is_touched(&shape->indexes->items[i], change)) {
            return true;
        }
    }
    return false;
}

/* ---- one index ---- */

struct step {
    const struct sl_index *index;
    struct sl_index_work *work;
    const struct sl_row_change *row;
    struct sl_batch *batch;
    struct sl_err *err;
};

static int del_before(const struct step *step)
{
    const struct sl_index_item *before = &step->work->before;

    return before->is_there ? sl_item_del(step->batch, sl_index_view(step->index, before).name)
                            : SL_OK;
}

static int put_after(const struct step *step)
{
    const struct sl_shape *shape = step->row->table->user;
    struct sl_item item;

    if (!step->work->after.is_there) {
        return SL_OK;
    }
    item = sl_index_view(step->index, &step->work->after);
    return sl_item_put(step->batch, &item, sl_encode_ttl(shape, item.name.bytes));
}

static int render_before(const struct step *step)
{
    return sl_index_render(step->index, step->row->table, step->row->before, NULL,
                           &step->work->before, step->err);
}

/* The item before goes, unless the image does not tell which it was. */
static int remove_before(const struct step *step, struct sl_index_gaps *gaps)
{
    int rc;

    if (!sl_index_is_known(step->index, step->row->before, NULL)) {
        gaps->before = true;
        return SL_OK;
    }
    rc = render_before(step);
    return rc == SL_OK ? del_before(step) : rc;
}

static int write_after(const struct step *step, struct sl_index_gaps *gaps)
{
    int rc;

    if (!sl_index_is_known(step->index, step->row->after, step->row->before)) {
        gaps->after = true;
        return SL_OK;
    }
    rc = sl_index_render(step->index, step->row->table, step->row->after, step->row->before,
                         &step->work->after, step->err);
    return rc == SL_OK ? put_after(step) : rc;
}

static bool are_same_names(const struct step *step)
{
    const struct sl_index_work *work = step->work;

    return work->before.is_there && work->after.is_there &&
           sl_item_is_same(sl_index_view(step->index, &work->before).name,
                           sl_index_view(step->index, &work->after).name);
}

static bool are_same_values(const struct step *step)
{
    struct sl_span before = sl_index_view(step->index, &step->work->before).value;
    struct sl_span after = sl_index_view(step->index, &step->work->after).value;

    return before.len == after.len &&
           (before.len == 0 || memcmp(before.data, after.data, before.len) == 0);
}

/* Different bytes can still make the same item. */
static int replace(const struct step *step, bool must_write, struct sl_index_gaps *gaps)
{
    int rc;

    if (!sl_index_is_known(step->index, step->row->before, NULL)) {
        gaps->before = true;
        return write_after(step, gaps);
    }
    rc = render_before(step);
    rc = rc == SL_OK ? sl_index_render(step->index, step->row->table, step->row->after,
                                       step->row->before, &step->work->after, step->err)
                     : rc;
    if (rc != SL_OK) {
        return rc;
    }
    if (!are_same_names(step)) {
        rc = del_before(step);
    } else if (!must_write && are_same_values(step)) {
        return SL_OK;
    }
    return rc == SL_OK ? put_after(step) : rc;
}

/* ---- changes ---- */

static bool must_write(const struct step *step, const struct sl_index_change *change)
{
    const struct sl_shape *shape = change->row->table->user;

    /* What expires is written with each change of its row. */
    return !change->was_there || (shape->rule->ttl_s > 0 && !step->index->options->is_set);
}

static int put_one(const struct step *step, const struct sl_index_change *change,
                   struct sl_index_gaps *gaps)
{
    bool is_new = change->row->before == NULL;
    bool touched = !is_new && is_touched(step->index, change->row);

    switch (change->verdict) {
    case SL_ROW_MATCHES:
        if (touched) {
            return replace(step, must_write(step, change), gaps);
        }
        return must_write(step, change) ? write_after(step, gaps) : SL_OK;
    case SL_ROW_DIFFERS:
        return is_new ? SL_OK : remove_before(step, gaps);
    case SL_ROW_UNCLEAR: /* what stays the same is left to the reading */
        return touched ? remove_before(step, gaps) : SL_OK;
    }
    return SL_OK;
}

int sl_index_put(struct sl_index_work *work, const struct sl_index_change *change,
                 struct sl_batch *batch, struct sl_index_gaps *gaps, struct sl_err *err)
{
    const struct sl_shape *shape = change->row->table->user;
    struct step step = {.work = work, .row = change->row, .batch = batch, .err = err};
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < shape->indexes->count; i++) {
        step.index = &shape->indexes->items[i];
        rc = put_one(&step, change, gaps);
    }
    return rc;
}

int sl_index_remove(struct sl_index_work *work, const struct sl_row_change *row,
                    struct sl_batch *batch, struct sl_index_gaps *gaps, struct sl_err *err)
{
    const struct sl_shape *shape = row->table->user;
    struct step step = {.work = work, .row = row, .batch = batch, .err = err};
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < shape->indexes->count; i++) {
        step.index = &shape->indexes->items[i];
        rc = remove_before(&step, gaps);
    }
    return rc;
}

/* ---- rows that were read ---- */

typedef int (*item_fn)(struct sl_batch *batch, const struct sl_item *item, bool is_kept,
                       uint64_t ttl_s);

static int add_entry(struct sl_batch *batch, const struct sl_item *item, bool is_kept,
                     uint64_t ttl_s)
{
    return is_kept ? sl_item_put(batch, item, ttl_s) : sl_item_del(batch, item->name);
}

static int add_command(struct sl_batch *batch, const struct sl_item *item, bool is_kept,
                       uint64_t ttl_s)
{
    uint32_t at = 0;
    int rc = is_kept ? sl_item_encode_put(item, ttl_s, &batch->data, &at)
                     : sl_item_encode_del(item->name, &batch->data, &at);

    if (rc == SL_OK) {
        sl_batch_extend(batch, 1);
    }
    return rc;
}

static int each_item(struct sl_index_work *work, const struct sl_loaded_row *row, bool is_kept,
                     struct sl_batch *batch, item_fn add, struct sl_err *err)
{
    const struct sl_shape *shape = row->table->user;
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < shape->indexes->count; i++) {
        const struct sl_index *index = &shape->indexes->items[i];
        struct sl_item item;

        rc = sl_index_render(index, row->table, row->cells, NULL, &work->after, err);
        if (rc != SL_OK || !work->after.is_there) {
            continue;
        }
        item = sl_index_view(index, &work->after);
        if (row->leaves == NULL || !row->leaves(row->user, item.name)) {
            rc = add(batch, &item, is_kept, sl_encode_ttl(shape, item.name.bytes));
        }
    }
    return rc;
}

int sl_index_load(struct sl_index_work *work, const struct sl_loaded_row *row, bool is_kept,
                  struct sl_batch *batch, struct sl_err *err)
{
    return each_item(work, row, is_kept, batch, add_entry, err);
}

int sl_index_extend(struct sl_index_work *work, const struct sl_loaded_row *row, bool is_kept,
                    struct sl_batch *batch, struct sl_err *err)
{
    return each_item(work, row, is_kept, batch, add_command, err);
}
