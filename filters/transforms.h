/*
 * transforms.h - the transforms of all rules of a mapper.
 */
#ifndef SLUICE_FILTERS_TRANSFORMS_H
#define SLUICE_FILTERS_TRANSFORMS_H

#include "filters/shape.h"
#include "filters/transform.h"

struct sl_transforms {
    const struct sl_table_rule *rules; /* borrowed */
    size_t count;
    struct sl_transform **items; /* one a rule, NULL where it has none or none was needed yet */
    struct sl_mapper_stats *stats;
    sl_notice_fn notice; /* may be NULL */
    void *notice_user;
};

void sl_transforms_release(struct sl_transforms *transforms);

/* Sets shape->transform as its rule wants it. SL_EINVAL, SL_ENOMEM. */
int sl_transforms_give(struct sl_transforms *transforms, struct sl_shape *shape,
                       struct sl_err *err) SL_MUSTCHECK;

#endif
