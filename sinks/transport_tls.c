#include "sinks/transport_tls.h"

#include <arpa/inet.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct sl_tls {
    SSL_CTX *context;
    SSL *ssl;
};

static int tls_error(struct sl_err *err, int status, const char *what)
{
    unsigned long code = ERR_get_error();
    char text[200] = "the connection was closed";

    if (code != 0) {
        ERR_error_string_n(code, text, sizeof(text));
    }
    ERR_clear_error();
    return sl_err_set(err, status, "%s: %s", what, text);
}

static int load_files(SSL_CTX *context, const struct sl_tls_options *options, struct sl_err *err)
{
    int ok = options->ca != NULL ? SSL_CTX_load_verify_file(context, options->ca)
                                 : SSL_CTX_set_default_verify_paths(context);

    if (ok != 1) {
        return tls_error(err, SL_EINVAL, "cannot read the certificates of tls.ca");
    }
    if (options->cert == NULL) {
        return SL_OK;
    }
    if (SSL_CTX_use_certificate_chain_file(context, options->cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, options->key, SSL_FILETYPE_PEM) != 1) {
        return tls_error(err, SL_EINVAL, "cannot use tls.cert and tls.key");
    }
    return SL_OK;
}

static int expect_host(SSL *ssl, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    bool is_address =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;

    return is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
                      : SSL_set1_host(ssl, host);
}

/* The macro casts to void *, so it gets a name that is not const. */
static int name_server(SSL *ssl, const char *host)
{
    char *name = strdup(host);

    if (name == NULL) {
        return SL_ENOMEM;
    }
    (void)SSL_set_tlsext_host_name(ssl, name);
    free(name);
    return SL_OK;
}

static int prepare(struct sl_tls *tls, const struct sl_redis_options *options, struct sl_err *err)
{
    int rc;

    tls->context = SSL_CTX_new(TLS_client_method());
    if (tls->context == NULL) {
        return SL_ENOMEM;
    }
    (void)SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
    SSL_CTX_set_mode(tls->context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    rc = load_files(tls->context, &options->tls, err);
    if (rc != SL_OK) {
        return rc;
    }
    if (options->tls.mode >= SL_TLS_VERIFY_CA) {
        SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
    }
    tls->ssl = SSL_new(tls->context);
    if (tls->ssl == NULL) {
        return SL_ENOMEM;
    }
    rc = name_server(tls->ssl, options->host);
    if (rc != SL_OK) {
        return rc;
    }
    if (options->tls.mode == SL_TLS_VERIFY_IDENTITY && expect_host(tls->ssl, options->host) != 1) {
        return tls_error(err, SL_EINVAL, "cannot verify the host name");
    }
    return SL_OK;
}

static int shake_hands(struct sl_transport *transport, struct sl_tls *tls, int *left_ms,
                       struct sl_err *err)
{
    for (;;) {
        int rc = SSL_connect(tls->ssl);
        int error;

        if (rc == 1) {
            return SL_OK;
        }
        error = SSL_get_error(tls->ssl, rc);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
            return tls_error(err, error == SSL_ERROR_SSL ? SL_EAUTH : SL_EIO, "TLS failed");
        }
        rc = sl_transport_wait(transport, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, left_ms,
                               err);
        if (rc != SL_OK) {
            return rc;
        }
    }
}

int sl_tls_open(struct sl_transport *transport, const struct sl_redis_options *options,
                int *left_ms, struct sl_err *err)
{
    struct sl_tls *tls = calloc(1, sizeof(*tls));
    int rc;

    if (tls == NULL) {
        return SL_ENOMEM;
    }
    transport->tls = tls; /* the transport's close frees it, whatever fails */
    rc = prepare(tls, options, err);
    if (rc == SL_OK && SSL_set_fd(tls->ssl, transport->fd) != 1) {
        rc = SL_ENOMEM;
    }
    return rc == SL_OK ? shake_hands(transport, tls, left_ms, err) : rc;
}

void sl_tls_free(struct sl_tls *tls)
{
    if (tls == NULL) {
        return;
    }
    SSL_free(tls->ssl);
    SSL_CTX_free(tls->context);
    free(tls);
}

static int judge(struct sl_tls *tls, int rc, struct sl_err *err)
{
    int error = SSL_get_error(tls->ssl, rc);

    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        return SL_AGAIN;
    }
    return tls_error(err, SL_EIO, "the TLS connection to Redis broke");
}

/* One piece a call: the caller comes again for the rest. */
int sl_tls_write(struct sl_tls *tls, const struct iovec *iov, int count, size_t *done,
                 struct sl_err *err)
{
    for (int i = 0; i < count; i++) {
        size_t len = iov[i].iov_len;
        int rc;

        if (len == 0) {
            continue;
        }
        ERR_clear_error();
        rc = SSL_write(tls->ssl, iov[i].iov_base, len < INT_MAX ? (int)len : INT_MAX);
        if (rc <= 0) {
            return judge(tls, rc, err);
        }
        *done = (size_t)rc;
        return SL_OK;
    }
    *done = 0;
    return SL_OK;
}

int sl_tls_read(struct sl_tls *tls, void *data, size_t size, size_t *done, struct sl_err *err)
{
    int rc;

    ERR_clear_error();
    rc = SSL_read(tls->ssl, data, size < INT_MAX ? (int)size : INT_MAX);
    if (rc <= 0) {
        return judge(tls, rc, err);
    }
    *done = (size_t)rc;
    return SL_OK;
}

bool sl_tls_has_pending(const struct sl_tls *tls)
{
    return SSL_pending(tls->ssl) > 0;
}
