#include "filters/facet.h"

#include <string.h>

#include "filters/key_owner.h"
#include "filters/key_parse.h"
#include "filters/part_entry.h"
#include "filters/shape.h"

bool sl_rule_has_template(const struct sl_table_rule *rule, const char *text)
{
    for (uint32_t i = 0; i < sl_rule_facets(rule); i++) {
        if (strcmp(sl_rule_template(rule, i), text) == 0) {
            return true;
        }
    }
    return false;
}

bool sl_rule_names(const struct sl_table_rule *rule, const char *placeholder)
{
    if (sl_key_names(rule->key_template, placeholder)) {
        return true;
    }
    for (size_t i = 0; i < rule->index_count; i++) {
        const struct sl_row_index *index = &rule->indexes[i];

        if (sl_key_names(index->key, placeholder) ||
            (index->is_set && sl_key_names(index->value, placeholder))) {
            return true;
        }
    }
    return false;
}

/* NULL: FACET is of rows' own keys, or of their parts. */
static const struct sl_index *index_of(const struct sl_table *table, uint32_t facet)
{
    const struct sl_shape *shape = table->user;

    return sl_rule_index(shape->rule, facet) != NULL ? &shape->indexes->items[facet - 1] : NULL;
}

uint32_t sl_facet_count(struct sl_mapper *mapper, const struct sl_table *table)
{
    const struct sl_shape *shape = table->user;

    (void)mapper;
    return sl_rule_facets(shape->rule);
}

bool sl_facet_has_members(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet)
{
    const struct sl_index *index = index_of(table, facet);

    (void)mapper;
    return index != NULL && index->options->is_set;
}

bool sl_facet_holds_nothing(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet)
{
    const struct sl_shape *shape = table->user;

    (void)mapper;
    return facet == 0 && shape->rule->part_template != NULL;
}

int sl_facet_parse(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet,
                   struct sl_span name, struct sl_arena *arena, struct sl_cell *cells)
{
    const struct sl_shape *shape = table->user;
    const struct sl_index *index = index_of(table, facet);

    (void)mapper;
    if (index != NULL) {
        return sl_index_parse(index, table, name, arena, cells);
    }
    return sl_key_parse(facet == 0 ? &shape->key : &shape->part_key, table, name, arena, cells);
}

struct sl_key_pattern *sl_facet_pattern(struct sl_mapper *mapper, const struct sl_table *table,
                                        uint32_t facet)
{
    const struct sl_shape *shape = table->user;

    (void)mapper;
    return sl_key_pattern_new(sl_rule_template(shape->rule, facet), table->db, table->name,
                              table->key_count);
}

/* ---- items ---- */

static int own_key(const struct sl_table *table, const struct sl_cell *cells, sl_item_fn each,
                   void *user, struct sl_err *err)
{
    const struct sl_shape *shape = table->user;
    struct sl_buf key = {0};
    int rc = sl_key_render(&shape->key, table, cells, NULL, &key, err);

    if (rc == SL_OK) {
        const struct sl_item item = {.name = sl_item_key(sl_span_make(key.data, key.len))};

        rc = each(user, &item);
    }
    sl_buf_release(&key);
    return rc;
}

static int index_item(const struct sl_index *index, const struct sl_table *table,
                      const struct sl_cell *cells, sl_item_fn each, void *user, struct sl_err *err)
{
    struct sl_index_item made = {0};
    int rc = sl_index_render(index, table, cells, NULL, &made, err);

    if (rc == SL_OK && made.is_there) {
        const struct sl_item item = sl_index_view(index, &made);

        rc = each(user, &item);
    }
    sl_index_item_release(&made);
    return rc;
}

int sl_facet_items(struct sl_row_filter *filter, const struct sl_table *table, uint32_t facet,
                   const struct sl_cell *cells, sl_item_fn each, void *user, struct sl_err *err)
{
    enum sl_verdict verdict;
    int rc = sl_row_filter_judge(filter, table, cells, NULL, &verdict, err);

    if (rc != SL_OK || verdict != SL_ROW_MATCHES) {
        return rc;
    }
    if (facet == 0) {
        return own_key(table, cells, each, user, err);
    }
    return index_of(table, facet) != NULL
               ? index_item(index_of(table, facet), table, cells, each, user, err)
               : sl_parts_list(table, cells, each, user, err);
}
