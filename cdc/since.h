/*
 * since.h - "what changed since": the words that name a beginning in a binary log, and how the file
 * of a moment is found.
 */
#ifndef SLUICE_CDC_SINCE_H
#define SLUICE_CDC_SINCE_H

#include <stddef.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/position.h"

enum sl_since_kind {
    SL_SINCE_PLACE, /* behind `place`: file and offset, or GTIDs */
    SL_SINCE_TIME,  /* at `time` or later */
};

/* Zeroed: a valid empty one. */
struct sl_since {
    enum sl_since_kind kind;
    struct sl_position place;
    uint32_t time; /* seconds since 1970 */
};

void sl_since_release(struct sl_since *since);

/*
 * Reads TEXT at the moment NOW (seconds since 1970):
 *
 *     binlog.000042:1234     FILE:POS
 *     UUID:1-77, 0-1-100     a GTID set of MySQL, a GTID list of MariaDB
 *     2026-11-21T10:00:00Z   a time, in UTC; without the Z in the process's time zone. A space may
 *                            stand for the T, and the seconds may be left out
 *     90s, 15m, 2h, 3d       so long before NOW
 *
 * SL_EINVAL with what was expected (or that the time is not past); SINCE is unchanged then.
 */
int sl_since_parse(struct sl_since *since, const char *text, uint64_t now,
                   struct sl_err *err) SL_MUSTCHECK;

/* When the first event of file NUMBER was written; 0: not known. */
typedef int (*sl_since_first_fn)(void *user, size_t number, uint32_t *time, struct sl_err *err);

/*
 * Of COUNT log files in order, *FOUND is the last one that begins before TIME: what was written at
 * TIME or later lies in it or behind it. SL_DONE: none does, so *FOUND is 0. What FIRST fails with.
 */
int sl_since_search(size_t count, uint32_t time, sl_since_first_fn first, void *user, size_t *found,
                    struct sl_err *err) SL_MUSTCHECK;

#endif
