/*
 * reader_visit.c - the door of the reader, and what visitors may do inside.
 *
 * On a busy stream next() returns at once, and a thread that only waited for the lock might never
 * get it. So who waits stands in a queue, and the reader lets them in, one after another, before it
 * goes for the next event.
 */
#include "cdc/reader_visit.h"

#include <stdlib.h>

#include "cdc/reader_private.h"

struct sl_visit {
    const struct sl_position *not_before;
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

static void go_away(struct sl_visits *visits)
{
    visits->is_away = true;
    for (struct sl_visit *visit = visits->first; visit != NULL; visit = visit->next) {
        (void)pthread_cond_signal(&visit->turn);
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
    go_away(visits);
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

static int wait_for_turn(struct sl_reader *reader, struct sl_visit *visit)
{
    struct sl_visits *visits = &reader->visits;

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
        (void)pthread_cond_wait(&visit->turn, &visits->lock);
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

int sl_reader_visit(struct sl_reader *reader, const struct sl_position *not_before, sl_visit_fn fn,
                    void *user, struct sl_err *err)
{
    struct sl_visit visit = {.not_before = not_before, .turn = PTHREAD_COND_INITIALIZER};
    int rc;

    lock(reader);
    rc = wait_for_turn(reader, &visit);
    if (rc == SL_OK) {
        rc = act(reader, not_before, fn, user, err);
    } else {
        rc = sl_err_set(err, rc, "the stream has ended");
    }
    if (visit.is_let_in) {
        reader->visits.is_inside = false;
        (void)pthread_cond_signal(&reader->visits.left);
    }
    unlock(reader);
    (void)pthread_cond_destroy(&visit.turn);
    return rc;
}

/* ---- inside ---- */

const struct sl_position *sl_reader_place(const struct sl_reader *reader)
{
    return sl_stream_read_position(reader->stream);
}

int sl_reader_compile(struct sl_reader *reader, struct sl_table *table, struct sl_err *err)
{
    if (!reader->mapper->ops->wants(reader->mapper, table->db, table->name)) {
        return SL_DONE;
    }
    return reader->mapper->ops->table(reader->mapper, table, err);
}

/* Takes the published batch back to add to it, or begins another. */
static int open_batch(struct sl_reader *reader)
{
    if (reader->visits.failure != SL_OK) {
        return reader->visits.failure;
    }
    sl_reader_reclaim(reader);
    return sl_reader_need_batch(reader);
}

/* What the stream had gathered is in the batch, too: without it the stream cannot go on. */
static int push_if_full(struct sl_reader *reader)
{
    int rc;

    if (!sl_reader_batch_is_full(reader)) {
        return SL_OK;
    }
    rc = sl_reader_push(reader, true, sl_stream_position(reader->stream));
    reader->position_moved = false;
    reader->visits.failure = rc;
    return rc;
}

int sl_reader_put_row(struct sl_reader *reader, const struct sl_table *table,
                      const struct sl_cell *cells, enum sl_write write, struct sl_err *err)
{
    int rc = open_batch(reader);
    struct sl_batch_mark mark;

    if (rc != SL_OK) {
        return rc;
    }
    mark = sl_batch_here(reader->batch);
    rc = reader->mapper->ops->load_row(reader->mapper, table, cells, write, reader->batch, err);
    if (rc != SL_OK) {
        sl_batch_rollback(reader->batch, mark);
        return rc;
    }
    return push_if_full(reader);
}

int sl_reader_put_drop(struct sl_reader *reader, struct sl_span db, struct sl_span table,
                       struct sl_err *err)
{
    const struct sl_ddl ddl = {.kind = SL_DDL_DROP_TABLE, .db = db, .table = table};
    int rc = open_batch(reader);

    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_reader_carry_out(reader, &ddl, err);
    if (rc != SL_OK && reader->batch == NULL) {
        reader->visits.failure = rc; /* what the stream had gathered is lost */
    }
    return rc;
}

int sl_reader_put_removal(struct sl_reader *reader, struct sl_span key)
{
    int rc = open_batch(reader);
    struct sl_batch_mark mark;

    if (rc != SL_OK) {
        return rc;
    }
    mark = sl_batch_here(reader->batch);
    rc = reader->mapper->ops->remove(reader->mapper, key, reader->batch);
    if (rc != SL_OK) {
        sl_batch_rollback(reader->batch, mark);
        return rc;
    }
    return push_if_full(reader);
}

int sl_reader_put_commands(struct sl_reader *reader, struct sl_span key, struct sl_span commands,
                           uint16_t count)
{
    int rc = open_batch(reader);

    if (rc == SL_OK) {
        rc = sl_reader_add_commands(reader, key, commands, count);
    }
    return rc == SL_OK ? push_if_full(reader) : rc;
}

int sl_reader_put_overrun(struct sl_reader *reader)
{
    int rc = open_batch(reader);

    rc = rc == SL_OK ? sl_reader_end_rereads(reader) : rc;
    return rc == SL_OK ? push_if_full(reader) : rc;
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
