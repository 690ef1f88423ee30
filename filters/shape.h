/*
 * shape.h - a table rule compiled for one table layout: which key and which columns its rows get.
 * Hangs on sl_table.user; compiled once a layout, so that a row costs no look-up.
 */
#ifndef SLUICE_FILTERS_SHAPE_H
#define SLUICE_FILTERS_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/column.h"
#include "filters/index.h"
#include "filters/key.h"
#include "filters/options.h"
#include "filters/pack.h"
#include "filters/where.h"

struct sl_transform; /* transform.h */

struct sl_shape {
    const struct sl_table_rule *rule; /* borrowed from the configuration */
    const struct sl_table *table;     /* borrowed: the table that this hangs on */
    struct sl_key key;
    struct sl_key part_key;     /* empty: rows have no parts */
    struct sl_indexes *indexes; /* NULL: the rule has none */
    bool has_items;             /* rows have items beside their own keys: of indexes, or parts */
    uint32_t *columns;          /* numbers of the chosen columns, in table order */
    uint32_t column_count;
    /* What stands before the value of chosen column i, ready to be copied: the RESP argument with
       the field's name (hash) or the quoted, escaped name and a colon (json). Views into bytes. */
    struct sl_span *heads;
    uint32_t *guesses; /* how long the text of column i probably is; 0: as long as it is stored */
    /* What stands in for the value of chosen column i; the whole is NULL where none is masked. */
    const struct sl_column_mask **masks;
    struct sl_buf bytes;
    struct sl_buf stream; /* the name of the stream of the table's changes, where there is one */
    struct sl_where_columns looked_at; /* by the rule's `where` */
    bool has_warned;                   /* that `where` failed on a row of this table */
    struct sl_transform *transform;    /* borrowed, set by who owns it; NULL: the rule has none */
    struct sl_pack pack;               /* set by who owns the packer; else values are not packed */
    size_t value_max_bytes;            /* what one argument of a Redis command may have */
};

/* True when chosen column I is always shown as NULL. */
static inline bool sl_shape_hides(const struct sl_shape *shape, uint32_t i)
{
    return shape->masks != NULL && shape->masks[i] != NULL && shape->masks[i]->kind == SL_MASK_NULL;
}

/* SL_EINVAL, SL_ESCHEMA: RULE does not fit TABLE, ERR says why. *OUT is owned by the caller. */
int sl_shape_new(const struct sl_table_rule *rule, const struct sl_table *table,
                 struct sl_shape **out, struct sl_err *err) SL_MUSTCHECK;
void sl_shape_free(struct sl_shape *shape);

#endif
