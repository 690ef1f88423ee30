/*
 * ddl_dml.c - statements that change rows. In a log of rows none of them is there; one that is was
 * logged by statement, so that the rows that it changed are not known.
 */
#include "cdc/ddl_parser.h"

static int report_unknown(struct sl_ddl_parser *parser)
{
    struct sl_ddl ddl = {.kind = SL_DDL_DML, .db = parser->db};

    return sl_ddl_report(parser, &ddl);
}

static int report_dml(struct sl_ddl_parser *parser, const struct sl_ddl_table *table)
{
    return sl_ddl_report_table(parser, SL_DDL_DML, table, false);
}

static int parse_insert(struct sl_ddl_parser *parser)
{
    static const char *const modifiers[] = {"LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY",
                                            "IGNORE",       "INTO",    NULL};
    struct sl_ddl_table table;

    while (sl_ddl_accept_any(parser, modifiers)) {
    }
    return sl_ddl_take_table(parser, 0, &table) ? report_dml(parser, &table)
                                                : report_unknown(parser);
}

/* True when tables are joined before one of ENDS comes. */
static bool has_more_tables(struct sl_ddl_parser *parser, const char *const *ends)
{
    static const char *const joins[] = {"JOIN", "STRAIGHT_JOIN", "USING", NULL};

    while (!sl_ddl_is_any(parser, ends)) {
        if (sl_sql_is_sign(&parser->token, ',') || sl_ddl_is_any(parser, joins)) {
            return true;
        }
        if (!sl_ddl_skip(parser)) {
            break;
        }
    }
    return false;
}

static int parse_update(struct sl_ddl_parser *parser)
{
    static const char *const modifiers[] = {"LOW_PRIORITY", "IGNORE", NULL};
    static const char *const ends[] = {"SET", NULL};
    struct sl_ddl_table table;

    while (sl_ddl_accept_any(parser, modifiers)) {
    }
    if (!sl_ddl_take_table(parser, 0, &table) || has_more_tables(parser, ends)) {
        return report_unknown(parser);
    }
    return report_dml(parser, &table);
}

static int parse_delete(struct sl_ddl_parser *parser)
{
    static const char *const modifiers[] = {"LOW_PRIORITY", "QUICK", "IGNORE", "HISTORY", NULL};
    static const char *const ends[] = {"WHERE", "ORDER", "LIMIT", "RETURNING", "BEFORE", NULL};
    struct sl_ddl_table table;

    while (sl_ddl_accept_any(parser, modifiers)) {
    }
    /* DELETE t FROM … names what it deletes from in front: take that for several tables. */
    if (!sl_ddl_accept(parser, "FROM") || !sl_ddl_take_table(parser, 0, &table) ||
        sl_sql_is_sign(&parser->token, '.') || has_more_tables(parser, ends)) {
        return report_unknown(parser);
    }
    return report_dml(parser, &table);
}

/* LOAD DATA, LOAD XML; not LOAD INDEX INTO CACHE. */
static int parse_load(struct sl_ddl_parser *parser)
{
    struct sl_ddl_table table;

    if (sl_sql_is(&parser->token, "INDEX")) {
        return sl_ddl_report_table(parser, SL_DDL_OTHER, NULL, false);
    }
    while (sl_ddl_skip_past(parser, "INTO")) {
        if (sl_ddl_accept(parser, "TABLE")) {
            return sl_ddl_take_table(parser, 0, &table) ? report_dml(parser, &table)
                                                        : report_unknown(parser);
        }
    }
    return report_unknown(parser);
}

/* WITH name AS (…), … and then the statement proper. */
static int parse_with(struct sl_ddl_parser *parser)
{
    do {
        if (sl_ddl_accept(parser, "UPDATE")) {
            return parse_update(parser);
        }
        if (sl_ddl_accept(parser, "DELETE")) {
            return parse_delete(parser);
        }
    } while (sl_ddl_skip(parser));
    return report_unknown(parser);
}

/* ANALYZE TABLE is maintenance; MariaDB's ANALYZE UPDATE … runs the statement. */
static int parse_analyze(struct sl_ddl_parser *parser)
{
    static const char *const maintenance[] = {"TABLE", "TABLES", "LOCAL", "NO_WRITE_TO_BINLOG",
                                              NULL};

    return sl_ddl_is_any(parser, maintenance)
               ? sl_ddl_report_table(parser, SL_DDL_OTHER, NULL, false)
               : report_unknown(parser);
}

int sl_ddl_dml(struct sl_ddl_parser *parser, bool *is_dml)
{
    static const struct {
        const char *word;
        int (*parse)(struct sl_ddl_parser *parser);
    } statements[] = {
        {"INSERT", parse_insert},   {"REPLACE", parse_insert},  {"UPDATE", parse_update},
        {"DELETE", parse_delete},   {"LOAD", parse_load},       {"WITH", parse_with},
        {"ANALYZE", parse_analyze}, {"CALL", report_unknown},   {"DO", report_unknown},
        {"SELECT", report_unknown}, {"VALUES", report_unknown}, {"HANDLER", report_unknown},
    };

    *is_dml = true;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        if (sl_ddl_accept(parser, statements[i].word)) {
            return statements[i].parse(parser);
        }
    }
    if (sl_sql_is_sign(&parser->token, '(')) { /* a SELECT in parentheses */
        return report_unknown(parser);
    }
    *is_dml = false;
    return SL_OK;
}
