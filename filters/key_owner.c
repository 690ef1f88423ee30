#include "filters/key_owner.h"

#include <stdlib.h>

#include "cdc/item.h"
#include "filters/facet.h"
#include "filters/key.h"
#include "filters/key_facets.h"
#include "filters/key_text.h"
#include "filters/rule.h"

/* A facet. */
struct part {
    struct sl_key_pattern *keys;
    struct sl_key_pattern *members; /* NULL: it has none */
};

struct owner_pattern {
    struct sl_key_pattern base; /* first: the two are cast into each other */
    struct part own;
    struct part *others;
    size_t count;
    bool is_shared;        /* no key is certain */
    bool is_member_shared; /* no member of a set that others have members in, too */
};

bool sl_key_names(const char *text, const char *placeholder)
{
    struct sl_span rest = sl_span_make(text, strlen(text));
    struct sl_key_token token;

    while (sl_key_next(&rest, &token, NULL) == SL_OK) {
        if (token.is_placeholder && !token.is_rewritten &&
            sl_span_equals(token.text, placeholder)) {
            return true;
        }
    }
    return false;
}

/* MORE, too, tells databases and tables; NULL: nothing does. */
static bool is_shared(const struct sl_table_rule *rule, const char *text, const char *more,
                      bool one_table)
{
    bool names_db = sl_key_names(text, "db") || (more != NULL && sl_key_names(more, "db"));
    bool names_table = sl_key_names(text, "table") || (more != NULL && sl_key_names(more, "table"));

    return (sl_rule_spans_databases(rule) && !names_db) ||
           (one_table && sl_rule_spans_tables(rule) && !names_table);
}

