/*
 * runner_private.h - what the parts of the runner share; nobody else includes it.
 *
 *     runner_life.c      made, started, freed
 *     runner.c           the states, and what leads from one to the next
 *     runner_reader.c    the reader and its helpers: made, started, stopped
 *     runner_snapshot.c  the snapshot beside the reader: made, started, ended
 *     runner_load.c      follows it: says when all is loaded, starts it again when it failed
 *     runner_gap.c       what a gap leads to: the note that all tables are to be loaded
 *     runner_rules.c     the rules that a reader works by, and how others take their place
 *     runner_log.c       what is said, and how often
 *     runner_view.c      what is shown: figures for metrics and status
 */
#ifndef SLUICE_CMD_RUNNER_PRIVATE_H
#define SLUICE_CMD_RUNNER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <ev.h>

#include "cdc/base/log.h"
#include "cdc/base/xrand.h"
#include "cdc/dictionary.h"
#include "cdc/handoff.h"
#include "cdc/reader.h"
#include "cdc/snapshot.h"
#include "cmd/runner.h"
#include "cmd/view.h"
#include "sinks/identity.h"
#include "sinks/redis_sink.h"

enum {
    SL_BACKOFF_FIRST_MS = 200,
    SL_BACKOFF_MAX_MS = 10000,
    SL_FIRST_COMMANDS = 1, /* see sl_runner_make_first() */
};

enum runner_state {
    STATE_CONNECTING, /* no sink; the retry timer runs */
    STATE_WAITING,    /* a sink, no reader; the retry timer runs */
    STATE_STREAMING,  /* both */
    STATE_DRAINING,   /* the reader has ended, the sink finishes */
    STATE_ABORTING,   /* the sink was lost, the reader is being stopped */
};

struct sl_runner {
    struct sl_runner_options options;
    const struct sl_config *config;        /* all of it but tables and on_drop */
    const struct sl_config *rules;         /* these; changes while there is no reader */
    struct sl_shared_config *shared_rules; /* which they are of; NULL: config */
    pthread_mutex_t rules_lock;
    struct sl_shared_config *next_rules; /* under the lock; NULL: none */
    bool is_reload;                      /* rules have just been taken, and no reader began yet */
    bool is_reloading;                   /* the reader was stopped for other rules */
    const struct sl_redis_options *redis;
    struct sl_source_options source_options;
    struct ev_loop *loop;
    struct ev_async wake;   /* the handoff has something */
    struct ev_async change; /* the reader connected or ended, or the snapshot has news */
    struct ev_async stop;   /* a stop was asked for */
    struct ev_async reload; /* next_rules */
    struct ev_timer retry;
    struct ev_timer load_retry; /* of a snapshot that failed */
    struct sl_handoff handoff;
    struct sl_redis_sink *sink;
    struct sl_reader *reader;
    struct sl_source *source;
    struct sl_mapper *mapper;
    struct sl_dictionaries dictionaries; /* the mapper's */
    size_t value_limit;                  /* what a value may have there; 0: not known */
    bool has_asked_limit;
    struct sl_schema_query *schema;
    struct sl_rereads *rereads;
    struct sl_rule_judge *judge; /* of the reader, with its store */
    struct sl_load_store *rule_store;
    struct sl_rule_book *book;
    struct sl_buf rereads_key; /* sluice's keys for them */
    struct sl_buf state_key;
    struct sl_buf redelete_key;
    struct sl_table_scan *scan;
    struct sl_snapshot *snapshot; /* while the reader streams */
    struct sl_chunk_reader **chunk_readers;
    struct sl_load_store **stores;
    struct sl_load_store *redelete_store; /* NULL: no key is to be removed once more */
    size_t worker_count; /* of both; the last one is for rows that are read again */
    struct sl_buf first; /* commands that go with the reader's first checkpoint */
    struct sl_buf first_key;
    bool is_settling; /* every table is loaded, and complete_mark is on its way */
    uint64_t complete_mark;
    struct ev_timer settle;
    bool is_complete;                  /* every table is loaded, as far as the sink was asked */
    bool has_gap;                      /* all tables must be loaded again */
    char gap[512];                     /* why */
    char gap_file[SL_BINLOG_NAME_MAX]; /* what the sink had acknowledged then */
    uint64_t gap_offset;
    uint64_t gap_ms;      /* when the last one was found */
    uint64_t gap_wait_ms; /* before going on behind the next one */
    uint64_t load_backoff_ms;
    uint64_t load_began_ms; /* the snapshot */
    int failed_load;        /* why the runner ends */
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
    uint64_t sink_sessions; /* counters that the view shows */
    uint64_t streams;
    uint64_t failures[SL_VIEW_FAILURES];
    struct sl_view_source past_source; /* of readers before the present one */
    struct sl_view_loads past_loads;
    struct sl_table_counts *counts; /* of all readers */
    struct ev_timer view_timer;
    pthread_mutex_t view_lock;
    struct sl_view view;            /* under the lock */
    uint64_t view_ms;               /* when it was taken, likewise */
    atomic_uint_fast64_t lag_bytes; /* the most: not known */
    atomic_bool stop_asked;
    atomic_bool has_ended;
    int exit_status;
    pthread_t thread;
};

/* ---- runner.c; USER is the runner ---- */

