/*
 * transport.h - one connection to a Redis: TCP, TLS or a Unix socket.
 *
 * Opening waits (in slices, so that a stop is noticed); after that nothing blocks.
 */
#ifndef SLUICE_SINKS_TRANSPORT_H
#define SLUICE_SINKS_TRANSPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "cdc/base/err.h"
#include "sinks/options.h"

struct sl_tls; /* transport_tls.h */

struct sl_transport {
    int fd; /* -1 while closed */
    struct sl_tls *tls;
    const atomic_bool *stop; /* borrowed; true ends every wait with SL_ESTOPPED */
};

/* Connects within options->connect_timeout_ms. SL_EIO, SL_EAUTH (TLS refused), SL_EINVAL,
 * SL_ESTOPPED. */
int sl_transport_open(struct sl_transport *transport, const struct sl_redis_options *options,
                      struct sl_err *err) SL_MUSTCHECK;
void sl_transport_close(struct sl_transport *transport);

/* Writes what can be written now; *DONE is how much. SL_AGAIN when that is nothing. SL_EIO. */
int sl_transport_write(struct sl_transport *transport, const struct iovec *iov, int count,
                       size_t *done, struct sl_err *err) SL_MUSTCHECK;
/* Reads what is there now. SL_AGAIN: nothing; SL_EIO: also when the peer has closed. */
int sl_transport_read(struct sl_transport *transport, void *data, size_t size, size_t *done,
                      struct sl_err *err) SL_MUSTCHECK;
/* Waits for EVENTS (POLLIN, POLLOUT) until *LEFT_MS are over, which it counts down. SL_EIO:
 * timeout. */
int sl_transport_wait(struct sl_transport *transport, short events, int *left_ms,
                      struct sl_err *err) SL_MUSTCHECK;
/* True when decrypted bytes wait that poll() cannot see. */
bool sl_transport_has_pending(const struct sl_transport *transport);

/* "redis://host:port" or "redis+unix://path" for messages; valid until the next call by the thread.
 */
const char *sl_redis_url(const struct sl_redis_options *options);

#endif
