/*
 * runner.h - one pipeline at work: a source, a sink, the two threads between them, and what happens
 * when one of them fails.
 *
 *     connect the sink -> read the checkpoint -> start the reader -> stream, and load tables
 *        ^   ^                                      ^     |      |
 *        |   +--- backoff <- stop the reader <- sink lost-+      |
 *        |                                          |            |
 *        +- standby: another writer          backoff <- drain <- reader ended
 *
 * Beside every reader there is a snapshot (cdc/snapshot.h), which finds in the sink what is to be
 * loaded. Changes that are missing and cannot be had any more (a gap) are healed, if the
 * configuration wants that, by a reader that begins at the end of the log, with the note that all
 * tables are to be loaded in the same step as its first checkpoint.
 *
 * A failure that time can mend is tried again for ever once the pipeline has streamed (before that,
 * for a few seconds: a wrong address should not look like a running daemon); any other one ends the
 * runner with the exit status that the documentation lists.
 */
#ifndef SLUICE_CMD_RUNNER_H
#define SLUICE_CMD_RUNNER_H

#include "cmd/shared_config.h"
#include "cmd/view.h"
#include "conf/config.h"

enum {
    SL_EXIT_OK = 0,
    SL_EXIT_USAGE = 2,
    SL_EXIT_SOURCE = 3,
    SL_EXIT_SINK = 4,
    SL_EXIT_GAP = 5,
};

/* Where to begin when there is no checkpoint. */
enum sl_runner_start {
    SL_RUNNER_AS_CONFIGURED,
    SL_RUNNER_LOAD_ALL,  /* as with "start": "bootstrap" */
    SL_RUNNER_LOAD_NONE, /* as with "start": "now" */
};

struct sl_runner_options {
    const struct sl_config *config; /* borrowed */
    size_t sink;                    /* its number */
    enum sl_runner_start start;
    uint64_t rate;   /* LOAD_ALL: rows a second of a table at most; 0: as configured */
    bool heals_gaps; /* as with "on_gap": "bootstrap", whatever the configuration says */
    /* A load that fails for what time will not mend ends the runner. */
    bool ends_on_failed_load;
};

struct sl_runner;

/* NULL when out of memory. */
struct sl_runner *sl_runner_new(const struct sl_runner_options *options);
void sl_runner_free(struct sl_runner *runner);

/* Starts its thread. */
int sl_runner_start(struct sl_runner *runner, struct sl_err *err) SL_MUSTCHECK;
/* Asks it to flush, checkpoint and leave; thread-safe. */
void sl_runner_stop(struct sl_runner *runner);
/* Makes VIEW what the pipeline does, if the configuration has pages; thread-safe. SL_ENOMEM. */
int sl_runner_look(struct sl_runner *runner, struct sl_view *view) SL_MUSTCHECK;
/* Rows that were read, by table; valid as long as the runner. Thread-safe. */
const struct sl_table_counts *sl_runner_tables(const struct sl_runner *runner);
/* Who asked the source says how much of its log the sink does not have; goes into the heartbeat.
 * Thread-safe. */
void sl_runner_tell_lag_bytes(struct sl_runner *runner, bool is_known, uint64_t bytes);
/* From between two transactions on, tables and on_drop are those of SHARED, which it uses as long
 * as it needs; all else of it is not looked at. Thread-safe. */
void sl_runner_reload(struct sl_runner *runner, struct sl_shared_config *shared);
/* True when sl_runner_join() will not wait. */
bool sl_runner_has_ended(const struct sl_runner *runner);
/* Waits for its end; returns the exit status. */
int sl_runner_join(struct sl_runner *runner);

#endif
