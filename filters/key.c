#include "filters/key.h"

#include <stdlib.h>

#include "cdc/value.h"
#include "filters/key_name.h"
#include "filters/key_part.h"
#include "filters/key_text.h"

void sl_key_release(struct sl_key *key)
{
    free(key->parts);
    sl_buf_release(&key->literals);
    *key = (struct sl_key){0};
}

static int check(const char *text, bool *tells_rows_apart, struct sl_err *err)
{
    struct sl_span rest = sl_span_make(text, strlen(text));
    struct sl_key_token token;
    int rc;

    *tells_rows_apart = false;
    while ((rc = sl_key_next(&rest, &token, err)) == SL_OK) {
        rc = sl_key_check_name(&token, err);
        if (rc != SL_OK) {
            return rc;
        }
        *tells_rows_apart |= token.is_placeholder && !sl_key_is_name(&token);
    }
    return rc == SL_DONE ? SL_OK : rc;
}

int sl_key_check_any(const char *text, struct sl_err *err)
{
    bool tells_rows_apart;

    return check(text, &tells_rows_apart, err);
}

int sl_key_check(const char *text, struct sl_err *err)
{
    bool tells_rows_apart;
    int rc = check(text, &tells_rows_apart, err);

    return rc != SL_OK || tells_rows_apart
               ? rc
               : sl_err_set(err, SL_EINVAL,
                            "a key template is the same for every row: add {pk} or a column");
}

static int add_part(struct sl_key *key, struct sl_key_part part)
{
    struct sl_key_part *parts = realloc(key->parts, (key->count + 1) * sizeof(*parts));

    if (parts == NULL) {
        return SL_ENOMEM;
    }
    key->parts = parts;
    parts[key->count++] = part;
    return SL_OK;
}

/* Literals that follow each other become one part. */
static int add_literal(struct sl_key *key, struct sl_span text)
{
    size_t at = key->literals.len;
    struct sl_key_part *last = key->count > 0 ? &key->parts[key->count - 1] : NULL;
    int rc;

    if (text.len == 0) {
        return SL_OK;
    }
    rc = sl_buf_add(&key->literals, text.data, text.len);
    if (rc != SL_OK) {
        return rc;
    }
    if (last != NULL && last->column == SL_KEY_LITERAL) {
        last->len += (uint32_t)(key->literals.len - at);
        return SL_OK;
    }
    return add_part(key, (struct sl_key_part){.column = SL_KEY_LITERAL,
                                              .at = (uint32_t)at,
                                              .len = (uint32_t)(key->literals.len - at)});
}

static int add_name(struct sl_key *key, const struct sl_table *table,
                    const struct sl_key_token *token, struct sl_err *err)
{
    struct sl_buf name = {0};
    int rc = sl_key_add_name(token, table->db, table->name, &name, err);

    if (rc == SL_OK) {
        rc = add_literal(key, sl_span_make(name.data, name.len));
    }
    sl_buf_release(&name);
    return rc;
}

static int add_row_key(struct sl_key *key, const struct sl_table *table)
{
    int rc = SL_OK;

    for (uint32_t i = 0; rc == SL_OK && i < table->key_count; i++) {
        if (i > 0) {
            rc = add_literal(key, sl_span_make(":", 1));
        }
        if (rc == SL_OK) {
            rc = add_part(key, (struct sl_key_part){.column = table->key[i]});
        }
    }
    return rc;
}

static int add_column(struct sl_key *key, const struct sl_table *table, struct sl_span name,
                      struct sl_err *err)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        struct sl_span have = table->columns[i].name;

        if (have.len == name.len && memcmp(have.data, name.data, name.len) == 0) {
            return add_part(key, (struct sl_key_part){.column = i});
        }
    }
    return sl_err_set(err, SL_EINVAL,
                      "the key template of table %.*s.%.*s names the column %.*s, "
                      "which the table does not have",
                      (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                      (const char *)table->name.data, (int)name.len, (const char *)name.data);
}

