/*
 * batch.h - wire-ready commands on their way to a sink.
 *
 * The reader thread fills a batch, the handoff passes it on, the sink sends it and gives it back
 * once it is acknowledged. A batch is a run of entries; an entry is what one row change does to
 * one key: one or more Redis commands, all of which are idempotent.
 *
 *     data     | HSET k1 … | HSET k2 … | DEL k1 | …
 *     entries  | 0 (dead)  | 1         | 2      |     a later complete write of a key kills the
 *                                                     earlier ones: only its last state is sent
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
#include "cdc/base/span.h"
#include "cdc/position.h"

#define SL_BATCH_NONE UINT32_MAX

/* What an entry does to what the key held before. */
enum sl_write {
    SL_WRITE_WHOLE,   /* the key's state afterwards does not depend on the one before */
    SL_WRITE_PARTIAL, /* changes fields: entries before it must stay */
    /* As WHOLE, and what the key held before may have had fields that no later entry knows of (a
       column that was dropped): a WHOLE entry behind it does not make it superfluous. */
    SL_WRITE_REPLACE,
};

struct sl_batch_entry {
    uint32_t offset; /* of its first command in data */
    uint32_t len;    /* bytes */
    uint32_t key_at; /* of the key's bytes in data */
    uint32_t key_len;
    uint32_t older; /* the entry before it with the same key, or SL_BATCH_NONE */
    uint32_t hash;
    uint16_t commands; /* replies to expect */
    bool is_dead;
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
    uint32_t *slots; /* open addressing by hash: entry number + 1, 0 empty */
    uint32_t slot_mask;
    size_t dead_bytes; /* of data, in dead entries */
    uint32_t dead_count;
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
/* Drops what was appended since sl_batch_begin(). */
void sl_batch_abandon(struct sl_batch *batch, uint32_t offset);

/* The place behind the last entry. */
struct sl_batch_mark sl_batch_here(const struct sl_batch *batch);
/* Drops the entries behind MARK; those before it that they had killed live again. */
void sl_batch_rollback(struct sl_batch *batch, struct sl_batch_mark mark);
/* Appends copies of the live entries of FROM behind SINCE (zeroed: of all) to TO. */
int sl_batch_append(struct sl_batch *to, const struct sl_batch *from,
                    struct sl_batch_mark since) SL_MUSTCHECK;

/* Takes the dead entries out of data and entries. Afterwards only reading and clearing are allowed.
 */
void sl_batch_seal(struct sl_batch *batch);

/* Bytes that would be sent. */
static inline size_t sl_batch_live_bytes(const struct sl_batch *batch)
{
    return batch->data.len - batch->dead_bytes;
}

/* Commands that would be sent. */
uint64_t sl_batch_commands(const struct sl_batch *batch);
/* The key of the entry that command number N (0: first of the batch) belongs to; empty when out of
 * range. */
struct sl_span sl_batch_key_of_command(const struct sl_batch *batch, uint64_t number);

#endif
