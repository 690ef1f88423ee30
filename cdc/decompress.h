/*
 * decompress.h - MariaDB's compressed records (log_bin_compress=ON): the rows of a rows event or
 * the text of a query. A head byte (0x80, algorithm, bytes of the length), the length before
 * compression, highest byte first, then a zlib stream (sql/log_event.cc: binlog_buf_compress).
 */
#ifndef SLUICE_CDC_DECOMPRESS_H
#define SLUICE_CDC_DECOMPRESS_H

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"

struct libdeflate_decompressor;

/* Kept for reuse from event to event. A zeroed one is valid. */
struct sl_decompress {
    struct libdeflate_decompressor *engine; /* owned */
    struct sl_buf text;                     /* the last result */
};

void sl_decompress_release(struct sl_decompress *decompress);

/*
 * Decompresses RECORD into *OUT, which is valid until the next call. SL_ELIMIT when it says that it
 * is longer than LIMIT; SL_EFORMAT, SL_ETRUNC, SL_EUNSUPPORTED (algorithm), SL_ENOMEM.
 */
int sl_decompress_mariadb(struct sl_decompress *decompress, struct sl_span record, uint64_t limit,
                          struct sl_span *out, struct sl_err *err) SL_MUSTCHECK;

#endif
