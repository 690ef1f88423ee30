/*
 * transform_value.c - what a function made, as bytes. The same value is the same bytes: nothing may
 * depend on the order in which Lua keeps a table.
 */
#include <inttypes.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/value_float.h"
#include "filters/json_string.h"
#include "filters/transform_private.h"
#include "filters/utf8.h"

static struct sl_span text_of(lua_State *state)
{
    size_t len = 0;
    const char *text = lua_tolstring(state, -1, &len);

    return sl_span_make(text, len);
}

static void add(lua_State *state, struct sl_transform *transform, const char *text)
{
    sl_transform_check(state, transform, sl_buf_add(transform->out, text, strlen(text)));
}

static void add_float(lua_State *state, struct sl_transform *transform)
{
    double number = lua_tonumber(state, -1);
    uint64_t bits;
    size_t len;

    memcpy(&bits, &number, sizeof(bits));
    sl_transform_check(state, transform, sl_buf_reserve(transform->out, SL_FLOAT_TEXT_MAX));
    len = sl_float_format_double(bits, sl_buf_tail(transform->out));
    if (len == 0) {
        (void)luaL_error(state, "it gives a number that is infinite or none (0/0)");
    }
    sl_buf_commit(transform->out, len);
}

static void add_number(lua_State *state, struct sl_transform *transform)
{
    if (lua_isinteger(state, -1)) {
        sl_transform_check(state, transform,
                           sl_buf_add_i64(transform->out, lua_tointeger(state, -1)));
    } else {
        add_float(state, transform);
    }
}

/* ---- JSON ---- */

static void add_string(lua_State *state, struct sl_transform *transform, struct sl_span text)
{
    if (!sl_utf8_is_valid(text)) {
        (void)luaL_error(state, "it gives a string that is no UTF-8, as JSON must be");
    }
    sl_transform_check(state, transform, sl_json_string(text, transform->out));
}

void sl_transform_json_name(lua_State *state, struct sl_transform *transform, struct sl_span name)
{
    add_string(state, transform, name);
    add(state, transform, ":");
}

void sl_transform_add_member(lua_State *state, struct sl_transform *transform,
                             const struct sl_member *member)
{
    if (transform->member_count == transform->member_cap) {
        size_t cap = transform->member_cap > 0 ? 2 * transform->member_cap : 64;
        struct sl_member *members = realloc(transform->members, cap * sizeof(*members));

        if (members == NULL) {
            sl_transform_check(state, transform, SL_ENOMEM);
            return;
        }
        transform->members = members;
        transform->member_cap = cap;
    }
    transform->members[transform->member_count++] = *member;
}

static int compare_names(const void *a, const void *b)
{
    struct sl_span left = ((const struct sl_member *)a)->name;
    struct sl_span right = ((const struct sl_member *)b)->name;
    size_t len = left.len < right.len ? left.len : right.len;
    int order = len > 0 ? memcmp(left.data, right.data, len) : 0;

    return order != 0 ? order : (left.len > right.len) - (left.len < right.len);
}

void sl_transform_sort(struct sl_member *members, size_t count)
{
    if (count > 1) {
        qsort(members, count, sizeof(*members), compare_names);
    }
}

/* What a table is, told by its keys. */
struct keys {
    size_t count;
    size_t names;
    lua_Integer highest; /* 0 when one of them can be no place in an array */
};

static struct keys look_at_keys(lua_State *state)
{
    struct keys keys = {0};
    bool has_places = true;

    lua_pushnil(state);
    while (lua_next(state, -2) != 0) {
        lua_Integer place = lua_isinteger(state, -2) ? lua_tointeger(state, -2) : 0;

        keys.count++;
        keys.names += lua_type(state, -2) == LUA_TSTRING;
        has_places = has_places && place > 0;
        keys.highest = place > keys.highest ? place : keys.highest;
        lua_pop(state, 1);
    }
    keys.highest = has_places ? keys.highest : 0;
    return keys;
}

/* Tables in tables: no deeper than SL_TRANSFORM_DEPTH_MAX. */
static void add_json(lua_State *state, struct sl_transform *transform, unsigned depth);

