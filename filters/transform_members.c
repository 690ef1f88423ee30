/*
 * transform_members.c - what a function returned, name by name: first the columns, in table order,
 * then what else there is, by bytes. The table is either the row itself, where what was assigned to
 * it stands before its cells, or another one.
 */
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "cdc/resp.h"
#include "filters/encode_private.h"
#include "filters/lua_box.h"
#include "filters/transform_private.h"

enum {
    SL_VALUES = 1
}; /* the place of the table with values of Lua's on the stack, nil: there is none */

/* Pushes what Lua has for NAME: nil when nothing. */
static void push_value(lua_State *state, struct sl_span name)
{
    if (lua_isnil(state, SL_VALUES)) {
        lua_pushnil(state);
        return;
    }
    (void)lua_pushlstring(state, (const char *)name.data, name.len);
    (void)lua_rawget(state, SL_VALUES);
}

/* Returns whether Lua has a value for the column. */
static bool add_column(lua_State *state, struct sl_transform *transform, uint32_t number,
                       bool is_row)
{
    struct sl_member member = {.name = transform->shape->table->columns[number].name,
                               .column = number};
    bool is_known;

    push_value(state, member.name);
    is_known = !lua_isnil(state, -1);
    member.is_own = !is_known && is_row;
    if ((is_known || is_row) && !sl_transform_is_removed(state)) {
        sl_transform_add_member(state, transform, &member);
    }
    lua_pop(state, 1);
    return is_known;
}

/* Of names that are no columns'. A column is passed over: it has been added. */
static void add_name(lua_State *state, struct sl_transform *transform)
{
    struct sl_member member = {.column = SL_MEMBER_OTHER};
    size_t len = 0;
    const char *name;

    if (lua_type(state, -2) != LUA_TSTRING) {
        (void)luaL_error(state, "it returns a table with a %s among the names",
                         luaL_typename(state, -2));
    }
    name = lua_tolstring(state, -2, &len);
    member.name = sl_span_make(name, len);
    if (!sl_transform_is_removed(state) &&
        sl_transform_find_column(transform, member.name) == SL_MEMBER_OTHER) {
        sl_transform_add_member(state, transform, &member);
    }
}

static size_t count_values(lua_State *state)
{
    size_t count = 0;

    lua_pushnil(state);
    while (lua_next(state, SL_VALUES) != 0) {
        count++;
        lua_pop(state, 1);
    }
    return count;
}

static void add_others(lua_State *state, struct sl_transform *transform, size_t known)
{
    size_t first = transform->member_count;

    if (lua_isnil(state, SL_VALUES) || count_values(state) == known) {
        return;
    }
    lua_pushnil(state);
    while (lua_next(state, SL_VALUES) != 0) {
        add_name(state, transform);
        lua_pop(state, 1);
    }
    sl_transform_sort(transform->members + first, transform->member_count - first);
}

static void find_members(lua_State *state, struct sl_transform *transform)
{
    bool is_row;
    size_t known = 0;

    sl_transform_push_row(state);
    is_row = lua_rawequal(state, SL_VALUES, -1) != 0;
    lua_settop(state, SL_VALUES);
    if (is_row) {
        sl_transform_push_assigned(state, transform);
        lua_replace(state, SL_VALUES);
    } else if (lua_getmetatable(state, SL_VALUES) != 0) {
        (void)luaL_error(state, "it returns what is no table of its own");
    }
    transform->member_count = 0;
    for (uint32_t i = 0; i < transform->shape->table->column_count; i++) {
        known += add_column(state, transform, i, is_row);
    }
    add_others(state, transform, known);
}

/* ---- values ---- */

/* Pushes the member's value. True when it is the column's own, which is shown in the column's form.
 */
static bool push_member(lua_State *state, struct sl_transform *transform,
                        const struct sl_member *member)
{
    bool is_own = member->is_own;

    push_value(state, member->name);
    if (!is_own && member->column != SL_MEMBER_OTHER) {
        sl_transform_push_column(state, transform, member->column);
        is_own = lua_rawequal(state, -1, -2) != 0;
        lua_pop(state, 1);
    }
    return is_own;
}

static bool is_null(lua_State *state, const struct sl_transform *transform,
                    const struct sl_member *member, bool is_own)
{
    return is_own ? transform->row.cells[member->column].state == SL_CELL_NULL
                  : lua_islightuserdata(state, -1);
}

typedef int (*encode_fn)(const struct sl_column *column, const struct sl_cell *cell,
                         const struct sl_cell *base, struct sl_buf *out, struct sl_err *err);

static void add_own(lua_State *state, struct sl_transform *transform, uint32_t number,
                    encode_fn encode)
{
    const struct sl_row *row = &transform->row;

    sl_transform_check(state, transform,
                       encode(&transform->shape->table->columns[number], &row->cells[number],
                              row->base != NULL ? &row->base[number] : NULL, transform->out,
                              &transform->cells.err));
}

static void add_field(lua_State *state, struct sl_transform *transform,
                      const struct sl_member *member, bool is_own)
{
    const struct sl_shape *shape = transform->shape;
    struct sl_buf *out = transform->out;
    size_t guess = is_own ? transform->row.cells[member->column].len : lua_rawlen(state, -1);
    size_t start = 0;

    sl_transform_check(state, transform, sl_resp_bulk(out, member->name.data, member->name.len));
    sl_transform_check(state, transform, sl_resp_begin(out, guess, &start));
    if (is_own) {
        add_own(state, transform, member->column, sl_encode_text);
    } else {
        sl_transform_text(state, transform);
    }
    sl_transform_check(
        state, transform,
        sl_encode_end_value(shape, sl_span_make("", 0), out, guess, start, &transform->cells.err));
    transform->count++;
}

int sl_transform_write_fields(lua_State *state)
{
    struct sl_transform *transform = sl_lua_user(state);

    find_members(state, transform);
    for (size_t i = 0; i < transform->member_count; i++) {
        /* A copy: tables in the value make the array grow. */
        struct sl_member member = transform->members[i];
        bool is_own = push_member(state, transform, &member);

        if (!is_null(state, transform, &member, is_own)) {
            add_field(state, transform, &member, is_own);
        }
        lua_pop(state, 1);
    }
    return 0;
}

static void add_member(lua_State *state, struct sl_transform *transform,
                       const struct sl_member *member)
{
    const struct sl_shape *shape = transform->shape;

    if (member->column == SL_MEMBER_OTHER) {
        sl_transform_json_name(state, transform, member->name);
    } else {
        sl_transform_check(state, transform,
                           sl_buf_add(transform->out, shape->heads[member->column].data,
                                      shape->heads[member->column].len));
    }
    if (push_member(state, transform, member)) {
        add_own(state, transform, member->column, sl_encode_json_value);
    } else {
        sl_transform_json_value(state, transform);
    }
    lua_pop(state, 1);
}

int sl_transform_write_json(lua_State *state)
{
    struct sl_transform *transform = sl_lua_user(state);
    struct sl_buf *out = transform->out;

    find_members(state, transform);
    sl_transform_check(state, transform, sl_buf_add_byte(out, '{'));
    for (size_t i = 0; i < transform->member_count; i++) {
        struct sl_member member = transform->members[i];

        if (i > 0) {
            sl_transform_check(state, transform, sl_buf_add_byte(out, ','));
        }
        add_member(state, transform, &member);
    }
    sl_transform_check(state, transform, sl_buf_add_byte(out, '}'));
    return 0;
}
