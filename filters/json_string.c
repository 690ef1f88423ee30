#include "filters/json_string.h"

#include <stdbool.h>

#include "filters/utf8.h"

#define SL_EACH_BYTE UINT64_C(0x0101010101010101)

/* How many bytes a byte takes in a JSON string. */
static size_t width_of(uint8_t byte)
{
    if (byte >= ' ') {
        return byte == '"' || byte == '\\' ? 2 : 1;
    }
    return byte == '\b' || byte == '\f' || byte == '\n' || byte == '\r' || byte == '\t' ? 2 : 6;
}

static uint8_t short_escape(uint8_t byte)
{
    switch (byte) {
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return byte;
    }
}

/* Writes BYTE at the end of the WIDTH bytes before END. */
static void write_escaped(uint8_t *end, uint8_t byte, size_t width)
{
    static const char hex[] = "0123456789abcdef";

    if (width == 1) {
        end[-1] = byte;
    } else if (width == 2) {
        end[-1] = short_escape(byte);
        end[-2] = '\\';
    } else {
        memcpy(end - 6, "\\u00", 4);
        end[-2] = (uint8_t)hex[byte >> 4];
        end[-1] = (uint8_t)hex[byte & 15];
    }
}

/* The high bit of the lowest byte that is less than LIMIT, and maybe of others above it. */
static uint64_t below(uint64_t bytes, uint64_t limit)
{
    return (bytes - SL_EACH_BYTE * limit) & ~bytes;
}

/* Whether any of the eight bytes at DATA takes more than one in a JSON string. */
static bool needs_escape(const uint8_t *data)
{
    uint64_t bytes;
    uint64_t found;

    memcpy(&bytes, data, sizeof(bytes));
    found = below(bytes, ' ') | below(bytes ^ SL_EACH_BYTE * '"', 1) |
            below(bytes ^ SL_EACH_BYTE * '\\', 1);
    return (found & (SL_EACH_BYTE * 0x80)) != 0;
}

/* Most text needs no escapes: looks at eight bytes at a time, at some of the last eight twice. */
static bool is_plain(const uint8_t *data, size_t len)
{
    size_t at = 0;

    if (len < sizeof(uint64_t)) {
        while (at < len && width_of(data[at]) == 1) {
            at++;
        }
        return at == len;
    }
    for (; at < len - sizeof(uint64_t); at += sizeof(uint64_t)) {
        if (needs_escape(data + at)) {
            return false;
        }
    }
    return !needs_escape(data + len - sizeof(uint64_t));
}

static size_t escaped_length(const uint8_t *data, size_t len)
{
    size_t total = 0;

    if (is_plain(data, len)) {
        return len;
    }
    for (size_t i = 0; i < len; i++) {
        total += width_of(data[i]);
    }
    return total;
}

int sl_json_quote_tail(struct sl_buf *out, size_t at)
{
    size_t len;
    size_t total;
    uint8_t *data;
    uint8_t *end;
    int rc = sl_utf8_repair_tail(out, at);

    if (rc != SL_OK) {
        return rc;
    }
    len = out->len - at;
    total = len > 0 ? escaped_length(out->data + at, len) : 0;
    rc = sl_buf_reserve(out, total - len + 2);
    if (rc != SL_OK) {
        return rc;
    }
    data = out->data + at;
    end = data + 1 + total;
    *end = '"';
    if (total == len) {
        memmove(data + 1, data, len);
    } else {
        for (size_t i = len; i > 0; i--) {
            uint8_t byte = data[i - 1];
            size_t width = width_of(byte);

            write_escaped(end, byte, width);
            end -= width;
        }
    }
    data[0] = '"';
    out->len = at + total + 2;
    return SL_OK;
}

int sl_json_string(struct sl_span text, struct sl_buf *out)
{
    size_t at = out->len;
    int rc = sl_buf_add(out, text.data, text.len);

    if (rc == SL_OK) {
        rc = sl_json_quote_tail(out, at);
    }
    if (rc != SL_OK) {
        out->len = at;
    }
    return rc;
}

static void encode_three(const uint8_t *in, size_t len, uint8_t *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)(len > 1 ? in[1] : 0) << 8 |
                    (uint32_t)(len > 2 ? in[2] : 0);

    out[0] = (uint8_t)letters[bits >> 18];
    out[1] = (uint8_t)letters[bits >> 12 & 63];
    out[2] = (uint8_t)(len > 1 ? letters[bits >> 6 & 63] : '=');
    out[3] = (uint8_t)(len > 2 ? letters[bits & 63] : '=');
}

int sl_json_base64(struct sl_span bytes, struct sl_buf *out)
{
    int rc =
        bytes.len > SIZE_MAX / 2 ? SL_ELIMIT : sl_buf_reserve(out, (bytes.len + 2) / 3 * 4 + 2);
    uint8_t *to;

    if (rc != SL_OK) {
        return rc;
    }
    to = sl_buf_tail(out);
    *to++ = '"';
    for (size_t i = 0; i < bytes.len; i += 3, to += 4) {
        encode_three(bytes.data + i, bytes.len - i, to);
    }
    *to++ = '"';
    out->len = (size_t)(to - out->data);
    return SL_OK;
}
