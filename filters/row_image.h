/*
 * row_image.h - is what a change says of a row enough to write it from?
 */
#ifndef SLUICE_FILTERS_ROW_IMAGE_H
#define SLUICE_FILTERS_ROW_IMAGE_H

#include <stdbool.h>

#include "filters/shape.h"

enum sl_image {
    SL_IMAGE_WHOLE,   /* every chosen column can be rendered */
    SL_IMAGE_PARTIAL, /* some are absent */
    SL_IMAGE_LOST,    /* a partial JSON value without the document it builds on */
};

/* CELLS are the image, BASE the one before or NULL. */
enum sl_image sl_image_judge(const struct sl_shape *shape, const struct sl_cell *cells,
                             const struct sl_cell *base);

/* Can a part of the row be merged into what its key holds? */
bool sl_image_can_merge(const struct sl_shape *shape, enum sl_op op, bool key_moved);

/* True when a chosen column is a partial JSON value. */
bool sl_image_has_diffs(const struct sl_shape *shape, const struct sl_cell *cells);

#endif
