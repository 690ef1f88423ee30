#include "cdc/batch.h"

#include <stdlib.h>

#include "cdc/base/hash.h"

enum {
    SL_BATCH_SLOTS = 1024,       /* to begin with; doubled as entries come */
    SL_BATCH_KEEP = 1024 * 1024, /* a data buffer larger than this is not kept for reuse */
    SL_BATCH_KEEP_ENTRIES = 32 * 1024,
};

struct sl_batch *sl_batch_new(void)
{
    struct sl_batch *batch = calloc(1, sizeof(*batch));

    if (batch == NULL) {
        return NULL;
    }
    batch->data.limit = UINT32_MAX;
    batch->slots = calloc(SL_BATCH_SLOTS, sizeof(*batch->slots));
    if (batch->slots == NULL) {
        free(batch);
        return NULL;
    }
    batch->slot_mask = SL_BATCH_SLOTS - 1;
    sl_position_init(&batch->position);
    return batch;
}

static void drop_purge(struct sl_batch *batch)
{
    if (batch->purge != NULL) {
        batch->purge->free(batch->purge);
        batch->purge = NULL;
    }
}

void sl_batch_free(struct sl_batch *batch)
{
    if (batch == NULL) {
        return;
    }
    drop_purge(batch);
    sl_position_release(&batch->position);
    sl_buf_release(&batch->data);
    free(batch->entries);
    free(batch->slots);
    free(batch);
}

static void shrink(struct sl_batch *batch)
{
    if (batch->data.cap > SL_BATCH_KEEP) {
        sl_buf_release(&batch->data);
        batch->data.limit = UINT32_MAX;
    }
    if (batch->entry_cap > SL_BATCH_KEEP_ENTRIES) {
        free(batch->entries);
        batch->entries = NULL;
        batch->entry_cap = 0;
    }
}

/*
 * A batch of one small transaction must not pay for the slots that a full one has grown: an
 * entry's slot lies in the unbroken run that begins where its hash points.
 */
static void clear_slots(struct sl_batch *batch)
{
    if (batch->entry_count > batch->slot_mask / 16) {
        memset(batch->slots, 0, ((size_t)batch->slot_mask + 1) * sizeof(*batch->slots));
        return;
    }
    for (uint32_t i = 0; i < batch->entry_count; i++) {
        uint32_t at = batch->entries[i].hash & batch->slot_mask;

        for (; batch->slots[at] != 0; at = (at + 1) & batch->slot_mask) {
            batch->slots[at] = 0;
        }
    }
}

void sl_batch_clear(struct sl_batch *batch)
{
    clear_slots(batch);
    shrink(batch);
    sl_buf_clear(&batch->data);
    drop_purge(batch);
    batch->entry_count = 0;
    batch->dead_bytes = 0;
    batch->dead_count = 0;
    batch->begins_group = false;
    batch->ends_group = false;
    batch->has_position = false;
    batch->discards_group = false;
    batch->transactions = 0;
    batch->rows = 0;
    batch->task = SL_TASK_ROWS;
    batch->next = NULL;
    batch->begin = (struct sl_batch_mark){0};
}

static struct sl_span key_of(const struct sl_batch *batch, const struct sl_batch_entry *entry)
{
    return sl_span_make(batch->data.data + entry->key_at, entry->key_len);
}

/* The slot that holds KEY's newest entry, or the empty one where it belongs. */
static uint32_t *find_slot(struct sl_batch *batch, struct sl_span key, uint32_t hash)
{
    uint32_t at = hash & batch->slot_mask;

    for (;; at = (at + 1) & batch->slot_mask) {
        uint32_t number = batch->slots[at];
        const struct sl_batch_entry *entry;

        if (number == 0) {
            return &batch->slots[at];
        }
        entry = &batch->entries[number - 1];
        if (entry->hash == hash && entry->key_len == key.len &&
            memcmp(key_of(batch, entry).data, key.data, key.len) == 0) {
            return &batch->slots[at];
        }
    }
}

/* Gives every key's newest entry its slot again, in a table of MASK + 1 slots. */
static int rebuild_slots(struct sl_batch *batch, uint32_t mask)
{
    uint32_t *slots = batch->slots;

    if (mask != batch->slot_mask) {
        slots = calloc((size_t)mask + 1, sizeof(*slots));
        if (slots == NULL) {
            return SL_ENOMEM;
        }
        free(batch->slots);
    } else {
        memset(slots, 0, ((size_t)mask + 1) * sizeof(*slots));
    }
    batch->slots = slots;
    batch->slot_mask = mask;
    for (uint32_t i = 0; i < batch->entry_count; i++) {
        const struct sl_batch_entry *entry = &batch->entries[i];

        *find_slot(batch, key_of(batch, entry), entry->hash) = i + 1;
    }
    return SL_OK;
}