/* Of a table that is many times in another there is much more than the function took steps. */
static void check_size(lua_State *state, struct sl_transform *transform)
{
    if (++transform->values > SL_TRANSFORM_VALUES_MAX) {
        (void)luaL_error(state, "it gives tables with more than %d values",
                         SL_TRANSFORM_VALUES_MAX);
    }
    if (transform->out->len - transform->nested_from > SL_TRANSFORM_JSON_MAX) {
        (void)luaL_error(state, "it gives a table that takes more than %d MiB as JSON",
                         SL_TRANSFORM_JSON_MAX / 1024 / 1024);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static void add_array(lua_State *state, struct sl_transform *transform, size_t count,
                      unsigned depth)
{
    add(state, transform, "[");
    for (size_t i = 1; i <= count; i++) {
        if (i > 1) {
            add(state, transform, ",");
        }
        (void)lua_rawgeti(state, -1, (lua_Integer)i);
        add_json(state, transform, depth);
        lua_pop(state, 1);
        check_size(state, transform);
    }
    add(state, transform, "]");
}

static void collect_names(lua_State *state, struct sl_transform *transform)
{
    lua_pushnil(state);
    while (lua_next(state, -2) != 0) {
        struct sl_member member = {.column = SL_MEMBER_OTHER};

        lua_pop(state, 1);
        member.name = text_of(state);
        sl_transform_add_member(state, transform, &member);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static void add_object(lua_State *state, struct sl_transform *transform, unsigned depth)
{
    size_t first = transform->member_count;

    collect_names(state, transform);
    sl_transform_sort(transform->members + first, transform->member_count - first);
    for (size_t i = first; i < transform->member_count; i++) {
        struct sl_span name = transform->members[i].name;

        add(state, transform, i == first ? "{" : ",");
        sl_transform_json_name(state, transform, name);
        (void)lua_pushlstring(state, (const char *)name.data, name.len);
        (void)lua_rawget(state, -2);
        add_json(state, transform, depth);
        lua_pop(state, 1);
        check_size(state, transform);
    }
    add(state, transform, "}");
    transform->member_count = first;
}

/* A table without keys is an empty array: what is collected in a loop is a list more often. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void add_table(lua_State *state, struct sl_transform *transform, unsigned depth)
{
    struct keys keys;

    if (depth == SL_TRANSFORM_DEPTH_MAX) {
        (void)luaL_error(state, "it gives tables in tables, more than %d deep",
                         SL_TRANSFORM_DEPTH_MAX);
    }
    if (lua_getmetatable(state, -1) != 0) {
        (void)luaL_error(state,
                         "it gives a table that holds the row itself, or what is no table of "
                         "its own: name the columns");
    }
    luaL_checkstack(state, LUA_MINSTACK, NULL);
    keys = look_at_keys(state);
    if (keys.names > 0 && keys.names == keys.count) {
        add_object(state, transform, depth + 1);
    } else if ((size_t)keys.highest == keys.count) {
        add_array(state, transform, keys.count, depth + 1);
    } else {
        (void)luaL_error(state, "it gives a table that is neither an array (1, 2, … without gaps) "
                                "nor an object (names)");
    }
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static void add_json(lua_State *state, struct sl_transform *transform, unsigned depth)
{
    switch (lua_type(state, -1)) {
    case LUA_TSTRING:
        add_string(state, transform, text_of(state));
        break;
    case LUA_TNUMBER:
        add_number(state, transform);
        break;
    case LUA_TBOOLEAN:
        add(state, transform, lua_toboolean(state, -1) ? "true" : "false");
        break;
    case LUA_TTABLE:
        add_table(state, transform, depth);
        break;
    case LUA_TLIGHTUSERDATA:
        add(state, transform, "null");
        break;
    default:
        (void)luaL_error(state, "it gives a %s as a value", luaL_typename(state, -1));
    }
}

void sl_transform_json_value(lua_State *state, struct sl_transform *transform)
{
    transform->nested_from = transform->out->len;
    add_json(state, transform, 0);
}

void sl_transform_text(lua_State *state, struct sl_transform *transform)
{
    if (lua_type(state, -1) == LUA_TSTRING) {
        struct sl_span text = text_of(state);

        sl_transform_check(state, transform, sl_buf_add(transform->out, text.data, text.len));
    } else {
        sl_transform_json_value(state, transform);
    }
}
