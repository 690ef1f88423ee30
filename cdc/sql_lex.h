/*
 * sql_lex.h - cuts a statement of MySQL or MariaDB into words, names, strings and signs. Comments
 * are passed over, what executable comments hold is read: the servers replace the '!' of those that
 * they did not execute before they log a statement (sql/sql_lex.cc: lex_one_token).
 */
#ifndef SLUICE_CDC_SQL_LEX_H
#define SLUICE_CDC_SQL_LEX_H

#include <stdbool.h>

#include "cdc/base/span.h"

enum sl_sql_kind {
    SL_SQL_END,    /* the end of the text or a semicolon */
    SL_SQL_WORD,   /* keyword, unquoted name or number */
    SL_SQL_NAME,   /* `name` */
    SL_SQL_DOUBLE, /* "…": a string, or with ANSI_QUOTES a name */
    SL_SQL_STRING, /* '…' */
    SL_SQL_SIGN,   /* one byte of anything else */
    SL_SQL_BAD,    /* a quote that is never closed */
};

struct sl_sql_token {
    enum sl_sql_kind kind;
    struct sl_span text; /* with its quotes; borrowed from the statement */
};

struct sl_sql_lexer {
    struct sl_span rest;
    /* A backslash escapes the next byte of a string; false with NO_BACKSLASH_ESCAPES. */
    bool has_escapes;
    bool in_executable; /* inside of an executable comment */
};

enum { SL_SQL_NAME_BYTES = 256 }; /* 64 characters of 4 bytes */

void sl_sql_lexer_init(struct sl_sql_lexer *lexer, struct sl_span text);
/* Reads the next token; after END or BAD it is END or BAD again. */
void sl_sql_next(struct sl_sql_lexer *lexer, struct sl_sql_token *token);
/* True when TOKEN is the keyword WORD (given in capitals), in any case. */
bool sl_sql_is(const struct sl_sql_token *token, const char *word);
bool sl_sql_is_sign(const struct sl_sql_token *token, char sign);

/*
 * Takes TOKEN, just read by LEXER, as a name: without quotes, doubled quotes halved. *NAME is a
 * view of the statement, or of SCRATCH where quotes had to be halved. False when it cannot be a
 * name.
 */
bool sl_sql_name(struct sl_sql_lexer *lexer, struct sl_sql_token *token,
                 uint8_t scratch[SL_SQL_NAME_BYTES], struct sl_span *name);

#endif
