/*
 * histogram.h - how long something took, or how much it was, each time: counts in fixed buckets.
 * One thread writes; who reads it in another does so under a lock of their own.
 */
#ifndef SLUICE_CDC_BASE_HISTOGRAM_H
#define SLUICE_CDC_BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { SL_HISTOGRAM_BUCKETS = 14 }; /* the last one has no bound */

/* What is counted: it decides what each bucket takes. */
enum sl_histogram_scale {
    SL_SCALE_US, /* microseconds */
    SL_SCALE_ROWS,
    SL_SCALE_BYTES,
};

struct sl_histogram {
    uint64_t counts[SL_HISTOGRAM_BUCKETS];
    uint64_t sum;
};

/* What bucket I takes at most; UINT64_MAX for the last one. */
uint64_t sl_histogram_bound(enum sl_histogram_scale scale, size_t i);
void sl_histogram_add(struct sl_histogram *histogram, enum sl_histogram_scale scale,
                      uint64_t value);

#endif
