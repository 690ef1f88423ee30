/*
 * reader_visit.c - the door of the reader; reader_put.c has what visitors do inside.
 *
 * On a busy stream next() returns at once, and a thread that only waited for the lock might never
 * get it. So who waits stands in a queue, and the reader lets them in, one after another, before it
 * goes for the next event.
 */
#include "cdc/reader_visit.h"

#include <errno.h>
#include <stdlib.h>

#include "cdc/base/wait.h"
#include "cdc/reader_private.h"

/* Of what may be queued or with the loop: rows of a load wait outside before there is more. */
enum { SL_ROOM_SHARE = 4 };

struct sl_visit {
    const struct sl_position *not_before;
    const struct timespec *until; /* monotonic; NULL: for ever */
    pthread_cond_t turn;
    bool is_let_in;
    struct sl_visit *next;
};

int sl_reader_visits_init(struct sl_visits *visits)
{
    if (pthread_mutex_init(&visits->lock, NULL) != 0) {
        return SL_ENOMEM;
    }
    if (pthread_cond_init(&visits->left, NULL) != 0) {
        (void)pthread_mutex_destroy(&visits->lock);
        return SL_ENOMEM;
    }
    return SL_OK;
}

void sl_reader_visits_release(struct sl_visits *visits)
{
    free(visits->watches);
    (void)pthread_cond_destroy(&visits->left);
    (void)pthread_mutex_destroy(&visits->lock);
}

static void lock(struct sl_reader *reader)
{
    (void)pthread_mutex_lock(&reader->visits.lock);
}

static void unlock(struct sl_reader *reader)
{
    (void)pthread_mutex_unlock(&reader->visits.lock);
}

/* ---- who may come in ---- */

/* Places of two servers cannot be compared: the visit fails instead of waiting for ever. */
static bool is_elsewhere(const struct sl_reader *reader, const struct sl_position *position)
{
    const char *uuid = sl_stream_read_position(reader->stream)->server_uuid;

    return position != NULL && position->server_uuid[0] != '\0' && uuid[0] != '\0' &&
           strcmp(position->server_uuid, uuid) != 0;
}

static bool may_enter(const struct sl_reader *reader, const struct sl_position *not_before)
{
    if (!reader->visits.is_begun || sl_stream_in_transaction(reader->stream) ||
        reader->group_is_open) {
        return false;
    }
    return not_before == NULL || is_elsewhere(reader, not_before) ||
           sl_position_compare_file(sl_stream_read_position(reader->stream), not_before) >= 0;
}

/* ---- the reader's side ---- */

void sl_reader_visits_enter(struct sl_reader *reader)
{
    if (reader->options.has_visitors) {
        lock(reader);
    }
}

void sl_reader_visits_leave(struct sl_reader *reader)
{
    if (reader->options.has_visitors) {
        unlock(reader);
    }
}

static struct sl_visit *take_eligible(struct sl_reader *reader)
{
    struct sl_visit **link = &reader->visits.first;
    struct sl_visit *visit;

    while (*link != NULL && !may_enter(reader, (*link)->not_before)) {
        link = &(*link)->next;
    }
    visit = *link;
    if (visit != NULL) {
        *link = visit->next;
    }
    return visit;
}

/* Those who come back while others are inside do not hold the stream up: they go in while the
 * reader is away, or with the next event. */
static void let_in(struct sl_reader *reader)
{
    struct sl_visits *visits = &reader->visits;
    struct sl_visit *visit;
    size_t waiting = 0;

    for (visit = visits->first; visit != NULL; visit = visit->next) {
        waiting++;
    }
    while (waiting-- > 0 && visits->failure == SL_OK && (visit = take_eligible(reader)) != NULL) {
        visit->is_let_in = true;
        visits->is_inside = true;
        (void)pthread_cond_signal(&visit->turn);
        while (visits->is_inside) {
            (void)pthread_cond_wait(&visits->left, &visits->lock);
        }
    }
}

static void go_away(struct sl_reader *reader)
{
    struct sl_visits *visits = &reader->visits;

    visits->is_away = true;
    for (struct sl_visit *visit = visits->first; visit != NULL; visit = visit->next) {
        if (may_enter(reader, visit->not_before)) {
            (void)pthread_cond_signal(&visit->turn);
        }
    }
}

int sl_reader_visits_next(struct sl_reader *reader, struct sl_span *event)
{
    struct sl_visits *visits = &reader->visits;
    int rc;

    let_in(reader);
    if (visits->failure != SL_OK) {
        return visits->failure;
    }
    go_away(reader);
    unlock(reader);
    rc = reader->source->ops->next(reader->source, event, &reader->err);
    lock(reader);
    visits->is_away = false;
    return visits->failure != SL_OK ? visits->failure : rc;
}

void sl_reader_visits_end(struct sl_reader *reader)
{
    lock(reader);
    reader->visits.has_ended = true;
    for (struct sl_visit *visit = reader->visits.first; visit != NULL; visit = visit->next) {
        (void)pthread_cond_signal(&visit->turn);
    }
    reader->visits.first = NULL;
    unlock(reader);
}

