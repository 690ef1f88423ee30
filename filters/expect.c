#include "filters/expect.h"

#include <stdlib.h>

#include "filters/encode.h"
#include "filters/json_canonical.h"

void sl_expect_release(struct sl_expect *expect)
{
    sl_buf_release(&expect->commands);
    sl_buf_release(&expect->document);
    free(expect->fields);
    *expect = (struct sl_expect){0};
}

/* Takes "TYPE number CRLF" off the front. */
static int take_head(struct sl_span *rest, char type, size_t *number)
{
    size_t at = 1;
    size_t value = 0;

    if (rest->len == 0 || rest->data[0] != (uint8_t)type) {
        return SL_EFORMAT;
    }
    while (at < rest->len && rest->data[at] >= '0' && rest->data[at] <= '9' &&
           value <= UINT32_MAX) {
        value = 10 * value + (size_t)(rest->data[at++] - '0');
    }
    if (at == 1 || rest->len - at < 2 || memcmp(rest->data + at, "\r\n", 2) != 0) {
        return SL_EFORMAT;
    }
    *number = value;
    return sl_span_skip(rest, at + 2);
}

static int take_argument(struct sl_span *rest, struct sl_span *out)
{
    size_t len;
    int rc = take_head(rest, '$', &len);

    if (rc == SL_OK) {
        rc = sl_span_take(rest, len, out);
    }
    return rc == SL_OK ? sl_span_skip(rest, 2) : rc;
}

static int reserve_fields(struct sl_expect *expect, size_t count)
{
    struct sl_held_field *fields;

    if (count <= expect->field_cap) {
        return SL_OK;
    }
    fields = realloc(expect->fields, count * sizeof(*fields));
    if (fields == NULL) {
        return SL_ENOMEM;
    }
    expect->fields = fields;
    expect->field_cap = count;
    return SL_OK;
}

static int take_fields(struct sl_expect *expect, struct sl_span *rest, size_t count)
{
    int rc = count <= rest->len ? reserve_fields(expect, count) : SL_EFORMAT;

    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        rc = take_argument(rest, &expect->fields[i].name);
        if (rc == SL_OK) {
            rc = take_argument(rest, &expect->fields[i].value);
        }
    }
    if (rc == SL_OK) {
        expect->held.kind = SL_HELD_FIELDS;
        expect->held.fields = expect->fields;
        expect->held.field_count = count;
    }
    return rc;
}

/* SET key value [EX seconds] */
static int take_text(struct sl_expect *expect, struct sl_span *rest, size_t more)
{
    int rc = take_argument(rest, &expect->held.text);

    expect->held.kind = SL_HELD_TEXT;
    expect->held.expires = more == 2;
    return rc;
}

static int skip_arguments(struct sl_span *rest, size_t count)
{
    struct sl_span ignored;
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        rc = take_argument(rest, &ignored);
    }
    return rc;
}

/* The server keeps the value, and prints it in its own way. */
static int take_document(struct sl_expect *expect, struct sl_span *rest)
{
    struct sl_span text;
    int rc = take_argument(rest, &text);

    sl_buf_clear(&expect->document);
    rc = rc == SL_OK ? sl_json_canonical(text, &expect->document) : rc;
    expect->held.kind = SL_HELD_TEXT;
    expect->held.text = sl_span_make(expect->document.data, expect->document.len);
    return rc;
}

/* COUNT arguments follow the command's NAME and its key. */
static int take_command(struct sl_expect *expect, struct sl_span name, struct sl_span *rest,
                        size_t count)
{
    int rc;

    if (sl_span_equals(name, "HSET") && count % 2 == 0) {
        return take_fields(expect, rest, count / 2);
    }
    if (sl_span_equals(name, "SET") && (count == 1 || count == 3)) {
        rc = take_text(expect, rest, count - 1);
        return rc == SL_OK ? skip_arguments(rest, count - 1) : rc;
    }
    if (sl_span_equals(name, "JSON.SET") && count == 2) {
        rc = skip_arguments(rest, 1);
        return rc == SL_OK ? take_document(expect, rest) : rc;
    }
    if (sl_span_equals(name, "DEL")) {
        expect->held = (struct sl_held){.kind = SL_HELD_NOTHING};
    } else if (sl_span_equals(name, "EXPIRE")) {
        expect->held.expires = true;
    } else if (!sl_span_equals(name, "HDEL")) {
        return SL_EFORMAT;
    }
    return skip_arguments(rest, count);
}

int sl_expect_commands(struct sl_expect *expect, struct sl_span commands)
{
    struct sl_span rest = commands;
    int rc = SL_OK;

    expect->held = (struct sl_held){.kind = SL_HELD_NOTHING};
    while (rc == SL_OK && rest.len > 0) {
        struct sl_span name;
        struct sl_span key;
        size_t count;

        rc = take_head(&rest, '*', &count);
        rc = rc == SL_OK && count < 2 ? SL_EFORMAT : rc;
        rc = rc == SL_OK ? take_argument(&rest, &name) : rc;
        rc = rc == SL_OK ? take_argument(&rest, &key) : rc;
        expect->key = rc == SL_OK ? key : expect->key;
        rc = rc == SL_OK ? take_command(expect, name, &rest, count - 2) : rc;
    }
    return rc == SL_ETRUNC ? SL_EFORMAT : rc;
}

int sl_expect_row(struct sl_expect *expect, const struct sl_shape *shape,
                  const struct sl_cell *cells, struct sl_span key, struct sl_err *err)
{
    uint32_t key_at;
    uint16_t commands;
    int rc;

    sl_buf_clear(&expect->commands);
    rc = sl_encode_put(shape, (struct sl_row){.cells = cells}, key, &expect->commands, &key_at,
                       &commands, err);
    if (rc != SL_OK) {
        return rc;
    }
    return sl_expect_commands(expect, sl_span_make(expect->commands.data, expect->commands.len));
}

void sl_expect_nothing(struct sl_expect *expect)
{
    sl_buf_clear(&expect->commands);
    expect->held = (struct sl_held){.kind = SL_HELD_NOTHING};
}
