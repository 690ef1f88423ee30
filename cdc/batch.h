/*
 * batch.h - wire-ready commands on their way to a sink.
 *
 * The reader thread fills a batch, the handoff passes it on, the sink sends it and gives it back
 * once it is acknowledged. A batch is a run of entries; an entry is what one row change does to
 * one key: one or more Redis commands, all of which are idempotent. What is said of keys here is
 * said of members of sets, too, which have entries of their own (item.h): their name takes the
 * place of the key.
 *
 *     data     | HSET k1 … | HSET k2 … | DEL k1 | …
 *     entries  | 0 (dead)  | 1         | 2      |     a later complete write of a key kills the
 *                                                     earlier ones: only its last state is sent
 *
 * Most rows of a key that changes all the time are dead before they are sent. Their commands need
 * not be made: a *raw* entry holds what they can be made of, and is rendered if it is still alive
 * when the batch is passed on.
 *
 * Batches make up groups; a group is what one MULTI/EXEC applies. Most groups are one batch. A
 * transaction larger than a batch is a group of several: ends_group is false but on the last.
 */
#ifndef SLUICE_CDC_BATCH_H
#define SLUICE_CDC_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/item.h"
#include "cdc/position.h"

#define SL_BATCH_NONE UINT32_MAX

/* What an entry does to what the key held before. */
enum sl_write {
    SL_WRITE_WHOLE,   /* the key's state afterwards does not depend on the one before */
    SL_WRITE_PARTIAL, /* changes fields: entries before it must stay */
    /* As WHOLE, and what the key held before may have had fields that no later entry knows of (a
       column that was dropped): a WHOLE entry behind it does not make it superfluous. */
    SL_WRITE_REPLACE,
    /* Nothing of the key itself: a note that it is to be read again (reread_note.h). Entries before
       it stay, but for another note right before it. */
    SL_WRITE_LATER,
};

struct sl_batch_entry {
    uint32_t offset; /* of its first command in data; raw: of its bytes, whatever they are */
    uint32_t len;    /* bytes */
    uint32_t extra;  /* raw: by how much its commands are probably longer */
    uint32_t key_at; /* of the key's bytes in data */
    uint32_t key_len;
    uint32_t older; /* the entry before it with the same key, or SL_BATCH_NONE */
    uint32_t hash;
    uint16_t commands; /* replies to expect; raw: 0 */
    bool is_dead;
    bool is_member; /* the key's bytes are a member's name */
    bool is_raw;
    uint8_t write; /* enum sl_write */
};

/* What must happen to the keys of a table, in order with the rows around it. */
enum sl_batch_task {
    SL_TASK_ROWS,  /* nothing but the rows in it */
    SL_TASK_PURGE, /* remove every key that `purge` matches, then go on; the batch has no rows */
};

/*
 * Which keys of the sink belong to a table: the interface between the key templates (filters/) and
 * the sink that has to find the keys. GLOB narrows a SCAN; MATCHES decides, as a glob also finds
 * keys that only begin alike.
 */
struct sl_key_pattern {
    const char *glob; /* Redis glob, special bytes escaped */
    bool (*matches)(const struct sl_key_pattern *pattern, struct sl_span key);
    void (*free)(struct sl_key_pattern *pattern);
};

/*
 * Makes the commands of a raw entry: appends them to OUT and says where KEY's bytes stand in it and
 * how many commands there are; on failure OUT is as before. RAW are the entry's bytes. Called by
 * the reader or by the loop: it may use nothing that changes.
 */
typedef int (*sl_batch_render_fn)(struct sl_span raw, struct sl_span key, struct sl_buf *out,
                                  uint32_t *key_at, uint16_t *commands, struct sl_err *err);

/* A key and where it belongs in a batch; valid until an entry is added or dropped. */
struct sl_batch_place {
    struct sl_span key;
    bool is_member;
    uint32_t hash;
    uint32_t slot;
    uint32_t newest; /* the last entry of the key, or SL_BATCH_NONE */
};

/* A place between two entries. */
struct sl_batch_mark {
    uint32_t entry; /* the number of the next one */
    size_t data;    /* bytes before it */
};

struct sl_batch {
    struct sl_buf data;
    struct sl_batch_entry *entries;
    uint32_t entry_count;
    uint32_t entry_cap;
    uint32_t *slots; /* open addressing by hash: number of a key's newest entry + 1, 0 empty */
    uint32_t slot_mask;
    uint32_t key_count; /* slots in use */
    size_t dead_bytes;  /* of data, in dead entries */
    size_t extra_bytes; /* of live entries */
    uint32_t dead_count;
    uint32_t raw_count; /* live entries that are raw */
    bool has_killed;    /* by sl_batch_kill(): slots may be in use of which no entry tells */
    bool has_raw;       /* there are raw entries, dead or alive: what they were made of must stay */
    sl_batch_render_fn render; /* of all raw entries */
    struct sl_buf spare;       /* what data is rendered into */
    bool begins_group;
    bool ends_group;
    bool has_position;   /* position is to be written as the checkpoint when the group is applied */
    bool discards_group; /* the transaction was rolled back after parts were sent: undo the group */
    struct sl_position position;
    uint64_t transactions; /* that end in it, for counters */
    uint64_t rows;         /* changes put in, dead ones too */
    enum sl_batch_task task;
    struct sl_key_pattern *purge; /* SL_TASK_PURGE: owned */
    struct sl_batch *next;        /* for the list it is on */

