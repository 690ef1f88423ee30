/*
 * encode_private.h - what the files that make Redis commands share.
 */
#ifndef SLUICE_FILTERS_ENCODE_PRIVATE_H
#define SLUICE_FILTERS_ENCODE_PRIVATE_H

#include "filters/encode.h"

/* Appends KEY as an argument; *KEY_AT: where its bytes stand. */
int sl_encode_add_key(struct sl_span key, struct sl_buf *out, uint32_t *key_at) SL_MUSTCHECK;

/* Appends the command that sets the rule's time to live, if it has one, and counts it. */
int sl_encode_add_expire(const struct sl_shape *shape, struct sl_span key, struct sl_buf *out,
                         uint16_t *commands) SL_MUSTCHECK;

/*
 * Ends a value that was begun by sl_resp_begin() with GUESS and START, and packs it. COLUMN: for
 * the sentence of SL_ELIMIT, empty for a whole row.
 */
int sl_encode_end_value(const struct sl_shape *shape, struct sl_span column, struct sl_buf *out,
                        size_t guess, size_t start, struct sl_err *err) SL_MUSTCHECK;

/*
 * sl_encode_put() and sl_encode_replace() of a hash that a transform makes, whose fields may be
 * others than KEY holds. SL_ERULE: it fails on the row. OUT has grown on failure, too.
 */
int sl_encode_transformed(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                          struct sl_buf *out, uint32_t *key_at, uint16_t *commands,
                          struct sl_err *err) SL_MUSTCHECK;

#endif
