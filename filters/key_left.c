#include "filters/key_left.h"

#include <stdlib.h>
#include <string.h>

#include "filters/facet.h"
#include "filters/key.h"
#include "filters/key_facets.h"
#include "filters/key_owner.h"
#include "filters/rule.h"

struct left_pattern {
    struct sl_key_pattern base; /* first: the two are cast into each other */
    struct sl_key_pattern *old; /* by the template of yesterday */
    struct sl_key_pattern *now; /* of the table by its rule of today; NULL: it has none */
    struct sl_key_pattern **others;
    size_t count;
    size_t own; /* the number among others of the table's own rule */
};

static bool is_of_others(const struct left_pattern *pattern, struct sl_span key)
{
    for (size_t i = 0; i < pattern->count; i++) {
        const struct sl_key_pattern *other = pattern->others[i];
        bool is_mine =
            i == pattern->own && pattern->now != NULL && pattern->now->matches(pattern->now, key);

        if (!is_mine && other->matches(other, key)) {
            return true;
        }
    }
    return false;
}

static bool matches(const struct sl_key_pattern *base, struct sl_span key)
{
    const struct left_pattern *pattern = (const struct left_pattern *)base;

    return pattern->old->matches(pattern->old, key) && !is_of_others(pattern, key);
}

static void free_part(struct sl_key_pattern *part)
{
    if (part != NULL) {
        part->free(part);
    }
}

static void free_pattern(struct sl_key_pattern *base)
{
    struct left_pattern *pattern = (struct left_pattern *)base;

    for (size_t i = 0; i < pattern->count; i++) {
        free_part(pattern->others[i]);
    }
    free(pattern->others);
    free_part(pattern->old);
    free_part(pattern->now);
    free(pattern);
}

/* A rule that does not tell its tables apart has keys of others that look like the table's: they
 * are the same keys only if it makes them as yesterday's did, and then all of them go. */
static bool knows_own(const struct sl_left_keys *left)
{
    return left->own != NULL &&
           (!sl_key_is_shared(left->own, true) || sl_rule_has_template(left->own, left->text));
}

static int add_others(struct left_pattern *pattern, const struct sl_table_rule *rules, size_t count,
                      const struct sl_left_keys *left)
{
    for (size_t i = 0; i < count; i++) {
        struct sl_key_pattern *other;

        if (rules[i].skip) {
            continue;
        }
        if (&rules[i] == left->own) {
            pattern->own = pattern->count;
        }
        other = sl_key_pattern_of_rule(rules, count, &rules[i], left->db);
        if (other == NULL) {
            return SL_ENOMEM;
        }
        pattern->others[pattern->count++] = other;
    }
    return SL_OK;
}

static int fill(struct left_pattern *pattern, const struct sl_table_rule *rules, size_t count,
                const struct sl_left_keys *left)
{
    pattern->own = SIZE_MAX;
    pattern->old = sl_key_pattern_new(left->text, left->db, left->table, left->pk_count);
    pattern->others = calloc(count + 1, sizeof(struct sl_key_pattern *));
    if (pattern->old == NULL || pattern->others == NULL) {
        return SL_ENOMEM;
    }
    if (knows_own(left)) {
        pattern->now = sl_key_union_new(left->own, left->db, left->table, 0);
        if (pattern->now == NULL) {
            return SL_ENOMEM;
        }
    }
    return add_others(pattern, rules, count, left);
}

struct sl_key_pattern *sl_key_left_pattern(const struct sl_table_rule *rules, size_t count,
                                           const struct sl_left_keys *left)
{
    struct left_pattern *pattern = calloc(1, sizeof(*pattern));

    if (pattern == NULL) {
        return NULL;
    }
    if (fill(pattern, rules, count, left) != SL_OK) {
        free_pattern(&pattern->base);
        return NULL;
    }
    pattern->base = (struct sl_key_pattern){
        .glob = pattern->old->glob, .matches = matches, .free = free_pattern};
    return &pattern->base;
}

bool sl_key_left_is_shared(const struct sl_table_rule *rules, size_t count,
                           const struct sl_left_keys *left)
{
    for (size_t i = 0; i < count && !sl_key_names(left->text, "table"); i++) {
        bool is_alone = &rules[i] == left->own && !sl_rule_spans_tables(&rules[i]);

        if (!rules[i].skip && !is_alone && sl_rule_has_template(&rules[i], left->text)) {
            return true;
        }
    }
    return false;
}
