#include "cdc/sql_lex.h"

#include <string.h>

void sl_sql_lexer_init(struct sl_sql_lexer *lexer, struct sl_span text)
{
    *lexer = (struct sl_sql_lexer){.rest = text, .has_escapes = true};
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '$' || c >= 0x80;
}

static bool starts_with(struct sl_span span, const char *text)
{
    size_t len = strlen(text);

    return span.len >= len && memcmp(span.data, text, len) == 0;
}

static void skip(struct sl_span *span, size_t len)
{
    len = len < span->len ? len : span->len;
    if (len == 0) {
        return; /* an empty text may be a null pointer, which knows no arithmetic */
    }
    span->data += len;
    span->len -= len;
}

static void skip_past(struct sl_span *span, const char *end)
{
    while (span->len > 0 && !starts_with(*span, end)) {
        skip(span, 1);
    }
    skip(span, strlen(end));
}

/*
 * Enters an executable comment, past its '!' or 'M!' and the version. MariaDB's dumps begin with
 * one of version 999999, which no server executes and MySQL logs as it is, being a plain comment
 * there.
 */
static bool enter_executable(struct sl_sql_lexer *lexer)
{
    struct sl_span rest = lexer->rest;
    uint32_t version = 0;

    if (!starts_with(rest, "/*!") && !starts_with(rest, "/*M!")) {
        return false;
    }
    skip(&rest, rest.data[2] == 'M' ? 4 : 3);
    for (int i = 0; i < 6 && rest.len > 0 && is_digit(rest.data[0]); i++) {
        version = version * 10 + (uint32_t)(rest.data[0] - '0');
        skip(&rest, 1);
    }
    if (version == 999999) {
        return false;
    }
    lexer->rest = rest;
    lexer->in_executable = true;
    return true;
}

/* "-- " is a comment, "--1" is not. */
static bool is_dash_comment(struct sl_span rest)
{
    return starts_with(rest, "--") && (rest.len == 2 || rest.data[2] <= ' ');
}

static bool skip_comment(struct sl_sql_lexer *lexer)
{
    struct sl_span *rest = &lexer->rest;

    if (rest->data[0] == '#' || is_dash_comment(*rest)) {
        skip_past(rest, "\n");
        return true;
    }
    if (lexer->in_executable && starts_with(*rest, "*/")) {
        lexer->in_executable = false;
        skip(rest, 2);
        return true;
    }
    if (!starts_with(*rest, "/*")) {
        return false;
    }
    if (!enter_executable(lexer)) {
        skip(rest, 2);
        skip_past(rest, "*/");
    }
    return true;
}

static void skip_blank(struct sl_sql_lexer *lexer)
{
    while (lexer->rest.len > 0) {
        if (is_space(lexer->rest.data[0])) {
            skip(&lexer->rest, 1);
        } else if (!skip_comment(lexer)) {
            return;
        }
    }
}

/* The length of the quoted text in front, quotes included; 0 when it does not end. */
static size_t quoted_len(struct sl_span rest, bool has_escapes)
{
    uint8_t quote = rest.data[0];

    for (size_t i = 1; i < rest.len; i++) {
        if (has_escapes && rest.data[i] == '\\') {
            i++;
        } else if (rest.data[i] == quote) {
            if (i + 1 == rest.len || rest.data[i + 1] != quote) {
                return i + 1;
            }
            i++;
        }
    }
    return 0;
}

static size_t word_len(struct sl_span rest)
{
    size_t len = 0;

    while (len < rest.len && is_word(rest.data[len])) {
        len++;
    }
    return len;
}

static void take_token(struct sl_sql_lexer *lexer, struct sl_sql_token *token,
                       enum sl_sql_kind kind, size_t len)
{
    token->kind = kind;
    token->text = sl_span_make(lexer->rest.data, len);
    skip(&lexer->rest, len);
}

static void take_quoted(struct sl_sql_lexer *lexer, struct sl_sql_token *token,
                        enum sl_sql_kind kind)
{
    size_t len = quoted_len(lexer->rest, kind != SL_SQL_NAME && lexer->has_escapes);

