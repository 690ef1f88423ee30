/*
 * lua_cell.h - a column's value as the expressions and functions of a configuration see it: NULL is
 * nil; a number is an integer, or a float for FLOAT and DOUBLE; an integer beyond 63 bits, a
 * DECIMAL and everything else is a string, the text that a hash in the cache gets.
 */
#ifndef SLUICE_FILTERS_LUA_CELL_H
#define SLUICE_FILTERS_LUA_CELL_H

#include <stdbool.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/column.h"

struct lua_State;

/* What went wrong with the values of a row, and memory for their texts. Zeroed: a valid one. */
struct sl_lua_cells {
    bool is_unclear; /* the image has no whole value: the row is to be read again */
    int status;      /* of that, or of a decoder that failed, with err; else SL_OK */
    struct sl_err err;
    struct sl_buf text;
};

void sl_lua_cells_release(struct sl_lua_cells *cells);
/* For the next row. */
void sl_lua_cells_begin(struct sl_lua_cells *cells);

/* Pushes the value of CELL; BASE: the cell that it builds on, or NULL. Returns 1, or notes in CELLS
 * what fails and raises an error. */
int sl_lua_push_cell(struct lua_State *state, struct sl_lua_cells *cells,
                     const struct sl_column *column, const struct sl_cell *cell,
                     const struct sl_cell *base);

#endif
