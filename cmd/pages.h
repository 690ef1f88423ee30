/*
 * pages.h - the daemon's pages over HTTP, for Prometheus, load balancers and people:
 *
 *     /metrics      figures, Prometheus' text format
 *     /healthz      200: the daemon lives
 *     /readyz       200: every sink is fresh, 503: one is not
 *     /status.json  what each pipeline does
 *
 * They are read only and show no rows and no secrets.
 */
#ifndef SLUICE_CMD_PAGES_H
#define SLUICE_CMD_PAGES_H

#include "cmd/runner.h"

struct sl_pages;

/*
 * Listens where CONFIG says, for the life of *OUT; all is borrowed. Answers in a thread of its own.
 * SL_EINVAL: the address is none, or not to be had. SL_ENOMEM.
 */
int sl_pages_new(const struct sl_config *config, struct sl_runner *const *runners,
                 struct sl_pages **out, struct sl_err *err) SL_MUSTCHECK;
/* Before the runners are freed. */
void sl_pages_free(struct sl_pages *pages);

#endif
