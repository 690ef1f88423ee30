/*
 * observed.h - what of a pipeline only its servers know, as it was when they were asked last: how
 * far behind the end of the source's log it is, which tables are being loaded, what the last
 * comparison found. observer.h asks.
 */
#ifndef SLUICE_CMD_OBSERVED_H
#define SLUICE_CMD_OBSERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/load_state.h"
#include "sinks/reconciled.h"

enum {
    SL_OBSERVED_PHASES = SL_LOAD_FAILED + 1,
    SL_OBSERVED_LOADS_MAX = 200, /* tables that are shown one by one */
};

/* A table whose load goes on or waits. */
struct sl_observed_load {
    char *table; /* "shop.users" */
    uint64_t rows;
    uint64_t estimate;
};

/* Zeroed: nothing is known. */
struct sl_observed {
    bool has_read; /* bytes of the log that were not read */
    uint64_t read_bytes;
    bool has_acked; /* and not acknowledged by the sink */
    uint64_t acked_bytes;
    bool has_sink; /* what follows is known */
    uint64_t tables[SL_OBSERVED_PHASES];
    struct sl_observed_load *loads;
    size_t load_count;
    struct sl_reconciled reconciled;
};

void sl_observed_release(struct sl_observed *observed);
/* Forgets what the sink knows. */
void sl_observed_clear_sink(struct sl_observed *observed);
/* Takes a field of the hash of loads (load_state.h); one that nobody can read is passed over.
 * SL_ENOMEM. */
int sl_observed_note_load(struct sl_observed *observed, struct sl_span name,
                          struct sl_span value) SL_MUSTCHECK;
/* Makes COPY (zeroed) one of OBSERVED. SL_ENOMEM: COPY can only be released. */
int sl_observed_copy(struct sl_observed *copy, const struct sl_observed *observed) SL_MUSTCHECK;

#endif
