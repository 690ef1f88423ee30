/* ddl_parser.c - the small steps that the statement parsers are made of. */
#include "cdc/ddl_parser.h"

void sl_ddl_advance(struct sl_ddl_parser *parser)
{
    sl_sql_next(&parser->lexer, &parser->token);
}

bool sl_ddl_accept(struct sl_ddl_parser *parser, const char *word)
{
    if (!sl_sql_is(&parser->token, word)) {
        return false;
    }
    sl_ddl_advance(parser);
    return true;
}

bool sl_ddl_is_any(const struct sl_ddl_parser *parser, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (sl_sql_is(&parser->token, *words)) {
            return true;
        }
    }
    return false;
}

bool sl_ddl_accept_any(struct sl_ddl_parser *parser, const char *const *words)
{
    if (!sl_ddl_is_any(parser, words)) {
        return false;
    }
    sl_ddl_advance(parser);
    return true;
}

bool sl_ddl_accept_sign(struct sl_ddl_parser *parser, char sign)
{
    if (!sl_sql_is_sign(&parser->token, sign)) {
        return false;
    }
    sl_ddl_advance(parser);
    return true;
}

bool sl_ddl_accept_if_exists(struct sl_ddl_parser *parser)
{
    if (!sl_ddl_accept(parser, "IF")) {
        return false;
    }
    (void)sl_ddl_accept(parser, "NOT");
    (void)sl_ddl_accept(parser, "EXISTS");
    return true;
}

void sl_ddl_accept_wait(struct sl_ddl_parser *parser)
{
    if (sl_ddl_accept(parser, "WAIT")) {
        sl_ddl_advance(parser);
    } else {
        (void)sl_ddl_accept(parser, "NOWAIT");
    }
}

bool sl_ddl_take_name(struct sl_ddl_parser *parser, size_t scratch, struct sl_span *name)
{
    if (!sl_sql_name(&parser->lexer, &parser->token, parser->scratch[scratch], name)) {
        return false;
    }
    sl_ddl_advance(parser);
    return true;
}

bool sl_ddl_take_table(struct sl_ddl_parser *parser, size_t slot, struct sl_ddl_table *table)
{
    struct sl_span first;

    *table = (struct sl_ddl_table){.db = parser->db};
    if (sl_ddl_accept_sign(parser, '.')) { /* ".t" is a table of the current database */
        return sl_ddl_take_name(parser, 2 * slot + 1, &table->name);
    }
    if (!sl_ddl_take_name(parser, 2 * slot, &first)) {
        return false;
    }
    if (!sl_ddl_accept_sign(parser, '.')) {
        table->name = first;
        return true;
    }
    table->db = first;
    return sl_ddl_take_name(parser, 2 * slot + 1, &table->name);
}

bool sl_ddl_skip(struct sl_ddl_parser *parser)
{
    size_t depth = 0;

    do {
        if (parser->token.kind == SL_SQL_END || parser->token.kind == SL_SQL_BAD) {
            /* an open parenthesis is as bad as an open quote: this is not the end */
            parser->token.kind = depth > 0 ? SL_SQL_BAD : parser->token.kind;
            return false;
        }
        if (sl_sql_is_sign(&parser->token, '(')) {
            depth++;
        } else if (sl_sql_is_sign(&parser->token, ')') && depth-- == 0) {
            return false;
        }
        sl_ddl_advance(parser);
    } while (depth > 0);
    return true;
}

bool sl_ddl_skip_past(struct sl_ddl_parser *parser, const char *word)
{
    while (!sl_sql_is(&parser->token, word)) {
        if (!sl_ddl_skip(parser)) {
            return false;
        }
    }
    sl_ddl_advance(parser);
    return true;
}

bool sl_ddl_at_end(const struct sl_ddl_parser *parser)
{
    return parser->token.kind == SL_SQL_END;
}

bool sl_ddl_is_primary(const struct sl_ddl_parser *parser)
{
    struct sl_sql_token inner = parser->token;

    if (inner.kind == SL_SQL_NAME || inner.kind == SL_SQL_DOUBLE) {
        inner.kind = SL_SQL_WORD;
        inner.text = sl_span_make(inner.text.data + 1, inner.text.len - 2);
    }
    return sl_sql_is(&inner, "PRIMARY");
}

int sl_ddl_report(struct sl_ddl_parser *parser, struct sl_ddl *ddl)
{
    ddl->text = parser->text;
    return parser->each(parser->user, ddl, parser->err);
}

int sl_ddl_report_table(struct sl_ddl_parser *parser, enum sl_ddl_kind kind,
                        const struct sl_ddl_table *table, bool if_exists)
{
    struct sl_ddl ddl = {.kind = kind, .db = parser->db, .if_exists = if_exists};

    if (table != NULL) {
        ddl.db = table->db;
        ddl.table = table->name;
    }
    return sl_ddl_report(parser, &ddl);
}
