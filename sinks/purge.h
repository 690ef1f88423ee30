/*
 * purge.h - removes the keys of a table that was dropped or truncated, in order with the rows
 * around it: runs while nothing else is on the way.
 */
#ifndef SLUICE_SINKS_PURGE_H
#define SLUICE_SINKS_PURGE_H

#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/batch.h"
#include "sinks/session.h"

/* Called between the steps; appends commands (*REPLIES of them) to the next group: the lease must
 * not run out. */
typedef int (*sl_purge_tick_fn)(void *user, struct sl_buf *out, uint64_t *replies);

/*
 * Scans for the keys that PATTERN matches and unlinks them, some hundred a fenced group. *REMOVED
 * counts them. SL_EFENCED; else as sl_session_open().
 */
int sl_purge_run(struct sl_session *session, const struct sl_key_pattern *pattern,
                 sl_purge_tick_fn tick, void *tick_user, uint64_t *removed,
                 struct sl_err *err) SL_MUSTCHECK;

#endif
