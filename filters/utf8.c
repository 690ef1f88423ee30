#include "filters/utf8.h"

#include <stdbool.h>

static bool is_tail(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The bytes of the character that begins at DATA; 0: none does. */
static size_t character(const uint8_t *data, size_t len)
{
    uint8_t first = data[0];
    uint8_t second = len > 1 ? data[1] : 0;

    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        return is_tail(second) ? 2 : 0;
    }
    if ((first & 0xf0) == 0xe0) {
        bool is_overlong = first == 0xe0 && second < 0xa0;
        bool is_surrogate = first == 0xed && second > 0x9f;

        return len > 2 && is_tail(second) && is_tail(data[2]) && !is_overlong && !is_surrogate ? 3
                                                                                               : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        bool is_overlong = first == 0xf0 && second < 0x90;
        bool is_beyond = first == 0xf4 && second > 0x8f;

        return len > 3 && is_tail(second) && is_tail(data[2]) && is_tail(data[3]) && !is_overlong &&
                       !is_beyond
                   ? 4
                   : 0;
    }
    return 0;
}

/* Most text is ASCII: eight bytes at a time. */
static size_t ascii_bytes(const uint8_t *data, size_t len)
{
    size_t at = 0;

    for (; len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t eight;

        memcpy(&eight, data + at, sizeof(eight));
        if ((eight & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
    }
    while (at < len && data[at] < 0x80) {
        at++;
    }
    return at;
}

size_t sl_utf8_valid_bytes(const uint8_t *data, size_t len)
{
    size_t at = ascii_bytes(data, len);

    while (at < len) {
        size_t bytes = character(data + at, len - at);

        if (bytes == 0) {
            break;
        }
        at += bytes;
        at += ascii_bytes(data + at, len - at);
    }
    return at;
}

static int copy_repaired(const uint8_t *data, size_t len, struct sl_buf *out)
{
    int rc = SL_OK;

    while (rc == SL_OK && len > 0) {
        size_t good = sl_utf8_valid_bytes(data, len);

        rc = sl_buf_add(out, data, good);
        if (rc == SL_OK && good < len) {
            rc = sl_buf_add_str(out, "\xef\xbf\xbd");
            good++;
        }
        data += good;
        len -= good;
    }
    return rc;
}

int sl_utf8_repair_tail(struct sl_buf *out, size_t at)
{
    size_t len = out->len - at;
    struct sl_buf repaired = {0};
    int rc;

    if (len == 0 || sl_utf8_valid_bytes(out->data + at, len) == len) {
        return SL_OK;
    }
    rc = copy_repaired(out->data + at, len, &repaired);
    rc = rc == SL_OK ? sl_buf_reserve(out, repaired.len) : rc;
    if (rc == SL_OK) {
        out->len = at;
        rc = sl_buf_add(out, repaired.data, repaired.len);
    }
    sl_buf_release(&repaired);
    return rc;
}
