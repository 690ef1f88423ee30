/*
 * json_string.h - bytes as a JSON string (RFC 8259): quotes, backslash and control characters
 * escaped in the shortest way, everything else as it is.
 */
#ifndef SLUICE_FILTERS_JSON_STRING_H
#define SLUICE_FILTERS_JSON_STRING_H

#include "cdc/base/buf.h"
#include "cdc/base/span.h"

/* Appends the string with its quotes. TEXT is UTF-8; U+FFFD stands for each byte that is not. */
int sl_json_string(struct sl_span text, struct sl_buf *out) SL_MUSTCHECK;
/* Quotes and escapes what OUT holds from AT on, in place. */
int sl_json_quote_tail(struct sl_buf *out, size_t at) SL_MUSTCHECK;
/* Appends the bytes as base64 (RFC 4648, padded) with quotes. */
int sl_json_base64(struct sl_span bytes, struct sl_buf *out) SL_MUSTCHECK;

#endif
