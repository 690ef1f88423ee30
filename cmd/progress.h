/*
 * progress.h - shows how far the loading of a sink's tables is: a bar for each table that is being
 * read, drawn anew in place, on a terminal; else a line every few seconds. Writes to stderr.
 */
#ifndef SLUICE_CMD_PROGRESS_H
#define SLUICE_CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/loads.h"

enum { SL_PROGRESS_TABLES = 16 }; /* that are shown at the same time */

/* A table's speed is measured from when it was seen first. */
struct sl_progress_seen {
    char *table;
    uint64_t rows;
    uint64_t at_ms;
};

struct sl_progress {
    bool is_terminal;
    unsigned lines;    /* that were drawn and are drawn over */
    uint64_t shown_ms; /* when a line was printed last; 0: never */
    struct sl_progress_seen seen[SL_PROGRESS_TABLES];
    struct sl_progress_seen total;
};

void sl_progress_init(struct sl_progress *progress);
void sl_progress_release(struct sl_progress *progress);
/* Takes away what is drawn over, before something else is to be drawn. */
void sl_progress_clear(struct sl_progress *progress);
/* NAME is the sink's, NULL where there is but one. Monotonic NOW_MS. */
void sl_progress_show(struct sl_progress *progress, const char *name, const struct sl_loads *loads,
                      uint64_t now_ms);
/* A line for each table of LOADS and one for all, on stdout. */
void sl_progress_sum(const char *name, const struct sl_loads *loads);

#endif
