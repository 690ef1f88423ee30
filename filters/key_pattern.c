/*
 * key_pattern.c - which keys belong to a table: a glob for SCAN, and a matcher that decides.
 *
 * The matcher walks the template against the key. A placeholder takes one value, which holds no raw
 * ":" "{" or "}" as they are percent-encoded, so the walk never has to guess: a value ends at the
 * first byte that cannot be part of one, or where the following literal begins.
 */
#include <stdlib.h>

#include "filters/key.h"
#include "filters/key_name.h"
#include "filters/key_text.h"
#include "filters/rule.h"

enum { SL_NAME_MAX = 512 }; /* bytes of a table's name: 64 characters, and room */

struct piece {
    bool is_value;
    bool is_table;          /* the value is the name of one of `tables` */
    bool may_join;          /* a row key of unknown width: any number of values joined with ":" */
    struct sl_span literal; /* into `literals` */
    size_t at;              /* of the literal, until literals stops growing */
};

struct table_pattern {
    struct sl_key_pattern base; /* first: the two are cast into each other */
    struct piece *pieces;
    size_t count;
    struct sl_buf literals;
    struct sl_buf glob;
    struct sl_key_tables tables; /* rule NULL: any */
    struct sl_buf db;            /* what tables.db is a view of */
};

static void free_pattern(struct sl_key_pattern *base)
{
    struct table_pattern *pattern = (struct table_pattern *)base;

    free(pattern->pieces);
    sl_buf_release(&pattern->literals);
    sl_buf_release(&pattern->glob);
    sl_buf_release(&pattern->db);
    free(pattern);
}

static bool match_from(const struct table_pattern *pattern, size_t piece, struct sl_span key);

static uint8_t decode_unit(const uint8_t *unit, size_t len)
{
    static const uint8_t specials[] = {'%', ':', '{', '}'};
    static const uint8_t digits[] = "0123456789ABCDEF";

    if (len == 1) {
        return unit[0];
    }
    for (size_t i = 0; i < sizeof(specials); i++) {
        if (unit[1] == digits[specials[i] >> 4] && unit[2] == digits[specials[i] & 15]) {
            return specials[i];
        }
    }
    return unit[0];
}

/* Is what a key has for {table} the name of a table of ours? VALUE is of whole units. */
static bool is_own_table(const struct table_pattern *pattern, struct sl_span value)
{
    const struct sl_key_tables *tables = &pattern->tables;
    const struct sl_table_rule *rule = NULL;
    uint8_t name[SL_NAME_MAX];
    size_t len = 0;

    while (value.len > 0) {
        size_t unit = sl_key_unit_length(value);

        if (unit == 0 || len == sizeof(name)) {
            return false;
        }
        name[len++] = decode_unit(value.data, unit);
        value = sl_span_make(value.data + unit, value.len - unit);
    }
    return len > 0 &&
           sl_rule_find(tables->rules, tables->count, tables->db, sl_span_make(name, len), &rule,
                        NULL) == SL_OK &&
           rule == tables->rule;
}

/* Can the value that began at START end before REST? */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the template has placeholders */
static bool ends_before(const struct table_pattern *pattern, size_t piece, struct sl_span start,
                        struct sl_span rest)
{
    return match_from(pattern, piece + 1, rest) &&
           (!pattern->pieces[piece].is_table ||
            is_own_table(pattern, sl_span_make(start.data, start.len - rest.len)));
}

/*
 * A value can be followed by a literal that begins with a byte of a value: try each end. What the
 * encoding never writes ("100%", "%3a", "x%N") is in nobody's key but somebody else's.
 */
static bool match_value(const struct table_pattern *pattern, size_t piece,
                        struct sl_span key) // NOLINT(misc-no-recursion)
{
    bool may_join = pattern->pieces[piece].may_join;
    bool is_fresh = true; /* at the first byte of a value */
    bool is_null = false; /* behind a NULL, which is a whole value */
    const struct sl_span start = key;

    while (!ends_before(pattern, piece, start, key)) {
        size_t len = is_null ? 0 : sl_key_unit_length(key);

        if (may_join && key.len > 0 && key.data[0] == ':') {
            len = 1;
            is_fresh = true;
            is_null = false;
        } else {
            is_null = is_fresh && sl_key_is_null(key);
            len = is_null ? 2 : len;
            is_fresh = false;
        }
        if (len == 0) {
            return false;
        }
        key = sl_span_make(key.data + len, key.len - len);
    }
    return true;
}

/* Recursion is as deep as the template has placeholders. */
static bool match_from(const struct table_pattern *pattern, size_t piece,
                       struct sl_span key) // NOLINT(misc-no-recursion)
{
    const struct piece *here;

    if (piece == pattern->count) {
        return key.len == 0;
    }
    here = &pattern->pieces[piece];
    if (here->is_value) {
        return match_value(pattern, piece, key);
    }
    if (key.len < here->literal.len ||
        memcmp(key.data, here->literal.data, here->literal.len) != 0) {
        return false;
    }
    return match_from(pattern, piece + 1,
                      sl_span_make(key.data + here->literal.len, key.len - here->literal.len));
}

static bool matches(const struct sl_key_pattern *base, struct sl_span key)
{
    return match_from((const struct table_pattern *)base, 0, key);
}

