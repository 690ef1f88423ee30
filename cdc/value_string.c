/*
 * value_string.c - CHAR, VARCHAR, TEXT and their binary kin. A row image holds them without the
 * padding of CHAR and BINARY (sql/field.cc: Field_string::pack).
 */
#include "cdc/charset.h"
#include "cdc/value_decode.h"

int sl_value_bytes(SL_RENDER_ARGS)
{
    return sl_value_put(column, data, len, out, err);
}

/* SELECT of BINARY(n) returns the zero bytes that a row image lacks. */
int sl_value_binary(SL_RENDER_ARGS)
{
    int rc = sl_buf_reserve(out, column->max_len);

    if (rc != SL_OK) {
        return sl_value_full(column, rc, err);
    }
    if (len > column->max_len) {
        return sl_value_bad(column, len, err);
    }
    if (len > 0) {
        memcpy(sl_buf_tail(out), data, len);
    }
    if (len < column->max_len) {
        memset(sl_buf_tail(out) + len, 0, column->max_len - len);
    }
    sl_buf_commit(out, column->max_len);
    return SL_OK;
}

int sl_value_charset_text(SL_RENDER_ARGS)
{
    size_t before = out->len;
    int rc = sl_charset_to_utf8(column->charset, sl_span_make(data, len), out, err);

    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}
