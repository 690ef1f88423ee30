#include "cdc/snapshot.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdc/base/clock.h"
#include "cdc/base/wait.h"
#include "cdc/snapshot_private.h"

enum {
    SL_RETRY_MS = 200, /* doubled with each failure in a row */
    SL_RETRY_STEPS = 6,
    SL_LOOK_MS = 20, /* between two looks whether the first commands are applied */
};

/* ---- life ---- */

static int init_locks(struct sl_snapshot *snapshot)
{
    if (pthread_mutex_init(&snapshot->lock, NULL) != 0) {
        return SL_ENOMEM;
    }
    if (sl_wait_init(&snapshot->wake) != SL_OK) {
        (void)pthread_mutex_destroy(&snapshot->lock);
        return SL_ENOMEM;
    }
    return SL_OK;
}

struct sl_snapshot *sl_snapshot_new(const struct sl_snapshot_options *options)
{
    struct sl_snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (snapshot == NULL) {
        return NULL;
    }
    snapshot->options = *options;
    snapshot->worker_count = options->worker_count + (options->reread_chunks != NULL) +
                             (options->redelete_store != NULL);
    snapshot->workers = calloc(snapshot->worker_count, sizeof(*snapshot->workers));
    if (snapshot->workers == NULL || init_locks(snapshot) != SL_OK) {
        free(snapshot->workers);
        free(snapshot);
        return NULL;
    }
    for (size_t i = 0; i < options->worker_count; i++) {
        snapshot->workers[i] = (struct sl_snapshot_worker){.snapshot = snapshot,
                                                           .number = i,
                                                           .chunks = options->chunk_readers[i],
                                                           .store = options->stores[i]};
    }
    if (options->reread_chunks != NULL) {
        snapshot->workers[options->worker_count] =
            (struct sl_snapshot_worker){.snapshot = snapshot,
                                        .number = options->worker_count,
                                        .chunks = options->reread_chunks,
                                        .store = options->reread_store};
    }
    if (options->redelete_store != NULL) {
        snapshot->workers[snapshot->worker_count - 1] =
            (struct sl_snapshot_worker){.snapshot = snapshot,
                                        .number = snapshot->worker_count - 1,
                                        .store = options->redelete_store};
    }
    return snapshot;
}

void sl_snapshot_free(struct sl_snapshot *snapshot)
{
    if (snapshot == NULL) {
        return;
    }
    sl_snapshot_free_tables(&snapshot->tables);
    sl_snapshot_free_requests(snapshot);
    sl_load_state_release(&snapshot->all);
    (void)pthread_cond_destroy(&snapshot->wake);
    (void)pthread_mutex_destroy(&snapshot->lock);
    free(snapshot->workers);
    free(snapshot);
}

const struct sl_snapshot_stats *sl_snapshot_stats(const struct sl_snapshot *snapshot)
{
    return &snapshot->stats;
}

/* ---- waiting and telling ---- */

bool sl_snapshot_is_stopped(const struct sl_snapshot *snapshot)
{
    return atomic_load(&snapshot->stop) ||
           atomic_load(&sl_reader_stats(snapshot->options.reader)->has_ended);
}

void sl_snapshot_rest(struct sl_snapshot *snapshot, uint64_t ms)
{
    const struct timespec until = sl_wait_until(ms);

    (void)pthread_mutex_lock(&snapshot->lock);
    if (!atomic_load(&snapshot->stop)) {
        (void)pthread_cond_timedwait(&snapshot->wake, &snapshot->lock, &until);
    }
    (void)pthread_mutex_unlock(&snapshot->lock);
}

void sl_snapshot_wake(struct sl_snapshot *snapshot)
{
    (void)pthread_mutex_lock(&snapshot->lock);
    (void)pthread_cond_broadcast(&snapshot->wake);
    (void)pthread_mutex_unlock(&snapshot->lock);
}

void sl_snapshot_notice(const struct sl_snapshot *snapshot, bool is_warning, const char *format,
                        ...)
{
    char text[1024];
    va_list args;

    if (snapshot->options.notice == NULL) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    snapshot->options.notice(snapshot->options.user, is_warning, text);
}

/* ---- workers ---- */

/* What a connection suffers never ends a pipeline: the table waits. */
static int cope(struct sl_snapshot_worker *worker, int rc, struct sl_err *err)
{
    struct sl_snapshot *snapshot = worker->snapshot;
    unsigned step = worker->failures < SL_RETRY_STEPS ? worker->failures : SL_RETRY_STEPS - 1;

    if (rc != SL_EIO) {
        worker->failures = 0;
        return rc < 0 ? rc : SL_OK;
    }
    if (worker->failures++ == 0) {
        sl_snapshot_notice(snapshot, true, "loading of tables: %s; trying again", err->text);
    }
    sl_snapshot_rest(snapshot, (uint64_t)SL_RETRY_MS << step);
    return SL_OK;
}

