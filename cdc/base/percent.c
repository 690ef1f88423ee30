#include "cdc/base/percent.h"

static size_t count_special(const uint8_t *data, size_t len, bool (*is_special)(uint8_t byte))
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++) {
        count += is_special(data[i]);
    }
    return count;
}

int sl_percent_encode(struct sl_buf *buf, size_t at, bool (*is_special)(uint8_t byte),
                      const char *digits)
{
    size_t len = buf->len - at;
    size_t extra = len > 0 ? 2 * count_special(buf->data + at, len, is_special) : 0;
    size_t from = buf->len;
    size_t to = buf->len + extra;
    int rc = extra > 0 ? sl_buf_reserve(buf, extra) : SL_OK;

    if (extra == 0 || rc != SL_OK) {
        return rc;
    }
    buf->len = to;
    while (from > at) {
        uint8_t byte = buf->data[--from];

        if (is_special(byte)) {
            to -= 3;
            buf->data[to] = '%';
            buf->data[to + 1] = (uint8_t)digits[byte >> 4];
            buf->data[to + 2] = (uint8_t)digits[byte & 15];
        } else {
            buf->data[--to] = byte;
        }
    }
    return SL_OK;
}
