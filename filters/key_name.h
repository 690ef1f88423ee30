/*
 * key_name.h - the names of databases and tables in keys: {db}, {table}, and rewritten by a regular
 * expression, {table:/_[0-9]+$//}, so that the tables of a sharded one share their keys' front.
 *
 * REGEX is one of PCRE2, as UTF-8, and may match any part of the name; the first match gives way to
 * REPLACEMENT, in which $1 or ${name} stand for groups. A name without a match stays as it is.
 */
#ifndef SLUICE_FILTERS_KEY_NAME_H
#define SLUICE_FILTERS_KEY_NAME_H

#include "filters/key_text.h"

/* True for placeholders of names, rewritten or not. */
bool sl_key_is_name(const struct sl_key_token *token);

/* Checks what can be checked without a name. SL_EINVAL: no regular expression; SL_ENOMEM. */
int sl_key_check_name(const struct sl_key_token *token, struct sl_err *err) SL_MUSTCHECK;

/*
 * Appends the name that TOKEN stands for, percent-encoded. SL_EINVAL: the regular expression takes
 * too many steps for it, or the replacement names a group that is not there. SL_ENOMEM.
 */
int sl_key_add_name(const struct sl_key_token *token, struct sl_span db, struct sl_span table,
                    struct sl_buf *out, struct sl_err *err) SL_MUSTCHECK;

#endif
