#include "filters/key_text.h"

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

static int take_placeholder(struct sl_span *rest, struct sl_key_token *token, struct sl_err *err)
{
    const uint8_t *close = memchr(rest->data, '}', rest->len);
    size_t len;

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
    token->is_placeholder = false;
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

static size_t count_special(const uint8_t *data, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++) {
        count += sl_key_is_special(data[i]);
    }
    return count;
}

int sl_key_escape(struct sl_buf *buf, size_t at)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t len = buf->len - at;
    size_t extra = len > 0 ? 2 * count_special(buf->data + at, len) : 0;
    size_t from = buf->len;
    size_t to = buf->len + extra;
    int rc;

    if (extra == 0) {
        return SL_OK;
    }
    rc = sl_buf_reserve(buf, extra);
    if (rc != SL_OK) {
        return rc;
    }
    buf->len = to;
    while (from > at) {
        uint8_t byte = buf->data[--from];

        if (sl_key_is_special(byte)) {
            to -= 3;
            buf->data[to] = '%';
            buf->data[to + 1] = (uint8_t)hex[byte >> 4];
            buf->data[to + 2] = (uint8_t)hex[byte & 15];
        } else {
            buf->data[--to] = byte;
        }
    }
    return SL_OK;
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
