/*
 * load_store.h - cdc/load_store.h on a connection of its own to a Redis: it reads what is to be
 * loaded, and which keys there are.
 */
#ifndef SLUICE_SINKS_LOAD_STORE_H
#define SLUICE_SINKS_LOAD_STORE_H

#include "cdc/load_store.h"
#include "sinks/options.h"

/* OPTIONS are borrowed. Connects at its first call. NULL when out of memory. */
struct sl_load_store *sl_redis_load_store_new(const struct sl_redis_options *options,
                                              const char *pipeline);

#endif
