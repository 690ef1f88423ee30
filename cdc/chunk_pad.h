/*
 * chunk_pad.h - "behind this row" for CHAR in MariaDB's NOPAD collations. Pure.
 *
 * Its indexes and sorts compare CHAR as it is stored, filled with spaces to its length
 * (strnncollsp_nchars() in storage/innobase/rem/rem0cmp.cc and sql/field.cc, since MDEV-26743), but
 * a condition compares what SELECT returns, without them. The two differ where a value goes on with
 * something below a space and another one has ended: "a\t" stands before "a" in the index, but
 * "a" > "a\t" is false. MySQL compares CHAR without the spaces in both places.
 */
#ifndef SLUICE_CDC_CHUNK_PAD_H
#define SLUICE_CDC_CHUNK_PAD_H

#include "cdc/base/buf.h"
#include "cdc/chunk_key.h"

/* True for a column of DATA_TYPE in COLLATION (information_schema's words) that is compared so. */
bool sl_chunk_pad_is_needed(struct sl_span data_type, struct sl_span collation);

/* Appends the condition that PART's column lies behind VALUE in the index, in a form that the index
 * can be read by. */
int sl_chunk_pad_behind(struct sl_buf *sql, const struct sl_chunk_part *part,
                        struct sl_span value) SL_MUSTCHECK;

#endif
