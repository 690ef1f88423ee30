/*
 * value_special.c - ENUM, SET, JSON, and MariaDB's UUID, INET6 and INET4, which a row image holds
 * as BINARY in the byte order of their text (plugin/type_uuid/sql_type_uuid.h: pack;
 * plugin/type_inet/sql_type_inet.cc), without trailing zero bytes.
 */
#include "cdc/base/digits.h"
#include "cdc/json_binary.h"
#include "cdc/value_decode.h"

enum {
    SL_UUID_BYTES = 16,
    SL_UUID_TEXT = 36,
    SL_INET4_BYTES = 4,
    SL_INET6_BYTES = 16,
    SL_INET6_WORDS = 8,
    SL_INET_TEXT_MAX = 46, /* INET6_ADDRSTRLEN */
};

static const uint8_t hex_digits[] = "0123456789abcdef";

/* Index 0 is the empty string that the server puts in the place of an invalid value. */
int sl_value_enum(SL_RENDER_ARGS)
{
    uint64_t index;
    struct sl_span label;

    if (len != column->fixed_len || len < 1 || len > 2) {
        return sl_value_bad(column, len, err);
    }
    index = sl_load_le(data, len);
    if (index == 0) {
        return SL_OK;
    }
    if (index > column->label_count) {
        return sl_value_bad(column, len, err);
    }
    label = column->labels[index - 1];
    return sl_value_put(column, label.data, label.len, out, err);
}

int sl_value_set(SL_RENDER_ARGS)
{
    size_t before = out->len;
    uint64_t members;
    int rc = SL_OK;

    if (len != column->fixed_len || len < 1 || len > 8) {
        return sl_value_bad(column, len, err);
    }
    members = sl_load_le(data, len);
    if (column->label_count < 64 && members >> column->label_count != 0) {
        return sl_value_bad(column, len, err);
    }
    for (const struct sl_span *label = column->labels; members != 0 && rc == SL_OK; label++) {
        if ((members & 1) != 0) {
            rc = sl_value_put(column, label->data, label->len, out, err);
            if (rc == SL_OK && members > 1) {
                rc = sl_value_put(column, ",", 1, out, err);
            }
        }
        members >>= 1;
    }
    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}

/* An empty span has no bytes to copy from. */
static bool restore_zeros(const uint8_t *data, size_t len, uint8_t *bytes, size_t width)
{
    if (len > width) {
        return false;
    }
    memset(bytes, 0, width);
    if (len > 0) {
        memcpy(bytes, data, len);
    }
    return true;
}

int sl_value_uuid(SL_RENDER_ARGS)
{
    uint8_t bytes[SL_UUID_BYTES];
    uint8_t text[SL_UUID_TEXT];
    uint8_t *to = text;

    if (!restore_zeros(data, len, bytes, sizeof(bytes))) {
        return sl_value_bad(column, len, err);
    }
    for (size_t i = 0; i < SL_UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *to++ = '-';
        }
        *to++ = hex_digits[bytes[i] >> 4];
        *to++ = hex_digits[bytes[i] & 15];
    }
    return sl_value_put(column, text, sizeof(text), out, err);
}

static uint8_t *put_inet4(uint8_t *to, const uint8_t *bytes)
{
    for (size_t i = 0; i < SL_INET4_BYTES; i++) {
        if (i > 0) {
            *to++ = '.';
        }
        to += sl_digits_u64(to, bytes[i]);
    }
    return to;
}

int sl_value_inet4(SL_RENDER_ARGS)
{
    uint8_t bytes[SL_INET4_BYTES];
    uint8_t text[SL_INET_TEXT_MAX];

    if (!restore_zeros(data, len, bytes, sizeof(bytes))) {
        return sl_value_bad(column, len, err);
    }
    return sl_value_put(column, text, (size_t)(put_inet4(text, bytes) - text), out, err);
}

static uint8_t *put_hex_word(uint8_t *to, unsigned word)
{
    int shift = word >= 0x1000 ? 12 : word >= 0x100 ? 8 : word >= 0x10 ? 4 : 0;

    for (; shift >= 0; shift -= 4) {
        *to++ = hex_digits[word >> shift & 15];
    }
    return to;
}

/* The longest run of zero words, the first of several; a single word counts, unlike in RFC 5952. */
static size_t find_gap(const unsigned *words, size_t *gap_len)
{
    size_t gap = SL_INET6_WORDS;
    size_t run = 0;

    *gap_len = 0;
    for (size_t i = 0; i < SL_INET6_WORDS; i++) {
        run = words[i] == 0 ? run + 1 : 0;
        if (run > *gap_len) {
            *gap_len = run;
            gap = i + 1 - run;
        }
    }
    return gap;
}

/* True for ::a.b.c.d and ::ffff:a.b.c.d. */
static bool ends_in_inet4(const unsigned *words, size_t gap, size_t gap_len)
{
    return gap == 0 && (gap_len == 6 || (gap_len == 5 && words[5] == 0xffff));
}

static uint8_t *put_inet6(uint8_t *to, const uint8_t *bytes)
{
    unsigned words[SL_INET6_WORDS];
    size_t gap_len;
    size_t gap;

    for (size_t i = 0; i < SL_INET6_WORDS; i++) {
        words[i] = (unsigned)sl_load_be(bytes + 2 * i, 2);
    }
    gap = find_gap(words, &gap_len);
    for (size_t i = 0; i < SL_INET6_WORDS; i++) {
        if (i == gap) {
            if (i == 0) {
                *to++ = ':';
            }
            *to++ = ':';
            i += gap_len - 1;
        } else if (i == 6 && ends_in_inet4(words, gap, gap_len)) {
            return put_inet4(to, bytes + 12);
        } else {
            to = put_hex_word(to, words[i]);
            if (i + 1 < SL_INET6_WORDS) {
                *to++ = ':';
            }
        }
    }
    return to;
}

int sl_value_inet6(SL_RENDER_ARGS)
{
    uint8_t bytes[SL_INET6_BYTES];
    uint8_t text[SL_INET_TEXT_MAX];

    if (!restore_zeros(data, len, bytes, sizeof(bytes))) {
        return sl_value_bad(column, len, err);
    }
    return sl_value_put(column, text, (size_t)(put_inet6(text, bytes) - text), out, err);
}

int sl_value_json(SL_RENDER_ARGS)
{
    size_t before = out->len;
    int rc = sl_json_text(sl_span_make(data, len), out, err);

    (void)column;
    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}
