#include "cdc/ddl.h"

#include "cdc/ddl_parser.h"

/* Looks through the rest of a CREATE TABLE for a query; false, too, when a string does not end. */
static bool finds_query(struct sl_ddl_parser rest, bool *is_read)
{
    static const char *const queries[] = {"TABLE", "VALUES", NULL};
    size_t depth = 0; /* VALUES in parentheses belongs to a partition */

    for (; !sl_ddl_at_end(&rest) && rest.token.kind != SL_SQL_BAD; sl_ddl_advance(&rest)) {
        if (sl_sql_is(&rest.token, "SELECT") || (depth == 0 && sl_ddl_is_any(&rest, queries))) {
            *is_read = true;
            return true;
        }
        if (sl_sql_is_sign(&rest.token, '(')) {
            depth++;
        } else if (sl_sql_is_sign(&rest.token, ')') && depth > 0) {
            depth--;
        }
    }
    *is_read = sl_ddl_at_end(&rest);
    return false;
}

/* With row events the servers log the definition alone; a query means that its rows came without.
 */
static bool has_query(const struct sl_ddl_parser *parser)
{
    struct sl_ddl_parser plain = *parser;
    bool is_read;
    bool is_found = finds_query(*parser, &is_read);

    if (is_read) {
        return is_found;
    }
    plain.lexer.has_escapes = false; /* NO_BACKSLASH_ESCAPES */
    return finds_query(plain, &is_read);
}

static int parse_create_table(struct sl_ddl_parser *parser, bool is_replace)
{
    struct sl_ddl_table table;
    bool if_exists = sl_ddl_accept_if_exists(parser);
    int rc = SL_OK;

    if (!sl_ddl_take_table(parser, 0, &table)) {
        return SL_DDL_UNREADABLE;
    }
    if (is_replace) {
        rc = sl_ddl_report_table(parser, SL_DDL_DROP_TABLE, &table, true);
    }
    if (rc == SL_OK) {
        rc = sl_ddl_report_table(parser, SL_DDL_CREATE_TABLE, &table, if_exists);
    }
    if (rc == SL_OK && has_query(parser)) {
        rc = sl_ddl_report_table(parser, SL_DDL_DML, &table, false);
    }
    return rc;
}

/* … INDEX [IF EXISTS] name … ON table, with everything up to INDEX taken. */
static int parse_index(struct sl_ddl_parser *parser, enum sl_ddl_keys keys)
{
    struct sl_ddl ddl = {.kind = SL_DDL_ALTER_TABLE, .keys = keys};
    struct sl_ddl_table table;

    ddl.if_exists = sl_ddl_accept_if_exists(parser);
    if (sl_ddl_is_primary(parser)) {
        ddl.keys = SL_DDL_KEYS_PRIMARY;
        ddl.reshapes = true;
    }
    if (!sl_ddl_skip_past(parser, "ON") || !sl_ddl_take_table(parser, 0, &table)) {
        return SL_DDL_UNREADABLE;
    }
    ddl.db = table.db;
    ddl.table = table.name;
    return sl_ddl_report(parser, &ddl);
}

/* What CREATE, ALTER and DROP may be about besides tables and indexes; no rows of tables are
 * concerned. */
static const char *const other_objects[] = {
    "AGGREGATE", "ALGORITHM", "DATABASE", "DEFINER", "EVENT",   "FUNCTION",     "INSTANCE",
    "JSON",      "LIBRARY",   "LOGFILE",  "PACKAGE", "PREPARE", "PROCEDURE",    "RESOURCE",
    "ROLE",      "SCHEMA",    "SEQUENCE", "SERVER",  "SPATIAL", "SQL",          "TABLESPACE",
    "TEMPORARY", "TRIGGER",   "UNDO",     "USER",    "VIEW",    "MATERIALIZED", NULL,
};

static const char *const index_modifiers[] = {"ONLINE",  "OFFLINE", "UNIQUE", "FULLTEXT",
                                              "SPATIAL", "VECTOR",  NULL};

static int report_other(struct sl_ddl_parser *parser)
{
    return sl_ddl_report_table(parser, SL_DDL_OTHER, NULL, false);
}

static const char *const databases[] = {"DATABASE", "SCHEMA", NULL};

