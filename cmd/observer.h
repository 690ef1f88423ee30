/*
 * observer.h - a thread that asks the servers of one pipeline, now and then, for what the pages
 * show and nobody else needs (observed.h), on connections of its own. A server that does not answer
 * holds up nobody; its figures are not known then.
 */
#ifndef SLUICE_CMD_OBSERVER_H
#define SLUICE_CMD_OBSERVER_H

#include "cmd/observed.h"
#include "cmd/runner.h"

struct sl_observer;

/* Starts it for sink number SINK; all is borrowed. SL_ENOMEM. */
int sl_observer_new(const struct sl_config *config, size_t sink, struct sl_runner *runner,
                    struct sl_observer **out, struct sl_err *err) SL_MUSTCHECK;
/* Before the runner is freed. */
void sl_observer_free(struct sl_observer *observer);
/* Makes COPY (zeroed) what is known; thread-safe. SL_ENOMEM. */
int sl_observer_look(struct sl_observer *observer, struct sl_observed *copy) SL_MUSTCHECK;

#endif