    struct sl_batch_mark begin; /* of the transaction that is being added; the reader's */
};

struct sl_batch *sl_batch_new(void);
void sl_batch_free(struct sl_batch *batch);
/* Empties BATCH for reuse and gives memory back that only an unusual batch needs. */
void sl_batch_clear(struct sl_batch *batch);

/*
 * Adds an entry for KEY: begin, append COMMANDS commands to batch->data, end. The key's bytes must
 * be part of them: KEY_AT is their offset in batch->data.
 */
void sl_batch_begin(struct sl_batch *batch, uint32_t *offset);
int sl_batch_end(struct sl_batch *batch, uint32_t offset, uint32_t key_at, uint32_t key_len,
                 uint16_t commands, enum sl_write write) SL_MUSTCHECK;
/* The same of a member of a set: its name are the LEN bytes from AT on. */
int sl_batch_end_member(struct sl_batch *batch, uint32_t offset, uint32_t at, uint32_t len,
                        uint16_t commands, enum sl_write write) SL_MUSTCHECK;
/* Drops what was appended since sl_batch_begin(). */
void sl_batch_abandon(struct sl_batch *batch, uint32_t offset);
/* Adds an entry of COUNT wire-ready commands on KEY, which is one of their arguments. */
int sl_batch_add_commands(struct sl_batch *batch, struct sl_span key, struct sl_span commands,
                          uint16_t count) SL_MUSTCHECK;
/* Entry NUMBER, alive and no raw one, is not to be sent. */
void sl_batch_kill(struct sl_batch *batch, uint32_t number);

/* What was appended behind the last entry, which is no raw one, becomes a part of it: COMMANDS more
 * commands. */
void sl_batch_extend(struct sl_batch *batch, uint16_t commands);

/* The same in two steps, for those who ask whether a key has an entry: find before begin, and add
 * instead of end. */
int sl_batch_find(struct sl_batch *batch, struct sl_span key,
                  struct sl_batch_place *place) SL_MUSTCHECK;
int sl_batch_find_item(struct sl_batch *batch, struct sl_item_name name,
                       struct sl_batch_place *place) SL_MUSTCHECK;
void sl_batch_add(struct sl_batch *batch, const struct sl_batch_place *place, uint32_t offset,
                  uint32_t key_at, uint16_t commands, enum sl_write write);
/*
 * Adds a complete write as a raw entry: the bytes since begin, which the key is part of, are what
 * RENDER makes the commands of. A batch has one RENDER.
 */
void sl_batch_add_raw(struct sl_batch *batch, const struct sl_batch_place *place, uint32_t offset,
                      uint32_t key_at, sl_batch_render_fn render);

/* The place behind the last entry. */
struct sl_batch_mark sl_batch_here(const struct sl_batch *batch);
/* Drops the entries behind MARK; those before it that they had killed live again. */
void sl_batch_rollback(struct sl_batch *batch, struct sl_batch_mark mark);
/* Appends copies of the live entries of FROM behind SINCE (zeroed: of all) to TO, raw ones
 * rendered. SL_ENOMEM, or why an entry could not be rendered. */
int sl_batch_append(struct sl_batch *to, const struct sl_batch *from, struct sl_batch_mark since,
                    struct sl_err *err) SL_MUSTCHECK;

/*
 * Renders what is raw and alive. If there was any, the batch is sealed, too; on failure it is as
 * before. SL_ENOMEM, or why an entry could not be rendered.
 */
int sl_batch_render(struct sl_batch *batch, struct sl_err *err) SL_MUSTCHECK;
/* Takes the dead entries out of data and entries of a batch that was rendered. Afterwards only
 * reading and clearing are allowed. */
void sl_batch_seal(struct sl_batch *batch);

/* Bytes that would be sent, as far as that is known. */
static inline size_t sl_batch_live_bytes(const struct sl_batch *batch)
{
    return batch->data.len - batch->dead_bytes + batch->extra_bytes;
}

/* Memory that its entries take. */
static inline size_t sl_batch_memory(const struct sl_batch *batch)
{
    return batch->data.cap + batch->spare.cap;
}

static inline struct sl_span sl_batch_key(const struct sl_batch *batch,
                                          const struct sl_batch_entry *entry)
{
    return sl_span_make(batch->data.data + entry->key_at, entry->key_len);
}

static inline struct sl_item_name sl_batch_item(const struct sl_batch *batch,
                                                const struct sl_batch_entry *entry)
{
    return (struct sl_item_name){.bytes = sl_batch_key(batch, entry),
                                 .is_member = entry->is_member};
}

/* Commands that would be sent; of a rendered batch. */
uint64_t sl_batch_commands(const struct sl_batch *batch);
/* The Redis key of the entry that command number N (0: first of the batch) belongs to; empty when
 * out of range. Of a rendered batch. */
struct sl_span sl_batch_key_of_command(const struct sl_batch *batch, uint64_t number);

#endif
