/*
 * table_regex.h - "/REGEX/" as the pattern of a table rule: a Perl-compatible regular expression
 * (PCRE2) that the whole "DATABASE.TABLE" has to match, as UTF-8 and by letter case.
 */
#ifndef SLUICE_FILTERS_TABLE_REGEX_H
#define SLUICE_FILTERS_TABLE_REGEX_H

#include <stdbool.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"

struct sl_table_regex; /* read only once made: several threads may match by one */

/* True when PATTERN is meant for a regular expression and not for a name. */
bool sl_table_regex_is_meant(const char *pattern);

/*
 * Compiles "/REGEX/". SL_EINVAL: it has no slash at its end, is empty or is no regular expression;
 * ERR says what and where. SL_ENOMEM. *OUT is owned by the caller.
 */
int sl_table_regex_new(const char *pattern, struct sl_table_regex **out,
                       struct sl_err *err) SL_MUSTCHECK;
void sl_table_regex_free(struct sl_table_regex *regex);

/*
 * SL_OK: DB.TABLE matches; SL_DONE: it does not; SL_EINVAL: that takes more steps than are allowed,
 * so it is not known. SL_ENOMEM.
 */
int sl_table_regex_match(const struct sl_table_regex *regex, struct sl_span db,
                         struct sl_span table) SL_MUSTCHECK;

/* False when no table of the database DB can match, whatever its name. */
bool sl_table_regex_may_match_in(const struct sl_table_regex *regex, struct sl_span db);

#endif