static int reserve_entry(struct sl_batch *batch)
{
    if (batch->entry_count == batch->entry_cap) {
        uint32_t cap = batch->entry_cap > 0 ? batch->entry_cap * 2 : 512;
        struct sl_batch_entry *entries = realloc(batch->entries, cap * sizeof(*entries));

        if (entries == NULL) {
            return SL_ENOMEM;
        }
        batch->entries = entries;
        batch->entry_cap = cap;
    }
    if (batch->entry_count >= batch->slot_mask / 2) {
        return rebuild_slots(batch, batch->slot_mask * 2 + 1);
    }
    return SL_OK;
}

/*
 * Entries behind a dead one are dead already, as whatever killed it killed them, or begin with a
 * replacement that was spared: that may as well stay.
 */
static void kill_chain(struct sl_batch *batch, uint32_t number, enum sl_write write)
{
    while (number != SL_BATCH_NONE && !batch->entries[number].is_dead) {
        struct sl_batch_entry *entry = &batch->entries[number];

        if (entry->write == SL_WRITE_REPLACE && write != SL_WRITE_REPLACE) {
            return;
        }
        entry->is_dead = true;
        batch->dead_bytes += entry->len;
        batch->dead_count++;
        number = entry->older;
    }
}

void sl_batch_begin(struct sl_batch *batch, uint32_t *offset)
{
    *offset = (uint32_t)batch->data.len;
}

void sl_batch_abandon(struct sl_batch *batch, uint32_t offset)
{
    batch->data.len = offset;
}

int sl_batch_end(struct sl_batch *batch, uint32_t offset, uint32_t key_at, uint32_t key_len,
                 uint16_t commands, enum sl_write write)
{
    struct sl_span key = sl_span_make(batch->data.data + key_at, key_len);
    uint32_t hash = (uint32_t)sl_hash_bytes(key.data, key.len, 0);
    int rc = reserve_entry(batch);
    uint32_t *slot;
    uint32_t older;

    if (rc != SL_OK) {
        return rc;
    }
    slot = find_slot(batch, key, hash);
    older = *slot > 0 ? *slot - 1 : SL_BATCH_NONE;
    if (write != SL_WRITE_PARTIAL) {
        kill_chain(batch, older, write);
    }
    batch->entries[batch->entry_count] = (struct sl_batch_entry){
        .offset = offset,
        .len = (uint32_t)(batch->data.len - offset),
        .key_at = key_at,
        .key_len = key_len,
        .older = older,
        .hash = hash,
        .commands = commands,
        .write = (uint8_t)write,
    };
    *slot = ++batch->entry_count;
    batch->rows++;
    return SL_OK;
}

struct sl_batch_mark sl_batch_here(const struct sl_batch *batch)
{
    return (struct sl_batch_mark){.entry = batch->entry_count, .data = batch->data.len};
}

/* Who is dead follows from the entries alone, so it is found anew: going back is rare. */
static void judge_again(struct sl_batch *batch)
{
    batch->dead_bytes = 0;
    batch->dead_count = 0;
    for (uint32_t i = 0; i < batch->entry_count; i++) {
        struct sl_batch_entry *entry = &batch->entries[i];

        entry->is_dead = false;
        if (entry->write != SL_WRITE_PARTIAL) {
            kill_chain(batch, entry->older, (enum sl_write)entry->write);
        }
    }
}

void sl_batch_rollback(struct sl_batch *batch, struct sl_batch_mark mark)
{
    batch->rows -= batch->entry_count - mark.entry;
    batch->entry_count = mark.entry;
    batch->data.len = mark.data;
    judge_again(batch);
    (void)rebuild_slots(batch, batch->slot_mask); /* the same size: needs no memory */
}

int sl_batch_append(struct sl_batch *to, const struct sl_batch *from, struct sl_batch_mark since)
{
    for (uint32_t i = since.entry; i < from->entry_count; i++) {
        const struct sl_batch_entry *entry = &from->entries[i];
        uint32_t offset;
        int rc;

        if (entry->is_dead) {
            continue;
        }
        sl_batch_begin(to, &offset);
        rc = sl_buf_add(&to->data, from->data.data + entry->offset, entry->len);
        if (rc == SL_OK) {
            rc = sl_batch_end(to, offset, offset + (entry->key_at - entry->offset), entry->key_len,
                              entry->commands, (enum sl_write)entry->write);
        }
        if (rc != SL_OK) {
            sl_batch_abandon(to, offset);
            return rc;
        }
    }
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
    batch->entry_count = kept;
    batch->data.len = end;
    batch->dead_bytes = 0;
    batch->dead_count = 0;
}

uint64_t sl_batch_commands(const struct sl_batch *batch)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < batch->entry_count; i++) {
        count += batch->entries[i].is_dead ? 0 : batch->entries[i].commands;
    }
    return count;
}

struct sl_span sl_batch_key_of_command(const struct sl_batch *batch, uint64_t number)
{
    for (uint32_t i = 0; i < batch->entry_count; i++) {
        const struct sl_batch_entry *entry = &batch->entries[i];

        if (entry->is_dead) {
            continue;
        }
        if (number < entry->commands) {
            return key_of(batch, entry);
        }
        number -= entry->commands;
    }
    return sl_span_make(NULL, 0);
}
