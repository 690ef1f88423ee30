#include "filters/json_canonical.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/value_float.h"
#include "filters/json_string.h"

enum {
    SL_DEPTH_MAX = 512,
    SL_DIGITS_MAX = 20, /* of a number that is kept as it is written */
    SL_NUMBER_MAX = 400,
};

struct reader {
    struct sl_span rest;
    struct sl_buf *out;
    struct sl_buf text; /* scratch: of a string */
};

static void skip_space(struct reader *reader)
{
    while (reader->rest.len > 0 && memchr(" \t\r\n", reader->rest.data[0], 4) != NULL) {
        (void)!sl_span_skip(&reader->rest, 1);
    }
}

static bool is_next(const struct reader *reader, char byte)
{
    return reader->rest.len > 0 && reader->rest.data[0] == (uint8_t)byte;
}

static bool take(struct reader *reader, char byte)
{
    bool is_there = is_next(reader, byte);

    if (is_there) {
        reader->rest.data++;
        reader->rest.len--;
    }
    return is_there;
}

/* ---- strings ---- */

static int take_hex(struct reader *reader, uint32_t *out)
{
    uint32_t value = 0;

    if (reader->rest.len < 4) {
        return SL_EFORMAT;
    }
    for (int i = 0; i < 4; i++) {
        uint8_t byte = reader->rest.data[i];
        uint32_t digit = byte >= '0' && byte <= '9'   ? byte - (uint32_t)'0'
                         : byte >= 'a' && byte <= 'f' ? byte - (uint32_t)'a' + 10
                         : byte >= 'A' && byte <= 'F' ? byte - (uint32_t)'A' + 10
                                                      : 16;

        if (digit > 15) {
            return SL_EFORMAT;
        }
        value = value * 16 + digit;
    }
    *out = value;
    return sl_span_skip(&reader->rest, 4);
}

static int add_utf8(struct sl_buf *out, uint32_t point)
{
    uint8_t bytes[4];
    size_t len = 0;

    if (point < 0x80) {
        bytes[len++] = (uint8_t)point;
    } else if (point < 0x800) {
        bytes[len++] = (uint8_t)(0xc0 | point >> 6);
    } else if (point < 0x10000) {
        bytes[len++] = (uint8_t)(0xe0 | point >> 12);
        bytes[len++] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
    } else {
        bytes[len++] = (uint8_t)(0xf0 | point >> 18);
        bytes[len++] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
        bytes[len++] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
    }
    if (point >= 0x80) {
        bytes[len++] = (uint8_t)(0x80 | (point & 0x3f));
    }
    return sl_buf_add(out, bytes, len);
}

/* Half of a pair alone is no character; json_string.h has U+FFFD for such bytes. */
static int take_unicode(struct reader *reader)
{
    uint32_t point;
    uint32_t low;
    int rc = take_hex(reader, &point);

    if (rc == SL_OK && point >= 0xd800 && point < 0xdc00 && reader->rest.len >= 6 &&
        memcmp(reader->rest.data, "\\u", 2) == 0) {
        rc = sl_span_skip(&reader->rest, 2);
        rc = rc == SL_OK ? take_hex(reader, &low) : rc;
        if (rc == SL_OK && (low < 0xdc00 || low > 0xdfff)) {
            return SL_EFORMAT;
        }
        point = rc == SL_OK ? 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00) : point;
    } else if (rc == SL_OK && point >= 0xd800 && point < 0xe000) {
        return SL_EFORMAT;
    }
    return rc == SL_OK ? add_utf8(&reader->text, point) : rc;
}

static int take_escape(struct reader *reader)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    const char *at;

    if (take(reader, 'u')) {
        return take_unicode(reader);
    }
    at = reader->rest.len > 0 ? memchr(from, reader->rest.data[0], sizeof(from) - 1) : NULL;
    if (at == NULL) {
        return SL_EFORMAT;
    }
    (void)!sl_span_skip(&reader->rest, 1);
    return sl_buf_add_byte(&reader->text, (uint8_t)to[at - from]);
}

static int add_string(struct reader *reader)
{
    int rc = take(reader, '"') ? SL_OK : SL_EFORMAT;

    sl_buf_clear(&reader->text);
    while (rc == SL_OK && reader->rest.len > 0 && !is_next(reader, '"')) {
        uint8_t byte = reader->rest.data[0];

        if (byte < 0x20) {
            return SL_EFORMAT;
        }
        (void)!sl_span_skip(&reader->rest, 1);
        rc = byte == '\\' ? take_escape(reader) : sl_buf_add_byte(&reader->text, byte);
    }
    rc = rc == SL_OK && !take(reader, '"') ? SL_EFORMAT : rc;
    return rc == SL_OK
               ? sl_json_string(sl_span_make(reader->text.data, reader->text.len), reader->out)
               : rc;
}

/* ---- numbers and words ---- */

