#include "cdc/json_text.h"

#include <math.h>
#include <string.h>

#include "cdc/json_double.h"

/* 0: stands for itself; 'u': \u00XX; else the letter behind the backslash. */
static const uint8_t escapes[256] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b',         't',           'n', 'u',
    'f', 'r', 'u', 'u', 'u', 'u', 'u', 'u', 'u',         'u',           'u', 'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', ['"'] = '"', ['\\'] = '\\',
};

/* True when none of the eight bytes needs an escape; exact, see "haszero" tricks on words. */
static bool is_plain_word(const uint8_t *data)
{
    const uint64_t ones = 0x0101010101010101ULL;
    const uint64_t tops = 0x8080808080808080ULL;
    uint64_t word;
    uint64_t quote;
    uint64_t slash;

    memcpy(&word, data, sizeof(word));
    quote = word ^ ones * '"';
    slash = word ^ ones * '\\';
    return (((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
            ((slash - ones) & ~slash)) &
                   tops
               ? false
               : true;
}

static size_t count_plain(const uint8_t *data, size_t len)
{
    size_t i = 0;

    while (len - i >= 8 && is_plain_word(data + i)) {
        i += 8;
    }
    while (i < len && escapes[data[i]] == 0) {
        i++;
    }
    return i;
}

static int put_escape(uint8_t byte, struct sl_buf *out)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', (char)escapes[byte], '0', '0', hex[byte >> 4], hex[byte & 15]};

    return sl_buf_add(out, text, text[1] == 'u' ? 6 : 2);
}

int sl_json_put_string(struct sl_span text, struct sl_buf *out)
{
    const uint8_t *at = text.data;
    size_t left = text.len;
    int rc = sl_buf_reserve(out, text.len + 2);

    if (rc == SL_OK) {
        rc = sl_buf_add_byte(out, '"');
    }
    while (rc == SL_OK && left > 0) {
        size_t plain = count_plain(at, left);

        rc = sl_buf_add(out, at, plain);
        at += plain;
        left -= plain;
        if (rc == SL_OK && left > 0) {
            rc = put_escape(*at++, out);
            left--;
        }
    }
    return rc == SL_OK ? sl_buf_add_byte(out, '"') : rc;
}

static int put_literal(const struct sl_json_reader *reader, const struct sl_json_value *value,
                       struct sl_buf *out)
{
    switch (value->data[0]) {
    case SL_JSON_NULL:
        return sl_buf_add_str(out, "null");
    case SL_JSON_TRUE:
        return sl_buf_add_str(out, "true");
    case SL_JSON_FALSE:
        return sl_buf_add_str(out, "false");
    default:
        return sl_json_fail(reader, SL_EFORMAT, "a literal is neither null, true nor false");
    }
}

static int put_double(const struct sl_json_reader *reader, const struct sl_json_value *value,
                      struct sl_buf *out)
{
    uint64_t bits = sl_load_le(value->data, 8);
    double number;
    int rc = sl_buf_reserve(out, SL_JSON_DOUBLE_MAX);

    memcpy(&number, &bits, sizeof(number));
    if (!isfinite(number)) {
        return sl_json_fail(reader, SL_EFORMAT, "a number is infinite or none at all");
    }
    if (rc == SL_OK) {
        sl_buf_commit(out, sl_json_double(sl_buf_tail(out), number));
    }
    return rc;
}

int sl_json_put_scalar(const struct sl_json_reader *reader, const struct sl_json_value *value,
                       struct sl_buf *out)
{
    switch (value->type) {
    case SL_JSON_LITERAL:
        return put_literal(reader, value, out);
    case SL_JSON_INT16:
        return sl_buf_add_i64(out, (int16_t)sl_load_le(value->data, 2));
    case SL_JSON_INT32:
        return sl_buf_add_i64(out, (int32_t)sl_load_le(value->data, 4));
    case SL_JSON_INT64:
        return sl_buf_add_i64(out, (int64_t)sl_load_le(value->data, 8));
    case SL_JSON_UINT16:
    case SL_JSON_UINT32:
    case SL_JSON_UINT64:
        return sl_buf_add_u64(out, sl_load_le(value->data, value->len));
    case SL_JSON_DOUBLE:
        return put_double(reader, value, out);
    case SL_JSON_STRING:
        return sl_json_put_string(sl_span_make(value->data, value->len), out);
    case SL_JSON_OPAQUE:
        return sl_json_put_opaque(reader, value, out);
    default:
        return sl_json_fail(reader, SL_EFORMAT, "a value has an unknown type");
    }
}

int sl_json_end_text(int rc, size_t start, struct sl_buf *out, struct sl_err *err)
{
    if (rc == SL_OK) {
        return SL_OK;
    }
    out->len = start;
    if (rc == SL_ENOMEM || rc == SL_ELIMIT) {
        return sl_err_set(err, rc,
                          "JSON document: its text is too large (%s); raise memory_limit or leave "
                          "the column out",
                          sl_status_str(rc));
    }
    return rc;
}
