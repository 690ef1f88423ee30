/*
 * lua_library.h - the functions that expressions and functions of a configuration may call: of
 * Lua's own those that are harmless, always give the same result for the same arguments and end
 * soon (tostring and string.format without what shows an address); and string.contains, .starts,
 * .ends and .like, num.compare and num.tonumber.
 */
#ifndef SLUICE_FILTERS_LUA_LIBRARY_H
#define SLUICE_FILTERS_LUA_LIBRARY_H

#include <stdbool.h>

#include "cdc/base/span.h"

struct lua_State;

/* Pushes a table of them by name. To be called in a protected environment. */
void sl_lua_open_library(struct lua_State *state);

/*
 * Puts an empty table in place of what is on top, a function or a table that becomes its "__index":
 * through it that can be read, and nothing can be written.
 */
void sl_lua_protect(struct lua_State *state);

/* True when the table has NAME; "row" counts as well. */
bool sl_lua_library_has(struct sl_span name);

#endif
