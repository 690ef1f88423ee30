#include "filters/key_text.h"

#include "cdc/base/percent.h"

static bool starts_with_pair(struct sl_span rest, char brace)
{
    return rest.len >= 2 && rest.data[0] == brace && rest.data[1] == brace;
}

static void cut(struct sl_span *rest, size_t from, size_t len, size_t total, struct sl_span *out)
{
    *out = sl_span_make(rest->data + from, len);
    rest->data += total;
    rest->len -= total;
}

static bool begins_with(struct sl_span text, const char *front)
{
    return text.len >= strlen(front) && memcmp(text.data, front, strlen(front)) == 0;
}

/* What stands before the next slash; a backslash takes the byte behind it along. False: no slash.
 */
static bool take_until_slash(struct sl_span *rest, struct sl_span *out)
{
    size_t len = 0;

    while (len < rest->len && rest->data[len] != '/') {
        len += rest->data[len] == '\\' ? 2 : 1;
    }
    if (len >= rest->len) {
        return false;
    }
    cut(rest, 0, len, len + 1, out);
    return true;
}

/* A regular expression may have braces: the closing one is behind the third slash. */
static int take_rewritten(struct sl_span *rest, size_t name_len, struct sl_key_token *token,
                          struct sl_err *err)
{
    struct sl_span left = sl_span_make(rest->data + name_len + 3, rest->len - name_len - 3);

    token->is_placeholder = true;
    token->is_rewritten = true;
    token->text = sl_span_make(rest->data + 1, name_len);
    if (!take_until_slash(&left, &token->regex) || !take_until_slash(&left, &token->replacement) ||
        left.len == 0 || left.data[0] != '}') {
        return sl_err_set(err, SL_EINVAL,
                          "a name in a key template is rewritten by {table:/REGEX/REPLACEMENT/}: "
                          "the slashes or the brace at its end are missing");
    }
    *rest = sl_span_make(left.data + 1, left.len - 1);
    return SL_OK;
}

static int take_placeholder(struct sl_span *rest, struct sl_key_token *token, struct sl_err *err)
{
    const uint8_t *close = memchr(rest->data, '}', rest->len);
    size_t len;

    if (begins_with(*rest, "{db:/") || begins_with(*rest, "{table:/")) {
        return take_rewritten(rest, rest->data[1] == 'd' ? 2 : 5, token, err);
    }
    if (close == NULL) {
        return sl_err_set(
            err, SL_EINVAL,
            "a key template has a \"{\" without its \"}\" (write \"{{\" for the brace)");
    }
    len = (size_t)(close - rest->data) - 1;
    if (len == 0) {
        return sl_err_set(err, SL_EINVAL, "a key template has an empty \"{}\": name a column");
    }
    token->is_placeholder = true;
    cut(rest, 1, len, len + 2, &token->text);
    return SL_OK;
}

int sl_key_next(struct sl_span *rest, struct sl_key_token *token, struct sl_err *err)
{
    size_t len = 0;

    if (rest->len == 0) {
        return SL_DONE;
    }
    *token = (struct sl_key_token){0};
    if (starts_with_pair(*rest, '{') || starts_with_pair(*rest, '}')) {
        cut(rest, 0, 1, 2, &token->text);
        return SL_OK;
    }
    if (rest->data[0] == '{') {
        return take_placeholder(rest, token, err);
    }
    if (rest->data[0] == '}') {
        return sl_err_set(
            err, SL_EINVAL,
            "a key template has a \"}\" without its \"{\" (write \"}}\" for the brace)");
    }
    while (len < rest->len && rest->data[len] != '{' && rest->data[len] != '}') {
        len++;
    }
    cut(rest, 0, len, len, &token->text);
    return SL_OK;
}

int sl_key_escape(struct sl_buf *buf, size_t at)
{
    return sl_percent_encode(buf, at, sl_key_is_special, SL_PERCENT_UPPER);
}

size_t sl_key_unit_length(struct sl_span key)
{
    static const char *const escapes[] = {"%25", "%3A", "%7B", "%7D"};

    if (key.len == 0) {
        return 0;
    }
    if (!sl_key_is_special(key.data[0])) {
        return 1;
    }
    for (size_t i = 0; key.len >= 3 && i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        if (memcmp(key.data, escapes[i], 3) == 0) {
            return 3;
        }
    }
    return 0;
}

bool sl_key_is_null(struct sl_span key)
{
    return key.len >= 2 && key.data[0] == '%' && key.data[1] == 'N';
}
