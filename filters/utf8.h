/*
 * utf8.h - is it UTF-8? Servers check what they store, but not everything: columns filled under old
 * versions, surrogates that stand alone in utf8mb3 and ucs2, character sets that are not known
 * here.
 */
#ifndef SLUICE_FILTERS_UTF8_H
#define SLUICE_FILTERS_UTF8_H

#include <stdbool.h>

#include "cdc/base/buf.h"
#include "cdc/base/span.h"

/* How many bytes at the beginning are whole characters of well-formed UTF-8 (Unicode 15, table
 * 3-7). */
size_t sl_utf8_valid_bytes(const uint8_t *data, size_t len);

static inline bool sl_utf8_is_valid(struct sl_span text)
{
    return sl_utf8_valid_bytes(text.data, text.len) == text.len;
}

/* Puts U+FFFD for each byte behind AT that belongs to no character. Without any, OUT is not
 * touched. */
int sl_utf8_repair_tail(struct sl_buf *out, size_t at) SL_MUSTCHECK;

#endif
