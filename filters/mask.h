/*
 * mask.h - what the cache shows of a column that it must not show as it is.
 */
#ifndef SLUICE_FILTERS_MASK_H
#define SLUICE_FILTERS_MASK_H

#include "cdc/base/buf.h"
#include "filters/options.h"

/*
 * Replaces the text that OUT holds from AT on, of a value that is not NULL, by what MASK (any kind
 * but SL_MASK_NULL) shows of it: UTF-8. SL_ENOMEM.
 */
int sl_mask_tail(const struct sl_column_mask *mask, struct sl_buf *out, size_t at) SL_MUSTCHECK;

#endif
