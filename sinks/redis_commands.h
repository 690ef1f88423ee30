/*
 * redis_commands.h - does a server know a command?
 */
#ifndef SLUICE_SINKS_REDIS_COMMANDS_H
#define SLUICE_SINKS_REDIS_COMMANDS_H

#include <stdatomic.h>

#include "cdc/base/err.h"
#include "sinks/options.h"

/* SL_ESINK: it does not know JSON.SET, which ERR says; and as the opening of a connection. STOP
 * ends every wait. */
int sl_redis_must_know_json(const struct sl_redis_options *options, const atomic_bool *stop,
                            struct sl_err *err) SL_MUSTCHECK;

#endif
