/*
 * redis_status.h - what a pipeline's keys in a Redis say of it: who writes, how fresh, up to where.
 */
#ifndef SLUICE_SINKS_REDIS_STATUS_H
#define SLUICE_SINKS_REDIS_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/position.h"
#include "sinks/heartbeat.h"
#include "sinks/identity.h"
#include "sinks/options.h"

struct sl_redis_client;

struct sl_redis_status {
    bool has_heartbeat;
    struct sl_heartbeat_seen heartbeat;
    bool has_checkpoint;
    struct sl_position position; /* the last one written */
    bool has_lease;
    char holder[SL_IDENTITY_MAX];
    int64_t lease_left_ms; /* -1: it never runs out, which no sluice wrote */
};

/* Connects and reads. STATUS is to be released in any case. SL_EFORMAT: a key is not what sluice
 * writes. */
int sl_redis_status_read(const struct sl_redis_options *options, const char *pipeline,
                         struct sl_redis_status *status, struct sl_err *err) SL_MUSTCHECK;
/* The same on a connection that is open. */
int sl_redis_status_fetch(struct sl_redis_client *client, const char *pipeline,
                          struct sl_redis_status *status, struct sl_err *err) SL_MUSTCHECK;
void sl_redis_status_release(struct sl_redis_status *status);

#endif
