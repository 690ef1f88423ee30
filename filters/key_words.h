/*
 * key_words.h - the key of a row from what a person types: the names and the values of the
 * template's columns.
 */
#ifndef SLUICE_FILTERS_KEY_WORDS_H
#define SLUICE_FILTERS_KEY_WORDS_H

#include <stddef.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"

/* What a row is named by; all borrowed. */
struct sl_key_words {
    struct sl_span db;
    struct sl_span table;
    const char *const *values;
    size_t count;
};

/*
 * Appends the key that the template TEXT gives the row with these values (each is percent-encoded
 * here), in the order of the placeholders: a column takes one, {pk} all that the columns leave, and
 * a column that stands there twice is given once. The layout of the table is not known, so nothing
 * else is. SL_EINVAL: the number of values does not fit.
 */
int sl_key_from_words(const char *text, const struct sl_key_words *words, struct sl_buf *out,
                      struct sl_err *err) SL_MUSTCHECK;

/* The same with "0" for every value: a key that a row of the table might have. */
int sl_key_sample(const char *text, struct sl_span db, struct sl_span table, struct sl_buf *out,
                  struct sl_err *err) SL_MUSTCHECK;

#endif
