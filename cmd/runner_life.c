/* runner_life.c - the runner is made, started, asked to end, and freed. */
#include <stdlib.h>

#include "cdc/base/clock.h"
#include "cmd/runner_private.h"

enum { SL_HANDOFF_SHARE = 32 }; /* of memory_limit */

static void wake_from_handoff(void *user)
{
    struct sl_runner *runner = user;

    ev_async_send(runner->loop, &runner->wake);
}

static int make_sink(struct sl_runner *runner)
{
    const struct sl_pipeline_options *pipeline = &runner->config->pipeline;
    const struct sl_redis_sink_options options = {
        .session = {.pipeline = pipeline->name,
                    .redis = runner->redis,
                    .lease_ms = pipeline->lease_ms,
                    .identity = runner->identity,
                    .stop = &runner->stop_asked},
        .handoff = &runner->handoff,
        .loop = runner->loop,
        .clock = sl_clock_real(),
        .lost = sl_runner_sink_lost,
        .source_time = sl_runner_source_time,
        .count_rows = sl_runner_count_rows,
        .lag_bytes = sl_runner_lag_bytes,
        .drained = sl_runner_drained,
        .user = runner,
    };

    sl_identity_make(runner->identity, sizeof(runner->identity));
    runner->sink = sl_redis_sink_new(&options);
    return runner->sink != NULL ? SL_OK : SL_ENOMEM;
}

/* What other threads use, too. */
static int init_shared(struct sl_runner *runner)
{
    size_t budget = (size_t)(runner->config->pipeline.memory_limit_bytes / SL_HANDOFF_SHARE);

    if (pthread_mutex_init(&runner->rules_lock, NULL) != 0) {
        return SL_ENOMEM;
    }
    if (sl_handoff_init(&runner->handoff, budget, wake_from_handoff, runner) != SL_OK) {
        (void)pthread_mutex_destroy(&runner->rules_lock);
        return SL_ENOMEM;
    }
    if (sl_runner_init_view(runner) != SL_OK) {
        sl_handoff_release(&runner->handoff);
        (void)pthread_mutex_destroy(&runner->rules_lock);
        return SL_ENOMEM;
    }
    return SL_OK;
}

struct sl_runner *sl_runner_new(const struct sl_runner_options *options)
{
    const struct sl_config *config = options->config;
    struct sl_runner *runner = calloc(1, sizeof(*runner));

    if (runner == NULL) {
        return NULL;
    }
    runner->options = *options;
    runner->config = config;
    runner->rules = config;
    runner->redis = &config->sinks[options->sink];
    runner->source_options = config->source;
    runner->source_options.server_id = sl_config_server_id(config, options->sink);
    runner->rand.state = sl_xrand_entropy();
    runner->backoff_ms = SL_BACKOFF_FIRST_MS;
    if (init_shared(runner) != SL_OK) {
        free(runner);
        return NULL;
    }
    runner->loop = ev_loop_new(EVFLAG_AUTO);
    runner->counts = sl_table_counts_new();
    atomic_init(&runner->lag_bytes, UINT64_MAX);
    if (runner->loop == NULL || runner->counts == NULL || make_sink(runner) != SL_OK) {
        sl_runner_free(runner);
        return NULL;
    }
    sl_runner_watch(runner);
    return runner;
}

void sl_runner_free(struct sl_runner *runner)
{
    if (runner == NULL) {
        return;
    }
    sl_redis_sink_free(runner->sink);
    sl_runner_free_reader(runner);
    if (runner->loop != NULL) {
        ev_loop_destroy(runner->loop);
    }
    sl_handoff_release(&runner->handoff);
    sl_buf_release(&runner->first);
    sl_buf_release(&runner->first_key);
    sl_dictionaries_release(&runner->dictionaries);
    sl_buf_release(&runner->rereads_key);
    sl_buf_release(&runner->state_key);
    sl_runner_release_view(runner);
    sl_runner_free_rules(runner);
    sl_buf_release(&runner->redelete_key);
    sl_table_counts_free(runner->counts);
    free(runner);
}

int sl_runner_start(struct sl_runner *runner, struct sl_err *err)
{
    return pthread_create(&runner->thread, NULL, sl_runner_run, runner) == 0
               ? SL_OK
               : sl_err_set(err, SL_ENOMEM, "cannot start a thread: no memory");
}

void sl_runner_stop(struct sl_runner *runner)
{
    atomic_store(&runner->stop_asked, true);
    ev_async_send(runner->loop, &runner->stop);
}

bool sl_runner_has_ended(const struct sl_runner *runner)
{
    return atomic_load(&runner->has_ended);
}

int sl_runner_join(struct sl_runner *runner)
{
    (void)pthread_join(runner->thread, NULL);
    return runner->exit_status;
}
