/*
 * facet.h - the facets of a rule (cdc/mapper.h): its key template, those of its indexes, and last
 * that of the parts of rows; and the mapper's calls about them that any thread may make.
 */
#ifndef SLUICE_FILTERS_FACET_H
#define SLUICE_FILTERS_FACET_H

#include "cdc/mapper.h"
#include "filters/options.h"
#include "filters/row_filter.h"

static inline uint32_t sl_rule_facets(const struct sl_table_rule *rule)
{
    return 1 + (uint32_t)rule->index_count + (rule->part_template != NULL);
}

/* The index that FACET is of; NULL: rows' own keys, or their parts. */
static inline const struct sl_row_index *sl_rule_index(const struct sl_table_rule *rule,
                                                       uint32_t facet)
{
    return facet > 0 && facet <= rule->index_count ? &rule->indexes[facet - 1] : NULL;
}

/* The facet of parts; 0: rows have none. */
static inline uint32_t sl_rule_part_facet(const struct sl_table_rule *rule)
{
    return rule->part_template != NULL ? 1 + (uint32_t)rule->index_count : 0;
}

/* The template that the Redis keys of FACET are made by. */
static inline const char *sl_rule_template(const struct sl_table_rule *rule, uint32_t facet)
{
    const struct sl_row_index *index = sl_rule_index(rule, facet);

    if (index != NULL) {
        return index->key;
    }
    return facet == 0 ? rule->key_template : rule->part_template;
}

/* The template of keys as the user wrote it. */
static inline const char *sl_rule_key(const struct sl_table_rule *rule)
{
    return rule->part_template != NULL ? rule->part_template : rule->key_template;
}

/* True when TEXT is one of them. */
bool sl_rule_has_template(const struct sl_table_rule *rule, const char *text);

/* True when a name that RULE gives rows has {PLACEHOLDER}, not rewritten: a key, or a member. */
bool sl_rule_names(const struct sl_table_rule *rule, const char *placeholder);

uint32_t sl_facet_count(struct sl_mapper *mapper, const struct sl_table *table);
bool sl_facet_has_members(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet);
bool sl_facet_holds_nothing(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet);
int sl_facet_parse(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet,
                   struct sl_span name, struct sl_arena *arena, struct sl_cell *cells) SL_MUSTCHECK;
struct sl_key_pattern *sl_facet_pattern(struct sl_mapper *mapper, const struct sl_table *table,
                                        uint32_t facet);
/* The items of a row, which the filter judges. */
int sl_facet_items(struct sl_row_filter *filter, const struct sl_table *table, uint32_t facet,
                   const struct sl_cell *cells, sl_item_fn each, void *user,
                   struct sl_err *err) SL_MUSTCHECK;

#endif
