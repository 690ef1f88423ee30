#include "cdc/json_path.h"

#include <string.h>

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void skip_spaces(struct sl_span *path)
{
    while (path->len > 0 && is_space(path->data[0])) {
        path->data++;
        path->len--;
    }
}

static bool take_byte(struct sl_span *path, uint8_t byte)
{
    if (path->len == 0 || path->data[0] != byte) {
        return false;
    }
    path->data++;
    path->len--;
    return true;
}

int sl_json_path_begin(struct sl_span *path)
{
    skip_spaces(path);
    return take_byte(path, '$') ? SL_OK : SL_EFORMAT;
}

static int take_number(struct sl_span *path, uint32_t *out)
{
    uint64_t value = 0;
    size_t len = 0;

    while (len < path->len && path->data[len] >= '0' && path->data[len] <= '9') {
        value = value * 10 + (uint64_t)(path->data[len] - '0');
        if (value > UINT32_MAX) {
            return SL_EFORMAT;
        }
        len++;
    }
    *out = (uint32_t)value;
    return len > 0 ? sl_span_skip(path, len) : SL_EFORMAT;
}

/* N, last or last-N, then "]". */
static int take_cell(struct sl_span *path, struct sl_json_leg *leg)
{
    int rc = SL_OK;

    skip_spaces(path);
    if (path->len >= 4 && memcmp(path->data, "last", 4) == 0) {
        leg->is_from_end = true;
        rc = sl_span_skip(path, 4);
        skip_spaces(path);
    }
    if (!leg->is_from_end || take_byte(path, '-')) {
        skip_spaces(path);
        rc = take_number(path, &leg->index);
    }
    skip_spaces(path);
    return rc == SL_OK && take_byte(path, ']') ? SL_OK : SL_EFORMAT;
}

/* Up to the quote that ends the name; a byte behind a backslash is none. */
static int take_quoted(struct sl_span *path, struct sl_json_leg *leg)
{
    size_t len = 0;

    while (len < path->len && path->data[len] != '"') {
        if (path->data[len] == '\\') {
            leg->has_escapes = true;
            len++;
        }
        len++;
    }
    if (len >= path->len) {
        return SL_EFORMAT;
    }
    leg->name = sl_span_make(path->data, len);
    return sl_span_skip(path, len + 1);
}

static int take_plain(struct sl_span *path, struct sl_json_leg *leg)
{
    size_t len = 0;

    while (len < path->len && !is_space(path->data[len]) && path->data[len] != '[' &&
           path->data[len] != '.' && path->data[len] != '*') {
        leg->has_escapes = leg->has_escapes || path->data[len] == '\\';
        len++;
    }
    return len > 0 ? sl_span_take(path, len, &leg->name) : SL_EFORMAT;
}

int sl_json_path_next(struct sl_span *path, struct sl_json_leg *leg)
{
    *leg = (struct sl_json_leg){0};
    skip_spaces(path);
    if (path->len == 0) {
        return SL_DONE;
    }
    if (take_byte(path, '[')) {
        return take_cell(path, leg);
    }
    leg->is_member = true;
    if (!take_byte(path, '.')) {
        return SL_EFORMAT;
    }
    skip_spaces(path);
    return take_byte(path, '"') ? take_quoted(path, leg) : take_plain(path, leg);
}

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The four digits behind \u. */
static int take_hex(struct sl_span *name, uint32_t *out)
{
    uint32_t value = 0;

    if (name->len < 4) {
        return SL_EFORMAT;
    }
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_digit(name->data[i]);

        if (digit < 0) {
            return SL_EFORMAT;
        }
        value = value << 4 | (uint32_t)digit;
    }
    *out = value;
    return sl_span_skip(name, 4);
}

/* A code point behind \u, of one or two UTF-16 units. */
static int take_code_point(struct sl_span *name, uint32_t *out)
{
    uint32_t low;
    int rc = take_hex(name, out);

    if (rc != SL_OK || *out < 0xd800 || *out > 0xdfff) {
        return rc;
    }
    if (*out > 0xdbff || !take_byte(name, '\\') || !take_byte(name, 'u') ||
        take_hex(name, &low) != SL_OK || low < 0xdc00 || low > 0xdfff) {
        return SL_EFORMAT;
    }
    *out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
    return SL_OK;
}

static size_t put_utf8(uint8_t *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xc0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xe0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (code & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (code & 63));
    return 4;
}

/* What stands behind a backslash, appended to OUT. */
static int unescape_one(struct sl_span *name, uint8_t *out, size_t *len)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *found;
    uint32_t code;
    uint8_t letter;
    int rc = sl_span_u8(name, &letter);

    if (rc != SL_OK || letter == '\0') {
        return SL_EFORMAT;
    }
    if (letter == 'u') {
        rc = take_code_point(name, &code);
        if (rc == SL_OK) {
            *len += put_utf8(out + *len, code);
        }
        return rc;
    }
    found = strchr(letters, letter);
    if (found == NULL) {
        return SL_EFORMAT;
    }
    out[(*len)++] = (uint8_t)meanings[found - letters];
    return SL_OK;
}

int sl_json_path_unescape(struct sl_span name, uint8_t *out, size_t *len)
{
    size_t used = 0;
    int rc = SL_OK;

    while (rc == SL_OK && name.len > 0) {
        if (take_byte(&name, '\\')) {
            rc = unescape_one(&name, out, &used);
        } else {
            rc = sl_span_u8(&name, &out[used++]);
        }
    }
    if (rc == SL_OK) {
        *len = used;
    }
    return rc;
}
