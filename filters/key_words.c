#include "filters/key_words.h"

#include "filters/key_text.h"

enum { SL_PLACEHOLDERS_MAX = 512 }; /* a template has 1024 bytes at most */

/* What each different column placeholder was given. */
struct words {
    struct sl_span names[SL_PLACEHOLDERS_MAX];
    const char *const *values;
    size_t count;
    size_t columns; /* different ones */
    bool has_row_key;
    size_t row_key; /* its first value */
    size_t row_key_count;
};

static bool same(struct sl_span a, struct sl_span b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static size_t find(const struct words *words, struct sl_span name)
{
    size_t i = 0;

    while (i < words->columns && !same(words->names[i], name)) {
        i++;
    }
    return i;
}

static bool is_name(const struct sl_key_token *token)
{
    return sl_span_equals(token->text, "db") || sl_span_equals(token->text, "table");
}

static int collect(struct words *words, const char *text, struct sl_err *err)
{
    struct sl_span rest = sl_span_make(text, strlen(text));
    struct sl_key_token token;
    int rc;

    while ((rc = sl_key_next(&rest, &token, err)) == SL_OK) {
        if (!token.is_placeholder || is_name(&token)) {
            continue;
        }
        if (sl_span_equals(token.text, "pk")) {
            words->row_key = words->has_row_key ? words->row_key : words->columns;
            words->has_row_key = true;
        } else if (find(words, token.text) == words->columns) {
            if (words->columns == SL_PLACEHOLDERS_MAX) {
                return sl_err_set(err, SL_EINVAL, "the key template has too many placeholders");
            }
            words->names[words->columns++] = token.text;
        }
    }
    return rc == SL_DONE ? SL_OK : rc;
}

static int check_count(struct words *words, const char *text, struct sl_err *err)
{
    if (words->has_row_key && words->count > words->columns) {
        words->row_key_count = words->count - words->columns;
        return SL_OK;
    }
    if (!words->has_row_key && words->count == words->columns) {
        return SL_OK;
    }
    return sl_err_set(
        err, SL_EINVAL, "the key \"%s\" needs %zu value%s%s, and %zu %s given", text,
        words->columns + words->has_row_key, words->columns + words->has_row_key == 1 ? "" : "s",
        words->has_row_key ? " or more" : "", words->count, words->count == 1 ? "is" : "are");
}

static int add_value(const char *value, struct sl_buf *out)
{
    size_t at = out->len;
    int rc = sl_buf_add_str(out, value);

    return rc == SL_OK ? sl_key_escape(out, at) : rc;
}

static int add_row_key(const struct words *words, struct sl_buf *out)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < words->row_key_count; i++) {
        rc = i > 0 ? sl_buf_add_byte(out, ':') : SL_OK;
        rc = rc == SL_OK ? add_value(words->values[words->row_key + i], out) : rc;
    }
    return rc;
}

/* Columns behind the row key come behind its values. */
static const char *value_of(const struct words *words, size_t column)
{
    return words
        ->values[column +
                 (words->has_row_key && column >= words->row_key ? words->row_key_count : 0)];
}

static int add_name(struct sl_span name, struct sl_buf *out)
{
    size_t at = out->len;
    int rc = sl_buf_add(out, name.data, name.len);

    return rc == SL_OK ? sl_key_escape(out, at) : rc;
}

int sl_key_from_words(const char *text, struct sl_span db, struct sl_span table,
                      const char *const *values, size_t count, struct sl_buf *out,
                      struct sl_err *err)
{
    struct words words = {.values = values, .count = count};
    struct sl_span rest = sl_span_make(text, strlen(text));
    struct sl_key_token token;
    int rc = collect(&words, text, err);

    if (rc == SL_OK) {
        rc = check_count(&words, text, err);
    }
    while (rc == SL_OK && (rc = sl_key_next(&rest, &token, err)) == SL_OK) {
        if (!token.is_placeholder) {
            rc = sl_buf_add(out, token.text.data, token.text.len);
        } else if (sl_span_equals(token.text, "db")) {
            rc = add_name(db, out);
        } else if (sl_span_equals(token.text, "table")) {
            rc = add_name(table, out);
        } else if (sl_span_equals(token.text, "pk")) {
            rc = add_row_key(&words, out);
        } else {
            rc = add_value(value_of(&words, find(&words, token.text)), out);
        }
    }
    return rc == SL_DONE ? SL_OK : rc;
}
