/*
 * change_line.h - a change as one line of JSON, for people and scripts:
 *
 *     {"op":"update","db":"shop","table":"users","key":[7],"before":{…},"after":{…},"file":"binlog.000007",
 *      "pos":4242,"gtid":"…","ts":1700000000}
 *     {"op":"ddl","kind":"truncate","db":"shop","table":"users","file":…}
 *
 * Values are those of filters/encode.h. What an image lacks is left out of its object.
 */
#ifndef SLUICE_FILTERS_CHANGE_LINE_H
#define SLUICE_FILTERS_CHANGE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/column.h"
#include "cdc/stream.h"

/* What stands in the lines of a table, ready to be copied. Hangs on sl_table.user. */
struct sl_change_names;

/* Columns without a trusted name are called "@1", "@2", …. NULL when out of memory. */
struct sl_change_names *sl_change_names_new(const struct sl_table *table);
void sl_change_names_free(void *user);

/*
 * Makes the best of columns of which a file does not tell enough: text of an unknown character set
 * is taken for UTF-8 or, where it is none, for latin1; ENUM and SET are numbers. For people only: a
 * guess must never reach a cache.
 */
void sl_change_guess(struct sl_table *table);

/* Appends what tells the place of a transaction: its first byte and its identifier ("" for none).
 */
int sl_change_where(const char *file, uint64_t offset, struct sl_span gtid,
                    struct sl_buf *out) SL_MUSTCHECK;

/* Appends the line of a row, line feed included; WHERE is from sl_change_where(). OUT is as before
 * on failure. */
int sl_change_row(const struct sl_row_change *change, struct sl_span where, struct sl_buf *out,
                  struct sl_err *err) SL_MUSTCHECK;

/* The line of a statement, written at TIME. Its text can hold data: only WITH_TEXT prints it. */
int sl_change_ddl(const struct sl_ddl *ddl, bool with_text, struct sl_span where, uint32_t time,
                  struct sl_buf *out) SL_MUSTCHECK;

/*
 * Renders what a hash row would hold of the change, every column of it, into SCRATCH and forgets
 * it: the work without the output, to be measured.
 */
int sl_change_render(const struct sl_row_change *change, struct sl_buf *scratch,
                     struct sl_err *err) SL_MUSTCHECK;

#endif
