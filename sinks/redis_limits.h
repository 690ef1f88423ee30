/*
 * redis_limits.h - what a Redis takes.
 */
#ifndef SLUICE_SINKS_REDIS_LIMITS_H
#define SLUICE_SINKS_REDIS_LIMITS_H

#include <stdatomic.h>
#include <stddef.h>

#include "sinks/options.h"

/*
 * The bytes that one value may have (proto-max-bulk-len): with a longer one Redis ends the
 * connection. 0: it does not say, as it cannot be reached or the user may not ask. Connects; STOP,
 * which may be NULL, ends every wait.
 */
size_t sl_redis_value_limit(const struct sl_redis_options *options, const atomic_bool *stop);

#endif
