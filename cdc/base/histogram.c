#include "cdc/base/histogram.h"

/* A local Redis answers a small group in about 0.1 ms, and a stalled one is given up after 30 s. */
static const uint64_t bounds_us[SL_HISTOGRAM_BUCKETS] = {
    100,   250,    500,    1000,    2500,    5000,     10000,
    25000, 100000, 250000, 1000000, 5000000, 30000000, UINT64_MAX,
};

uint64_t sl_histogram_bound_us(size_t i)
{
    return bounds_us[i];
}

void sl_histogram_add(struct sl_histogram *histogram, uint64_t us)
{
    size_t i = 0;

    while (us > bounds_us[i]) {
        i++;
    }
    histogram->counts[i]++;
    histogram->sum_us += us;
}
