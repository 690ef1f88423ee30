/*
 * chunk_sql.h - the statements that read a part of a table (chunk.h). Pure: they are built here
 * and run in cdc/client/.
 */
#ifndef SLUICE_CDC_CHUNK_SQL_H
#define SLUICE_CDC_CHUNK_SQL_H

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/chunk_key.h"

/* What sl_chunk_sql_range() asks for. */
struct sl_chunk_range {
    const struct sl_span *after; /* key.count values (chunk_after.h); NULL: from the first row */
    struct sl_span where;        /* a condition of the user's; empty: none */
    size_t rows;                 /* at most */
    bool locks;                  /* the rows are to be locked against changes */
};

/* Replaces SQL by SELECT key.select_count columns … of the rows behind RANGE.after, in order. */
int sl_chunk_sql_range(struct sl_buf *sql, const struct sl_chunk_key *key,
                       const struct sl_chunk_range *range) SL_MUSTCHECK;

/*
 * Replaces SQL by SELECT the table's columns … of the rows that equal one of COUNT (at least 1) of
 * KEYS, as in sl_chunk_reader_ops.read_keys. SL_EINVAL: the keys have no column, or not the same.
 */
int sl_chunk_sql_keys(struct sl_buf *sql, const struct sl_table *table, const struct sl_cell *keys,
                      size_t count, bool locks, struct sl_err *err) SL_MUSTCHECK;

#endif
