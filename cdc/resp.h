/*
 * resp.h - writes Redis commands in wire form (RESP2, "Protocol specification" on redis.io):
 * *COUNT CRLF, then $LENGTH CRLF BYTES CRLF for each argument. Every function
 * fails only as sl_buf_reserve() does and then leaves BUF as it was.
 */
#ifndef SLUICE_CDC_RESP_H
#define SLUICE_CDC_RESP_H

#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/digits.h"
#include "cdc/base/span.h"

enum { SL_RESP_HEAD_MAX = 24 }; /* type byte, 20 digits, CRLF, rounded up */

/* "*COUNT": COUNT arguments follow, the command's name is the first. */
int sl_resp_array(struct sl_buf *buf, size_t count) SL_MUSTCHECK;
/* One argument. */
int sl_resp_bulk(struct sl_buf *buf, const void *data, size_t len) SL_MUSTCHECK;
int sl_resp_text(struct sl_buf *buf, const char *text) SL_MUSTCHECK;
int sl_resp_u64(struct sl_buf *buf, uint64_t value) SL_MUSTCHECK;

/* A whole command of COUNT C strings. */
int sl_resp_command(struct sl_buf *buf, size_t count, const char *const *args) SL_MUSTCHECK;

/*
 * An argument whose length is not known before it is written: begin, append the bytes to BUF,
 * end. GUESS is the expected length: when its header has the right width nothing is moved.
 * *START is for sl_resp_end().
 */
static inline size_t sl_resp_head_width(uint64_t value)
{
    return 3 + sl_digits_count(value);
}

/* Writes TYPE, VALUE and CRLF at OUT and returns how many bytes that took. */
static inline size_t sl_resp_head(uint8_t *out, char type, uint64_t value)
{
    size_t len = 1;

    out[0] = (uint8_t)type;
    if (value < 10) {
        out[len++] = (uint8_t)('0' + value);
    } else {
        len += sl_digits_u64(out + len, value);
    }
    out[len++] = '\r';
    out[len++] = '\n';
    return len;
}

static inline SL_MUSTCHECK int sl_resp_begin(struct sl_buf *buf, size_t guess, size_t *start)
{
    int rc = sl_buf_reserve(buf, SL_RESP_HEAD_MAX);

    if (rc == SL_OK) {
        *start = buf->len;
        sl_buf_commit(buf, sl_resp_head_width(guess));
    }
    return rc;
}

static inline SL_MUSTCHECK int sl_resp_end(struct sl_buf *buf, size_t guess, size_t start)
{
    size_t guessed = sl_resp_head_width(guess);
    size_t len = buf->len - start - guessed;
    size_t width = sl_resp_head_width(len);
    int rc = sl_buf_reserve(buf, SL_RESP_HEAD_MAX + 2);

    if (rc != SL_OK) {
        buf->len = start;
        return rc;
    }
    if (width != guessed) {
        memmove(buf->data + start + width, buf->data + start + guessed, len);
    }
    (void)sl_resp_head(buf->data + start, '$', len);
    buf->len = start + width + len;
    memcpy(sl_buf_tail(buf), "\r\n", 2);
    sl_buf_commit(buf, 2);
    return SL_OK;
}

#endif
