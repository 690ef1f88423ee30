/*
 * value_compressed.c - MariaDB's COMPRESSED columns. A value that is not empty starts with a byte:
 * 0, and the rest is the value itself; or the method (8: zlib) in the high half and in the low half
 * 8 for a stream without the zlib wrapper, plus the count of bytes, big-endian, that hold the
 * length of the value (sql/field_comp.cc). Decoding is the one case that allocates for each value:
 * inflating costs far more.
 */
#include <libdeflate.h>

#include "cdc/charset.h"
#include "cdc/value_decode.h"

enum {
    SL_METHOD_STORED = 0,
    SL_METHOD_ZLIB = 8,
    SL_BARE_STREAM = 8,
    SL_LENGTH_BYTES = 7,
    SL_LENGTH_BYTES_MAX = 4,
    SL_DEFLATE_RATIO_MAX = 1032, /* no deflate stream expands by more */
};

/* What the header says of a compressed value. */
struct sl_packed_value {
    struct sl_span stream;
    size_t len; /* of the value */
    bool is_bare;
};

static bool read_header(const uint8_t *data, size_t len, struct sl_packed_value *value)
{
    size_t width = data[0] & SL_LENGTH_BYTES;

    if (data[0] >> 4 != SL_METHOD_ZLIB || width < 1 || width > SL_LENGTH_BYTES_MAX ||
        width > len - 1) {
        return false;
    }
    value->is_bare = (data[0] & SL_BARE_STREAM) != 0;
    value->len = (size_t)sl_load_be(data + 1, width);
    value->stream = sl_span_make(data + 1 + width, len - 1 - width);
    /* An empty value is never compressed, and would be inflated to nowhere. */
    return value->len > 0 && value->len / SL_DEFLATE_RATIO_MAX <= value->stream.len;
}

/* Inflates VALUE behind the content of OUT, which must have room for it; not counted in its length.
 */
static int inflate(const struct sl_packed_value *value, struct sl_buf *out)
{
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    enum libdeflate_result result;

    if (decompressor == NULL) {
        return SL_ENOMEM;
    }
    result =
        value->is_bare
            ? libdeflate_deflate_decompress(decompressor, value->stream.data, value->stream.len,
                                            sl_buf_tail(out), value->len, NULL)
            : libdeflate_zlib_decompress(decompressor, value->stream.data, value->stream.len,
                                         sl_buf_tail(out), value->len, NULL);
    libdeflate_free_decompressor(decompressor);
    return result == LIBDEFLATE_SUCCESS ? SL_OK : SL_EFORMAT;
}

static int unpack(const struct sl_column *column, const struct sl_packed_value *value,
                  struct sl_buf *out, struct sl_err *err)
{
    int rc = sl_buf_reserve(out, value->len);

    if (rc == SL_OK) {
        rc = inflate(value, out);
    }
    if (rc == SL_EFORMAT) {
        return sl_value_bad(column, value->stream.len, err);
    }
    if (rc != SL_OK) {
        return sl_value_full(column, rc, err);
    }
    sl_buf_commit(out, value->len);
    return SL_OK;
}

static bool needs_conversion(const struct sl_column *column)
{
    return column->charset != NULL && !sl_charset_is_utf8(column->charset);
}

static int unpack_converted(const struct sl_column *column, const struct sl_packed_value *value,
                            struct sl_buf *out, struct sl_err *err)
{
    struct sl_buf bytes = {.limit = out->limit};
    int rc = unpack(column, value, &bytes, err);

    if (rc == SL_OK) {
        rc = sl_value_charset_text(column, bytes.data, bytes.len, out, err);
    }
    sl_buf_release(&bytes);
    return rc;
}

int sl_value_compressed(SL_RENDER_ARGS)
{
    struct sl_packed_value value;

    if (len == 0) {
        return SL_OK;
    }
    if (data[0] == SL_METHOD_STORED) {
        return needs_conversion(column) ? sl_value_charset_text(column, data + 1, len - 1, out, err)
                                        : sl_value_put(column, data + 1, len - 1, out, err);
    }
    if (!read_header(data, len, &value)) {
        return sl_value_bad(column, len, err);
    }
    return needs_conversion(column) ? unpack_converted(column, &value, out, err)
                                    : unpack(column, &value, out, err);
}