static int add_piece(struct table_pattern *pattern, struct piece piece)
{
    struct piece *pieces = realloc(pattern->pieces, (pattern->count + 1) * sizeof(*pieces));

    if (pieces == NULL) {
        return SL_ENOMEM;
    }
    pattern->pieces = pieces;
    pieces[pattern->count++] = piece;
    return SL_OK;
}

static int add_glob(struct sl_buf *glob, const uint8_t *data, size_t len)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < len; i++) {
        if (memchr("*?[]\\^-", data[i], 7) != NULL) {
            rc = sl_buf_add_byte(glob, '\\');
        }
        if (rc == SL_OK) {
            /* SCAN's MATCH takes its pattern by length, but ours is handed on as a C string. */
            rc = sl_buf_add_byte(glob, data[i] == '\0' ? '?' : data[i]);
        }
    }
    return rc;
}

static int add_literal(struct table_pattern *pattern, struct sl_span text)
{
    size_t at = pattern->literals.len;
    int rc;

    if (text.len == 0) {
        return SL_OK;
    }
    rc = sl_buf_add(&pattern->literals, text.data, text.len);
    if (rc == SL_OK) {
        rc = add_glob(&pattern->glob, pattern->literals.data + at, pattern->literals.len - at);
    }
    if (rc == SL_OK) {
        rc = add_piece(pattern,
                       (struct piece){.at = at, .literal = {.len = pattern->literals.len - at}});
    }
    return rc;
}

static int add_value(struct table_pattern *pattern, struct piece piece)
{
    int rc = add_piece(pattern, piece);

    return rc == SL_OK ? sl_buf_add_byte(&pattern->glob, '*') : rc;
}

/* Which tables a rewritten name can come from, nobody can tell: it may be anything. */
static int add_name(struct table_pattern *pattern, const struct sl_key_token *token,
                    struct sl_span db, struct sl_span table)
{
    struct sl_buf name = {0};
    int rc;

    if (table.len == 0 && sl_span_equals(token->text, "table")) {
        return add_value(pattern, (struct piece){.is_value = true,
                                                 .is_table = pattern->tables.rule != NULL &&
                                                             !token->is_rewritten});
    }
    rc = sl_key_add_name(token, db, table, &name, NULL);
    if (rc == SL_OK) {
        rc = add_literal(pattern, sl_span_make(name.data, name.len));
    }
    sl_buf_release(&name);
    return rc;
}

static int add_row_key(struct table_pattern *pattern, uint32_t columns)
{
    int rc = add_value(pattern, (struct piece){.is_value = true, .may_join = columns == 0});

    for (uint32_t i = 1; rc == SL_OK && i < columns; i++) {
        rc = add_literal(pattern, sl_span_make(":", 1));
        if (rc == SL_OK) {
            rc = add_value(pattern, (struct piece){.is_value = true});
        }
    }
    return rc;
}

static int add_token(struct table_pattern *pattern, const struct sl_key_token *token,
                     struct sl_span db, struct sl_span table, uint32_t pk_count)
{
    if (!token->is_placeholder) {
        return add_literal(pattern, token->text);
    }
    if (sl_key_is_name(token)) {
        return add_name(pattern, token, db, table);
    }
    if (sl_span_equals(token->text, "pk")) {
        return add_row_key(pattern, pk_count);
    }
    return add_value(pattern, (struct piece){.is_value = true});
}

/* Takes PATTERN, which may be NULL, over. */
static struct sl_key_pattern *build(struct table_pattern *pattern, const char *text,
                                    struct sl_span db, struct sl_span table, uint32_t pk_count)
{
    struct sl_span rest = sl_span_make(text, strlen(text));
    struct sl_key_token token;
    int rc = pattern != NULL ? SL_OK : SL_ENOMEM;

    while (rc == SL_OK && (rc = sl_key_next(&rest, &token, NULL)) == SL_OK) {
        rc = add_token(pattern, &token, db, table, pk_count);
    }
    if (rc != SL_DONE || (pattern->base.glob = sl_buf_cstr(&pattern->glob)) == NULL) {
        if (pattern != NULL) {
            free_pattern(&pattern->base);
        }
        return NULL;
    }
    for (size_t i = 0; i < pattern->count; i++) {
        if (pattern->pieces[i].literal.len > 0) {
            pattern->pieces[i].literal.data = pattern->literals.data + pattern->pieces[i].at;
        }
    }
    pattern->base.matches = matches;
    pattern->base.free = free_pattern;
    return &pattern->base;
}

struct sl_key_pattern *sl_key_pattern_new(const char *text, struct sl_span db, struct sl_span table,
                                          uint32_t pk_count)
{
    return build(calloc(1, sizeof(struct table_pattern)), text, db, table, pk_count);
}

struct sl_key_pattern *sl_key_pattern_of_tables(const struct sl_key_tables *tables)
{
    static const struct sl_span any = {0};
    struct table_pattern *pattern = calloc(1, sizeof(*pattern));

    if (pattern == NULL) {
        return NULL;
    }
    pattern->tables = *tables;
    if (sl_buf_add(&pattern->db, tables->db.data, tables->db.len) != SL_OK) {
        free_pattern(&pattern->base);
        return NULL;
    }
    pattern->tables.db = sl_span_make(pattern->db.data, pattern->db.len);
    return build(pattern, tables->text != NULL ? tables->text : tables->rule->key_template,
                 pattern->tables.db, any, 0);
}
