#include "filters/where.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/base/buf.h"
#include "filters/encode.h"
#include "filters/lua_box.h"

struct sl_where {
    struct sl_lua_box *box;
    const struct sl_where_row *row; /* while one is judged */
    bool is_unclear;
    int status; /* of a decoder that failed, with err */
    struct sl_err err;
    struct sl_buf text; /* scratch */
};

/* ---- values ---- */

/* Lua reads "1e3" and "0x10" as numbers, too, but no integer or FLOAT is printed like that. */
static void push_number(lua_State *state, const struct sl_column *column, const char *text)
{
    bool is_float = column->type == SL_TYPE_FLOAT || column->type == SL_TYPE_DOUBLE;

    if (is_float) {
        lua_pushnumber(state, strtod(text, NULL));
    } else if (lua_stringtonumber(state, text) == 0 || !lua_isinteger(state, -1)) {
        /* Lua makes a float of an integer beyond its own, which would not be exact. */
        lua_pushstring(state, text);
    }
}

static int push_text(lua_State *state, struct sl_where *where, const struct sl_column *column)
{
    const char *text = sl_buf_cstr(&where->text);

    if (text == NULL) {
        where->status = SL_ENOMEM;
        return lua_error(state);
    }
    if (column->kind == SL_KIND_NUMBER) {
        push_number(state, column, text);
    } else {
        (void)lua_pushlstring(state, text, where->text.len);
    }
    return 1;
}

static bool is_key(const struct sl_table *table, uint32_t number)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        if (table->key[i] == number) {
            return true;
        }
    }
    return false;
}

static const struct sl_cell *cell_of(const struct sl_where_row *row, uint32_t number)
{
    const struct sl_cell *cell = &row->cells[number];

    return cell->state == SL_CELL_ABSENT && row->before != NULL && is_key(row->table, number)
               ? &row->before[number]
               : cell;
}

static int push_cell(lua_State *state, struct sl_where *where, uint32_t number)
{
    const struct sl_where_row *row = where->row;
    const struct sl_cell *cell = cell_of(row, number);
    const struct sl_column *column = &row->table->columns[number];
    int rc;

    if (cell->state == SL_CELL_NULL) {
        lua_pushnil(state);
        return 1;
    }
    if (cell->state == SL_CELL_ABSENT) {
        where->is_unclear = true;
        return lua_error(state);
    }
    sl_buf_clear(&where->text);
    rc = sl_encode_text(column, cell, row->before != NULL ? &row->before[number] : NULL,
                        &where->text, &where->err);
    if (rc == SL_OK) {
        return push_text(state, where, column);
    }
    /* A diff of a document that does not apply: the whole document is at the source. */
    where->is_unclear =
        cell->state == SL_CELL_JSON_DIFF && (rc == SL_EUNSUPPORTED || rc == SL_ELIMIT);
    where->status = where->is_unclear ? SL_OK : rc;
    return lua_error(state);
}

/* The expression has used a name: argument 2. */
static int on_name(lua_State *state)
{
    struct sl_where *where = sl_lua_user(state);
    const struct sl_where_row *row = where->row;
    size_t len = 0;
    const char *name = lua_tolstring(state, 2, &len);

    for (uint32_t i = 0; i < row->columns->count; i++) {
        uint32_t number = row->columns->numbers[i];
        struct sl_span have = row->table->columns[number].name;

        if (have.len == len && memcmp(have.data, name, len) == 0) {
            return push_cell(state, where, number);
        }
    }
    return 0;
}

/* ---- life ---- */

int sl_where_new(const char *text, struct sl_where **out, struct sl_err *err)
{
    struct sl_where *where = calloc(1, sizeof(*where));
    int rc = where != NULL ? sl_lua_box_new(text, on_name, where, &where->box, err) : SL_ENOMEM;

    if (rc != SL_OK) {
        sl_where_free(where);
        return rc;
    }
    *out = where;
    return SL_OK;
}

void sl_where_free(struct sl_where *where)
{
    if (where == NULL) {
        return;
    }
    sl_lua_box_free(where->box);
    sl_buf_release(&where->text);
    free(where);
}

/* ---- rows ---- */

static int take_failure(struct sl_where *where, enum sl_verdict *verdict, struct sl_err *err)
{
    if (where->is_unclear) {
        *verdict = SL_ROW_UNCLEAR;
        return SL_OK;
    }
    if (where->status == SL_OK) {
        return SL_ERULE; /* with the sentence that is there */
    }
    if (err != NULL) {
        *err = where->err;
    }
    return where->status;
}

int sl_where_test(struct sl_where *where, const struct sl_where_row *row, enum sl_verdict *verdict,
                  struct sl_err *err)
{
    enum sl_lua_result result;

    where->row = row;
    where->is_unclear = false;
    where->status = SL_OK;
    sl_err_clear(&where->err);
    result = sl_lua_box_run(where->box, err);
    where->row = NULL;
    switch (result) {
    case SL_LUA_TRUE:
        *verdict = SL_ROW_MATCHES;
        return SL_OK;
    case SL_LUA_FALSE:
        *verdict = SL_ROW_DIFFERS;
        return SL_OK;
    case SL_LUA_STARVED:
        return SL_ENOMEM;
    case SL_LUA_FAILED:
        break;
    }
    return take_failure(where, verdict, err);
}
