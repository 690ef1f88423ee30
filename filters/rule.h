/*
 * rule.h - which rule a table falls under: the first whose pattern matches.
 */
#ifndef SLUICE_FILTERS_RULE_H
#define SLUICE_FILTERS_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/span.h"
#include "filters/options.h"

/* * stands for any characters, none too; ? for exactly one UTF-8 character. */
bool sl_glob_matches(const char *glob, struct sl_span text);

/* The first of COUNT rules that matches DB.TABLE, or NULL. */
const struct sl_table_rule *sl_rule_find(const struct sl_table_rule *rules, size_t count,
                                         struct sl_span db, struct sl_span table);

#endif
