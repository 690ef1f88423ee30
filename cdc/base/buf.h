/*
 * buf.h - a growable byte buffer that is written at the end and reused.
 *
 * Pattern on the hot path: sl_buf_reserve() once for the most that a value can
 * take, write through sl_buf_tail(), then sl_buf_commit(). Everything else
 * uses the sl_buf_add_* helpers, which reserve for themselves.
 * Invariant: len <= cap; data is NULL only while cap is 0.
 */
#ifndef SLUICE_CDC_BASE_BUF_H
#define SLUICE_CDC_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cdc/base/status.h"

struct sl_buf {
    uint8_t *data; /* owned, from malloc */
    size_t len;    /* bytes in use */
    size_t cap;    /* bytes allocated */
    size_t limit;  /* most bytes that it may ever hold; 0: no limit */
};

/* Frees the bytes and zeroes BUF (its limit too); a zeroed BUF is a valid empty one. */
void sl_buf_release(struct sl_buf *buf);

/* Empties BUF and keeps its memory. */
static inline void sl_buf_clear(struct sl_buf *buf)
{
    buf->len = 0;
}

/*
 * Grows the allocation so that EXTRA more bytes fit. Returns SL_ELIMIT when
 * that would pass the limit, SL_ENOMEM when there is no memory; BUF is unchanged then.
 */
int sl_buf_grow(struct sl_buf *buf, size_t extra) SL_MUSTCHECK;

/* Makes sure that EXTRA more bytes fit; fails as sl_buf_grow() does. */
static inline SL_MUSTCHECK int sl_buf_reserve(struct sl_buf *buf, size_t extra)
{
    if (extra <= buf->cap - buf->len) {
        return SL_OK;
    }
    return sl_buf_grow(buf, extra);
}

/* Where the next byte goes; valid until the next reserve or release. */
static inline uint8_t *sl_buf_tail(struct sl_buf *buf)
{
    return buf->data + buf->len;
}

/* Counts LEN reserved bytes, written through sl_buf_tail(), as content. */
static inline void sl_buf_commit(struct sl_buf *buf, size_t len)
{
    buf->len += len;
}

static inline SL_MUSTCHECK int sl_buf_add(struct sl_buf *buf, const void *data, size_t len)
{
    int rc = sl_buf_reserve(buf, len);

    if (rc == SL_OK && len > 0) {
        memcpy(sl_buf_tail(buf), data, len);
        buf->len += len;
    }
    return rc;
}

static inline SL_MUSTCHECK int sl_buf_add_byte(struct sl_buf *buf, uint8_t byte)
{
    int rc = sl_buf_reserve(buf, 1);

    if (rc == SL_OK) {
        buf->data[buf->len++] = byte;
    }
    return rc;
}

static inline SL_MUSTCHECK int sl_buf_add_str(struct sl_buf *buf, const char *text)
{
    return sl_buf_add(buf, text, strlen(text));
}

int sl_buf_add_u64(struct sl_buf *buf, uint64_t value) SL_MUSTCHECK;
int sl_buf_add_i64(struct sl_buf *buf, int64_t value) SL_MUSTCHECK;
int sl_buf_add_format(struct sl_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3))) SL_MUSTCHECK;

/*
 * Terminates the content with a NUL that is not counted in len and returns it
 * as a C string, valid until the next write; NULL when there is no memory.
 */
const char *sl_buf_cstr(struct sl_buf *buf);

#endif
