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
    batch->spare.limit = UINT32_MAX;
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
    sl_buf_release(&batch->spare);
    free(batch->entries);
    free(batch->slots);
    free(batch);
}

static void shrink_buf(struct sl_buf *buf)
{
    if (buf->cap > SL_BATCH_KEEP) {
        sl_buf_release(buf);
        buf->limit = UINT32_MAX;
    }
}

static void shrink(struct sl_batch *batch)
{
    shrink_buf(&batch->data);
    shrink_buf(&batch->spare);
    if (batch->entry_cap > SL_BATCH_KEEP_ENTRIES) {
        free(batch->entries);
        batch->entries = NULL;
        batch->entry_cap = 0;
    }
}

/*
 * A batch of one small transaction must not pay for the slots that a full one has grown: an
 * entry's slot lies in the unbroken run that begins where its hash points. An entry that another
 * one made superfluous shared its slot with that one; one that was killed for itself did not, and
 * is not there any more once the batch was sealed.
 */
static void clear_slots(struct sl_batch *batch)
{
    if (batch->has_killed || batch->entry_count > batch->slot_mask / 16) {
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
    batch->key_count = 0;
    batch->dead_bytes = 0;
    batch->extra_bytes = 0;
    batch->dead_count = 0;
    batch->raw_count = 0;
    batch->has_killed = false;
    batch->has_raw = false;
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

/* The slot that holds KEY's newest entry, or the empty one where it belongs. */
static uint32_t *find_slot(struct sl_batch *batch, struct sl_item_name name, uint32_t hash)
{
    uint32_t at = hash & batch->slot_mask;

    for (;; at = (at + 1) & batch->slot_mask) {
        uint32_t number = batch->slots[at];
        const struct sl_batch_entry *entry;

        if (number == 0) {
            return &batch->slots[at];
        }
        entry = &batch->entries[number - 1];
        if (entry->hash == hash && sl_item_is_same(sl_batch_item(batch, entry), name)) {
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
    batch->key_count = 0;
    for (uint32_t i = 0; i < batch->entry_count; i++) {
        const struct sl_batch_entry *entry = &batch->entries[i];
        uint32_t *slot = find_slot(batch, sl_batch_item(batch, entry), entry->hash);

        batch->key_count += *slot == 0;
        *slot = i + 1;
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
    if (batch->key_count >= batch->slot_mask / 2) {
        return rebuild_slots(batch, batch->slot_mask * 2 + 1);
    }
    return SL_OK;
}

static void end_entry(struct sl_batch *batch, struct sl_batch_entry *entry)
{
    entry->is_dead = true;
    batch->dead_bytes += entry->len;
    batch->extra_bytes -= entry->extra;
    batch->dead_count++;
    batch->raw_count -= entry->is_raw;
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
        end_entry(batch, entry);
        number = entry->older;
    }
}

static bool is_whole(enum sl_write write)
{
    return write == SL_WRITE_WHOLE || write == SL_WRITE_REPLACE;
}

/* Of two notes that a key is to be read again one is enough. Returns what is behind the older. */
static uint32_t kill_note(struct sl_batch *batch, uint32_t number)
{
    struct sl_batch_entry *entry = &batch->entries[number];

    if (number == SL_BATCH_NONE || entry->write != SL_WRITE_LATER || entry->is_dead) {
        return number;
    }
    end_entry(batch, entry);
    return entry->older;
}

void sl_batch_begin(struct sl_batch *batch, uint32_t *offset)
{
    *offset = (uint32_t)batch->data.len;
}

void sl_batch_abandon(struct sl_batch *batch, uint32_t offset)
{
    batch->data.len = offset;
}

int sl_batch_find_item(struct sl_batch *batch, struct sl_item_name name,
                       struct sl_batch_place *place)
{
    uint32_t hash = (uint32_t)sl_hash_bytes(name.bytes.data, name.bytes.len, 0);
    int rc = reserve_entry(batch);
    const uint32_t *slot;

    if (rc != SL_OK) {
        return rc;
    }
    slot = find_slot(batch, name, hash);
    *place = (struct sl_batch_place){.key = name.bytes,
                                     .is_member = name.is_member,
                                     .hash = hash,
                                     .slot = (uint32_t)(slot - batch->slots),
                                     .newest = *slot > 0 ? *slot - 1 : SL_BATCH_NONE};
    return SL_OK;
}

int sl_batch_find(struct sl_batch *batch, struct sl_span key, struct sl_batch_place *place)
{
    return sl_batch_find_item(batch, sl_item_key(key), place);
}

static struct sl_batch_entry *add(struct sl_batch *batch, const struct sl_batch_place *place,
                                  uint32_t offset, uint32_t key_at, enum sl_write write)
{
    struct sl_batch_entry *entry = &batch->entries[batch->entry_count];
    uint32_t older = place->newest;

    if (is_whole(write)) {
        kill_chain(batch, older, write);
    } else if (write == SL_WRITE_LATER) {
        older = kill_note(batch, older);
    }
    *entry = (struct sl_batch_entry){
        .offset = offset,
        .len = (uint32_t)(batch->data.len - offset),
        .key_at = key_at,
        .key_len = (uint32_t)place->key.len,
        .older = older,
        .hash = place->hash,
        .is_member = place->is_member,
        .write = (uint8_t)write,
    };
    batch->key_count += place->newest == SL_BATCH_NONE;
    batch->slots[place->slot] = ++batch->entry_count;
    batch->rows++;
    return entry;
}

void sl_batch_add(struct sl_batch *batch, const struct sl_batch_place *place, uint32_t offset,
                  uint32_t key_at, uint16_t commands, enum sl_write write)
{
    add(batch, place, offset, key_at, write)->commands = commands;
}

/* The last state of a row is probably as long as the one before. */
static uint32_t guess_extra(const struct sl_batch *batch, const struct sl_batch_place *place,
                            size_t len)
{
    const struct sl_batch_entry *older = &batch->entries[place->newest];
    uint64_t guess =
        place->newest != SL_BATCH_NONE ? (uint64_t)older->len + older->extra : (uint64_t)len;

    return guess > len ? (uint32_t)(guess - len) : 0;
}

void sl_batch_add_raw(struct sl_batch *batch, const struct sl_batch_place *place, uint32_t offset,
                      uint32_t key_at, sl_batch_render_fn render)
{
    uint32_t extra = guess_extra(batch, place, batch->data.len - offset);
    struct sl_batch_entry *entry = add(batch, place, offset, key_at, SL_WRITE_WHOLE);

    entry->is_raw = true;
    entry->extra = extra;
    batch->extra_bytes += extra;
    batch->raw_count++;
    batch->has_raw = true;
    batch->render = render;
}

static int end_item(struct sl_batch *batch, uint32_t offset, uint32_t key_at,
                    struct sl_item_name name, uint16_t commands, enum sl_write write)
{
    struct sl_batch_place place;
    int rc = sl_batch_find_item(batch, name, &place);

    if (rc == SL_OK) {
        sl_batch_add(batch, &place, offset, key_at, commands, write);
    }
    return rc;
}

int sl_batch_end(struct sl_batch *batch, uint32_t offset, uint32_t key_at, uint32_t key_len,
                 uint16_t commands, enum sl_write write)
{
    struct sl_span key = sl_span_make(batch->data.data + key_at, key_len);

    return end_item(batch, offset, key_at, sl_item_key(key), commands, write);
}

int sl_batch_end_member(struct sl_batch *batch, uint32_t offset, uint32_t at, uint32_t len,
                        uint16_t commands, enum sl_write write)
{
    struct sl_span name = sl_span_make(batch->data.data + at, len);

    return end_item(batch, offset, at, sl_item_member(name), commands, write);
}

int sl_batch_add_commands(struct sl_batch *batch, struct sl_span key, struct sl_span commands,
                          uint16_t count)
{
    const uint8_t *at = memmem(commands.data, commands.len, key.data, key.len);
    uint32_t offset;
    int rc;

    if (at == NULL) {
        return SL_EINVAL;
    }
    sl_batch_begin(batch, &offset);
    rc = sl_buf_add(&batch->data, commands.data, commands.len);
    if (rc == SL_OK) {
        /* Each is of another field, or a later word on one: none makes another superfluous. */
        rc = sl_batch_end(batch, offset, offset + (uint32_t)(at - commands.data), (uint32_t)key.len,
                          count, SL_WRITE_PARTIAL);
    }
    if (rc != SL_OK) {
        sl_batch_abandon(batch, offset);
    }
    return rc;
}

void sl_batch_extend(struct sl_batch *batch, uint16_t commands)
{
    struct sl_batch_entry *last = &batch->entries[batch->entry_count - 1];

    last->len = (uint32_t)(batch->data.len - last->offset);
    last->commands = (uint16_t)(last->commands + commands);
}

void sl_batch_kill(struct sl_batch *batch, uint32_t number)
{
    end_entry(batch, &batch->entries[number]);
    batch->has_killed = true;
}

struct sl_batch_mark sl_batch_here(const struct sl_batch *batch)
{
    return (struct sl_batch_mark){.entry = batch->entry_count, .data = batch->data.len};
}

/* Who is dead follows from the entries alone, so it is found anew: going back is rare. Notes that
   others had made superfluous live again, which is no harm. */
static void judge_again(struct sl_batch *batch)
{
    batch->dead_bytes = 0;
    batch->extra_bytes = 0;
    batch->dead_count = 0;
    batch->raw_count = 0;
    for (uint32_t i = 0; i < batch->entry_count; i++) {
        struct sl_batch_entry *entry = &batch->entries[i];

        entry->is_dead = false;
        batch->extra_bytes += entry->extra;
        batch->raw_count += entry->is_raw;
        if (is_whole((enum sl_write)entry->write)) {
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
            return sl_item_redis_key(sl_batch_item(batch, entry));
        }
        number -= entry->commands;
    }
    return sl_span_make(NULL, 0);
}
