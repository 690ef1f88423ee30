#include "tests/support/fail_alloc.h"

#include <stdatomic.h>

#include "tests/support/check.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static atomic_bool is_armed;
static atomic_bool fails_on; /* the ones behind it, too */
static atomic_ulong left;    /* allocations until the one that fails */
static atomic_bool has_failed;

static bool must_fail(void)
{
    if (!atomic_load(&is_armed)) {
        return false;
    }
    if (atomic_load(&has_failed)) {
        return atomic_load(&fails_on);
    }
    if (atomic_fetch_sub(&left, 1) > 1) {
        return false;
    }
    atomic_store(&has_failed, true);
    return true;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return must_fail() ? NULL : __real_realloc(old, size);
}

/* True when an allocation failed. */
static bool run_failing(sl_fail_alloc_fn work, void *user, unsigned long number, bool on,
                        bool may_cope)
{
    int rc;

    atomic_store(&left, number);
    atomic_store(&has_failed, false);
    atomic_store(&fails_on, on);
    atomic_store(&is_armed, true);
    rc = work(user);
    atomic_store(&is_armed, false);
    if (rc != (atomic_load(&has_failed) ? SL_ENOMEM : SL_OK) && !(may_cope && rc == SL_OK)) {
        fail_msg("allocation %lu fails%s: status %d", number, on ? " and all behind it" : "", rc);
    }
    return atomic_load(&has_failed);
}

unsigned long sl_fail_alloc_each(sl_fail_alloc_fn work, void *user, bool may_cope)
{
    unsigned long number = 1;

    while (run_failing(work, user, number, false, may_cope) &&
           run_failing(work, user, number, true, may_cope)) {
        number++;
    }
    return number - 1;
}
