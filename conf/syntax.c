#include "conf/syntax.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cdc/base/utf8.h"
#include "conf/config.h"

enum { SL_NUMBER_MAX = 40 }; /* the library takes 63 characters and misreads longer numbers */

/* What may come next. */
enum sl_expect {
    SL_EXPECT_VALUE,
    SL_EXPECT_FIRST_VALUE, /* or ] */
    SL_EXPECT_KEY,
    SL_EXPECT_FIRST_KEY, /* or } */
    SL_EXPECT_COLON,
    SL_EXPECT_NEXT, /* comma, or the end of what is open */
    SL_EXPECT_END,
};

struct scan {
    const char *name;
    char *text;
    size_t len;
    size_t at;
    enum sl_expect expect;
    char open[SL_CONFIG_MAX_DEPTH]; /* the brackets that are open */
    size_t depth;
    struct sl_err *err;
};

static void describe_byte(const struct scan *scan, size_t at, char *out, size_t size)
{
    unsigned char byte = at < scan->len ? (unsigned char)scan->text[at] : 0;

    if (at >= scan->len) {
        (void)snprintf(out, size, "the end of the file");
    } else if (byte == '\n' || byte == '\r') {
        (void)snprintf(out, size, "the end of the line");
    } else if (byte >= ' ' && byte < 0x7f) {
        (void)snprintf(out, size, byte == '"' ? "'%c'" : "\"%c\"", byte);
    } else {
        (void)snprintf(out, size, "byte 0x%02x", byte);
    }
}

static int fail(struct scan *scan, size_t at, const char *expected)
{
    size_t line = 1;
    size_t column = 1;
    char found[32];

    for (size_t i = 0; i < at && i < scan->len; i++) {
        if (scan->text[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)scan->text[i] & 0xc0U) != 0x80U) {
            column++; /* characters, not bytes */
        }
    }
    describe_byte(scan, at, found, sizeof(found));
    return sl_err_set(scan->err, SL_EINVAL, "%s:%zu:%zu: expected %s, found %s", scan->name, line,
                      column, expected, found);
}

static int check_bytes(struct scan *scan)
{
    size_t at = 0;

    while (at < scan->len) {
        size_t len = sl_utf8_char_len((const uint8_t *)scan->text + at, scan->len - at);

        if (len == 0 || scan->text[at] == '\0') {
            return fail(scan, at, "UTF-8 text without NUL bytes");
        }
        at += len;
    }
    return SL_OK;
}

/* Overwrites the comment at AT and returns the place behind it; LEN when it never ends. */
static size_t blank_comment(struct scan *scan, size_t at)
{
    bool is_block = scan->text[at + 1] == '*';
    size_t end = at + 2;

    if (is_block) {
        while (end + 1 < scan->len && memcmp(scan->text + end, "*/", 2) != 0) {
            end++;
        }
        if (end + 1 >= scan->len) {
            return scan->len;
        }
        end += 2;
    } else {
        while (end < scan->len && scan->text[end] != '\n') {
            end++;
        }
    }
    for (; at < end; at++) {
        if (scan->text[at] != '\n') {
            scan->text[at] = ' ';
        }
    }
    return end;
}

static bool is_comment(const struct scan *scan, size_t at)
{
    return scan->len - at >= 2 && scan->text[at] == '/' &&
           (scan->text[at + 1] == '/' || scan->text[at + 1] == '*');
}

static int blank_comments(struct scan *scan)
{
    bool is_string = false;
    size_t at = 0;

    while (at < scan->len) {
        char byte = scan->text[at];

        if (is_string && byte == '\\') {
            at += 2;
            continue;
        }
        if (byte == '"' || byte == '\n') {
            is_string = byte == '"' && !is_string; /* no string goes over the end of a line */
        } else if (!is_string && is_comment(scan, at)) {
            bool is_block = scan->text[at + 1] == '*';
            size_t end = blank_comment(scan, at);

            if (is_block && end == scan->len && scan->text[at] == '/') {
                return fail(scan, scan->len, "\"*/\", which ends a comment");
            }
            at = end;
            continue;
        }
        at++;
    }
    return SL_OK;
}