static int parse_drop_database(struct sl_ddl_parser *parser)
{
    struct sl_ddl ddl = {.kind = SL_DDL_DROP_DATABASE};

    ddl.if_exists = sl_ddl_accept_if_exists(parser);
    if (!sl_ddl_take_name(parser, 0, &ddl.db)) {
        return SL_DDL_UNREADABLE;
    }
    return sl_ddl_report(parser, &ddl);
}

static int parse_create(struct sl_ddl_parser *parser)
{
    bool is_replace = sl_ddl_accept(parser, "OR") && sl_ddl_accept(parser, "REPLACE");
    bool is_unique = false;

    (void)sl_ddl_accept(parser, "EXTERNAL");
    if (sl_ddl_accept(parser, "TABLE")) {
        return parse_create_table(parser, is_replace);
    }
    if (is_replace && sl_ddl_accept_any(parser, databases)) {
        return parse_drop_database(parser);
    }
    do {
        if (sl_sql_is(&parser->token, "REFERENCE")) { /* CREATE SPATIAL REFERENCE SYSTEM */
            return report_other(parser);
        }
        is_unique = is_unique || sl_sql_is(&parser->token, "UNIQUE");
    } while (sl_ddl_accept_any(parser, index_modifiers));
    if (sl_ddl_accept(parser, "INDEX")) {
        /* OR REPLACE drops one of the name that may have been unique. */
        return parse_index(parser, is_unique || is_replace ? SL_DDL_KEYS_UNIQUE : SL_DDL_KEYS_SAME);
    }
    return sl_ddl_is_any(parser, other_objects) ? report_other(parser) : SL_DDL_UNREADABLE;
}

static int parse_alter(struct sl_ddl_parser *parser)
{
    static const char *const modifiers[] = {"ONLINE", "OFFLINE", "EXTERNAL", NULL};
    bool is_ignore = false;

    if (sl_ddl_is_any(parser, other_objects)) {
        return report_other(parser);
    }
    do {
        is_ignore = is_ignore || sl_ddl_accept(parser, "IGNORE");
    } while (sl_ddl_accept_any(parser, modifiers));
    return sl_ddl_accept(parser, "TABLE") ? sl_ddl_alter_table(parser, is_ignore)
                                          : SL_DDL_UNREADABLE;
}

static int parse_drop_tables(struct sl_ddl_parser *parser)
{
    static const char *const ends[] = {"RESTRICT", "CASCADE", NULL};
    bool if_exists = sl_ddl_accept_if_exists(parser);
    int rc;

    do {
        struct sl_ddl_table table;

        if (!sl_ddl_take_table(parser, 0, &table)) {
            return SL_DDL_UNREADABLE;
        }
        rc = sl_ddl_report_table(parser, SL_DDL_DROP_TABLE, &table, if_exists);
    } while (rc == SL_OK && sl_ddl_accept_sign(parser, ','));
    sl_ddl_accept_wait(parser);
    (void)sl_ddl_accept_any(parser, ends);
    return rc != SL_OK || sl_ddl_at_end(parser) ? rc : SL_DDL_UNREADABLE;
}

static int parse_drop(struct sl_ddl_parser *parser)
{
    static const char *const tables[] = {"TABLE", "TABLES", NULL};

    (void)sl_ddl_accept(parser, "EXTERNAL");
    if (sl_ddl_accept_any(parser, tables)) {
        return parse_drop_tables(parser);
    }
    if (sl_ddl_accept_any(parser, databases)) {
        return parse_drop_database(parser);
    }
    if (sl_ddl_is_any(parser, other_objects)) { /* before the modifiers: DROP SPATIAL REFERENCE … */
        return report_other(parser);
    }
    while (sl_ddl_accept_any(parser, index_modifiers)) {
    }
    return sl_ddl_accept(parser, "INDEX") ? parse_index(parser, SL_DDL_KEYS_UNIQUE)
                                          : SL_DDL_UNREADABLE;
}

static int parse_truncate(struct sl_ddl_parser *parser)
{
    struct sl_ddl_table table;

    (void)sl_ddl_accept(parser, "TABLE");
    if (!sl_ddl_take_table(parser, 0, &table)) {
        return SL_DDL_UNREADABLE;
    }
    sl_ddl_accept_wait(parser);
    return sl_ddl_at_end(parser) ? sl_ddl_report_table(parser, SL_DDL_TRUNCATE, &table, false)
                                 : SL_DDL_UNREADABLE;
}

