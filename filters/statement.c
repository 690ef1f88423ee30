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
#include "cdc/sql_lex.h"
#include "filters/key.h"
#include "filters/key_owner.h"
#include "filters/key_text.h"
#include "filters/rule.h"

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
    if (!sl_key_is_shared(rule, table.len > 0) &&
        !sl_key_has_double(context->rules, context->count, rule)) {
        return SL_OK;
    }
    return sl_err_set(
        err, SL_EGAP,
        "a statement took rows out of %.*s%s%.*s, and its keys cannot be told from those of "
        "other tables, as the template of rule \"%s\", \"%s\", makes them alike: put {db} and "
        "{table} into the key, and load the rule's tables again",
        (int)db.len, (const char *)db.data, table.len > 0 ? "." : "", (int)table.len,
        (const char *)table.data, rule->pattern, rule->key_template);
}

static int purge(const struct sl_statement_context *context, const struct sl_table_rule *rule,
                 struct sl_span db, struct sl_span table, struct sl_effect *effect,
                 struct sl_err *err)
{
    int rc = check_own_keys(context, rule, db, table, err);

    if (rc != SL_OK) {
        return rc;
    }
    effect->purge = sl_key_pattern_new(rule->key_template, db, table, 0);
    effect->kind = SL_EFFECT_PURGE;
    return effect->purge != NULL ? SL_OK : SL_ENOMEM;
}

/* Of all tables of the database that fall under the rule. */
static int purge_all_in(const struct sl_statement_context *context,
                        const struct sl_table_rule *rule, struct sl_span db,
                        struct sl_effect *effect, struct sl_err *err)
{
    static const struct sl_span any = {0};
    const struct sl_key_tables tables = {context->rules, context->count, rule, db};
    int rc = check_own_keys(context, rule, db, any, err);

    if (rc != SL_OK) {
        return rc;
    }
    effect->purge = sl_key_pattern_of_tables(&tables);
    effect->kind = SL_EFFECT_PURGE;
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

/* A table that an earlier rule decides about has no keys by this one. */
static int purge_named(const struct sl_statement_context *context, const struct sl_table_rule *rule,
                       struct sl_span db, struct sl_span table, struct sl_effect *effect,
                       struct sl_err *err)
{
    const struct sl_table_rule *decides = NULL;
    int rc = rule_of(context, db, table, &decides, err);

