/*
 * snapshot_help.h - a snapshot with a real reader between the model's source and its cache, for the
 * tests of what it does.
 */
#ifndef SLUICE_TESTS_UNIT_SNAPSHOT_HELP_H
#define SLUICE_TESTS_UNIT_SNAPSHOT_HELP_H

#include "tests/support/check.h"

#include <time.h>

#include "cdc/base/xrand.h"
#include "cdc/load_state.h"
#include "cdc/snapshot.h"
#include "tests/support/model.h"

struct fixture {
    struct sl_model model;
    struct sl_chunk_reader *chunks[3];
    struct sl_load_store *stores[3];
    struct sl_snapshot_options options;
    struct sl_snapshot *snapshot;
    pthread_mutex_t notice_lock;
    struct sl_err err;
};

static void nap_us(long us)
{
    const struct timespec pause = {.tv_nsec = us * 1000};

    (void)nanosleep(&pause, NULL);
}

static void note(void *user, bool is_warning, const char *text)
{
    struct fixture *fix = user;

    (void)is_warning;
    (void)pthread_mutex_lock(&fix->notice_lock);
    assert_int_equal(sl_buf_add_format(&fix->model.notices, "%s\n", text), SL_OK);
    (void)pthread_mutex_unlock(&fix->notice_lock);
}

static void ignore(void *user)
{
    (void)user;
}

/* One that loads; its tables are empty. */
static struct fixture *make_fixture(void)
{
    struct fixture *fix = calloc(1, sizeof(*fix));

    assert_non_null(fix);
    sl_model_init(&fix->model);
    (void)pthread_mutex_init(&fix->notice_lock, NULL);
    for (size_t i = 0; i < 3; i++) {
        fix->chunks[i] = &fix->model.chunks[i].base;
        fix->stores[i] = &fix->model.stores[i].base;
    }
    fix->options = (struct sl_snapshot_options){.mapper = &fix->model.mapper,
                                                .chunk_readers = fix->chunks,
                                                .stores = fix->stores,
                                                .worker_count = 1,
                                                .chunk_bytes = 1 << 20,
                                                .watch_bytes = 1 << 20,
                                                .chunk_ms = 100,
                                                .poll_ms = 1,
                                                .notice = note,
                                                .changed = ignore,
                                                .user = fix};
    return fix;
}

static void begin(struct fixture *fix)
{
    fix->model.reader_options.notice = note;
    fix->model.reader_options.notice_user = fix;
    sl_model_start(&fix->model);
    fix->options.reader = fix->model.reader;
    fix->snapshot = sl_snapshot_new(&fix->options);
    assert_non_null(fix->snapshot);
    assert_ok(sl_snapshot_start(fix->snapshot, &fix->err), &fix->err);
}

static void end(struct fixture *fix)
{
    int rc;

    sl_snapshot_stop(fix->snapshot);
    sl_reader_stop(fix->model.reader);
    rc = sl_snapshot_join(fix->snapshot, &fix->err);
    if (rc != SL_ESTOPPED) {
        fail_msg("the snapshot ended with %d: %s", rc, fix->err.text);
    }
    assert_true(atomic_load(&sl_snapshot_stats(fix->snapshot)->has_ended));
    sl_snapshot_free(fix->snapshot);
    sl_model_stop(&fix->model);
    fix->snapshot = NULL;
}

static void release(struct fixture *fix)
{
    sl_snapshot_free(NULL);
    sl_model_release(&fix->model);
    (void)pthread_mutex_destroy(&fix->notice_lock);
    free(fix);
}

static bool has_notice(struct fixture *fix, const char *text)
{
    bool has_it;

    (void)pthread_mutex_lock(&fix->notice_lock);
    has_it = sl_buf_cstr(&fix->model.notices) != NULL &&
             strstr(sl_buf_cstr(&fix->model.notices), text) != NULL;
    (void)pthread_mutex_unlock(&fix->notice_lock);
    return has_it;
}

#endif
