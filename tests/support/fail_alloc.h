/*
 * fail_alloc.h - makes an allocation of the code under test fail. Works in programs that are linked
 * with --wrap for malloc, calloc and realloc (tests named test_alloc_*), for what is linked
 * statically: shared libraries keep their memory.
 */
#ifndef SLUICE_TESTS_SUPPORT_FAIL_ALLOC_H
#define SLUICE_TESTS_SUPPORT_FAIL_ALLOC_H

#include <stdbool.h>

/* WORK returns SL_OK or a negative status and frees whatever it allocated. */
typedef int (*sl_fail_alloc_fn)(void *user);

/*
 * Runs WORK again and again: each time the next of its allocations fails, first alone, then it and
 * all behind it, until one run comes through. Each failure must be answered with SL_ENOMEM. Returns
 * how many allocations there were.
 */
unsigned long sl_fail_alloc_each(sl_fail_alloc_fn work, void *user, bool may_cope);

#endif
