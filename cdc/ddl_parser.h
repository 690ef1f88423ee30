/*
 * ddl_parser.h - shared by the files of the statement parser (ddl.c, ddl_alter.c, ddl_dml.c); for
 * nobody else.
 *
 * The statement functions return SL_OK, a negative status of the callback, or SL_DDL_UNREADABLE
 * when the statement is not what they know; the caller at the top then reports UNPARSED.
 */
#ifndef SLUICE_CDC_DDL_PARSER_H
#define SLUICE_CDC_DDL_PARSER_H

#include "cdc/ddl.h"
#include "cdc/sql_lex.h"

enum {
    SL_DDL_UNREADABLE = 1,
    SL_DDL_TABLES =
        3, /* most tables that are held at a time: altered, renamed to, exchanged with */
};

struct sl_ddl_table {
    struct sl_span db;
    struct sl_span name;
};

struct sl_ddl_parser {
    struct sl_sql_lexer lexer;
    struct sl_sql_token token; /* the next one, not yet taken */
    struct sl_span db;
    struct sl_span text;
    sl_ddl_fn each;
    void *user;
    struct sl_err *err;
    uint8_t scratch[2 * SL_DDL_TABLES][SL_SQL_NAME_BYTES];
};

void sl_ddl_advance(struct sl_ddl_parser *parser);
/* Takes the keyword WORD, or any of WORDS (ended by NULL), if it is next. */
bool sl_ddl_accept(struct sl_ddl_parser *parser, const char *word);
bool sl_ddl_accept_any(struct sl_ddl_parser *parser, const char *const *words);
bool sl_ddl_is_any(const struct sl_ddl_parser *parser, const char *const *words);
bool sl_ddl_accept_sign(struct sl_ddl_parser *parser, char sign);
/* Takes IF EXISTS and IF NOT EXISTS. */
bool sl_ddl_accept_if_exists(struct sl_ddl_parser *parser);
/* Takes MariaDB's WAIT n and NOWAIT. */
void sl_ddl_accept_wait(struct sl_ddl_parser *parser);
/* Takes [db .] table, kept in scratch SLOT (below SL_DDL_TABLES) where it must be. */
bool sl_ddl_take_table(struct sl_ddl_parser *parser, size_t slot, struct sl_ddl_table *table);
bool sl_ddl_take_name(struct sl_ddl_parser *parser, size_t scratch, struct sl_span *name);
/* Passes over one token and, when it opens parentheses, all up to where they close. False at the
 * end. */
bool sl_ddl_skip(struct sl_ddl_parser *parser);
/* Passes over everything up to WORD outside of parentheses and takes that; false when it does not
 * come. */
bool sl_ddl_skip_past(struct sl_ddl_parser *parser, const char *word);
/* True when the whole text was read: no quote or parenthesis is left open. */
bool sl_ddl_at_end(const struct sl_ddl_parser *parser);

/* Reports DDL with the text filled in, or a KIND with one table (NULL: none). */
int sl_ddl_report(struct sl_ddl_parser *parser, struct sl_ddl *ddl) SL_MUSTCHECK;
int sl_ddl_report_table(struct sl_ddl_parser *parser, enum sl_ddl_kind kind,
                        const struct sl_ddl_table *table, bool if_exists) SL_MUSTCHECK;

/* DROP INDEX can name the primary key, as `PRIMARY`: the token that is next. */
bool sl_ddl_is_primary(const struct sl_ddl_parser *parser);

/* What the actions of an ALTER TABLE may do, taken together. */
struct sl_ddl_change {
    bool reshapes;
    enum sl_ddl_keys keys;
};

/* Adds to CHANGE what the action that begins with the next token may do; takes nothing. */
void sl_ddl_judge_action(const struct sl_ddl_parser *parser, struct sl_ddl_change *change);

/* ALTER … TABLE, with everything up to the keyword TABLE taken. */
int sl_ddl_alter_table(struct sl_ddl_parser *parser, bool is_ignore) SL_MUSTCHECK;
/* INSERT, UPDATE, …: *IS_DML is false when the first word is none of these and nothing was
 * reported. */
int sl_ddl_dml(struct sl_ddl_parser *parser, bool *is_dml) SL_MUSTCHECK;

#endif
