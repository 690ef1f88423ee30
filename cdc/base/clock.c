#include "cdc/base/clock.h"

#include <time.h>

static struct timespec read_clock(clockid_t id)
{
    struct timespec now = {0};

    /* Both clocks exist on every Linux, and the pointer is ours: there is no failure to report. */
    (void)clock_gettime(id, &now);
    return now;
}

static uint64_t real_mono_us(void *user)
{
    struct timespec now = read_clock(CLOCK_MONOTONIC);

    (void)user;
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t real_wall_ms(void *user)
{
    struct timespec now = read_clock(CLOCK_REALTIME);

    (void)user;
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

const struct sl_clock *sl_clock_real(void)
{
    static const struct sl_clock real = {.mono_us = real_mono_us, .wall_ms = real_wall_ms};

    return &real;
}
