#include "cmd/observer.h"

#include <pthread.h>
#include <stdlib.h>

#include "cdc/base/log.h"
#include "cdc/base/wait.h"
#include "cdc/client/log_end.h"
#include "sinks/redis_client.h"
#include "sinks/redis_hash.h"

enum {
    SL_OBSERVE_MS = 5000,
    /* A runner's view is taken four times a second: this long behind the question for the log's
       end no view is older than the answer. */
    SL_VIEW_AGE_MS = 300,
};

struct sl_observer {
    const struct sl_config *config;
    const struct sl_redis_options *redis;
    struct sl_runner *runner;
    struct sl_log_end *end;
    struct sl_redis_client client;
    bool is_open;           /* the client */
    bool has_failed_source; /* was logged */
    bool has_failed_sink;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    struct sl_observed observed; /* under the lock */
    atomic_bool stop;            /* written under the lock */
    pthread_t thread;
};

/* False: it is to end. */
static bool wait_ms(struct sl_observer *observer, uint64_t ms)
{
    const struct timespec until = sl_wait_until(ms);
    int rc = 0;

    (void)pthread_mutex_lock(&observer->lock);
    while (!atomic_load(&observer->stop) && rc == 0) {
        rc = pthread_cond_timedwait(&observer->stopped, &observer->lock, &until);
    }
    (void)pthread_mutex_unlock(&observer->lock);
    return !atomic_load(&observer->stop);
}

/* Who is away is said elsewhere, by who needs it: this only explains figures that are missing. */
static void log_failure(const struct sl_observer *observer, enum sl_log_module module,
                        bool *has_failed, int rc, const struct sl_err *err)
{
    if (rc != SL_OK && !*has_failed && !atomic_load(&observer->stop)) {
        sl_log_of(module, SL_LOG_DEBUG, err->text, "pipeline=%s sink=%s",
                  observer->config->pipeline.name, observer->redis->name);
    }
    *has_failed = rc != SL_OK;
}

/* ---- the source ---- */

struct places {
    struct sl_log_place end;
    struct sl_log_place read;
    struct sl_log_place acked;
};

static int look_at_runner(struct sl_observer *observer, struct places *places)
{
    struct sl_view view = {0};
    int rc = sl_runner_look(observer->runner, &view);

    places->read = view.read;
    places->acked = (struct sl_log_place){.offset = view.offset};
    if (view.has_acked && view.state != SL_VIEW_STANDBY) {
        memcpy(places->acked.file, view.file, sizeof(places->acked.file));
        memcpy(places->acked.server_uuid, view.server_uuid, sizeof(places->acked.server_uuid));
    }
    sl_view_release(&view);
    return rc;
}

static int find_places(struct sl_observer *observer, struct places *places,
                       struct sl_log_files *files, struct sl_err *err)
{
    int rc = sl_log_end_ask(observer->end, &places->end, err);

    if (rc == SL_OK && !wait_ms(observer, SL_VIEW_AGE_MS)) {
        rc = SL_ESTOPPED;
    }
    rc = rc == SL_OK ? look_at_runner(observer, places) : rc;
    if (rc == SL_OK && (sl_log_place_needs_files(&places->read, &places->end) ||
                        sl_log_place_needs_files(&places->acked, &places->end))) {
        rc = sl_log_end_list(observer->end, files, err);
    }
    return rc;
}

static void look_at_source(struct sl_observer *observer)
{
    struct sl_observed found = {0};
    struct sl_log_files files = {0};
    struct places places = {.end = {.offset = 0}};
    struct sl_err err = {0};
    int rc = find_places(observer, &places, &files, &err);

    log_failure(observer, SL_LOG_OF_SOURCE, &observer->has_failed_source, rc, &err);
    if (rc == SL_OK) {
        found.has_read =
            sl_log_place_distance(&places.read, &places.end, &files, &found.read_bytes);
        found.has_acked =
            sl_log_place_distance(&places.acked, &places.end, &files, &found.acked_bytes);
    }
    sl_runner_tell_lag_bytes(observer->runner, found.has_acked, found.acked_bytes);
    (void)pthread_mutex_lock(&observer->lock);
    observer->observed.has_read = found.has_read;
    observer->observed.read_bytes = found.read_bytes;
    observer->observed.has_acked = found.has_acked;
    observer->observed.acked_bytes = found.acked_bytes;
    (void)pthread_mutex_unlock(&observer->lock);
    sl_log_files_release(&files);
}

/* ---- the sink ---- */

