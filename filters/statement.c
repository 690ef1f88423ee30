/*
 * statement.c - statements to effects.
 *
 *     TRUNCATE, DROP a            purge a
 *     RENAME a TO b               purge a; load b
 *     ALTER a (columns)           load a: every row replaces what its key holds
 *     ALTER a (rows, or its key)  purge a and load it
 *
 * A statement of several parts comes part by part, and its effects in that order end with the right
 * content, also for RENAME a TO tmp, b TO a, tmp TO b: the last that happens to a name that is
 * there afterwards is its load, which reads the table as the whole statement has left it, or later.
 * A name that is there only in between is loaded as nothing.
 */
#include "filters/statement.h"

#include "cdc/ddl.h"
#include "filters/facet.h"
#include "filters/key.h"
#include "filters/key_facets.h"
#include "filters/key_owner.h"
#include "filters/key_text.h"
#include "filters/rule.h"
#include "filters/statement_gap.h"

static int rule_of(const struct sl_statement_context *context, struct sl_span db,
                   struct sl_span table, const struct sl_table_rule **rule, struct sl_err *err)
{
    return sl_rule_find(context->rules, context->count, db, table, rule, err);
}

/* One table that goes takes no keys with it that rows of another may have: which are whose cannot
 * be seen. */
static int check_own_keys(const struct sl_statement_context *context,
                          const struct sl_table_rule *rule, struct sl_span db, struct sl_span table,
                          struct sl_err *err)
{
    bool is_shared = rule->value != SL_VALUE_INVALIDATE && sl_key_is_shared(rule, table.len > 0);

    if (!is_shared && !sl_key_has_double(context->rules, context->count, rule)) {
        return SL_OK;
    }
    return sl_err_set(
        err, SL_EGAP,
        "a statement took rows out of %.*s%s%.*s, and its keys cannot be told from those of "
        "other tables, as a template of rule \"%s\", \"%s\"%s, makes them alike: put {db} and "
        "{table} into the key, and load the rule's tables again",
        (int)db.len, (const char *)db.data, table.len > 0 ? "." : "", (int)table.len,
        (const char *)table.data, rule->pattern, sl_rule_key(rule),
        rule->index_count > 0 ? " or one of its indexes" : "");
}

/* Who follows the stream of a table has no keys to be removed: it is told. */
static int tell(enum sl_mark_kind mark, const char *reason, struct sl_span db, struct sl_span table,
                struct sl_effect *effect)
{
    effect->mark = mark;
    effect->reason = reason;
    effect->db = db;
    effect->table = table;
    return SL_OK;
}

/* What was read before the statement may be written behind it. */
static void mark_again(const struct sl_table_rule *rule, struct sl_span db, struct sl_span table,
                       struct sl_effect *effect)
{
    if (rule->value == SL_VALUE_INVALIDATE && rule->redelete_ms > 0) {
        effect->mark = SL_MARK_REDELETE;
        effect->db = db;
        effect->table = table;
    }
}

static int purge(const struct sl_statement_context *context, const struct sl_table_rule *rule,
                 struct sl_span db, struct sl_span table, struct sl_effect *effect,
                 struct sl_err *err)
{
    int rc;

    if (rule->value == SL_VALUE_STREAM) {
        return tell(SL_MARK_DROP, NULL, db, table, effect);
    }
    rc = check_own_keys(context, rule, db, table, err);
    if (rc != SL_OK) {
        return rc;
    }
    effect->purge = sl_key_union_new(rule, db, table, 0);
    effect->kind = SL_EFFECT_PURGE;
    mark_again(rule, db, table, effect);
    return effect->purge != NULL ? SL_OK : SL_ENOMEM;
}

/* A database is dropped once: all streams of it are told at the first of their rules. */
static bool is_first_stream(const struct sl_statement_context *context,
                            const struct sl_table_rule *rule, struct sl_span db)
{
    const struct sl_table_rule *first = context->rules;

    while (first->value != SL_VALUE_STREAM || !sl_rule_spans_tables(first) ||
           !sl_rule_may_choose_in(first, db)) {
        first++;
    }
    return first == rule;
}

/* Of all tables of the database that fall under the rule. */
static int purge_all_in(const struct sl_statement_context *context,
                        const struct sl_table_rule *rule, struct sl_span db,
                        struct sl_effect *effect, struct sl_err *err)
{
    static const struct sl_span any = {0};
    const struct sl_key_tables tables = {
        .rules = context->rules, .count = context->count, .rule = rule, .db = db};
    int rc;

