/*
 * stream.h - from raw events to changes: the state machine that follows a binary log.
 *
 *     raw event -> framing, checksum -> [payload, decompress] -> table map / rows / query / gtid
 *               -> handler callbacks: begin, row …, commit | rollback, ddl, idle
 *
 * It keeps the format description, the table maps of the transaction, the transaction state and
 * the position. It knows nothing of Redis and does no I/O; a schema (names, keys, hints) that
 * events do not carry is asked for through a callback. One thread uses it.
 *
 * Positions. sl_stream_position() is always the place behind the last complete transaction (or
 * event outside of one): the place to resume from. It moves just before commit, rollback,
 * xa_prepare and idle are called, and back when one of these fails. While ddl runs it is still
 * before the statement, so that what a handler does with the tables is done again after a crash.
 */
#ifndef SLUICE_CDC_STREAM_H
#define SLUICE_CDC_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/column.h"
#include "cdc/position.h"
#include "cdc/source.h"

/* What a statement does to tables, as far as a cache has to know. */
enum sl_ddl_kind {
    SL_DDL_OTHER, /* touches no table rows or layout (CREATE VIEW, GRANT, …): layouts may still
                     change */
    SL_DDL_CREATE_TABLE,
    SL_DDL_ALTER_TABLE, /* and CREATE/DROP INDEX; rename part: see to_* */
    SL_DDL_DROP_TABLE,
    SL_DDL_DROP_DATABASE,
    SL_DDL_TRUNCATE, /* and ALTER TABLE … TRUNCATE/DROP/EXCHANGE PARTITION: kind ALTER, rows_gone
                        set */
    SL_DDL_RENAME_TABLE,
    SL_DDL_DML, /* INSERT, UPDATE, DELETE, REPLACE, LOAD, CALL …: rows changed by statement, without
                   row events */
    SL_DDL_UNPARSED, /* begins like a DDL of the above but cannot be read to its end: treat every
                        table as altered */
};

/* What an ALTER may do to the columns that tell a table's rows apart. */
enum sl_ddl_keys {
    SL_DDL_KEYS_SAME,
    SL_DDL_KEYS_UNIQUE,  /* unique indexes come or go: matters to a table without a primary key */
    SL_DDL_KEYS_PRIMARY, /* the primary key comes, goes or is another, or any column's values */
};

/* One table that a statement names; a statement that names three is three of these, in order. */
struct sl_ddl {
    enum sl_ddl_kind kind;
    struct sl_span db;    /* the current database where the statement names none; UTF-8, unquoted */
    struct sl_span table; /* empty for DROP DATABASE, OTHER and where UNPARSED */
    struct sl_span to_db; /* RENAME TABLE, ALTER TABLE … RENAME TO; else empty */
    struct sl_span to_table;
    bool rows_gone; /* ALTER that removes rows without row events (partitions) */
    bool reshapes;  /* ALTER after which SELECT of a row may return something else; see ddl.h */
    enum sl_ddl_keys keys;
    bool if_exists;
    bool is_again;       /* not logged: what it removed is removed once more (value "invalidate") */
    struct sl_span text; /* the whole statement, for log lines: never print it above debug */
};

/* The callbacks return SL_OK or a status that ends sl_stream_feed() with it. */
struct sl_stream_handler {
    /* A transaction begins. IS_XA: it ends in xa_prepare or, with ONE PHASE, in commit.
       No positions move until then. */
    int (*begin)(void *user, bool is_xa, struct sl_err *err);
    /* A table is met for the first time or its layout changed. Set table->user here. *SKIP: true
       makes the stream pass over its rows undecoded. The table outlives the callback until the
       stream drops it, then user_free is called. */
    int (*table)(void *user, struct sl_table *table, bool *skip, struct sl_err *err);
    int (*row)(void *user, const struct sl_row_change *change, struct sl_err *err);
    /* The transaction is final; the position has moved behind it. */
    int (*commit)(void *user, struct sl_err *err);
    /* The transaction came to nothing (ROLLBACK): forget its rows. The position moves behind it,
     * too. */
    int (*rollback)(void *user, struct sl_err *err);
    /* Within a transaction: remember this place under NAME; forget the rows behind the last place
       of that name. */
    int (*savepoint)(void *user, struct sl_span name, struct sl_err *err);
    int (*rollback_to)(void *user, struct sl_span name, struct sl_err *err);
    /* XA PREPARE: keep the rows since begin under XID and forget them here until xa_commit or
       xa_rollback. XID is the printed form X'…',X'…',N. Positions: see sl_stream_position(). */
    int (*xa_prepare)(void *user, struct sl_span xid, struct sl_err *err);
    /* Both are called inside a begin … commit pair of their own. An XID that is not held: was
       prepared before the stream began. */
    int (*xa_commit)(void *user, struct sl_span xid, struct sl_err *err);
    int (*xa_rollback)(void *user, struct sl_span xid, struct sl_err *err);
    /* A statement event outside row events, between begin and commit of its own. */
    int (*ddl)(void *user, const struct sl_ddl *ddl, struct sl_err *err);
    /* The position moved without a transaction: heartbeat, rotation. */
    int (*idle)(void *user, struct sl_err *err);
    /* True while tables that the stream has dropped are still looked at: they stay. Asked before an
       event is taken. NULL: they never are. */
    bool (*keeps_tables)(void *user);
    void *user;
};

