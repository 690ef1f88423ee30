#include "filters/key_owner.h"

#include <stdlib.h>

#include "filters/key.h"
#include "filters/key_text.h"
#include "filters/rule.h"

struct owner_pattern {
    struct sl_key_pattern base; /* first: the two are cast into each other */
    struct sl_key_pattern *own;
    struct sl_key_pattern **others;
    size_t count;
    bool is_shared; /* no key is certain */
};

bool sl_key_names(const struct sl_table_rule *rule, const char *placeholder)
{
    struct sl_span rest = sl_span_make(rule->key_template, strlen(rule->key_template));
    struct sl_key_token token;

    while (sl_key_next(&rest, &token, NULL) == SL_OK) {
        if (token.is_placeholder && !token.is_rewritten &&
            sl_span_equals(token.text, placeholder)) {
            return true;
        }
    }
    return false;
}

bool sl_key_is_shared(const struct sl_table_rule *rule, bool one_table)
{
    return (sl_rule_spans_databases(rule) && !sl_key_names(rule, "db")) ||
           (one_table && sl_rule_spans_tables(rule) && !sl_key_names(rule, "table"));
}

static bool has_keys(const struct sl_table_rule *rule)
{
    return !rule->skip && rule->value != SL_VALUE_STREAM;
}

/* Keys that others fill may go at any time. */
static bool may_both_go(const struct sl_table_rule *a, const struct sl_table_rule *b)
{
    return a->value == SL_VALUE_INVALIDATE && b->value == SL_VALUE_INVALIDATE;
}

bool sl_key_has_double(const struct sl_table_rule *rules, size_t count,
                       const struct sl_table_rule *rule)
{
    for (size_t i = 0; i < count && !sl_key_names(rule, "table"); i++) {
        if (&rules[i] != rule && has_keys(&rules[i]) && !may_both_go(rule, &rules[i]) &&
            strcmp(rules[i].key_template, rule->key_template) == 0) {
            return true;
        }
    }
    return false;
}

static bool matches(const struct sl_key_pattern *base, struct sl_span key)
{
    const struct owner_pattern *pattern = (const struct owner_pattern *)base;

    if (pattern->is_shared || !pattern->own->matches(pattern->own, key)) {
        return false;
    }
    for (size_t i = 0; i < pattern->count; i++) {
        if (pattern->others[i]->matches(pattern->others[i], key)) {
            return false;
        }
    }
    return true;
}

static void free_pattern(struct sl_key_pattern *base)
{
    struct owner_pattern *pattern = (struct owner_pattern *)base;

    for (size_t i = 0; i < pattern->count; i++) {
        pattern->others[i]->free(pattern->others[i]);
    }
    if (pattern->own != NULL) {
        pattern->own->free(pattern->own);
    }
    free(pattern->others);
    free(pattern);
}

struct sl_key_pattern *sl_key_pattern_of_rule(const struct sl_table_rule *rules, size_t count,
                                              const struct sl_table_rule *rule, struct sl_span db)
{
    const struct sl_key_tables tables = {
        rules, count, rule,
        sl_rule_spans_databases(rule) ? db
                                      : sl_span_make(rule->db_pattern, strlen(rule->db_pattern))};

    return sl_key_pattern_of_tables(&tables);
}

static int add_others(struct owner_pattern *pattern, const struct sl_table_rule *rules,
                      size_t count, const struct sl_table_rule *own, struct sl_span db)
{
    for (size_t i = 0; i < count; i++) {
        struct sl_key_pattern *other;

        if (&rules[i] == own || !has_keys(&rules[i])) {
            continue;
        }
        other = sl_key_pattern_of_rule(rules, count, &rules[i], db);
        if (other == NULL) {
            return SL_ENOMEM;
        }
        pattern->others[pattern->count++] = other;
    }
    return SL_OK;
}

struct sl_key_pattern *sl_key_owner_pattern(const struct sl_table_rule *rules, size_t count,
                                            const struct sl_table_rule *own,
                                            const struct sl_table *table)
{
    struct owner_pattern *pattern = calloc(1, sizeof(*pattern));

    if (pattern == NULL) {
        return NULL;
    }
    pattern->is_shared = sl_key_is_shared(own, true);
    pattern->own = sl_key_pattern_new(own->key_template, table->db, table->name, table->key_count);
    pattern->others = calloc(count + 1, sizeof(struct sl_key_pattern *));
    if (pattern->own == NULL || pattern->others == NULL ||
        add_others(pattern, rules, count, own, table->db) != SL_OK) {
        free_pattern(&pattern->base);
        return NULL;
    }
    pattern->base = (struct sl_key_pattern){
        .glob = pattern->own->glob, .matches = matches, .free = free_pattern};
    return &pattern->base;
}
