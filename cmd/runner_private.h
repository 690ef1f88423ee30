/*
 * runner_private.h - what the parts of the runner share; nobody else includes it.
 *
 *     runner.c         the states, and what leads from one to the next
 *     runner_reader.c  the reader and its helpers: made, started, stopped
 *     runner_log.c     what is said, and how often
 */
#ifndef SLUICE_CMD_RUNNER_PRIVATE_H
#define SLUICE_CMD_RUNNER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <ev.h>

#include "cdc/base/log.h"
#include "cdc/base/xrand.h"
#include "cdc/handoff.h"
#include "cdc/reader.h"
#include "cmd/runner.h"
#include "sinks/identity.h"
#include "sinks/redis_sink.h"

enum { SL_BACKOFF_FIRST_MS = 200 };

enum runner_state {
    STATE_CONNECTING, /* no sink; the retry timer runs */
    STATE_WAITING,    /* a sink, no reader; the retry timer runs */
    STATE_STREAMING,  /* both */
    STATE_DRAINING,   /* the reader has ended, the sink finishes */
    STATE_ABORTING,   /* the sink was lost, the reader is being stopped */
};

struct sl_runner {
    const struct sl_config *config;
    const struct sl_redis_options *redis;
    struct sl_source_options source_options;
    struct ev_loop *loop;
    struct ev_async wake;   /* the handoff has something */
    struct ev_async change; /* the reader connected or ended */
    struct ev_async stop;   /* a stop was asked for */
    struct ev_timer retry;
    struct sl_handoff handoff;
    struct sl_redis_sink *sink;
    struct sl_reader *reader;
    struct sl_source *source;
    struct sl_mapper *mapper;
    struct sl_schema_query *schema;
    struct sl_row_query *rows;
    struct sl_table_scan *scan;
    enum runner_state state;
    struct sl_xrand rand;
    uint64_t backoff_ms;
    uint64_t started_ms;
    uint64_t ready_ms;      /* when ready was logged last */
    bool has_streamed;      /* ready was logged once: from then on failures are waited out */
    bool is_standby;        /* was logged */
    bool is_ready;          /* was logged for this reader */
    char last_failure[256]; /* a failure that repeats is logged once */
    char identity[SL_IDENTITY_MAX];
    int outcome; /* why the reader ended, while draining */
    struct sl_err outcome_err;
    atomic_bool stop_asked;
    atomic_bool has_ended;
    int exit_status;
    pthread_t thread;
};

/* ---- runner_log.c ---- */

const char *sl_runner_name(const struct sl_runner *runner);
/* What may be tried again: the same sentence a second time is a debug line. */
void sl_runner_log_failure(struct sl_runner *runner, enum sl_log_level level, const char *text);
/* The pipeline streams. */
void sl_runner_log_ready(struct sl_runner *runner);
/* The reader's notice; USER is the runner. Thread-safe. */
void sl_runner_notice(void *user, bool is_warning, const char *text);

/* ---- runner_reader.c ---- */

/* Makes a reader and starts it where the sink's position or the configuration says. On failure
 * there is none. */
int sl_runner_start_reader(struct sl_runner *runner, struct sl_err *err) SL_MUSTCHECK;
/* Asks it and its helpers to end; does not wait. */
void sl_runner_stop_reader(struct sl_runner *runner);
/* Only when it has ended, or was never started. */
void sl_runner_free_reader(struct sl_runner *runner);
/* When the newest change that was read was made, for the sink; USER is the runner. */
uint32_t sl_runner_source_time(void *user);

#endif
