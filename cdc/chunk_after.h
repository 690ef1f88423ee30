/*
 * chunk_after.h - the key of the last row of a chunk as bytes that are stored with the progress of
 * a load and come back, maybe after a restart and from someone else's hands. Pure.
 *
 * Format: a version (1), the number of parts, and for each its form, the length of its value in
 * four bytes, little-endian, and the value.
 */
#ifndef SLUICE_CDC_CHUNK_AFTER_H
#define SLUICE_CDC_CHUNK_AFTER_H

#include "cdc/base/buf.h"
#include "cdc/chunk_key.h"

/* Replaces OUT. VALUES has key->count texts, one a part. */
int sl_chunk_after_write(struct sl_buf *out, const struct sl_chunk_key *key,
                         const struct sl_span *values) SL_MUSTCHECK;

/*
 * Fills key->count VALUES with views of AFTER. SL_EINVAL when AFTER cannot be of this key: another
 * version, number of parts or form, or a value that is none of the part's kind.
 */
int sl_chunk_after_read(struct sl_span after, const struct sl_chunk_key *key,
                        struct sl_span *values, struct sl_err *err) SL_MUSTCHECK;

#endif
