/*
 * heartbeat_read.c - reads back what heartbeat.c writes: a flat JSON object of strings and numbers.
 * What is in Redis may have been written by anybody, so nothing is taken for granted.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "sinks/heartbeat.h"

static void skip_space(struct sl_span *text)
{
    while (text->len > 0 && (text->data[0] == ' ' || text->data[0] == '\t' ||
                             text->data[0] == '\r' || text->data[0] == '\n')) {
        text->data++;
        text->len--;
    }
}

static bool take_byte(struct sl_span *text, char byte)
{
    skip_space(text);
    if (text->len == 0 || text->data[0] != (uint8_t)byte) {
        return false;
    }
    text->data++;
    text->len--;
    return true;
}

/* The bytes between the quotes, escapes as they are. */
static bool take_string(struct sl_span *text, struct sl_span *out)
{
    size_t len = 0;

    if (!take_byte(text, '"')) {
        return false;
    }
    while (len < text->len && text->data[len] != '"') {
        len += text->data[len] == '\\' ? 2 : 1;
    }
    if (len >= text->len) {
        return false;
    }
    *out = sl_span_make(text->data, len);
    text->data += len + 1;
    text->len -= len + 1;
    return true;
}

/* A number, true, false or null. */
static bool take_word(struct sl_span *text, struct sl_span *out)
{
    size_t len = 0;

    skip_space(text);
    while (len < text->len && strchr(",} \t\r\n\"{[", (int)text->data[len]) == NULL) {
        len++;
    }
    *out = sl_span_make(text->data, len);
    text->data += len;
    text->len -= len;
    return len > 0;
}

static bool take_value(struct sl_span *text, struct sl_span *out)
{
    skip_space(text);
    return text->len > 0 && text->data[0] == '"' ? take_string(text, out) : take_word(text, out);
}

static bool take_number(struct sl_span text, uint64_t *out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)text.data[i] - '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

struct number {
    const char *name;
    size_t offset; /* of a uint64_t in what was seen */
};

#define AT(member) offsetof(struct sl_heartbeat_seen, member)

static const struct number numbers[] = {
    {"lag_seconds", AT(lag_seconds)},
    {"source_time", AT(source_time)},
    {"time", AT(wall_ms)},
    {"lag_bytes", AT(lag_bytes)},
    {"unchanged", AT(rows.unchanged)},
    {"filtered", AT(rows.filtered)},
    {"quarantined", AT(rows.quarantined)},
    {"waiting", AT(rows.waiting)},
};

static void note_number(struct sl_span name, struct sl_span value, struct sl_heartbeat_seen *seen)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint64_t number;

        if (sl_span_equals(name, numbers[i].name) && take_number(value, &number)) {
            memcpy((char *)seen + numbers[i].offset, &number, sizeof(number));
            seen->has_lag_bytes |= numbers[i].offset == AT(lag_bytes);
        }
    }
}

static void note(struct sl_span name, struct sl_span value, struct sl_heartbeat_seen *seen)
{
    if (sl_span_equals(name, "state")) {
        size_t len = value.len < sizeof(seen->state) ? value.len : sizeof(seen->state) - 1;

        memcpy(seen->state, value.data, len);
        seen->state[len] = '\0';
        return;
    }
    note_number(name, value, seen);
}

int sl_heartbeat_read(struct sl_span json, struct sl_heartbeat_seen *out)
{
    struct sl_heartbeat_seen seen = {.state = ""};

    if (!take_byte(&json, '{')) {
        return SL_EFORMAT;
    }
    do {
        struct sl_span name;
        struct sl_span value;

        if (!take_string(&json, &name) || !take_byte(&json, ':') || !take_value(&json, &value)) {
            return SL_EFORMAT;
        }
        note(name, value, &seen);
    } while (take_byte(&json, ','));
    if (!take_byte(&json, '}') || seen.state[0] == '\0') {
        return SL_EFORMAT;
    }
    *out = seen;
    return SL_OK;
}
