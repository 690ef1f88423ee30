/* batch_render.c - what becomes of entries when a batch is passed on: rendered, copied, squeezed.
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/batch.h"

/* Copies an entry to the end of OUT, in its rendered form. COPY is the entry as it is there. */
static int render_entry(const struct sl_batch *batch, const struct sl_batch_entry *entry,
                        struct sl_buf *out, struct sl_batch_entry *copy, struct sl_err *err)
{
    const uint8_t *data = batch->data.data + entry->offset;
    uint32_t offset = (uint32_t)out->len;
    int rc;

    *copy = *entry;
    copy->key_at = offset + (entry->key_at - entry->offset);
    if (entry->is_raw) {
        rc = batch->render(sl_span_make(data, entry->len), sl_batch_key(batch, entry), out,
                           &copy->key_at, &copy->commands, err);
    } else {
        rc = sl_buf_add(out, data, entry->len);
    }
    copy->offset = offset;
    copy->len = (uint32_t)(out->len - offset);
    copy->extra = 0;
    copy->is_raw = false;
    return rc;
}

static int end_copy(struct sl_batch *to, uint32_t offset, const struct sl_batch_entry *copy)
{
    return (copy->is_member ? sl_batch_end_member : sl_batch_end)(
        to, offset, copy->key_at, copy->key_len, copy->commands, (enum sl_write)copy->write);
}

int sl_batch_append(struct sl_batch *to, const struct sl_batch *from, struct sl_batch_mark since,
                    struct sl_err *err)
{
    for (uint32_t i = since.entry; i < from->entry_count; i++) {
        struct sl_batch_entry copy;
        uint32_t offset;
        int rc;

        if (from->entries[i].is_dead) {
            continue;
        }
        sl_batch_begin(to, &offset);
        rc = render_entry(from, &from->entries[i], &to->data, &copy, err);
        if (rc == SL_OK) {
            rc = end_copy(to, offset, &copy);
        }
        if (rc != SL_OK) {
            sl_batch_abandon(to, offset);
            return rc;
        }
    }
    return SL_OK;
}

/* Room for copies of the live entries behind all entries. */
static int reserve_copies(struct sl_batch *batch)
{
    uint32_t cap = 2 * batch->entry_count - batch->dead_count;
    struct sl_batch_entry *entries;

    if (cap <= batch->entry_cap) {
        return SL_OK;
    }
    entries = realloc(batch->entries, cap * sizeof(*entries));
    if (entries == NULL) {
        return SL_ENOMEM;
    }
    batch->entries = entries;
    batch->entry_cap = cap;
    return SL_OK;
}

/* Commands are longer than what they are made of, so they are not made in place. */
static int render_copies(struct sl_batch *batch, struct sl_err *err)
{
    uint32_t count = batch->entry_count;
    int rc = reserve_copies(batch);

    sl_buf_clear(&batch->spare);
    if (rc == SL_OK) {
        rc = sl_buf_reserve(&batch->spare, sl_batch_live_bytes(batch));
    }
    for (uint32_t i = 0; rc == SL_OK && i < batch->entry_count; i++) {
        if (!batch->entries[i].is_dead) {
            rc = render_entry(batch, &batch->entries[i], &batch->spare, &batch->entries[count++],
                              err);
        }
    }
    return rc;
}

/* Nothing is left but COUNT live entries, none of them raw. */
static void note_sealed(struct sl_batch *batch, uint32_t count)
{
    batch->entry_count = count;
    batch->dead_bytes = 0;
    batch->extra_bytes = 0;
    batch->dead_count = 0;
    batch->raw_count = 0;
    batch->has_raw = false;
}

int sl_batch_render(struct sl_batch *batch, struct sl_err *err)
{
    uint32_t live = batch->entry_count - batch->dead_count;
    struct sl_buf old = batch->data;
    int rc;

    if (batch->raw_count == 0) {
        return SL_OK;
    }
    rc = render_copies(batch, err);
    if (rc != SL_OK) {
        return rc;
    }
    memmove(batch->entries, batch->entries + batch->entry_count, live * sizeof(*batch->entries));
    batch->data = batch->spare;
    batch->spare = old;
    note_sealed(batch, live);
    return SL_OK;
}

void sl_batch_seal(struct sl_batch *batch)
{
    uint32_t kept = 0;
    uint32_t end = 0;

    if (batch->dead_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < batch->entry_count; i++) {
        struct sl_batch_entry entry = batch->entries[i];

        if (entry.is_dead) {
            continue;
        }
        memmove(batch->data.data + end, batch->data.data + entry.offset, entry.len);
        entry.key_at = end + (entry.key_at - entry.offset);
        entry.offset = end;
        end += entry.len;
        batch->entries[kept++] = entry;
    }
    batch->data.len = end;
    note_sealed(batch, kept);
}
