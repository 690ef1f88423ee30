/*
 * transport_tls.h - TLS under a transport, with OpenSSL.
 */
#ifndef SLUICE_SINKS_TRANSPORT_TLS_H
#define SLUICE_SINKS_TRANSPORT_TLS_H

#include "sinks/transport.h"

/* Shakes hands on transport->fd and sets transport->tls. */
int sl_tls_open(struct sl_transport *transport, const struct sl_redis_options *options,
                int *left_ms, struct sl_err *err) SL_MUSTCHECK;
void sl_tls_free(struct sl_tls *tls);
/* As the functions of transport.h. */
int sl_tls_write(struct sl_tls *tls, const struct iovec *iov, int count, size_t *done,
                 struct sl_err *err) SL_MUSTCHECK;
int sl_tls_read(struct sl_tls *tls, void *data, size_t size, size_t *done,
                struct sl_err *err) SL_MUSTCHECK;
bool sl_tls_has_pending(const struct sl_tls *tls);

#endif
