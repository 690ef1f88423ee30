/*
 * wait.h - waiting on a condition for some time, by the clock that nobody sets.
 */
#ifndef SLUICE_CDC_BASE_WAIT_H
#define SLUICE_CDC_BASE_WAIT_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "cdc/base/status.h"

/* A condition whose timed waits go by deadlines of sl_wait_until(). SL_ENOMEM. */
int sl_wait_init(pthread_cond_t *condition) SL_MUSTCHECK;

/* The moment in MS milliseconds. */
struct timespec sl_wait_until(uint64_t ms);

#endif