    if (rule->value == SL_VALUE_STREAM) {
        return is_first_stream(context, rule, db) ? tell(SL_MARK_DROP, NULL, db, any, effect)
                                                  : SL_OK;
    }
    rc = check_own_keys(context, rule, db, any, err);
    if (rc != SL_OK) {
        return rc;
    }
    effect->purge = sl_key_union_of_tables(&tables);
    effect->kind = SL_EFFECT_PURGE;
    mark_again(rule, db, any, effect);
    return effect->purge != NULL ? SL_OK : SL_ENOMEM;
}

static int purge_table(const struct sl_statement_context *context, struct sl_span db,
                       struct sl_span table, struct sl_effect *effect, struct sl_err *err)
{
    const struct sl_table_rule *rule = NULL;
    int rc = rule_of(context, db, table, &rule, err);

    if (rc != SL_OK || rule == NULL) {
        return rc;
    }
    sl_known_keys_forget(context->keys, db, table);
    return purge(context, rule, db, table, effect, err);
}

static int truncate(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                    struct sl_effect *effect, struct sl_err *err)
{
    int rc = purge_table(context, ddl->db, ddl->table, effect, err);

    if (effect->mark == SL_MARK_DROP) {
        effect->mark = SL_MARK_TRUNCATE;
    }
    return rc;
}

/* A table that an earlier rule decides about has no keys by this one. */
static int purge_named(const struct sl_statement_context *context, const struct sl_table_rule *rule,
                       struct sl_span db, struct sl_span table, struct sl_effect *effect,
                       struct sl_err *err)
{
    const struct sl_table_rule *decides = NULL;
    int rc = rule_of(context, db, table, &decides, err);

    return rc == SL_OK && decides == rule ? purge(context, rule, db, table, effect, err) : rc;
}

/* The tables of the database that fall under the rule. */
static int purge_database_of(const struct sl_statement_context *context,
                             const struct sl_table_rule *rule, struct sl_span db,
                             struct sl_effect *effect, struct sl_err *err)
{
    const char *name = rule->table_pattern;

    return sl_rule_spans_tables(rule)
               ? purge_all_in(context, rule, db, effect, err)
               : purge_named(context, rule, db, sl_span_make(name, strlen(name)), effect, err);
}

/* One rule a call: NTH is the rule's number. */
static int purge_database(const struct sl_statement_context *context, struct sl_span db,
                          unsigned nth, struct sl_effect *effect, struct sl_err *err)
{
    static const struct sl_span any = {0};
    const struct sl_table_rule *rule;

    if (nth >= context->count) {
        sl_known_keys_forget(context->keys, db, any);
        return SL_DONE;
    }
    rule = &context->rules[nth];
    return sl_rule_may_choose_in(rule, db) ? purge_database_of(context, rule, db, effect, err)
                                           : SL_OK;
}

/* The rows of a table that keeps none are not read: its keys go instead. */
static int load(const struct sl_statement_context *context, const struct sl_table_rule *rule,
                struct sl_span db, struct sl_span table, struct sl_effect *effect,
                struct sl_err *err)
{
    if (rule->value == SL_VALUE_INVALIDATE) {
        return purge(context, rule, db, table, effect, err);
    }
    if (rule->value == SL_VALUE_STREAM) {
        return tell(SL_MARK_GAP, "a statement changed rows that the log has no changes of", db,
                    table, effect);
    }
    effect->kind = SL_EFFECT_LOAD;
    effect->db = db;
    effect->table = table;
    return SL_OK;
}

/* What was removed is removed once more: one rule a call, of those that invalidate. */
static int judge_again(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                       unsigned nth, struct sl_effect *effect, struct sl_err *err)
{
    const struct sl_table_rule *rule = nth < context->count ? &context->rules[nth] : NULL;
    const struct sl_table_rule *decides = rule;
    int rc = SL_OK;

    if (rule == NULL) {
        return SL_DONE;
    }
    if (ddl->table.len > 0) {
        rc = rule_of(context, ddl->db, ddl->table, &decides, err);
    }
    if (rc != SL_OK || decides != rule || rule->value != SL_VALUE_INVALIDATE ||
        !sl_rule_may_choose_in(rule, ddl->db)) {
        return rc;
    }
    rc = ddl->table.len > 0 ? purge(context, rule, ddl->db, ddl->table, effect, err)
                            : purge_database_of(context, rule, ddl->db, effect, err);
    effect->mark = SL_MARK_NONE;
    return rc;
}

/* A table that is to be loaded by a new name had none of its rows there before. */
static int judge_rename(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                        unsigned nth, struct sl_effect *effect, struct sl_err *err)
{
    const struct sl_table_rule *rule = NULL;
    int rc;

    if (nth > 1) {
        return SL_DONE;
    }
    if (nth == 0) {
        return purge_table(context, ddl->db, ddl->table, effect, err);
    }
    rc = rule_of(context, ddl->to_db, ddl->to_table, &rule, err);
    return rc == SL_OK && rule != NULL ? load(context, rule, ddl->to_db, ddl->to_table, effect, err)
                                       : rc;
}

