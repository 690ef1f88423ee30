#include "cdc/query.h"

#include "cdc/sql_lex.h"

/* A lexer and the token that it has just read. */
struct sl_query {
    struct sl_sql_lexer lexer;
    struct sl_sql_token token;
};

static void advance(struct sl_query *query)
{
    sl_sql_next(&query->lexer, &query->token);
}

static bool accept(struct sl_query *query, const char *word)
{
    if (!sl_sql_is(&query->token, word)) {
        return false;
    }
    advance(query);
    return true;
}

/* One part of an identifier: X'…', '…' or a number. */
static bool take_xid_part(struct sl_query *query, const uint8_t **end)
{
    if (query->token.kind == SL_SQL_WORD) {
        *end = query->token.text.data + query->token.text.len;
        advance(query);
        /* X'…' is a word and the string right behind it */
        if (query->token.kind != SL_SQL_STRING || query->token.text.data != *end) {
            return true;
        }
    }
    if (query->token.kind != SL_SQL_STRING && query->token.kind != SL_SQL_DOUBLE) {
        return false;
    }
    *end = query->token.text.data + query->token.text.len;
    advance(query);
    return true;
}

static bool take_xid(struct sl_query *query, struct sl_span *xid)
{
    const uint8_t *begin = query->token.text.data;
    const uint8_t *end = begin;

    do {
        if (!take_xid_part(query, &end) || query->token.kind == SL_SQL_BAD) {
            return false;
        }
        if (!sl_sql_is_sign(&query->token, ',')) {
            *xid = sl_span_make(begin, (size_t)(end - begin));
            return true;
        }
        advance(query);
    } while (true);
}

static enum sl_query_kind classify_xa(struct sl_query *query, struct sl_span *xid)
{
    static const struct {
        const char *word;
        enum sl_query_kind kind;
    } verbs[] = {
        {"START", SL_QUERY_XA_START},   {"BEGIN", SL_QUERY_XA_START},
        {"END", SL_QUERY_XA_END},       {"PREPARE", SL_QUERY_XA_PREPARE},
        {"COMMIT", SL_QUERY_XA_COMMIT}, {"ROLLBACK", SL_QUERY_XA_ROLLBACK},
    };

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (!accept(query, verbs[i].word)) {
            continue;
        }
        if (!take_xid(query, xid)) {
            return SL_QUERY_DDL_OR_DML;
        }
        if (verbs[i].kind == SL_QUERY_XA_COMMIT && accept(query, "ONE")) {
            return SL_QUERY_XA_COMMIT_ONE_PHASE;
        }
        return verbs[i].kind;
    }
    return SL_QUERY_DDL_OR_DML; /* XA RECOVER */
}

/* The servers print a savepoint's name the same way each time, so its bytes can be compared. */
static enum sl_query_kind take_savepoint(const struct sl_query *query, enum sl_query_kind kind,
                                         struct sl_span *name)
{
    struct sl_span text = query->token.text;

    if (query->token.kind == SL_SQL_NAME && text.len >= 2) {
        text = sl_span_make(text.data + 1, text.len - 2);
    }
    *name = text;
    return kind;
}

static enum sl_query_kind classify_rollback(struct sl_query *query, struct sl_span *name)
{
    (void)accept(query, "WORK");
    if (!accept(query, "TO")) {
        return SL_QUERY_ROLLBACK;
    }
    (void)accept(query, "SAVEPOINT");
    return take_savepoint(query, SL_QUERY_ROLLBACK_TO, name);
}

enum sl_query_kind sl_query_classify(struct sl_span text, struct sl_span *name)
{
    struct sl_query query;

    *name = (struct sl_span){0};
    sl_sql_lexer_init(&query.lexer, text);
    advance(&query);
    if (query.token.kind == SL_SQL_END && query.lexer.rest.len == 0) {
        return SL_QUERY_DUMMY;
    }
    if (accept(&query, "BEGIN")) {
        /* MariaDB's BEGIN NOT ATOMIC is a block of statements. */
        return sl_sql_is(&query.token, "NOT") ? SL_QUERY_DDL_OR_DML : SL_QUERY_BEGIN;
    }
    if (accept(&query, "COMMIT")) {
        return SL_QUERY_COMMIT;
    }
    if (accept(&query, "ROLLBACK")) {
        return classify_rollback(&query, name);
    }
    if (accept(&query, "SAVEPOINT")) {
        return take_savepoint(&query, SL_QUERY_SAVEPOINT, name);
    }
    if (accept(&query, "RELEASE")) {
        return accept(&query, "SAVEPOINT")
                   ? take_savepoint(&query, SL_QUERY_RELEASE_SAVEPOINT, name)
                   : SL_QUERY_DDL_OR_DML;
    }
    if (accept(&query, "START")) {
        return sl_sql_is(&query.token, "TRANSACTION") ? SL_QUERY_BEGIN : SL_QUERY_DDL_OR_DML;
    }
    return accept(&query, "XA") ? classify_xa(&query, name) : SL_QUERY_DDL_OR_DML;
}
