/*
 * key_facets.h - the keys of all facets of a rule (facet.h) as one pattern: what goes with a table.
 */
#ifndef SLUICE_FILTERS_KEY_FACETS_H
#define SLUICE_FILTERS_KEY_FACETS_H

#include "filters/key.h"

/* As sl_key_pattern_new(), of every template of RULE. */
struct sl_key_pattern *sl_key_union_new(const struct sl_table_rule *rule, struct sl_span db,
                                        struct sl_span table, uint32_t pk_count);
/* As sl_key_pattern_of_tables(), likewise; TABLES' own template is of no interest. */
struct sl_key_pattern *sl_key_union_of_tables(const struct sl_key_tables *tables);

#endif
