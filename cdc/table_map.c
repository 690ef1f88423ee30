#include "cdc/table_map.h"

#include "cdc/column.h"

/* Takes a name: length, bytes, NUL. */
static int take_name(struct sl_span *rest, struct sl_span *name)
{
    int rc = sl_span_lenenc_bytes(rest, name);

    return rc != SL_OK ? rc : sl_span_skip(rest, 1);
}

static int take_columns(struct sl_span *rest, struct sl_table_map *map)
{
    struct sl_span types;
    uint64_t count;
    int rc = sl_span_lenenc(rest, &count);

    if (rc != SL_OK) {
        return rc;
    }
    if (count > SL_TABLE_COLUMNS_MAX) {
        return SL_EFORMAT;
    }
    rc = sl_span_take(rest, (size_t)count, &types);
    if (rc != SL_OK) {
        return rc;
    }
    map->types = types.data;
    map->column_count = (uint32_t)count;
    return SL_OK;
}

static int take_meta(struct sl_span *rest, struct sl_table_map *map)
{
    struct sl_span bits;
    int rc = sl_span_lenenc_bytes(rest, &map->meta);

    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_span_take(rest, (map->column_count + 7) / 8, &bits);
    if (rc == SL_OK) {
        map->nullable = bits.data;
    }
    return rc;
}

int sl_table_map_id(struct sl_span body, uint64_t *id, struct sl_err *err)
{
    if (body.len < SL_TABLE_MAP_ID_BYTES) {
        return sl_err_set(err, SL_ETRUNC, "the event ends before its table id");
    }
    *id = sl_load_le(body.data, 6);
    return SL_OK;
}

int sl_table_map_parse(struct sl_span body, struct sl_table_map *map, struct sl_err *err)
{
    struct sl_table_map parsed = {0};
    int rc = sl_table_map_id(body, &parsed.id, err);

    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_span_skip(&body, SL_TABLE_MAP_ID_BYTES);
    if (rc == SL_OK) {
        rc = take_name(&body, &parsed.db);
    }
    if (rc == SL_OK) {
        rc = take_name(&body, &parsed.name);
    }
    if (rc == SL_OK) {
        rc = take_columns(&body, &parsed);
    }
    if (rc == SL_OK) {
        rc = take_meta(&body, &parsed);
    }
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "the table map of table id %llu is %s",
                          (unsigned long long)parsed.id,
                          rc == SL_ETRUNC ? "cut off" : "malformed");
    }
    parsed.optional = body;
    *map = parsed;
    return SL_OK;
}

/* How many bytes of metadata a wire type has (sql/rpl_utility.cc: read_field_metadata). */
static size_t meta_width(uint8_t type)
{
    switch (type) {
    case SL_TYPE_FLOAT:
    case SL_TYPE_DOUBLE:
    case SL_TYPE_TIMESTAMP2:
    case SL_TYPE_DATETIME2:
    case SL_TYPE_TIME2:
    case SL_TYPE_BLOB_COMPRESSED:
    case SL_TYPE_VECTOR:
    case SL_TYPE_JSON:
    case SL_TYPE_TINY_BLOB:
    case SL_TYPE_MEDIUM_BLOB:
    case SL_TYPE_LONG_BLOB:
    case SL_TYPE_BLOB:
    case SL_TYPE_GEOMETRY:
        return 1;
    case SL_TYPE_VARCHAR:
    case SL_TYPE_VARCHAR_COMPRESSED:
    case SL_TYPE_VAR_STRING:
    case SL_TYPE_BIT:
    case SL_TYPE_NEWDECIMAL:
    case SL_TYPE_ENUM:
    case SL_TYPE_SET:
    case SL_TYPE_STRING:
        return 2;
    default:
        return 0;
    }
}

static bool is_high_first(uint8_t type)
{
    return type == SL_TYPE_NEWDECIMAL || type == SL_TYPE_ENUM || type == SL_TYPE_SET ||
           type == SL_TYPE_STRING;
}

/*
 * An array of a multi-valued index: the element's type, then its metadata, which for VARCHAR has
 * three bytes here. Such hidden columns are stored as JSON; of what, nobody needs to know.
 */
static int skip_array_meta(struct sl_span *meta, uint16_t *value)
{
    struct sl_span rest = *meta;
    uint8_t element;
    int rc = sl_span_u8(&rest, &element);

    if (rc == SL_OK) {
        rc = sl_span_skip(&rest, element == SL_TYPE_VARCHAR ? 3 : meta_width(element));
    }
    if (rc == SL_OK) {
        *meta = rest;
        *value = 4;
    }
    return rc;
}

int sl_table_map_next_meta(struct sl_span *meta, uint8_t type, uint16_t *value)
{
    size_t width = meta_width(type);
    struct sl_span bytes;
    int rc;

    if (type == SL_TYPE_TYPED_ARRAY) {
        return skip_array_meta(meta, value);
    }
    rc = sl_span_take(meta, width, &bytes);
    if (rc != SL_OK) {
        return rc;
    }
    *value = (uint16_t)(is_high_first(type) ? sl_load_be(bytes.data, width)
                                            : sl_load_le(bytes.data, width));
    return SL_OK;
}
