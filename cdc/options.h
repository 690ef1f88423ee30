/*
 * options.h - how to reach a source: plain values that the loader fills.
 */
#ifndef SLUICE_CDC_OPTIONS_H
#define SLUICE_CDC_OPTIONS_H

#include <stdint.h>

enum sl_tls_mode {
    SL_TLS_DISABLED,
    SL_TLS_PREFERRED, /* TLS when the server offers it */
    SL_TLS_REQUIRED,
    SL_TLS_VERIFY_CA,       /* and the certificate must come from tls.ca */
    SL_TLS_VERIFY_IDENTITY, /* and must name the host */
};

struct sl_tls_options {
    enum sl_tls_mode mode;
    const char *ca; /* PEM files; NULL: none */
    const char *cert;
    const char *key;
};

struct sl_source_options {
    const char *host;
    uint16_t port;
    const char *user;
    const char *password; /* NULL: none */
    uint32_t server_id;   /* 1 and up; must be this reader's own among all replicas */
    struct sl_tls_options tls;
    uint32_t heartbeat_ms;
    uint32_t connect_timeout_ms;
};

#endif
