/*
 * redis_hash.h - the fields of a hash of sluice's own.
 */
#ifndef SLUICE_SINKS_REDIS_HASH_H
#define SLUICE_SINKS_REDIS_HASH_H

#include "cdc/base/err.h"
#include "cdc/load_store.h"

struct sl_redis_client;

/* sluice:{PIPELINE}:NAME; WHAT is the purpose, for the sentence of an error. */
struct sl_redis_hash {
    const char *pipeline;
    const char *name;
    const char *what;
};

/* Calls EACH for its fields, on a connection that is open. What EACH returns, or SL_EIO, SL_EAUTH,
 * SL_ESINK, SL_ESTOPPED. */
int sl_redis_hash_read(struct sl_redis_client *client, const struct sl_redis_hash *hash,
                       sl_load_field_fn each, void *user, struct sl_err *err) SL_MUSTCHECK;

#endif
