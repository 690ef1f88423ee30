/*
 * check_keys.c - entries whose keys are alike.
 */
#include <stdio.h>

#include "conf/loader.h"
#include "filters/key_alike.h"

static bool has_keys(const struct sl_table_rule *rule)
{
    return !rule->skip && rule->pattern != NULL && rule->key_template != NULL;
}

/* Keys that others fill may be removed for rows of both, and streams have none. */
static bool may_clash(const struct sl_table_rule *a, const struct sl_table_rule *b)
{
    return has_keys(a) && has_keys(b) && a->value != SL_VALUE_STREAM &&
           b->value != SL_VALUE_STREAM &&
           (a->value != SL_VALUE_INVALIDATE || b->value != SL_VALUE_INVALIDATE);
}

/* The first entry before NUMBER with keys like it; NUMBER: there is none. */
static size_t find_alike(const struct sl_config *config, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        if (may_clash(&config->tables[i], &config->tables[number]) &&
            sl_keys_are_alike(&config->tables[i], &config->tables[number])) {
            return i;
        }
    }
    return number;
}

/* No error: parts of a sharded table may be put together, if their rows have no keys in common. */
void sl_conf_check_keys(struct sl_conf_loader *loader)
{
    const struct sl_config *config = loader->config;

    for (size_t i = 0; i < config->table_count; i++) {
        size_t other = find_alike(config, i);

        if (other < i) {
            (void)sl_err_list_add(
                &loader->config->warnings, SL_EINVAL,
                "tables[%zu].key: rows of \"%.80s\" overwrite those of tables[%zu], \"%.80s\", "
                "with the same values, as the templates make the same keys: put {table} into the "
                "key, unless no two rows of them have the same values",
                i, config->tables[i].pattern, other, config->tables[other].pattern);
        }
    }
}
