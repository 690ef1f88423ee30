#include "filters/lua_library.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

#include "filters/decimal_text.h"
#include "filters/rule.h"

enum { SL_GLOB_MAX = 256 };

/* ---- texts ---- */

static struct sl_span text_of(lua_State *state, int argument)
{
    size_t len = 0;
    const char *text = luaL_checklstring(state, argument, &len);

    return sl_span_make(text, len);
}

static int contains(lua_State *state)
{
    struct sl_span text = text_of(state, 1);
    struct sl_span part = text_of(state, 2);

    lua_pushboolean(state,
                    part.len == 0 || memmem(text.data, text.len, part.data, part.len) != NULL);
    return 1;
}

static int starts(lua_State *state)
{
    struct sl_span text = text_of(state, 1);
    struct sl_span part = text_of(state, 2);

    lua_pushboolean(state, text.len >= part.len && memcmp(text.data, part.data, part.len) == 0);
    return 1;
}

static int ends(lua_State *state)
{
    struct sl_span text = text_of(state, 1);
    struct sl_span part = text_of(state, 2);

    lua_pushboolean(state, text.len >= part.len &&
                               memcmp(text.data + text.len - part.len, part.data, part.len) == 0);
    return 1;
}

static int like(lua_State *state)
{
    struct sl_span text = text_of(state, 1);
    struct sl_span glob = text_of(state, 2);

    luaL_argcheck(state, glob.len <= SL_GLOB_MAX, 2, "a pattern of 256 bytes at most is expected");
    lua_pushboolean(state, sl_glob_matches((const char *)glob.data, text));
    return 1;
}

/* As Lua's, but for what has no text but an address, which is another each time. */
static int to_string(lua_State *state)
{
    luaL_checkany(state, 1);
    if (lua_islightuserdata(state, 1)) {
        lua_pushliteral(state, "null");
    } else if (lua_type(state, 1) > LUA_TSTRING) {
        return luaL_error(state, "a %s cannot be made a string", luaL_typename(state, 1));
    } else {
        (void)luaL_tolstring(state, 1, NULL);
    }
    return 1;
}

/* Passes over one directive, behind its "%", and returns its letter; 0: there is none such. */
static char take_directive(const char **format)
{
    const char *at = *format + strspn(*format, "-+ #0");
    size_t digits = strspn(at, "0123456789");

    at += digits;
    if (*at == '.') {
        size_t more = strspn(at + 1, "0123456789");

        digits = more > digits ? more : digits;
        at += 1 + more;
    }
    *format = *at != '\0' ? at + 1 : at;
    if (digits > 2 || *at == '\0' || strchr("%aAcdeEfgGiosuxX", *at) == NULL) {
        return '\0';
    }
    return *at;
}

/* Upvalue 1: Lua's. Its own sentence about a format that there is not would show it, and it may be
 * a row's value; and it would show the address of a table. */
static int format(lua_State *state)
{
    const char *rest = luaL_checkstring(state, 1);
    int argument = 1;

    while ((rest = strchr(rest, '%')) != NULL) {
        char letter;

        rest++;
        letter = take_directive(&rest);
        if (letter == '\0') {
            return luaL_error(state, "string.format gets a directive that it does not have");
        }
        argument += letter != '%';
        if (letter == 's' && lua_type(state, argument) > LUA_TSTRING) {
            return luaL_error(state, "string.format gets a %s for %%s",
                              luaL_typename(state, argument));
        }
    }
    lua_pushvalue(state, lua_upvalueindex(1));
    lua_insert(state, 1);
    lua_call(state, lua_gettop(state) - 1, 1);
    return 1;
}

/* ---- numbers ---- */

static int fail_number(lua_State *state, int argument)
{
    return luaL_error(state,
                      "num.compare takes integers, and decimals as text ('19.90'); argument "
                      "%d is %s",
                      argument,
                      lua_type(state, argument) == LUA_TSTRING ? "no number"
                                                               : luaL_typename(state, argument));
}

/* ROOM is for an integer's digits. A FLOAT has no exact decimal that anybody would expect. */
static struct sl_span decimal_of(lua_State *state, int argument, char *room, size_t size)
{
    if (lua_isinteger(state, argument)) {
        (void)snprintf(room, size, LUA_INTEGER_FMT, lua_tointeger(state, argument));
        return sl_span_make(room, strlen(room));
    }
    if (lua_type(state, argument) != LUA_TSTRING) {
        (void)fail_number(state, argument);
    }
    return text_of(state, argument);
}

