/*
 * charset.h - bytes of every character set of both servers to UTF-8, exactly as the servers'
 * own CONVERT(… USING utf8mb4) does it (mappings were compared code point by code point).
 */
#ifndef SLUICE_CDC_CHARSET_H
#define SLUICE_CDC_CHARSET_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"

struct sl_charset;

enum { SL_COLLATION_BINARY = 63 };

/*
 * The character set of a collation id (MySQL and MariaDB share the ids below 256; MariaDB's
 * uca1400 ids from 2048 up and MySQL's up to 323 are known too); NULL when unknown.
 */
const struct sl_charset *sl_charset_of_collation(uint32_t collation);
/* By name as in information_schema ("utf8mb4", "latin1", "binary"); NULL when unknown. */
const struct sl_charset *sl_charset_by_name(const char *name);
const char *sl_charset_name(const struct sl_charset *charset);
/* True when the bytes are UTF-8 (or ASCII, or binary) already and can be taken as they are. */
bool sl_charset_is_utf8(const struct sl_charset *charset);
/* Bytes of the shortest character: 1, 2 (utf16, ucs2) or 4 (utf32). CHAR is padded in it. */
uint32_t sl_charset_min_bytes(const struct sl_charset *charset);

/*
 * Appends TEXT, converted, to OUT. A sequence that is invalid in CHARSET becomes '?', as the servers do.
 * Thread-safe: any state is per thread or immutable.
 */
int sl_charset_to_utf8(const struct sl_charset *charset, struct sl_span text, struct sl_buf *out,
                       struct sl_err *err) SL_MUSTCHECK;

#endif
