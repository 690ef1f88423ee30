#include "filters/invalidate.h"

#include "cdc/redelete_note.h"
#include "filters/encode.h"
#include "filters/shape.h"

void sl_invalidate_release(struct sl_invalidate *self)
{
    sl_buf_release(&self->scope);
}

static uint64_t due_in(const struct sl_invalidate *self, uint64_t wait_ms)
{
    return sl_clock_wall_ms(self->clock) + wait_ms;
}

static int add_note(struct sl_invalidate *self, struct sl_span db, struct sl_span table,
                    struct sl_span key, uint64_t wait_ms, struct sl_buf *out)
{
    struct sl_redelete_note note = {.key = key};
    int rc;

    sl_buf_clear(&self->scope);
    rc = sl_redelete_scope_format(db, table, &self->scope);
    note.scope = sl_span_make(self->scope.data, self->scope.len);
    return rc == SL_OK ? sl_redelete_add(out, self->set, due_in(self, wait_ms), &note) : rc;
}

/* The last one of a key says when it is to be removed again: it makes those before it superfluous.
 */
int sl_invalidate_key(struct sl_invalidate *self, const struct sl_table *table, struct sl_span key,
                      struct sl_batch *batch)
{
    uint64_t wait_ms = ((const struct sl_shape *)table->user)->rule->redelete_ms;
    bool has_note = self->set.len > 0 && wait_ms > 0;
    uint32_t offset;
    uint32_t key_at;
    int rc;

    sl_batch_begin(batch, &offset);
    rc = sl_encode_del(key, &batch->data, &key_at);
    if (rc == SL_OK && has_note) {
        rc = add_note(self, table->db, table->name, key, wait_ms, &batch->data);
    }
    if (rc == SL_OK) {
        rc = sl_batch_end(batch, offset, key_at, (uint32_t)key.len, has_note ? 2 : 1,
                          SL_WRITE_WHOLE);
    }
    if (rc != SL_OK) {
        sl_batch_abandon(batch, offset);
    }
    return rc;
}

int sl_invalidate_row(struct sl_invalidate *self, const struct sl_changed_row *row,
                      struct sl_batch *batch)
{
    const struct sl_table *table = row->change->table;
    bool is_gone = row->change->op == SL_OP_DELETE;
    int rc = SL_OK;

    if (row->has_moved || is_gone) {
        rc = sl_invalidate_key(self, table, row->old_key, batch);
    }
    return rc == SL_OK && !is_gone ? sl_invalidate_key(self, table, row->new_key, batch) : rc;
}

int sl_invalidate_mark(struct sl_invalidate *self, const struct sl_mark *mark, uint64_t wait_ms,
                       struct sl_batch *batch)
{
    static const struct sl_span all = {0};
    struct sl_buf command = {0};
    int rc =
        self->set.len > 0 ? add_note(self, mark->db, mark->table, all, wait_ms, &command) : SL_DONE;

    if (rc == SL_OK) {
        rc = sl_batch_add_commands(batch, self->set, sl_span_make(command.data, command.len), 1);
    }
    sl_buf_release(&command);
    return rc == SL_DONE ? SL_OK : rc;
}

void sl_invalidate_put_off(const struct sl_invalidate *self, struct sl_batch *batch, uint32_t from,
                           uint64_t wait_ms)
{
    for (uint32_t i = from; self->set.len > 0 && i < batch->entry_count; i++) {
        const struct sl_batch_entry *entry = &batch->entries[i];
        size_t at = (size_t)entry->key_at + entry->key_len + 2; /* behind DEL */
        size_t end = (size_t)entry->offset + entry->len;

        if (!entry->is_raw && entry->commands == 2 && at < end) {
            (void)sl_redelete_put_off(batch->data.data + at, end - at, self->set,
                                      due_in(self, wait_ms));
        }
    }
}
