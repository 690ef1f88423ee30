#include "cmd/bootstrap_job.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/base/clock.h"
#include "cdc/base/xrand.h"
#include "filters/rule.h"
#include "sinks/load_store.h"
#include "sinks/redis_client.h"
#include "sinks/redis_status.h"

enum { SL_BOOTSTRAP_STOPPED = 1 };

static const struct sl_redis_options *sink_of(const struct sl_bootstrap_job *job)
{
    return &job->config->sinks[job->sink];
}

static int complain(const char *text)
{
    (void)fprintf(stderr, "sluice bootstrap: %s\n", text);
    return SL_EXIT_SINK;
}

/* ---- requests ---- */

static int format_request(const struct sl_bootstrap_job *job,
                          const struct sl_bootstrap_words *words, const char *table,
                          struct sl_buf *out)
{
    uint64_t configured = job->config->pipeline.snapshot.rate;
    struct sl_load_request request = {
        .kind = SL_REQUEST_LOAD,
        .rate = words->rate > 0 ? words->rate : configured,
    };
    const char *dot = table != NULL ? strchr(table, '.') : NULL;
    int rc = SL_OK;

    if (dot != NULL) {
        rc = sl_buf_add(&request.db, table, (size_t)(dot - table));
        rc = rc == SL_OK ? sl_buf_add_str(&request.table, dot + 1) : rc;
    }
    if (rc == SL_OK && words->where != NULL) {
        rc = sl_buf_add_str(&request.where, words->where);
    }
    if (rc == SL_OK) {
        rc = sl_load_request_format(&request, out);
    }
    sl_load_request_release(&request);
    return rc;
}

static int send_request(const struct sl_bootstrap_job *job, struct sl_redis_client *client,
                        const char *id, struct sl_buf *text, struct sl_err *err)
{
    const char *args[] = {"HSET", job->store->requests_key, id, sl_buf_cstr(text)};

    if (args[3] == NULL) {
        return SL_ENOMEM;
    }
    return sl_redis_client_call(client, "cannot ask for the load", 4, args, NULL, err);
}

static int request_table(const struct sl_bootstrap_job *job, const struct sl_bootstrap_words *words,
                         size_t number, struct sl_redis_client *client, struct sl_err *err)
{
    char id[SL_LOAD_ID_MAX];
    struct sl_buf text = {0};
    int rc =
        format_request(job, words, words->table_count > 0 ? words->tables[number] : NULL, &text);

    (void)snprintf(id, sizeof(id), "%s-%zu", job->id, number);
    if (rc == SL_OK) {
        rc = send_request(job, client, id, &text, err);
    }
    sl_buf_release(&text);
    return rc;
}

/* One for each table: a table that cannot be loaded does not concern the others. */
static int request_all(struct sl_bootstrap_job *job, const struct sl_bootstrap_words *words,
                       struct sl_err *err)
{
    size_t count = words->table_count > 0 ? words->table_count : 1;
    struct sl_xrand rand = {.state = sl_xrand_entropy()};
    struct sl_redis_client client;
    int rc;

    (void)snprintf(job->id, sizeof(job->id), "cli%012" PRIx64,
                   sl_xrand_next(&rand) & UINT64_C(0xffffffffffff));
    rc = sl_redis_client_open(&client, sink_of(job), err);
    if (rc != SL_OK) {
        return rc;
    }
    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        rc = request_table(job, words, i, &client, err);
    }
    sl_redis_client_close(&client);
    return rc;
}

/* ---- what Redis says ---- */

struct waiting {
    const char *prefix;
    size_t count;
};

static int count_request(void *user, struct sl_span name, struct sl_span value)
{
    struct waiting *waiting = user;
    size_t len = strlen(waiting->prefix);

    (void)value;
    if (name.len >= len && memcmp(name.data, waiting->prefix, len) == 0) {
        waiting->count++;
    }
    return SL_OK;
}

/* This job's requests, or all, that nobody has taken yet. */
static int count_waiting(struct sl_bootstrap_job *job, size_t *count, struct sl_err *err)
{
    struct waiting waiting = {.prefix = job->id};
    int rc = job->store->ops->requests(job->store, count_request, &waiting, err);

    *count = waiting.count;
    return rc;
}

static bool is_mine(const struct sl_bootstrap_job *job, const struct sl_load *load)
{
    return strncmp(load->state.id, job->id, strlen(job->id)) == 0;
}

