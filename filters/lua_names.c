#include "filters/lua_names.h"

#include <string.h>

static bool is_letter(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static void skip(struct sl_span *rest, size_t len)
{
    len = len < rest->len ? len : rest->len;
    *rest = sl_span_make(rest->data + len, rest->len - len);
}

static bool starts_with(struct sl_span rest, const char *text)
{
    size_t len = strlen(text);

    return rest.len >= len && memcmp(rest.data, text, len) == 0;
}

/* The length of "[[" or "[==[" at the front, 0 when there is no such bracket. */
static size_t long_bracket(struct sl_span rest)
{
    size_t len = 1;

    if (rest.len == 0 || rest.data[0] != '[') {
        return 0;
    }
    while (len < rest.len && rest.data[len] == '=') {
        len++;
    }
    return len < rest.len && rest.data[len] == '[' ? len + 1 : 0;
}

static void skip_long(struct sl_span *rest, size_t bracket)
{
    skip(rest, bracket);
    while (rest->len > 0) {
        size_t len = 1;

        if (rest->data[0] == ']') {
            while (len < rest->len && len < bracket - 1 && rest->data[len] == '=') {
                len++;
            }
            if (len == bracket - 1 && len < rest->len && rest->data[len] == ']') {
                skip(rest, bracket);
                return;
            }
            len = 1;
        }
        skip(rest, len);
    }
}

static void skip_quoted(struct sl_span *rest)
{
    uint8_t quote = rest->data[0];

    skip(rest, 1);
    while (rest->len > 0 && rest->data[0] != quote) {
        skip(rest, rest->data[0] == '\\' ? 2 : 1);
    }
    skip(rest, 1);
}

static void skip_comment(struct sl_span *rest)
{
    size_t bracket;

    skip(rest, 2);
    bracket = long_bracket(*rest);
    if (bracket > 0) {
        skip_long(rest, bracket);
        return;
    }
    while (rest->len > 0 && rest->data[0] != '\n' && rest->data[0] != '\r') {
        skip(rest, 1);
    }
}

/* As Lua reads it: letters, digits and dots that follow each other, with the sign of an exponent.
 */
static void skip_number(struct sl_span *rest)
{
    while (rest->len > 0 &&
           (is_letter(rest->data[0]) || is_digit(rest->data[0]) || rest->data[0] == '.')) {
        bool is_exponent = strchr("eEpP", rest->data[0]) != NULL;

        skip(rest, 1);
        if (is_exponent && rest->len > 0 && (rest->data[0] == '+' || rest->data[0] == '-')) {
            skip(rest, 1);
        }
    }
}

static void skip_dots(struct sl_lua_scan *scan)
{
    size_t len = 0;

    while (len < scan->rest.len && scan->rest.data[len] == '.') {
        len++;
    }
    skip(&scan->rest, len);
    scan->is_behind_dot = len == 1;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Passes over one token that is no name. */
static void skip_token(struct sl_lua_scan *scan)
{
    struct sl_span *rest = &scan->rest;
    uint8_t first = rest->data[0];
    bool starts_number = is_digit(first) || (first == '.' && rest->len > 1 &&
                                             is_digit(rest->data[1]) && !scan->is_behind_dot);

    if (is_space(first)) {
        skip(rest, 1);
        return;
    }
    if (starts_with(*rest, "--")) {
        skip_comment(rest);
        return;
    }
    scan->is_behind_dot = first == ':' && !starts_with(*rest, "::");
    if (starts_number) {
        skip_number(rest);
    } else if (first == '.') {
        skip_dots(scan);
    } else if (first == '"' || first == '\'') {
        skip_quoted(rest);
    } else if (long_bracket(*rest) > 0) {
        skip_long(rest, long_bracket(*rest));
    } else {
        skip(rest, starts_with(*rest, "::") ? 2 : 1);
    }
}

static bool is_keyword(struct sl_span name)
{
    static const char *const words[] = {"and",   "break", "do",       "else", "elseif", "end",
                                        "false", "for",   "function", "goto", "if",     "in",
                                        "local", "nil",   "not",      "or",   "repeat", "return",
                                        "then",  "true",  "until",    "while"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (sl_span_equals(name, words[i])) {
            return true;
        }
    }
    return false;
}

/* "=" and not "==": outside of functions only the key of a table constructor stands before it. */
static bool is_assigned(struct sl_span rest)
{
    while (rest.len > 0 && is_space(rest.data[0])) {
        skip(&rest, 1);
    }
    return rest.len > 0 && rest.data[0] == '=' && !starts_with(rest, "==");
}

bool sl_lua_next_name(struct sl_lua_scan *scan, struct sl_lua_name *name)
{
    size_t len = 0;

    while (scan->rest.len > 0 && !is_letter(scan->rest.data[0])) {
        skip_token(scan);
    }
    while (len < scan->rest.len &&
           (is_letter(scan->rest.data[len]) || is_digit(scan->rest.data[len]))) {
        len++;
    }
    if (len == 0) {
        return false;
    }
    name->text = sl_span_make(scan->rest.data, len);
    skip(&scan->rest, len);
    name->is_member = scan->is_behind_dot || is_assigned(scan->rest);
    name->is_keyword = is_keyword(name->text);
    scan->is_behind_dot = false;
    return true;
}