static int parse_rename_pair(struct sl_ddl_parser *parser, bool if_exists)
{
    struct sl_ddl_table from;
    struct sl_ddl_table to;
    struct sl_ddl ddl = {.kind = SL_DDL_RENAME_TABLE, .if_exists = if_exists};

    if (!sl_ddl_take_table(parser, 0, &from)) {
        return SL_DDL_UNREADABLE;
    }
    sl_ddl_accept_wait(parser);
    if (!sl_ddl_accept(parser, "TO") || !sl_ddl_take_table(parser, 1, &to)) {
        return SL_DDL_UNREADABLE;
    }
    ddl.db = from.db;
    ddl.table = from.name;
    ddl.to_db = to.db;
    ddl.to_table = to.name;
    return sl_ddl_report(parser, &ddl);
}

static int parse_rename(struct sl_ddl_parser *parser)
{
    static const char *const tables[] = {"TABLE", "TABLES", NULL};
    bool if_exists;
    int rc;

    if (sl_sql_is(&parser->token, "USER")) {
        return report_other(parser);
    }
    if (!sl_ddl_accept_any(parser, tables)) {
        return SL_DDL_UNREADABLE;
    }
    if_exists = sl_ddl_accept_if_exists(parser);
    do {
        rc = parse_rename_pair(parser, if_exists);
    } while (rc == SL_OK && sl_ddl_accept_sign(parser, ','));
    return rc != SL_OK || sl_ddl_at_end(parser) ? rc : SL_DDL_UNREADABLE;
}

/* Statements that no table's rows or layout depend on. */
static bool is_harmless(const struct sl_ddl_parser *parser)
{
    static const char *const words[] = {
        "ANALYZE",  "BACKUP",   "BEGIN",    "BINLOG",     "CACHE",    "CHANGE",    "CHECK",
        "CHECKSUM", "CLONE",    "COMMIT",   "DEALLOCATE", "DENY",     "DESC",      "DESCRIBE",
        "EXECUTE",  "EXPLAIN",  "FLUSH",    "GET",        "GRANT",    "HELP",      "INSTALL",
        "KILL",     "LOCK",     "OPTIMIZE", "PREPARE",    "PURGE",    "RELEASE",   "REPAIR",
        "RESET",    "RESIGNAL", "RESTART",  "REVOKE",     "ROLLBACK", "SAVEPOINT", "SET",
        "SHOW",     "SHUTDOWN", "SIGNAL",   "START",      "STOP",     "UNINSTALL", "UNLOCK",
        "USE",      "XA",       NULL,
    };

    return sl_ddl_is_any(parser, words);
}

static int parse_statement(struct sl_ddl_parser *parser)
{
    static const struct {
        const char *word;
        int (*parse)(struct sl_ddl_parser *parser);
    } statements[] = {
        {"CREATE", parse_create},     {"ALTER", parse_alter},   {"DROP", parse_drop},
        {"TRUNCATE", parse_truncate}, {"RENAME", parse_rename},
    };

    bool is_dml = false;
    int rc;

    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        if (sl_ddl_accept(parser, statements[i].word)) {
            return statements[i].parse(parser);
        }
    }
    rc = sl_ddl_dml(parser, &is_dml);
    if (rc != SL_OK || is_dml) {
        return rc;
    }
    if (is_harmless(parser) || (sl_ddl_at_end(parser) && parser->lexer.rest.len == 0)) {
        return report_other(parser);
    }
    return SL_DDL_UNREADABLE;
}

/* MariaDB's SET STATEMENT variable=value, … FOR statement. */
static bool skip_set_statement(struct sl_ddl_parser *parser)
{
    struct sl_ddl_parser begin = *parser;

    if (sl_ddl_accept(parser, "SET") && sl_ddl_accept(parser, "STATEMENT") &&
        sl_ddl_skip_past(parser, "FOR")) {
        return true;
    }
    *parser = begin;
    return false;
}

int sl_ddl_parse(struct sl_span db, struct sl_span text, sl_ddl_fn each, void *user,
                 struct sl_err *err)
{
    struct sl_ddl_parser parser = {.db = db, .text = text, .each = each, .user = user, .err = err};
    int rc;

    sl_sql_lexer_init(&parser.lexer, text);
    sl_ddl_advance(&parser);
    while (skip_set_statement(&parser)) {
    }
    rc = parse_statement(&parser);
    if (rc == SL_DDL_UNREADABLE) {
        rc = sl_ddl_report_table(&parser, SL_DDL_UNPARSED, NULL, false);
    }
    return rc;
}
