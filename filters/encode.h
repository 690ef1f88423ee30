/*
 * encode.h - rows to Redis commands and JSON. The one encoder that streamed rows, rows read
 * again and (later) bootstrapped rows share, so that their bytes are the same.
 */
#ifndef SLUICE_FILTERS_ENCODE_H
#define SLUICE_FILTERS_ENCODE_H

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/column.h"
#include "filters/shape.h"

/*
 * A row image: CELLS, for partial JSON updates the image they build on (else NULL), and the bytes
 * that they were split from where sl_rows_split() can do it again (else empty).
 */
struct sl_row {
    const struct sl_cell *cells;
    const struct sl_cell *base;
    struct sl_span image;
};

/*
 * Appends the commands that make KEY hold exactly the row (*COMMANDS is how many), and where the
 * key's bytes stand (*KEY_AT). Cells may not be absent. On failure OUT is as before. KEY must be
 * absent or hold a row of the same columns. Values are packed as SHAPE says. SL_ELIMIT: one is
 * longer than Redis takes. SL_ERULE: the rule's transform fails on the row.
 */
int sl_encode_put(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                  struct sl_buf *out, uint32_t *key_at, uint16_t *commands,
                  struct sl_err *err) SL_MUSTCHECK;

/*
 * The same whatever KEY held before, fields included that are none of the table's columns any more:
 * for SL_WRITE_REPLACE.
 */
int sl_encode_replace(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                      struct sl_buf *out, uint32_t *key_at, uint16_t *commands,
                      struct sl_err *err) SL_MUSTCHECK;

/*
 * The same as sl_encode_put() for an image that lacks unchanged columns, value kind hash only:
 * changes the fields that are there, and does nothing when the key does not exist (a part must not
 * look like a whole row).
 */
int sl_encode_merge(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                    struct sl_buf *out, uint32_t *key_at, uint16_t *commands,
                    struct sl_err *err) SL_MUSTCHECK;

/* Seconds until KEY expires; 0: never. */
uint64_t sl_encode_ttl(const struct sl_shape *shape, struct sl_span key);

/* Appends the command that removes KEY. */
int sl_encode_del(struct sl_span key, struct sl_buf *out, uint32_t *key_at) SL_MUSTCHECK;

/* Appends the row as a JSON object of the chosen columns; absent cells are left out. */
int sl_encode_json(const struct sl_shape *shape, struct sl_row row, struct sl_buf *out,
                   struct sl_err *err) SL_MUSTCHECK;

/* Appends one cell, which may be NULL but not absent, as a JSON value. OUT has grown on failure,
 * too. */
int sl_encode_json_value(const struct sl_column *column, const struct sl_cell *cell,
                         const struct sl_cell *base, struct sl_buf *out,
                         struct sl_err *err) SL_MUSTCHECK;

/* Appends the text of one cell that is neither absent nor NULL. */
int sl_encode_text(const struct sl_column *column, const struct sl_cell *cell,
                   const struct sl_cell *base, struct sl_buf *out, struct sl_err *err) SL_MUSTCHECK;

#endif