static int num_compare(lua_State *state)
{
    char room[2][24];
    struct sl_span a = decimal_of(state, 1, room[0], sizeof(room[0]));
    struct sl_span b = decimal_of(state, 2, room[1], sizeof(room[1]));
    int order = 0;

    if (!sl_decimal_compare(a, b, &order)) {
        int ignored;

        return fail_number(state, sl_decimal_compare(a, a, &ignored) ? 2 : 1);
    }
    lua_pushinteger(state, order);
    return 1;
}

/* nil for nil, and for what is no number. */
static int num_tonumber(lua_State *state)
{
    lua_settop(state, 1);
    if (lua_type(state, 1) == LUA_TNUMBER) {
        return 1;
    }
    if (lua_type(state, 1) != LUA_TSTRING ||
        lua_stringtonumber(state, lua_tostring(state, 1)) != lua_rawlen(state, 1) + 1) {
        lua_pushnil(state);
    }
    return 1;
}

/* ---- the table ---- */

static int refuse_writing(lua_State *state)
{
    return luaL_error(state, "nothing can be assigned here");
}

void sl_lua_protect(lua_State *state)
{
    lua_createtable(state, 0, 0);
    lua_createtable(state, 0, 2);
    lua_rotate(state, -3, -1);
    lua_setfield(state, -2, "__index");
    lua_pushcfunction(state, refuse_writing);
    lua_setfield(state, -2, "__newindex");
    lua_setmetatable(state, -2);
}

static void remove_names(lua_State *state, const char *const *names)
{
    for (; *names != NULL; names++) {
        lua_pushnil(state);
        lua_setfield(state, -2, *names);
    }
}

/* The methods of texts ("s:ends('x')") are this table as well. Lua's patterns need time without
 * bound. */
static void open_string(lua_State *state)
{
    static const char *const removed[] = {"dump", "find",     "gmatch", "gsub", "match",
                                          "pack", "packsize", "unpack", NULL};
    static const luaL_Reg added[] = {
        {"contains", contains}, {"starts", starts}, {"ends", ends}, {"like", like}, {NULL, NULL}};

    luaL_requiref(state, LUA_STRLIBNAME, luaopen_string, 0);
    remove_names(state, removed);
    luaL_setfuncs(state, added, 0);
    (void)lua_getfield(state, -1, "format");
    lua_pushcclosure(state, format, 1);
    lua_setfield(state, -2, "format");
}

/* A filter must judge a row that comes again as it did before: no chance. */
static void open_math(lua_State *state)
{
    static const char *const removed[] = {"random", "randomseed", NULL};

    luaL_requiref(state, LUA_MATHLIBNAME, luaopen_math, 0);
    remove_names(state, removed);
}

static void open_num(lua_State *state)
{
    static const luaL_Reg functions[] = {
        {"compare", num_compare}, {"tonumber", num_tonumber}, {NULL, NULL}};

    lua_createtable(state, 0, 2);
    luaL_setfuncs(state, functions, 0);
}

/* What sorts takes its steps by chance; "t[#t + 1] = v" inserts. */
static void open_table(lua_State *state)
{
    luaL_requiref(state, LUA_TABLIBNAME, luaopen_table, 0);
    lua_createtable(state, 0, 1);
    (void)lua_getfield(state, -2, "concat");
    lua_setfield(state, -2, "concat");
    lua_remove(state, -2);
}

/* Not "pairs": its order is another each time. */
static const char *const basics[] = {"ipairs", "tonumber", "tostring", "type"};

static void add_basics(lua_State *state)
{
    luaL_requiref(state, LUA_GNAME, luaopen_base, 0);
    for (size_t i = 0; i < sizeof(basics) / sizeof(basics[0]); i++) {
        (void)lua_getfield(state, -1, basics[i]);
        lua_setfield(state, -3, basics[i]);
    }
    lua_pop(state, 1);
    lua_pushcfunction(state, to_string);
    lua_setfield(state, -2, "tostring");
}

static const struct {
    const char *name;
    void (*open)(lua_State *state);
} modules[] = {
    {"string", open_string}, {"math", open_math}, {"num", open_num}, {"table", open_table}};

void sl_lua_open_library(lua_State *state)
{
    lua_createtable(state, 0, 8);
    add_basics(state);
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        modules[i].open(state);
        sl_lua_protect(state);
        lua_setfield(state, -2, modules[i].name);
    }
    luaL_requiref(state, LUA_UTF8LIBNAME, luaopen_utf8, 0);
    sl_lua_protect(state);
    lua_setfield(state, -2, LUA_UTF8LIBNAME);
}

bool sl_lua_library_has(struct sl_span name)
{
    for (size_t i = 0; i < sizeof(basics) / sizeof(basics[0]); i++) {
        if (sl_span_equals(name, basics[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        if (sl_span_equals(name, modules[i].name)) {
            return true;
        }
    }
    return sl_span_equals(name, LUA_UTF8LIBNAME) || sl_span_equals(name, "row");
}