static int work_once(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    struct sl_snapshot_load load = {.worker = worker};
    int rc = worker->number == 0 ? sl_snapshot_plan(worker, err) : SL_OK;

    if (rc == SL_AGAIN) {
        sl_snapshot_rest(worker->snapshot, SL_LOOK_MS);
    }
    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_snapshot_take(worker, &load);
    if (rc == SL_DONE) {
        sl_snapshot_rest(worker->snapshot, worker->snapshot->options.poll_ms);
        return SL_DONE;
    }
    return rc == SL_OK ? sl_snapshot_load_table(&load, err) : rc;
}

/* It has no use for the source. */
static bool removes_again(const struct sl_snapshot_worker *worker)
{
    return worker->chunks == NULL;
}

static bool reads_again(const struct sl_snapshot_worker *worker)
{
    return worker->chunks != NULL && worker->number == worker->snapshot->options.worker_count;
}

static int do_once(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    if (removes_again(worker)) {
        return sl_snapshot_redelete(worker, err);
    }
    return reads_again(worker) ? sl_snapshot_reread(worker, err) : work_once(worker, err);
}

static int work(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    int rc = SL_OK;

    while (rc == SL_OK && !sl_snapshot_is_stopped(worker->snapshot)) {
        sl_err_clear(err);
        rc = cope(worker, do_once(worker, err), err);
    }
    sl_snapshot_end_rereading(worker);
    return rc == SL_OK ? sl_err_set(err, SL_ESTOPPED, "the loading of tables was stopped") : rc;
}

static void end(struct sl_snapshot *snapshot, int rc, const struct sl_err *err)
{
    bool is_last;

    (void)pthread_mutex_lock(&snapshot->lock);
    if (snapshot->status == SL_OK) {
        snapshot->status = rc;
        snapshot->err = *err;
    }
    is_last = --snapshot->running == 0;
    (void)pthread_mutex_unlock(&snapshot->lock);
    sl_snapshot_stop(snapshot);
    if (is_last) {
        atomic_store(&snapshot->stats.has_ended, true);
        snapshot->options.changed(snapshot->options.user);
    }
}

static void *worker_main(void *user)
{
    struct sl_snapshot_worker *worker = user;
    struct sl_err err = {0};
    int rc = work(worker, &err);

    if (atomic_load(&worker->snapshot->stop) && rc != SL_ENOMEM) {
        rc = SL_ESTOPPED;
    }
    end(worker->snapshot, rc, &err);
    return NULL;
}

int sl_snapshot_start(struct sl_snapshot *snapshot, struct sl_err *err)
{
    const struct sl_err none = {.text = "cannot start a thread to load tables: no memory"};
    size_t count = snapshot->worker_count;

    snapshot->running = count;
    for (; snapshot->started < count; snapshot->started++) {
        struct sl_snapshot_worker *worker = &snapshot->workers[snapshot->started];

        if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0) {
            break;
        }
    }
    if (snapshot->started == 0) {
        return sl_err_set(err, SL_ENOMEM, "%s", none.text);
    }
    for (size_t i = snapshot->started; i < count; i++) {
        end(snapshot, SL_ENOMEM, &none);
    }
    return SL_OK;
}

void sl_snapshot_stop(struct sl_snapshot *snapshot)
{
    if (atomic_exchange(&snapshot->stop, true)) {
        return;
    }
    for (size_t i = 0; i < snapshot->worker_count; i++) {
        const struct sl_snapshot_worker *worker = &snapshot->workers[i];

        if (worker->chunks != NULL) {
            worker->chunks->ops->interrupt(worker->chunks);
        }
        worker->store->ops->interrupt(worker->store);
    }
    if (snapshot->options.reread_chunks != NULL) {
        sl_rereads_ring(sl_reader_rereads(snapshot->options.reader));
    }
    sl_snapshot_wake(snapshot);
}

int sl_snapshot_join(struct sl_snapshot *snapshot, struct sl_err *err)
{
    for (size_t i = 0; i < snapshot->started; i++) {
        (void)pthread_join(snapshot->workers[i].thread, NULL);
    }
    snapshot->started = 0;
    if (err != NULL) {
        *err = snapshot->err;
    }
    return snapshot->status;
}
