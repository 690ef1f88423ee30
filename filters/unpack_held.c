/* unpack_held.c - the values that a sink holds under a key, unpacked. */
#include <stdlib.h>

#include "filters/pack.h"
#include "filters/unpack.h"

void sl_unpacked_release(struct sl_unpacked *unpacked)
{
    sl_buf_release(&unpacked->bytes);
    free(unpacked->fields);
    *unpacked = (struct sl_unpacked){0};
}

/* *OUT: the value, without an address where it is in unpacked->bytes, which still moves. */
static int take_value(struct sl_unpacker *unpacker, struct sl_unpacked *unpacked,
                      struct sl_span value, struct sl_span *out, struct sl_err *err)
{
    size_t before = unpacked->bytes.len;
    int rc;

    *out = value;
    if (!sl_is_frame(value)) {
        return SL_OK;
    }
    rc = sl_unpack(unpacker, value, &unpacked->bytes, err);
    if (rc == SL_OK) {
        *out = sl_span_make(NULL, unpacked->bytes.len - before);
    } else if (rc == SL_EFORMAT || rc == SL_EUNSUPPORTED || rc == SL_ELIMIT) {
        unpacked->held.is_damaged = true;
        rc = SL_OK;
    }
    return rc;
}

static size_t set_address(struct sl_unpacked *unpacked, size_t at, struct sl_span *value)
{
    if (value->data != NULL) {
        return at;
    }
    *value =
        value->len > 0 ? sl_span_make(unpacked->bytes.data + at, value->len) : sl_span_make("", 0);
    return at + value->len;
}

static int reserve_fields(struct sl_unpacked *unpacked, size_t count)
{
    struct sl_held_field *fields;

    if (count <= unpacked->field_cap) {
        return SL_OK;
    }
    fields = realloc(unpacked->fields, count * sizeof(*fields));
    if (fields == NULL) {
        return SL_ENOMEM;
    }
    unpacked->fields = fields;
    unpacked->field_cap = count;
    return SL_OK;
}

static int take_fields(struct sl_unpacker *unpacker, const struct sl_held *have,
                       struct sl_unpacked *unpacked, struct sl_err *err)
{
    int rc = reserve_fields(unpacked, have->field_count);
    size_t at = 0;

    for (size_t i = 0; rc == SL_OK && i < have->field_count; i++) {
        unpacked->fields[i].name = have->fields[i].name;
        rc = take_value(unpacker, unpacked, have->fields[i].value, &unpacked->fields[i].value, err);
    }
    for (size_t i = 0; rc == SL_OK && i < have->field_count; i++) {
        at = set_address(unpacked, at, &unpacked->fields[i].value);
    }
    unpacked->held.fields = unpacked->fields;
    return rc;
}

int sl_unpack_held(struct sl_unpacker *unpacker, const struct sl_held *have,
                   struct sl_unpacked *unpacked, struct sl_err *err)
{
    int rc = SL_OK;

    sl_buf_clear(&unpacked->bytes);
    unpacked->held = *have;
    if (have->kind == SL_HELD_TEXT) {
        rc = take_value(unpacker, unpacked, have->text, &unpacked->held.text, err);
        (void)set_address(unpacked, 0, &unpacked->held.text);
    } else if (have->kind == SL_HELD_FIELDS) {
        rc = take_fields(unpacker, have, unpacked, err);
    }
    return rc;
}
