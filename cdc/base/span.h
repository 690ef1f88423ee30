/*
 * span.h - a borrowed, bounds-checked view of bytes that is consumed from the
 * front. A span never owns memory: it is valid only as long as the buffer it
 * was made from. The readers are inline because the row decoder lives on them.
 */
#ifndef SLUICE_CDC_BASE_SPAN_H
#define SLUICE_CDC_BASE_SPAN_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cdc/base/status.h"

struct sl_span {
    const uint8_t *data;
    size_t len; /* bytes left */
};

static inline struct sl_span sl_span_make(const void *data, size_t len)
{
    return (struct sl_span){.data = data, .len = len};
}

/* True when the span holds exactly the bytes of the C string TEXT. */
static inline int sl_span_equals(struct sl_span span, const char *text)
{
    return span.len == strlen(text) && (span.len == 0 || memcmp(span.data, text, span.len) == 0);
}

/*
 * Loads WIDTH (1 to 8) bytes, little-endian; the caller has checked the length. A width that the
 * compiler knows is one or two loads; of the loop it makes one load a byte.
 */
static inline uint64_t sl_load_le(const uint8_t *data, size_t width)
{
    uint64_t value = 0;

    if (__builtin_constant_p(width)) {
        memcpy(&value, data, width);
        return le64toh(value);
    }
    for (size_t i = 0; i < width; i++) {
        value |= (uint64_t)data[i] << (8 * i);
    }
    return value;
}

/* Loads WIDTH (1 to 8) bytes, big-endian; the caller has checked the length. */
static inline uint64_t sl_load_be(const uint8_t *data, size_t width)
{
    uint64_t value = 0;

    if (__builtin_constant_p(width)) {
        memcpy((uint8_t *)&value + sizeof(value) - width, data, width);
        return be64toh(value);
    }
    for (size_t i = 0; i < width; i++) {
        value = value << 8 | data[i];
    }
    return value;
}

/*
 * Each reader below consumes its field and stores it in *OUT. When fewer bytes
 * are left than the field needs it returns SL_ETRUNC and changes neither SPAN
 * nor *OUT.
 */

/* Takes LEN bytes off the front as a view. */
static inline SL_MUSTCHECK int sl_span_take(struct sl_span *span, size_t len, struct sl_span *out)
{
    if (len > span->len) {
        return SL_ETRUNC;
    }
    *out = sl_span_make(span->data, len);
    span->data += len;
    span->len -= len;
    return SL_OK;
}

static inline SL_MUSTCHECK int sl_span_skip(struct sl_span *span, size_t len)
{
    struct sl_span skipped;

    return sl_span_take(span, len, &skipped);
}

/* Little-endian unsigned integer of WIDTH bytes, 1 to 8. */
static inline SL_MUSTCHECK int sl_span_le(struct sl_span *span, size_t width, uint64_t *out)
{
    if (width > span->len) {
        return SL_ETRUNC;
    }
    *out = sl_load_le(span->data, width);
    span->data += width;
    span->len -= width;
    return SL_OK;
}

static inline SL_MUSTCHECK int sl_span_u8(struct sl_span *span, uint8_t *out)
{
    uint64_t value;
    int rc = sl_span_le(span, 1, &value);

    if (rc == SL_OK) {
        *out = (uint8_t)value;
    }
    return rc;
}

static inline SL_MUSTCHECK int sl_span_u16le(struct sl_span *span, uint16_t *out)
{
    uint64_t value;
    int rc = sl_span_le(span, 2, &value);

    if (rc == SL_OK) {
        *out = (uint16_t)value;
    }
    return rc;
}

static inline SL_MUSTCHECK int sl_span_u32le(struct sl_span *span, uint32_t *out)
{
    uint64_t value;
    int rc = sl_span_le(span, 4, &value);

    if (rc == SL_OK) {
        *out = (uint32_t)value;
    }
    return rc;
}

static inline SL_MUSTCHECK int sl_span_u64le(struct sl_span *span, uint64_t *out)
{
    return sl_span_le(span, 8, out);
}

/* Reads a MySQL length-encoded integer. Returns SL_EFORMAT on 0xfb and 0xff. */
int sl_span_lenenc(struct sl_span *span, uint64_t *out) SL_MUSTCHECK;

/* Reads a length-encoded integer and that many bytes as a view. */
int sl_span_lenenc_bytes(struct sl_span *span, struct sl_span *out) SL_MUSTCHECK;

#endif