    return rc == SL_OK && decides == rule ? purge(context, rule, db, table, effect, err) : rc;
}

/* One rule a call: NTH is the rule's number. */
static int purge_database(const struct sl_statement_context *context, struct sl_span db,
                          unsigned nth, struct sl_effect *effect, struct sl_err *err)
{
    static const struct sl_span any = {0};
    const struct sl_table_rule *rule;
    const char *name;

    if (nth >= context->count) {
        sl_known_keys_forget(context->keys, db, any);
        return SL_DONE;
    }
    rule = &context->rules[nth];
    if (!sl_rule_may_choose_in(rule, db)) {
        return SL_OK;
    }
    if (sl_rule_spans_tables(rule)) {
        return purge_all_in(context, rule, db, effect, err);
    }
    name = rule->table_pattern;
    return purge_named(context, rule, db, sl_span_make(name, strlen(name)), effect, err);
}

static void load(struct sl_span db, struct sl_span table, struct sl_effect *effect)
{
    effect->kind = SL_EFFECT_LOAD;
    effect->db = db;
    effect->table = table;
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
    if (rc == SL_OK && rule != NULL) {
        load(ddl->to_db, ddl->to_table, effect);
    }
    return rc;
}

/* Does the statement mention a column that the key template names? */
static bool mentions_key(const struct sl_table_rule *rule, const struct sl_ddl *ddl)
{
    struct sl_span rest = sl_span_make(rule->key_template, strlen(rule->key_template));
    struct sl_key_token token;

    while (sl_key_next(&rest, &token, NULL) == SL_OK) {
        if (token.is_placeholder && sl_ddl_mentions(ddl->text, token.text)) {
            return true;
        }
    }
    return false;
}

/*
 * Rows may have got other keys: the old ones would stay for ever. A change of another column must
 * not empty the cache of a table, so it is looked at more closely than the grammar tells: does the
 * statement mention a column that the keys are made of?
 */
static bool moves_keys(const struct sl_table_rule *rule, const struct sl_ddl *ddl,
                       const struct sl_known_key *known)
{
    if (ddl->rows_gone || ddl->keys == SL_DDL_KEYS_PRIMARY) {
        return true;
    }
    if (known == NULL) {
        return sl_key_names(rule, "pk") || mentions_key(rule, ddl);
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
        if (!sl_key_names(rule, "pk") || (known != NULL && sl_known_key_is_primary(known))) {
            return SL_OK;
        }
        effect->unless_primary = true;
    }
    if (moves_keys(rule, ddl, known)) {
        rc = purge(context, rule, ddl->db, ddl->table, effect, err);
    }
    load(ddl->db, ddl->table, effect);
    return rc;
}

/* The tables that it names are not known; the current database is not all that it can reach. */
static bool may_concern(const struct sl_table_rule *rule, const struct sl_ddl *ddl)
{
    const char *db = rule->db_pattern;

    return !rule->skip && (sl_rule_spans_databases(rule) || sl_glob_matches(db, ddl->db) ||
                           sl_ddl_mentions(ddl->text, sl_span_make(db, strlen(db))));
}

static bool may_concern_any(const struct sl_statement_context *context, const struct sl_ddl *ddl)
{
    for (size_t i = 0; i < context->count; i++) {
        if (may_concern(&context->rules[i], ddl)) {
            return true;
        }
    }
    return false;
}

/* Of what cannot be read only a statement about tables can have taken or moved rows. */
static bool is_about_tables(struct sl_span text)
{
    struct sl_sql_lexer lexer;
    struct sl_sql_token verb;
    struct sl_sql_token object;

    sl_sql_lexer_init(&lexer, text);
    sl_sql_next(&lexer, &verb);
    sl_sql_next(&lexer, &object);
    if (sl_sql_is(&verb, "TRUNCATE")) {
        return true;
    }
    while (sl_sql_is(&object, "IGNORE") || sl_sql_is(&object, "ONLINE") ||
           sl_sql_is(&object, "OFFLINE")) {
        sl_sql_next(&lexer, &object);
    }
    return (sl_sql_is(&verb, "ALTER") || sl_sql_is(&verb, "DROP") || sl_sql_is(&verb, "RENAME")) &&
           (sl_sql_is(&object, "TABLE") || sl_sql_is(&object, "TABLES"));
}

static bool may_name_any(const struct sl_statement_context *context, const struct sl_ddl *ddl)
{
    for (size_t i = 0; i < context->count; i++) {
        const char *table = context->rules[i].table_pattern;

        if (may_concern(&context->rules[i], ddl) &&
            (sl_rule_spans_tables(&context->rules[i]) ||
             sl_ddl_mentions(ddl->text, sl_span_make(table, strlen(table))))) {
            return true;
        }
    }
    return false;
}

static int judge_unparsed(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                          struct sl_err *err)
{
    if (!is_about_tables(ddl->text) || !may_name_any(context, ddl)) {
        return SL_OK;
    }
    return sl_err_set(
        err, SL_EGAP,
        "a statement about tables in database %.*s cannot be read, so that what it did to "
        "their rows is not known (the source's binary log has it): load the tables again",
        (int)ddl->db.len, (const char *)ddl->db.data);
}

static int judge_dml(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                     struct sl_err *err)
{
    const struct sl_table_rule *rule = NULL;
    int rc = SL_OK;

    if (ddl->table.len > 0) {
        rc = rule_of(context, ddl->db, ddl->table, &rule, err);
    }
    if (rc != SL_OK || (ddl->table.len > 0 ? rule == NULL : !may_concern_any(context, ddl))) {
        return rc;
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
    case SL_DDL_DROP_TABLE:
        return purge_table(context, ddl->db, ddl->table, effect, err);
    case SL_DDL_ALTER_TABLE:
        return judge_alter(context, ddl, effect, err);
    case SL_DDL_DML:
        return judge_dml(context, ddl, err);
    case SL_DDL_OTHER:
    case SL_DDL_CREATE_TABLE:
    case SL_DDL_DROP_DATABASE:
    case SL_DDL_RENAME_TABLE:
        return SL_OK;
    case SL_DDL_UNPARSED:
        return judge_unparsed(context, ddl, err);
    }
    return SL_OK;
}
