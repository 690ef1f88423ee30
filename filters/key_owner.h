/*
 * key_owner.h - whose a key is, where templates make keys of several tables alike ("order:{id}"
 * for shop.order_*): what may go because one table has no such row.
 */
#ifndef SLUICE_FILTERS_KEY_OWNER_H
#define SLUICE_FILTERS_KEY_OWNER_H

#include "cdc/batch.h"
#include "cdc/column.h"
#include "filters/options.h"

/* True when the template TEXT has {PLACEHOLDER}, not rewritten. */
bool sl_key_names(const char *text, const char *placeholder);

/* True when keys, of any facet, of tables under RULE do not tell their database, or (ONE_TABLE)
 * their table, though there may be several. */
bool sl_key_is_shared(const struct sl_table_rule *rule, bool one_table);

/* True when another of COUNT RULES has a template of RULE, and it names no table; but not where
 * both invalidate. */
bool sl_key_has_double(const struct sl_table_rule *rules, size_t count,
                       const struct sl_table_rule *rule);

/*
 * The pattern of the keys that RULE, one of COUNT RULES, makes of all its tables, in all facets: if
 * these are of several databases, in DB, as the keys in others have their name in them. The rules
 * are borrowed for its life. NULL when out of memory.
 */
struct sl_key_pattern *sl_key_pattern_of_rule(const struct sl_table_rule *rules, size_t count,
                                              const struct sl_table_rule *rule, struct sl_span db);

/*
 * The pattern of the keys that rows of TABLE can have in FACET under OWN, one of COUNT RULES, and
 * in no other facet, nor rows of another chosen table in any; of a facet with members, the pattern
 * of their names (cdc/item.h). The rules are borrowed for its life. NULL when out of memory.
 */
struct sl_key_pattern *sl_key_owner_pattern(const struct sl_table_rule *rules, size_t count,
                                            const struct sl_table_rule *own, uint32_t facet,
                                            const struct sl_table *table);

#endif
