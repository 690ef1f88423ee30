/*
 * rows.h - the body of a rows event: its header, and the split of its rows into cells.
 *
 * Formats: class Rows_event in libs/mysql/binlog/event/rows_event.h of MySQL, class Rows_log_event
 * in sql/log_event.h of MariaDB. A row image is a bitmap of NULLs, one bit for each column that is
 * in the image, then the values one after another. A cell's data is the value as stored, without
 * the length in front of it. Nothing is allocated: cells are views into the event, their arrays
 * belong to the layout.
 */
#ifndef SLUICE_CDC_ROWS_H
#define SLUICE_CDC_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/column.h"
#include "cdc/layout.h"

struct sl_rows {
    enum sl_op op;
    bool is_partial;    /* PARTIAL_UPDATE_ROWS: JSON columns may be diffs */
    bool is_dummy;      /* table id 0xffffff: unless a table map gave it to a table, only ends a
                           statement and has no rows */
    uint32_t timestamp; /* of the event; set by the caller */
    uint64_t table_id;
    uint32_t column_count;
    const uint8_t *before_columns; /* bits: columns in the first image (also of INSERT) */
    const uint8_t *after_columns;  /* bits: columns in the second image; of UPDATE only */
    struct sl_span data;           /* the rows; compressed ones still compressed */
};

/* True when TYPE is a rows event of any kind. */
bool sl_rows_is_type(uint8_t type);
/* True for MariaDB's compressed ones, whose data goes through sl_decompress_mariadb() first. */
bool sl_rows_is_compressed(uint8_t type);

/* Splits the BODY of a rows event of TYPE. SL_ETRUNC, SL_EFORMAT. */
int sl_rows_parse(uint8_t type, struct sl_span body, struct sl_rows *rows,
                  struct sl_err *err) SL_MUSTCHECK;

/* Splits an after_image of a row of TABLE again, into column_count CELLS. SL_ETRUNC, SL_EFORMAT. */
int sl_rows_split(const struct sl_table *table, struct sl_span image,
                  struct sl_cell *cells) SL_MUSTCHECK;

typedef int (*sl_row_fn)(void *user, const struct sl_row_change *change, struct sl_err *err);

/*
 * Calls EACH for every row of ROWS, whose table has LAYOUT, and counts them into *COUNT. Returns
 * what EACH returned when that is not SL_OK; SL_ETRUNC, SL_EFORMAT; SL_ESCHEMA when the event has
 * another number of columns than the layout.
 */
int sl_rows_each(const struct sl_rows *rows, const struct sl_layout *layout, sl_row_fn each,
                 void *user, uint64_t *count, struct sl_err *err) SL_MUSTCHECK;

#endif
