/*
 * rule_digest.h - all of a rule that the keys and values of its tables depend on, as a SHA-256:
 * rules with the same digest make the same of the same rows. Secrets cannot be read from it.
 */
#ifndef SLUICE_FILTERS_RULE_DIGEST_H
#define SLUICE_FILTERS_RULE_DIGEST_H

#include "cdc/rule_record.h"
#include "filters/options.h"

/* SL_ENOMEM. */
int sl_rule_digest(const struct sl_table_rule *rule,
                   char digest[SL_RULE_DIGEST_LEN + 1]) SL_MUSTCHECK;
/* Of COUNT RULES, in order, with what they match. */
int sl_rules_digest(const struct sl_table_rule *rules, size_t count,
                    char digest[SL_RULE_DIGEST_LEN + 1]) SL_MUSTCHECK;

/* The word for SL_VALUE_HASH and so on that records have as their form. */
const char *sl_rule_form(const struct sl_table_rule *rule);

#endif
