/*
 * mapper_private.h - shared by the files of the mapper; for nobody else.
 *
 *     mapper.c       life, layouts, statements
 *     mapper_rows.c  rows, streamed and read
 *     mapper_keys.c  keys, for any thread
 */
#ifndef SLUICE_FILTERS_MAPPER_PRIVATE_H
#define SLUICE_FILTERS_MAPPER_PRIVATE_H

#include "filters/change_entry.h"
#include "filters/index_stream.h"
#include "filters/invalidate.h"
#include "filters/known_keys.h"
#include "filters/later.h"
#include "filters/mapper.h"
#include "filters/packs.h"
#include "filters/part_stream.h"
#include "filters/row_filter.h"
#include "filters/said.h"
#include "filters/transforms.h"

struct sl_rule_mapper {
    struct sl_mapper base; /* first: the two are cast into each other */
    const struct sl_table_rule *rules;
    size_t count;
    struct sl_buf old_key; /* scratch, reused for every row */
    struct sl_buf new_key;
    struct sl_later later;
    struct sl_index_stream items;
    struct sl_part_stream parts;
    struct sl_known_keys keys;
    struct sl_row_filter filter;
    struct sl_transforms transforms;
    struct sl_packs packs;
    struct sl_said shared;  /* that rows can share keys */
    size_t value_max_bytes; /* 0: as it is by default */
    struct sl_invalidate invalidate;
    struct sl_change_log changes;
};

static inline struct sl_rule_mapper *sl_rule_mapper_of(struct sl_mapper *mapper)
{
    return (struct sl_rule_mapper *)mapper;
}

/* ---- mapper_rows.c: as the members of sl_mapper_ops ---- */

int sl_mapper_row(struct sl_mapper *mapper, const struct sl_row_change *change,
                  struct sl_batch *batch, struct sl_err *err) SL_MUSTCHECK;
int sl_mapper_put_row(struct sl_mapper *mapper, const struct sl_loaded_row *row,
                      struct sl_batch *batch, struct sl_err *err) SL_MUSTCHECK;
int sl_mapper_load_row(struct sl_mapper *mapper, const struct sl_loaded_row *row,
                       struct sl_batch *batch, struct sl_err *err) SL_MUSTCHECK;

#endif
