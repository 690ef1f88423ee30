/*
 * redis_client.h - a connection that is logged in and waits for every reply: for commands that look
 * at a Redis and hold no lease.
 */
#ifndef SLUICE_SINKS_REDIS_CLIENT_H
#define SLUICE_SINKS_REDIS_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/err.h"
#include "sinks/options.h"
#include "sinks/request.h"
#include "sinks/transport.h"

struct sl_redis_client {
    struct sl_transport transport;
    struct sl_request request;
};

/* Connects, logs in and selects the database. Errors name the server. Does not move once it is
 * open. */
int sl_redis_client_open(struct sl_redis_client *client, const struct sl_redis_options *options,
                         struct sl_err *err) SL_MUSTCHECK;
/* The same; STOP (borrowed) turning true ends this and every later wait with SL_ESTOPPED. */
int sl_redis_client_open_until(struct sl_redis_client *client,
                               const struct sl_redis_options *options, const atomic_bool *stop,
                               struct sl_err *err) SL_MUSTCHECK;
/* A client that failed to open is closed already; again is fine. */
void sl_redis_client_close(struct sl_redis_client *client);

/*
 * Sends one command of C strings. An error reply is the status that it stands for, with WHAT, the
 * purpose, in its sentence; any other is to be freed with freeReplyObject().
 */
int sl_redis_client_call(struct sl_redis_client *client, const char *what, size_t count,
                         const char *const *args, redisReply **reply,
                         struct sl_err *err) SL_MUSTCHECK;

/* AUTH and SELECT as OPTIONS have it, on a connection of any kind. */
int sl_redis_log_in(struct sl_request *request, const struct sl_redis_options *options,
                    struct sl_err *err) SL_MUSTCHECK;

/* The value of the line "NAME:VALUE" of INFO's text, cut to fit; false when there is no such line.
 */
bool sl_redis_info(const char *info, const char *name, char *out, size_t size);

#endif
