/*
 * statement.c - statements to effects.
 *
 *     TRUNCATE, DROP a            purge a
 *     RENAME a TO b               purge a; load b
 *     ALTER a (columns)           load a: every row replaces what its key holds
 *     ALTER a (rows, or its key)  purge a and load it
 *
 * A statement of several parts comes part by part, and its effects in that order end with the right
 * content, also for RENAME a TO tmp, b TO a, tmp TO b: the last that happens to a name that is there afterwards
 * is its load, which reads the table as the whole statement has left it, or later. A name that is
 * there only in between is loaded as nothing.
 */
#include "filters/statement.h"

#include "filters/key.h"
#include "filters/rule.h"

static const struct sl_table_rule *rule_of(const struct sl_statement_context *context,
                                           struct sl_span db, struct sl_span table)
{
    return sl_rule_find(context->rules, context->count, db, table);
}

static int purge(const struct sl_table_rule *rule, struct sl_span db, struct sl_span table,
                 struct sl_effect *effect)
{
    effect->purge = sl_key_pattern_new(rule->key_template, db, table, 0);
    effect->kind = SL_EFFECT_PURGE;
    return effect->purge != NULL ? SL_OK : SL_ENOMEM;
}

static int purge_table(const struct sl_statement_context *context, struct sl_span db,
                       struct sl_span table, struct sl_effect *effect)
{
    const struct sl_table_rule *rule = rule_of(context, db, table);

    if (rule == NULL) {
        return SL_OK;
    }
    sl_known_keys_forget(context->keys, db, table);
    return purge(rule, db, table, effect);
}

/* One rule a call: NTH is the rule's number. A table name with wildcards is a wildcard in the key. */
static int purge_database(const struct sl_statement_context *context, struct sl_span db,
                          unsigned nth, struct sl_effect *effect)
{
    static const struct sl_span any = {0};
    const struct sl_table_rule *rule;
    const char *name;

    if (nth >= context->count) {
        sl_known_keys_forget(context->keys, db, any);
        return SL_DONE;
    }
    rule = &context->rules[nth];
    if (!sl_glob_matches(rule->db_pattern, db)) {
        return SL_OK;
    }
    name = rule->table_pattern;
    return purge(rule, db,
                 strpbrk(name, "*?") != NULL ? any : sl_span_make(name, strlen(name)), effect);
}

static void load(struct sl_span db, struct sl_span table, struct sl_effect *effect)
{
    effect->kind = SL_EFFECT_LOAD;
    effect->db = db;
    effect->table = table;
}

/* A table that is to be loaded by a new name had none of its rows there before. */
static int judge_rename(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                        unsigned nth, struct sl_effect *effect)
{
    if (nth == 0) {
        return purge_table(context, ddl->db, ddl->table, effect);
    }
    if (nth == 1 && rule_of(context, ddl->to_db, ddl->to_table) != NULL) {
        load(ddl->to_db, ddl->to_table, effect);
        return SL_OK;
    }
    return SL_DONE;
}

static bool has_row_key(const struct sl_table_rule *rule)
{
    return strstr(rule->key_template, "{pk}") != NULL;
}

/*
 * Rows may have got other keys: the old ones would stay for ever. A change of another column must not
 * empty the cache of a table, so it is looked at more closely than the grammar tells: does the statement
 * mention a column that the keys are made of?
 */
static bool moves_keys(const struct sl_ddl *ddl, const struct sl_known_key *known)
{
    return ddl->rows_gone || ddl->keys == SL_DDL_KEYS_PRIMARY || known == NULL ||
           sl_known_key_is_mentioned(known, ddl->text) ||
           (ddl->keys == SL_DDL_KEYS_UNIQUE && !sl_known_key_is_primary(known));
}

/* Unique indexes come and go: that matters to rows that one of these tells apart. */
static bool concerns_index_only(const struct sl_ddl *ddl)
{
    return !ddl->rows_gone && !ddl->reshapes && ddl->keys == SL_DDL_KEYS_UNIQUE;
}

static int judge_alter(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                       struct sl_effect *effect)
{
    const struct sl_table_rule *rule = rule_of(context, ddl->db, ddl->table);
    const struct sl_known_key *known = sl_known_keys_find(context->keys, ddl->db, ddl->table);
    int rc = SL_OK;

    if (rule == NULL || (!ddl->rows_gone && !ddl->reshapes && ddl->keys == SL_DDL_KEYS_SAME)) {
        return SL_OK;
    }
    if (concerns_index_only(ddl)) {
        if (!has_row_key(rule) || (known != NULL && sl_known_key_is_primary(known))) {
            return SL_OK;
        }
        effect->unless_primary = true;
    }
    if (moves_keys(ddl, known)) {
        rc = purge(rule, ddl->db, ddl->table, effect);
    }
    load(ddl->db, ddl->table, effect);
    return rc;
}

static bool wants_any_of(const struct sl_statement_context *context, struct sl_span db)
{
    for (size_t i = 0; i < context->count; i++) {
        if (sl_glob_matches(context->rules[i].db_pattern, db)) {
            return true;
        }
    }
    return false;
}

static int judge_dml(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                     struct sl_err *err)
{
    if (ddl->table.len == 0 ? !wants_any_of(context, ddl->db)
                            : rule_of(context, ddl->db, ddl->table) == NULL) {
        return SL_OK;
    }
    return sl_err_set(err, SL_EGAP,
                      "table %.*s.%.*s was written by a statement without row events: set "
                      "binlog_format=ROW at the source (for all sessions) and load the table again",
                      (int)ddl->db.len, (const char *)ddl->db.data,
                      ddl->table.len > 0 ? (int)ddl->table.len : 1,
                      ddl->table.len > 0 ? (const char *)ddl->table.data : "?");
}

int sl_statement_judge(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                       unsigned nth, struct sl_effect *effect, struct sl_err *err)
{
    *effect = (struct sl_effect){0};
    if (ddl->kind == SL_DDL_DROP_DATABASE) {
        return purge_database(context, ddl->db, nth, effect);
    }
    if (ddl->to_table.len > 0) {
        return judge_rename(context, ddl, nth, effect);
    }
    if (nth > 0) {
        return SL_DONE;
    }
    switch (ddl->kind) {
    case SL_DDL_TRUNCATE:
    case SL_DDL_DROP_TABLE:
        return purge_table(context, ddl->db, ddl->table, effect);
    case SL_DDL_ALTER_TABLE:
        return judge_alter(context, ddl, effect);
    case SL_DDL_DML:
        return judge_dml(context, ddl, err);
    case SL_DDL_OTHER:
    case SL_DDL_CREATE_TABLE:
    case SL_DDL_DROP_DATABASE:
    case SL_DDL_RENAME_TABLE:
    case SL_DDL_UNPARSED:
        return SL_OK;
    }
    return SL_OK;
}