/* ---- the visitor's side ---- */

static void enqueue(struct sl_visits *visits, struct sl_visit *visit)
{
    struct sl_visit **link = &visits->first;

    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = visit;
}

static void dequeue(struct sl_visits *visits, const struct sl_visit *visit)
{
    struct sl_visit **link = &visits->first;

    while (*link != NULL && *link != visit) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = visit->next;
    }
}

/* False when it is too late. */
static bool rest(struct sl_visits *visits, struct sl_visit *visit)
{
    if (visit->until == NULL) {
        (void)pthread_cond_wait(&visit->turn, &visits->lock);
        return true;
    }
    return pthread_cond_timedwait(&visit->turn, &visits->lock, visit->until) != ETIMEDOUT;
}

static int wait_for_turn(struct sl_reader *reader, struct sl_visit *visit)
{
    struct sl_visits *visits = &reader->visits;
    bool is_early = true;

    enqueue(visits, visit);
    while (!visit->is_let_in) {
        if (visits->has_ended || visits->failure != SL_OK) {
            dequeue(visits, visit);
            return SL_ESTOPPED;
        }
        if (visits->is_away && may_enter(reader, visit->not_before)) {
            dequeue(visits, visit);
            return SL_OK;
        }
        if (!is_early) {
            dequeue(visits, visit);
            return SL_TOO_LATE;
        }
        is_early = rest(visits, visit);
    }
    return SL_OK;
}

static int act(struct sl_reader *reader, const struct sl_position *not_before, sl_visit_fn fn,
               void *user, struct sl_err *err)
{
    int rc;

    if (is_elsewhere(reader, not_before)) {
        return sl_err_set(err, SL_EIO,
                          "rows were read at the server %s, but the stream comes from %s: waiting "
                          "for both to be the same",
                          not_before->server_uuid,
                          sl_stream_read_position(reader->stream)->server_uuid);
    }
    rc = fn(reader, user, err);
    if (reader->batch != NULL && reader->visits.failure == SL_OK) {
        reader->visits.failure = sl_reader_publish(reader);
    }
    return rc;
}

static int visit_until(struct sl_reader *reader, struct sl_visit *visit, sl_visit_fn fn, void *user,
                       struct sl_err *err)
{
    int rc;

    lock(reader);
    rc = wait_for_turn(reader, visit);
    if (rc == SL_OK) {
        rc = act(reader, visit->not_before, fn, user, err);
    } else if (rc < 0) {
        rc = sl_err_set(err, rc, "the stream has ended");
    }
    if (visit->is_let_in) {
        reader->visits.is_inside = false;
        (void)pthread_cond_signal(&reader->visits.left);
    }
    unlock(reader);
    return rc;
}

static int visit_with_clock(struct sl_reader *reader, struct sl_visit *visit, sl_visit_fn fn,
                            void *user, struct sl_err *err)
{
    int rc = sl_wait_init(&visit->turn);

    if (rc == SL_OK) {
        rc = visit_until(reader, visit, fn, user, err);
        (void)pthread_cond_destroy(&visit->turn);
    }
    return rc;
}

int sl_reader_visit(struct sl_reader *reader, const struct sl_position *not_before, sl_visit_fn fn,
                    void *user, struct sl_err *err)
{
    struct sl_visit visit = {.not_before = not_before};

    return visit_with_clock(reader, &visit, fn, user, err);
}

int sl_reader_visit_within(struct sl_reader *reader, const struct sl_position *not_before,
                           uint32_t wait_ms, sl_visit_fn fn, void *user, struct sl_err *err)
{
    const struct timespec until = sl_wait_until(wait_ms);
    struct sl_visit visit = {.not_before = not_before, .until = &until};

    return visit_with_clock(reader, &visit, fn, user, err);
}

/* ---- before a visit ---- */

int sl_reader_lend_batch(struct sl_reader *reader, struct sl_batch **batch)
{
    return sl_handoff_lend(reader->handoff, batch);
}

static size_t room_of(const struct sl_reader *reader)
{
    return reader->handoff->budget / SL_ROOM_SHARE;
}

bool sl_reader_has_room(const struct sl_reader *reader)
{
    return sl_handoff_has_room(reader->handoff, room_of(reader));
}

int sl_reader_wait_for_room(const struct sl_reader *reader)
{
    return sl_handoff_wait(reader->handoff, room_of(reader));
}

void sl_reader_fail(struct sl_reader *reader, int status, const struct sl_err *err)
{
    reader->visits.failure = status;
    reader->err = *err;
}

uint64_t sl_reader_mark(struct sl_reader *reader)
{
    return sl_handoff_mark(reader->handoff);
}

bool sl_reader_has_passed(struct sl_reader *reader, uint64_t mark)
{
    return sl_handoff_has_passed(reader->handoff, mark);
}
