#include "filters/index_entry.h"

#include "cdc/resp.h"
#include "filters/encode.h"

static int add_value(const struct sl_item *item, uint64_t ttl_s, struct sl_buf *out)
{
    int rc = sl_resp_bulk(out, item->value.data, item->value.len);

    rc = rc == SL_OK && ttl_s > 0 ? sl_resp_text(out, "EX") : rc;
    return rc == SL_OK && ttl_s > 0 ? sl_resp_u64(out, ttl_s) : rc;
}

static int put_key(const struct sl_item *item, uint64_t ttl_s, struct sl_buf *out, uint32_t *at)
{
    struct sl_span key = item->name.bytes;
    int rc = sl_resp_array(out, ttl_s > 0 ? 5 : 3);

    rc = rc == SL_OK ? sl_resp_text(out, "SET") : rc;
    rc = rc == SL_OK ? sl_resp_bulk(out, key.data, key.len) : rc;
    *at = (uint32_t)(out->len - 2 - key.len);
    return rc == SL_OK ? add_value(item, ttl_s, out) : rc;
}

/* A member's name is what stands between the command's name and the last line's end. */
static int change_member(const char *command, struct sl_span name, struct sl_buf *out, uint32_t *at)
{
    int rc = sl_resp_array(out, 3);

    rc = rc == SL_OK ? sl_resp_text(out, command) : rc;
    *at = (uint32_t)out->len;
    rc = rc == SL_OK ? sl_buf_add(out, name.data, name.len) : rc;
    return rc == SL_OK ? sl_buf_add(out, "\r\n", 2) : rc;
}

int sl_item_encode_put(const struct sl_item *item, uint64_t ttl_s, struct sl_buf *out, uint32_t *at)
{
    size_t before = out->len;
    int rc = item->name.is_member ? change_member("SADD", item->name.bytes, out, at)
                                  : put_key(item, ttl_s, out, at);

    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}

int sl_item_encode_del(struct sl_item_name name, struct sl_buf *out, uint32_t *at)
{
    size_t before = out->len;
    int rc = name.is_member ? change_member("SREM", name.bytes, out, at)
                            : sl_encode_del(name.bytes, out, at);

    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}

static int end(struct sl_batch *batch, struct sl_item_name name, uint32_t offset, uint32_t at)
{
    return (name.is_member ? sl_batch_end_member : sl_batch_end)(
        batch, offset, at, (uint32_t)name.bytes.len, 1, SL_WRITE_WHOLE);
}

int sl_item_put(struct sl_batch *batch, const struct sl_item *item, uint64_t ttl_s)
{
    uint32_t offset;
    uint32_t at = 0;
    int rc;

    sl_batch_begin(batch, &offset);
    rc = sl_item_encode_put(item, ttl_s, &batch->data, &at);
    rc = rc == SL_OK ? end(batch, item->name, offset, at) : rc;
    if (rc != SL_OK) {
        sl_batch_abandon(batch, offset);
    }
    return rc;
}

int sl_item_del(struct sl_batch *batch, struct sl_item_name name)
{
    uint32_t offset;
    uint32_t at = 0;
    int rc;

    sl_batch_begin(batch, &offset);
    rc = sl_item_encode_del(name, &batch->data, &at);
    rc = rc == SL_OK ? end(batch, name, offset, at) : rc;
    if (rc != SL_OK) {
        sl_batch_abandon(batch, offset);
    }
    return rc;
}
