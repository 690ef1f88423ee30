#include "cdc/json_value.h"

/* Sizes that depend on a container's format. */
struct sl_json_layout {
    size_t offset;    /* bytes of a count, size or offset */
    size_t key_entry; /* 0 in arrays */
    size_t value_entry;
};

static struct sl_json_layout layout_of(uint8_t type)
{
    static const struct sl_json_layout layouts[] = {
        [SL_JSON_SMALL_OBJECT] = {2, 4, 3},
        [SL_JSON_LARGE_OBJECT] = {4, 6, 5},
        [SL_JSON_SMALL_ARRAY] = {2, 0, 3},
        [SL_JSON_LARGE_ARRAY] = {4, 0, 5},
    };

    return layouts[type];
}

int sl_json_fail(const struct sl_json_reader *reader, int status, const char *cause)
{
    return sl_err_set(reader->err, status,
                      "binary JSON: %s; the row event is damaged or of an unknown format, "
                      "load the table again",
                      cause);
}

int sl_json_charge(struct sl_json_reader *reader, size_t len)
{
    if (len > reader->budget) {
        return sl_json_fail(reader, SL_EFORMAT, "values overlap each other");
    }
    reader->budget -= len;
    return SL_OK;
}

static int open_container(struct sl_json_reader *reader, uint8_t type, struct sl_span bytes,
                          struct sl_json_value *out)
{
    struct sl_json_layout layout = layout_of(type);
    uint64_t count;
    uint64_t size;
    uint64_t header;
    int rc;

    if (bytes.len < 2 * layout.offset) {
        return sl_json_fail(reader, SL_ETRUNC, "an array or object ends inside its header");
    }
    count = sl_load_le(bytes.data, layout.offset);
    size = sl_load_le(bytes.data + layout.offset, layout.offset);
    header = 2 * layout.offset + count * (layout.key_entry + layout.value_entry);
    if (size > bytes.len) {
        return sl_json_fail(reader, SL_ETRUNC, "an array or object is longer than what is left");
    }
    if (header > size) {
        return sl_json_fail(reader, SL_EFORMAT, "an array or object has more entries than bytes");
    }
    rc = sl_json_charge(reader, header);
    if (rc == SL_OK) {
        *out = (struct sl_json_value){
            .data = bytes.data, .len = (uint32_t)size, .count = (uint32_t)count, .type = type};
    }
    return rc;
}

/* Seven bits a byte, lowest first, at most five bytes (append_variable_length of the server). */
static int read_length(struct sl_span *bytes, uint64_t *out)
{
    uint64_t length = 0;

    for (size_t i = 0; i < 5 && i < bytes->len; i++) {
        length |= (uint64_t)(bytes->data[i] & 0x7f) << (7 * i);
        if ((bytes->data[i] & 0x80) == 0) {
            *out = length;
            return sl_span_skip(bytes, i + 1);
        }
    }
    return bytes->len < 5 ? SL_ETRUNC : SL_EFORMAT;
}

/* Strings and opaque values: [field type,] length, bytes. */
static int open_bytes(struct sl_json_reader *reader, uint8_t type, struct sl_span bytes,
                      struct sl_json_value *out)
{
    struct sl_span rest = bytes;
    struct sl_span body;
    uint64_t length = 0;
    uint8_t field_type = 0;
    int rc = type == SL_JSON_OPAQUE ? sl_span_u8(&rest, &field_type) : SL_OK;

    if (rc == SL_OK) {
        rc = read_length(&rest, &length);
    }
    if (rc == SL_OK && length > UINT32_MAX) {
        rc = SL_EFORMAT;
    }
    if (rc == SL_OK) {
        rc = sl_span_take(&rest, (size_t)length, &body);
    }
    if (rc != SL_OK) {
        return sl_json_fail(reader, rc, "a string or opaque value runs past its container");
    }
    rc = sl_json_charge(reader, bytes.len - rest.len);
    if (rc == SL_OK) {
        *out = (struct sl_json_value){
            .data = body.data, .len = (uint32_t)body.len, .type = type, .field_type = field_type};
    }
    return rc;
}

