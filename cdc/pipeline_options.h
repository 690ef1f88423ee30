/*
 * pipeline_options.h - what a pipeline is told: its name, where it begins and how much it may hold.
 * Plain values that the loader fills and owns.
 */
#ifndef SLUICE_CDC_PIPELINE_OPTIONS_H
#define SLUICE_CDC_PIPELINE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/source.h"

/* What to do when changes are missing that cannot be had any more. */
enum sl_gap_policy {
    SL_GAP_STOP,      /* leave with status 5 */
    SL_GAP_BOOTSTRAP, /* go on at the end of the log and load all tables again */
};

/* What to do with the keys of a table that no rule chooses any more. */
enum sl_drop_policy {
    SL_DROP_KEEP,
    SL_DROP_REMOVE,
};

/* Where to begin when there is no checkpoint. */
struct sl_start {
    enum sl_start_kind kind;
    const char *position; /* SL_START_AT: text for sl_position_parse(); else NULL */
    bool loads;           /* "bootstrap": SL_START_NOW, and all tables are loaded */
};

/* How tables are loaded. */
struct sl_load_options {
    uint32_t parallel;            /* tables at the same time, for each sink */
    uint32_t chunk_ms;            /* a SELECT should take */
    uint32_t max_threads_running; /* at the source: more are waited out; 0: no limit */
    uint32_t max_lag_s;           /* of the stream, likewise */
    uint64_t rate;                /* rows a second of one table at most; 0: no limit */
};

struct sl_pipeline_options {
    const char *name; /* letters, digits, '_', '-', '.'; safe inside a key's braces */
    struct sl_start start;
    enum sl_gap_policy on_gap;
    enum sl_drop_policy on_drop;
    uint64_t memory_limit_bytes;
    uint64_t max_transaction_bytes;
    uint64_t batch_bytes; /* at most max_transaction_bytes and a 64th of the memory limit */
    uint32_t lease_ms;
    struct sl_load_options snapshot;
};

#endif