static bool mentions_template(const char *text, const struct sl_ddl *ddl)
{
    struct sl_span rest = sl_span_make(text, strlen(text));
    struct sl_key_token token;

    while (sl_key_next(&rest, &token, NULL) == SL_OK) {
        if (token.is_placeholder && sl_ddl_mentions(ddl->text, token.text)) {
            return true;
        }
    }
    return false;
}

/* Does the statement mention a column that a template of keys, or of members, names? */
static bool mentions_key(const struct sl_table_rule *rule, const struct sl_ddl *ddl)
{
    for (uint32_t i = 0; i < sl_rule_facets(rule); i++) {
        const struct sl_row_index *index = sl_rule_index(rule, i);

        if (mentions_template(sl_rule_template(rule, i), ddl) ||
            (index != NULL && mentions_template(index->value, ddl))) {
            return true;
        }
    }
    return false;
}

/*
 * Rows may have got other keys: the old ones would stay for ever. A change of another column must
 * not empty the cache of a table, so it is looked at more closely than the grammar tells: does the
 * statement mention a column that the keys are made of? Parts are named by a function, which may
 * look at any.
 */
static bool moves_keys(const struct sl_table_rule *rule, const struct sl_ddl *ddl,
                       const struct sl_known_key *known)
{
    if (ddl->rows_gone || ddl->keys == SL_DDL_KEYS_PRIMARY ||
        (ddl->reshapes && rule->part_template != NULL)) {
        return true;
    }
    if (known == NULL) {
        return sl_rule_names(rule, "pk") || mentions_key(rule, ddl);
    }
    return sl_known_key_is_mentioned(known, ddl->text) ||
           (ddl->keys == SL_DDL_KEYS_UNIQUE && !sl_known_key_is_primary(known));
}

/* Unique indexes come and go: that matters to rows that one of these tells apart. */
static bool concerns_index_only(const struct sl_ddl *ddl)
{
    return !ddl->rows_gone && !ddl->reshapes && ddl->keys == SL_DDL_KEYS_UNIQUE;
}

static int judge_alter(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                       struct sl_effect *effect, struct sl_err *err)
{
    const struct sl_known_key *known = sl_known_keys_find(context->keys, ddl->db, ddl->table);
    const struct sl_table_rule *rule = NULL;
    int rc;

    if (!ddl->rows_gone && !ddl->reshapes && ddl->keys == SL_DDL_KEYS_SAME) {
        return SL_OK;
    }
    rc = rule_of(context, ddl->db, ddl->table, &rule, err);
    if (rc != SL_OK || rule == NULL) {
        return rc;
    }
    if (concerns_index_only(ddl)) {
        if (rule->value == SL_VALUE_STREAM || !sl_rule_names(rule, "pk") ||
            (known != NULL && sl_known_key_is_primary(known))) {
            return SL_OK;
        }
        effect->unless_primary = true;
    }
    if (sl_rule_keeps_rows(rule) && moves_keys(rule, ddl, known)) {
        rc = purge(context, rule, ddl->db, ddl->table, effect, err);
    }
    return rc == SL_OK ? load(context, rule, ddl->db, ddl->table, effect, err) : rc;
}

int sl_statement_judge(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                       unsigned nth, struct sl_effect *effect, struct sl_err *err)
{
    *effect = (struct sl_effect){0};
    if (ddl->is_again) {
        return judge_again(context, ddl, nth, effect, err);
    }
    if (ddl->kind == SL_DDL_DROP_DATABASE) {
        return purge_database(context, ddl->db, nth, effect, err);
    }
    if (ddl->to_table.len > 0) {
        return judge_rename(context, ddl, nth, effect, err);
    }
    if (nth > 0) {
        return SL_DONE;
    }
    switch (ddl->kind) {
    case SL_DDL_TRUNCATE:
        return truncate(context, ddl, effect, err);
    case SL_DDL_DROP_TABLE:
        return purge_table(context, ddl->db, ddl->table, effect, err);
    case SL_DDL_ALTER_TABLE:
        return judge_alter(context, ddl, effect, err);
    case SL_DDL_DML:
        return sl_statement_judge_dml(context, ddl, err);
    case SL_DDL_OTHER:
    case SL_DDL_CREATE_TABLE:
    case SL_DDL_DROP_DATABASE:
    case SL_DDL_RENAME_TABLE:
        return SL_OK;
    case SL_DDL_UNPARSED:
        return sl_statement_judge_unparsed(context, ddl, err);
    }
    return SL_OK;
}
