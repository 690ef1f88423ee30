#include "filters/encode.h"

#include "cdc/json_binary.h"
#include "cdc/value.h"
#include "filters/json_string.h"
#include "filters/mask.h"

int sl_encode_text(const struct sl_column *column, const struct sl_cell *cell,
                   const struct sl_cell *base, struct sl_buf *out, struct sl_err *err)
{
    if (cell->state == SL_CELL_VALUE) {
        return sl_value_text(column, cell, out, err);
    }
    if (cell->state == SL_CELL_TEXT) {
        return sl_buf_add(out, cell->data, cell->len);
    }
    if (cell->state == SL_CELL_JSON_DIFF && base != NULL && base->state == SL_CELL_VALUE) {
        return sl_json_apply_diff(sl_span_make(base->data, base->len),
                                  sl_span_make(cell->data, cell->len), out, err);
    }
    return sl_err_set(err, SL_EUNSUPPORTED, "column %.*s has no whole value in this row image",
                      (int)column->name.len, (const char *)column->name.data);
}

/* SELECT pads ZEROFILL and YEAR with zeros, which a JSON number may not begin with. */
static void strip_zeros(struct sl_buf *out, size_t at)
{
    struct sl_span number = sl_value_json_number(sl_span_make(out->data + at, out->len - at));

    memmove(out->data + at, number.data, number.len);
    out->len = at + number.len;
}

static int base64_tail(struct sl_buf *out, size_t at)
{
    size_t raw = out->len - at;
    int rc = sl_buf_reserve(out, (raw + 2) / 3 * 4 + 2);

    if (rc == SL_OK) {
        /* Encoded behind the raw bytes first, then moved over them. */
        rc = sl_json_base64(sl_span_make(out->data + at, raw), out);
    }
    if (rc == SL_OK) {
        memmove(out->data + at, out->data + at + raw, out->len - at - raw);
        out->len -= raw;
    }
    return rc;
}

int sl_encode_json_value(const struct sl_column *column, const struct sl_cell *cell,
                         const struct sl_cell *base, struct sl_buf *out, struct sl_err *err)
{
    size_t at = out->len;
    int rc;

    if (cell->state == SL_CELL_NULL) {
        return sl_buf_add(out, "null", 4);
    }
    rc = sl_encode_text(column, cell, base, out, err);
    if (rc != SL_OK) {
        return rc;
    }
    switch ((enum sl_kind)column->kind) {
    case SL_KIND_NUMBER:
        if (out->len > at && out->data[at] == '0') {
            strip_zeros(out, at);
        }
        return SL_OK;
    case SL_KIND_TEXT:
        return sl_json_quote_tail(out, at);
    case SL_KIND_BYTES:
        return base64_tail(out, at);
    case SL_KIND_JSON:
        return SL_OK;
    }
    return SL_OK;
}

/* What a mask shows is a string, whatever the column's type is. */
static int add_masked(const struct sl_shape *shape, uint32_t i, struct sl_row row,
                      struct sl_buf *out, struct sl_err *err)
{
    uint32_t number = shape->columns[i];
    size_t at = out->len;
    int rc;

    if (row.cells[number].state == SL_CELL_NULL || sl_shape_hides(shape, i)) {
        return sl_buf_add(out, "null", 4);
    }
    rc = sl_encode_text(&shape->table->columns[number], &row.cells[number],
                        row.base != NULL ? &row.base[number] : NULL, out, err);
    if (rc == SL_OK) {
        rc = sl_mask_tail(shape->masks[i], out, at);
    }
    return rc == SL_OK ? sl_json_quote_tail(out, at) : rc;
}

static int add_member(const struct sl_shape *shape, uint32_t i, struct sl_row row,
                      struct sl_buf *out, struct sl_err *err)
{
    uint32_t number = shape->columns[i];

    if (shape->masks != NULL && shape->masks[i] != NULL) {
        return add_masked(shape, i, row, out, err);
    }
    return sl_encode_json_value(&shape->table->columns[number], &row.cells[number],
                                row.base != NULL ? &row.base[number] : NULL, out, err);
}

int sl_encode_json(const struct sl_shape *shape, struct sl_row row, struct sl_buf *out,
                   struct sl_err *err)
{
    size_t before = out->len;
    uint8_t separator = '{';
    int rc = SL_OK;

    for (uint32_t i = 0; rc == SL_OK && i < shape->column_count; i++) {
        uint32_t number = shape->columns[i];
        const struct sl_cell *cell = &row.cells[number];

        if (cell->state == SL_CELL_ABSENT) {
            continue;
        }
        rc = sl_buf_add_byte(out, separator);
        if (rc == SL_OK) {
            rc = sl_buf_add(out, shape->heads[i].data, shape->heads[i].len);
        }
        if (rc == SL_OK) {
            rc = add_member(shape, i, row, out, err);
        }
        separator = ',';
    }
    if (rc == SL_OK && separator == '{') {
        rc = sl_buf_add_byte(out, '{');
    }
    if (rc == SL_OK) {
        rc = sl_buf_add_byte(out, '}');
    }
    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}
