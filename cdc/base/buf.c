#include "cdc/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdc/base/digits.h"

enum { SL_BUF_FIRST = 256 };

void sl_buf_release(struct sl_buf *buf)
{
    free(buf->data);
    *buf = (struct sl_buf){0};
}

int sl_buf_grow(struct sl_buf *buf, size_t extra)
{
    /* Doubling must not wrap around on the way to the most that may be asked for. */
    size_t max = buf->limit > 0 && buf->limit < SIZE_MAX / 2 ? buf->limit : SIZE_MAX / 2;
    size_t cap = buf->cap > 0 ? buf->cap : SL_BUF_FIRST;
    uint8_t *data;

    if (buf->len > max || extra > max - buf->len) {
        return SL_ELIMIT;
    }
    while (cap < buf->len + extra) {
        cap *= 2;
    }
    if (cap > max) {
        cap = max;
    }
    data = realloc(buf->data, cap);
    if (data == NULL) {
        return SL_ENOMEM;
    }
    buf->data = data;
    buf->cap = cap;
    return SL_OK;
}

int sl_buf_add_u64(struct sl_buf *buf, uint64_t value)
{
    int rc = sl_buf_reserve(buf, SL_DIGITS_MAX);

    if (rc == SL_OK) {
        sl_buf_commit(buf, sl_digits_u64(sl_buf_tail(buf), value));
    }
    return rc;
}

int sl_buf_add_i64(struct sl_buf *buf, int64_t value)
{
    int rc = sl_buf_reserve(buf, SL_DIGITS_MAX);

    if (rc == SL_OK) {
        sl_buf_commit(buf, sl_digits_i64(sl_buf_tail(buf), value));
    }
    return rc;
}

int sl_buf_add_format(struct sl_buf *buf, const char *format, ...)
{
    va_list args;
    va_list again;
    int need;
    int rc;

    va_start(args, format);
    va_copy(again, args);
    need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    rc = need < 0 ? SL_EFORMAT : sl_buf_reserve(buf, (size_t)need + 1);
    if (rc == SL_OK) {
        (void)vsnprintf((char *)sl_buf_tail(buf), (size_t)need + 1, format, again);
        sl_buf_commit(buf, (size_t)need);
    }
    va_end(again);
    return rc;
}

const char *sl_buf_cstr(struct sl_buf *buf)
{
    if (sl_buf_reserve(buf, 1) != SL_OK) {
        return NULL;
    }
    buf->data[buf->len] = '\0';
    return (const char *)buf->data;
}