static int add_token(struct sl_key *key, const struct sl_table *table,
                     const struct sl_key_token *token, bool has_part, struct sl_err *err)
{
    if (!token->is_placeholder) {
        return add_literal(key, token->text);
    }
    if (has_part && sl_key_is_part(token)) {
        return add_part(key, (struct sl_key_part){.column = SL_KEY_PART_NAME});
    }
    if (sl_key_is_name(token)) {
        return add_name(key, table, token, err);
    }
    if (sl_span_equals(token->text, "pk")) {
        return add_row_key(key, table);
    }
    return add_column(key, table, token->text, err);
}

int sl_key_compile(const char *text, const struct sl_table *table, struct sl_key *key,
                   struct sl_err *err)
{
    int rc = sl_key_check(text, err);

    return rc == SL_OK ? sl_key_compile_any(text, table, key, err) : rc;
}

/* HAS_PART: {part} is no column. */
static int compile(const char *text, const struct sl_table *table, bool has_part,
                   struct sl_key *key, struct sl_err *err)
{
    struct sl_span rest = sl_span_make(text, strlen(text));
    struct sl_key built = {0};
    struct sl_key_token token;
    int rc = sl_key_check_any(text, err);

    if (rc != SL_OK) {
        return rc;
    }
    if (table->key_count == 0) {
        return sl_err_set(
            err, SL_ESCHEMA,
            "table %.*s.%.*s has no primary key and no unique index of NOT NULL columns, "
            "so its rows cannot be told apart: add one, or leave the table out",
            (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
            (const char *)table->name.data);
    }
    while ((rc = sl_key_next(&rest, &token, err)) == SL_OK) {
        rc = add_token(&built, table, &token, has_part, err);
        if (rc != SL_OK) {
            break;
        }
    }
    if (rc != SL_DONE) {
        sl_key_release(&built);
        return rc;
    }
    *key = built;
    return SL_OK;
}

int sl_key_compile_any(const char *text, const struct sl_table *table, struct sl_key *key,
                       struct sl_err *err)
{
    return compile(text, table, false, key, err);
}

int sl_key_compile_part(const char *text, const struct sl_table *table, struct sl_key *key,
                        struct sl_err *err)
{
    return compile(text, table, true, key, err);
}

static int add_value(const struct sl_column *column, const struct sl_cell *cell, struct sl_buf *out,
                     struct sl_err *err)
{
    size_t at = out->len;
    int rc;

    switch (cell->state) {
    case SL_CELL_NULL:
        return sl_buf_add(out, "%N", 2);
    case SL_CELL_VALUE:
        rc = sl_value_text(column, cell, out, err);
        break;
    case SL_CELL_TEXT:
        rc = sl_buf_add(out, cell->data, cell->len);
        break;
    default:
        return sl_err_set(err, SL_ESCHEMA,
                          "a row image lacks the column %.*s that the key is made of: set "
                          "binlog_row_image=FULL at the source, or use {pk} as the key",
                          (int)column->name.len, (const char *)column->name.data);
    }
    return rc == SL_OK ? sl_key_escape(out, at) : rc;
}

int sl_key_render(const struct sl_key *key, const struct sl_table *table,
                  const struct sl_cell *cells, const struct sl_cell *fallback, struct sl_buf *out,
                  struct sl_err *err)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < key->count; i++) {
        const struct sl_key_part *part = &key->parts[i];

        if (part->column == SL_KEY_LITERAL) {
            rc = sl_buf_add(out, key->literals.data + part->at, part->len);
        } else {
            const struct sl_cell *cell = &cells[part->column];

            if (cell->state == SL_CELL_ABSENT && fallback != NULL) {
                cell = &fallback[part->column];
            }
            rc = add_value(&table->columns[part->column], cell, out, err);
        }
    }
    return rc;
}

bool sl_key_same(const struct sl_key *key, const struct sl_cell *before,
                 const struct sl_cell *after)
{
    for (size_t i = 0; i < key->count; i++) {
        const struct sl_cell *old;
        const struct sl_cell *new;

        if (key->parts[i].column == SL_KEY_LITERAL) {
            continue;
        }
        old = &before[key->parts[i].column];
        new = &after[key->parts[i].column];
        if (new->state == SL_CELL_ABSENT) {
            continue;
        }
        if (old->state != new->state || old->len != new->len ||
            (old->len > 0 && memcmp(old->data, new->data, old->len) != 0)) {
            return false;
        }
    }
    return true;
}
