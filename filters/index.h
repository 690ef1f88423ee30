/*
 * index.h - the rule's indexes compiled for one table layout: further keys that lead to a row, and
 * sets that it is a member of. What a row has of an index is an item (cdc/item.h).
 *
 *     "user:by_email:{email}": "{id}"              SET user:by_email:a@b.c 7
 *     "orders:of:{user_id}": { "set": "{id}" }     SADD orders:of:3 7
 */
#ifndef SLUICE_FILTERS_INDEX_H
#define SLUICE_FILTERS_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/arena.h"
#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/column.h"
#include "cdc/item.h"
#include "cdc/mapper.h"
#include "filters/key.h"
#include "filters/options.h"

struct sl_index {
    const struct sl_row_index *options; /* borrowed */
    struct sl_key key;
    struct sl_key value;
    uint32_t *columns; /* that the two are made of, each once */
    uint32_t column_count;
};

struct sl_indexes {
    size_t count;
    struct sl_index items[];
};

/* An item in the making, reused from row to row. Zeroed: empty. */
struct sl_index_item {
    struct sl_buf key;
    struct sl_buf value;
    struct sl_buf member; /* a member's name */
    bool is_there;        /* false: the row has none */
};

/* *OUT is NULL where RULE has no index. SL_EINVAL: one does not fit TABLE, ERR says why. */
int sl_indexes_new(const struct sl_table_rule *rule, const struct sl_table *table,
                   struct sl_indexes **out, struct sl_err *err) SL_MUSTCHECK;
void sl_indexes_free(struct sl_indexes *indexes);

/* True when every column that the item is made of is in CELLS, or in FALLBACK (may be NULL). */
bool sl_index_is_known(const struct sl_index *index, const struct sl_cell *cells,
                       const struct sl_cell *fallback);
/* Makes the item of a row, cells as in sl_key_render(). All must be known. */
int sl_index_render(const struct sl_index *index, const struct sl_table *table,
                    const struct sl_cell *cells, const struct sl_cell *fallback,
                    struct sl_index_item *item, struct sl_err *err) SL_MUSTCHECK;
struct sl_item sl_index_view(const struct sl_index *index, const struct sl_index_item *item);
void sl_index_item_release(struct sl_index_item *item);

/* As the mapper's parse_key, for the NAME of an item. */
int sl_index_parse(const struct sl_index *index, const struct sl_table *table, struct sl_span name,
                   struct sl_arena *arena, struct sl_cell *cells) SL_MUSTCHECK;

#endif
