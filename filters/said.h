/*
 * said.h - of which tables something was said already, so that it is said once of each.
 */
#ifndef SLUICE_FILTERS_SAID_H
#define SLUICE_FILTERS_SAID_H

#include <stdbool.h>

#include "cdc/base/buf.h"
#include "cdc/column.h"

/* Zeroed: nothing was said. */
struct sl_said {
    struct sl_buf names; /* of tables, each behind a NUL and before one */
};

void sl_said_release(struct sl_said *said);

/* True, and noted, when nothing was said of TABLE yet; false also when there is no memory. */
bool sl_said_first(struct sl_said *said, const struct sl_table *table);

#endif
