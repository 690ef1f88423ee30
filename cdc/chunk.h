/*
 * chunk.h - parts of a table as they were at a known place of the binary log; the interface that
 * cdc/client/chunk_reader.c implements and the snapshot uses.
 *
 * A chunk is read between two places, LOW and HIGH (as the watermarks of Netflix's DBLog, but
 * nothing is written to the source):
 *
 *     log      …--------LOW=================HIGH----------…
 *                         ^ rows are read ^
 *
 * Every transaction before LOW is seen by the read, none behind HIGH is; of those between the two
 * nobody knows. So a row may be written into the stream at HIGH or behind, unless the stream has
 * changed its key since LOW.
 *
 * "Before LOW is seen" is not a matter of course: both servers send a transaction to their replicas
 * before its storage engine commits it, so a stream may be ahead of what SELECT returns. The
 * implementation waits until the engines have come to LOW.
 */
#ifndef SLUICE_CDC_CHUNK_H
#define SLUICE_CDC_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/column.h"
#include "cdc/position.h"

/* Rows that were read together. The reader owns all of it, until its next read or close_table. */
struct sl_chunk {
    const struct sl_cell *cells; /* row_count times the table's column_count; TEXT or NULL */
    size_t row_count;
    size_t bytes;            /* of the cells' texts */
    bool is_last;            /* a range: no row lies behind it */
    bool has_more;           /* a part of a range: read_more() has the next one */
    struct sl_span after;    /* a range: what the next read_range() continues behind; opaque text */
    struct sl_position high; /* file and offset, with the server's uuid; GTIDs are not filled */
    uint64_t query_us;       /* how long the source took for the SELECT; with its last part */
};

/* How much is asked for. The chunk ends at whatever comes first. */
struct sl_chunk_limit {
    size_t rows;  /* at least 1 */
    size_t bytes; /* a chunk has one row at least, however long it is */
    /* Where HIGH is known before the rows are read, a range of more text than this comes in parts
       while the server still sends; 0: at once. All parts have the same HIGH. */
    size_t part_bytes;
};

/* What a server has to do besides. */
struct sl_chunk_pressure {
    uint64_t threads_running;
};

struct sl_chunk_reader;

/* Every call connects if there is no connection (any more). They fail with SL_EIO, SL_EAUTH,
 * SL_ESTOPPED, SL_ENOMEM and what is said below. */
struct sl_chunk_reader_ops {
    /* Calls EACH for every base table (views are none) with the server's estimate of its rows. What
       EACH returns, if not SL_OK, ends the listing. */
    int (*list)(struct sl_chunk_reader *reader,
                int (*each)(void *user, struct sl_span db, struct sl_span table, uint64_t rows),
                void *user, struct sl_err *err);
    /* The end of the source's log: *POSITION (initialised) gets file, offset and uuid, at MySQL the
       GTIDs, too; it can be a LOW. */
    int (*end)(struct sl_chunk_reader *reader, struct sl_position *position, struct sl_err *err);
    /*
     * Reads the layout of a table, for the reads that follow. *TABLE belongs to the reader until
     * close_table(), which calls its user_free. WHERE (NULL: none) is an SQL condition that
     * restricts read_range(). SL_DONE: no such table, or a view. SL_ESCHEMA: it has no key that its
     * rows can be paged by. SL_EINVAL: the source cannot make sense of WHERE.
     */
    int (*open_table)(struct sl_chunk_reader *reader, struct sl_span db, struct sl_span name,
                      const char *where, struct sl_table **table, struct sl_err *err);
    void (*close_table)(struct sl_chunk_reader *reader);
    /*
     * Reads the rows behind AFTER (empty: from the first one) in the order of the table's key, as
     * the server compares it. LOW is the place that the stream has been read to. SL_ESCHEMA: the
     * table was altered since open_table(). SL_EINVAL: AFTER is not what a chunk of this table had.
     */
    int (*read_range)(struct sl_chunk_reader *reader, struct sl_span after,
                      const struct sl_position *low, const struct sl_chunk_limit *limit,
                      struct sl_chunk *chunk, struct sl_err *err);
    /* The next part of a range. Until the last one the source keeps a transaction open. When a
       connection is lost the range is: SL_EIO. */
    int (*read_more)(struct sl_chunk_reader *reader, struct sl_chunk *chunk, struct sl_err *err);
    /* Whoever does not want the rest of a range says so at once. */
    void (*end_range)(struct sl_chunk_reader *reader);
    /*
     * Reads the rows whose columns equal the cells that are not ABSENT, of COUNT times column_count
     * KEYS (each TEXT or NULL, all rows with the same columns present). In no certain order; what
     * compares equal to the server may be other bytes ("a" and "A"), and a row may come twice for
     * two such keys. A value that the column cannot have finds nothing. LOCKED: rows stay locked
     * against changes until unlock(), for rows that change too often to be caught otherwise.
     */
    int (*read_keys)(struct sl_chunk_reader *reader, const struct sl_cell *keys, size_t count,
                     const struct sl_position *low, bool locked, struct sl_chunk *chunk,
                     struct sl_err *err);
    void (*unlock)(struct sl_chunk_reader *reader);
    int (*pressure)(struct sl_chunk_reader *reader, struct sl_chunk_pressure *pressure,
                    struct sl_err *err);
    /* Thread-safe: a call that is under way and all later ones fail with SL_ESTOPPED. */
    void (*interrupt)(struct sl_chunk_reader *reader);
    void (*free)(struct sl_chunk_reader *reader);
};

/* The first member of every implementation. One thread uses it. */
struct sl_chunk_reader {
    const struct sl_chunk_reader_ops *ops;
};

#endif
