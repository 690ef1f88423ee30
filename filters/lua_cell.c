#include "filters/lua_cell.h"

#include <lua.h>
#include <stdlib.h>

#include "filters/encode.h"

void sl_lua_cells_release(struct sl_lua_cells *cells)
{
    sl_buf_release(&cells->text);
}

void sl_lua_cells_begin(struct sl_lua_cells *cells)
{
    cells->is_unclear = false;
    cells->status = SL_OK;
    sl_err_clear(&cells->err);
}

/* Lua reads "1e3" and "0x10" as numbers, too, but no integer or FLOAT is printed like that. */
static void push_number(lua_State *state, const struct sl_column *column, const char *text)
{
    bool is_float = column->type == SL_TYPE_FLOAT || column->type == SL_TYPE_DOUBLE;

    if (is_float) {
        lua_pushnumber(state, strtod(text, NULL));
        return;
    }
    if (lua_stringtonumber(state, text) == 0) {
        lua_pushstring(state, text);
    } else if (!lua_isinteger(state, -1)) {
        /* Lua makes a float of an integer beyond its own, which would not be exact. */
        lua_pop(state, 1);
        lua_pushstring(state, text);
    }
}

static int push_text(lua_State *state, struct sl_lua_cells *cells, const struct sl_column *column)
{
    const char *text = sl_buf_cstr(&cells->text);

    if (text == NULL) {
        cells->status = SL_ENOMEM;
        return lua_error(state);
    }
    if (column->kind == SL_KIND_NUMBER) {
        push_number(state, column, text);
    } else {
        (void)lua_pushlstring(state, text, cells->text.len);
    }
    return 1;
}

int sl_lua_push_cell(lua_State *state, struct sl_lua_cells *cells, const struct sl_column *column,
                     const struct sl_cell *cell, const struct sl_cell *base)
{
    if (cell->state == SL_CELL_NULL) {
        lua_pushnil(state);
        return 1;
    }
    sl_buf_clear(&cells->text);
    cells->status = sl_encode_text(column, cell, base, &cells->text, &cells->err);
    if (cells->status == SL_OK) {
        return push_text(state, cells, column);
    }
    /* A diff of a document that does not apply: the whole document is at the source. */
    cells->is_unclear = cell->state == SL_CELL_ABSENT ||
                        (cell->state == SL_CELL_JSON_DIFF &&
                         (cells->status == SL_EUNSUPPORTED || cells->status == SL_ELIMIT));
    return lua_error(state);
}
