#include "filters/pack.h"

#include <pthread.h>
#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

enum { SL_PACK_KEEP_BYTES = 1024 * 1024 }; /* scratch of an unusual value is not kept */

struct sl_packer {
    pthread_mutex_t lock;
    ZSTD_CCtx *engine;
    struct sl_buf frame; /* scratch */
};

struct sl_packer *sl_packer_new(void)
{
    struct sl_packer *packer = calloc(1, sizeof(*packer));

    if (packer == NULL) {
        return NULL;
    }
    packer->engine = ZSTD_createCCtx();
    if (packer->engine == NULL || pthread_mutex_init(&packer->lock, NULL) != 0) {
        (void)ZSTD_freeCCtx(packer->engine);
        free(packer);
        return NULL;
    }
    return packer;
}

void sl_packer_free(struct sl_packer *packer)
{
    if (packer == NULL) {
        return;
    }
    (void)ZSTD_freeCCtx(packer->engine);
    sl_buf_release(&packer->frame);
    (void)pthread_mutex_destroy(&packer->lock);
    free(packer);
}

bool sl_is_frame(struct sl_span value)
{
    return value.len >= 4 && sl_load_le(value.data, 4) == ZSTD_MAGICNUMBER;
}

/* Fills the scratch. The frame says how long the value is, and which dictionary it needs. */
static int make_frame(const struct sl_pack *pack, struct sl_span value)
{
    struct sl_packer *packer = pack->packer;
    struct sl_buf *frame = &packer->frame;
    size_t len;
    int rc;

    sl_buf_clear(frame);
    rc = sl_buf_reserve(frame, ZSTD_compressBound(value.len));
    if (rc != SL_OK) {
        return rc;
    }
    len = pack->dictionary != NULL
              ? ZSTD_compress_usingCDict(packer->engine, frame->data, frame->cap, value.data,
                                         value.len, pack->dictionary)
              : ZSTD_compressCCtx(packer->engine, frame->data, frame->cap, value.data, value.len,
                                  pack->level);
    if (ZSTD_isError(len)) {
        return ZSTD_getErrorCode(len) == ZSTD_error_memory_allocation ? SL_ENOMEM : SL_ELIMIT;
    }
    sl_buf_commit(frame, len);
    return SL_OK;
}

static int replace_tail(struct sl_buf *out, size_t at, const struct sl_buf *frame)
{
    size_t len = out->len - at;
    int rc = frame->len > len ? sl_buf_reserve(out, frame->len - len) : SL_OK;

    if (rc == SL_OK) {
        memcpy(out->data + at, frame->data, frame->len);
        out->len = at + frame->len;
    }
    return rc;
}

/* Under the packer's lock. */
static int pack_tail(const struct sl_pack *pack, struct sl_buf *out, size_t at, bool must)
{
    struct sl_buf *frame = &pack->packer->frame;
    struct sl_span value = sl_span_make(out->data + at, out->len - at);
    int rc = make_frame(pack, value);

    if (rc == SL_OK && (must || frame->len < value.len)) {
        rc = replace_tail(out, at, frame);
    }
    if (frame->cap > SL_PACK_KEEP_BYTES) {
        sl_buf_release(frame);
    }
    return rc;
}

int sl_pack_tail(const struct sl_pack *pack, struct sl_buf *out, size_t at)
{
    struct sl_span value;
    bool must;
    int rc;

    if (pack->packer == NULL || out->len == at) {
        return SL_OK;
    }
    value = sl_span_make(out->data + at, out->len - at);
    must = sl_is_frame(value);
    if (value.len < pack->min_bytes && !must) {
        return SL_OK;
    }
    (void)pthread_mutex_lock(&pack->packer->lock);
    rc = pack_tail(pack, out, at, must);
    (void)pthread_mutex_unlock(&pack->packer->lock);
    return rc;
}
