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
#include "cdc/item.h"
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

/*
 * What a row has in the sink are its *items* (item.h). They come in *facets*, numbered from 0:
 *
 *     facet 0        shop:users:7                   the row's own key
 *     facet 1, 2, …  user:by_email:a@b.c = "7"      a key that leads to the row, or
 *                    orders:of:3, member "7"        a member of a set: the rule's indexes
 *     and the last   order:7:head, order:7:address  the row's parts, any number of them; its own
 *                                                   key only names the row then, and holds nothing
 */
struct sl_item {
    struct sl_item_name name;
    struct sl_span value;    /* of an index: what the key holds; else empty */
    struct sl_span commands; /* of a part: what makes its key hold it, in wire form; else empty */
};

/* Views are valid during the call; what it returns, if not SL_OK, ends the listing. */
typedef int (*sl_item_fn)(void *user, const struct sl_item *item);

/* A row that was read by SELECT. */
struct sl_loaded_row {
    const struct sl_table *table;
    const struct sl_cell *cells; /* TEXT or NULL */
    struct sl_span key;
    enum sl_write write; /* WHOLE, or REPLACE where the key may hold fields of another layout */
    /* Not NULL: items of facet 1 and up for which it is true are left as they are. */
    bool (*leaves)(void *user, struct sl_item_name name);
    void *user;
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
    /* Adds a row that was read by SELECT to BATCH: its key, which need not be given, gets what its
       cells hold, or nothing where the rule keeps the row out. The row's entry comes first, those
       of its other items follow. */
    int (*load_row)(struct sl_mapper *mapper, const struct sl_loaded_row *row,
                    struct sl_batch *batch, struct sl_err *err);
    /* Judges a statement. Called until it returns SL_DONE: every call gives one effect more, NTH
       counts from 0. SL_EGAP: rows changed in a way that no event says. */
    int (*ddl)(struct sl_mapper *mapper, const struct sl_ddl *ddl, unsigned nth,
               struct sl_effect *effect, struct sl_err *err);
    /* Adds the removal of a key or of a set's member. */
    int (*remove)(struct sl_mapper *mapper, struct sl_item_name name, struct sl_batch *batch);
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
    /* As load_row, for a row whose KEY was made by `key`, in one entry of that key: who takes it
       out takes out all that is written of the row. */
    int (*put_row)(struct sl_mapper *mapper, const struct sl_loaded_row *row,
                   struct sl_batch *batch, struct sl_err *err);
    /* How many facets rows of the table have: 1 or more. */
    uint32_t (*facets)(struct sl_mapper *mapper, const struct sl_table *table);
    /* True when the items of FACET are members of sets. */
    bool (*has_members)(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet);
    /* True when the keys of FACET only name rows: no row has one in the sink. */
    bool (*holds_nothing)(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet);
    /* Calls EACH for the items of FACET that a row, read by SELECT, has in the sink: none where the
       rule keeps the row out. SL_ERULE: it fails on the row. */
    int (*items)(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet,
                 const struct sl_cell *cells, sl_item_fn each, void *user, struct sl_err *err);
    /*
     * The reverse of key and items: fills column_count CELLS with the values that the NAME of an
     * item of FACET was made from, TEXT or NULL (their bytes in ARENA), and the others with ABSENT.
     * SL_DONE: no row of the table has such an item. SL_KEY_UNCLEAR: the template does not tell
     * which of several rows it is ("{a}{b}" made "12"), so the item is to be left alone. SL_ENOMEM.
     */
    int (*parse_key)(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet,
                     struct sl_span name, struct sl_arena *arena, struct sl_cell *cells);
    /* The pattern of all Redis keys of FACET; NULL when out of memory. Free it with its free(). */
    struct sl_key_pattern *(*pattern)(struct sl_mapper *mapper, const struct sl_table *table,
                                      uint32_t facet);
    /* The same of what no other chosen table and no other facet can have: it may go for want of a
       row. Of a facet with members it matches their names, not the keys. */
    struct sl_key_pattern *(*owner_pattern)(struct sl_mapper *mapper, const struct sl_table *table,
                                            uint32_t facet);
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
    /* Who calls `row` sets it before: the row may not be in the cache as it was, so that all its
       items are written, not only those that change. */
    bool writes_all;
};

#endif
