#include "filters/rule_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/key_union.h"
#include "filters/facet.h"
#include "filters/key.h"
#include "filters/key_left.h"
#include "filters/rule.h"
#include "filters/rule_digest.h"

struct judge {
    struct sl_rule_judge base; /* first: the two are cast into each other */
    const struct sl_table_rule *rules;
    size_t count;
};

static const struct judge *self_of(const struct sl_rule_judge *base)
{
    return (const struct judge *)base;
}

/* "hash/p+ks": rows have parts (p), what an index has are keys (k) or sets (s). */
static void fill_form(const struct sl_table_rule *rule, char form[SL_RULE_FORM_MAX])
{
    size_t len =
        (size_t)snprintf(form, SL_RULE_FORM_MAX, "%s%s%s", sl_rule_form(rule),
                         rule->part_template != NULL ? "/p" : "", rule->index_count > 0 ? "+" : "");

    for (size_t i = 0; i < rule->index_count && len + 1 < SL_RULE_FORM_MAX; i++) {
        form[len++] = rule->indexes[i].is_set ? 's' : 'k';
        form[len] = '\0';
    }
}

/* Indexes come last, so that one more leaves what is before them in its place. */
static const char *nth_template(const struct sl_table_rule *rule, uint32_t nth)
{
    uint32_t parts = sl_rule_part_facet(rule);

    if (parts == 0 || nth == 0) {
        return sl_rule_template(rule, nth);
    }
    return sl_rule_template(rule, nth == 1 ? parts : nth - 1);
}

static int fill(const struct sl_table_rule *rule, struct sl_rule_record *record)
{
    int rc = sl_rule_digest(rule, record->digest);

    fill_form(rule, record->form);
    for (uint32_t i = 0; rc == SL_OK && i < sl_rule_facets(rule); i++) {
        const char *text = nth_template(rule, i);

        rc = sl_rule_record_add_template(record, sl_span_make(text, strlen(text)));
    }
    return rc;
}

static int make_record(const struct sl_rule_judge *base, struct sl_span db, struct sl_span table,
                       struct sl_rule_record *record, struct sl_err *err)
{
    const struct judge *judge = self_of(base);
    const struct sl_table_rule *rule = NULL;
    int rc = sl_rule_find(judge->rules, judge->count, db, table, &rule, err);

    if (rc != SL_OK) {
        return rc;
    }
    return rule != NULL ? fill(rule, record) : SL_DONE;
}

/* ---- the keys that go ---- */

/* Texts from Redis may have been written by anybody. NULL: it is no template. */
static const char *template_of(struct sl_buf *text, bool is_row_key)
{
    const char *plain = sl_buf_cstr(text);

    return plain != NULL && strlen(plain) == text->len &&
                   (is_row_key ? sl_key_check : sl_key_check_any)(plain, NULL) == SL_OK
               ? plain
               : NULL;
}

static int add_pattern(const struct judge *judge, const struct sl_left_keys *left,
                       struct sl_rule_change *change)
{
    struct sl_key_pattern *pattern = sl_key_left_pattern(judge->rules, judge->count, left);

    if (pattern == NULL) {
        return SL_ENOMEM;
    }
    change->is_shared =
        change->is_shared || sl_key_left_is_shared(judge->rules, judge->count, left);
    change->purge = sl_key_pattern_join(change->purge, pattern);
    return change->purge != NULL ? SL_OK : SL_ENOMEM;
}

static int find_old_keys(const struct judge *judge, struct sl_left_keys *left,
                         const struct sl_rule_record *old, struct sl_rule_change *change)
{
    int rc = SL_OK;

    left->pk_count = old->pk_count;
    for (size_t i = 0; rc == SL_OK && i < old->template_count; i++) {
        left->text = template_of(&old->templates[i], i == 0);
        rc = left->text != NULL ? add_pattern(judge, left, change) : SL_OK;
    }
    if (rc != SL_OK && change->purge != NULL) {
        change->purge->free(change->purge);
        change->purge = NULL;
    }
    return rc;
}

/* ---- what becomes of a table ---- */

static bool is_same_text(const struct sl_buf *a, const struct sl_buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static bool has_same_front(const char *old, const char *now)
{
    size_t len = strlen(old);

    return strncmp(old, now, len) == 0 &&
           (now[len] == '\0' || now[len] == '+' || strchr(old, '+') != NULL);
}

/* Those of further indexes are no bar to those that are there. */
static bool keeps_keys(const struct sl_rule_record *old, const struct sl_rule_record *now)
{
    if (!has_same_front(old->form, now->form) || old->template_count > now->template_count) {
        return false;
    }
    for (size_t i = 0; i < old->template_count; i++) {
        if (!is_same_text(&old->templates[i], &now->templates[i])) {
            return false;
        }
    }
    return true;
}

static enum sl_rule_fate fate_of(const struct sl_rule_record *old, const struct sl_rule_record *now)
{
    if (!keeps_keys(old, now)) {
        return SL_RULE_PURGE;
    }
    return old->is_stale || strcmp(old->digest, now->digest) != 0 ? SL_RULE_LOAD : SL_RULE_SAME;
}

static int compare(const struct sl_rule_judge *base, struct sl_span db, struct sl_span table,
                   const struct sl_rule_record *old, struct sl_rule_change *change,
                   struct sl_err *err)
{
    const struct judge *judge = self_of(base);
    struct sl_left_keys left = {.db = db, .table = table};
    struct sl_rule_record now = {0};
    int rc = sl_rule_find(judge->rules, judge->count, db, table, &left.own, err);

    *change = (struct sl_rule_change){.fate = SL_RULE_GONE};
    if (rc == SL_OK && left.own != NULL) {
        rc = fill(left.own, &now);
        change->fate = fate_of(old, &now);
    }
    if (rc == SL_OK && change->fate >= SL_RULE_PURGE) {
        rc = find_old_keys(judge, &left, old, change);
    }
    sl_rule_record_release(&now);
    return rc;
}

static int digest_all(const struct sl_rule_judge *base, char digest[SL_RULE_DIGEST_LEN + 1])
{
    const struct judge *judge = self_of(base);

    return sl_rules_digest(judge->rules, judge->count, digest);
}

static void free_judge(struct sl_rule_judge *base)
{
    free(base);
}

struct sl_rule_judge *sl_rule_judge_new(const struct sl_table_rule *rules, size_t count)
{
    static const struct sl_rule_judge_ops ops = {
        .record = make_record, .compare = compare, .digest = digest_all, .free = free_judge};
    struct judge *judge = calloc(1, sizeof(*judge));

    if (judge == NULL) {
        return NULL;
    }
    *judge = (struct judge){.base = {.ops = &ops}, .rules = rules, .count = count};
    return &judge->base;
}
