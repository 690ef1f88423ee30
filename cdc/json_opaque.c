/*
 * json_opaque.c - opaque values: what SQL types other than numbers and strings became when they
 * were put into a document. DECIMAL is printed as a number, temporal types as strings with six
 * digits of fraction, anything else as base64 of its bytes (sql-common/json_dom.cc).
 */
#include <string.h>

#include "cdc/base/digits.h"
#include "cdc/column.h"
#include "cdc/json_text.h"

enum {
    SL_DECIMAL_PRECISION_MAX = 65,
    SL_DECIMAL_SCALE_MAX = 30,
    SL_DECIMAL_GROUP = 9, /* digits in four bytes (strings/decimal.cc: DIG_PER_DEC1) */
    SL_BASE64_LINE = 76,  /* characters of a line of the server's base64 (mysys/base64.cc) */
};

/* Bytes that 0 to 9 digits take (strings/decimal.cc: dig2bytes). */
static const uint8_t digit_bytes[] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};

struct sl_decimal_reader {
    const uint8_t *data;
    uint8_t invert; /* 0xff in negative numbers, whose bytes are all inverted */
    uint8_t flip;   /* 0x80 on the first byte: the sign bit is set in positive numbers */
    bool is_valid;  /* no group held more than its digits */
};

/* Reads one group of COUNT digits and writes exactly these. */
static void read_group(struct sl_decimal_reader *reader, size_t count, uint8_t *out)
{
    static const uint32_t limits[] = {1,      10,      100,      1000,      10000,
                                      100000, 1000000, 10000000, 100000000, 1000000000};
    uint32_t value = 0;

    for (size_t i = 0; i < digit_bytes[count]; i++) {
        value = value << 8 | (uint8_t)(*reader->data++ ^ reader->invert ^ reader->flip);
        reader->flip = 0;
    }
    if (value >= limits[count]) {
        reader->is_valid = false;
    }
    sl_digits_fixed(out, value, count);
}

static size_t decimal_bytes(size_t digits)
{
    return digits / SL_DECIMAL_GROUP * 4 + digit_bytes[digits % SL_DECIMAL_GROUP];
}

/* Digits before the point: the short group comes first. */
static void read_whole(struct sl_decimal_reader *reader, size_t count, uint8_t *out)
{
    size_t first = count % SL_DECIMAL_GROUP;

    read_group(reader, first, out);
    for (size_t i = first; i < count; i += SL_DECIMAL_GROUP) {
        read_group(reader, SL_DECIMAL_GROUP, out + i);
    }
}

/* Digits behind the point: the short group comes last. */
static void read_fraction(struct sl_decimal_reader *reader, size_t count, uint8_t *out)
{
    size_t i = 0;

    for (; i + SL_DECIMAL_GROUP <= count; i += SL_DECIMAL_GROUP) {
        read_group(reader, SL_DECIMAL_GROUP, out + i);
    }
    read_group(reader, count - i, out + i);
}

/* [sign] whole digits without zeros in front, [point, all SCALE digits]. */
static int put_decimal_digits(const uint8_t *digits, size_t whole, size_t scale, bool is_negative,
                              struct sl_buf *out)
{
    size_t skip = 0;
    int rc = is_negative ? sl_buf_add_byte(out, '-') : SL_OK;

    while (skip < whole && digits[skip] == '0') {
        skip++;
    }
    if (rc == SL_OK) {
        rc = skip == whole ? sl_buf_add_byte(out, '0')
                           : sl_buf_add(out, digits + skip, whole - skip);
    }
    if (rc == SL_OK && scale > 0) {
        rc = sl_buf_add_byte(out, '.');
    }
    return rc == SL_OK ? sl_buf_add(out, digits + whole, scale) : rc;
}

/* Precision, scale, digits (sql-common/json_dom.cc: Json_decimal::convert_from_binary). */
static int put_decimal(const struct sl_json_reader *reader, const struct sl_json_value *value,
                       struct sl_buf *out)
{
    uint8_t digits[SL_DECIMAL_PRECISION_MAX];
    struct sl_decimal_reader decimal = {.flip = 0x80, .is_valid = true};
    size_t whole;
    size_t scale;

    if (value->len < 3 || value->data[0] > SL_DECIMAL_PRECISION_MAX ||
        value->data[1] > SL_DECIMAL_SCALE_MAX || value->data[1] > value->data[0]) {
        return sl_json_fail(reader, SL_EFORMAT, "a DECIMAL has no valid precision and scale");
    }
    scale = value->data[1];
    whole = (size_t)value->data[0] - scale;
    if (value->len - 2 != decimal_bytes(whole) + decimal_bytes(scale)) {
        return sl_json_fail(reader, SL_EFORMAT, "a DECIMAL is shorter or longer than its digits");
    }
    decimal.data = value->data + 2;
    decimal.invert = (decimal.data[0] & 0x80) != 0 ? 0 : 0xff;
    read_whole(&decimal, whole, digits);
    read_fraction(&decimal, scale, digits + whole);
    if (!decimal.is_valid) {
        return sl_json_fail(reader, SL_EFORMAT, "a DECIMAL holds something else than digits");
    }
    return put_decimal_digits(digits, whole, scale, decimal.invert != 0, out);
}

/* A packed time of the server (mysys/my_time.cc: TIME_from_longlong_packed), taken apart. */
struct sl_packed_time {
    bool is_negative;
    uint32_t day, month, year;
    uint32_t hour, minute, second, micro;
};

/*
 * From the lowest bit: 24 bits of microseconds, 6 of seconds, 6 of minutes, then 5 of hours (10
 * in a TIME, which has no date), 5 of days and year * 13 + month. Negative times are negated as a
 * whole.
 */