static size_t count_digits(struct sl_span text, size_t at)
{
    size_t count = 0;

    while (at + count < text.len && text.data[at + count] >= '0' && text.data[at + count] <= '9') {
        count++;
    }
    return count;
}

/* The length of the number at the front, 0 for none; *IS_WHOLE: it has neither point nor exponent.
 */
static size_t measure(struct sl_span text, bool *is_whole)
{
    size_t sign = text.len > 0 && text.data[0] == '-';
    size_t digits = count_digits(text, sign);
    size_t at = sign + digits;

    *is_whole = true;
    if (digits == 0 || (digits > 1 && text.data[sign] == '0')) {
        return 0;
    }
    if (at < text.len && text.data[at] == '.') {
        digits = count_digits(text, at + 1);
        at = digits > 0 ? at + 1 + digits : 0;
        *is_whole = false;
    }
    if (at > 0 && at < text.len && (text.data[at] == 'e' || text.data[at] == 'E')) {
        size_t front = at + 1;

        front += front < text.len && (text.data[front] == '+' || text.data[front] == '-');
        digits = count_digits(text, front);
        at = digits > 0 ? front + digits : 0;
        *is_whole = false;
    }
    return at;
}

static int add_double(struct reader *reader, size_t len)
{
    char copy[SL_NUMBER_MAX];
    uint8_t text[SL_FLOAT_TEXT_MAX];
    uint64_t bits;
    double value;

    if (len >= sizeof(copy)) {
        return sl_buf_add(reader->out, reader->rest.data, len);
    }
    memcpy(copy, reader->rest.data, len);
    copy[len] = '\0';
    value = strtod(copy, NULL);
    memcpy(&bits, &value, sizeof(bits));
    len = isfinite(value) ? sl_float_format_double(bits, text) : 0;
    return len > 0 ? sl_buf_add(reader->out, text, len) : sl_buf_add_str(reader->out, copy);
}

static int add_number(struct reader *reader)
{
    bool is_whole;
    size_t len = measure(reader->rest, &is_whole);
    int rc;

    if (len == 0) {
        return SL_EFORMAT;
    }
    rc = is_whole && len <= SL_DIGITS_MAX ? sl_buf_add(reader->out, reader->rest.data, len)
                                          : add_double(reader, len);
    return rc == SL_OK ? sl_span_skip(&reader->rest, len) : rc;
}

static int add_word(struct reader *reader, const char *word)
{
    size_t len = strlen(word);

    if (reader->rest.len < len || memcmp(reader->rest.data, word, len) != 0) {
        return SL_EFORMAT;
    }
    (void)!sl_span_skip(&reader->rest, len);
    return sl_buf_add(reader->out, word, len);
}

/* ---- containers ---- */

static int add_value(struct reader *reader, unsigned depth);

static int add_member(struct reader *reader, bool is_object, unsigned depth)
{
    int rc = SL_OK;

    skip_space(reader);
    if (is_object) {
        rc = add_string(reader);
        skip_space(reader);
        rc = rc == SL_OK && !take(reader, ':') ? SL_EFORMAT : rc;
        rc = rc == SL_OK ? sl_buf_add_byte(reader->out, ':') : rc;
    }
    rc = rc == SL_OK ? add_value(reader, depth + 1) : rc;
    skip_space(reader);
    return rc;
}

static int add_container(struct reader *reader, unsigned depth)
{
    bool is_object = is_next(reader, '{');
    char end = is_object ? '}' : ']';
    int rc = sl_buf_add_byte(reader->out, reader->rest.data[0]);

    (void)!sl_span_skip(&reader->rest, 1);
    skip_space(reader);
    if (rc == SL_OK && !is_next(reader, end)) {
        rc = add_member(reader, is_object, depth);
        while (rc == SL_OK && take(reader, ',')) {
            rc = sl_buf_add_byte(reader->out, ',');
            rc = rc == SL_OK ? add_member(reader, is_object, depth) : rc;
        }
    }
    rc = rc == SL_OK && !take(reader, end) ? SL_EFORMAT : rc;
    return rc == SL_OK ? sl_buf_add_byte(reader->out, (uint8_t)end) : rc;
}

static int add_value(struct reader *reader, unsigned depth)
{
    skip_space(reader);
    if (reader->rest.len == 0 || depth > SL_DEPTH_MAX) {
        return SL_EFORMAT;
    }
    switch (reader->rest.data[0]) {
    case '{':
    case '[':
        return add_container(reader, depth);
    case '"':
        return add_string(reader);
    case 't':
        return add_word(reader, "true");
    case 'f':
        return add_word(reader, "false");
    case 'n':
        return add_word(reader, "null");
    default:
        return add_number(reader);
    }
}

int sl_json_canonical(struct sl_span text, struct sl_buf *out)
{
    struct reader reader = {.rest = text, .out = out};
    int rc = add_value(&reader, 0);

    skip_space(&reader);
    sl_buf_release(&reader.text);
    return rc == SL_OK && reader.rest.len > 0 ? SL_EFORMAT : rc;
}
