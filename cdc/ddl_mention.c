/* ddl_mention.c - whether a statement may be about a column, when its grammar need not be known. */
#include "cdc/ddl.h"
#include "cdc/sql_lex.h"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* Letters of ASCII alone: names with others are not compared at all. */
static bool same_letters(struct sl_span a, struct sl_span b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

static bool may_be_name(struct sl_sql_lexer *lexer, struct sl_sql_token *token, struct sl_span name)
{
    uint8_t scratch[SL_SQL_NAME_BYTES];
    struct sl_span found;

    if (token->kind != SL_SQL_WORD && token->kind != SL_SQL_NAME && token->kind != SL_SQL_DOUBLE) {
        return false;
    }
    return sl_sql_name(lexer, token, scratch, &found) && same_letters(found, name);
}

static bool mentions(struct sl_span text, struct sl_span name, bool has_escapes, bool is_ansi)
{
    struct sl_sql_lexer lexer;
    struct sl_sql_token token;

    sl_sql_lexer_init(&lexer, text);
    lexer.has_escapes = has_escapes;
    for (sl_sql_next(&lexer, &token); token.kind != SL_SQL_END; sl_sql_next(&lexer, &token)) {
        if (token.kind == SL_SQL_BAD) {
            return true;
        }
        if ((is_ansi || token.kind != SL_SQL_DOUBLE) && may_be_name(&lexer, &token, name)) {
            return true;
        }
    }
    return false;
}

/*
 * Where strings end depends on the session's NO_BACKSLASH_ESCAPES and ANSI_QUOTES, which is not
 * known here: it is read in every way. Servers compare the names of columns without regard to case
 * and accents, so that other letters than ASCII's are beyond this function.
 */
bool sl_ddl_mentions(struct sl_span text, struct sl_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] >= 0x80) {
            return true;
        }
    }
    return mentions(text, name, true, false) || mentions(text, name, true, true) ||
           mentions(text, name, false, false) || mentions(text, name, false, true);
}
