/*
 * rule.h - which rule a table falls under: the first whose pattern matches.
 */
#ifndef SLUICE_FILTERS_RULE_H
#define SLUICE_FILTERS_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/mapper.h"
#include "filters/options.h"

/* * stands for any characters, none too; ? for exactly one UTF-8 character. */
bool sl_glob_matches(const char *glob, struct sl_span text);

/*
 * *RULE is the first of COUNT rules that matches DB.TABLE, also one that leaves it out; NULL: none
 * does. SL_EINVAL: whether a rule's regular expression matches cannot be found out.
 */
int sl_rule_first(const struct sl_table_rule *rules, size_t count, struct sl_span db,
                  struct sl_span table, const struct sl_table_rule **rule,
                  struct sl_err *err) SL_MUSTCHECK;

/* The same, *RULE being NULL where that rule leaves the table out: the rule of a chosen table. */
int sl_rule_find(const struct sl_table_rule *rules, size_t count, struct sl_span db,
                 struct sl_span table, const struct sl_table_rule **rule,
                 struct sl_err *err) SL_MUSTCHECK;

/* Is a row of its tables a key of the sink's? */
bool sl_rule_keeps_rows(const struct sl_table_rule *rule);

/* True when one of COUNT rules is of the kind VALUE. */
bool sl_rules_have(const struct sl_table_rule *rules, size_t count, enum sl_value_kind value);

/* What of the table the sink has, by the first of COUNT rules that matches it; of one that none
 * chooses SL_KEEPS_ROWS, which it has none of. */
enum sl_keeping sl_rules_keeping(const struct sl_table_rule *rules, size_t count, struct sl_span db,
                                 struct sl_span table);

/* The longest redelete_ms of rules that invalidate; 0: no key is to be removed once more. */
uint64_t sl_rules_longest_redelete_ms(const struct sl_table_rule *rules, size_t count);

/* False when RULE chooses no table of the database DB, whatever its name. */
bool sl_rule_may_choose_in(const struct sl_table_rule *rule, struct sl_span db);

/* True when tables of different databases, or of different names, can fall under RULE. */
bool sl_rule_spans_databases(const struct sl_table_rule *rule);
bool sl_rule_spans_tables(const struct sl_table_rule *rule);

#endif