static void unpack_time(uint64_t packed, bool has_date, struct sl_packed_time *out)
{
    uint64_t bits = packed >> 63 != 0 ? 0 - packed : packed;
    uint32_t hms = (uint32_t)(bits >> 24);
    uint64_t date = has_date ? bits >> 41 : 0;
    uint64_t months = date >> 5;

    *out = (struct sl_packed_time){
        .is_negative = packed >> 63 != 0,
        .day = (uint32_t)(date & 31),
        .month = (uint32_t)(months % 13),
        .year = (uint32_t)(months / 13),
        .hour = hms >> 12 & (has_date ? 31 : 1023),
        .minute = hms >> 6 & 63,
        .second = hms & 63,
        .micro = (uint32_t)(bits & 0xffffff),
    };
}

static bool is_printable_time(const struct sl_packed_time *time, bool has_date)
{
    return time->year <= 9999 && time->minute <= 59 && time->second <= 59 &&
           time->micro <= 999999 && (!has_date || (time->hour <= 23 && !time->is_negative));
}

static size_t put_date(uint8_t *out, const struct sl_packed_time *time)
{
    sl_digits_fixed(out, time->year, 4);
    out[4] = '-';
    sl_digits_fixed(out + 5, time->month, 2);
    out[7] = '-';
    sl_digits_fixed(out + 8, time->day, 2);
    return 10;
}

static size_t put_clock(uint8_t *out, const struct sl_packed_time *time)
{
    size_t width = time->hour > 99 ? sl_digits_u64(out, time->hour) : 2;

    sl_digits_fixed(out, time->hour, width);
    out[width] = ':';
    sl_digits_fixed(out + width + 1, time->minute, 2);
    out[width + 3] = ':';
    sl_digits_fixed(out + width + 4, time->second, 2);
    out[width + 6] = '.';
    sl_digits_fixed(out + width + 7, time->micro, 6);
    return width + 13;
}

static int put_temporal(const struct sl_json_reader *reader, const struct sl_json_value *value,
                        struct sl_buf *out)
{
    bool has_date = value->field_type != SL_TYPE_TIME;
    uint8_t text[48];
    size_t len = 0;
    struct sl_packed_time time;

    if (value->len != 8) {
        return sl_json_fail(reader, SL_EFORMAT, "a date or time does not have eight bytes");
    }
    unpack_time(sl_load_le(value->data, 8), has_date, &time);
    if (!is_printable_time(&time, has_date)) {
        return sl_json_fail(reader, SL_EFORMAT, "a date or time is out of range");
    }
    text[len++] = '"';
    if (time.is_negative) {
        text[len++] = '-';
    }
    if (has_date) {
        len += put_date(text + len, &time);
    }
    if (value->field_type != SL_TYPE_DATE) {
        if (has_date) {
            text[len++] = ' ';
        }
        len += put_clock(text + len, &time);
    }
    text[len++] = '"';
    return sl_buf_add(out, text, len);
}

/* Three bytes or what is left of them to four characters. */
static void put_base64_group(const uint8_t *data, size_t len, uint8_t *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = (uint32_t)data[0] << 16;

    if (len > 1) {
        bits |= (uint32_t)data[1] << 8;
    }
    if (len > 2) {
        bits |= data[2];
    }
    out[0] = (uint8_t)alphabet[bits >> 18];
    out[1] = (uint8_t)alphabet[bits >> 12 & 63];
    out[2] = (uint8_t)(len > 1 ? alphabet[bits >> 6 & 63] : '=');
    out[3] = (uint8_t)(len > 2 ? alphabet[bits & 63] : '=');
}

/* "base64:typeN:…": the server breaks lines, and a line break is an escape in a JSON string. */
static int put_base64(const struct sl_json_value *value, struct sl_buf *out)
{
    size_t groups = ((size_t)value->len + 2) / 3;
    size_t line = 0;
    int rc = sl_buf_add_str(out, "\"base64:type");

    if (rc == SL_OK) {
        rc = sl_buf_add_u64(out, value->field_type);
    }
    /* ':', four characters a group, two a line break, '"' */
    if (rc == SL_OK) {
        rc = sl_buf_reserve(out, 2 + groups * 4 + groups * 4 / SL_BASE64_LINE * 2);
    }
    if (rc != SL_OK) {
        return rc;
    }
    out->data[out->len++] = ':';
    for (size_t at = 0; at < value->len; at += 3) {
        if (line == SL_BASE64_LINE) {
            memcpy(sl_buf_tail(out), "\\n", 2);
            sl_buf_commit(out, 2);
            line = 0;
        }
        put_base64_group(value->data + at, value->len - at, sl_buf_tail(out));
        sl_buf_commit(out, 4);
        line += 4;
    }
    out->data[out->len++] = '"';
    return SL_OK;
}

int sl_json_put_opaque(const struct sl_json_reader *reader, const struct sl_json_value *value,
                       struct sl_buf *out)
{
    switch (value->field_type) {
    case SL_TYPE_NEWDECIMAL:
        return put_decimal(reader, value, out);
    case SL_TYPE_DATE:
    case SL_TYPE_TIME:
    case SL_TYPE_DATETIME:
    case SL_TYPE_TIMESTAMP:
        return put_temporal(reader, value, out);
    case SL_TYPE_VAR_STRING: /* printed as the string it holds since MySQL 8.0 */
        return sl_json_put_string(sl_span_make(value->data, value->len), out);
    default:
        return put_base64(value, out);
    }
}
