/*
 * clock.h - time as a parameter, so that tests can move it by hand.
 *
 * Code that waits, times out or stamps takes a const struct sl_clock * and asks it; nothing but
 * clock.c calls clock_gettime(). Durations are measured on the monotonic clock, which no
 * administrator sets back; the wall clock is only for what people or other machines read.
 */
#ifndef SLUICE_CDC_BASE_CLOCK_H
#define SLUICE_CDC_BASE_CLOCK_H

#include <stdint.h>

struct sl_clock {
    uint64_t (*mono_us)(void *user); /* microseconds since some fixed moment; never goes back */
    uint64_t (*wall_ms)(void *user); /* milliseconds since 1970-01-01 UTC */
    void *user;                      /* borrowed, handed to both */
};

/* The system's clock: static, thread-safe. */
const struct sl_clock *sl_clock_real(void);

static inline uint64_t sl_clock_mono_us(const struct sl_clock *clock)
{
    return clock->mono_us(clock->user);
}

static inline uint64_t sl_clock_mono_ms(const struct sl_clock *clock)
{
    return clock->mono_us(clock->user) / 1000;
}

static inline uint64_t sl_clock_wall_ms(const struct sl_clock *clock)
{
    return clock->wall_ms(clock->user);
}

#endif
