#include <stdlib.h>

#include "cdc/client/chunk_reader.h"
#include "cmd/runner_private.h"
#include "filters/rule.h"
#include "sinks/load_store.h"

enum {
    SL_LOAD_POLL_MS = 500,
    /* Shares of memory_limit, of all tables that are loaded at the same time. */
    SL_CHUNK_SHARE = 32,
    SL_WATCH_SHARE = 16,
    SL_CHUNK_MAX = 8 * 1024 * 1024, /* larger ones make nothing faster */
};

static int make_workers(struct sl_runner *runner)
{
    size_t count = runner->config->pipeline.snapshot.parallel + 1U;

    runner->chunk_readers = calloc(count, sizeof(struct sl_chunk_reader *));
    runner->stores = calloc(count, sizeof(struct sl_load_store *));
    if (runner->chunk_readers == NULL || runner->stores == NULL) {
        return SL_ENOMEM;
    }
    runner->worker_count = count;
    for (size_t i = 0; i < count; i++) {
        runner->chunk_readers[i] = sl_chunk_reader_new(&runner->source_options);
        runner->stores[i] = sl_redis_load_store_new(runner->redis, sl_runner_name(runner));
        if (runner->chunk_readers[i] == NULL || runner->stores[i] == NULL) {
            return SL_ENOMEM;
        }
    }
    if (sl_rules_longest_redelete_ms(runner->rules->tables, runner->rules->table_count) > 0) {
        runner->redelete_store = sl_redis_load_store_new(runner->redis, sl_runner_name(runner));
        return runner->redelete_store != NULL ? SL_OK : SL_ENOMEM;
    }
    return SL_OK;
}

static void free_workers(struct sl_runner *runner)
{
    if (runner->redelete_store != NULL) {
        runner->redelete_store->ops->free(runner->redelete_store);
        runner->redelete_store = NULL;
    }
    for (size_t i = 0; i < runner->worker_count; i++) {
        if (runner->chunk_readers[i] != NULL) {
            runner->chunk_readers[i]->ops->free(runner->chunk_readers[i]);
        }
        if (runner->stores[i] != NULL) {
            runner->stores[i]->ops->free(runner->stores[i]);
        }
    }
    free(runner->chunk_readers);
    free(runner->stores);
    runner->chunk_readers = NULL;
    runner->stores = NULL;
    runner->worker_count = 0;
}

static struct sl_snapshot *make_snapshot(struct sl_runner *runner)
{
    const struct sl_load_options *load = &runner->config->pipeline.snapshot;
    size_t loads = runner->worker_count - 1;
    uint64_t memory = runner->config->pipeline.memory_limit_bytes / runner->worker_count;
    uint64_t chunk = memory / SL_CHUNK_SHARE;
    const struct sl_snapshot_options options = {
        .reader = runner->reader,
        .mapper = runner->mapper,
        .chunk_readers = runner->chunk_readers,
        .stores = runner->stores,
        .worker_count = loads,
        .reread_chunks = runner->chunk_readers[loads],
        .reread_store = runner->stores[loads],
        .redelete_store = runner->redelete_store,
        .chunk_bytes = (size_t)(chunk < SL_CHUNK_MAX ? chunk : SL_CHUNK_MAX),
        .batch_bytes = (size_t)runner->config->pipeline.batch_bytes,
        .watch_bytes = (size_t)(memory / SL_WATCH_SHARE),
        .chunk_ms = load->chunk_ms,
        .max_threads_running = load->max_threads_running,
        .max_lag_s = load->max_lag_s,
        .poll_ms = SL_LOAD_POLL_MS,
        .rate = load->rate,
        .notice = sl_runner_load_notice,
        .changed = sl_runner_wake,
        .user = runner,
    };

    return sl_snapshot_new(&options);
}

int sl_runner_start_snapshot(struct sl_runner *runner, struct sl_err *err)
{
    int rc = make_workers(runner);

    if (rc == SL_OK) {
        runner->snapshot = make_snapshot(runner);
        rc = runner->snapshot != NULL ? sl_snapshot_start(runner->snapshot, err) : SL_ENOMEM;
    }
    if (rc != SL_OK) {
        sl_snapshot_free(runner->snapshot);
        runner->snapshot = NULL;
        free_workers(runner);
    }
    return rc;
}

void sl_runner_stop_snapshot(struct sl_runner *runner)
{
    if (runner->snapshot != NULL) {
        sl_snapshot_stop(runner->snapshot);
    }
}

bool sl_runner_snapshot_has_ended(const struct sl_runner *runner)
{
    return runner->snapshot == NULL || atomic_load(&sl_snapshot_stats(runner->snapshot)->has_ended);
}

int sl_runner_end_snapshot(struct sl_runner *runner, struct sl_err *err)
{
    int rc;

    if (runner->snapshot == NULL) {
        return SL_ESTOPPED;
    }
    sl_snapshot_stop(runner->snapshot);
    rc = sl_snapshot_join(runner->snapshot, err);
    sl_runner_keep_load_counts(runner);
    sl_snapshot_free(runner->snapshot);
    runner->snapshot = NULL;
    free_workers(runner);
    return rc;
}
