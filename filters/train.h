/*
 * train.h - makes dictionaries of sampled values, and tells what they are worth.
 */
#ifndef SLUICE_FILTERS_TRAIN_H
#define SLUICE_FILTERS_TRAIN_H

#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"

/* Values, one behind the other. Zeroed: a valid empty one. */
struct sl_samples {
    struct sl_buf bytes;
    size_t *sizes; /* owned */
    size_t count;
    size_t cap;
};

void sl_samples_release(struct sl_samples *samples);
int sl_samples_add(struct sl_samples *samples, struct sl_span value) SL_MUSTCHECK;

/*
 * Replaces OUT by a dictionary of SIZE bytes at most, and *ID by its id, which is made of its
 * content and in the range for private use (32768 to 2^31 - 1). SL_EUNSUPPORTED: the samples are
 * too few or too much alike.
 */
int sl_train(const struct sl_samples *samples, size_t size, struct sl_buf *out, uint32_t *id,
             struct sl_err *err) SL_MUSTCHECK;

/* Bytes of values in all. */
struct sl_gain {
    uint64_t raw;
    uint64_t zstd;
    uint64_t dictionary;
};

/* What SAMPLES would take at LEVEL, where values shorter than MIN_BYTES stay as they are. */
int sl_train_gain(const struct sl_samples *samples, struct sl_span dictionary, int level,
                  size_t min_bytes, struct sl_gain *gain) SL_MUSTCHECK;

#endif
