/*
 * histogram.h - how long something took, each time: counts in fixed buckets. One thread writes; who
 * reads it in another does so under a lock of their own.
 */
#ifndef SLUICE_CDC_BASE_HISTOGRAM_H
#define SLUICE_CDC_BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { SL_HISTOGRAM_BUCKETS = 14 }; /* the last one has no bound */

struct sl_histogram {
    uint64_t counts[SL_HISTOGRAM_BUCKETS];
    uint64_t sum_us;
};

/* What bucket I takes at most, in microseconds; UINT64_MAX for the last one. */
uint64_t sl_histogram_bound_us(size_t i);
void sl_histogram_add(struct sl_histogram *histogram, uint64_t us);

#endif
