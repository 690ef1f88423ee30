/*
 * unchanged.h - does an update change anything that the cache shows?
 */
#ifndef SLUICE_FILTERS_UNCHANGED_H
#define SLUICE_FILTERS_UNCHANGED_H

#include <stdbool.h>

#include "filters/shape.h"

/*
 * True when the update CHANGE leaves the stored bytes of every chosen column, and of those that
 * `where` looks at, as they were, so that nothing has to be written; the key is for the caller to
 * compare. False when in doubt: when one of the images lacks such a column, and under a rule with a
 * ttl, which every change of a row renews.
 */
bool sl_update_is_idle(const struct sl_shape *shape, const struct sl_row_change *change);

#endif
