/*
 * encode_transform.c - rows as a rule's function shows them, to hashes: their fields differ from
 * row to row, so each is made anew.
 */
#include "cdc/resp.h"
#include "filters/encode_private.h"
#include "filters/transform.h"

#define SL_ADD(out, text) sl_buf_add(out, text, sizeof(text) - 1)

/* The head of the command is as wide as the number of fields, which is known behind them. */
static int add_hset(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                    struct sl_buf *out, size_t *count, struct sl_err *err)
{
    size_t at = out->len;
    uint32_t ignored;
    size_t width;
    int rc = sl_buf_reserve(out, SL_RESP_HEAD_MAX);

    if (rc != SL_OK) {
        return rc;
    }
    sl_buf_commit(out, SL_RESP_HEAD_MAX);
    rc = SL_ADD(out, "$4\r\nHSET\r\n");
    rc = rc == SL_OK ? sl_encode_add_key(key, out, &ignored) : rc;
    rc = rc == SL_OK ? sl_transform_fields(shape, row, out, count, err) : rc;
    if (rc != SL_OK || *count == 0) {
        out->len = at;
        return rc;
    }
    width = sl_resp_head(out->data + at, '*', 2 + 2 * (uint64_t)*count);
    memmove(out->data + at + width, out->data + at + SL_RESP_HEAD_MAX,
            out->len - at - SL_RESP_HEAD_MAX);
    out->len -= SL_RESP_HEAD_MAX - width;
    return SL_OK;
}

int sl_encode_transformed(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                          struct sl_buf *out, uint32_t *key_at, uint16_t *commands,
                          struct sl_err *err)
{
    size_t count = 0;
    int rc = sl_encode_del(key, out, key_at);

    *commands = 1;
    rc = rc == SL_OK ? add_hset(shape, row, key, out, &count, err) : rc;
    if (rc != SL_OK || count == 0) {
        return rc == SL_DONE ? SL_OK : rc;
    }
    *commands = 2;
    return sl_encode_add_expire(shape, key, out, commands);
}
