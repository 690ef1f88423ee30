/*
 * facet.h - the facets of a rule (cdc/mapper.h): its key template, and those of its indexes; and
 * the mapper's calls about them that any thread may make.
 */
#ifndef SLUICE_FILTERS_FACET_H
#define SLUICE_FILTERS_FACET_H

#include "cdc/mapper.h"
#include "filters/options.h"
#include "filters/row_filter.h"

static inline uint32_t sl_rule_facets(const struct sl_table_rule *rule)
{
    return 1 + (uint32_t)rule->index_count;
}

/* The template that the Redis keys of FACET are made by. */
static inline const char *sl_rule_template(const struct sl_table_rule *rule, uint32_t facet)
{
    return facet == 0 ? rule->key_template : rule->indexes[facet - 1].key;
}

/* True when TEXT is one of them. */
bool sl_rule_has_template(const struct sl_table_rule *rule, const char *text);

/* True when a name that RULE gives rows has {PLACEHOLDER}, not rewritten: a key, or a member. */
bool sl_rule_names(const struct sl_table_rule *rule, const char *placeholder);

uint32_t sl_facet_count(struct sl_mapper *mapper, const struct sl_table *table);
bool sl_facet_has_members(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet);
int sl_facet_parse(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet,
                   struct sl_span name, struct sl_arena *arena, struct sl_cell *cells) SL_MUSTCHECK;
struct sl_key_pattern *sl_facet_pattern(struct sl_mapper *mapper, const struct sl_table *table,
                                        uint32_t facet);
/* The items of a row, which the filter judges. */
int sl_facet_items(struct sl_row_filter *filter, const struct sl_table *table, uint32_t facet,
                   const struct sl_cell *cells, sl_item_fn each, void *user,
                   struct sl_err *err) SL_MUSTCHECK;

#endif
