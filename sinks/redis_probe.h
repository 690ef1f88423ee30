/*
 * redis_probe.h - asks a Redis for the facts that redis_check.h judges. Nothing is written:
 * commands are tried by queueing them in a MULTI that is discarded, which is when the server looks
 * at privileges.
 */
#ifndef SLUICE_SINKS_REDIS_PROBE_H
#define SLUICE_SINKS_REDIS_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/err.h"
#include "sinks/options.h"
#include "sinks/redis_check.h"

/*
 * KEYS are COUNT keys that rows may have, to be tried. REMOVES_AGAIN: also what it takes to remove
 * keys once more. FACTS borrows PIPELINE and OPTIONS; release
 * facts->status in any case. Fails when the server cannot be reached or refuses the login.
 */
int sl_redis_probe(const struct sl_redis_options *options, const char *pipeline,
                   const char *const *keys, size_t count, bool removes_again,
                   struct sl_redis_facts *facts, struct sl_err *err) SL_MUSTCHECK;

#endif
