#include "filters/mask.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "cdc/base/utf8.h"

static int replace(struct sl_buf *out, size_t at, const void *text, size_t len)
{
    int rc;

    if (out->len > at) {
        explicit_bzero(out->data + at, out->len - at);
    }
    out->len = at;
    rc = sl_buf_add(out, text, len);
    return rc;
}

/* HMAC-SHA-256 with the rule's key, in lower-case hexadecimal digits. */
static int hash(const char *key, struct sl_buf *out, size_t at)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char code[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char text[2 * EVP_MAX_MD_SIZE];
    int rc = sl_buf_reserve(out, 1); /* so that there are bytes to point at */

    if (rc != SL_OK || HMAC(EVP_sha256(), key, (int)strlen(key), out->data + at, out->len - at,
                            code, &len) == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[code[i] >> 4];
        text[2 * i + 1] = digits[code[i] & 15];
    }
    return replace(out, at, text, 2 * (size_t)len);
}

/* Bytes that are no UTF-8 count as a character each. */
static size_t character_length(const struct sl_buf *out, size_t at)
{
    size_t len = sl_utf8_char_len(out->data + at, out->len - at);

    return len > 0 ? len : 1;
}

static size_t count_characters(const struct sl_buf *out, size_t at)
{
    size_t count = 0;

    for (; at < out->len; at += character_length(out, at)) {
        count++;
    }
    return count;
}

/* A star for each character but the last LAST; for all where there are no more than that. The text
 * only becomes shorter. */
static int keep_last(size_t last, struct sl_buf *out, size_t at)
{
    size_t count = count_characters(out, at);
    size_t hidden = count > last ? count - last : count;
    size_t from = at;

    for (size_t i = 0; i < hidden; i++) {
        from += character_length(out, from);
    }
    memmove(out->data + at + hidden, out->data + from, out->len - from);
    out->len -= from - at - hidden;
    memset(out->data + at, '*', hidden);
    return SL_OK;
}

int sl_mask_tail(const struct sl_column_mask *mask, struct sl_buf *out, size_t at)
{
    switch (mask->kind) {
    case SL_MASK_NULL:
        break;
    case SL_MASK_TEXT:
        return replace(out, at, mask->text, strlen(mask->text));
    case SL_MASK_SHA256:
        return hash(mask->text, out, at);
    case SL_MASK_LAST:
        return out->len > at ? keep_last(mask->last, out, at) : SL_OK;
    }
    return SL_OK;
}
