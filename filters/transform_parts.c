/*
 * transform_parts.c - what a function returned, where a row has parts: a table of rows by names,
 * each of which is written as the row of another rule would be.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "filters/lua_box.h"
#include "filters/part.h"
#include "filters/transform_private.h"

enum {
    SL_PARTS = 1 /* the place of the table on the stack */
};

/* ---- names ---- */

/* Lua's own text of an integer is its decimal; it would change a key in the midst of lua_next(). */
static struct sl_span push_name(lua_State *state)
{
    size_t len = 0;
    const char *text;

    if (lua_type(state, -2) != LUA_TSTRING && !lua_isinteger(state, -2)) {
        (void)luaL_error(state, "it returns a table with a %s among the names of parts",
                         luaL_typename(state, -2));
    }
    lua_pushvalue(state, -2);
    text = lua_tolstring(state, -1, &len);
    if (len == 0) {
        (void)luaL_error(state, "it returns a part without a name");
    }
    return sl_span_make(text, len);
}

static void add_name(lua_State *state, struct sl_transform *transform)
{
    struct sl_parts *parts = transform->parts;
    struct sl_span name = push_name(state);
    struct sl_part *part;

    if (parts->count == SL_TRANSFORM_PARTS_MAX) {
        (void)luaL_error(state, "it returns more than %d parts", SL_TRANSFORM_PARTS_MAX);
    }
    sl_transform_check(state, transform, sl_buf_add(&parts->names, name.data, name.len));
    part = sl_parts_add(parts);
    if (part == NULL) {
        sl_transform_check(state, transform, SL_ENOMEM);
        return;
    }
    part->name.len = name.len;
    lua_pop(state, 1);
}

/* "1" and 1 are one name. */
static void sort_names(lua_State *state, struct sl_parts *parts)
{
    size_t at = 0;

    for (size_t i = 0; i < parts->count; i++) {
        parts->items[i].name.data = parts->names.data + at;
        at += parts->items[i].name.len;
    }
    if (parts->count > 1) {
        qsort(parts->items, parts->count, sizeof(*parts->items), sl_part_compare);
    }
    for (size_t i = 1; i < parts->count; i++) {
        if (sl_part_compare(&parts->items[i - 1], &parts->items[i]) == 0) {
            (void)luaL_error(state, "it returns two parts of one name, a number and a string");
        }
    }
}

static void find_names(lua_State *state, struct sl_transform *transform)
{
    lua_pushnil(state);
    while (lua_next(state, SL_PARTS) != 0) {
        if (lua_type(state, -1) != LUA_TBOOLEAN || lua_toboolean(state, -1)) {
            add_name(state, transform);
        }
        lua_pop(state, 1);
    }
    sort_names(state, transform->parts);
}

/* ---- rows ---- */

/* Pushes the part's row. */
static void push_row(lua_State *state, struct sl_span name)
{
    (void)lua_pushlstring(state, (const char *)name.data, name.len);
    if (lua_rawget(state, SL_PARTS) == LUA_TNIL) {
        lua_pop(state, 1);
        (void)lua_pushlstring(state, (const char *)name.data, name.len);
        (void)lua_rawgeti(state, SL_PARTS, lua_tointeger(state, -1));
        lua_remove(state, -2);
    }
    if (!lua_istable(state, -1)) {
        (void)luaL_error(state, "it returns a part that is a %s and not a table",
                         luaL_typename(state, -1));
    }
}

static void write_row(lua_State *state, struct sl_transform *transform, struct sl_part *part)
{
    size_t before = transform->out->len;

    transform->count = 0;
    lua_pushcfunction(state, transform->rule->value == SL_VALUE_HASH ? sl_transform_write_fields
                                                                     : sl_transform_write_json);
    push_row(state, part->name);
    lua_call(state, 1, 0);
    part->value.len = transform->out->len - before;
    part->fields = transform->count;
}

int sl_transform_write_parts(lua_State *state)
{
    struct sl_transform *transform = sl_lua_user(state);
    struct sl_parts *parts = transform->parts;
    size_t at = 0;

    if (lua_getmetatable(state, SL_PARTS) != 0) {
        (void)luaL_error(state, "it returns the row, or what is no table of its own, and not a "
                                "table of parts");
    }
    find_names(state, transform);
    for (size_t i = 0; i < parts->count; i++) {
        write_row(state, transform, &parts->items[i]);
    }
    for (size_t i = 0; transform->out->len > 0 && i < parts->count; i++) {
        parts->items[i].value.data = transform->out->data + at;
        at += parts->items[i].value.len;
    }
    return 0;
}
