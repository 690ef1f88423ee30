/*
 * transform_row.c - the row as the function sees it: an empty table that gets what is looked up in
 * it from the cells, and keeps what is assigned to it elsewhere, so that at the end both are known:
 * which columns are still themselves, and what else there is.
 */
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "filters/lua_box.h"
#include "filters/transform_private.h"

/* Their addresses are names in Lua's registry. */
static const char row_name = 'r';
static const char assigned_name = 'a';
static const char removed_name = 'n'; /* and this one a value: nil was assigned */

uint32_t sl_transform_find_column(const struct sl_transform *transform, struct sl_span name)
{
    const struct sl_table *table = transform->shape->table;

    for (uint32_t i = 0; i < table->column_count; i++) {
        struct sl_span have = table->columns[i].name;

        if (have.len == name.len && memcmp(have.data, name.data, name.len) == 0) {
            return i;
        }
    }
    return SL_MEMBER_OTHER;
}

void sl_transform_push_column(lua_State *state, struct sl_transform *transform, uint32_t number)
{
    const struct sl_row *row = &transform->row;

    (void)sl_lua_push_cell(state, &transform->cells, &transform->shape->table->columns[number],
                           &row->cells[number], row->base != NULL ? &row->base[number] : NULL);
}

void sl_transform_push_row(lua_State *state)
{
    (void)lua_rawgetp(state, LUA_REGISTRYINDEX, &row_name);
}

void sl_transform_push_assigned(lua_State *state, const struct sl_transform *transform)
{
    if (transform->has_assigned) {
        (void)lua_rawgetp(state, LUA_REGISTRYINDEX, &assigned_name);
    } else {
        lua_pushnil(state);
    }
}

bool sl_transform_is_removed(lua_State *state)
{
    return lua_touserdata(state, -1) == (const void *)&removed_name;
}

static struct sl_span name_of(lua_State *state)
{
    size_t len = 0;
    const char *name;

    if (lua_type(state, 2) != LUA_TSTRING) {
        (void)luaL_error(state, "a row is asked for columns by name, not by a %s",
                         luaL_typename(state, 2));
    }
    name = lua_tolstring(state, 2, &len);
    return sl_span_make(name, len);
}

/* A name that was computed may be a row's value, which belongs into no sentence. */
static int refuse_name(lua_State *state, const struct sl_transform *transform, struct sl_span name)
{
    const char *text = transform->rule->transform;

    if (name.len > 0 && memmem(text, strlen(text), name.data, name.len) != NULL) {
        return luaL_error(state, "the row has no column '%s'", lua_tostring(state, 2));
    }
    return luaL_error(state, "the row has no column of that name");
}

/* Arguments: the row, a name. */
static int get(lua_State *state)
{
    struct sl_transform *transform = sl_lua_user(state);
    struct sl_span name = name_of(state);
    uint32_t number;

    sl_transform_push_assigned(state, transform);
    if (transform->has_assigned) {
        lua_pushvalue(state, 2);
        if (lua_rawget(state, -2) != LUA_TNIL) {
            if (sl_transform_is_removed(state)) {
                lua_pushnil(state);
            }
            return 1;
        }
    }
    number = sl_transform_find_column(transform, name);
    if (number == SL_MEMBER_OTHER) {
        return refuse_name(state, transform, name);
    }
    sl_transform_push_column(state, transform, number);
    return 1;
}

/* Arguments: the row, a name, a value. */
static int set(lua_State *state)
{
    struct sl_transform *transform = sl_lua_user(state);

    (void)name_of(state);
    if (!transform->has_assigned) {
        lua_createtable(state, 0, 4);
        lua_rawsetp(state, LUA_REGISTRYINDEX, &assigned_name);
        transform->has_assigned = true;
    }
    sl_transform_push_assigned(state, transform);
    lua_pushvalue(state, 2);
    if (lua_isnil(state, 3)) {
        lua_pushlightuserdata(state, (void *)(uintptr_t)&removed_name);
    } else {
        lua_pushvalue(state, 3);
    }
    lua_rawset(state, -3);
    return 0;
}

int sl_transform_make_row(lua_State *state)
{
    lua_createtable(state, 0, 0);
    lua_createtable(state, 0, 2);
    lua_pushcfunction(state, get);
    lua_setfield(state, -2, "__index");
    lua_pushcfunction(state, set);
    lua_setfield(state, -2, "__newindex");
    lua_setmetatable(state, -2);
    lua_rawsetp(state, LUA_REGISTRYINDEX, &row_name);
    return 0;
}
