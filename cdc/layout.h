/*
 * layout.h - the layout of a table as rows are decoded by it, built from a table map and, where the
 * handler wants the table, the server's schema; and the cache of them. Servers send a table map
 * for each statement: while its bytes stay the same that costs a comparison.
 */
#ifndef SLUICE_CDC_LAYOUT_H
#define SLUICE_CDC_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/arena.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/column.h"
#include "cdc/stream.h"

struct sl_layout {
    struct sl_table table;
    struct sl_span raw;     /* the table map behind id and flags; owned by the arena */
    bool is_skipped;        /* rows are passed over undecoded; the table has no columns then */
    uint32_t json_count;    /* columns of type JSON: bits of a partial update */
    struct sl_cell *before; /* column_count cells each, reused for every row */
    struct sl_cell *after;
    struct sl_arena arena;  /* owns everything above */
    struct sl_layout *next; /* in the cache's chain, or of those that were dropped */
    uint64_t hash;          /* of db and name */
};

/* What building a layout needs to ask. */
struct sl_layout_context {
    const struct sl_stream_options *options;
    const struct sl_stream_handler *handler;
    const struct sl_position *at;
    bool is_mariadb;
};

/*
 * Builds the layout for the table map BODY. Tables that nobody wants get a skipped one. On
 * success the caller owns *LAYOUT. SL_ESCHEMA, SL_EUNSUPPORTED, SL_EFORMAT, SL_ETRUNC, SL_ENOMEM
 * or what a callback returned.
 */
int sl_layout_new(const struct sl_layout_context *context, struct sl_span body,
                  struct sl_layout **layout, struct sl_err *err) SL_MUSTCHECK;
void sl_layout_free(struct sl_layout *layout);

struct sl_layout_id {
    uint64_t id;
    struct sl_layout *layout; /* NULL: free slot */
};

/* Layouts by name, and the table ids that stand for them now. A zeroed cache is empty. */
struct sl_layout_cache {
    struct sl_layout **buckets; /* by hash of db and name */
    size_t bucket_count;        /* a power of two; 0 while empty */
    size_t count;
    struct sl_layout_id *ids; /* open addressing by id */
    size_t id_cap;            /* a power of two; 0 while empty */
    size_t id_count;
    struct sl_layout *dropped; /* not found any more, but somebody may still look at them */
};

void sl_layout_cache_release(struct sl_layout_cache *cache);

/* True when the table map BODY is the last one of its id again: then its layout stays. */
bool sl_layout_cache_knows(const struct sl_layout_cache *cache, struct sl_span body);

/* Finds the layout for the table map BODY or builds it, and makes its id stand for it. Errors as
 * sl_layout_new(). */
int sl_layout_cache_map(struct sl_layout_cache *cache, const struct sl_layout_context *context,
                        struct sl_span body, struct sl_layout **layout,
                        struct sl_err *err) SL_MUSTCHECK;

/* The layout that ID stands for; NULL when no table map gave it one. */
struct sl_layout *sl_layout_cache_find(const struct sl_layout_cache *cache, uint64_t id);

/* Nobody looks at layouts any more that were dropped or replaced: frees them. */
void sl_layout_cache_bury(struct sl_layout_cache *cache);

/* Drops the layout of one table, of a database (TABLE empty) or all (DB empty too). */
void sl_layout_cache_drop(struct sl_layout_cache *cache, struct sl_span db, struct sl_span table);

/* Between transactions: forgets ids, or everything, when there are very many. */
void sl_layout_cache_trim(struct sl_layout_cache *cache);

#endif
