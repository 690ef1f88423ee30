#include "filters/where.h"

#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "filters/lua_box.h"
#include "filters/lua_cell.h"

struct sl_where {
    struct sl_lua_box *box;
    const struct sl_where_row *row; /* while one is judged */
    struct sl_lua_cells cells;
};

/* ---- values ---- */

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

    return sl_lua_push_cell(state, &where->cells, &row->table->columns[number],
                            cell_of(row, number),
                            row->before != NULL ? &row->before[number] : NULL);
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
    const struct sl_lua_source source = {
        .text = text, .form = SL_LUA_EXPRESSION, .index = on_name, .user = where};
    int rc = where != NULL ? sl_lua_box_new(&source, &where->box, err) : SL_ENOMEM;

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
    sl_lua_cells_release(&where->cells);
    free(where);
}

/* ---- rows ---- */

static int take_failure(struct sl_where *where, enum sl_verdict *verdict, struct sl_err *err)
{
    if (where->cells.is_unclear) {
        *verdict = SL_ROW_UNCLEAR;
        return SL_OK;
    }
    if (where->cells.status == SL_OK) {
        return SL_ERULE; /* with the sentence that is there */
    }
    if (err != NULL) {
        *err = where->cells.err;
    }
    return where->cells.status;
}

int sl_where_test(struct sl_where *where, const struct sl_where_row *row, enum sl_verdict *verdict,
                  struct sl_err *err)
{
    enum sl_lua_result result;

    where->row = row;
    sl_lua_cells_begin(&where->cells);
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
