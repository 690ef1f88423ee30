/*
 * runner.h - one pipeline at work: a source, a sink, the two threads between them, and what happens
 * when one of them fails.
 *
 *     connect the sink -> read the checkpoint -> start the reader -> stream
 *        ^   ^                                      ^     |      |
 *        |   +--- backoff <- stop the reader <- sink lost-+      |
 *        |                                          |            |
 *        +- standby: another writer          backoff <- drain <- reader ended
 *
 * A failure that time can mend is tried again for ever once the pipeline has streamed (before that,
 * for a few seconds: a wrong address should not look like a running daemon); any other one ends the
 * runner with the exit status that the documentation lists.
 */
#ifndef SLUICE_CMD_RUNNER_H
#define SLUICE_CMD_RUNNER_H

#include "conf/config.h"

enum {
    SL_EXIT_OK = 0,
    SL_EXIT_USAGE = 2,
    SL_EXIT_SOURCE = 3,
    SL_EXIT_SINK = 4,
    SL_EXIT_GAP = 5,
};

struct sl_runner;

/* A runner for sink number SINK of CONFIG (borrowed). NULL when out of memory. */
struct sl_runner *sl_runner_new(const struct sl_config *config, size_t sink);
void sl_runner_free(struct sl_runner *runner);

/* Starts its thread. */
int sl_runner_start(struct sl_runner *runner, struct sl_err *err) SL_MUSTCHECK;
/* Asks it to flush, checkpoint and leave; thread-safe. */
void sl_runner_stop(struct sl_runner *runner);
/* True when sl_runner_join() will not wait. */
bool sl_runner_has_ended(const struct sl_runner *runner);
/* Waits for its end; returns the exit status. */
int sl_runner_join(struct sl_runner *runner);

#endif
