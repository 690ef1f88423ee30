/*
 * change_image.h - a row image as a JSON object, with what it has: of a change nothing can be read
 * again.
 */
#ifndef SLUICE_FILTERS_CHANGE_IMAGE_H
#define SLUICE_FILTERS_CHANGE_IMAGE_H

#include "filters/encode.h"

/*
 * Appends the chosen columns of ROW as encode.h makes them, without absent ones. Columns of which
 * ROW has but a partial JSON value that cannot be applied are left out, too, and their names added
 * to PARTIAL: the JSON list ["a","b" without its end, as long as it is empty nothing.
 */
int sl_change_image(const struct sl_shape *shape, struct sl_row row, struct sl_buf *out,
                    struct sl_buf *partial, struct sl_err *err) SL_MUSTCHECK;

#endif
