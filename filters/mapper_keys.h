/*
 * mapper_keys.h - the mapper's calls that any thread may make (cdc/mapper.h says what they do):
 * they use nothing but the shape that hangs on the table, which does not change.
 */
#ifndef SLUICE_FILTERS_MAPPER_KEYS_H
#define SLUICE_FILTERS_MAPPER_KEYS_H

#include "cdc/mapper.h"

int sl_mapper_key(struct sl_mapper *mapper, const struct sl_table *table,
                  const struct sl_cell *cells, struct sl_buf *key, struct sl_err *err) SL_MUSTCHECK;
int sl_mapper_parse_key(struct sl_mapper *mapper, const struct sl_table *table, struct sl_span key,
                        struct sl_arena *arena, struct sl_cell *cells) SL_MUSTCHECK;
struct sl_key_pattern *sl_mapper_pattern(struct sl_mapper *mapper, const struct sl_table *table);

#endif
