#include "cdc/handoff.h"

#include <stdlib.h>

int sl_handoff_init(struct sl_handoff *handoff, size_t budget, void (*wake)(void *user), void *user)
{
    *handoff = (struct sl_handoff){
        .budget = budget, .wants_queued = true, .wake = wake, .wake_user = user};
    atomic_init(&handoff->wants_open, true);
    if (pthread_mutex_init(&handoff->lock, NULL) != 0) {
        return SL_ENOMEM;
    }
    if (pthread_cond_init(&handoff->room, NULL) != 0) {
        (void)pthread_mutex_destroy(&handoff->lock);
        return SL_ENOMEM;
    }
    return SL_OK;
}

static void free_list(struct sl_batch **list)
{
    while (*list != NULL) {
        struct sl_batch *batch = *list;

        *list = batch->next;
        sl_batch_free(batch);
    }
}

void sl_handoff_release(struct sl_handoff *handoff)
{
    free_list(&handoff->head);
    free_list(&handoff->free);
    sl_batch_free(handoff->open);
    (void)pthread_cond_destroy(&handoff->room);
    (void)pthread_mutex_destroy(&handoff->lock);
}

static void lock(struct sl_handoff *handoff)
{
    (void)pthread_mutex_lock(&handoff->lock);
}

static void unlock(struct sl_handoff *handoff)
{
    (void)pthread_mutex_unlock(&handoff->lock);
}

static void set_wants_open(struct sl_handoff *handoff, bool value)
{
    atomic_store_explicit(&handoff->wants_open, value, memory_order_relaxed);
}

bool sl_handoff_is_awaited(const struct sl_handoff *handoff)
{
    return atomic_load_explicit(&handoff->wants_open, memory_order_relaxed);
}

/* One wake-up brings the loop to look at everything. */
static void wake_loop(struct sl_handoff *handoff)
{
    handoff->wants_queued = false;
    set_wants_open(handoff, false);
    handoff->wake(handoff->wake_user);
}

/* Waits until at most MOST bytes are used; under the lock. */
static int wait_for_room(struct sl_handoff *handoff, size_t most)
{
    while (!handoff->is_closed && handoff->used > most) {
        (void)pthread_cond_wait(&handoff->room, &handoff->lock);
    }
    return handoff->is_closed ? SL_ESTOPPED : SL_OK;
}

static int take_free(struct sl_handoff *handoff, struct sl_batch **batch)
{
    if (handoff->free == NULL) {
        *batch = sl_batch_new();
        return *batch != NULL ? SL_OK : SL_ENOMEM;
    }
    *batch = handoff->free;
    handoff->free = (*batch)->next;
    (*batch)->next = NULL;
    return SL_OK;
}

int sl_handoff_get(struct sl_handoff *handoff, struct sl_batch **batch)
{
    int rc;

    lock(handoff);
    rc = wait_for_room(handoff, handoff->budget);
    rc = rc == SL_OK ? take_free(handoff, batch) : rc;
    handoff->in_hand += rc == SL_OK ? 1 : 0;
    unlock(handoff);
    return rc;
}

int sl_handoff_lend(struct sl_handoff *handoff, struct sl_batch **batch)
{
    int rc;

    lock(handoff);
    rc = take_free(handoff, batch);
    unlock(handoff);
    return rc;
}

bool sl_handoff_has_room(struct sl_handoff *handoff, size_t most)
{
    bool has_room;

    lock(handoff);
    has_room = handoff->used <= most;
    unlock(handoff);
    return has_room;
}

int sl_handoff_wait(struct sl_handoff *handoff, size_t most)
{
    int rc;

    lock(handoff);
    rc = wait_for_room(handoff, most);
    unlock(handoff);
    return rc;
}

void sl_handoff_publish(struct sl_handoff *handoff, struct sl_batch *batch,
                        const struct sl_position *position)
{
    lock(handoff);
    handoff->open = batch;
    handoff->open_position = position;
    handoff->in_hand--;
    if (sl_handoff_is_awaited(handoff) && batch->entry_count > 0) {
        wake_loop(handoff);
    }
    unlock(handoff);
}

struct sl_batch *sl_handoff_reclaim(struct sl_handoff *handoff)
{
    struct sl_batch *batch;

    lock(handoff);
    batch = handoff->open;
    handoff->open = NULL;
    handoff->open_position = NULL;
    handoff->in_hand += batch != NULL ? 1 : 0;
    unlock(handoff);
    return batch;
}

static int set_position(struct sl_batch *batch, const struct sl_position *position)
{
    int rc = position != NULL ? sl_position_copy(&batch->position, position) : SL_OK;

    if (rc != SL_OK) {
        sl_batch_free(batch);
        return rc;
    }
    batch->has_position = position != NULL;
    return SL_OK;
}

