/*
 * ddl_alter.c - ALTER TABLE. Its actions are read as far as they rename the table or make rows
 * vanish or appear without row events; what else they may do is judged in ddl_action.c.
 */
#include <string.h>

#include "cdc/ddl_parser.h"

struct sl_ddl_alter {
    struct sl_ddl_table table;
    struct sl_ddl_table to; /* RENAME TO; name empty: none */
    struct sl_ddl_table
        other; /* EXCHANGE, CONVERT: rows go there or come from there; name empty: none */
    bool if_exists;
    bool rows_gone;
    struct sl_ddl_change change;
};

enum { SL_SLOT_TABLE, SL_SLOT_TO, SL_SLOT_OTHER };

static bool parse_rename(struct sl_ddl_parser *parser, struct sl_ddl_alter *alter)
{
    static const char *const parts[] = {"COLUMN", "INDEX", "KEY", NULL};
    static const char *const fillers[] = {"TO", "AS", NULL};

    if (sl_ddl_is_any(parser, parts)) {
        return true;
    }
    if (!sl_ddl_accept_any(parser, fillers)) {
        (void)sl_ddl_accept_sign(parser, '=');
    }
    if (!sl_ddl_take_table(parser, SL_SLOT_TO, &alter->to)) {
        return false;
    }
    if (alter->to.db.len == 0) { /* no current database */
        alter->to.db = alter->table.db;
    }
    return true;
}

/* EXCHANGE PARTITION p WITH TABLE t */
static bool parse_exchange(struct sl_ddl_parser *parser, struct sl_ddl_alter *alter)
{
    alter->rows_gone = true;
    return sl_ddl_skip_past(parser, "TABLE") &&
           sl_ddl_take_table(parser, SL_SLOT_OTHER, &alter->other);
}

/* MariaDB: CONVERT PARTITION p TO TABLE t, CONVERT TABLE t TO PARTITION p; not CONVERT TO CHARACTER
 * SET. */
static bool parse_convert(struct sl_ddl_parser *parser, struct sl_ddl_alter *alter)
{
    if (sl_ddl_accept(parser, "PARTITION")) {
        return parse_exchange(parser, alter);
    }
    if (sl_ddl_accept(parser, "TABLE")) {
        alter->rows_gone = true;
        (void)sl_ddl_accept_if_exists(parser);
        return sl_ddl_take_table(parser, SL_SLOT_OTHER, &alter->other);
    }
    return true;
}

/* The words at the begin of an action; what is left of it is passed over by the caller. */
static bool parse_action(struct sl_ddl_parser *parser, struct sl_ddl_alter *alter)
{
    static const char *const partition_verbs[] = {"DROP", "TRUNCATE", NULL};
    static const char *const tablespace_verbs[] = {"DISCARD", "IMPORT", NULL};

    if (sl_ddl_accept(parser, "RENAME")) {
        return parse_rename(parser, alter);
    }
    if (sl_ddl_accept(parser, "EXCHANGE")) {
        return parse_exchange(parser, alter);
    }
    if (sl_ddl_accept(parser, "CONVERT")) {
        return parse_convert(parser, alter);
    }
    if (sl_ddl_accept_any(parser, partition_verbs)) {
        alter->rows_gone = alter->rows_gone || sl_sql_is(&parser->token, "PARTITION");
    } else if (sl_ddl_accept_any(parser, tablespace_verbs)) {
        alter->rows_gone = true;
    }
    return true;
}

static bool parse_actions(struct sl_ddl_parser *parser, struct sl_ddl_alter *alter)
{
    do {
        sl_ddl_judge_action(parser, &alter->change);
        if (!parse_action(parser, alter)) {
            return false;
        }
        while (!sl_sql_is_sign(&parser->token, ',') && sl_ddl_skip(parser)) {
        }
    } while (sl_ddl_accept_sign(parser, ','));
    return sl_ddl_at_end(parser);
}

static bool is_same_span(struct sl_span a, struct sl_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool is_same_table(const struct sl_ddl_table *a, const struct sl_ddl_table *b)
{
    return is_same_span(a->name, b->name) && (a->name.len == 0 || is_same_span(a->db, b->db));
}

static int report(struct sl_ddl_parser *parser, const struct sl_ddl_alter *alter)
{
    struct sl_ddl ddl = {
        .kind = SL_DDL_ALTER_TABLE,
        .db = alter->table.db,
        .table = alter->table.name,
        .to_db = alter->to.db,
        .to_table = alter->to.name,
        .rows_gone = alter->rows_gone,
        .reshapes = alter->change.reshapes,
        .keys = alter->change.keys,
        .if_exists = alter->if_exists,
    };
    int rc = sl_ddl_report(parser, &ddl);

    if (rc == SL_OK && alter->other.name.len > 0) {
        ddl = (struct sl_ddl){.kind = SL_DDL_ALTER_TABLE,
                              .db = alter->other.db,
                              .table = alter->other.name,
                              .rows_gone = true};
        rc = sl_ddl_report(parser, &ddl);
    }
    return rc;
}

/* What either reading may do is taken for done. */
static struct sl_ddl_change either(struct sl_ddl_change a, struct sl_ddl_change b)
{
    return (struct sl_ddl_change){.reshapes = a.reshapes || b.reshapes,
                                  .keys = a.keys > b.keys ? a.keys : b.keys};
}

/*
 * Whether a backslash in a string escapes depends on the session's NO_BACKSLASH_ESCAPES, and for
 * double quotes on ANSI_QUOTES. The actions are read both ways; a statement that means something
 * else in either is better not understood.
 */
int sl_ddl_alter_table(struct sl_ddl_parser *parser, bool is_ignore)
{
    struct sl_ddl_alter alter = {.rows_gone = is_ignore};
    struct sl_ddl_alter plain_alter;
    struct sl_ddl_parser plain;
    bool is_read;
    bool is_plain_read;

    alter.if_exists = sl_ddl_accept_if_exists(parser);
    if (!sl_ddl_take_table(parser, SL_SLOT_TABLE, &alter.table)) {
        return SL_DDL_UNREADABLE;
    }
    sl_ddl_accept_wait(parser);
    plain =
        *parser; /* TABLE stays a view of the first parser's scratch, which is not written again */
    plain.lexer.has_escapes = false;
    plain_alter = alter;
    is_read = parse_actions(parser, &alter);
    is_plain_read = parse_actions(&plain, &plain_alter);
    if (is_read && is_plain_read &&
        (!is_same_table(&alter.to, &plain_alter.to) ||
         !is_same_table(&alter.other, &plain_alter.other) ||
         alter.rows_gone != plain_alter.rows_gone)) {
        return SL_DDL_UNREADABLE;
    }
    if (is_read && is_plain_read) {
        alter.change = either(alter.change, plain_alter.change);
    }
    if (is_read) {
        return report(parser, &alter);
    }
    return is_plain_read ? report(&plain, &plain_alter) : SL_DDL_UNREADABLE;
}
