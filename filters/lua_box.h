/*
 * lua_box.h - a Lua state that can harm nobody: expressions of a configuration run in it, on rows
 * that anybody may have written.
 *
 * There is no file, process, time or chance in it, nothing that loads code, catches errors or keeps
 * a value from one call to the next. A call is cut off after SL_LUA_STEPS_MAX instructions, and the
 * state may never hold more than SL_LUA_MEMORY_MAX bytes, nor a call ask for more than
 * SL_LUA_TRAFFIC_MAX in all. Of the library functions none takes more time than in proportion to
 * its arguments: Lua's patterns are left out, whose time has no such bound.
 *
 * One thread at a time.
 */
#ifndef SLUICE_FILTERS_LUA_BOX_H
#define SLUICE_FILTERS_LUA_BOX_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/err.h"

enum {
    SL_LUA_STEPS_MAX = 100000,
    SL_LUA_MEMORY_MAX = 16 * 1024 * 1024,
    SL_LUA_TRAFFIC_MAX = 64 * 1024 * 1024,
};

struct lua_State;
struct sl_lua_box;

/*
 * Names that are not in the box are looked up by INDEX, a C function of the usual form that gets
 * the name as its second argument and USER by sl_lua_user(). It returns 0 for a name that it does
 * not know. It may call lua_error().
 */
typedef int (*sl_lua_index_fn)(struct lua_State *state);

/*
 * A box for one EXPRESSION (borrowed for the call). SL_EINVAL: it is none; ERR is Lua's sentence.
 * SL_ENOMEM. Free with sl_lua_box_free().
 */
int sl_lua_box_new(const char *expression, sl_lua_index_fn index, void *user,
                   struct sl_lua_box **out, struct sl_err *err) SL_MUSTCHECK;
void sl_lua_box_free(struct sl_lua_box *box);

/* The USER of the box that STATE belongs to. */
void *sl_lua_user(struct lua_State *state);

enum sl_lua_result {
    SL_LUA_FALSE, /* false or nil */
    SL_LUA_TRUE,
    SL_LUA_STARVED, /* no memory left in the process */
    SL_LUA_FAILED,  /* ERR says why: Lua's sentence, which never holds a value of a row */
};

/* Evaluates the expression. */
enum sl_lua_result sl_lua_box_run(struct sl_lua_box *box, struct sl_err *err);

#endif
