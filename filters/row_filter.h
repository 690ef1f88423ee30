/*
 * row_filter.h - the "where" of all rules of a mapper, and what is done when one fails on a row. Of
 * a rule with indexes the transform is asked as well: a row that it keeps out has no items.
 */
#ifndef SLUICE_FILTERS_ROW_FILTER_H
#define SLUICE_FILTERS_ROW_FILTER_H

#include <pthread.h>

#include "cdc/mapper.h"
#include "filters/options.h"
#include "filters/shape.h"
#include "filters/where.h"

/* Rows are judged by any thread: an expression runs for one of them at a time. */
struct sl_row_filter {
    pthread_mutex_t lock;              /* of wheres */
    const struct sl_table_rule *rules; /* borrowed */
    size_t count;
    struct sl_where **wheres; /* one a rule, NULL where it has none or none was needed yet */
    struct sl_mapper_stats *stats;
    sl_notice_fn notice; /* may be NULL */
    void *notice_user;
};

int sl_row_filter_init(struct sl_row_filter *filter) SL_MUSTCHECK;
void sl_row_filter_release(struct sl_row_filter *filter);

/* Compiles the expression of SHAPE's rule, unless it has been. SL_EINVAL, SL_ENOMEM. */
int sl_row_filter_prepare(struct sl_row_filter *filter, const struct sl_shape *shape,
                          struct sl_err *err) SL_MUSTCHECK;

/*
 * Does the row of CELLS, of a TABLE on which a shape hangs, belong into the cache? BEFORE is its
 * image before or NULL. A failure of the expression is SL_ERULE, or with "quarantine" a row that
 * does not.
 */
int sl_row_filter_judge(struct sl_row_filter *filter, const struct sl_table *table,
                        const struct sl_cell *cells, const struct sl_cell *before,
                        enum sl_verdict *verdict, struct sl_err *err) SL_MUSTCHECK;

/* True when the image CELLS is known to belong into the cache; false when it does not, or nobody
 * can tell. */
bool sl_row_filter_surely_takes(struct sl_row_filter *filter, const struct sl_table *table,
                                const struct sl_cell *cells);

/* False when `where` keeps the image CELLS out of the cache, or fails on it. */
bool sl_row_filter_may_take(struct sl_row_filter *filter, const struct sl_table *table,
                            const struct sl_cell *cells);

#endif
