/*
 * redis_row.h - reads one cached row.
 */
#ifndef SLUICE_SINKS_REDIS_ROW_H
#define SLUICE_SINKS_REDIS_ROW_H

#include <stdbool.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "sinks/options.h"

/* A field of a hash, or, NAME empty, the whole of a string. What it returns, if not SL_OK, ends the
 * reading. */
typedef int (*sl_redis_field_fn)(void *user, struct sl_span name, struct sl_span value);

/*
 * Connects and calls EACH for what KEY holds: the fields of a hash in its order, or (IS_STRING) a
 * string. SL_DONE: there is no such key. SL_ESINK: it holds something else.
 */
int sl_redis_row_read(const struct sl_redis_options *options, const char *key, bool is_string,
                      sl_redis_field_fn each, void *user, struct sl_err *err) SL_MUSTCHECK;

#endif
