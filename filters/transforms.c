#include "filters/transforms.h"

#include <stdlib.h>

void sl_transforms_release(struct sl_transforms *transforms)
{
    for (size_t i = 0; transforms->items != NULL && i < transforms->count; i++) {
        sl_transform_free(transforms->items[i]);
    }
    free(transforms->items);
    transforms->items = NULL;
}

static int compile(struct sl_transforms *transforms, size_t number, struct sl_err *err)
{
    struct sl_transform **item;
    int rc;

    if (transforms->items == NULL) {
        transforms->items = calloc(transforms->count, sizeof(struct sl_transform *));
    }
    if (transforms->items == NULL) {
        return SL_ENOMEM;
    }
    item = &transforms->items[number];
    if (*item != NULL) {
        return SL_OK;
    }
    rc = sl_transform_new(&transforms->rules[number], item, err);
    if (rc == SL_OK) {
        sl_transform_tell(*item, transforms->stats, transforms->notice, transforms->notice_user);
    }
    return rc;
}

int sl_transforms_give(struct sl_transforms *transforms, struct sl_shape *shape, struct sl_err *err)
{
    size_t number = (size_t)(shape->rule - transforms->rules);
    int rc;

    if (shape->rule->transform == NULL) {
        return SL_OK;
    }
    rc = compile(transforms, number, err);
    if (rc == SL_OK) {
        shape->transform = transforms->items[number];
    }
    return rc;
}
