/*
 * mapper_keys.h - a call of the mapper that any thread may make (cdc/mapper.h says what it does):
 * it uses nothing but the shape that hangs on the table, which does not change.
 */
#ifndef SLUICE_FILTERS_MAPPER_KEYS_H
#define SLUICE_FILTERS_MAPPER_KEYS_H

#include "cdc/mapper.h"

int sl_mapper_key(struct sl_mapper *mapper, const struct sl_table *table,
                  const struct sl_cell *cells, struct sl_buf *key, struct sl_err *err) SL_MUSTCHECK;

#endif
