#include "filters/json_members.h"

#include <stdbool.h>
#include <stdlib.h>

void sl_json_members_release(struct sl_json_members *members)
{
    free(members->items);
    *members = (struct sl_json_members){0};
}

static void skip(struct sl_span *rest, size_t len)
{
    rest->data += len;
    rest->len -= len;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* The next byte that is no space, which stays; 0 at the end. */
static uint8_t peek(struct sl_span *rest)
{
    while (rest->len > 0 && is_space(rest->data[0])) {
        skip(rest, 1);
    }
    return rest->len > 0 ? rest->data[0] : 0;
}

static int take(struct sl_span *rest, uint8_t byte)
{
    if (peek(rest) != byte || rest->len == 0) {
        return SL_EFORMAT;
    }
    skip(rest, 1);
    return SL_OK;
}

/* The length of the string at the front of TEXT, with its quotes; 0: it does not end. */
static size_t string_length(struct sl_span text)
{
    size_t at = 1;

    while (at < text.len && text.data[at] != '"') {
        at += text.data[at] == '\\' ? 2 : 1;
    }
    return at < text.len ? at + 1 : 0;
}

static int take_string(struct sl_span *rest, struct sl_span *out)
{
    size_t len = peek(rest) == '"' ? string_length(*rest) : 0;

    if (len == 0) {
        return SL_EFORMAT;
    }
    *out = sl_span_make(rest->data + 1, len - 2);
    skip(rest, len);
    return SL_OK;
}

/* The length of the value at the front of TEXT, up to the comma or bracket behind it. */
static size_t value_length(struct sl_span text)
{
    size_t depth = 0;
    size_t at = 0;

    while (at < text.len) {
        uint8_t byte = text.data[at];
        size_t len = 1;

        if (byte == '"') {
            len = string_length(sl_span_make(text.data + at, text.len - at));
            if (len == 0) {
                return 0;
            }
        } else if (byte == '{' || byte == '[') {
            depth++;
        } else if (depth == 0 && (byte == ',' || byte == '}' || byte == ']' || is_space(byte))) {
            break;
        } else if (byte == '}' || byte == ']') {
            depth--;
        }
        at += len;
    }
    return depth == 0 ? at : 0;
}

static int take_value(struct sl_span *rest, struct sl_span *out)
{
    size_t len = peek(rest) != 0 ? value_length(*rest) : 0;

    if (len == 0) {
        return SL_EFORMAT;
    }
    *out = sl_span_make(rest->data, len);
    skip(rest, len);
    return SL_OK;
}

static int add(struct sl_json_members *members, struct sl_held_field field)
{
    if (members->count == members->cap) {
        size_t cap = members->cap > 0 ? 2 * members->cap : 16;
        struct sl_held_field *items = realloc(members->items, cap * sizeof(*items));

        if (items == NULL) {
            return SL_ENOMEM;
        }
        members->items = items;
        members->cap = cap;
    }
    members->items[members->count++] = field;
    return SL_OK;
}

static int take_member(struct sl_json_members *members, struct sl_span *rest)
{
    struct sl_held_field field;
    int rc = take_string(rest, &field.name);

    rc = rc == SL_OK ? take(rest, ':') : rc;
    rc = rc == SL_OK ? take_value(rest, &field.value) : rc;
    return rc == SL_OK ? add(members, field) : rc;
}

int sl_json_members_read(struct sl_json_members *members, struct sl_span text)
{
    struct sl_span rest = text;
    int rc = take(&rest, '{');
    bool is_first = true;

    members->count = 0;
    while (rc == SL_OK && peek(&rest) != '}') {
        rc = is_first ? SL_OK : take(&rest, ',');
        rc = rc == SL_OK ? take_member(members, &rest) : rc;
        is_first = false;
    }
    rc = rc == SL_OK ? take(&rest, '}') : rc;
    return rc == SL_OK && peek(&rest) != 0 ? SL_EFORMAT : rc;
}
