/*
 * chunk_private.h - what the files of the chunk reader share.
 */
#ifndef SLUICE_CDC_CLIENT_CHUNK_PRIVATE_H
#define SLUICE_CDC_CLIENT_CHUNK_PRIVATE_H

#include "cdc/base/arena.h"
#include "cdc/chunk.h"
#include "cdc/chunk_key.h"
#include "cdc/client/schema_read.h"
#include "cdc/client/table_session.h"

#define SL_CHUNK_PURPOSE "read rows of a table"

/* The table that is open. */
struct sl_chunk_table {
    bool is_open;
    struct sl_arena arena; /* what TABLE and KEY point to */
    struct sl_table table;
    struct sl_schema_rows layout; /* as it was at open_table() */
    struct sl_chunk_key key;
    struct sl_table_about about;
    struct sl_buf where;
};

/* The rows of a chunk; all memory is used again for the next one. */
struct sl_chunk_rows {
    struct sl_cell *cells; /* while rows are added, their data is of no meaning */
    size_t cell_cap;
    size_t count;        /* rows */
    struct sl_buf texts; /* of all cells, one behind the other */
    struct sl_buf floats;
    struct sl_buf after;
};

/* A range that comes in parts. */
struct sl_chunk_parts {
    size_t rows; /* asked for, and how many of them have come */
    size_t rows_come;
    size_t bytes; /* of text that may still come */
    size_t part_bytes;
    uint64_t began_us; /* monotonic */
};

/* How a read comes by its place. */
enum sl_chunk_mode {
    SL_CHUNK_SNAPSHOT_NAMED, /* MariaDB: the snapshot says its place */
    SL_CHUNK_SNAPSHOT_WAIT,  /* MySQL: GTIDs are waited for */
    SL_CHUNK_LOCKING,
};

struct sl_chunk_client {
    struct sl_chunk_reader reader; /* first */
    struct sl_client client;
    struct sl_server server;
    struct sl_chunk_table open;
    struct sl_chunk_rows rows;
    MYSQL_RES *result; /* of the SELECT that is under way */
    struct sl_chunk_parts parts;
    struct sl_buf sql;
    struct sl_position high;
    enum sl_chunk_mode mode; /* of the read that is under way */
    bool has_high;           /* it is known before the SELECT */
    bool is_locked;          /* a transaction is left open until unlock() */
    unsigned fault;          /* the server's number of the last failed statement of a read */
};

/* ---- chunk_table.c ---- */

int sl_chunk_table_open(struct sl_chunk_client *self, struct sl_span db, struct sl_span name,
                        const char *where, struct sl_err *err) SL_MUSTCHECK;
void sl_chunk_table_close(struct sl_chunk_client *self);
/* On a new connection: SL_ESCHEMA when the open table's layout is not what it was. */
int sl_chunk_table_verify(struct sl_chunk_client *self, struct sl_err *err) SL_MUSTCHECK;

/* ---- chunk_place.c ---- */

/* Opens the transaction that a read is made in, once all before LOW is visible to it. */
int sl_chunk_place_begin(struct sl_chunk_client *self, const struct sl_position *low, bool locked,
                         struct sl_err *err) SL_MUSTCHECK;
/* The rows were read: self->high is set and the transaction ends, unless KEEP. */
int sl_chunk_place_end(struct sl_chunk_client *self, bool keep, struct sl_err *err) SL_MUSTCHECK;

/* ---- chunk_rows.c ---- */

void sl_chunk_rows_release(struct sl_chunk_rows *rows);
void sl_chunk_rows_clear(struct sl_chunk_rows *rows);
/* Empty, but AFTER stays as it is. */
void sl_chunk_rows_next(struct sl_chunk_rows *rows);
/* Begins to run self->sql; on failure self->fault is set. */
int sl_chunk_rows_start(struct sl_chunk_client *self, struct sl_err *err) SL_MUSTCHECK;
/*
 * Adds the rows of the SELECT, up to BYTES of text (the row that goes beyond is in, the rest is
 * passed over); *IS_CUT says whether that happened. SL_AGAIN: there are PART bytes, and more may
 * follow. KEY (NULL: none) is what they are paged by. On failure ROWS is as before and self->fault
 * set.
 */
int sl_chunk_rows_take(struct sl_chunk_client *self, size_t part, size_t bytes,
                       const struct sl_chunk_key *key, bool *is_cut,
                       struct sl_err *err) SL_MUSTCHECK;
/* Forgets the rows that have not been taken, which the server sends nevertheless. */
void sl_chunk_rows_end(struct sl_chunk_client *self);
/* What there is, as a chunk; nothing may be added afterwards. With KEY rows.after is what the last
   row is paged by. */
int sl_chunk_rows_finish(struct sl_chunk_client *self, const struct sl_chunk_key *key,
                         struct sl_chunk *chunk) SL_MUSTCHECK;

/* ---- chunk_read.c ---- */

int sl_chunk_read_more(struct sl_chunk_reader *reader, struct sl_chunk *chunk,
                       struct sl_err *err) SL_MUSTCHECK;
void sl_chunk_end_range(struct sl_chunk_reader *reader);
int sl_chunk_read_range(struct sl_chunk_reader *reader, struct sl_span after,
                        const struct sl_position *low, const struct sl_chunk_limit *limit,
                        struct sl_chunk *chunk, struct sl_err *err) SL_MUSTCHECK;
int sl_chunk_read_keys(struct sl_chunk_reader *reader, const struct sl_cell *keys, size_t count,
                       const struct sl_position *low, bool locked, struct sl_chunk *chunk,
                       struct sl_err *err) SL_MUSTCHECK;
void sl_chunk_unlock(struct sl_chunk_reader *reader);

/* ---- chunk_reader.c ---- */

int sl_chunk_connect(struct sl_chunk_client *self, struct sl_err *err) SL_MUSTCHECK;
/* True when a call that ended with RC may succeed on a new connection; the old one is closed. */
bool sl_chunk_was_lost(struct sl_chunk_client *self, int rc);

#endif
