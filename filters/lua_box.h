/*
 * lua_box.h - a Lua state that can harm nobody: expressions and functions of a configuration run in
 * it, on rows that anybody may have written.
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

enum sl_lua_form {
    SL_LUA_EXPRESSION,
    SL_LUA_CHUNK, /* statements, the last of which returns a value */
};

/* What a box is made of. */
struct sl_lua_source {
    const char *text;
    enum sl_lua_form form;
    /* Names that are not in the box are looked up by it, a C function of the usual form that gets
       the name as its second argument and `user` by sl_lua_user(). It returns 0 for a name that it
       does not know, and may call lua_error(). NULL: there are no other names; then "null" is one
       of the box, a light userdata that is NULL. */
    int (*index)(struct lua_State *state);
    void *user;
};

/*
 * SOURCE and its text are borrowed for the call. SL_EINVAL: it is no Lua; ERR is Lua's sentence.
 * SL_ENOMEM. Free with sl_lua_box_free().
 */
int sl_lua_box_new(const struct sl_lua_source *source, struct sl_lua_box **out,
                   struct sl_err *err) SL_MUSTCHECK;
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

/*
 * Calls BODY, which may raise errors, within the limits of a call, with one argument: what the text
 * was compiled to, a function without arguments. SL_LUA_TRUE: it returned; what it returned is of
 * no interest.
 */
enum sl_lua_result sl_lua_box_do(struct sl_lua_box *box, int (*body)(struct lua_State *state),
                                 struct sl_err *err);

#endif
