/*
 * changed_row.h - a change of a row with the keys that its template makes.
 */
#ifndef SLUICE_FILTERS_CHANGED_ROW_H
#define SLUICE_FILTERS_CHANGED_ROW_H

#include <stdbool.h>

#include "cdc/base/span.h"
#include "cdc/column.h"

struct sl_changed_row {
    const struct sl_row_change *change;
    struct sl_span old_key; /* before: of DELETE, and where it has moved */
    struct sl_span new_key; /* behind: of INSERT and UPDATE */
    bool has_moved;         /* UPDATE: the two differ */
};

#endif
