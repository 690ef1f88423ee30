#include "cdc/decompress.h"

#include <libdeflate.h>

enum {
    SL_DEFLATE_MARK = 0x80,
    SL_DEFLATE_MARK_MASK = 0x80,
    SL_DEFLATE_ALGORITHM_MASK = 0x78, /* 0: zlib, the only one so far */
    SL_DEFLATE_WIDTH_MASK = 0x07,
    SL_DEFLATE_WIDTH_MAX = 4,
};

void sl_decompress_release(struct sl_decompress *decompress)
{
    if (decompress->engine != NULL) {
        libdeflate_free_decompressor(decompress->engine);
    }
    sl_buf_release(&decompress->text);
    *decompress = (struct sl_decompress){0};
}

static int read_head(struct sl_span *record, uint64_t *len, struct sl_err *err)
{
    uint8_t head = 0;
    size_t width;
    struct sl_span digits;
    int rc = sl_span_u8(record, &head);

    width = head & SL_DEFLATE_WIDTH_MASK;
    if (rc == SL_OK && ((head & SL_DEFLATE_MARK_MASK) != SL_DEFLATE_MARK || width < 1 ||
                        width > SL_DEFLATE_WIDTH_MAX)) {
        rc = SL_EFORMAT;
    }
    if (rc == SL_OK && (head & SL_DEFLATE_ALGORITHM_MASK) != 0) {
        return sl_err_set(err, SL_EUNSUPPORTED,
                          "the event is compressed by an algorithm that is not known (head byte "
                          "0x%02x); set log_bin_compress=OFF on the source",
                          head);
    }
    if (rc == SL_OK) {
        rc = sl_span_take(record, width, &digits);
    }
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "the head of the compressed event is damaged");
    }
    *len = sl_load_be(digits.data, width);
    return SL_OK;
}

static int prepare(struct sl_decompress *decompress, uint64_t len, struct sl_err *err)
{
    if (decompress->engine == NULL) {
        decompress->engine = libdeflate_alloc_decompressor();
    }
    sl_buf_clear(&decompress->text);
    if (decompress->engine == NULL || sl_buf_reserve(&decompress->text, (size_t)len + 1) != SL_OK) {
        return sl_err_set(err, SL_ENOMEM, "no memory to decompress an event of %llu bytes",
                          (unsigned long long)len);
    }
    return SL_OK;
}

int sl_decompress_mariadb(struct sl_decompress *decompress, struct sl_span record, uint64_t limit,
                          struct sl_span *out, struct sl_err *err)
{
    uint64_t len = 0;
    int rc = read_head(&record, &len, err);

    if (rc != SL_OK) {
        return rc;
    }
    if (len > limit) {
        return sl_err_set(err, SL_ELIMIT,
                          "the event would have %llu bytes when decompressed, but only %llu are "
                          "allowed; raise memory_limit or leave the table out",
                          (unsigned long long)len, (unsigned long long)limit);
    }
    rc = prepare(decompress, len, err);
    if (rc != SL_OK) {
        return rc;
    }
    /* Without a place for the actual length, libdeflate insists that it is the declared one. */
    if (libdeflate_zlib_decompress(decompress->engine, record.data, record.len,
                                   sl_buf_tail(&decompress->text), (size_t)len,
                                   NULL) != LIBDEFLATE_SUCCESS) {
        return sl_err_set(err, SL_EFORMAT, "the compressed event is damaged");
    }
    sl_buf_commit(&decompress->text, (size_t)len);
    *out = sl_span_make(decompress->text.data, decompress->text.len);
    return SL_OK;
}