/*
 * Leaves the job's tables in LOADS. Where there is none any more something else had all tables
 * loaded (a gap): then these are waited for.
 */
static void keep_mine(const struct sl_bootstrap_job *job, struct sl_loads *loads)
{
    size_t kept = 0;

    for (size_t i = 0; i < loads->count; i++) {
        kept += is_mine(job, &loads->items[i]) ? 1 : 0;
    }
    if (kept == 0) {
        return;
    }
    kept = 0;
    for (size_t i = 0; i < loads->count; i++) {
        struct sl_load load = loads->items[i];

        if (is_mine(job, &load)) {
            loads->items[i] = loads->items[kept];
            loads->items[kept++] = load;
        }
    }
    while (loads->count > kept) {
        struct sl_load *last = &loads->items[--loads->count];

        sl_load_state_release(&last->state);
        free(last->table);
    }
}

static bool has_unfinished(const struct sl_loads *loads)
{
    for (size_t i = 0; i < loads->count; i++) {
        if (sl_load_is_unfinished(&loads->items[i])) {
            return true;
        }
    }
    return false;
}

/* Who writes, and whether there is a checkpoint. */
static int look_at_writer(struct sl_bootstrap_job *job, struct sl_err *err)
{
    struct sl_redis_status status;
    int rc = sl_redis_status_read(sink_of(job), job->config->pipeline.name, &status, err);

    if (rc == SL_OK) {
        job->has_position = status.has_checkpoint;
        job->is_beside = status.has_lease && strcmp(status.holder, job->identity) != 0 &&
                         !sl_identity_is_dead(status.holder, job->identity);
    }
    sl_redis_status_release(&status);
    return rc;
}

/* ---- the beginning ---- */

/* A load that is not finished, be it an earlier bootstrap that was killed, is gone on with. */
static int ask(struct sl_bootstrap_job *job, const struct sl_bootstrap_words *words,
               struct sl_err *err)
{
    size_t waiting = 0;
    int rc = sl_loads_read(job->store, &job->loads, err);

    if (rc == SL_OK) {
        rc = count_waiting(job, &waiting, err);
    }
    if (rc != SL_OK) {
        return rc;
    }
    if (words->table_count == 0) {
        if (waiting > 0 || has_unfinished(&job->loads)) {
            (void)fputs("going on with the load that is not finished\n", stderr);
            return SL_OK;
        }
        if (!job->has_position && !job->is_beside) {
            return SL_OK; /* the runner begins with a load of all tables */
        }
    }
    return request_all(job, words, err);
}

static int start_runner(struct sl_bootstrap_job *job, const struct sl_bootstrap_words *words,
                        struct sl_err *err)
{
    const struct sl_runner_options options = {
        .config = job->config,
        .sink = job->sink,
        .start = words->table_count > 0 ? SL_RUNNER_LOAD_NONE : SL_RUNNER_LOAD_ALL,
        .rate = words->rate,
        .heals_gaps = words->table_count == 0, /* all tables are what was asked for */
        .ends_on_failed_load = true,
    };

    job->runner = sl_runner_new(&options);
    return job->runner != NULL ? sl_runner_start(job->runner, err) : SL_ENOMEM;
}

int sl_bootstrap_job_begin(struct sl_bootstrap_job *job, const struct sl_config *config,
                           size_t sink, const struct sl_bootstrap_words *words)
{
    struct sl_err err = {0};
    int rc;

    *job = (struct sl_bootstrap_job){.config = config, .sink = sink};
    sl_progress_init(&job->progress);
    sl_identity_make(job->identity, sizeof(job->identity));
    job->store = sl_redis_load_store_new(sink_of(job), config->pipeline.name);
    rc = job->store != NULL ? look_at_writer(job, &err) : SL_ENOMEM;
    job->was_beside = job->is_beside;
    rc = rc == SL_OK ? ask(job, words, &err) : rc;
    rc = rc == SL_OK ? start_runner(job, words, &err) : rc;
    if (rc == SL_OK && job->is_beside) {
        (void)fputs("a daemon is at work and does the loading\n", stderr);
    }
    return rc == SL_OK ? SL_EXIT_OK : complain(err.text[0] != '\0' ? err.text : "out of memory");
}

