/*
 * key_alike.h - rules that give rows of different tables the same keys.
 */
#ifndef SLUICE_FILTERS_KEY_ALIKE_H
#define SLUICE_FILTERS_KEY_ALIKE_H

#include <stdbool.h>

#include "filters/options.h"

/*
 * True when a row of a table under A and one of another table under B have the same key as soon as
 * their values are the same: what their templates have around the values is the same, whatever the
 * columns are called. Not told of names that are rewritten, as they may come out different.
 */
bool sl_keys_are_alike(const struct sl_table_rule *a, const struct sl_table_rule *b);

#endif
