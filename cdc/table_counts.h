/*
 * table_counts.h - how many rows of each table were read, by operation. The reader's thread finds a
 * table's counter once a layout and hangs it on it, so that a row costs an increment; any thread
 * may look. Counters outlive readers.
 *
 * The first SL_TABLE_COUNTS_MAX tables have a counter of their own, all others share one: whoever
 * keeps what is shown here keeps a series a table.
 */
#ifndef SLUICE_CDC_TABLE_COUNTS_H
#define SLUICE_CDC_TABLE_COUNTS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/span.h"
#include "cdc/column.h"

enum { SL_TABLE_COUNTS_MAX = 200 };

#define SL_TABLE_COUNTS_OTHER "other"

struct sl_table_count {
    char *name; /* "shop.users", as load_state.h has it */
    atomic_uint_fast64_t rows[SL_OPS];
    atomic_uint_fast64_t transactions; /* with rows of the table */
    uint64_t last;                     /* the reader's: the transaction that was counted last */
};

struct sl_table_counts;

/* NULL when out of memory. */
struct sl_table_counts *sl_table_counts_new(void);
void sl_table_counts_free(struct sl_table_counts *counts);

/* One thread at a time. Valid as long as COUNTS; the shared one when there are too many tables, or
 * no memory. */
struct sl_table_count *sl_table_counts_find(struct sl_table_counts *counts, struct sl_span db,
                                            struct sl_span table);
/* The same thread: a row of transaction NUMBER (1 and up, rising). */
void sl_table_count_row(struct sl_table_count *count, enum sl_op op, uint64_t number);

/* Any thread: how many there are by now, with the shared one, which is number 0. */
size_t sl_table_counts_len(const struct sl_table_counts *counts);
const struct sl_table_count *sl_table_counts_at(const struct sl_table_counts *counts, size_t i);
/* "insert", "update", "delete". */
const char *sl_op_name(enum sl_op op);

#endif
