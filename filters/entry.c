#include "filters/entry.h"

#include <string.h>

#include "cdc/rows.h"

enum {
    SL_RAW_BYTES_MAX = 4096,  /* a large image is copied for nothing too often */
    SL_RAW_COLUMNS_MAX = 128, /* of the table: cells on the stack while rendering */
};

int sl_entry_del(struct sl_batch *batch, struct sl_span key)
{
    uint32_t offset;
    uint32_t key_at;
    int rc;

    sl_batch_begin(batch, &offset);
    rc = sl_encode_del(key, &batch->data, &key_at);
    if (rc == SL_OK) {
        rc = sl_batch_end(batch, offset, key_at, (uint32_t)key.len, 1, SL_WRITE_WHOLE);
    }
    if (rc != SL_OK) {
        sl_batch_abandon(batch, offset);
    }
    return rc;
}

/* ---- raw: the address of the shape, the key, the image ---- */

static int render(struct sl_span raw, struct sl_span key, struct sl_buf *out, uint32_t *key_at,
                  uint16_t *commands, struct sl_err *err)
{
    struct sl_cell cells[SL_RAW_COLUMNS_MAX];
    const struct sl_shape *shape;
    const struct sl_table *table;
    int rc = sl_span_skip(&raw, sizeof(shape) + key.len);

    if (rc != SL_OK) {
        return rc;
    }
    memcpy(&shape, raw.data - key.len - sizeof(shape), sizeof(shape));
    table = shape->table;
    rc = sl_rows_split(table, raw, cells);
    if (rc == SL_OK) {
        rc = sl_encode_put(shape, (struct sl_row){.cells = cells}, key, out, key_at, commands, err);
    }
    if (rc != SL_OK && err != NULL && err->status != SL_OK) {
        (void)sl_err_prefix(err, "table %.*s.%.*s", (int)table->db.len,
                            (const char *)table->db.data, (int)table->name.len,
                            (const char *)table->name.data);
    }
    return rc;
}

/* What is rendered later is rendered by another thread, and a function's failure would stop the
 * batch: it has to be known with the row. */
static bool may_be_raw(const struct sl_batch_place *place, const struct sl_shape *shape,
                       struct sl_row row, enum sl_write write)
{
    return place->newest != SL_BATCH_NONE && row.image.len > 0 && write == SL_WRITE_WHOLE &&
           row.image.len <= SL_RAW_BYTES_MAX && shape->table->column_count <= SL_RAW_COLUMNS_MAX &&
           shape->transform == NULL;
}

static int add_raw(struct sl_batch *batch, const struct sl_batch_place *place,
                   const struct sl_shape *shape, struct sl_span image)
{
    struct sl_span key = place->key;
    uint32_t offset;
    uint8_t *out;
    int rc = sl_buf_reserve(&batch->data, sizeof(shape) + key.len + image.len);

    if (rc != SL_OK) {
        return rc;
    }
    sl_batch_begin(batch, &offset);
    out = sl_buf_tail(&batch->data);
    memcpy(out, &shape, sizeof(shape));
    memcpy(out + sizeof(shape), key.data, key.len);
    memcpy(out + sizeof(shape) + key.len, image.data, image.len);
    sl_buf_commit(&batch->data, sizeof(shape) + key.len + image.len);
    sl_batch_add_raw(batch, place, offset, offset + (uint32_t)sizeof(shape), render);
    return SL_OK;
}

/* ---- encoded ---- */

typedef int (*encode_fn)(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                         struct sl_buf *out, uint32_t *key_at, uint16_t *commands,
                         struct sl_err *err);

int sl_entry_put(struct sl_batch *batch, const struct sl_shape *shape, struct sl_row row,
                 struct sl_span key, enum sl_write write, struct sl_err *err)
{
    static const encode_fn encoders[] = {
        [SL_WRITE_WHOLE] = sl_encode_put,
        [SL_WRITE_PARTIAL] = sl_encode_merge,
        [SL_WRITE_REPLACE] = sl_encode_replace,
    };
    struct sl_batch_place place;
    uint32_t offset;
    uint32_t key_at;
    uint16_t commands;
    int rc = sl_batch_find(batch, key, &place);

    if (rc != SL_OK) {
        return rc;
    }
    if (may_be_raw(&place, shape, row, write)) {
        return add_raw(batch, &place, shape, row.image);
    }
    sl_batch_begin(batch, &offset);
    rc = encoders[write](shape, row, key, &batch->data, &key_at, &commands, err);
    if (rc == SL_OK) {
        sl_batch_add(batch, &place, offset, key_at, commands, write);
    } else {
        sl_batch_abandon(batch, offset);
    }
    return rc;
}
