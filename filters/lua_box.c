#include "filters/lua_box.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "filters/lua_library.h"

struct sl_lua_box {
    lua_State *state;
    enum sl_lua_form form;
    int compiled; /* the place of the text on the stack, as a function */
    int (*index)(lua_State *state);
    void *user;
    size_t used;     /* bytes that the state holds */
    size_t traffic;  /* bytes that were asked for in this call */
    bool is_starved; /* there was no memory though the state may have it */
};

static void *allocate(void *user, void *old, size_t old_size, size_t size)
{
    struct sl_lua_box *box = user;
    void *block;

    old_size = old != NULL ? old_size : 0; /* else it says what the block is for */
    if (size == 0) {
        free(old);
        box->used -= old_size;
        return NULL;
    }
    if (size > old_size && (size - old_size > SL_LUA_MEMORY_MAX - box->used ||
                            size - old_size > SL_LUA_TRAFFIC_MAX - box->traffic)) {
        return NULL; /* Lua collects its garbage, tries again, and then raises an error */
    }
    block = realloc(old, size);
    if (block == NULL) {
        box->is_starved = true;
        return size <= old_size ? old : NULL; /* Lua relies on it that blocks can shrink */
    }
    box->used += size;
    box->used -= old_size;
    box->traffic += size > old_size ? size - old_size : 0;
    return block;
}

static struct sl_lua_box *box_of(lua_State *state)
{
    void *user = NULL;

    (void)lua_getallocf(state, &user);
    return user;
}

void *sl_lua_user(lua_State *state)
{
    return box_of(state)->user;
}

static void on_too_many_steps(lua_State *state, lua_Debug *where)
{
    (void)where;
    (void)luaL_error(state, "it takes more than %d steps", SL_LUA_STEPS_MAX);
}

/* ---- what the expression sees ---- */

/* Upvalue 1: the library. Its "row" and "num" go first, then the caller's names, then the rest. */
static int look_up(lua_State *state)
{
    const char *name = lua_tostring(state, 2);
    int found;

    if (lua_type(state, 2) != LUA_TSTRING) {
        return 0;
    }
    if (box_of(state)->index != NULL && strcmp(name, "row") != 0 && strcmp(name, "num") != 0) {
        found = box_of(state)->index(state);
        if (found > 0) {
            return found;
        }
    }
    lua_settop(state, 2);
    lua_pushvalue(state, 2);
    if (lua_rawget(state, lua_upvalueindex(1)) == LUA_TNIL) {
        return luaL_error(state, "there is no %sfunction '%s'",
                          box_of(state)->index != NULL ? "column and no " : "", name);
    }
    return 1;
}

static int look_up_row(lua_State *state)
{
    if (lua_type(state, 2) == LUA_TSTRING && box_of(state)->index(state) > 0) {
        return 1;
    }
    return luaL_error(state, "'row' has no column of that name");
}

static void add_own_names(lua_State *state)
{
    if (box_of(state)->index != NULL) {
        lua_pushcfunction(state, look_up_row);
        sl_lua_protect(state);
        lua_setfield(state, -2, "row");
    } else {
        lua_pushlightuserdata(state, NULL);
        lua_setfield(state, -2, "null");
    }
}

/* Argument 1: the source, light. Returns a function without arguments. */
static int build(lua_State *state)
{
    const struct sl_lua_source *source = lua_touserdata(state, 1);

    sl_lua_open_library(state); /* a table */
    add_own_names(state);
    lua_pushcclosure(state, look_up, 1);
    sl_lua_protect(state);
    lua_pushfstring(state, source->form == SL_LUA_EXPRESSION ? "return (%s\n)" : "%s",
                    source->text);
    if (luaL_loadbufferx(state, lua_tostring(state, -1), lua_rawlen(state, -1), "=", "t") !=
        LUA_OK) {
        return lua_error(state);
    }
    lua_pushvalue(state, 2);
    (void)lua_setupvalue(state, -2, 1);
    return 1;
}

/* ---- calls ---- */

/* Lua puts ":3: " in front of its sentences: the chunk has lines and no name. The first line is
 * most often the only one. */
