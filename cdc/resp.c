#include "cdc/resp.h"

int sl_resp_array(struct sl_buf *buf, size_t count)
{
    int rc = sl_buf_reserve(buf, SL_RESP_HEAD_MAX);

    if (rc == SL_OK) {
        sl_buf_commit(buf, sl_resp_head(sl_buf_tail(buf), '*', count));
    }
    return rc;
}

int sl_resp_bulk(struct sl_buf *buf, const void *data, size_t len)
{
    int rc = len > SIZE_MAX - 2 * SL_RESP_HEAD_MAX
                 ? SL_ELIMIT
                 : sl_buf_reserve(buf, len + SL_RESP_HEAD_MAX + 2);
    uint8_t *out;

    if (rc != SL_OK) {
        return rc;
    }
    out = sl_buf_tail(buf);
    out += sl_resp_head(out, '$', len);
    if (len > 0) {
        memcpy(out, data, len);
    }
    out[len] = '\r';
    out[len + 1] = '\n';
    buf->len = (size_t)(out + len + 2 - buf->data);
    return SL_OK;
}

int sl_resp_text(struct sl_buf *buf, const char *text)
{
    return sl_resp_bulk(buf, text, strlen(text));
}

int sl_resp_u64(struct sl_buf *buf, uint64_t value)
{
    uint8_t digits[SL_DIGITS_MAX];

    return sl_resp_bulk(buf, digits, sl_digits_u64(digits, value));
}

int sl_resp_command(struct sl_buf *buf, size_t count, const char *const *args)
{
    size_t before = buf->len;
    int rc = sl_resp_array(buf, count);

    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        rc = sl_resp_text(buf, args[i]);
    }
    if (rc != SL_OK) {
        buf->len = before;
    }
    return rc;
}
