/*
 * watch.h - notices, beside a command that is at work, that it should end: SIGINT, SIGTERM, or
 * nobody reads its standard output any more.
 *
 * The thread that starts a watch is the one that works. Once a stop is asked for it gets a signal
 * again and again, so that a write() that waits for a reader comes back with EINTR.
 */
#ifndef SLUICE_CMD_WATCH_H
#define SLUICE_CMD_WATCH_H

#include <stdbool.h>

#include "cdc/base/err.h"

struct sl_watch;

/* Calls STOP once, from a thread of its own. SIGINT and SIGTERM are blocked from now on. */
int sl_watch_start(void (*stop)(void *user), void *user, struct sl_watch **watch,
                   struct sl_err *err) SL_MUSTCHECK;
/* True when a stop was asked for; thread-safe. */
bool sl_watch_has_stopped(const struct sl_watch *watch);
/* Ends the watch; STOP is not called after this. NULL is fine. */
void sl_watch_end(struct sl_watch *watch);

#endif
