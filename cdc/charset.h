/*
 * charset.h - bytes of every character set of both servers to UTF-8, exactly as the servers
 * send them to a utf8mb4 connection (compared sequence by sequence:
 * tests/integration/check_charsets.py).
 *
 * MySQL and MariaDB agree on every well-formed text. They differ in what they make of bytes that
 * cannot be read, which neither lets in but old tables may hold; so a set is looked up for a
 * flavor: MySQL                        MariaDB text ends within a character            its bytes
 * are dropped        '?' for a byte big5, euckr, gb2312, gbk: lead byte     '?' for both bytes '?'
 * for the lead byte with an impossible second byte utf32 above U+10FFFF                    '?', or
 * up to U+1FFFFF four  '?' for a byte bytes as if it were UTF-8 Both give '?' for the first byte of
 * any other sequence that is none, and one '?' for a well-formed sequence that has no character.
 * utf8mb3 and utf8mb4 are not looked into.
 */
#ifndef SLUICE_CDC_CHARSET_H
#define SLUICE_CDC_CHARSET_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/source.h"

struct sl_charset;

enum { SL_COLLATION_BINARY = 63 };

/*
 * The character set of a collation id of a server of FLAVOR; NULL when unknown. The flavors share
 * the ids below 248; MySQL goes up to 323, MariaDB has 576 to 738, 1025 to 1270 (where a MySQL
 * server may have collations that its administrator defined: unknown) and 2048 up.
 * UNKNOWN knows the ids of both, and is MySQL for those and for unreadable bytes.
 */
const struct sl_charset *sl_charset_of(enum sl_flavor flavor, uint32_t collation);
/* The same with flavor UNKNOWN. */
const struct sl_charset *sl_charset_of_collation(uint32_t collation);
/* By name as in information_schema ("utf8mb4", "utf8", "latin1", "binary"); NULL when unknown. */
const struct sl_charset *sl_charset_named(enum sl_flavor flavor, struct sl_span name);
/* The same with flavor UNKNOWN. */
const struct sl_charset *sl_charset_by_name(const char *name);
const char *sl_charset_name(const struct sl_charset *charset);
/*
 * True when the bytes are UTF-8 (or binary) already and can be taken as they are: then do not call
 * sl_charset_to_utf8(). False for ascii, whose bytes from 0x80 up are '?'; it is as good as copied.
 */
bool sl_charset_is_utf8(const struct sl_charset *charset);
/* Bytes of the shortest character: 1, 2 (utf16, ucs2) or 4 (utf32). CHAR is padded in it. */
uint32_t sl_charset_min_bytes(const struct sl_charset *charset);

/*
 * Appends TEXT, converted, to OUT. The output is valid UTF-8 but for what the servers let through:
 * surrogates in ucs2 and utf32, and utf32 above U+10FFFF. SL_ELIMIT, SL_ENOMEM; OUT is then as
 * before. Thread-safe: everything it uses is constant.
 */
int sl_charset_to_utf8(const struct sl_charset *charset, struct sl_span text, struct sl_buf *out,
                       struct sl_err *err) SL_MUSTCHECK;

#endif