void sl_bootstrap_job_release(struct sl_bootstrap_job *job)
{
    sl_runner_free(job->runner);
    if (job->store != NULL) {
        job->store->ops->free(job->store);
    }
    sl_loads_release(&job->loads);
    sl_progress_release(&job->progress);
}

/* ---- meanwhile ---- */

static void note_takeover(struct sl_bootstrap_job *job, bool was_beside)
{
    if (was_beside && !job->is_beside) {
        sl_progress_clear(&job->progress);
        (void)fputs("the daemon is gone: the load goes on in this process\n", stderr);
    }
}

/* SL_OK, or why nobody knows; what failed here fails the runner, too, which knows what to do. */
static int look(struct sl_bootstrap_job *job, struct sl_err *err)
{
    bool was_beside = job->is_beside;
    struct sl_loads loads = {0};
    size_t waiting = 0;
    /* In this order: behind a checkpoint there is the note that tables are to be loaded, and
       behind a request that was taken its tables. */
    int rc = look_at_writer(job, err);

    rc = rc == SL_OK ? count_waiting(job, &waiting, err) : rc;
    rc = rc == SL_OK ? sl_loads_read(job->store, &loads, err) : rc;
    if (rc != SL_OK) {
        return rc;
    }
    note_takeover(job, was_beside);
    keep_mine(job, &loads);
    sl_loads_release(&job->loads);
    job->loads = loads;
    job->is_done = job->has_position && waiting == 0 && !has_unfinished(&job->loads);
    return SL_OK;
}

bool sl_bootstrap_job_look(struct sl_bootstrap_job *job)
{
    struct sl_err err = {0};

    return job->is_done || sl_runner_has_ended(job->runner) ||
           (look(job, &err) == SL_OK && job->is_done);
}

/* ---- the end ---- */

static int report_failed(const struct sl_bootstrap_job *job)
{
    int status = SL_EXIT_OK;

    for (size_t i = 0; i < job->loads.count; i++) {
        struct sl_load *load = &job->loads.items[i];

        if (load->state.phase == SL_LOAD_FAILED) {
            const char *reason = sl_buf_cstr(&load->state.reason);

            (void)fprintf(stderr, "sluice bootstrap: %s was not loaded: %s\n", load->table,
                          reason != NULL ? reason : "");
            status = SL_EXIT_GAP;
        }
    }
    return status;
}

static enum sl_keeping keeping_of(const struct sl_config *config, const char *name)
{
    size_t dot = strcspn(name, ".");

    return name[dot] == '.'
               ? sl_rules_keeping(config->tables, config->table_count, sl_span_make(name, dot),
                                  sl_span_make(name + dot + 1, strlen(name + dot + 1)))
               : SL_KEEPS_ROWS;
}

/* Of these no row is in Redis, however many the source has. */
static void tell_of_others(const struct sl_bootstrap_job *job)
{
    static const char *const done[] = {
        [SL_KEEPS_CHANGES] = "nothing was loaded; its \"value\" is \"stream\"",
        [SL_KEEPS_OTHERS] =
            "its keys were removed; its \"value\" is \"invalidate\", so that others "
            "fill them",
    };

    for (size_t i = 0; i < job->loads.count; i++) {
        const struct sl_load *load = &job->loads.items[i];
        enum sl_keeping keeping = keeping_of(job->config, load->table);

        if (keeping != SL_KEEPS_ROWS && load->state.phase == SL_LOAD_DONE) {
            (void)printf("%s: %s\n", load->table, done[keeping]);
        }
    }
    (void)fflush(stdout);
}

static void say_stopped(const struct sl_bootstrap_job *job)
{
    (void)fputs(job->is_beside
                    ? "stopped; the daemon goes on loading, and `sluice bootstrap` shows how far\n"
                    : "stopped before all was loaded; run it again to go on from here\n",
                stderr);
}

int sl_bootstrap_job_end(struct sl_bootstrap_job *job)
{
    int status;

    sl_progress_clear(&job->progress);
    sl_runner_stop(job->runner);
    status = sl_runner_join(job->runner);
    if (job->is_done) {
        int failed = report_failed(job);

        status = failed > status ? failed : status;
        sl_progress_sum(job->config->sink_count > 1 ? sink_of(job)->name : NULL, &job->loads);
        tell_of_others(job);
    } else if (status == SL_EXIT_OK) {
        say_stopped(job);
        status = SL_BOOTSTRAP_STOPPED;
    }
    return status;
}
