#include "filters/train.h"

#include <stdlib.h>

#include <zdict.h>
#include <zstd.h>

#include "filters/pack.h"

void sl_samples_release(struct sl_samples *samples)
{
    sl_buf_release(&samples->bytes);
    free(samples->sizes);
    *samples = (struct sl_samples){0};
}

int sl_samples_add(struct sl_samples *samples, struct sl_span value)
{
    int rc;

    if (samples->count == samples->cap) {
        size_t cap = samples->cap > 0 ? 2 * samples->cap : 1024;
        size_t *sizes = realloc(samples->sizes, cap * sizeof(*sizes));

        if (sizes == NULL) {
            return SL_ENOMEM;
        }
        samples->sizes = sizes;
        samples->cap = cap;
    }
    rc = sl_buf_add(&samples->bytes, value.data, value.len);
    if (rc == SL_OK) {
        samples->sizes[samples->count++] = value.len;
    }
    return rc;
}

int sl_train(const struct sl_samples *samples, size_t size, struct sl_buf *out, uint32_t *id,
             struct sl_err *err)
{
    size_t len;
    int rc;

    sl_buf_clear(out);
    rc = sl_buf_reserve(out, size);
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "out of memory");
    }
    len = samples->count > 0 && samples->count <= UINT32_MAX
              ? ZDICT_trainFromBuffer(out->data, size, samples->bytes.data, samples->sizes,
                                      (unsigned)samples->count)
              : 0;
    *id = len > 0 && !ZDICT_isError(len) ? ZDICT_getDictID(out->data, len) : 0;
    if (*id == 0) {
        return sl_err_set(err, SL_EUNSUPPORTED,
                          "no dictionary can be made of %zu values with %zu bytes%s%s: sample more "
                          "rows, compress shorter values (\"min_bytes\"), or use \"zstd\"",
                          samples->count, samples->bytes.len, ZDICT_isError(len) ? ", " : "",
                          ZDICT_isError(len) ? ZDICT_getErrorName(len) : "");
    }
    sl_buf_commit(out, len);
    return SL_OK;
}

static int add_packed(const struct sl_pack *pack, struct sl_span value, struct sl_buf *scratch,
                      uint64_t *sum)
{
    int rc;

    sl_buf_clear(scratch);
    rc = sl_buf_add(scratch, value.data, value.len);
    rc = rc == SL_OK ? sl_pack_tail(pack, scratch, 0) : rc;
    *sum += scratch->len;
    return rc;
}

static int add_all(const struct sl_samples *samples, const struct sl_pack *pack, uint64_t *sum)
{
    const uint8_t *at = samples->bytes.data;
    struct sl_buf scratch = {0};
    int rc = SL_OK;

    *sum = 0;
    for (size_t i = 0; rc == SL_OK && i < samples->count; i++) {
        rc = add_packed(pack, sl_span_make(at, samples->sizes[i]), &scratch, sum);
        at += samples->sizes[i];
    }
    sl_buf_release(&scratch);
    return rc;
}

int sl_train_gain(const struct sl_samples *samples, struct sl_span dictionary, int level,
                  size_t min_bytes, struct sl_gain *gain)
{
    struct sl_pack pack = {.packer = sl_packer_new(), .level = level, .min_bytes = min_bytes};
    ZSTD_CDict *engine = ZSTD_createCDict(dictionary.data, dictionary.len, level);
    int rc = pack.packer != NULL && engine != NULL ? SL_OK : SL_ENOMEM;

    gain->raw = samples->bytes.len;
    rc = rc == SL_OK ? add_all(samples, &pack, &gain->zstd) : rc;
    pack.dictionary = engine;
    rc = rc == SL_OK ? add_all(samples, &pack, &gain->dictionary) : rc;
    (void)ZSTD_freeCDict(engine);
    sl_packer_free(pack.packer);
    return rc;
}
