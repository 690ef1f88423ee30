#include "cmd/shared_config.h"

#include <stdlib.h>

struct sl_shared_config *sl_shared_config_new(struct sl_config *config)
{
    struct sl_shared_config *shared = calloc(1, sizeof(*shared));

    if (shared == NULL) {
        sl_config_free(config);
        return NULL;
    }
    shared->config = config;
    atomic_store(&shared->users, 1);
    return shared;
}

struct sl_shared_config *sl_shared_config_use(struct sl_shared_config *shared)
{
    (void)atomic_fetch_add(&shared->users, 1);
    return shared;
}

void sl_shared_config_drop(struct sl_shared_config *shared)
{
    if (shared != NULL && atomic_fetch_sub(&shared->users, 1) == 1) {
        sl_config_free(shared->config);
        free(shared);
    }
}
