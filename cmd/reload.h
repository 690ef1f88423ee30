/*
 * reload.h - SIGHUP: the file is read again, and what it says of tables takes effect.
 */
#ifndef SLUICE_CMD_RELOAD_H
#define SLUICE_CMD_RELOAD_H

#include "cmd/shared_config.h"

/*
 * Reads PATH and checks it, also against the tables of the source. NULL: it cannot take the place
 * of RUNNING, which was started with; why was logged, a line a sentence. Else it is for one user,
 * and the log is as it says.
 */
struct sl_shared_config *sl_reload_read(const char *path, const struct sl_config *running);

#endif