static int hex_digit(int byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The four hexadecimal digits at AT; -1 when there are none. */
static int hex_code(const struct scan *scan, size_t at)
{
    int code = 0;

    if (at > scan->len || scan->len - at < 4) {
        return -1;
    }
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_digit(scan->text[at + i]);

        if (digit < 0) {
            return -1;
        }
        code = code * 16 + digit;
    }
    return code;
}

/* \uXXXX at scan->at; the library would cut a string at U+0000 and refuses half a surrogate pair.
 */
static int take_unicode_escape(struct scan *scan)
{
    int code = hex_code(scan, scan->at + 2);

    if (code < 0) {
        return fail(scan, scan->at, "four hexadecimal digits after \\u");
    }
    if (code == 0 || (code >= 0xdc00 && code < 0xe000)) {
        return fail(scan, scan->at, "a \\u escape of a character other than U+0000");
    }
    if (code >= 0xd800 && code < 0xdc00) {
        int low = -1;

        if (scan->len - scan->at >= 12 && memcmp(scan->text + scan->at + 6, "\\u", 2) == 0) {
            low = hex_code(scan, scan->at + 8);
        }
        if (low < 0xdc00 || low > 0xdfff) {
            return fail(scan, scan->at, "both halves of a \\u surrogate pair");
        }
        scan->at += 6;
    }
    scan->at += 6;
    return SL_OK;
}

static int take_escape(struct scan *scan)
{
    int kind = scan->len - scan->at >= 2 ? scan->text[scan->at + 1] : 0;

    if (kind == 'u') {
        return take_unicode_escape(scan);
    }
    if (kind == 0 || strchr("\"\\/bfnrt", kind) == NULL) {
        return fail(scan, scan->at + 1, "an escape: one of \" \\ / b f n r t u");
    }
    scan->at += 2;
    return SL_OK;
}

static int take_string(struct scan *scan)
{
    scan->at++;
    while (scan->at < scan->len) {
        unsigned char byte = (unsigned char)scan->text[scan->at];

        if (byte == '"') {
            scan->at++;
            return SL_OK;
        }
        if (byte < ' ') {
            return fail(scan, scan->at, "the quote that ends the string");
        }
        if (byte != '\\') {
            scan->at++;
        } else if (take_escape(scan) != SL_OK) {
            return SL_EINVAL;
        }
    }
    return fail(scan, scan->at, "the quote that ends the string");
}

/* Skips digits; returns how many. */
static size_t skip_digits(struct scan *scan)
{
    size_t start = scan->at;

    while (scan->at < scan->len && scan->text[scan->at] >= '0' && scan->text[scan->at] <= '9') {
        scan->at++;
    }
    return scan->at - start;
}

static bool skip_byte(struct scan *scan, const char *any)
{
    if (scan->at < scan->len && strchr(any, scan->text[scan->at]) != NULL) {
        scan->at++;
        return true;
    }
    return false;
}

static int take_number(struct scan *scan)
{
    size_t start = scan->at;
    size_t digits;
    bool is_zero;

    (void)skip_byte(scan, "-");
    is_zero = scan->at < scan->len && scan->text[scan->at] == '0';
    digits = skip_digits(scan);
    if (digits == 0 || (is_zero && digits > 1)) {
        return fail(scan, start, "a number without leading zeros or signs but -");
    }
    if (skip_byte(scan, ".") && skip_digits(scan) == 0) {
        return fail(scan, scan->at, "a digit after the decimal point");
    }
    if (skip_byte(scan, "eE")) {
        (void)skip_byte(scan, "+-");
        if (skip_digits(scan) == 0) {
            return fail(scan, scan->at, "a digit of the exponent");
        }
    }
    return scan->at - start > SL_NUMBER_MAX ? fail(scan, start, "a number of at most 40 characters")
                                            : SL_OK;
}

static int take_word(struct scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i]);

        if (scan->len - scan->at >= len && memcmp(scan->text + scan->at, words[i], len) == 0) {
            scan->at += len;
            return SL_OK;
        }
    }
    return fail(scan, scan->at, "a value (text goes in double quotes)");
}

