/*
 * rule_book.h - what the keys of each table were made with, as the sink has it, against the rules
 * that hold now. One for each life of a reader:
 *
 *     begin    before the first event: what the sink has is compared with the rules. Keys that
 * other keys take the place of are removed, tables whose rule changed are noted as waiting to be
 * loaded, tables that no rule chooses any more lose their keys or are left alone. note     the rows
 * of a table are about to be written: what its keys are made with goes into the batch of the first
 * of them. settle   the snapshot has listed all tables: those that are chosen newly are to be
 * loaded.
 *
 * It makes no difference whether rules change while sluice runs or between two runs, and what a
 * crash cuts is done again. A sink that has nothing of all this (a new one, or one of a version
 * before it was kept) is as the rules say.
 *
 * The reader's thread uses it, or a visitor inside of its visit.
 */
#ifndef SLUICE_CDC_RULE_BOOK_H
#define SLUICE_CDC_RULE_BOOK_H

#include "cdc/batch.h"
#include "cdc/column.h"
#include "cdc/load_store.h"
#include "cdc/rule_judge.h"

struct sl_reader;

/* Tables, as begin found them. */
struct sl_rule_book_counts {
    size_t changed; /* waiting to be loaded */
    size_t removed; /* not chosen any more, and their keys are gone */
    size_t left;    /* not chosen any more, and their keys stay */
};

struct sl_rule_book_options {
    const struct sl_rule_judge *judge; /* all are borrowed */
    struct sl_load_store *store;       /* of begin alone; reads */
    bool removes_dropped;              /* the keys of tables that no rule chooses any more */
    uint64_t rate;                     /* of loads that come of it: rows a second; 0: no limit */
    /* Called at the end of begin, and for what an operator should know of. */
    void (*begun)(void *user, const struct sl_rule_book_counts *counts);
    void (*notice)(void *user, bool is_warning, const char *text);
    void *user;
};

struct sl_rule_book;

/* NULL when out of memory. */
struct sl_rule_book *sl_rule_book_new(const struct sl_rule_book_options *options);
void sl_rule_book_free(struct sl_rule_book *book);
/* From any thread: begin fails with SL_ESTOPPED. */
void sl_rule_book_interrupt(struct sl_rule_book *book);

/* The reader, before its first event. Fails as the store and the judge do. */
int sl_rule_book_begin(struct sl_rule_book *book, struct sl_reader *reader,
                       struct sl_err *err) SL_MUSTCHECK;

/* Rows of TABLE will be written. SL_ENOMEM. */
int sl_rule_book_note(struct sl_rule_book *book, const struct sl_table *table) SL_MUSTCHECK;
bool sl_rule_book_has_notes(const struct sl_rule_book *book);
/* Adds what was noted to BATCH, which has the rows. */
int sl_rule_book_flush(struct sl_rule_book *book, struct sl_batch *batch,
                       struct sl_err *err) SL_MUSTCHECK;

/* ---- the snapshot, inside of a visit ---- */

/* False: the tables that are there are to be listed, and settled. Any thread, once begin is over.
 */
bool sl_rule_book_is_settled(const struct sl_rule_book *book);
/* SL_DONE: nothing is to be said of the chosen table. SL_OK: it is to be settled, and if *MUST_LOAD
   the note that it waits to be loaded has to be put before. */
int sl_rule_book_judge(const struct sl_rule_book *book, struct sl_span db, struct sl_span table,
                       bool *must_load) SL_MUSTCHECK;
/* Puts that the keys of a chosen table are as the rule says, or wait to be made so. */
int sl_rule_book_settle(struct sl_rule_book *book, struct sl_reader *reader, struct sl_span db,
                        struct sl_span table, struct sl_err *err) SL_MUSTCHECK;
/* Puts that all tables were settled. */
int sl_rule_book_end_settling(struct sl_rule_book *book, struct sl_reader *reader) SL_MUSTCHECK;

#endif
