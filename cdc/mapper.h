/*
 * mapper.h - the hop from row changes to entries of a batch; filters/mapper.c implements it.
 * Used by the reader thread only.
 */
#ifndef SLUICE_CDC_MAPPER_H
#define SLUICE_CDC_MAPPER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "cdc/base/arena.h"
#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/batch.h"
#include "cdc/column.h"
#include "cdc/stream.h"

/* What a statement means for the cache. */
enum sl_effect_kind {
    SL_EFFECT_NONE,
    SL_EFFECT_PURGE, /* remove the keys that `purge` matches, in order */
    SL_EFFECT_LOAD, /* read db.table as it is now and write its rows, in order; no table: nothing */
};

/* What is said of a table whose rows are not kept as keys (see sl_keeping). */
enum sl_mark_kind {
    SL_MARK_NONE,
    SL_MARK_REDELETE, /* its keys were removed: they are to be removed once more */
    /* Of streams of changes: what their readers have to know beside changes. */
    SL_MARK_BEGIN,    /* the pipeline began: what was before is not in the stream */
    SL_MARK_GAP,      /* rows changed without a change of them in the log, or it is lost */
    SL_MARK_TRUNCATE, /* all rows are gone */
    SL_MARK_DROP,     /* and the table, too */
};

struct sl_mark {
    enum sl_mark_kind kind;
    struct sl_span db;
    struct sl_span table; /* empty: all tables of the database */
    const char *reason;   /* a sentence without its stop, or NULL */
};

/* What of a table is in the sink. */
enum sl_keeping {
    SL_KEEPS_ROWS,
    SL_KEEPS_CHANGES, /* a stream of changes, none of the rows */
    SL_KEEPS_OTHERS,  /* keys that others fill: they are removed where rows would be loaded */
};

struct sl_effect {
    enum sl_effect_kind kind;
    enum sl_mark_kind mark; /* of db.table; put behind what kind says */
    const char *reason;     /* of the mark, see there */
    struct sl_key_pattern
        *purge;        /* owned by who receives the effect; LOAD: removed before, or NULL */
    struct sl_span db; /* LOAD, mark; views of the statement */
    struct sl_span table;
    bool unless_primary; /* LOAD: not when the table has a primary key */
};

/* A positive outcome of parse_key, see there. */
#define SL_KEY_UNCLEAR 3

/* A row that was read by SELECT. */
struct sl_loaded_row {
    const struct sl_table *table;
    const struct sl_cell *cells; /* TEXT or NULL */
    struct sl_span key;
    enum sl_write write; /* WHOLE, or REPLACE where the key may hold fields of another layout */
};

struct sl_mapper;

struct sl_mapper_ops {
    /* True when a rule chooses the table. */
    bool (*wants)(struct sl_mapper *mapper, struct sl_span db, struct sl_span table);
    /* Compiles the rule for TABLE and hangs it on it. SL_EINVAL, SL_ESCHEMA: it does not fit. */
    int (*table)(struct sl_mapper *mapper, struct sl_table *table, struct sl_err *err);
    /* Adds what CHANGE does to the sink's keys to BATCH: or, where its images do not say that,
       notes that a key is to be read again (reread_note.h). */
    int (*row)(struct sl_mapper *mapper, const struct sl_row_change *change, struct sl_batch *batch,
               struct sl_err *err);
    /* Adds a row of TABLE that was read by SELECT to BATCH: its key gets what CELLS (all TEXT or
       NULL) hold, or nothing where the rule keeps the row out. WRITE is WHOLE, or REPLACE where the
       key may hold fields of another layout. */
    int (*load_row)(struct sl_mapper *mapper, const struct sl_table *table,
                    const struct sl_cell *cells, enum sl_write write, struct sl_batch *batch,
                    struct sl_err *err);
    /* Judges a statement. Called until it returns SL_DONE: every call gives one effect more, NTH
       counts from 0. SL_EGAP: rows changed in a way that no event says. */
    int (*ddl)(struct sl_mapper *mapper, const struct sl_ddl *ddl, unsigned nth,
               struct sl_effect *effect, struct sl_err *err);
    /* Adds the removal of KEY. */
    int (*remove)(struct sl_mapper *mapper, struct sl_span key, struct sl_batch *batch);
    void (*free)(struct sl_mapper *mapper);

    /* ---- these may be NULL: then all tables keep rows ---- */

    /* A transaction of STREAM begins, or (not in a transaction) marks of this place are put. */
    void (*begin)(struct sl_mapper *mapper, const struct sl_stream *stream);
    enum sl_keeping (*keeping)(struct sl_mapper *mapper, struct sl_span db, struct sl_span table);
    /* Adds what MARK says. */
    int (*mark)(struct sl_mapper *mapper, const struct sl_mark *mark, struct sl_batch *batch,
                struct sl_err *err);
    /* The entries of BATCH from number FROM on were made earlier, and are final only now (XA). */
    void (*settle)(struct sl_mapper *mapper, struct sl_batch *batch, uint32_t from);

    /* ---- these may be called by any thread, for a TABLE that `table` has been called for ---- */

    /* Replaces KEY by the key of a row that was read by SELECT. */
    int (*key)(struct sl_mapper *mapper, const struct sl_table *table, const struct sl_cell *cells,
               struct sl_buf *key, struct sl_err *err);
    /* As load_row, for a row whose KEY was made by `key`. */
    int (*put_row)(struct sl_mapper *mapper, const struct sl_loaded_row *row,
                   struct sl_batch *batch, struct sl_err *err);
    /*
     * The reverse: fills column_count CELLS with the values that KEY was made from, TEXT or NULL
     * (their bytes in ARENA), and the others with ABSENT. SL_DONE: no row of the table has such a
     * key. SL_KEY_UNCLEAR: the template does not tell which of several rows it is ("{a}{b}" made
     * "12"), so the key is to be left alone. SL_ENOMEM.
     */
    int (*parse_key)(struct sl_mapper *mapper, const struct sl_table *table, struct sl_span key,
                     struct sl_arena *arena, struct sl_cell *cells);
    /* The pattern of all keys of the table; NULL when out of memory. Free it with its free(). */
    struct sl_key_pattern *(*pattern)(struct sl_mapper *mapper, const struct sl_table *table);
    /* The same of those keys that no other chosen table can have: they may go for want of a row. */
    struct sl_key_pattern *(*owner_pattern)(struct sl_mapper *mapper, const struct sl_table *table);
};

/* Tells an operator something, by one sentence. */
typedef void (*sl_notice_fn)(void *user, bool is_warning, const char *text);

/* Counted since the mapper was made; other threads may read them. */
struct sl_mapper_stats {
    atomic_uint_fast64_t unchanged;   /* updates that left alone all that is kept of a row */
    atomic_uint_fast64_t filtered;    /* rows that the rule's condition keeps out of the cache */
    atomic_uint_fast64_t quarantined; /* rows that are kept out as the condition failed on them */
};

/* The first member of every implementation. */
struct sl_mapper {
    const struct sl_mapper_ops *ops;
    struct sl_mapper_stats stats;
};

#endif
