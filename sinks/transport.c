#include "sinks/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sinks/transport_tls.h"

enum { SL_SLICE_MS = 100 }; /* how long a stop can go unnoticed */

const char *sl_redis_url(const struct sl_redis_options *options)
{
    static _Thread_local char url[300];

    if (options->scheme == SL_REDIS_UNIX) {
        (void)snprintf(url, sizeof(url), "redis+unix://%s", options->unix_path);
    } else {
        (void)snprintf(url, sizeof(url), "%s://%s:%u",
                       options->scheme == SL_REDIS_TLS ? "rediss" : "redis", options->host,
                       (unsigned)options->port);
    }
    return url;
}

static const char *reason(int error, char *buffer, size_t size)
{
    return strerror_r(error, buffer, size);
}

static int io_error(struct sl_err *err, const char *what, int error)
{
    char buffer[128];

    return sl_err_set(err, SL_EIO, "%s: %s", what, reason(error, buffer, sizeof(buffer)));
}

int sl_transport_wait(struct sl_transport *transport, short events, int *left_ms,
                      struct sl_err *err)
{
    for (;;) {
        struct pollfd entry = {.fd = transport->fd, .events = events};
        int slice = *left_ms < SL_SLICE_MS ? *left_ms : SL_SLICE_MS;
        int rc = poll(&entry, 1, slice);

        if (transport->stop != NULL && atomic_load(transport->stop)) {
            return sl_err_set(err, SL_ESTOPPED, "stopped");
        }
        if (rc > 0) {
            return SL_OK;
        }
        if (rc < 0 && errno != EINTR) {
            return io_error(err, "cannot wait for Redis", errno);
        }
        *left_ms -= slice;
        if (*left_ms <= 0) {
            return sl_err_set(err, SL_EIO, "Redis did not answer in time");
        }
    }
}

static int finish_connect(struct sl_transport *transport, int *left_ms, struct sl_err *err)
{
    int error = 0;
    socklen_t size = sizeof(error);
    int rc = sl_transport_wait(transport, POLLOUT, left_ms, err);

    if (rc != SL_OK) {
        return rc;
    }
    if (getsockopt(transport->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        error = errno;
    }
    return error == 0 ? SL_OK : io_error(err, "cannot connect", error);
}

static int connect_to(struct sl_transport *transport, const struct sockaddr *address,
                      socklen_t size, int *left_ms, struct sl_err *err)
{
    int rc;

    transport->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (transport->fd < 0) {
        return io_error(err, "cannot open a socket", errno);
    }
    if (connect(transport->fd, address, size) == 0) {
        return SL_OK;
    }
    rc = errno == EINPROGRESS ? finish_connect(transport, left_ms, err)
                              : io_error(err, "cannot connect", errno);
    if (rc != SL_OK) {
        (void)close(transport->fd);
        transport->fd = -1;
    }
    return rc;
}

static int connect_unix(struct sl_transport *transport, const char *path, int *left_ms,
                        struct sl_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path)) {
        return sl_err_set(err, SL_EINVAL, "a socket path may have at most %zu bytes",
                          sizeof(address.sun_path) - 1);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    return connect_to(transport, (const struct sockaddr *)&address, sizeof(address), left_ms, err);
}

static void tune(int fd)
{
    int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

static int connect_tcp(struct sl_transport *transport, const struct sl_redis_options *options,
                       int *left_ms, struct sl_err *err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char port[8];
    int rc;

    (void)snprintf(port, sizeof(port), "%u", (unsigned)options->port);
    rc = getaddrinfo(options->host, port, &hints, &list);
    if (rc != 0) {
        return sl_err_set(err, SL_EIO, "cannot find the host: %s", gai_strerror(rc));
    }
    rc = SL_EIO;
    for (const struct addrinfo *at = list; at != NULL && rc != SL_OK && rc != SL_ESTOPPED;
         at = at->ai_next) {
        rc = connect_to(transport, at->ai_addr, at->ai_addrlen, left_ms, err);
    }
    freeaddrinfo(list);
    if (rc == SL_OK) {
        tune(transport->fd);
    }
    return rc;
}

int sl_transport_open(struct sl_transport *transport, const struct sl_redis_options *options,
                      struct sl_err *err)
{
    int left_ms = (int)options->connect_timeout_ms;
    int rc;

    transport->fd = -1;
    transport->tls = NULL;
    rc = options->scheme == SL_REDIS_UNIX
             ? connect_unix(transport, options->unix_path, &left_ms, err)
             : connect_tcp(transport, options, &left_ms, err);
    if (rc == SL_OK && options->scheme == SL_REDIS_TLS) {
        rc = sl_tls_open(transport, options, &left_ms, err);
    }
    if (rc != SL_OK) {
        sl_transport_close(transport);
        (void)sl_err_prefix(err, "%s", sl_redis_url(options));
    }
    return rc;
}

void sl_transport_close(struct sl_transport *transport)
{
    sl_tls_free(transport->tls);
    transport->tls = NULL;
    if (transport->fd >= 0) {
        (void)close(transport->fd);
    }
    transport->fd = -1;
}

int sl_transport_write(struct sl_transport *transport, const struct iovec *iov, int count,
                       size_t *done, struct sl_err *err)
{
    ssize_t rc;

    if (transport->tls != NULL) {
        return sl_tls_write(transport->tls, iov, count, done, err);
    }
    rc = writev(transport->fd, iov, count);
    if (rc >= 0) {
        *done = (size_t)rc;
        return SL_OK;
    }
    return errno == EAGAIN || errno == EINTR
               ? SL_AGAIN
               : io_error(err, "the connection to Redis broke", errno);
}

int sl_transport_read(struct sl_transport *transport, void *data, size_t size, size_t *done,
                      struct sl_err *err)
{
    ssize_t rc;

    if (transport->tls != NULL) {
        return sl_tls_read(transport->tls, data, size, done, err);
    }
    rc = read(transport->fd, data, size);
    if (rc > 0) {
        *done = (size_t)rc;
        return SL_OK;
    }
    if (rc == 0) {
        return sl_err_set(err, SL_EIO, "Redis closed the connection");
    }
    return errno == EAGAIN || errno == EINTR
               ? SL_AGAIN
               : io_error(err, "the connection to Redis broke", errno);
}

bool sl_transport_has_pending(const struct sl_transport *transport)
{
    return transport->tls != NULL && sl_tls_has_pending(transport->tls);
}