static int connect_once(struct sl_observer *observer, struct sl_err *err)
{
    int rc;

    if (observer->is_open) {
        return SL_OK;
    }
    rc = sl_redis_client_open_until(&observer->client, observer->redis, &observer->stop, err);
    observer->is_open = rc == SL_OK;
    return rc;
}

static void disconnect(struct sl_observer *observer)
{
    if (observer->is_open) {
        sl_redis_client_close(&observer->client);
        observer->is_open = false;
    }
}

static int note_load(void *user, struct sl_span name, struct sl_span value)
{
    return sl_observed_note_load(user, name, value);
}

static int ask_sink(struct sl_observer *observer, struct sl_observed *found, struct sl_err *err)
{
    const struct sl_redis_hash loads = {.pipeline = observer->config->pipeline.name,
                                        .name = "bootstrap",
                                        .what = "cannot read what is being loaded"};
    int rc = connect_once(observer, err);

    rc = rc == SL_OK ? sl_redis_hash_read(&observer->client, &loads, note_load, found, err) : rc;
    rc = rc == SL_OK
             ? sl_reconciled_read(&observer->client, loads.pipeline, &found->reconciled, err)
             : rc;
    found->has_sink = rc == SL_OK;
    return rc;
}

static void look_at_sink(struct sl_observer *observer)
{
    struct sl_observed found = {0};
    struct sl_err err = {0};
    bool was_open = observer->is_open;
    int rc = ask_sink(observer, &found, &err);

    if (rc != SL_OK) { /* a server may close what lies idle */
        sl_observed_clear_sink(&found);
        disconnect(observer);
        rc = rc == SL_EIO && was_open ? ask_sink(observer, &found, &err) : rc;
    }
    if (rc != SL_OK) {
        sl_observed_clear_sink(&found);
        disconnect(observer);
    }
    log_failure(observer, SL_LOG_OF_SINK, &observer->has_failed_sink, rc, &err);
    (void)pthread_mutex_lock(&observer->lock);
    found.has_read = observer->observed.has_read;
    found.read_bytes = observer->observed.read_bytes;
    found.has_acked = observer->observed.has_acked;
    found.acked_bytes = observer->observed.acked_bytes;
    sl_observed_release(&observer->observed);
    observer->observed = found;
    (void)pthread_mutex_unlock(&observer->lock);
}

/* ---- life ---- */

static void *observe(void *user)
{
    struct sl_observer *observer = user;

    do {
        look_at_sink(observer);
        look_at_source(observer);
    } while (wait_ms(observer, SL_OBSERVE_MS));
    disconnect(observer);
    return NULL;
}

static int init_shared(struct sl_observer *observer)
{
    if (pthread_mutex_init(&observer->lock, NULL) != 0) {
        return SL_ENOMEM;
    }
    if (sl_wait_init(&observer->stopped) != SL_OK) {
        (void)pthread_mutex_destroy(&observer->lock);
        return SL_ENOMEM;
    }
    return SL_OK;
}

static void free_parts(struct sl_observer *observer)
{
    sl_observed_release(&observer->observed);
    sl_log_end_free(observer->end);
    (void)pthread_cond_destroy(&observer->stopped);
    (void)pthread_mutex_destroy(&observer->lock);
    free(observer);
}

int sl_observer_new(const struct sl_config *config, size_t sink, struct sl_runner *runner,
                    struct sl_observer **out, struct sl_err *err)
{
    struct sl_observer *observer = calloc(1, sizeof(*observer));

    if (observer == NULL || init_shared(observer) != SL_OK) {
        free(observer);
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    observer->config = config;
    observer->redis = &config->sinks[sink];
    observer->runner = runner;
    observer->end = sl_log_end_new(&config->source);
    if (observer->end == NULL || pthread_create(&observer->thread, NULL, observe, observer) != 0) {
        free_parts(observer);
        return sl_err_set(err, SL_ENOMEM, "cannot start a thread: no memory");
    }
    *out = observer;
    return SL_OK;
}

void sl_observer_free(struct sl_observer *observer)
{
    if (observer == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&observer->lock);
    atomic_store(&observer->stop, true);
    (void)pthread_cond_signal(&observer->stopped);
    (void)pthread_mutex_unlock(&observer->lock);
    sl_log_end_interrupt(observer->end);
    (void)pthread_join(observer->thread, NULL);
    free_parts(observer);
}

int sl_observer_look(struct sl_observer *observer, struct sl_observed *copy)
{
    int rc;

    (void)pthread_mutex_lock(&observer->lock);
    rc = sl_observed_copy(copy, &observer->observed);
    (void)pthread_mutex_unlock(&observer->lock);
    return rc;
}
