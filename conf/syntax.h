/*
 * syntax.h - is this text JSON with comments? Says where not, exactly, which the JSON library
 * does not; and is stricter: no NUL, no invalid UTF-8, no control characters in strings, no
 * leading zeros, limited nesting. What passes here fails in the library only for want of memory.
 */
#ifndef SLUICE_CONF_SYNTAX_H
#define SLUICE_CONF_SYNTAX_H

#include <stddef.h>

#include "cdc/base/err.h"

/*
 * Overwrites the comments (and a byte order mark) in the LEN bytes at TEXT with spaces, so that
 * every offset stays, and checks the rest. SL_EINVAL: "NAME:LINE:COLUMN: expected …, found …".
 * At most one character of the text is shown: it may be part of a secret.
 */
int sl_conf_check_syntax(const char *name, char *text, size_t len, struct sl_err *err) SL_MUSTCHECK;

#endif