static int take_open(struct scan *scan, char bracket)
{
    if (scan->depth == SL_CONFIG_MAX_DEPTH) {
        return fail(scan, scan->at, "at most 16 levels of nesting");
    }
    scan->open[scan->depth++] = bracket;
    scan->expect = bracket == '{' ? SL_EXPECT_FIRST_KEY : SL_EXPECT_FIRST_VALUE;
    scan->at++;
    return SL_OK;
}

static int take_close(struct scan *scan)
{
    scan->depth--;
    scan->at++;
    scan->expect = scan->depth == 0 ? SL_EXPECT_END : SL_EXPECT_NEXT;
    return SL_OK;
}

static int take_value(struct scan *scan)
{
    char byte = scan->text[scan->at];
    int rc;

    if (scan->expect == SL_EXPECT_FIRST_VALUE && byte == ']') {
        return take_close(scan);
    }
    if (byte == '{' || byte == '[') {
        return take_open(scan, byte);
    }
    if (scan->depth == 0) {
        return fail(scan, scan->at, "\"{\", which begins the configuration");
    }
    if (byte == '"') {
        rc = take_string(scan);
    } else if (byte == '-' || (byte >= '0' && byte <= '9')) {
        rc = take_number(scan);
    } else {
        rc = take_word(scan);
    }
    scan->expect = SL_EXPECT_NEXT;
    return rc;
}

static int take_key(struct scan *scan)
{
    char byte = scan->text[scan->at];

    if (scan->expect == SL_EXPECT_FIRST_KEY && byte == '}') {
        return take_close(scan);
    }
    if (byte != '"') {
        return fail(scan, scan->at,
                    byte == '}' ? "another key after the comma" : "a key in double quotes");
    }
    scan->expect = SL_EXPECT_COLON;
    return take_string(scan);
}

static int take_next(struct scan *scan)
{
    bool is_object = scan->open[scan->depth - 1] == '{';

    if (scan->text[scan->at] == ',') {
        scan->expect = is_object ? SL_EXPECT_KEY : SL_EXPECT_VALUE;
        scan->at++;
        return SL_OK;
    }
    if (scan->text[scan->at] == (is_object ? '}' : ']')) {
        return take_close(scan);
    }
    return fail(scan, scan->at, is_object ? "\",\" or \"}\"" : "\",\" or \"]\"");
}

static int take(struct scan *scan)
{
    switch (scan->expect) {
    case SL_EXPECT_VALUE:
    case SL_EXPECT_FIRST_VALUE:
        return take_value(scan);
    case SL_EXPECT_KEY:
    case SL_EXPECT_FIRST_KEY:
        return take_key(scan);
    case SL_EXPECT_COLON:
        if (!skip_byte(scan, ":")) {
            return fail(scan, scan->at, "\":\" after the key");
        }
        scan->expect = SL_EXPECT_VALUE;
        return SL_OK;
    case SL_EXPECT_NEXT:
        return take_next(scan);
    case SL_EXPECT_END:
        break;
    }
    return fail(scan, scan->at, "nothing after the configuration");
}

static bool at_space(const struct scan *scan)
{
    return scan->at < scan->len && scan->text[scan->at] != '\0' &&
           strchr(" \t\r\n", scan->text[scan->at]) != NULL;
}

int sl_conf_check_syntax(const char *name, char *text, size_t len, struct sl_err *err)
{
    struct scan scan = {.name = name, .text = text, .len = len, .err = err};
    int rc = check_bytes(&scan);

    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        memset(text, ' ', 3);
    }
    if (rc == SL_OK) {
        rc = blank_comments(&scan);
    }
    while (rc == SL_OK) {
        while (at_space(&scan)) {
            scan.at++;
        }
        if (scan.at == scan.len) {
            return scan.expect == SL_EXPECT_END
                       ? SL_OK
                       : fail(&scan, scan.at,
                              scan.depth == 0 ? "a configuration: { … }"
                                              : "the bracket that closes this one");
        }
        rc = take(&scan);
    }
    return rc;
}
