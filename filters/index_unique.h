/*
 * index_unique.h - is every item of an index one row's alone? That is so where the columns of its
 * key, of a set with those of the member, include all of an index that the source keeps unique.
 */
#ifndef SLUICE_FILTERS_INDEX_UNIQUE_H
#define SLUICE_FILTERS_INDEX_UNIQUE_H

#include <stdbool.h>

#include "cdc/base/buf.h"
#include "filters/options.h"

/* One column of a unique index of the source. */
struct sl_unique_column {
    const char *index;
    const char *column; /* NULL: an expression */
    bool is_nullable;
};

struct sl_index_unique {
    const struct sl_row_index *index;
    struct sl_buf name; /* of the source's index that is being listed */
    bool is_begun;
    bool has_all; /* of its columns so far */
    bool is_told; /* by one before */
};

/* Zero *UNIQUE but for the index, and give it the columns, index by index. SL_ENOMEM. */
int sl_index_unique_add(struct sl_index_unique *unique,
                        const struct sl_unique_column *column) SL_MUSTCHECK;
/* True when the columns that were given include such an index; releases what UNIQUE holds. */
bool sl_index_unique_end(struct sl_index_unique *unique);

#endif
