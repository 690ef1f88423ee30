/*
 * handoff.h - the bounded queue of batches between the reader thread and the loop.
 *
 *     reader:  get -> fill -> publish (a transaction ended, more may still be added)
 *                          -> push    (it is full, or part of a large transaction)
 *     loop:    take -> send … acknowledged -> give_back
 *
 * Group commit: a published batch stays with the reader as long as the sink is busy, and grows by
 * the transactions that arrive meanwhile; the loop takes it when it has room. While a batch is
 * published the reader must not touch it, nor the position that it was published with, before it
 * reclaimed it.
 *
 * Raw entries are rendered by the reader before it pushes. Those of a published batch are rendered
 * by the loop when it takes it, under the lock; when that fails the batch is left to the reader,
 * which can say why.
 *
 * Others who fill batches on their own (rows of a load) borrow them, and insert them while the
 * reader stands still:
 *
 *     lend -> fill … -> insert
 *
 * Bounded: batches that are queued or with the loop may hold no more than `budget` bytes;
 * get() waits until that is so, which is what slows the reading down.
 */
#ifndef SLUICE_CDC_HANDOFF_H
#define SLUICE_CDC_HANDOFF_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/status.h"
#include "cdc/batch.h"

struct sl_handoff {
    pthread_mutex_t lock;
    pthread_cond_t room;
    struct sl_batch *head; /* queued, oldest first */
    struct sl_batch *tail;
    struct sl_batch *open;                   /* published */
    const struct sl_position *open_position; /* borrowed from the reader while published */
    struct sl_batch *free;
    size_t used;   /* bytes queued or with the loop */
    size_t queued; /* batches in the queue */
    size_t budget; /* bytes */
    bool is_closed;
    uint64_t in_hand;  /* batches that the reader has */
    uint64_t passed;   /* batches that went to the queue or the loop since the reset */
    uint64_t returned; /* of these, given back */
    /* The loop found nothing and wants to be woken: by a push, and by a publish. */
    bool wants_queued;
    atomic_bool wants_open;   /* written under the lock */
    void (*wake)(void *user); /* called from the reader's thread, under the lock */
    void *wake_user;
};

int sl_handoff_init(struct sl_handoff *handoff, size_t budget, void (*wake)(void *user),
                    void *user) SL_MUSTCHECK;
/* Neither thread may use it any more. */
void sl_handoff_release(struct sl_handoff *handoff);

/* Any thread: how many bytes are queued or with the loop, and how many may be. */
void sl_handoff_fill(struct sl_handoff *handoff, uint64_t *used, uint64_t *budget);
/* Reader: an empty batch; waits for room. SL_ESTOPPED when closed, SL_ENOMEM. */
int sl_handoff_get(struct sl_handoff *handoff, struct sl_batch **batch) SL_MUSTCHECK;
/* Reader: offers BATCH; POSITION lies behind its last transaction and is copied when taken. */
void sl_handoff_publish(struct sl_handoff *handoff, struct sl_batch *batch,
                        const struct sl_position *position);
/*
 * Reader: true when the loop waits for a batch. Then a push of a complete one is sure to reach it;
 * a published one, if the reader has more to do, is taken back before the loop is awake.
 */
bool sl_handoff_is_awaited(const struct sl_handoff *handoff);
/* Reader: takes the published batch back, to add to it. NULL when the loop has taken it. */
struct sl_batch *sl_handoff_reclaim(struct sl_handoff *handoff);
/*
 * Reader: queues BATCH, rendered; POSITION (copied) is the checkpoint behind it, NULL within a
 * transaction. BATCH is gone from the reader in any case: on SL_ENOMEM it is freed.
 */
int sl_handoff_push(struct sl_handoff *handoff, struct sl_batch *batch,
                    const struct sl_position *position) SL_MUSTCHECK;

/* Any thread: an empty batch that is not counted before it is inserted; whoever does not need it
 * frees it. */
int sl_handoff_lend(struct sl_handoff *handoff, struct sl_batch **batch) SL_MUSTCHECK;
/* As push, of a borrowed batch, while the reader has none that is not empty. */
int sl_handoff_insert(struct sl_handoff *handoff, struct sl_batch *batch,
                      const struct sl_position *position) SL_MUSTCHECK;
/* Any thread: no more than MOST bytes are queued or with the loop. */
bool sl_handoff_has_room(struct sl_handoff *handoff, size_t most);
/* Any thread: waits until that is so. SL_ESTOPPED when closed. */
int sl_handoff_wait(struct sl_handoff *handoff, size_t most) SL_MUSTCHECK;

/* What take() may return; each includes the ones before it. */
enum sl_take {
    SL_TAKE_QUEUED, /* batches that were pushed */
    SL_TAKE_ROWS,   /* the published batch, if it has commands */
    SL_TAKE_ANY,    /* the published batch, though it may move the position and nothing else */
};

/*
 * Loop: the next batch, sealed, or NULL; then the reader's next offer of what was asked for wakes
 * the loop: with QUEUED only a push does.
 */
struct sl_batch *sl_handoff_take(struct sl_handoff *handoff, enum sl_take what);
/* Any thread: there are batches that were pushed and not taken. */
bool sl_handoff_has_queued(struct sl_handoff *handoff);
/* Loop: BATCH is done with. */
void sl_handoff_give_back(struct sl_handoff *handoff, struct sl_batch *batch);
/*
 * Any thread: a mark behind all that was put into batches so far, for
 * sl_handoff_has_passed(): true once these batches have been given back.
 */
uint64_t sl_handoff_mark(struct sl_handoff *handoff);
bool sl_handoff_has_passed(struct sl_handoff *handoff, uint64_t mark);
/* Either: makes get() return SL_ESTOPPED, now and from now on. */
void sl_handoff_close(struct sl_handoff *handoff);
/* Loop, while no reader runs: drops everything that is queued and opens it again. */
void sl_handoff_reset(struct sl_handoff *handoff);

#endif
