/*
 * decimal_text.h - numbers as the server prints a DECIMAL: an optional sign, digits, and maybe a
 * point and digits. Compared exactly, whatever their length.
 */
#ifndef SLUICE_FILTERS_DECIMAL_TEXT_H
#define SLUICE_FILTERS_DECIMAL_TEXT_H

#include <stdbool.h>

#include "cdc/base/span.h"

/* *ORDER is -1, 0 or 1 as A is less than, equal to or greater than B; false, and *ORDER as it was,
 * when one of them is no such number. */
bool sl_decimal_compare(struct sl_span a, struct sl_span b, int *order);

#endif
