/*
 * payload.h - MySQL's TRANSACTION_PAYLOAD event: the events of a transaction as one zstd stream. It
 * is decompressed piece by piece, so memory holds no more than one inner event and zstd's window.
 *
 * Format: libs/mysql/binlog/event/codecs/binary.cpp (Transaction_payload) of MySQL: fields of type,
 * length, value, each a length-encoded integer, up to type 0; then the payload.
 */
#ifndef SLUICE_CDC_PAYLOAD_H
#define SLUICE_CDC_PAYLOAD_H

#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"

struct ZSTD_DCtx_s;

/* Kept for reuse from event to event. A zeroed one is valid. */
struct sl_payload {
    struct ZSTD_DCtx_s *engine; /* owned */
    struct sl_buf event;        /* the inner event that is being put together */
};

void sl_payload_release(struct sl_payload *payload);

/* Gets one inner event: header first, no checksum, valid during the call. */
typedef int (*sl_payload_fn)(void *user, struct sl_span event, struct sl_err *err);

/*
 * Calls EACH for every event in the BODY of a TRANSACTION_PAYLOAD event and returns what it
 * returned when that is not SL_OK. SL_ELIMIT for an inner event above LIMIT, SL_EUNSUPPORTED for an
 * unknown compression, SL_EFORMAT, SL_ETRUNC, SL_ENOMEM.
 */
int sl_payload_each(struct sl_payload *payload, struct sl_span body, uint64_t limit,
                    sl_payload_fn each, void *user, struct sl_err *err) SL_MUSTCHECK;

#endif
