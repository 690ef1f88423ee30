/*
 * redis_memory.h - an estimate of what a row takes in the memory of Redis, from the sizes of what
 * Redis allocates for it. Pure.
 */
#ifndef SLUICE_SINKS_REDIS_MEMORY_H
#define SLUICE_SINKS_REDIS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "cdc/held.h"

/*
 * About how many bytes `used_memory` grows by a key of KEY_BYTES that holds HELD, its places in the
 * tables of the database's keys included. 0 for no key.
 */
uint64_t sl_redis_memory(size_t key_bytes, const struct sl_held *held);

#endif
