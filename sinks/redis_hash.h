/*
 * redis_hash.h - the fields of a hash of sluice's own.
 */
#ifndef SLUICE_SINKS_REDIS_HASH_H
#define SLUICE_SINKS_REDIS_HASH_H

#include "cdc/base/err.h"
#include "cdc/load_store.h"

struct sl_redis_client;

/* Calls EACH for the fields of sluice:{PIPELINE}:NAME, on a connection that is open; WHAT is the
 * purpose. What EACH returns, or SL_EIO, SL_EAUTH, SL_ESINK, SL_ESTOPPED. */
int sl_redis_hash_read(struct sl_redis_client *client, const char *pipeline, const char *name,
                       const char *what, sl_load_field_fn each, void *user,
                       struct sl_err *err) SL_MUSTCHECK;

#endif
