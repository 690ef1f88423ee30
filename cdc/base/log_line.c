/*
 * log_line.c - makes one log line: reads the PAIRS format, formats each value by itself and quotes
 * it, so that no argument can forge another pair, another line or a terminal's escape sequence.
 *
 * A pair that does not fit is taken back whole, because half of a quoted value is not parseable.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cdc/base/log.h"
#include "cdc/base/utf8.h"

enum {
    SL_VALUE_MAX = 1024, /* bytes of one value before quoting */
    SL_END_MAX = 32,     /* kept free for the truncated mark and the line's end */
    SL_ESCAPE_MAX = 8,   /* "\u0000", "\x00", with its NUL */
};

struct line {
    char *out;
    size_t len;
    bool is_json;
    bool is_full; /* the pair in hand did not fit */
    bool is_cut;  /* something is missing from the line */
};

/* One value before it is quoted. */
struct value {
    char text[SL_VALUE_MAX];
    size_t len;
    bool is_number; /* exactly one number conversion and nothing else */
    bool is_cut;
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

const char *sl_log_level_name(enum sl_log_level level)
{
    return level_names[level];
}

const char *sl_log_module_name(enum sl_log_module module)
{
    static const char *const names[SL_LOG_MODULES] = {[SL_LOG_OF_DAEMON] = "daemon",
                                                      [SL_LOG_OF_SOURCE] = "source",
                                                      [SL_LOG_OF_SINK] = "sink",
                                                      [SL_LOG_OF_LOAD] = "load",
                                                      [SL_LOG_OF_CONFIG] = "config"};

    return names[module];
}

static void put(struct line *line, const char *text, size_t len)
{
    if (line->is_full || len > SL_LOG_LINE_MAX - SL_END_MAX - line->len) {
        line->is_full = true;
        return;
    }
    memcpy(line->out + line->len, text, len);
    line->len += len;
}

static void put_str(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* C1 controls, U+0080 to U+009F, move a terminal's cursor as escape sequences do. */
static bool is_c1(const uint8_t *at, size_t len)
{
    return len == 2 && at[0] == 0xc2 && at[1] < 0xa0;
}

/* True when the character of LEN bytes (0: none) at AT needs an escape inside quotes. */
static bool needs_escape(const uint8_t *at, size_t len)
{
    return len == 0 || at[0] < ' ' || at[0] == 0x7f || at[0] == '"' || at[0] == '\\' ||
           is_c1(at, len);
}

static bool is_bare(const struct value *value)
{
    const uint8_t *at = (const uint8_t *)value->text;
    size_t left = value->len;

    while (left > 0) {
        size_t len = sl_utf8_char_len(at, left);

        if (needs_escape(at, len) || at[0] == ' ' || at[0] == '=') {
            return false;
        }
        at += len;
        left -= len;
    }
    return value->len > 0;
}

/* Puts the character of LEN bytes (0: a stray byte) at AT escaped. */
static void put_escaped(struct line *line, const uint8_t *at, size_t len)
{
    static const char *const shorts[] = {
        ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t", ['"'] = "\\\"", ['\\'] = "\\\\"};
    char escape[SL_ESCAPE_MAX];

    if (len == 1 && at[0] < sizeof(shorts) / sizeof(shorts[0]) && shorts[at[0]] != NULL) {
        put_str(line, shorts[at[0]]);
        return;
    }
    if (line->is_json) {
        unsigned code = len == 0 ? 0xfffdU : len == 1 ? at[0] : at[1];

        (void)snprintf(escape, sizeof(escape), "\\u%04x", code & 0xffffU);
        put_str(line, escape);
        return;
    }
    for (size_t i = 0; i < (len == 0 ? 1 : len); i++) {
        (void)snprintf(escape, sizeof(escape), "\\x%02x", (unsigned)at[i]);
        put_str(line, escape);
    }
}

static void put_quoted(struct line *line, const struct value *value)
{
    const uint8_t *at = (const uint8_t *)value->text;
    size_t left = value->len;

    put(line, "\"", 1);
    while (left > 0) {
        size_t len = sl_utf8_char_len(at, left);
        size_t step = len == 0 ? 1 : len;

        if (needs_escape(at, len)) {
            put_escaped(line, at, len);
        } else {
            put(line, (const char *)at, len);
        }
        at += step;
        left -= step;
    }
    put(line, "\"", 1);
}

static void put_pair(struct line *line, const char *key, size_t key_len, const struct value *value)
{
    size_t mark = line->len;

    if (line->is_json) {
        put_str(line, mark == 0 ? "{\"" : ",\"");
        put(line, key, key_len);
        put_str(line, "\":");
    } else {
        put_str(line, mark == 0 ? "" : " ");
        put(line, key, key_len);
        put_str(line, "=");
    }
    if (line->is_json ? value->is_number : is_bare(value)) {
        put(line, value->text, value->len);
    } else {
        put_quoted(line, value);
    }
    if (line->is_full) {
        line->len = mark;
        line->is_full = false;
        line->is_cut = true;
    }
    line->is_cut = line->is_cut || value->is_cut;
}

/* Adds LEN bytes to VALUE; cuts in front of a character that does not fit whole. */
static void value_add(struct value *value, const char *text, size_t len)
{
    size_t room = sizeof(value->text) - value->len;

    if (len > room) {
        len = room;
        while (len > 0 && ((unsigned char)text[len] & 0xc0U) == 0x80U) {
            len--;
        }
        value->is_cut = true;
    }
    memcpy(value->text + value->len, text, len);
    value->len += len;
}

/* One conversion of PAIRS. */
struct spec {
    int precision; /* -1: none */
    int longs;     /* 1: l, z, j; 2: ll */
    char conversion;
};

/* Reads the conversion behind the % at AT; returns the place behind it. */
static const char *read_spec(const char *at, struct spec *spec, va_list *args)
{
    *spec = (struct spec){.precision = -1};
    if (*at == '.') {
        at++;
        if (*at == '*') {
            spec->precision = va_arg(*args, int);
            at++;
        } else {
            for (spec->precision = 0; *at >= '0' && *at <= '9'; at++) {
                spec->precision = spec->precision * 10 + (*at - '0');
            }
        }
    }
    for (; *at == 'l' || *at == 'z' || *at == 'j'; at++) {
        spec->longs++;
    }
    spec->conversion = *at;
    return *at == '\0' ? at : at + 1;
}

static void add_signed(struct value *value, const struct spec *spec, va_list *args)
{
    char text[32];
    long long number = spec->longs == 0   ? va_arg(*args, int)
                       : spec->longs == 1 ? va_arg(*args, long)
                                          : va_arg(*args, long long);

    (void)snprintf(text, sizeof(text), "%lld", number);
    value_add(value, text, strlen(text));
}

static void add_unsigned(struct value *value, const struct spec *spec, va_list *args)
{
    char text[32];
    unsigned long long number = spec->longs == 0   ? va_arg(*args, unsigned)
                                : spec->longs == 1 ? va_arg(*args, unsigned long)
                                                   : va_arg(*args, unsigned long long);

    if (spec->conversion == 'x') {
        (void)snprintf(text, sizeof(text), "%llx", number);
    } else {
        (void)snprintf(text, sizeof(text), "%llu", number);
    }
    value_add(value, text, strlen(text));
}

static void add_string(struct value *value, const struct spec *spec, va_list *args)
{
    const char *text = va_arg(*args, const char *);

    if (text == NULL) {
        /* An empty span has no bytes to point at; anything else was a mistake that should show. */
        value_add(value, "null", spec->precision == 0 ? 0 : 4);
    } else if (spec->precision >= 0) {
        value_add(value, text, strnlen(text, (size_t)spec->precision));
    } else {
        value_add(value, text, strlen(text));
    }
}

/* Returns whether the number is one that JSON can say. */
static bool add_double(struct value *value, const struct spec *spec, va_list *args)
{
    char text[352]; /* the longest double in %f, and 40 decimals */
    double number = va_arg(*args, double);
    int precision = spec->precision < 0 ? 6 : spec->precision > 40 ? 40 : spec->precision;

    if (spec->conversion == 'g') {
        (void)snprintf(text, sizeof(text), "%.*g", precision, number);
    } else {
        (void)snprintf(text, sizeof(text), "%.*f", precision, number);
    }
    value_add(value, text, strlen(text));
    return isfinite(number) != 0;
}

/* Formats one conversion; returns whether it gave a number. */
static bool add_conversion(struct value *value, const struct spec *spec, va_list *args)
{
    char byte;

    switch (spec->conversion) {
    case 'd':
    case 'i':
        add_signed(value, spec, args);
        return true;
    case 'u':
    case 'x':
        add_unsigned(value, spec, args);
        return spec->conversion == 'u';
    case 'f':
    case 'g':
        return add_double(value, spec, args);
    case 's':
        add_string(value, spec, args);
        return false;
    case 'c':
        byte = (char)va_arg(*args, int);
        value_add(value, &byte, 1);
        return false;
    default:
        value_add(value, "%", 1);
        return false;
    }
}

/* Formats the value that begins at AT up to the next space of PAIRS; returns where that is. */
static const char *read_value(const char *at, struct value *value, va_list *args)
{
    unsigned parts = 0;

    value->len = 0;
    value->is_number = false;
    value->is_cut = false;
    while (*at != '\0' && *at != ' ') {
        parts++;
        if (*at == '%') {
            struct spec spec;

            at = read_spec(at + 1, &spec, args);
            value->is_number = add_conversion(value, &spec, args);
        } else {
            value_add(value, at, 1);
            at++;
        }
    }
    value->is_number = value->is_number && parts == 1;
    return at;
}

static void put_pairs(struct line *line, const char *pairs, va_list *args)
{
    struct value value;

    while (*pairs != '\0') {
        const char *key = pairs;
        size_t key_len = strcspn(pairs, "= ");

        pairs += key_len;
        if (*pairs == '=') {
            pairs = read_value(pairs + 1, &value, args);
            put_pair(line, key, key_len, &value);
        } else if (*pairs == ' ') {
            pairs++;
        }
    }
}

static void put_text(struct line *line, const char *key, const char *text)
{
    struct value value = {.len = 0};

    value_add(&value, text, strlen(text));
    put_pair(line, key, strlen(key), &value);
}

static void put_time(struct line *line, uint64_t wall_ms)
{
    char text[64];
    struct tm parts = {0};
    time_t seconds = (time_t)(wall_ms / 1000);
    size_t len;

    (void)gmtime_r(&seconds, &parts);
    len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(text + len, sizeof(text) - len, ".%03uZ", (unsigned)(wall_ms % 1000));
    put_text(line, "time", text);
}

size_t sl_log_render(char *out, const struct sl_log_head *head, const char *pairs, va_list args)
{
    struct line line = {.out = out, .is_json = head->format == SL_LOG_JSON};
    va_list
        copy; /* an array type on some machines: the parameter's own address is not a va_list's */
    const char *end;

    put_time(&line, head->wall_ms);
    put_text(&line, "level", sl_log_level_name(head->level));
    put_text(&line, "msg", head->message);
    if (head->module != SL_LOG_OF_DAEMON) {
        put_text(&line, "module", sl_log_module_name(head->module));
    }
    va_copy(copy, args);
    put_pairs(&line, pairs, &copy);
    va_end(copy);
    if (line.is_json) {
        end = line.is_cut ? ",\"truncated\":true}\n" : "}\n";
    } else {
        end = line.is_cut ? " truncated=true\n" : "\n";
    }
    memcpy(out + line.len, end, strlen(end) + 1);
    return line.len + strlen(end);
}