    /* What is not closed stays where it is, so that it is read as BAD again. */
    take_token(lexer, token, len > 0 ? kind : SL_SQL_BAD, len);
}

void sl_sql_next(struct sl_sql_lexer *lexer, struct sl_sql_token *token)
{
    skip_blank(lexer);
    if (lexer->rest.len == 0) {
        take_token(lexer, token, SL_SQL_END, 0);
        return;
    }
    switch (lexer->rest.data[0]) {
    case ';':
        take_token(lexer, token, SL_SQL_END, 0);
        return;
    case '`':
        take_quoted(lexer, token, SL_SQL_NAME);
        return;
    case '"':
        take_quoted(lexer, token, SL_SQL_DOUBLE);
        return;
    case '\'':
        take_quoted(lexer, token, SL_SQL_STRING);
        return;
    default:
        break;
    }
    if (is_word(lexer->rest.data[0])) {
        take_token(lexer, token, SL_SQL_WORD, word_len(lexer->rest));
    } else {
        take_token(lexer, token, SL_SQL_SIGN, 1);
    }
}

bool sl_sql_is(const struct sl_sql_token *token, const char *word)
{
    size_t i;

    if (token->kind != SL_SQL_WORD) {
        return false;
    }
    for (i = 0; i < token->text.len; i++) {
        uint8_t c = token->text.data[i];

        c = c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
        if (word[i] == '\0' || c != (uint8_t)word[i]) {
            return false;
        }
    }
    return word[i] == '\0';
}

bool sl_sql_is_sign(const struct sl_sql_token *token, char sign)
{
    return token->kind == SL_SQL_SIGN && token->text.data[0] == (uint8_t)sign;
}

/* Copies INNER with doubled quotes halved; false when it does not fit. */
static bool halve_quotes(struct sl_span inner, uint8_t quote, uint8_t scratch[SL_SQL_NAME_BYTES],
                         struct sl_span *name)
{
    size_t len = 0;

    for (size_t i = 0; i < inner.len; i++) {
        if (len == SL_SQL_NAME_BYTES) {
            return false;
        }
        scratch[len++] = inner.data[i];
        if (inner.data[i] == quote) {
            i++; /* the second one: the lexer has seen both */
        }
    }
    *name = sl_span_make(scratch, len);
    return true;
}

/*
 * A double-quoted token in the place of a name can only be one of ANSI_QUOTES, where a backslash
 * means nothing: it is read once more that way.
 */
static void read_again_as_name(struct sl_sql_lexer *lexer, struct sl_sql_token *token)
{
    size_t len;

    lexer->rest.len += (size_t)(lexer->rest.data - token->text.data);
    lexer->rest.data = token->text.data;
    len = quoted_len(lexer->rest, false);
    take_token(lexer, token, len > 0 ? SL_SQL_DOUBLE : SL_SQL_BAD, len);
}

bool sl_sql_name(struct sl_sql_lexer *lexer, struct sl_sql_token *token,
                 uint8_t scratch[SL_SQL_NAME_BYTES], struct sl_span *name)
{
    struct sl_span inner;
    uint8_t quote;

    if (token->kind == SL_SQL_WORD && token->text.len <= SL_SQL_NAME_BYTES) {
        *name = token->text;
        return true;
    }
    /* BAD, too: a name that ends in a backslash looks like a string that does not end. */
    if (token->kind == SL_SQL_DOUBLE ||
        (token->kind == SL_SQL_BAD && lexer->rest.len > 0 && lexer->rest.data[0] == '"')) {
        read_again_as_name(lexer, token);
    }
    if ((token->kind != SL_SQL_NAME && token->kind != SL_SQL_DOUBLE) || token->text.len < 3) {
        return false;
    }
    quote = token->text.data[0];
    inner = sl_span_make(token->text.data + 1, token->text.len - 2);
    if (memchr(inner.data, quote, inner.len) != NULL) {
        return halve_quotes(inner, quote, scratch, name);
    }
    *name = inner;
    return inner.len <= SL_SQL_NAME_BYTES;
}