/* Bytes of a scalar of fixed size; 0: not one. */
static uint32_t fixed_size(uint8_t type)
{
    static const uint8_t sizes[16] = {
        [SL_JSON_LITERAL] = 1, [SL_JSON_INT16] = 2, [SL_JSON_UINT16] = 2, [SL_JSON_INT32] = 4,
        [SL_JSON_UINT32] = 4,  [SL_JSON_INT64] = 8, [SL_JSON_UINT64] = 8, [SL_JSON_DOUBLE] = 8,
    };

    return type < sizeof(sizes) ? sizes[type] : 0;
}

static int open_value(struct sl_json_reader *reader, uint8_t type, struct sl_span bytes,
                      struct sl_json_value *out)
{
    uint32_t size = fixed_size(type);
    int rc;

    if (size > 0) {
        if (size > bytes.len) {
            return sl_json_fail(reader, SL_ETRUNC, "a number or literal runs past its container");
        }
        rc = sl_json_charge(reader, size);
        if (rc == SL_OK) {
            *out = (struct sl_json_value){.data = bytes.data, .len = size, .type = type};
        }
        return rc;
    }
    if (type <= SL_JSON_LARGE_ARRAY) {
        return open_container(reader, type, bytes, out);
    }
    if (type == SL_JSON_STRING || type == SL_JSON_OPAQUE) {
        return open_bytes(reader, type, bytes, out);
    }
    return sl_json_fail(reader, SL_EFORMAT, "a value has an unknown type");
}

int sl_json_document(struct sl_json_reader *reader, struct sl_span document,
                     struct sl_json_value *out)
{
    static const uint8_t null_literal[] = {SL_JSON_NULL};
    uint8_t type;

    /* What INSERT IGNORE of NULL into a NOT NULL column once left (parse_binary of the server). */
    if (sl_span_u8(&document, &type) != SL_OK) {
        *out = (struct sl_json_value){.data = null_literal, .len = 1, .type = SL_JSON_LITERAL};
        return SL_OK;
    }
    return open_value(reader, type, document, out);
}

static bool is_inlined(uint8_t type, bool is_large)
{
    return type == SL_JSON_LITERAL || type == SL_JSON_INT16 || type == SL_JSON_UINT16 ||
           (is_large && (type == SL_JSON_INT32 || type == SL_JSON_UINT32));
}

int sl_json_element(struct sl_json_reader *reader, const struct sl_json_value *container,
                    uint32_t index, struct sl_json_value *out)
{
    struct sl_json_layout layout = layout_of(container->type);
    size_t entry = 2 * layout.offset + (size_t)container->count * layout.key_entry +
                   (size_t)index * layout.value_entry;
    uint8_t type = container->data[entry];
    uint64_t offset;

    /* The entries were charged with the container, so a scalar inside of them costs nothing. */
    if (is_inlined(type, layout.offset == 4)) {
        *out = (struct sl_json_value){
            .data = container->data + entry + 1, .len = fixed_size(type), .type = type};
        return SL_OK;
    }
    offset = sl_load_le(container->data + entry + 1, layout.offset);
    if (offset > container->len || offset < entry + layout.value_entry) {
        return sl_json_fail(reader, SL_EFORMAT, "the offset of a value lies outside its container");
    }
    return open_value(reader, type, sl_span_make(container->data + offset, container->len - offset),
                      out);
}

int sl_json_key(const struct sl_json_reader *reader, const struct sl_json_value *object,
                uint32_t index, struct sl_span *out)
{
    struct sl_json_layout layout = layout_of(object->type);
    size_t header =
        2 * layout.offset + (size_t)object->count * (layout.key_entry + layout.value_entry);
    const uint8_t *entry = object->data + 2 * layout.offset + (size_t)index * layout.key_entry;
    uint64_t offset = sl_load_le(entry, layout.offset);
    uint64_t length = sl_load_le(entry + layout.offset, 2);

    if (offset < header || offset > object->len || length > object->len - offset) {
        return sl_json_fail(reader, SL_EFORMAT, "a key lies outside its object");
    }
    *out = sl_span_make(object->data + offset, (size_t)length);
    return SL_OK;
}
