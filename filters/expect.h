/*
 * expect.h - what a row's key should hold. It is taken from the commands that the encoder makes of
 * the row, so that it cannot be anything else than what is written. Values are compared unpacked
 * (see unpack.h), so that another release of zstd makes no difference: its shape has to leave them
 * so.
 */
#ifndef SLUICE_FILTERS_EXPECT_H
#define SLUICE_FILTERS_EXPECT_H

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/column.h"
#include "cdc/held.h"
#include "filters/shape.h"

/* Reused from row to row. Zeroed: a valid empty one. */
struct sl_expect {
    struct sl_held held; /* views into the rest, valid until the next call */
    struct sl_span key;  /* the same */
    struct sl_buf commands;
    struct sl_buf document; /* in the form of json_canonical.h */
    struct sl_held_field *fields;
    size_t field_cap;
};

void sl_expect_release(struct sl_expect *expect);

/* Fills EXPECT from a row of SHAPE's table (CELLS: none absent) and its KEY. SL_ENOMEM, and what
 * the encoder fails with. */
int sl_expect_row(struct sl_expect *expect, const struct sl_shape *shape,
                  const struct sl_cell *cells, struct sl_span key, struct sl_err *err) SL_MUSTCHECK;

/* Fills EXPECT for a row that is not to be in the cache: no key. */
void sl_expect_nothing(struct sl_expect *expect);

/* Fills EXPECT from any of the encoder's COMMANDS on one key, in wire form. SL_EFORMAT: not such.
 * EXPECT's views are into COMMANDS. */
int sl_expect_commands(struct sl_expect *expect, struct sl_span commands) SL_MUSTCHECK;

#endif
