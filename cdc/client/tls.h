/*
 * tls.h - where the two client libraries differ in logging in: TLS modes, the server's public
 * key for caching_sha2_password, the socket.
 */
#ifndef SLUICE_CDC_CLIENT_TLS_H
#define SLUICE_CDC_CLIENT_TLS_H

#include "cdc/client/connect.h"

/* Sets the options for TLS and authentication on a handle that is not connected yet. */
void sl_tls_prepare(struct sl_client *client);

/* After the login: SL_EAUTH when TLS is demanded and the connection has none. */
int sl_tls_check(struct sl_client *client, struct sl_err *err) SL_MUSTCHECK;

/* The descriptor of the connection. */
int sl_tls_socket(const struct sl_client *client);

#endif
