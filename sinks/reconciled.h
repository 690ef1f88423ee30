/*
 * reconciled.h - what the last `sluice reconcile` found, kept beside the checkpoint for others to
 * show: a cron job is gone when somebody asks.
 *
 * The hash sluice:{PIPELINE}:reconciled has for each scope the fields
 *     all.ended=1700000000123  all.took=4200  all.status=0  all.rows=1000000
 *     all.drift=0  all.mended=0  all.unsettled=0
 * Nothing depends on it for being right.
 */
#ifndef SLUICE_SINKS_RECONCILED_H
#define SLUICE_SINKS_RECONCILED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "sinks/options.h"

struct sl_redis_client;

/* What a run compared. */
enum sl_reconcile_scope {
    SL_SCOPE_ALL,     /* all rows of all tables */
    SL_SCOPE_CHANGED, /* all that changed since a while */
    SL_SCOPE_PART,    /* some tables, or a sample */
    SL_SCOPES,
};

struct sl_reconcile_result {
    uint64_t ended_ms; /* since 1970; 0: there was none */
    uint64_t took_ms;
    uint64_t status;    /* what the command made of this sink */
    uint64_t rows;      /* compared */
    uint64_t drift;     /* keys that differed */
    uint64_t mended;    /* of these */
    uint64_t unsettled; /* keys of which nobody could say */
};

/* The last one of each scope. */
struct sl_reconciled {
    struct sl_reconcile_result last[SL_SCOPES];
};

/* "all", "changed", "part". */
const char *sl_reconcile_scope_name(enum sl_reconcile_scope scope);

/* Takes a field of the hash; what it does not know it passes over. */
void sl_reconciled_note(struct sl_reconciled *reconciled, struct sl_span name,
                        struct sl_span value);

/* Replaces *RECONCILED, on a connection that is open. SL_EIO, SL_EAUTH, SL_ESINK, SL_ESTOPPED. */
int sl_reconciled_read(struct sl_redis_client *client, const char *pipeline,
                       struct sl_reconciled *reconciled, struct sl_err *err) SL_MUSTCHECK;
/* Connects and writes the result of one scope. Fails likewise. */
int sl_reconciled_write(const struct sl_redis_options *options, const char *pipeline,
                        enum sl_reconcile_scope scope, const struct sl_reconcile_result *result,
                        struct sl_err *err) SL_MUSTCHECK;

#endif
