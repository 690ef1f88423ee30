/*
 * chunk_reader.h - the struct sl_chunk_reader (chunk.h) of a server: parts of tables by SELECT, at
 * known places of its binary log.
 *
 * How a read is placed (chunk_place.c):
 *
 * - MariaDB: a consistent snapshot, which names its own place in the log; taken again until that is
 *   LOW or behind. HIGH is that place. While an XA transaction is prepared, of whose commit the
 *   snapshot's place is not true, it is a locking SELECT.
 * - MySQL with GTIDs: LOW's transactions are waited for in gtid_executed, which the server advances
 *   behind the engine's commit; then a consistent snapshot. HIGH is the end of the log right after.
 * - MySQL without: a locking SELECT (LOCK IN SHARE MODE). It waits for transactions that have
 *   changed its rows, 5 s at most, and its rows stay locked until they are fetched: ask for small
 *   chunks. HIGH is the end of the log after it.
 *
 * No transaction outlives its read, but for locked reads, until unlock() or 60 s without a
 * statement. Tables of other engines than InnoDB (MyISAM) are not in the snapshot: HIGH is the end
 * of the log after the SELECT, and as their rows change before the log tells it, a chunk may have a
 * change that stands behind HIGH. The stream brings it once more, so the cache comes out right; it
 * may be ahead for that moment. Their writers wait while a chunk is read.
 */
#ifndef SLUICE_CDC_CLIENT_CHUNK_READER_H
#define SLUICE_CDC_CLIENT_CHUNK_READER_H

#include "cdc/chunk.h"
#include "cdc/options.h"

/* Copies OPTIONS. Connects at the first call, and again when the connection was lost. NULL when
   out of memory. */
struct sl_chunk_reader *sl_chunk_reader_new(const struct sl_source_options *options);

#endif
