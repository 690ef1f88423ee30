#include "filters/key_words.h"

#include "filters/key_name.h"
#include "filters/key_text.h"

enum { SL_PLACEHOLDERS_MAX = 512 }; /* a template has 1024 bytes at most */

/* What each different column placeholder was given. */
struct assignment {
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

static size_t find(const struct assignment *to, struct sl_span name)
{
    size_t i = 0;

    while (i < to->columns && !same(to->names[i], name)) {
        i++;
    }
    return i;
}

static int collect(struct assignment *to, const char *text, struct sl_err *err)
{
    struct sl_span rest = sl_span_make(text, strlen(text));
    struct sl_key_token token;
    int rc;

    while ((rc = sl_key_next(&rest, &token, err)) == SL_OK) {
        if (!token.is_placeholder || sl_key_is_name(&token)) {
            continue;
        }
        if (sl_span_equals(token.text, "pk")) {
            to->row_key = to->has_row_key ? to->row_key : to->columns;
            to->has_row_key = true;
        } else if (find(to, token.text) == to->columns) {
            if (to->columns == SL_PLACEHOLDERS_MAX) {
                return sl_err_set(err, SL_EINVAL, "the key template has too many placeholders");
            }
            to->names[to->columns++] = token.text;
        }
    }
    return rc == SL_DONE ? SL_OK : rc;
}

static int check_count(struct assignment *to, const char *text, struct sl_err *err)
{
    if (to->has_row_key && to->count > to->columns) {
        to->row_key_count = to->count - to->columns;
        return SL_OK;
    }
    if (!to->has_row_key && to->count == to->columns) {
        return SL_OK;
    }
    return sl_err_set(err, SL_EINVAL, "the key \"%s\" needs %zu value%s%s, and %zu %s given", text,
                      to->columns + to->has_row_key, to->columns + to->has_row_key == 1 ? "" : "s",
                      to->has_row_key ? " or more" : "", to->count, to->count == 1 ? "is" : "are");
}

static int add_value(const char *value, struct sl_buf *out)
{
    size_t at = out->len;
    int rc = sl_buf_add_str(out, value);

    return rc == SL_OK ? sl_key_escape(out, at) : rc;
}

static int add_row_key(const struct assignment *to, struct sl_buf *out)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < to->row_key_count; i++) {
        rc = i > 0 ? sl_buf_add_byte(out, ':') : SL_OK;
        rc = rc == SL_OK ? add_value(to->values[to->row_key + i], out) : rc;
    }
    return rc;
}

/* Columns behind the row key come behind its values. */
static const char *value_of(const struct assignment *to, size_t column)
{
    bool is_behind = to->has_row_key && column >= to->row_key;

    return to->values[column + (is_behind ? to->row_key_count : 0)];
}

static int add_placeholder(const struct assignment *to, const struct sl_key_words *words,
                           const struct sl_key_token *token, struct sl_buf *out, struct sl_err *err)
{
    if (sl_key_is_name(token)) {
        return sl_key_add_name(token, words->db, words->table, out, err);
    }
    if (sl_span_equals(token->text, "pk")) {
        return add_row_key(to, out);
    }
    return add_value(value_of(to, find(to, token->text)), out);
}

int sl_key_from_words(const char *text, const struct sl_key_words *words, struct sl_buf *out,
                      struct sl_err *err)
{
    struct assignment to = {.values = words->values, .count = words->count};
    struct sl_span rest = sl_span_make(text, strlen(text));
    struct sl_key_token token;
    int rc = collect(&to, text, err);

    if (rc == SL_OK) {
        rc = check_count(&to, text, err);
    }
    while (rc == SL_OK && (rc = sl_key_next(&rest, &token, err)) == SL_OK) {
        rc = token.is_placeholder ? add_placeholder(&to, words, &token, out, err)
                                  : sl_buf_add(out, token.text.data, token.text.len);
    }
    return rc == SL_DONE ? SL_OK : rc;
}

int sl_key_sample(const char *text, struct sl_span db, struct sl_span table, struct sl_buf *out,
                  struct sl_err *err)
{
    struct sl_span rest = sl_span_make(text, strlen(text));
    struct sl_key_token token;
    int rc = SL_OK;

    while (rc == SL_OK && (rc = sl_key_next(&rest, &token, err)) == SL_OK) {
        if (!token.is_placeholder) {
            rc = sl_buf_add(out, token.text.data, token.text.len);
        } else if (sl_key_is_name(&token)) {
            rc = sl_key_add_name(&token, db, table, out, err);
        } else {
            rc = sl_buf_add_byte(out, '0');
        }
    }
    return rc == SL_DONE ? SL_OK : rc;
}
