/*
 * redis_lock.h - one at a time: a key that its holder keeps alive, for commands of which two would
 * be in each other's way. Nothing depends on it for being right.
 */
#ifndef SLUICE_SINKS_REDIS_LOCK_H
#define SLUICE_SINKS_REDIS_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "sinks/options.h"

struct sl_redis_lock;

/*
 * Takes the lock sluice:{PIPELINE}:NAME for this process. SL_AGAIN: somebody else has it, ERR says
 * who since when (no sentence of an error). SL_EIO, SL_EAUTH, SL_ESINK, SL_ESTOPPED.
 */
int sl_redis_lock_take(const struct sl_redis_options *options, const char *pipeline,
                       const char *name, const atomic_bool *stop, struct sl_redis_lock **lock,
                       struct sl_err *err) SL_MUSTCHECK;
/* Keeps it for some time more, if that is needed by now; to be called at least every ten seconds.
 * SL_EFENCED: it has been lost. */
int sl_redis_lock_renew(struct sl_redis_lock *lock, struct sl_err *err) SL_MUSTCHECK;
/* Gives it back, if it is still this process's, and frees LOCK. NULL is fine. */
void sl_redis_lock_release(struct sl_redis_lock *lock);

#endif
