/*
 * rule_judge.h - the configured rules against what the keys of tables were made with
 * (cdc/rule_judge.h).
 */
#ifndef SLUICE_FILTERS_RULE_JUDGE_H
#define SLUICE_FILTERS_RULE_JUDGE_H

#include "cdc/rule_judge.h"
#include "filters/options.h"

/* The RULES are borrowed for the judge's life. NULL when out of memory. Free with
 * judge->ops->free(). */
struct sl_rule_judge *sl_rule_judge_new(const struct sl_table_rule *rules, size_t count);

#endif
