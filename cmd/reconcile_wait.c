/*
 * reconcile_wait.c - waiting: for the checkpoint, for the rate, for a stop.
 */
#include <string.h>
#include <time.h>

#include "cmd/reconcile_private.h"

enum {
    SL_SLICE_MS = 50, /* a stop is noticed within it */
    SL_POLL_MIN_MS = 2,
    SL_POLL_MAX_MS = 100,
    SL_STALL_MS = 30000,       /* a checkpoint that a daemon does not move for so long */
    SL_STALL_ALONE_MS = 10000, /* without a daemon: it may just be starting */
};

static void sleep_ms(uint64_t ms)
{
    const struct timespec pause = {.tv_sec = (time_t)(ms / 1000),
                                   .tv_nsec = (long)(ms % 1000) * 1000000};

    (void)nanosleep(&pause, NULL);
}

static int tick(struct sl_reconcile *r, struct sl_err *err)
{
    int rc;

    if (atomic_load(r->stop)) {
        return sl_err_set(err, SL_ESTOPPED, "stopped");
    }
    rc = sl_reconcile_writer_check(r, err);
    return rc == SL_OK ? sl_redis_lock_renew(r->lock, err) : rc;
}

int sl_reconcile_sleep(struct sl_reconcile *r, uint64_t ms, struct sl_err *err)
{
    uint64_t end = sl_clock_mono_ms(r->clock) + ms;
    int rc = tick(r, err);

    while (rc == SL_OK) {
        uint64_t now = sl_clock_mono_ms(r->clock);

        if (now >= end) {
            return SL_OK;
        }
        sleep_ms(end - now < SL_SLICE_MS ? end - now : SL_SLICE_MS);
        rc = tick(r, err);
    }
    return rc;
}

int sl_reconcile_pace(struct sl_reconcile *r, size_t rows, struct sl_err *err)
{
    uint64_t took = sl_clock_mono_ms(r->clock) - r->began_ms;
    uint64_t due;

    r->paced_rows += rows;
    if (r->words->rate == 0) {
        return tick(r, err);
    }
    due = r->paced_rows * 1000 / r->words->rate;
    return sl_reconcile_sleep(r, due > took ? due - took : 0, err);
}

bool sl_reconcile_has_passed(const struct sl_reconcile *r, const struct sl_position *high)
{
    const struct sl_position *place = &r->place;

    if (strcmp(place->server_uuid, high->server_uuid) != 0 && place->server_uuid[0] != '\0' &&
        high->server_uuid[0] != '\0') {
        return false;
    }
    return place->file[0] != '\0' && (sl_position_compare_file(place, high) >= 0 ||
                                      sl_position_has_applied(place, high->file, high->offset));
}

static bool is_same_place(const struct sl_position *a, const struct sl_position *b)
{
    return a->offset == b->offset && a->applied_offset == b->applied_offset &&
           strcmp(a->file, b->file) == 0 && strcmp(a->applied_file, b->applied_file) == 0;
}

static int stalled(const struct sl_reconcile *r, const struct sl_position *high, struct sl_err *err)
{
    const struct sl_position *place = &r->place;

    if (strcmp(place->server_uuid, high->server_uuid) != 0) {
        return sl_err_set(
            err, SL_ESINK,
            "the checkpoint of sink %s is of server %s, and the source is %s: the two "
            "cannot be compared before the daemon has gone over to it",
            r->sink->name, place->server_uuid, high->server_uuid);
    }
    return sl_err_set(
        err, SL_ESINK,
        "the checkpoint of sink %s stands still at %s:%llu behind the source's %s:%llu%s",
        r->sink->name, place->file, (unsigned long long)place->offset, high->file,
        (unsigned long long)high->offset,
        r->has_daemon ? ": look at sluice status and the daemon's log"
                      : ", and no daemon moves it: start sluice run");
}

static int read_place(struct sl_reconcile *r, struct sl_err *err)
{
    int rc = sl_redis_rows_checkpoint(r->rows, &r->place, err);

    return rc == SL_DONE
               ? sl_err_set(err, SL_ESINK,
                            "the checkpoint of sink %s is gone: the data of this Redis was "
                            "lost; let sluice run load the tables again",
                            r->sink->name)
               : rc;
}

int sl_reconcile_wait(struct sl_reconcile *r, const struct sl_position *high, uint64_t limit_ms,
                      struct sl_err *err)
{
    uint64_t began = sl_clock_mono_ms(r->clock);
    uint64_t moved = began;
    uint64_t pause = SL_POLL_MIN_MS;
    struct sl_position last = {0}; /* only its places */

    while (!sl_reconcile_has_passed(r, high)) {
        uint64_t now;
        int rc = read_place(r, err);

        if (rc != SL_OK || sl_reconcile_has_passed(r, high)) {
            return rc;
        }
        now = sl_clock_mono_ms(r->clock);
        moved = is_same_place(&last, &r->place) ? moved : now;
        if (limit_ms > 0 && now - began >= limit_ms) {
            return SL_AGAIN;
        }
        if (now - moved >= (r->has_daemon ? SL_STALL_MS : SL_STALL_ALONE_MS)) {
            return stalled(r, high, err);
        }
        memcpy(last.file, r->place.file, sizeof(last.file));
        memcpy(last.applied_file, r->place.applied_file, sizeof(last.applied_file));
        last.offset = r->place.offset;
        last.applied_offset = r->place.applied_offset;
        rc = sl_reconcile_sleep(r, pause, err);
        if (rc != SL_OK) {
            return rc;
        }
        pause = 2 * pause < SL_POLL_MAX_MS ? 2 * pause : SL_POLL_MAX_MS;
    }
    return SL_OK;
}
