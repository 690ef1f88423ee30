/*
 * lua_names.h - which names a Lua expression uses, without running it: a scanner that knows just
 * enough of Lua's words to pass over strings, comments and numbers.
 */
#ifndef SLUICE_FILTERS_LUA_NAMES_H
#define SLUICE_FILTERS_LUA_NAMES_H

#include <stdbool.h>

#include "cdc/base/span.h"

/* Where the scanner stands. Begin with {.rest = TEXT}. */
struct sl_lua_scan {
    struct sl_span rest;
    bool is_behind_dot; /* the name that follows belongs to what stands before it */
};

struct sl_lua_name {
    struct sl_span text;
    bool is_member;  /* "b" of "a.b" and "a:b", or the key in "{b = 1}": no variable */
    bool is_keyword; /* of Lua: "and", "nil", "function" */
};

/* The next name in the text; false at its end. The text need not be valid Lua. */
bool sl_lua_next_name(struct sl_lua_scan *scan, struct sl_lua_name *name);

#endif
