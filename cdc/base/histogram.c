#include "cdc/base/histogram.h"

static const uint64_t bounds[][SL_HISTOGRAM_BUCKETS] = {
    /* A local Redis answers a small group in about 0.1 ms, and a stalled one is given up after
       30 s. */
    [SL_SCALE_US] = {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 100000, 250000, 1000000,
                     5000000, 30000000, UINT64_MAX},
    [SL_SCALE_ROWS] = {1, 2, 5, 10, 25, 50, 100, 250, 1000, 2500, 10000, 25000, 100000, UINT64_MAX},
    /* A batch is passed on at 64 KiB to 1 MiB, as configured; one row may be larger than all. */
    [SL_SCALE_BYTES] = {256, 1024, 4096, 16384, 65536, 131072, 262144, 524288, 1048576, 4194304,
                        16777216, 67108864, 268435456, UINT64_MAX},
};

uint64_t sl_histogram_bound(enum sl_histogram_scale scale, size_t i)
{
    return bounds[scale][i];
}

void sl_histogram_add(struct sl_histogram *histogram, enum sl_histogram_scale scale, uint64_t value)
{
    size_t i = 0;

    while (value > bounds[scale][i]) {
        i++;
    }
    histogram->counts[i]++;
    histogram->sum += value;
}
