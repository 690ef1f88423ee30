#include "cdc/table_map.h"

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
                          (unsigned long long)parsed.id, rc == SL_ETRUNC ? "cut off" : "malformed");
    }
    parsed.optional = body;
    *map = parsed;
    return SL_OK;
}
