#include "cdc/base/xrand.h"

#include <sys/random.h>
#include <unistd.h>

#include "cdc/base/clock.h"

uint64_t sl_xrand_entropy(void)
{
    uint64_t seed;

    /* Early in boot the kernel's pool may not be ready; jitter is not worth waiting for it. */
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed)) {
        return seed;
    }
    return sl_clock_mono_us(sl_clock_real()) ^ (uint64_t)getpid() << 40;
}

uint64_t sl_xrand_next(struct sl_xrand *rand)
{
    uint64_t mixed;

    rand->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = rand->state;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

uint64_t sl_xrand_below(struct sl_xrand *rand, uint64_t bound)
{
    uint64_t uneven;
    uint64_t value;

    if (bound == 0) {
        return 0;
    }
    /* 2^64 is no multiple of BOUND: the first 2^64 mod BOUND values would come up once too often.
     */
    uneven = (0 - bound) % bound;
    do {
        value = sl_xrand_next(rand);
    } while (value < uneven);
    return value % bound;
}

uint64_t sl_xrand_jitter(struct sl_xrand *rand, uint64_t delay)
{
    uint64_t half = delay / 2;

    return delay - half + sl_xrand_below(rand, half + 1);
}
