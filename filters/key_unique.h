/*
 * key_unique.h - whether a key template tells the rows of a table apart: two rows with one key
 * would overwrite each other in the cache, and the one that is deleted would take the other's key
 * away.
 */
#ifndef SLUICE_FILTERS_KEY_UNIQUE_H
#define SLUICE_FILTERS_KEY_UNIQUE_H

#include <stdbool.h>

#include "cdc/base/err.h"
#include "filters/shape.h"

/* SL_EINVAL: keys of SHAPE's table are no more than one row's only by chance, as the template holds
 * all columns of none of its unique indexes. SL_OK also where the indexes are not known. */
int sl_key_check_unique(const struct sl_shape *shape, struct sl_err *err) SL_MUSTCHECK;

/*
 * True when different values can make the same key, as nothing that no value holds stands between
 * two of them ("{a}{b}" makes "123" of 1, 23 and of 12, 3).
 */
bool sl_key_runs_together(const struct sl_key *key, const struct sl_table *table);

#endif
