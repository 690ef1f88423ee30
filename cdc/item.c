#include "cdc/item.h"

#include "cdc/resp.h"

int sl_item_format_member(struct sl_span key, struct sl_span member, struct sl_buf *out)
{
    size_t before = out->len;
    int rc = sl_resp_bulk(out, key.data, key.len);

    rc = rc == SL_OK ? sl_resp_bulk(out, member.data, member.len) : rc;
    if (rc != SL_OK) {
        out->len = before;
        return rc;
    }
    out->len -= 2; /* the name ends with the member's last byte */
    return SL_OK;
}

/* "$3 CRLF" at the front of *REST. */
static int take_length(struct sl_span *rest, size_t *len)
{
    size_t at = 1;

    if (rest->len == 0 || rest->data[0] != '$') {
        return SL_EFORMAT;
    }
    *len = 0;
    while (at < rest->len && rest->data[at] >= '0' && rest->data[at] <= '9' && *len < UINT32_MAX) {
        *len = *len * 10 + (size_t)(rest->data[at++] - '0');
    }
    if (at == 1 || rest->len - at < 2 || rest->data[at] != '\r' || rest->data[at + 1] != '\n') {
        return SL_EFORMAT;
    }
    return sl_span_skip(rest, at + 2);
}

static int take_bytes(struct sl_span *rest, size_t len, struct sl_span *out)
{
    return sl_span_take(rest, len, out) == SL_OK ? SL_OK : SL_EFORMAT;
}

int sl_item_split_member(struct sl_span name, struct sl_span *key, struct sl_span *member)
{
    struct sl_span first = {0};
    struct sl_span second = {0};
    struct sl_span line_end = {0};
    size_t len = 0;
    int rc = take_length(&name, &len);

    rc = rc == SL_OK ? take_bytes(&name, len, &first) : rc;
    rc = rc == SL_OK ? take_bytes(&name, 2, &line_end) : rc;
    rc = rc == SL_OK && !sl_span_equals(line_end, "\r\n") ? SL_EFORMAT : rc;
    rc = rc == SL_OK ? take_length(&name, &len) : rc;
    rc = rc == SL_OK ? take_bytes(&name, len, &second) : rc;
    if (rc != SL_OK || name.len > 0) {
        return SL_EFORMAT;
    }
    *key = first;
    *member = second;
    return SL_OK;
}

struct sl_span sl_item_redis_key(struct sl_item_name name)
{
    struct sl_span member;
    struct sl_span key = name.bytes;

    return name.is_member && sl_item_split_member(name.bytes, &key, &member) != SL_OK ? name.bytes
                                                                                      : key;
}
