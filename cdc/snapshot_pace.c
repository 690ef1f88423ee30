/* snapshot_pace.c - loading gives way: to the source's other work, to the stream, to a limit. */
#include "cdc/base/clock.h"
#include "cdc/snapshot_private.h"

enum {
    SL_CHUNK_ROWS_MAX = 1000 * 1000,
    SL_PRESSURE_MS = 200, /* between two questions how busy the source is */
    SL_GROWTH_MAX = 4,    /* of a chunk, to the next one */
};

static uint64_t now_ms(void)
{
    return sl_clock_mono_ms(sl_clock_real());
}

/* Seconds; 0 when the source has nothing newer. */
static uint64_t lag(const struct sl_snapshot *snapshot)
{
    const struct sl_reader_stats *stats = sl_reader_stats(snapshot->options.reader);
    uint64_t now = sl_clock_wall_ms(sl_clock_real()) / 1000;
    uint64_t event = atomic_load(&stats->event_time);

    return event == 0 || event >= now || atomic_load(&stats->is_idle) ? 0 : now - event;
}

static void tell(struct sl_snapshot *snapshot, bool is_busy, uint64_t threads, uint64_t behind)
{
    bool is_news;

    (void)pthread_mutex_lock(&snapshot->lock);
    is_news = snapshot->is_paused != is_busy;
    snapshot->is_paused = is_busy;
    (void)pthread_mutex_unlock(&snapshot->lock);
    if (is_news && is_busy) {
        sl_snapshot_notice(snapshot, false,
                           "loading of tables pauses: the source has %llu threads running (limit "
                           "%u, 0 none), the stream is %llu s behind (limit %u, 0 none)",
                           (unsigned long long)threads, snapshot->options.max_threads_running,
                           (unsigned long long)behind, snapshot->options.max_lag_s);
    } else if (is_news) {
        sl_snapshot_notice(snapshot, false, "loading of tables: continuing");
    }
}

static int look_at_source(struct sl_snapshot_worker *worker, bool *is_busy, struct sl_err *err)
{
    struct sl_snapshot *snapshot = worker->snapshot;
    const struct sl_snapshot_options *options = &snapshot->options;
    struct sl_chunk_pressure pressure = {0};
    uint64_t behind = options->max_lag_s > 0 ? lag(snapshot) : 0;

    if (options->max_threads_running > 0) {
        int rc = worker->chunks->ops->pressure(worker->chunks, &pressure, err);

        if (rc != SL_OK) {
            return rc;
        }
    }
    *is_busy = (options->max_threads_running > 0 &&
                pressure.threads_running > options->max_threads_running) ||
               (options->max_lag_s > 0 && behind > options->max_lag_s);
    tell(snapshot, *is_busy, pressure.threads_running, behind);
    return SL_OK;
}

/* *WAIT_MS is 0 when the next chunk may be read. */
static int judge(struct sl_snapshot_load *load, uint64_t *wait_ms, struct sl_err *err)
{
    struct sl_snapshot_worker *worker = load->worker;
    uint64_t now = now_ms();
    bool is_busy = false;
    int rc = SL_OK;

    *wait_ms = now < load->free_ms ? load->free_ms - now : 0;
    if (worker->pressure_ms == 0 || now >= worker->pressure_ms + SL_PRESSURE_MS) {
        rc = look_at_source(worker, &is_busy, err);
        worker->pressure_ms = is_busy ? 0 : now;
    }
    if (is_busy && *wait_ms < SL_PRESSURE_MS) {
        *wait_ms = SL_PRESSURE_MS;
    }
    return rc;
}

static int look_around(struct sl_snapshot_load *load, struct sl_err *err)
{
    bool has_requests = false;
    int rc = SL_OK;

    if (sl_snapshot_is_stopped(load->worker->snapshot)) {
        return sl_err_set(err, SL_ESTOPPED, "the loading of tables was stopped");
    }
    if (!sl_snapshot_is_current(load)) {
        return SL_AGAIN;
    }
    if (load->worker->number == 0) {
        rc = sl_snapshot_poll(load->worker, &has_requests, err);
    }
    return rc == SL_OK && has_requests ? SL_AGAIN : rc;
}

int sl_snapshot_pace(struct sl_snapshot_load *load, struct sl_err *err)
{
    uint64_t poll_ms = load->worker->snapshot->options.poll_ms;
    uint64_t wait_ms = 0;

    for (;;) {
        int rc = look_around(load, err);

        if (rc == SL_OK) {
            rc = judge(load, &wait_ms, err);
        }
        if (rc != SL_OK || wait_ms == 0) {
            return rc;
        }
        sl_snapshot_rest(load->worker->snapshot, wait_ms < poll_ms ? wait_ms : poll_ms);
    }
}

size_t sl_snapshot_chunk_rows(const struct sl_snapshot_load *load)
{
    uint64_t rate = load->state.rate;

    return rate > 0 && load->chunk_rows > rate ? (size_t)rate : load->chunk_rows;
}

void sl_snapshot_spend(struct sl_snapshot_load *load, size_t rows)
{
    uint64_t now = now_ms();

    if (load->state.rate > 0) {
        load->free_ms =
            (load->free_ms > now ? load->free_ms : now) + rows * 1000 / load->state.rate;
    }
}

void sl_snapshot_adapt(struct sl_snapshot_load *load, size_t asked, size_t rows, uint64_t took_us)
{
    uint64_t aim_us = (uint64_t)load->worker->snapshot->options.chunk_ms * 1000;
    bool is_cut = rows < asked; /* by bytes, or at the end of the table */
    uint64_t next = load->chunk_rows;

    took_us = took_us > 0 ? took_us : 1;
    if (took_us > aim_us) {
        next = took_us > aim_us * 2 ? next / 2 : next * aim_us / took_us;
    } else if (!is_cut && asked == load->chunk_rows) {
        next = took_us < aim_us / SL_GROWTH_MAX ? next * SL_GROWTH_MAX : next * aim_us / took_us;
    }
    next = next > SL_CHUNK_ROWS_MAX ? SL_CHUNK_ROWS_MAX : next;
    load->chunk_rows = next > 0 ? (size_t)next : 1;
}

static size_t as_texts(const struct sl_snapshot_load *load, size_t bytes)
{
    uint64_t texts = load->made_bytes > 0 ? bytes * load->read_bytes / load->made_bytes : bytes / 2;

    return texts > 0 ? (size_t)texts : 1;
}

struct sl_chunk_limit sl_snapshot_limit(const struct sl_snapshot_load *load, size_t rows)
{
    const struct sl_snapshot_options *options = &load->worker->snapshot->options;

    return (struct sl_chunk_limit){
        .rows = rows,
        .bytes = as_texts(load, options->chunk_bytes),
        .part_bytes = options->batch_bytes > 0 ? as_texts(load, options->batch_bytes) : 0};
}