/* Under the lock. */
static void enqueue(struct sl_handoff *handoff, struct sl_batch *batch)
{
    batch->next = NULL;
    if (handoff->tail != NULL) {
        handoff->tail->next = batch;
    } else {
        handoff->head = batch;
    }
    handoff->tail = batch;
    handoff->passed++;
    handoff->queued++;
    handoff->used += sl_batch_memory(batch);
    if (handoff->wants_queued) {
        wake_loop(handoff);
    }
}

int sl_handoff_push(struct sl_handoff *handoff, struct sl_batch *batch,
                    const struct sl_position *position)
{
    int rc = set_position(batch, position);

    if (rc == SL_OK) {
        lock(handoff);
        handoff->in_hand--;
        enqueue(handoff, batch);
        unlock(handoff);
    }
    return rc;
}

int sl_handoff_insert(struct sl_handoff *handoff, struct sl_batch *batch,
                      const struct sl_position *position)
{
    int rc = set_position(batch, position);

    if (rc == SL_OK) {
        lock(handoff);
        enqueue(handoff, batch);
        unlock(handoff);
    }
    return rc;
}

static struct sl_batch *take_queued(struct sl_handoff *handoff)
{
    struct sl_batch *batch = handoff->head;

    handoff->head = batch->next;
    if (handoff->head == NULL) {
        handoff->tail = NULL;
    }
    batch->next = NULL;
    handoff->queued--;
    return batch;
}

static struct sl_batch *take_open(struct sl_handoff *handoff, enum sl_take what)
{
    struct sl_batch *batch = handoff->open;

    if (batch == NULL || what == SL_TAKE_QUEUED ||
        (batch->entry_count == 0 && what != SL_TAKE_ANY) || sl_batch_render(batch, NULL) != SL_OK ||
        sl_position_copy(&batch->position, handoff->open_position) != SL_OK) {
        return NULL;
    }
    batch->has_position = true;
    handoff->passed++;
    handoff->open = NULL;
    handoff->open_position = NULL;
    handoff->used += sl_batch_memory(batch);
    return batch;
}

struct sl_batch *sl_handoff_take(struct sl_handoff *handoff, enum sl_take what)
{
    struct sl_batch *batch;

    lock(handoff);
    batch = handoff->head != NULL ? take_queued(handoff) : take_open(handoff, what);
    handoff->wants_queued = batch == NULL;
    set_wants_open(handoff, batch == NULL && what != SL_TAKE_QUEUED);
    unlock(handoff);
    if (batch != NULL) {
        sl_batch_seal(batch);
    }
    return batch;
}

bool sl_handoff_has_queued(struct sl_handoff *handoff)
{
    bool has_queued;

    lock(handoff);
    has_queued = handoff->head != NULL;
    unlock(handoff);
    return has_queued;
}

void sl_handoff_give_back(struct sl_handoff *handoff, struct sl_batch *batch)
{
    size_t bytes = sl_batch_memory(batch);

    sl_batch_clear(batch);
    lock(handoff);
    handoff->used -= bytes;
    handoff->returned++;
    batch->next = handoff->free;
    handoff->free = batch;
    (void)pthread_cond_broadcast(&handoff->room);
    unlock(handoff);
}

void sl_handoff_fill(struct sl_handoff *handoff, uint64_t *used, uint64_t *budget)
{
    lock(handoff);
    *used = handoff->used;
    *budget = handoff->budget;
    unlock(handoff);
}

uint64_t sl_handoff_mark(struct sl_handoff *handoff)
{
    uint64_t mark;

    lock(handoff);
    mark = handoff->passed + handoff->in_hand;
    if (handoff->open != NULL && handoff->open->entry_count > 0) {
        mark++; /* it goes next */
    }
    unlock(handoff);
    return mark;
}

bool sl_handoff_has_passed(struct sl_handoff *handoff, uint64_t mark)
{
    bool has_passed;

    lock(handoff);
    has_passed = handoff->returned >= mark;
    unlock(handoff);
    return has_passed;
}

void sl_handoff_close(struct sl_handoff *handoff)
{
    lock(handoff);
    handoff->is_closed = true;
    (void)pthread_cond_broadcast(&handoff->room);
    unlock(handoff);
}

void sl_handoff_reset(struct sl_handoff *handoff)
{
    free_list(&handoff->head);
    sl_batch_free(handoff->open);
    handoff->open = NULL;
    handoff->open_position = NULL;
    handoff->tail = NULL;
    handoff->queued = 0;
    handoff->used = 0;
    handoff->is_closed = false;
    handoff->in_hand = 0;
    handoff->passed = 0;
    handoff->returned = 0;
    handoff->wants_queued = true;
    set_wants_open(handoff, true);
}
