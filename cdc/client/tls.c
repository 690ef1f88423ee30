#include "cdc/client/tls.h"

static void set_files(struct sl_client *client)
{
    const struct sl_tls_options *tls = &client->options.tls;

    if (tls->ca != NULL) {
        (void)mysql_options(client->handle, MYSQL_OPT_SSL_CA, tls->ca);
    }
    if (tls->cert != NULL) {
        (void)mysql_options(client->handle, MYSQL_OPT_SSL_CERT, tls->cert);
    }
    if (tls->key != NULL) {
        (void)mysql_options(client->handle, MYSQL_OPT_SSL_KEY, tls->key);
    }
}

#if defined(SLUICE_CLIENT_MYSQL)

static unsigned library_mode(enum sl_tls_mode mode)
{
    switch (mode) {
    case SL_TLS_DISABLED:
        return SSL_MODE_DISABLED;
    case SL_TLS_REQUIRED:
        return SSL_MODE_REQUIRED;
    case SL_TLS_VERIFY_CA:
        return SSL_MODE_VERIFY_CA;
    case SL_TLS_VERIFY_IDENTITY:
        return SSL_MODE_VERIFY_IDENTITY;
    case SL_TLS_PREFERRED:
    default:
        return SSL_MODE_PREFERRED;
    }
}

void sl_tls_prepare(struct sl_client *client)
{
    unsigned mode = library_mode(client->options.tls.mode);
    bool fetch_key = true;

    if (client->options.tls.mode != SL_TLS_DISABLED) {
        set_files(client);
    }
    /* After the files: setting them raises the mode to one that verifies. */
    (void)mysql_options(client->handle, MYSQL_OPT_SSL_MODE, &mode);
    /* caching_sha2_password without TLS: the password goes encrypted with the server's RSA key. */
    (void)mysql_options(client->handle, MYSQL_OPT_GET_SERVER_PUBLIC_KEY, &fetch_key);
}

int sl_tls_socket(const struct sl_client *client)
{
    return client->handle->net.fd;
}

#else

/*
 * Connector/C: any option of TLS makes it offer TLS, a CA makes it verify the chain, and the
 * verify option the host's name too. Without that last one it goes on in clear with a server
 * that has no TLS, so sl_tls_check() looks afterwards. It fetches the RSA key by itself.
 */
void sl_tls_prepare(struct sl_client *client)
{
    enum sl_tls_mode mode = client->options.tls.mode;
    my_bool use = mode != SL_TLS_DISABLED ? 1 : 0;
    my_bool verify = mode == SL_TLS_VERIFY_IDENTITY ? 1 : 0;

    if (mode == SL_TLS_VERIFY_CA || mode == SL_TLS_VERIFY_IDENTITY) {
        set_files(client);
    } else if (use) {
        struct sl_tls_options *tls = &client->options.tls;
        const char *ca = tls->ca;

        tls->ca = NULL; /* with a CA the library would verify, which these modes do not ask for */
        set_files(client);
        tls->ca = ca;
    }
    (void)mysql_options(client->handle, MYSQL_OPT_SSL_ENFORCE, &use);
    (void)mysql_options(client->handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

int sl_tls_socket(const struct sl_client *client)
{
    return (int)mysql_get_socket(client->handle);
}

#endif

int sl_tls_check(struct sl_client *client, struct sl_err *err)
{
    enum sl_tls_mode mode = client->options.tls.mode;

    if (mode == SL_TLS_DISABLED || mode == SL_TLS_PREFERRED ||
        mysql_get_ssl_cipher(client->handle) != NULL) {
        return SL_OK;
    }
    return sl_err_set(err, SL_EAUTH,
                      "source %s:%u offers no TLS, which source.tls.mode demands: set ssl_cert and "
                      "ssl_key at the server or mode \"preferred\"",
                      client->options.host, client->options.port);
}
