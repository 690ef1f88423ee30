#include "filters/key_facets.h"

#include "cdc/key_union.h"
#include "filters/facet.h"

typedef struct sl_key_pattern *(*part_fn)(const void *user, const char *text);

static struct sl_key_pattern *make(const struct sl_table_rule *rule, part_fn part, const void *user)
{
    struct sl_key_pattern *all = part(user, sl_rule_template(rule, 0));

    for (uint32_t i = 1; all != NULL && i < sl_rule_facets(rule); i++) {
        struct sl_key_pattern *more = part(user, sl_rule_template(rule, i));

        if (more == NULL) {
            all->free(all);
            return NULL;
        }
        all = sl_key_pattern_join(all, more);
    }
    return all;
}

struct of_table {
    struct sl_span db;
    struct sl_span table;
    uint32_t pk_count;
};

static struct sl_key_pattern *part_of_table(const void *user, const char *text)
{
    const struct of_table *of = user;

    return sl_key_pattern_new(text, of->db, of->table, of->pk_count);
}

struct sl_key_pattern *sl_key_union_new(const struct sl_table_rule *rule, struct sl_span db,
                                        struct sl_span table, uint32_t pk_count)
{
    const struct of_table of = {.db = db, .table = table, .pk_count = pk_count};

    return make(rule, part_of_table, &of);
}

static struct sl_key_pattern *part_of_tables(const void *user, const char *text)
{
    struct sl_key_tables tables = *(const struct sl_key_tables *)user;

    tables.text = text;
    return sl_key_pattern_of_tables(&tables);
}

struct sl_key_pattern *sl_key_union_of_tables(const struct sl_key_tables *tables)
{
    return make(tables->rule, part_of_tables, tables);
}
