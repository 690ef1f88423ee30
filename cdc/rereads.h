/*
 * rereads.h - the keys that wait to be read again: what the hash sluice:{PIPELINE}:rereads holds
 * (reread_note.h), in memory, for the life of one reader.
 *
 *     mapper   notes a key in the batch
 *     reader   hands the notes of what was committed over to here, and rings
 *     snapshot reads rows, hundreds at once, and writes them and the notes' removal in a visit
 *
 * What is in here too much (the note of a transaction that was rolled back) costs a SELECT and no
 * more. Beyond the limit the table with most keys is *whole*: it waits to be loaded instead, its
 * keys are forgotten and none of it is noted until the load begins.
 *
 * The reader's thread and its visitors use it, never both at once (reader_visit.h); there is no
 * lock in here but for what is said to be thread-safe.
 */
#ifndef SLUICE_CDC_REREADS_H
#define SLUICE_CDC_REREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/status.h"
#include "cdc/reread_note.h"

/* One key. */
struct sl_reread {
    struct sl_reread *next; /* of its table, in the order that they were noted */
    struct sl_reread *prev;
    struct sl_reread *chain;
    struct sl_reread_table *table;
    uint32_t hash;
    uint32_t key_len;
    uint32_t cells_len;
    unsigned tries;  /* to read it, in vain */
    uint8_t bytes[]; /* the key, the cells */
};

/* A table that has such keys, or had. Stays for the life of the whole. */
struct sl_reread_table {
    struct sl_buf scope;
    struct sl_reread *first;
    struct sl_reread *last;
    size_t bytes;
    bool is_overrun;   /* it is to be loaded instead, and the sink is not told yet ... */
    bool is_blind;     /* ... as nobody knows which keys its rows have had; else it met the limit */
    bool is_whole;     /* it waits for a load to begin */
    bool is_untold;    /* whole, and the snapshot does not know */
    uint64_t retry_ms; /* its reading failed: not before; monotonic */
    bool has_failed;   /* and that was said */
    struct sl_reread_table *next;
};

struct sl_rereads;

struct sl_rereads_options {
    const char *hash_key;  /* sluice:{PIPELINE}:rereads; both are borrowed */
    const char *state_key; /* sluice:{PIPELINE}:bootstrap */
    size_t limit;          /* bytes of memory */
    uint64_t rate;         /* of loads that come of it: rows a second; 0: no limit */
};

/* NULL when out of memory. */
struct sl_rereads *sl_rereads_new(const struct sl_rereads_options *options);
void sl_rereads_free(struct sl_rereads *rereads);
const struct sl_rereads_options *sl_rereads_options(const struct sl_rereads *rereads);

/* ---- thread-safe ---- */

size_t sl_rereads_count(const struct sl_rereads *rereads);
/* Wakes who waits, or who will be the next to. */
void sl_rereads_ring(struct sl_rereads *rereads);
void sl_rereads_wait(struct sl_rereads *rereads, uint64_t ms);

/* ---- the stream ---- */

/* True when the key waits, or may, as it does until the first look at the sink has ended: a part of
   its row must not be added to what it holds. */
bool sl_rereads_has(const struct sl_rereads *rereads, struct sl_span scope, struct sl_span key);
/* True when that is so of no key whatever: then names need not be made to ask. */
bool sl_rereads_are_none(const struct sl_rereads *rereads);
/* The transaction that begins IS_HELD until it is decided (XA), perhaps for longer than any load.
 */
void sl_rereads_begin(struct sl_rereads *rereads, bool is_held);
/* False when the table waits to be loaded: its keys need no notes. */
bool sl_rereads_wants(const struct sl_rereads *rereads, struct sl_span scope);
/* Takes a note; the last one of a key counts. Beyond the limit, or by its own note, a table is
 * overrun. SL_ENOMEM. */
int sl_rereads_add(struct sl_rereads *rereads, const struct sl_reread_note *note) SL_MUSTCHECK;
bool sl_rereads_has_news(const struct sl_rereads *rereads);
/* A table that is overrun, or NULL. */
struct sl_reread_table *sl_rereads_overrun(struct sl_rereads *rereads);
/* The sink is told, in the batch: forgets the table's keys. */
void sl_rereads_make_whole(struct sl_rereads *rereads, struct sl_reread_table *table);

/* ---- the snapshot ---- */

/* The sink is to be asked for its notes: at the beginning, and when some were not kept. */
bool sl_rereads_must_look(const struct sl_rereads *rereads);
/* A look begins, and is told at its end what begin returned. */
uint64_t sl_rereads_begin_look(const struct sl_rereads *rereads);
void sl_rereads_end_look(struct sl_rereads *rereads, uint64_t look);

struct sl_reread_table *sl_rereads_tables(struct sl_rereads *rereads);
/* The table of SCOPE, or NULL. */
struct sl_reread_table *sl_rereads_find_table(const struct sl_rereads *rereads,
                                              struct sl_span scope);
struct sl_reread *sl_rereads_find(const struct sl_rereads *rereads, struct sl_span scope,
                                  struct sl_span key);
void sl_rereads_remove(struct sl_rereads *rereads, struct sl_reread *item);
/* Others have their turn first. */
void sl_rereads_move_back(struct sl_reread *item);

static inline struct sl_span sl_reread_key(const struct sl_reread *item)
{
    return sl_span_make(item->bytes, item->key_len);
}

static inline struct sl_span sl_reread_cells(const struct sl_reread *item)
{
    return sl_span_make(item->bytes + item->key_len, item->cells_len);
}

#endif
