/*
 * stream_name.h - the names of the Redis Streams that changes are appended to: templates as those
 * of keys (key.h), of {db} and {table} only, as rows of a table share one.
 */
#ifndef SLUICE_FILTERS_STREAM_NAME_H
#define SLUICE_FILTERS_STREAM_NAME_H

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"

/* Checks what can be checked without a table. SL_EINVAL, SL_ENOMEM. */
int sl_stream_name_check(const char *text, struct sl_err *err) SL_MUSTCHECK;

/* Appends the name of the stream of DB.TABLE; fails as sl_key_add_name(). */
int sl_stream_name_add(const char *text, struct sl_span db, struct sl_span table,
                       struct sl_buf *out, struct sl_err *err) SL_MUSTCHECK;

#endif
