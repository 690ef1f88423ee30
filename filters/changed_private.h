/*
 * changed_private.h - what changed_keys.c, the tables and their keys, and changed_handler.c, which
 * takes them from a stream, share.
 */
#ifndef SLUICE_FILTERS_CHANGED_PRIVATE_H
#define SLUICE_FILTERS_CHANGED_PRIVATE_H

#include "cdc/base/buf.h"
#include "filters/changed_keys.h"
#include "filters/index.h"

/* A table; with an empty name a whole database. */
struct sl_changed_entry {
    struct sl_changed_entry *next;
    const char *whole;
    struct sl_key_set **sets; /* by facets, each NULL: none yet */
    size_t facets;
    struct sl_span db; /* both behind this */
    struct sl_span name;
};

struct sl_changed_keys {
    struct sl_changed_options options;
    const struct sl_stream *stream;
    struct sl_changed_entry *entries;
    const char *whole;       /* why every table is changed as a whole */
    struct sl_key_set *xids; /* XA transactions that were prepared in the stretch */
    size_t bytes;            /* of all keys and entries */
    struct sl_buf key;
    struct sl_index_item item;
    bool has_begun;
};

/* The entry of a table, or of a database where TABLE is empty. NULL: no memory. */
struct sl_changed_entry *sl_changed_find_or_add(struct sl_changed_keys *changed, struct sl_span db,
                                                struct sl_span name);
/* Both forget keys; the first WHY, which is static, stays. */
void sl_changed_make_whole(struct sl_changed_keys *changed, struct sl_changed_entry *entry,
                           const char *why);
void sl_changed_all_whole(struct sl_changed_keys *changed, const char *why);
/* Of all keys and items. */
size_t sl_changed_entry_bytes(const struct sl_changed_entry *entry);
/* The rule of a table that is asked for; NULL: it is not, or, which is for who compares the table
 * to say, no rule can be found. */
const struct sl_table_rule *sl_changed_rule(const struct sl_changed_keys *changed,
                                            struct sl_span db, struct sl_span table);

#endif
