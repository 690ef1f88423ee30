/*
 * xrand.h - a small seedable generator for jitter, sampling and tests: splitmix64 (Steele, Lea,
 * Flood: "Fast splittable pseudorandom number generators", 2014). Not for secrets.
 * One thread uses one state.
 */
#ifndef SLUICE_CDC_BASE_XRAND_H
#define SLUICE_CDC_BASE_XRAND_H

#include <stdint.h>

struct sl_xrand {
    uint64_t state; /* every value is a valid seed */
};

/* A seed that differs between processes and calls, from the kernel or, failing that, the clock. */
uint64_t sl_xrand_entropy(void);

/* The next 64 bits. */
uint64_t sl_xrand_next(struct sl_xrand *rand);

/* An even choice from 0 to BOUND - 1; 0 when BOUND is 0. */
uint64_t sl_xrand_below(struct sl_xrand *rand, uint64_t bound);

/*
 * DELAY spread evenly over its upper half, DELAY/2 to DELAY: what to wait before trying again, so
 * that daemons which lost the same server do not come back in step.
 */
uint64_t sl_xrand_jitter(struct sl_xrand *rand, uint64_t delay);

#endif
