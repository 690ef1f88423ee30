/*
 * change_entry.h - changes as entries of Redis Streams ("value": "stream").
 *
 *     XADD changes:shop:users [MAXLEN ~ N] * op update db shop table users key shop:users:7
 *          before {…} after {…} position 0-1-100 row 3 ts 1700000000000
 *
 * Unlike rows, entries are no states: none makes another superfluous, and one that is applied twice
 * stands there twice. POSITION, the transaction's, and ROW, the number of the change in it, tell
 * the two: they are the same whenever the log is read again.
 */
#ifndef SLUICE_FILTERS_CHANGE_ENTRY_H
#define SLUICE_FILTERS_CHANGE_ENTRY_H

#include <stdbool.h>

#include "cdc/mapper.h"
#include "filters/changed_row.h"
#include "filters/options.h"
#include "filters/row_filter.h"
#include "filters/shape.h"

struct sl_stream_table; /* a table whose stream is known */

/* Zeroed: nothing is known of any place. */
struct sl_change_log {
    const struct sl_stream *stream; /* borrowed; NULL: there is none */
    struct sl_buf position;         /* of the transaction */
    bool is_placed;                 /* position says it */
    uint64_t row;                   /* of the transaction: the last one */
    struct sl_stream_table *tables; /* that were met */
    size_t table_count;
    struct sl_buf fields; /* scratch: of an entry, as arguments */
    size_t field_count;
    struct sl_buf text; /* scratch */
};

void sl_change_log_release(struct sl_change_log *log);

/* A transaction of STREAM begins, or a place between two of them is meant. */
void sl_change_log_begin(struct sl_change_log *log, const struct sl_stream *stream);

/* Remembers the stream of SHAPE's table, for marks of whole databases. */
int sl_change_log_meet(struct sl_change_log *log, const struct sl_shape *shape) SL_MUSTCHECK;

/* Counts the change, also one that is not written. */
void sl_change_log_count(struct sl_change_log *log);
/* Adds the entry of ROW, which was counted, unless FILTER keeps it out. SL_ELIMIT: an image is
 * longer than Redis takes; and as sl_row_filter_judge(). */
int sl_change_log_add(struct sl_change_log *log, struct sl_row_filter *filter,
                      const struct sl_changed_row *row, struct sl_batch *batch,
                      struct sl_err *err) SL_MUSTCHECK;

/*
 * Adds the entry of MARK to the stream of its table by COUNT RULES, if it has one. One of a
 * database goes to each of its tables that was met, and that no rule names: who drops a database
 * says no names.
 */
int sl_change_log_mark(struct sl_change_log *log, const struct sl_table_rule *rules, size_t count,
                       const struct sl_mark *mark, struct sl_batch *batch,
                       struct sl_err *err) SL_MUSTCHECK;

#endif
