/*
 * shared_config.h - a configuration that several pipelines use, each for as long as it needs it.
 */
#ifndef SLUICE_CMD_SHARED_CONFIG_H
#define SLUICE_CMD_SHARED_CONFIG_H

#include <stdatomic.h>

#include "conf/config.h"

struct sl_shared_config {
    struct sl_config *config;
    atomic_uint users;
};

/* Takes CONFIG over, for one user. NULL when out of memory: then CONFIG is freed. */
struct sl_shared_config *sl_shared_config_new(struct sl_config *config);
/* One user more; returns SHARED. Thread-safe. */
struct sl_shared_config *sl_shared_config_use(struct sl_shared_config *shared);
/* One user less; the last one frees it. NULL is fine. Thread-safe. */
void sl_shared_config_drop(struct sl_shared_config *shared);

#endif