/* Makes the events that lead from one state to the next. */
void sl_runner_watch(struct sl_runner *runner);
/* The thread. */
void *sl_runner_run(void *user);
/* As sl_redis_sink_options has them. */
void sl_runner_sink_lost(void *user, int status, const char *why);
void sl_runner_drained(void *user);

/* ---- runner_log.c ---- */

const char *sl_runner_name(const struct sl_runner *runner);
/* What may be tried again: the same sentence a second time is a debug line. */
void sl_runner_log_failure(struct sl_runner *runner, enum sl_log_module module,
                           enum sl_log_level level, const char *text);
/* Why the runner ends; after a gap with the remedy. */
void sl_runner_log_end(const struct sl_runner *runner, const char *why, bool is_gap);
/* The pipeline streams. */
void sl_runner_log_ready(struct sl_runner *runner);
/* The reader's notice; USER is the runner. Thread-safe. */
void sl_runner_notice(void *user, bool is_warning, const char *text);
/* The same, of the snapshot. */
void sl_runner_load_notice(void *user, bool is_warning, const char *text);

/* ---- runner_reader.c ---- */

/* Reads the dictionaries that tables' values are compressed with, if any rule wants them. A new one
 * counts from then on. Fails as opening the sink does. */
int sl_runner_read_dictionaries(struct sl_runner *runner, struct sl_err *err) SL_MUSTCHECK;
/* Asks the sink, once, what a value may have. */
void sl_runner_ask_limit(struct sl_runner *runner);

/* Does the sink know the commands that the rules need? SL_ESINK; fails as opening the sink does. */
int sl_runner_check_commands(struct sl_runner *runner, struct sl_err *err) SL_MUSTCHECK;
/* Makes a reader and starts it where the sink's position or the configuration says. On failure
 * there is none. */
int sl_runner_start_reader(struct sl_runner *runner, struct sl_err *err) SL_MUSTCHECK;
/* Asks it and its helpers to end; does not wait. */
void sl_runner_stop_reader(struct sl_runner *runner);
/* Only when it has ended, or was never started; ends the snapshot first. */
void sl_runner_free_reader(struct sl_runner *runner);
/* When the newest change that was read was made, for the sink; USER is the runner. */
uint32_t sl_runner_source_time(void *user);
void sl_runner_count_rows(void *user, struct sl_heartbeat_rows *rows);
bool sl_runner_lag_bytes(void *user, uint64_t *bytes);

/* Whoever has news for on_change(); USER is the runner. Thread-safe. */
void sl_runner_wake(void *user);

/* ---- runner_rules.c ---- */

/* While there is no reader: takes the rules that wait to be taken, if any do. */
bool sl_runner_take_rules(struct sl_runner *runner);
void sl_runner_free_rules(struct sl_runner *runner);
int sl_runner_make_book(struct sl_runner *runner) SL_MUSTCHECK;
void sl_runner_free_book(struct sl_runner *runner);

/* ---- runner_snapshot.c ---- */

/* Starts loading beside the reader, which streams. On failure there is no snapshot. */
int sl_runner_start_snapshot(struct sl_runner *runner, struct sl_err *err) SL_MUSTCHECK;
/* Asks it to end; does not wait. */
void sl_runner_stop_snapshot(struct sl_runner *runner);
/* True when sl_runner_end_snapshot() will not wait, also when there is none. */
bool sl_runner_snapshot_has_ended(const struct sl_runner *runner);
/* Waits for its end and says why, see sl_snapshot_join(). */
int sl_runner_end_snapshot(struct sl_runner *runner, struct sl_err *err);

/* ---- runner_load.c ---- */

/* Prepares the timers. */
void sl_runner_watch_loading(struct sl_runner *runner);
/* The reader streams: starts the snapshot, now or after a while. */
void sl_runner_begin_loading(struct sl_runner *runner);
/* The snapshot may have news. */
void sl_runner_follow_loading(struct sl_runner *runner);

/* ---- runner_view.c ---- */

/* SL_ENOMEM. */
int sl_runner_init_view(struct sl_runner *runner) SL_MUSTCHECK;
void sl_runner_release_view(struct sl_runner *runner);
/* Takes views from now on, if there are pages that show them. */
void sl_runner_show_view(struct sl_runner *runner);
/* The reader, or the snapshot, is about to be freed: what it has counted is kept. */
void sl_runner_keep_source_counts(struct sl_runner *runner);
void sl_runner_keep_load_counts(struct sl_runner *runner);

/* ---- runner_gap.c ---- */

/* True when changes are missing, or cannot be read, that no other attempt will bring. */
bool sl_runner_is_gap(int status);
/* True when going on behind what STATUS stands for, with all tables loaded again, is what the
 * configuration wants. */
bool sl_runner_may_heal(const struct sl_runner *runner, int status);
/* Notes that all tables must be loaded again because of WHY, and logs it. Returns how long to wait
 * before. */
uint64_t sl_runner_note_gap(struct sl_runner *runner, const char *why);
/* Forgets the gap when the sink has the first checkpoint behind it. */
void sl_runner_judge_gap(struct sl_runner *runner);
/* True when the next reader begins at the end of the log and all tables are loaded. */
bool sl_runner_loads_all(const struct sl_runner *runner);
/* Fills runner->first and first_key. */
int sl_runner_make_first(struct sl_runner *runner) SL_MUSTCHECK;

#endif
