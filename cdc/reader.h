/*
 * reader.h - the reader thread: events from a source, through the stream decoder and the
 * mapper, into batches for the handoff.
 *
 *     source -> stream -> mapper -> batch -> handoff
 *
 * It ends on a failure of the source, on anything that cannot be decoded or mapped, and when it is
 * stopped. It never moves a position itself: positions travel with the batches that cover them.
 */
#ifndef SLUICE_CDC_READER_H
#define SLUICE_CDC_READER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/handoff.h"
#include "cdc/log_place.h"
#include "cdc/mapper.h"
#include "cdc/position.h"
#include "cdc/rereads.h"
#include "cdc/rule_book.h"
#include "cdc/source.h"
#include "cdc/stream.h"
#include "cdc/table_counts.h"
#include "cdc/table_loader.h"

struct sl_reader_options {
    size_t batch_bytes;             /* a batch of this many bytes is passed on */
    uint64_t max_transaction_bytes; /* a larger transaction is applied in several groups */
    uint64_t max_held_bytes;        /* of prepared XA transactions */
    uint64_t max_event_bytes;
    sl_schema_fn schema;
    void *schema_user;
    sl_load_fn load; /* NULL: a statement after which a table must be loaded again is SL_EGAP */
    void *load_user;
    /* Called by the reader thread when is_connected or has_ended in its stats turned true. */
    void (*changed)(void *user);
    void *changed_user;
    /* Called for what an operator should know of: a table is loaded again. */
    void (*notice)(void *user, bool is_warning, const char *text);
    void *notice_user;
    /* Wire-ready commands on FIRST_KEY, a key of sluice's own, that go with the first checkpoint of
       this reader: what must not be forgotten once the stream has begun. COUNT 0: none. */
    struct sl_span first_commands;
    struct sl_span first_key;
    uint16_t first_count;
    /* The cache may lack rows for good: no table is loaded at first. */
    bool has_no_load;
    /* Other threads will come by sl_reader_visit(). */
    bool has_visitors;
    /* Where keys that the mapper notes are handed over to; NULL: it notes none. Borrowed. */
    struct sl_rereads *rereads;
    /* What the keys of tables are made with is kept in the sink by it; NULL: not at all. Borrowed.
     */
    struct sl_rule_book *rules;
    /* Where rows are counted by table; NULL: nowhere. Borrowed. */
    struct sl_table_counts *counts;
};

/* Read by other threads while the reader runs. */
struct sl_reader_stats {
    atomic_uint_fast64_t events;
    atomic_uint_fast64_t bytes;
    atomic_uint_fast64_t rows;
    atomic_uint_fast64_t transactions;
    atomic_uint_fast32_t event_time; /* seconds since 1970 of the last event; 0: none yet */
    atomic_bool is_connected;        /* the source streams */
    atomic_bool is_idle;             /* it had nothing newer when it was heard last */
    atomic_bool has_ended;           /* sl_reader_join() will not wait */
};

struct sl_reader;

/* Everything is borrowed for the reader's life. NULL when out of memory. */
struct sl_reader *sl_reader_new(const struct sl_reader_options *options, struct sl_source *source,
                                struct sl_mapper *mapper, struct sl_handoff *handoff);
void sl_reader_free(struct sl_reader *reader);

/* Starts the thread at START (copied). */
int sl_reader_start(struct sl_reader *reader, enum sl_start_kind kind,
                    const struct sl_position *start, struct sl_err *err) SL_MUSTCHECK;
/* Asks it to end, from any thread; does not wait. */
void sl_reader_stop(struct sl_reader *reader);
/* Waits for the end and returns why: SL_ESTOPPED, SL_DONE (end of a file), or a failure with ERR.
 */
int sl_reader_join(struct sl_reader *reader, struct sl_err *err);

/* True when the sink has acknowledged all that goes before the stream: the first commands and what
 * follows from rules that have changed. Thread-safe. */
bool sl_reader_first_is_applied(const struct sl_reader *reader);

/* As in the options. */
struct sl_rereads *sl_reader_rereads(const struct sl_reader *reader);
struct sl_rule_book *sl_reader_rules(const struct sl_reader *reader);

const struct sl_reader_stats *sl_reader_stats(const struct sl_reader *reader);
/* Any thread: how far the source has been read, to the end of a transaction; nowhere before the
 * first event. */
void sl_reader_log_place(struct sl_reader *reader, struct sl_log_place *place);

#endif
