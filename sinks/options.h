/*
 * options.h - how to reach a Redis: plain values that the loader fills and owns.
 */
#ifndef SLUICE_SINKS_OPTIONS_H
#define SLUICE_SINKS_OPTIONS_H

#include <stdint.h>

#include "cdc/options.h"

enum sl_redis_scheme {
    SL_REDIS_TCP,  /* redis:// */
    SL_REDIS_TLS,  /* rediss:// */
    SL_REDIS_UNIX, /* redis+unix:// */
};

struct sl_redis_options {
    const char *name; /* differs between the sinks of a pipeline; for messages and metrics */
    enum sl_redis_scheme scheme;
    const char *host;      /* NULL for a Unix socket; an IPv6 address stands without brackets */
    uint16_t port;         /* 0 for a Unix socket */
    const char *unix_path; /* NULL but for a Unix socket */
    uint32_t db;
    const char *user;     /* ACL user; NULL: the default one */
    const char *password; /* NULL: none */
    /* mode is SL_TLS_DISABLED but for SL_REDIS_TLS, and then REQUIRED, VERIFY_CA or
       VERIFY_IDENTITY. ca NULL: the system's certificates. cert and key come together. */
    struct sl_tls_options tls;
    uint32_t connect_timeout_ms;
};

#endif