static int take_error(lua_State *state, int code, int status, struct sl_err *err)
{
    const char *text = lua_type(state, -1) == LUA_TSTRING ? lua_tostring(state, -1) : "it failed";
    size_t number = text[0] == ':' ? 1 + strspn(text + 1, "0123456789") : 0;

    if (code == LUA_ERRMEM) {
        return sl_err_set(err, status, "it takes more memory than the %d MiB that it may have",
                          SL_LUA_MEMORY_MAX / 1024 / 1024);
    }
    if (number <= 1 || strncmp(text + number, ": ", 2) != 0) {
        return sl_err_set(err, status, "%s", text);
    }
    if (box_of(state)->form == SL_LUA_EXPRESSION) {
        return sl_err_set(err, status, "%s", text + number + 2);
    }
    return sl_err_set(err, status, "line %.*s: %s", (int)number - 1, text + 1, text + number + 2);
}

static int compile(struct sl_lua_box *box, const struct sl_lua_source *source, struct sl_err *err)
{
    lua_State *state = box->state;
    int rc;

    lua_pushcfunction(state, build);
    lua_pushlightuserdata(state, (void *)(uintptr_t)source);
    rc = lua_pcall(state, 1, 1, 0);
    if (rc != LUA_OK) {
        return box->is_starved ? SL_ENOMEM : take_error(state, rc, SL_EINVAL, err);
    }
    box->compiled = 1; /* stays at the bottom of the stack, where nothing collects it */
    return SL_OK;
}

int sl_lua_box_new(const struct sl_lua_source *source, struct sl_lua_box **out, struct sl_err *err)
{
    struct sl_lua_box *box = calloc(1, sizeof(*box));
    int rc = SL_ENOMEM;

    if (box == NULL) {
        return SL_ENOMEM;
    }
    box->form = source->form;
    box->index = source->index;
    box->user = source->user;
    box->state = lua_newstate(allocate, box);
    if (box->state != NULL) {
        rc = compile(box, source, err);
    }
    if (rc != SL_OK) {
        sl_lua_box_free(box);
        return rc;
    }
    *out = box;
    return SL_OK;
}

void sl_lua_box_free(struct sl_lua_box *box)
{
    if (box == NULL) {
        return;
    }
    if (box->state != NULL) {
        lua_close(box->state);
    }
    free(box);
}

/* Argument 1: the expression. */
static int evaluate(lua_State *state)
{
    lua_call(state, 0, 1);
    if (!lua_isboolean(state, -1) && !lua_isnil(state, -1)) {
        /* 0 is true in Lua: what looks like a flag would choose every row. */
        return luaL_error(state, "it gives a %s and not true or false: compare it",
                          luaL_typename(state, -1));
    }
    return 1;
}

/* The result stays on the stack. */
static enum sl_lua_result call(struct sl_lua_box *box, lua_CFunction body, struct sl_err *err)
{
    lua_State *state = box->state;
    int rc;

    box->traffic = 0;
    box->is_starved = false;
    lua_sethook(state, on_too_many_steps, LUA_MASKCOUNT, SL_LUA_STEPS_MAX);
    lua_pushcfunction(state, body);
    lua_pushvalue(state, box->compiled);
    rc = lua_pcall(state, 1, 1, 0);
    if (rc == LUA_OK) {
        return SL_LUA_TRUE;
    }
    if (box->is_starved) {
        return SL_LUA_STARVED;
    }
    (void)take_error(state, rc, SL_ERULE, err);
    return SL_LUA_FAILED;
}

enum sl_lua_result sl_lua_box_do(struct sl_lua_box *box, lua_CFunction body, struct sl_err *err)
{
    enum sl_lua_result result = call(box, body, err);

    lua_settop(box->state, box->compiled);
    return result;
}

enum sl_lua_result sl_lua_box_run(struct sl_lua_box *box, struct sl_err *err)
{
    enum sl_lua_result result = call(box, evaluate, err);

    if (result == SL_LUA_TRUE && !lua_toboolean(box->state, -1)) {
        result = SL_LUA_FALSE;
    }
    lua_settop(box->state, box->compiled);
    return result;
}