/* What the server's information_schema says of a column; hints for what events lack. */
struct sl_schema_column {
    struct sl_span name;
    struct sl_span data_type;   /* "int", "varchar", "uuid", … lower case */
    struct sl_span column_type; /* "int(5) unsigned zerofill", "enum('a','b')" */
    struct sl_span charset;     /* "" for none */
    struct sl_span collation;   /* "" for none, or not known */
    bool is_nullable;
    bool is_invisible;
    uint32_t key_part;  /* 1 and up: place in the row key; 0: not part of it */
    uint64_t unique_in; /* bits of the unique indexes that it is part of, see sl_schema.uniques */
};

struct sl_schema {
    struct sl_schema_column *columns;
    size_t count;
    bool key_is_primary;
    /* A bit for each index that tells rows apart: the primary key, and unique ones whose columns
       are all NOT NULL. There may be more than have a bit. */
    uint64_t uniques;
    /* True when no DDL on the table can lie between the event being decoded and the moment the
       schema was read; names are only taken from it when it is. */
    bool is_current;
};

/*
 * Looks a table up at the source. SL_OK with *SCHEMA valid until the next call; SL_DONE: no such
 * table any more. Called only for tables that the handler wants, once a layout.
 * AT is the place of the event, NULL where is_current is of no interest: finding it out can cost a
 * read of the log from there to its end.
 */
typedef int (*sl_schema_fn)(void *user, struct sl_span db, struct sl_span table,
                            const struct sl_position *at, const struct sl_schema **schema,
                            struct sl_err *err);

struct sl_stream_options {
    bool verify_checksum;
    uint64_t max_event_bytes; /* larger events (decompressed ones too) are refused: SL_ELIMIT */
    /* True for tables whose rows are wanted; asked before a layout is built. NULL: all. */
    bool (*wants)(void *user, struct sl_span db, struct sl_span table);
    void *wants_user;
    sl_schema_fn schema; /* NULL: only what events carry */
    void *schema_user;
    enum sl_flavor flavor;
    bool folds_names; /* names in statements are to be read in lower case (lower_case_table_names=1)
                       */
};

struct sl_stream;

/* START is the position behind which the first event lies (copied). NULL when out of memory. */
struct sl_stream *sl_stream_new(const struct sl_stream_options *options,
                                const struct sl_stream_handler *handler,
                                const struct sl_position *start);
void sl_stream_free(struct sl_stream *stream);

/*
 * Takes one raw event. A negative status leaves the position before the failed transaction; the
 * stream must then be thrown away. ERR names the event type, file and offset.
 */
int sl_stream_feed(struct sl_stream *stream, struct sl_span raw, struct sl_err *err) SL_MUSTCHECK;

/*
 * Where to resume. While XA transactions are prepared and undecided this stays before the oldest
 * of them, so that a restart reads them again. It also reads decisions again on those that were
 * prepared still earlier: the position's applied_file and applied_offset say which of these to pass
 * over.
 */
const struct sl_position *sl_stream_position(const struct sl_stream *stream);
/* The same without regard to undecided XA transactions: how far the stream has been read. */
const struct sl_position *sl_stream_read_position(const struct sl_stream *stream);
/*
 * Drops every layout, so that wants, schema and table are asked again: the choice of tables has
 * changed. Not from inside of a callback.
 */
void sl_stream_forget_tables(struct sl_stream *stream);
/*
 * Appends the identifier of the transaction being read, "uuid:7" or "0-1-100"; nothing when it has
 * none. For use between begin and what ends it.
 */
int sl_stream_format_gtid(const struct sl_stream *stream, struct sl_buf *out) SL_MUSTCHECK;
/* When the event being fed was written, in seconds since 1970; 0 in artificial events. */
uint32_t sl_stream_event_time(const struct sl_stream *stream);
/* True between begin and commit. */
bool sl_stream_in_transaction(const struct sl_stream *stream);

/* Counters since the start, for status and metrics. */
struct sl_stream_stats {
    uint64_t events;
    uint64_t bytes;
    uint64_t rows;
    uint64_t skipped_rows; /* of tables that are not wanted; counted by event where not decoded */
    uint64_t transactions;
};

const struct sl_stream_stats *sl_stream_stats(const struct sl_stream *stream);

#endif
