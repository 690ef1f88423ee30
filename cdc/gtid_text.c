/*
 * gtid_text.c - the text form of MySQL's GTIDs and GTID sets (sql/rpl_gtid_set.cc:
 * Gtid_set::add_gtid_text and to_string; libs/mysql/gtid/tsid.cpp). Stricter than the server where
 * it silently reads something else than a person means: numbers with a zero in front (octal there),
 * intervals that run backwards and UUIDs without a number (empty there).
 */
#include <string.h>

#include "cdc/gtid.h"

enum { SL_GTID_TEXT_MAX = 16 << 20 };

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static void skip_spaces(struct sl_span *text)
{
    while (text->len > 0 && is_space(text->data[0])) {
        text->data++;
        text->len--;
    }
}

/* Takes the byte C off the front, and the spaces behind it. */
static bool take_byte(struct sl_span *text, uint8_t c)
{
    if (text->len == 0 || text->data[0] != c) {
        return false;
    }
    text->data++;
    text->len--;
    skip_spaces(text);
    return true;
}

static int hex_digit(uint8_t c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A dash stands before the bytes 4, 6, 8 and 10. */
static bool has_dash_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

int sl_uuid_take(struct sl_span *text, uint8_t uuid[SL_UUID_BYTES])
{
    uint8_t bytes[SL_UUID_BYTES];
    const uint8_t *at = text->data;

    if (text->len < SL_UUID_TEXT_BYTES) {
        return SL_EINVAL;
    }
    for (size_t i = 0; i < SL_UUID_BYTES; i++) {
        int high;
        int low;

        if (has_dash_before(i) && *at++ != '-') {
            return SL_EINVAL;
        }
        high = hex_digit(*at++);
        low = hex_digit(*at++);
        if (high < 0 || low < 0) {
            return SL_EINVAL;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(uuid, bytes, sizeof(bytes));
    return sl_span_skip(text, SL_UUID_TEXT_BYTES);
}

int sl_uuid_format(const uint8_t uuid[SL_UUID_BYTES], struct sl_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *at;
    int rc = sl_buf_reserve(out, SL_UUID_TEXT_BYTES);

    if (rc != SL_OK) {
        return rc;
    }
    at = sl_buf_tail(out);
    for (size_t i = 0; i < SL_UUID_BYTES; i++) {
        if (has_dash_before(i)) {
            *at++ = '-';
        }
        *at++ = (uint8_t)digits[uuid[i] >> 4];
        *at++ = (uint8_t)digits[uuid[i] & 15];
    }
    sl_buf_commit(out, SL_UUID_TEXT_BYTES);
    return SL_OK;
}

static bool is_tag_byte(uint8_t c, size_t place)
{
    c = lower(c);
    return (c >= 'a' && c <= 'z') || c == '_' || (place > 0 && is_digit(c));
}

int sl_gtid_take_tag(struct sl_gtid *gtid, struct sl_span text)
{
    if (text.len > SL_GTID_TAG_MAX) {
        return SL_EINVAL;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!is_tag_byte(text.data[i], i)) {
            return SL_EINVAL;
        }
    }
    for (size_t i = 0; i < text.len; i++) {
        gtid->tag[i] = (char)lower(text.data[i]);
    }
    gtid->tag_len = (uint8_t)text.len;
    return SL_OK;
}

/* What is being parsed, and where the text began, for messages. */
struct sl_gtid_parser {
    struct sl_span rest;
    size_t len;
    struct sl_err *err;
};

static int refuse(const struct sl_gtid_parser *parser, const char *expected)
{
    return sl_err_set(parser->err, SL_EINVAL,
                      "GTID set: expected %s at character %zu; write it as in gtid_executed, "
                      "for example 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7",
                      expected, parser->len - parser->rest.len + 1);
}

static int parse_number(struct sl_gtid_parser *parser, uint64_t *number)
{
    struct sl_span *rest = &parser->rest;
    uint64_t value = 0;

    if (rest->len == 0 || !is_digit(rest->data[0]) || rest->data[0] == '0') {
        return refuse(parser, "a transaction number of 1 or more");
    }
    while (rest->len > 0 && is_digit(rest->data[0])) {
        uint64_t digit = (uint64_t)rest->data[0] - '0';

        if (value > (SL_GTID_NUMBER_MAX - digit) / 10) {
            return refuse(parser, "a transaction number below 9223372036854775807");
        }
        value = value * 10 + digit;
        rest->data++;
        rest->len--;
    }
    skip_spaces(rest);
    *number = value;
    return SL_OK;
}

static int parse_interval(struct sl_gtid_parser *parser, struct sl_gtid *gtid,
                          struct sl_gtid_set *set)
{
    uint64_t last;
    int rc = parse_number(parser, &gtid->number);

    if (rc != SL_OK) {
        return rc;
    }
    last = gtid->number;
    if (take_byte(&parser->rest, '-')) {
        rc = parse_number(parser, &last);
        if (rc != SL_OK) {
            return rc;
        }
    }
    if (last < gtid->number) {
        return refuse(parser, "an interval that ends behind its begin");
    }
    rc = sl_gtid_set_add_range(set, gtid, last);
    return rc == SL_OK ? SL_OK : sl_err_set(parser->err, rc, "GTID set: %s", sl_status_str(rc));
}

static int parse_tag(struct sl_gtid_parser *parser, struct sl_gtid *gtid)
{
    struct sl_span name = {.data = parser->rest.data, .len = 0};

    while (name.len < parser->rest.len && is_tag_byte(parser->rest.data[name.len], name.len)) {
        name.len++;
    }
    if (sl_gtid_take_tag(gtid, name) != SL_OK) {
        return refuse(parser, "a tag of 32 characters at most");
    }
    parser->rest.data += name.len;
    parser->rest.len -= name.len;
    skip_spaces(&parser->rest);
    return SL_OK;
}

/* One UUID and what belongs to it: ":1-5:7:tag:1-9". */
static int parse_source(struct sl_gtid_parser *parser, struct sl_gtid_set *set)
{
    struct sl_gtid gtid = {0};
    bool has_number = false;
    int rc = sl_uuid_take(&parser->rest, gtid.uuid);

    if (rc != SL_OK) {
        return refuse(parser, "a UUID");
    }
    skip_spaces(&parser->rest);
    while (rc == SL_OK && take_byte(&parser->rest, ':')) {
        has_number = parser->rest.len == 0 || !is_tag_byte(parser->rest.data[0], 0);
        rc = has_number ? parse_interval(parser, &gtid, set) : parse_tag(parser, &gtid);
    }
    if (rc == SL_OK && !has_number) {
        return refuse(parser, "':' and a transaction number");
    }
    return rc;
}

static int parse_set(struct sl_gtid_parser *parser, struct sl_gtid_set *set)
{
    int rc = SL_OK;

    skip_spaces(&parser->rest);
    while (rc == SL_OK && parser->rest.len > 0) {
        if (take_byte(&parser->rest, ',')) {
            continue; /* the server, too, takes empty elements */
        }
        rc = parse_source(parser, set);
        if (rc == SL_OK && parser->rest.len > 0 && parser->rest.data[0] != ',') {
            rc = refuse(parser, "',' or the end");
        }
    }
    return rc;
}

int sl_gtid_set_parse(struct sl_gtid_set *set, struct sl_span text, struct sl_err *err)
{
    struct sl_gtid_parser parser = {.rest = text, .len = text.len, .err = err};
    struct sl_gtid_set parsed = {0};
    int rc;

    if (text.len > SL_GTID_TEXT_MAX) {
        return sl_err_set(err, SL_ELIMIT, "GTID set: %zu bytes are more than the %d allowed",
                          text.len, SL_GTID_TEXT_MAX);
    }
    rc = parse_set(&parser, &parsed);
    if (rc != SL_OK) {
        sl_gtid_set_release(&parsed);
        return rc;
    }
    sl_gtid_set_release(set);
    *set = parsed;
    return SL_OK;
}

static int format_tag(const char *tag, size_t len, struct sl_buf *out)
{
    int rc = SL_OK;

    if (len > 0) {
        rc = sl_buf_add_byte(out, ':');
        if (rc == SL_OK) {
            rc = sl_buf_add(out, tag, len);
        }
    }
    return rc;
}

static int format_interval(const struct sl_gtid_interval *interval, struct sl_buf *out)
{
    int rc = sl_buf_add_byte(out, ':');

    if (rc == SL_OK) {
        rc = sl_buf_add_u64(out, interval->first);
    }
    if (rc == SL_OK && interval->last > interval->first) {
        rc = sl_buf_add_byte(out, '-');
        if (rc == SL_OK) {
            rc = sl_buf_add_u64(out, interval->last);
        }
    }
    return rc;
}

int sl_gtid_set_format(const struct sl_gtid_set *set, struct sl_buf *out)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < set->count; i++) {
        const struct sl_gtid_source *source = &set->sources[i];

        if (i == 0 || memcmp(source[-1].uuid, source->uuid, SL_UUID_BYTES) != 0) {
            rc = i > 0 ? sl_buf_add_byte(out, ',') : SL_OK;
            if (rc == SL_OK) {
                rc = sl_uuid_format(source->uuid, out);
            }
        }
        if (rc == SL_OK) {
            rc = format_tag(source->tag, source->tag_len, out);
        }
        for (size_t j = 0; rc == SL_OK && j < source->count; j++) {
            rc = format_interval(&source->intervals[j], out);
        }
    }
    return rc;
}

int sl_gtid_format(const struct sl_gtid *gtid, struct sl_buf *out)
{
    struct sl_gtid_interval one = {.first = gtid->number, .last = gtid->number};
    int rc = sl_uuid_format(gtid->uuid, out);

    if (rc == SL_OK) {
        rc = format_tag(gtid->tag, gtid->tag_len, out);
    }
    return rc == SL_OK ? format_interval(&one, out) : rc;
}
