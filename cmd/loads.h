/*
 * loads.h - what a sink says of the loading of tables, for people to see: the hash
 * sluice:{PIPELINE}:bootstrap, see cdc/load_state.h.
 */
#ifndef SLUICE_CMD_LOADS_H
#define SLUICE_CMD_LOADS_H

#include "cdc/load_state.h"
#include "cdc/load_store.h"

struct sl_load {
    char *table; /* "DB.TABLE", or SL_LOAD_ALL */
    struct sl_load_state state;
};

/* Zeroed: a valid empty one. */
struct sl_loads {
    struct sl_load *items; /* by name */
    size_t count;
};

/* Replaces LOADS. SL_EFORMAT: a field is not what sluice writes. */
int sl_loads_read(struct sl_load_store *store, struct sl_loads *loads,
                  struct sl_err *err) SL_MUSTCHECK;
void sl_loads_release(struct sl_loads *loads);

/* True for what goes on or waits. */
bool sl_load_is_unfinished(const struct sl_load *load);
/* How much of the table was read, 0 to 99; -1: nobody knows. */
int sl_load_percent(const struct sl_load_state *state);
/* Rows that are still to be read, by the server's estimate. */
uint64_t sl_load_rows_left(const struct sl_load_state *state);

#endif
