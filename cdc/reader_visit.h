/*
 * reader_visit.h - how another thread takes part in the stream: it is let in between two
 * transactions, at a place that is known, while the reader stands still, and what it writes stands
 * at that place among the rows of the stream.
 *
 *     visitor:  wait ……………………|  fn()  |
 *     reader:   trx  trx  trx |        | trx  trx
 *
 * A reader that waits for the source's next event is no hindrance: the visitor goes ahead at once.
 */
#ifndef SLUICE_CDC_READER_VISIT_H
#define SLUICE_CDC_READER_VISIT_H

#include "cdc/base/err.h"
#include "cdc/column.h"
#include "cdc/load_state.h"
#include "cdc/mapper.h"
#include "cdc/position.h"
#include "cdc/reader.h"
#include "cdc/table_watch.h"

/* Runs in the visitor's thread. A failure is the visitor's alone: the stream goes on. */
typedef int (*sl_visit_fn)(struct sl_reader *reader, void *user, struct sl_err *err);

/*
 * Waits until the stream has been read to NOT_BEFORE (by file and offset; NULL: any place) or
 * beyond and no transaction is open, then calls FN and returns what it returned. SL_ESTOPPED: the
 * reader ended first. Thread-safe; several visitors take turns.
 */
int sl_reader_visit(struct sl_reader *reader, const struct sl_position *not_before, sl_visit_fn fn,
                    void *user, struct sl_err *err) SL_MUSTCHECK;

/* A positive outcome of visit_within, see there. */
#define SL_TOO_LATE 6

/* The same, but SL_TOO_LATE when that has not come after WAIT_MS. */
int sl_reader_visit_within(struct sl_reader *reader, const struct sl_position *not_before,
                           uint32_t wait_ms, sl_visit_fn fn, void *user,
                           struct sl_err *err) SL_MUSTCHECK;

/*
 * Rows are better made ready before a visit, in a batch that is borrowed (any thread): so the
 * stream does not stand still for it. Whoever does not put it frees it.
 */
int sl_reader_lend_batch(struct sl_reader *reader, struct sl_batch **batch) SL_MUSTCHECK;
/* Is little enough on the way to the sink, so that what is put now does not make the rows of the
   stream behind it wait for long? */
bool sl_reader_has_room(const struct sl_reader *reader);
/* Waits for that; not inside of FN. SL_ESTOPPED. */
int sl_reader_wait_for_room(const struct sl_reader *reader) SL_MUSTCHECK;

/* ---- inside of FN only ---- */

/* How far the stream has been read; valid during the visit. */
const struct sl_position *sl_reader_place(const struct sl_reader *reader);

/* Compiles the rule for TABLE, whose rows will be put. SL_DONE: no rule chooses it. */
int sl_reader_compile(struct sl_reader *reader, struct sl_table *table,
                      struct sl_err *err) SL_MUSTCHECK;
/* Writes a row that was read by SELECT, its key need not be given. All watches on its table are
   told of its items but of its key. */
int sl_reader_put_row(struct sl_reader *reader, const struct sl_loaded_row *row,
                      struct sl_err *err) SL_MUSTCHECK;
/* Removes the keys of all rows that the table had, as DROP TABLE does. SL_EGAP: see mapper.h. */
int sl_reader_put_drop(struct sl_reader *reader, struct sl_span db, struct sl_span table,
                       struct sl_err *err) SL_MUSTCHECK;
/* The same once more, of those keys only that others fill (SL_KEEPS_OTHERS). TABLE empty: of all
   tables of the database. */
int sl_reader_put_drop_again(struct sl_reader *reader, struct sl_span db, struct sl_span table,
                             struct sl_err *err) SL_MUSTCHECK;
int sl_reader_put_mark(struct sl_reader *reader, const struct sl_mark *mark,
                       struct sl_err *err) SL_MUSTCHECK;
/* What the sink has of a table by the rules. */
enum sl_keeping sl_reader_keeping(struct sl_reader *reader, struct sl_span db,
                                  struct sl_span table);
int sl_reader_put_removal(struct sl_reader *reader, struct sl_item_name name) SL_MUSTCHECK;
/* Passes a borrowed BATCH on, behind all that was put before and in a group of its own; takes it
   over in any case. */
int sl_reader_put_batch(struct sl_reader *reader, struct sl_batch *batch) SL_MUSTCHECK;
/*
 * Appends COUNT wire-ready commands on KEY, one of sluice's own keys. They are applied in one step
 * with the last rows that were put before them, or later than these.
 */
int sl_reader_put_commands(struct sl_reader *reader, struct sl_span key, struct sl_span commands,
                           uint16_t count) SL_MUSTCHECK;

/*
 * Says of tables that are overrun (rereads.h) that they wait to be loaded, see
 * sl_reread_load_state().
 */
int sl_reader_put_overrun(struct sl_reader *reader) SL_MUSTCHECK;
int sl_reread_load_state(const struct sl_rereads *rereads, const struct sl_reread_table *table,
                         struct sl_load_state *state) SL_MUSTCHECK;

/* The item NAME is what it must be at this place: tells the other watches on TELLER's table. */
void sl_reader_tell_watches(struct sl_reader *reader, const struct sl_table_watch *teller,
                            struct sl_item_name name);
/* From now on WATCH (borrowed) is told what the stream does, until it is taken off. */
int sl_reader_add_watch(struct sl_reader *reader, struct sl_table_watch *watch) SL_MUSTCHECK;
void sl_reader_remove_watch(struct sl_reader *reader, struct sl_table_watch *watch);

/* The stream cannot go on: the reader ends with STATUS and ERR. */
void sl_reader_fail(struct sl_reader *reader, int status, const struct sl_err *err);

/* ---- anywhere ---- */

/* A mark behind all that was put so far, and whether the sink has acknowledged that. */
uint64_t sl_reader_mark(struct sl_reader *reader);
bool sl_reader_has_passed(struct sl_reader *reader, uint64_t mark);

#endif
