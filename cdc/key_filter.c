#include "cdc/key_filter.h"

#include <stdlib.h>

#include "cdc/base/hash.h"
#include "cdc/base/xrand.h"

enum {
    SL_FILTER_PROBES = 8,
    SL_FILTER_BITS_A_KEY = 128, /* an estimate may be half of what comes */
    /*
     * A bit of a filter with BITS bits for each key is set with the chance 1 - e^(-8/BITS), and all
     * of 8 with that to the power of 8, which is 0.95 millionths for 41.
     */
    SL_FILTER_BITS_LEAST = 41,
};

#define SL_FILTER_BITS_MIN (UINT64_C(1) << 19)
#define SL_FILTER_BITS_MAX (UINT64_C(1) << 29)

struct sl_key_filter {
    uint64_t *words;
    uint64_t mask; /* of bit numbers */
    uint64_t count;
    uint64_t seed;
};

struct sl_key_filter *sl_key_filter_new(uint64_t count)
{
    struct sl_key_filter *filter = calloc(1, sizeof(*filter));
    uint64_t bits = SL_FILTER_BITS_MIN;

    if (filter == NULL) {
        return NULL;
    }
    while (bits < SL_FILTER_BITS_MAX && bits / SL_FILTER_BITS_A_KEY < count) {
        bits *= 2;
    }
    filter->words = calloc(bits / 64, sizeof(*filter->words));
    filter->mask = bits - 1;
    filter->seed = sl_xrand_entropy();
    if (filter->words == NULL) {
        free(filter);
        return NULL;
    }
    return filter;
}

void sl_key_filter_free(struct sl_key_filter *filter)
{
    if (filter != NULL) {
        free(filter->words);
        free(filter);
    }
}

/* Two hashes make as many bit numbers as are wanted. */
struct probe {
    uint64_t at;
    uint64_t step;
};

static struct probe start(const struct sl_key_filter *filter, struct sl_span key)
{
    uint64_t hash = sl_hash_bytes(key.data, key.len, filter->seed);

    return (struct probe){.at = hash, .step = sl_hash_u64(hash, ~filter->seed) | 1};
}

void sl_key_filter_add(struct sl_key_filter *filter, struct sl_span key)
{
    struct probe probe = start(filter, key);

    for (int i = 0; i < SL_FILTER_PROBES; i++) {
        uint64_t bit = probe.at & filter->mask;

        filter->words[bit / 64] |= UINT64_C(1) << (bit % 64);
        probe.at += probe.step;
    }
    filter->count++;
}

bool sl_key_filter_has(const struct sl_key_filter *filter, struct sl_span key)
{
    struct probe probe = start(filter, key);

    if (filter->count > (filter->mask + 1) / SL_FILTER_BITS_LEAST) {
        return false;
    }
    for (int i = 0; i < SL_FILTER_PROBES; i++) {
        uint64_t bit = probe.at & filter->mask;

        if ((filter->words[bit / 64] >> (bit % 64) & 1) == 0) {
            return false;
        }
        probe.at += probe.step;
    }
    return true;
}
