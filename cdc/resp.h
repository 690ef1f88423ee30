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
int sl_resp_begin(struct sl_buf *buf, size_t guess, size_t *start) SL_MUSTCHECK;
int sl_resp_end(struct sl_buf *buf, size_t guess, size_t start) SL_MUSTCHECK;

#endif