bool sl_key_is_shared(const struct sl_table_rule *rule, bool one_table)
{
    for (uint32_t i = 0; i < sl_rule_facets(rule); i++) {
        if (is_shared(rule, sl_rule_template(rule, i), NULL, one_table)) {
            return true;
        }
    }
    return false;
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

static bool has_double(const struct sl_table_rule *rules, size_t count,
                       const struct sl_table_rule *rule, const char *text)
{
    for (size_t i = 0; i < count && !sl_key_names(text, "table"); i++) {
        if (&rules[i] != rule && has_keys(&rules[i]) && !may_both_go(rule, &rules[i]) &&
            sl_rule_has_template(&rules[i], text)) {
            return true;
        }
    }
    return false;
}

bool sl_key_has_double(const struct sl_table_rule *rules, size_t count,
                       const struct sl_table_rule *rule)
{
    for (uint32_t i = 0; i < sl_rule_facets(rule); i++) {
        if (has_double(rules, count, rule, sl_rule_template(rule, i))) {
            return true;
        }
    }
    return false;
}

static bool has_key(const struct part *part, struct sl_span key)
{
    return part->keys->matches(part->keys, key);
}

static bool has_member(const struct part *part, struct sl_span key, struct sl_span member)
{
    return has_key(part, key) &&
           (part->members == NULL || part->members->matches(part->members, member));
}

static bool matches_key(const struct sl_key_pattern *base, struct sl_span key)
{
    const struct owner_pattern *pattern = (const struct owner_pattern *)base;

    if (pattern->is_shared || !has_key(&pattern->own, key)) {
        return false;
    }
    for (size_t i = 0; i < pattern->count; i++) {
        if (has_key(&pattern->others[i], key)) {
            return false;
        }
    }
    return true;
}

/* All that is in a set of one's own; of what is in others', too, what is told apart. */
static bool matches_member(const struct sl_key_pattern *base, struct sl_span name)
{
    const struct owner_pattern *pattern = (const struct owner_pattern *)base;
    struct sl_span key = {0};
    struct sl_span member = {0};

    if (sl_item_split_member(name, &key, &member) != SL_OK) {
        return false;
    }
    if (matches_key(base, key)) {
        return true;
    }
    if (pattern->is_member_shared || !has_member(&pattern->own, key, member)) {
        return false;
    }
    for (size_t i = 0; i < pattern->count; i++) {
        if (has_member(&pattern->others[i], key, member)) {
            return false;
        }
    }
    return true;
}

static void free_part(const struct part *part)
{
    if (part->keys != NULL) {
        part->keys->free(part->keys);
    }
    if (part->members != NULL) {
        part->members->free(part->members);
    }
}

static void free_pattern(struct sl_key_pattern *base)
{
    struct owner_pattern *pattern = (struct owner_pattern *)base;

    for (size_t i = 0; i < pattern->count; i++) {
        free_part(&pattern->others[i]);
    }
    free_part(&pattern->own);
    free(pattern->others);
    free(pattern);
}

/* The template of the members of FACET; NULL: it has none. */
static const char *member_template(const struct sl_table_rule *rule, uint32_t facet)
{
    const struct sl_row_index *index = sl_rule_index(rule, facet);

    return index != NULL && index->is_set ? index->value : NULL;
}

struct sl_key_pattern *sl_key_pattern_of_rule(const struct sl_table_rule *rules, size_t count,
                                              const struct sl_table_rule *rule, struct sl_span db)
{
    const struct sl_key_tables tables = {
        .rules = rules,
        .count = count,
        .rule = rule,
        .db = sl_rule_spans_databases(rule)
                  ? db
                  : sl_span_make(rule->db_pattern, strlen(rule->db_pattern))};

    return sl_key_union_of_tables(&tables);
}

/* A rule for several databases has keys like those of this one, if any, with its name in them. */
static int fill_other(const struct sl_key_tables *all, uint32_t facet, struct part *part)
{
    struct sl_key_tables tables = *all;
    const char *db = tables.rule->db_pattern;

    if (!sl_rule_spans_databases(tables.rule)) {
        tables.db = sl_span_make(db, strlen(db));
    }
    tables.text = sl_rule_template(tables.rule, facet);
    part->keys = sl_key_pattern_of_tables(&tables);
    tables.text = member_template(tables.rule, facet);
    if (part->keys == NULL || tables.text == NULL) {
        return part->keys != NULL ? SL_OK : SL_ENOMEM;
    }
    part->members = sl_key_pattern_of_tables(&tables);
    return part->members != NULL ? SL_OK : SL_ENOMEM;
}

static int add_other(struct owner_pattern *pattern, const struct sl_key_tables *tables,
                     uint32_t facet)
{
    struct part *others = realloc(pattern->others, (pattern->count + 1) * sizeof(*others));

    if (others == NULL) {
        return SL_ENOMEM;
    }
    pattern->others = others;
    others[pattern->count] = (struct part){0};
    return fill_other(tables, facet, &others[pattern->count++]);
}

/* Every facet of every rule but FACET of OWN itself. */
static int add_others(struct owner_pattern *pattern, const struct sl_key_tables *tables,
                      const struct sl_table_rule *own, uint32_t facet)
{
    struct sl_key_tables other = *tables;

    for (size_t i = 0; i < tables->count; i++) {
        other.rule = &tables->rules[i];
        for (uint32_t j = 0; has_keys(other.rule) && j < sl_rule_facets(other.rule); j++) {
            if ((other.rule != own || j != facet) && add_other(pattern, &other, j) != SL_OK) {
                return SL_ENOMEM;
            }
        }
    }
    return SL_OK;
}

static int fill_own(struct owner_pattern *pattern, const struct sl_table_rule *own, uint32_t facet,
                    const struct sl_table *table)
{
    const char *text = sl_rule_template(own, facet);
    const char *member = member_template(own, facet);
    struct part *part = &pattern->own;

    pattern->is_shared = is_shared(own, text, NULL, true);
    pattern->is_member_shared = is_shared(own, text, member, true);
    part->keys = sl_key_pattern_new(text, table->db, table->name, table->key_count);
    if (part->keys == NULL || member == NULL) {
        return part->keys != NULL ? SL_OK : SL_ENOMEM;
    }
    part->members = sl_key_pattern_new(member, table->db, table->name, table->key_count);
    return part->members != NULL ? SL_OK : SL_ENOMEM;
}

struct sl_key_pattern *sl_key_owner_pattern(const struct sl_table_rule *rules, size_t count,
                                            const struct sl_table_rule *own, uint32_t facet,
                                            const struct sl_table *table)
{
    const struct sl_key_tables tables = {.rules = rules, .count = count, .db = table->db};
    struct owner_pattern *pattern = calloc(1, sizeof(*pattern));

    if (pattern == NULL) {
        return NULL;
    }
    if (fill_own(pattern, own, facet, table) != SL_OK ||
        add_others(pattern, &tables, own, facet) != SL_OK) {
        free_pattern(&pattern->base);
        return NULL;
    }
    pattern->base = (struct sl_key_pattern){.glob = pattern->own.keys->glob,
                                            .matches = pattern->own.members != NULL ? matches_member
                                                                                    : matches_key,
                                            .free = free_pattern};
    return &pattern->base;
}
