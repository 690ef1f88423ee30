/*
 * request.h - one command, one reply, waited for: what a session does before it streams, and
 * what a purge does while nothing else is on the way.
 */
#ifndef SLUICE_SINKS_REQUEST_H
#define SLUICE_SINKS_REQUEST_H

#include <hiredis/hiredis.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "sinks/transport.h"

struct sl_request {
    struct sl_transport *transport; /* borrowed */
    redisReader *reader;            /* builds whole reply objects */
    struct sl_buf out;
    int timeout_ms; /* for each reply */
};

int sl_request_init(struct sl_request *request, struct sl_transport *transport,
                    int timeout_ms) SL_MUSTCHECK;
void sl_request_release(struct sl_request *request);

/* Sends the bytes in request->out (COUNT commands) and empties it. */
int sl_request_send(struct sl_request *request, struct sl_err *err) SL_MUSTCHECK;
/* Waits for one reply, to be freed with freeReplyObject(). An error reply is a reply: look at its
 * type. */
int sl_request_receive(struct sl_request *request, redisReply **reply,
                       struct sl_err *err) SL_MUSTCHECK;
/* Sends one command of C strings and waits for its reply. */
int sl_request_call(struct sl_request *request, size_t count, const char *const *args,
                    redisReply **reply, struct sl_err *err) SL_MUSTCHECK;

/* The status that an error reply stands for, with its sentence in ERR; SL_OK for any other reply.
 */
int sl_reply_status(const char *what, const redisReply *reply, struct sl_err *err) SL_MUSTCHECK;
/* The same from the error's text. */
int sl_reply_text_status(const char *what, const char *text, struct sl_err *err) SL_MUSTCHECK;

#endif
