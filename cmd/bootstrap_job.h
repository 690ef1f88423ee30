/*
 * bootstrap_job.h - the loading of one sink's tables on behalf of `sluice bootstrap`.
 *
 * A runner is started in any case. Without a daemon it gets the lease, streams and loads; beside
 * one it stands by, and the daemon does what the request says. Should the daemon go away
 * meanwhile, the runner takes over. Either way all that is to be known stands in Redis.
 */
#ifndef SLUICE_CMD_BOOTSTRAP_JOB_H
#define SLUICE_CMD_BOOTSTRAP_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/loads.h"
#include "cmd/progress.h"
#include "cmd/runner.h"
#include "conf/config.h"
#include "sinks/identity.h"

enum { SL_BOOTSTRAP_ID_MAX = 16 };

/* What the command line asks for. */
struct sl_bootstrap_words {
    const char *config;
    char **tables; /* "DB.TABLE"; none: all */
    size_t table_count;
    const char *where; /* NULL: none */
    uint64_t rate;     /* 0: as configured */
};

struct sl_bootstrap_job {
    const struct sl_config *config; /* borrowed */
    size_t sink;                    /* its number */
    struct sl_runner *runner;
    struct sl_load_store *store;
    char identity[SL_IDENTITY_MAX];
    char id[SL_BOOTSTRAP_ID_MAX]; /* what the ids of this job's requests begin with; "" none was
                                     made */
    struct sl_loads loads;        /* this job's, or all where it made no request */
    struct sl_progress progress;
    bool is_beside;    /* another process has the lease */
    bool was_beside;   /* it had when the job began */
    bool has_position; /* the sink has a checkpoint */
    bool is_done;
    int status; /* exit status, once it is over */
};

/* Asks for the load and starts the runner. Returns an exit status, having said what is wrong. */
int sl_bootstrap_job_begin(struct sl_bootstrap_job *job, const struct sl_config *config,
                           size_t sink, const struct sl_bootstrap_words *words);
void sl_bootstrap_job_release(struct sl_bootstrap_job *job);

/* Looks how far it is. True when there is nothing to wait for any more. */
bool sl_bootstrap_job_look(struct sl_bootstrap_job *job);
/* Ends the runner, says what became of the tables; returns the exit status. */
int sl_bootstrap_job_end(struct sl_bootstrap_job *job);

#endif
