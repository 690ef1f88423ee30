/*
 * redis_row.h - reads one cached row.
 */
#ifndef SLUICE_SINKS_REDIS_ROW_H
#define SLUICE_SINKS_REDIS_ROW_H

#include <stdbool.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "sinks/options.h"

/* As what a row is kept. */
enum sl_row_kind {
    SL_ROW_HASH,
    SL_ROW_STRING,
    SL_ROW_DOCUMENT, /* of the server's JSON type */
};

/* A field of a hash, or, NAME empty, the whole of a string. What it returns, if not SL_OK, ends the
 * reading. */
typedef int (*sl_redis_field_fn)(void *user, struct sl_span name, struct sl_span value);

/*
 * Connects and calls EACH for what KEY holds: the fields of a hash in its order, or the whole of
 * another KIND. SL_DONE: there is no such key. SL_ESINK: it holds something else.
 */
int sl_redis_row_read(const struct sl_redis_options *options, const char *key,
                      enum sl_row_kind kind, sl_redis_field_fn each, void *user,
                      struct sl_err *err) SL_MUSTCHECK;

#endif
