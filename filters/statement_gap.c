#include "filters/statement_gap.h"

#include "cdc/ddl.h"
#include "cdc/sql_lex.h"
#include "filters/rule.h"

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

int sl_statement_judge_unparsed(const struct sl_statement_context *context,
                                const struct sl_ddl *ddl, struct sl_err *err)
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

int sl_statement_judge_dml(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                           struct sl_err *err)
{
    const struct sl_table_rule *rule = NULL;
    int rc = SL_OK;

    if (ddl->table.len > 0) {
        rc = sl_rule_find(context->rules, context->count, ddl->db, ddl->table, &rule, err);
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
