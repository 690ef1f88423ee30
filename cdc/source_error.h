/*
 * source_error.h - what the server's and the client library's errors mean for a reader of the
 * binary log: a status that says what to do next, and one sentence with the remedy. Pure, so
 * that it is tested without a server. No sentence ever holds a password.
 *
 * Which status for what:
 *   SL_EIO     the network, a restart, a lock: try again
 *   SL_EAUTH   the server refuses this client: password, privilege, TLS, or the identity, when
 *              another reader uses the same server id. A second reader is not SL_EIO because
 *              two that reconnect would throw each other out for ever.
 *   SL_EINVAL  a setting or a given position is wrong
 *   SL_EGAP    the position's binary log or transactions are gone
 */
#ifndef SLUICE_CDC_SOURCE_ERROR_H
#define SLUICE_CDC_SOURCE_ERROR_H

#include <stdint.h>

#include "cdc/base/err.h"

/* Who talked to whom, for the sentences. */
struct sl_source_peer {
    const char *host;
    uint16_t port;
    const char *user;
};

/* An error of the server or the client library: its number and its text. */
struct sl_source_fault {
    unsigned code;
    const char *text;
};

/* The login failed. Returns the status that it stores in ERR. */
int sl_source_error_connect(const struct sl_source_peer *peer, const struct sl_source_fault *fault,
                            struct sl_err *err);

/* A statement failed; WHAT names its purpose ("read the position of the binary log"). */
int sl_source_error_query(const struct sl_source_peer *peer, const char *what,
                          const struct sl_source_fault *fault, struct sl_err *err);

/* The stream of events, asked for from WHERE ("binlog.000003:4"), ended with an error. */
int sl_source_error_stream(const struct sl_source_peer *peer, const char *where,
                           const struct sl_source_fault *fault, struct sl_err *err);

#endif
