#include "tests/support/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "cdc/base/xrand.h"
#include "cdc/handoff.h"

struct fixture {
    struct sl_handoff handoff;
    atomic_uint wakes;
};

static void count_wake(void *user)
{
    struct fixture *fixture = user;

    atomic_fetch_add(&fixture->wakes, 1);
}

static void init(struct fixture *fixture, size_t budget)
{
    atomic_init(&fixture->wakes, 0);
    assert_int_equal(sl_handoff_init(&fixture->handoff, budget, count_wake, fixture), SL_OK);
}

static void add_row(struct sl_batch *batch, unsigned number)
{
    uint32_t offset;

    sl_batch_begin(batch, &offset);
    assert_int_equal(sl_buf_add_format(&batch->data, "%08u", number), SL_OK);
    assert_int_equal(sl_batch_end(batch, offset, offset, 8, 1, SL_WRITE_WHOLE), SL_OK);
}

static struct sl_batch *get(struct fixture *fixture)
{
    struct sl_batch *batch = NULL;

    assert_int_equal(sl_handoff_get(&fixture->handoff, &batch), SL_OK);
    assert_int_equal(batch->entry_count, 0);
    assert_null(batch->next);
    return batch;
}

static struct sl_batch *get_row(struct fixture *fixture, unsigned number)
{
    struct sl_batch *batch = get(fixture);

    add_row(batch, number);
    return batch;
}

static void queued_batches_come_in_order_before_the_published(void **state)
{
    struct fixture fixture;
    struct sl_position position = {.offset = 7};
    struct sl_batch *batches[3];

    (void)state;
    init(&fixture, 1 << 20);
    for (unsigned i = 0; i < 3; i++) {
        batches[i] = get_row(&fixture, i);
    }
    assert_int_equal(sl_handoff_push(&fixture.handoff, batches[0], NULL), SL_OK);
    assert_int_equal(sl_handoff_push(&fixture.handoff, batches[1], &position), SL_OK);
    position.offset = 9;
    sl_handoff_publish(&fixture.handoff, batches[2], &position);
    assert_ptr_equal(sl_handoff_take(&fixture.handoff, SL_TAKE_QUEUED), batches[0]);
    assert_false(batches[0]->has_position);
    assert_ptr_equal(sl_handoff_take(&fixture.handoff, SL_TAKE_ANY), batches[1]);
    assert_true(batches[1]->has_position);
    assert_int_equal(batches[1]->position.offset, 7);
    assert_null(sl_handoff_take(&fixture.handoff, SL_TAKE_QUEUED));
    assert_ptr_equal(sl_handoff_take(&fixture.handoff, SL_TAKE_ROWS), batches[2]);
    assert_true(batches[2]->has_position);
    position.offset = 11; /* copied when it was taken */
    assert_int_equal(batches[2]->position.offset, 9);
    assert_null(sl_handoff_take(&fixture.handoff, SL_TAKE_ANY));
    for (unsigned i = 0; i < 3; i++) {
        sl_handoff_give_back(&fixture.handoff, batches[i]);
    }
    assert_int_equal(fixture.handoff.used, 0);
    sl_handoff_release(&fixture.handoff);
}

static void taken_batches_are_sealed(void **state)
{
    struct fixture fixture;
    struct sl_batch *batch;
    struct sl_position position = {0};

    (void)state;
    init(&fixture, 1 << 20);
    batch = get_row(&fixture, 1);
    add_row(batch, 1);
    sl_handoff_publish(&fixture.handoff, batch, &position);
    batch = sl_handoff_take(&fixture.handoff, SL_TAKE_ROWS);
    assert_buf(&batch->data, "00000001");
    sl_handoff_give_back(&fixture.handoff, batch);
    sl_handoff_release(&fixture.handoff);
}

/* ---- raw entries ---- */

static int render_status;

static int render(struct sl_span raw, struct sl_span key, struct sl_buf *out, uint32_t *key_at,
                  uint16_t *commands, struct sl_err *err)
{
    (void)raw;
    if (render_status != SL_OK) {
        return sl_err_set(err, render_status, "the value is bad");
    }
    *key_at = (uint32_t)out->len + 1;
    *commands = 1;
    return sl_buf_add_format(out, "<%.*s>", (int)key.len, (const char *)key.data);
}

static void add_raw(struct sl_batch *batch, const char *key)
{
    struct sl_batch_place place;
    uint32_t offset;

    assert_int_equal(sl_batch_find(batch, sl_span_make(key, strlen(key)), &place), SL_OK);
    sl_batch_begin(batch, &offset);
    assert_int_equal(sl_buf_add_str(&batch->data, key), SL_OK);
    sl_batch_add_raw(batch, &place, offset, offset, render);
}

static void a_published_batch_is_rendered_when_it_is_taken(void **state)
{
    struct sl_position position = {.offset = 5};
    struct fixture fixture;
    struct sl_batch *batch;

    (void)state;
    init(&fixture, 1 << 20);
    render_status = SL_OK;
    batch = get_row(&fixture, 1);
    add_raw(batch, "00000001");
    add_raw(batch, "b");
    sl_handoff_publish(&fixture.handoff, batch, &position);
    assert_ptr_equal(sl_handoff_take(&fixture.handoff, SL_TAKE_ROWS), batch);
    assert_buf(&batch->data, "<00000001><b>");
    assert_int_equal(sl_batch_commands(batch), 2);
    assert_int_equal(fixture.handoff.used, batch->data.cap + batch->spare.cap);
    sl_handoff_give_back(&fixture.handoff, batch);
    assert_int_equal(fixture.handoff.used, 0);
    sl_handoff_release(&fixture.handoff);
}

static void a_batch_that_cannot_be_rendered_is_left_to_the_reader(void **state)
{
    struct sl_position position = {.offset = 5};
    struct fixture fixture;
    struct sl_batch *batch;
    struct sl_err err = {0};

    (void)state;
    init(&fixture, 1 << 20);
    batch = get(&fixture);
    add_raw(batch, "b");
    sl_handoff_publish(&fixture.handoff, batch, &position);
    render_status = SL_EFORMAT;
    assert_null(sl_handoff_take(&fixture.handoff, SL_TAKE_ROWS));
    assert_int_equal(fixture.handoff.used, 0);
    assert_true(sl_handoff_is_awaited(&fixture.handoff)); /* the reader pushes it next */
    assert_ptr_equal(sl_handoff_reclaim(&fixture.handoff), batch);
    assert_int_equal(sl_batch_render(batch, &err), SL_EFORMAT);
    assert_string_equal(err.text, "the value is bad");
    render_status = SL_OK; /* as when there was no memory for a moment */
    sl_handoff_publish(&fixture.handoff, batch, &position);
    assert_ptr_equal(sl_handoff_take(&fixture.handoff, SL_TAKE_ROWS), batch);
    assert_buf(&batch->data, "<b>");
    sl_handoff_give_back(&fixture.handoff, batch);
    sl_handoff_release(&fixture.handoff);
}

static void a_reader_learns_that_the_loop_waits(void **state)
{
    struct fixture fixture;

    (void)state;
    init(&fixture, 1 << 20);
    assert_true(sl_handoff_is_awaited(&fixture.handoff));
    assert_null(sl_handoff_take(&fixture.handoff, SL_TAKE_QUEUED));
    assert_false(sl_handoff_is_awaited(&fixture.handoff));
    assert_null(sl_handoff_take(&fixture.handoff, SL_TAKE_ROWS));
    assert_true(sl_handoff_is_awaited(&fixture.handoff));
    assert_int_equal(sl_handoff_push(&fixture.handoff, get_row(&fixture, 1), NULL), SL_OK);
    assert_false(sl_handoff_is_awaited(&fixture.handoff));
    assert_int_equal(fixture.wakes, 1);
    sl_handoff_release(&fixture.handoff);
}

static void a_mere_position_is_taken_when_asked_for(void **state)
{
    struct fixture fixture;
    struct sl_position position = {.offset = 4};
    struct sl_batch *batch;

    (void)state;
    init(&fixture, 1 << 20);
    batch = get(&fixture);
    sl_handoff_publish(&fixture.handoff, batch, &position);
    assert_null(sl_handoff_take(&fixture.handoff, SL_TAKE_QUEUED));
    assert_null(sl_handoff_take(&fixture.handoff, SL_TAKE_ROWS));
    assert_ptr_equal(sl_handoff_take(&fixture.handoff, SL_TAKE_ANY), batch);
    assert_int_equal(batch->position.offset, 4);
    sl_handoff_give_back(&fixture.handoff, batch);
    sl_handoff_release(&fixture.handoff);
}

static void a_reclaimed_batch_cannot_be_taken_and_the_other_way_round(void **state)
{
    struct fixture fixture;
    struct sl_position position = {0};
    struct sl_batch *batch;

    (void)state;
    init(&fixture, 1 << 20);
    batch = get_row(&fixture, 1);
    sl_handoff_publish(&fixture.handoff, batch, &position);
    assert_ptr_equal(sl_handoff_reclaim(&fixture.handoff), batch);
    assert_null(sl_handoff_take(&fixture.handoff, SL_TAKE_ANY));
    sl_handoff_publish(&fixture.handoff, batch, &position);
    assert_ptr_equal(sl_handoff_take(&fixture.handoff, SL_TAKE_ANY), batch);
    assert_null(sl_handoff_reclaim(&fixture.handoff));
    sl_handoff_give_back(&fixture.handoff, batch);
    sl_handoff_release(&fixture.handoff);
}

static void a_hungry_loop_is_woken_once(void **state)
{
    struct fixture fixture;
    struct sl_position position = {0};
    struct sl_batch *batch;

    (void)state;
    init(&fixture, 1 << 20);
    assert_null(sl_handoff_take(&fixture.handoff, SL_TAKE_ROWS));
    batch = get(&fixture);
    sl_handoff_publish(&fixture.handoff, batch, &position);
    assert_int_equal(fixture.wakes, 0); /* nothing in it */
    batch = sl_handoff_reclaim(&fixture.handoff);
    add_row(batch, 1);
    sl_handoff_publish(&fixture.handoff, batch, &position);
    assert_int_equal(fixture.wakes, 1);
    batch = sl_handoff_reclaim(&fixture.handoff);
    sl_handoff_publish(&fixture.handoff, batch, &position);
    assert_int_equal(fixture.wakes, 1);
    assert_int_equal(sl_handoff_push(&fixture.handoff, get_row(&fixture, 2), NULL), SL_OK);
    assert_int_equal(fixture.wakes, 1);
    sl_handoff_release(&fixture.handoff); /* frees what is queued and what is published */
}

/*
 * Between the parts of a large transaction the loop takes nothing but queued batches, and it may
 * have no replies to wait for: the next part must wake it, and a published batch must not.
 */
static void a_loop_that_wants_queued_batches_is_woken_by_a_push(void **state)
{
    struct fixture fixture;
    struct sl_position position = {0};

    (void)state;
    init(&fixture, 1 << 20);
    assert_null(sl_handoff_take(&fixture.handoff, SL_TAKE_QUEUED));
    sl_handoff_publish(&fixture.handoff, get_row(&fixture, 1), &position);
    assert_int_equal(fixture.wakes, 0);
    assert_int_equal(sl_handoff_push(&fixture.handoff, get_row(&fixture, 2), NULL), SL_OK);
    assert_int_equal(fixture.wakes, 1);
    sl_handoff_release(&fixture.handoff);
}

static void close_ends_get_now_and_later(void **state)
{
    struct fixture fixture;
    struct sl_batch *batch = NULL;

    (void)state;
    init(&fixture, 1 << 20);
    sl_handoff_close(&fixture.handoff);
    assert_int_equal(sl_handoff_get(&fixture.handoff, &batch), SL_ESTOPPED);
    assert_int_equal(sl_handoff_get(&fixture.handoff, &batch), SL_ESTOPPED);
    assert_null(batch);
    sl_handoff_reset(&fixture.handoff);
    sl_handoff_give_back(&fixture.handoff, get_row(&fixture, 1));
    sl_handoff_release(&fixture.handoff);
}

static void reset_drops_everything_that_was_not_taken(void **state)
{
    struct fixture fixture;
    struct sl_position position = {0};

    (void)state;
    init(&fixture, 1);
    assert_int_equal(sl_handoff_push(&fixture.handoff, get_row(&fixture, 1), &position), SL_OK);
    assert_int_equal(fixture.handoff.queued, 1);
    fixture.handoff.budget = 1 << 20;
    sl_handoff_publish(&fixture.handoff, get_row(&fixture, 2), &position);
    sl_handoff_close(&fixture.handoff);
    sl_handoff_reset(&fixture.handoff);
    assert_int_equal(fixture.handoff.used + fixture.handoff.queued, 0);
    assert_null(sl_handoff_take(&fixture.handoff, SL_TAKE_ANY));
    sl_handoff_give_back(&fixture.handoff, get_row(&fixture, 3));
    sl_handoff_release(&fixture.handoff);
}

/* ---- two threads ---- */

struct waiter {
    struct fixture *fixture;
    atomic_int rc;
    atomic_bool is_done;
};

static void *wait_for_room(void *user)
{
    struct waiter *waiter = user;
    struct sl_batch *batch = NULL;
    int rc = sl_handoff_get(&waiter->fixture->handoff, &batch);

    atomic_store(&waiter->rc, rc);
    atomic_store(&waiter->is_done, true);
    sl_batch_free(batch);
    return NULL;
}

static void nap(void)
{
    const struct timespec time = {.tv_nsec = 20 * 1000 * 1000};

    (void)nanosleep(&time, NULL);
}

static void get_waits_until_the_budget_has_room(void **state)
{
    struct fixture fixture;
    struct waiter waiter = {.fixture = &fixture};
    struct sl_batch *batch;
    pthread_t thread;

    (void)state;
    init(&fixture, 100);
    assert_int_equal(sl_handoff_push(&fixture.handoff, get_row(&fixture, 1), NULL), SL_OK);
    assert_true(fixture.handoff.used > 100);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_room, &waiter), 0);
    nap();
    assert_false(atomic_load(&waiter.is_done));
    batch = sl_handoff_take(&fixture.handoff, SL_TAKE_QUEUED);
    nap();
    assert_false(atomic_load(&waiter.is_done)); /* with the loop it still counts */
    sl_handoff_give_back(&fixture.handoff, batch);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(waiter.rc, SL_OK);
    sl_handoff_release(&fixture.handoff);
}

/* Others fill batches on their own: nobody waits for these before they are inserted. */
static void a_borrowed_batch_counts_from_its_insertion_on(void **state)
{
    struct fixture fixture;
    struct sl_position position = {.offset = 7};
    struct sl_batch *batch = NULL;
    uint64_t mark;

    (void)state;
    init(&fixture, 100);
    assert_int_equal(sl_handoff_lend(&fixture.handoff, &batch), SL_OK);
    add_row(batch, 1);
    mark = sl_handoff_mark(&fixture.handoff);
    assert_true(sl_handoff_has_passed(&fixture.handoff, mark));
    assert_true(sl_handoff_has_room(&fixture.handoff, 0));
    assert_int_equal(sl_handoff_insert(&fixture.handoff, batch, &position), SL_OK);
    assert_false(sl_handoff_has_passed(&fixture.handoff, sl_handoff_mark(&fixture.handoff)));
    assert_false(sl_handoff_has_room(&fixture.handoff, 100));
    assert_ptr_equal(sl_handoff_take(&fixture.handoff, SL_TAKE_QUEUED), batch);
    assert_int_equal(batch->position.offset, 7);
    sl_handoff_give_back(&fixture.handoff, batch);
    assert_true(sl_handoff_has_passed(&fixture.handoff, sl_handoff_mark(&fixture.handoff)));
    assert_true(sl_handoff_has_room(&fixture.handoff, 0));
    assert_ptr_equal(get(&fixture), batch); /* it has come to the others */
    assert_int_equal(sl_handoff_push(&fixture.handoff, batch, NULL), SL_OK);
    sl_handoff_release(&fixture.handoff);
}

static void *wait_for_less(void *user)
{
    struct waiter *waiter = user;

    atomic_store(&waiter->rc, sl_handoff_wait(&waiter->fixture->handoff, 10));
    atomic_store(&waiter->is_done, true);
    return NULL;
}

/* One waits for room for a batch, another for less than that: both are woken. */
static void all_who_wait_for_room_are_woken(void **state)
{
    struct fixture fixture;
    struct waiter waiters[2] = {{.fixture = &fixture}, {.fixture = &fixture}};
    pthread_t threads[2];

    (void)state;
    init(&fixture, 100);
    assert_int_equal(sl_handoff_push(&fixture.handoff, get_row(&fixture, 1), NULL), SL_OK);
    assert_int_equal(pthread_create(&threads[0], NULL, wait_for_less, &waiters[0]), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, wait_for_room, &waiters[1]), 0);
    nap();
    assert_false(atomic_load(&waiters[0].is_done) || atomic_load(&waiters[1].is_done));
    sl_handoff_give_back(&fixture.handoff, sl_handoff_take(&fixture.handoff, SL_TAKE_QUEUED));
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_int_equal(pthread_join(threads[1], NULL), 0);
    assert_int_equal(waiters[0].rc, SL_OK);
    sl_handoff_close(&fixture.handoff);
    assert_int_equal(sl_handoff_wait(&fixture.handoff, 10), SL_ESTOPPED);
    sl_handoff_release(&fixture.handoff);
}

static void close_ends_a_wait(void **state)
{
    struct fixture fixture;
    struct waiter waiter = {.fixture = &fixture};
    pthread_t thread;

    (void)state;
    init(&fixture, 100);
    assert_int_equal(sl_handoff_push(&fixture.handoff, get_row(&fixture, 1), NULL), SL_OK);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_room, &waiter), 0);
    nap();
    sl_handoff_close(&fixture.handoff);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(waiter.rc, SL_ESTOPPED);
    sl_handoff_release(&fixture.handoff);
}

enum { ROWS = 60000, ROWS_A_BATCH = 32, STRESS_BUDGET = 8192 };

struct producer {
    struct fixture *fixture;
    struct sl_position position; /* moved only while the batch is not published */
    int rc;
};

/* As the reader does: rows, sometimes published, pushed when there are enough of them. */
static void *produce(void *user)
{
    struct producer *producer = user;
    struct sl_handoff *handoff = &producer->fixture->handoff;
    struct sl_xrand rand = {.state = 7};
    struct sl_batch *batch = NULL;
    bool is_published = false;

    for (unsigned i = 0; i < ROWS && producer->rc == SL_OK; i++) {
        uint32_t offset;

        if (is_published) {
            batch = sl_handoff_reclaim(handoff);
            is_published = false;
        }
        if (batch == NULL) {
            producer->rc = sl_handoff_get(handoff, &batch);
            if (producer->rc != SL_OK) {
                break;
            }
        }
        sl_batch_begin(batch, &offset);
        if (sl_buf_add_format(&batch->data, "%08u", i) != SL_OK ||
            sl_batch_end(batch, offset, offset, 8, 1, SL_WRITE_WHOLE) != SL_OK) {
            abort();
        }
        producer->position.offset = i + 1;
        if (batch->entry_count == ROWS_A_BATCH) {
            producer->rc = sl_handoff_push(handoff, batch, &producer->position);
            batch = NULL;
        } else if (sl_xrand_below(&rand, 3) == 0 || i + 1 == ROWS) {
            sl_handoff_publish(handoff, batch, &producer->position);
            is_published = true;
            batch = NULL;
        }
    }
    sl_batch_free(batch);
    return NULL;
}

/* Every row once and in order, and each position exactly behind the rows that it covers. */
static unsigned check_rows(const struct sl_batch *batch, unsigned next)
{
    for (uint32_t i = 0; i < batch->entry_count; i++) {
        char want[16];

        (void)snprintf(want, sizeof(want), "%08u", next);
        assert_bytes(batch->data.data + batch->entries[i].offset, batch->entries[i].len, want);
        next++;
    }
    assert_true(batch->has_position);
    assert_int_equal(batch->position.offset, next);
    return next;
}

static void two_threads_pass_every_row_once_in_order(void **state)
{
    struct fixture fixture;
    struct producer producer = {.fixture = &fixture};
    struct sl_xrand rand = {.state = 11};
    struct sl_batch *held[4] = {0};
    pthread_t thread;
    unsigned next = 0;

    (void)state;
    init(&fixture, STRESS_BUDGET);
    assert_int_equal(pthread_create(&thread, NULL, produce, &producer), 0);
    while (next < ROWS) {
        size_t slot = (size_t)sl_xrand_below(&rand, SL_COUNT(held));

        if (held[slot] != NULL) {
            sl_handoff_give_back(&fixture.handoff, held[slot]);
        }
        held[slot] = sl_handoff_take(&fixture.handoff, (enum sl_take)sl_xrand_below(&rand, 3));
        if (held[slot] != NULL) {
            next = check_rows(held[slot], next);
        }
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(producer.rc, SL_OK);
    for (size_t i = 0; i < SL_COUNT(held); i++) {
        if (held[i] != NULL) {
            sl_handoff_give_back(&fixture.handoff, held[i]);
        }
    }
    assert_int_equal(fixture.handoff.used, 0);
    sl_handoff_release(&fixture.handoff);
}

/* The loop sleeps until it is woken: a wake-up that is lost stops the test. */
static void a_mark_is_passed_when_all_before_it_came_back(void **state)
{
    struct fixture fixture;
    struct sl_position position = {.offset = 7};
    struct sl_batch *queued;
    struct sl_batch *open;
    uint64_t mark;

    (void)state;
    init(&fixture, 1 << 20);
    assert_true(sl_handoff_has_passed(&fixture.handoff, sl_handoff_mark(&fixture.handoff)));
    queued = get_row(&fixture, 1);
    assert_int_equal(sl_handoff_push(&fixture.handoff, queued, &position), SL_OK);
    open = get_row(&fixture, 2);
    mark = sl_handoff_mark(&fixture.handoff); /* while the reader fills it */
    sl_handoff_publish(&fixture.handoff, open, &position);
    assert_int_equal(sl_handoff_mark(&fixture.handoff), mark);
    assert_ptr_equal(sl_handoff_take(&fixture.handoff, SL_TAKE_ROWS), queued);
    sl_handoff_give_back(&fixture.handoff, queued);
    assert_ptr_equal(sl_handoff_reclaim(&fixture.handoff), open);
    assert_int_equal(sl_handoff_mark(&fixture.handoff), mark);
    sl_handoff_publish(&fixture.handoff, open, &position);
    assert_ptr_equal(sl_handoff_take(&fixture.handoff, SL_TAKE_ROWS), open);
    assert_false(sl_handoff_has_passed(&fixture.handoff, mark));
    sl_handoff_give_back(&fixture.handoff, open);
    assert_true(sl_handoff_has_passed(&fixture.handoff, mark));
    assert_int_equal(sl_handoff_mark(&fixture.handoff), mark);
    sl_handoff_release(&fixture.handoff);
}

static void a_mere_position_moves_no_mark(void **state)
{
    struct fixture fixture;
    struct sl_position position = {.offset = 7};

    (void)state;
    init(&fixture, 1 << 20);
    sl_handoff_publish(&fixture.handoff, get(&fixture), &position);
    assert_true(sl_handoff_has_passed(&fixture.handoff, sl_handoff_mark(&fixture.handoff)));
    sl_handoff_release(&fixture.handoff);
}

struct sleeper {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool is_awake;
};

static void wake_sleeper(void *user)
{
    struct sleeper *sleeper = user;

    (void)pthread_mutex_lock(&sleeper->lock);
    sleeper->is_awake = true;
    (void)pthread_cond_signal(&sleeper->woken);
    (void)pthread_mutex_unlock(&sleeper->lock);
}

static void sleep_until_woken(struct sleeper *sleeper)
{
    struct timespec end;
    int rc = 0;

    (void)clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 20;
    (void)pthread_mutex_lock(&sleeper->lock);
    while (!sleeper->is_awake && rc == 0) {
        rc = pthread_cond_timedwait(&sleeper->woken, &sleeper->lock, &end);
    }
    assert_int_equal(rc, 0);
    sleeper->is_awake = false;
    (void)pthread_mutex_unlock(&sleeper->lock);
}

static void no_wake_up_is_lost(void **state)
{
    struct sleeper sleeper = {.lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER};
    struct fixture fixture;
    struct producer producer = {.fixture = &fixture};
    pthread_t thread;
    unsigned next = 0;

    (void)state;
    assert_int_equal(sl_handoff_init(&fixture.handoff, STRESS_BUDGET, wake_sleeper, &sleeper),
                     SL_OK);
    assert_int_equal(pthread_create(&thread, NULL, produce, &producer), 0);
    while (next < ROWS) {
        struct sl_batch *batch = sl_handoff_take(&fixture.handoff, SL_TAKE_ROWS);

        if (batch == NULL) {
            sleep_until_woken(&sleeper);
            continue;
        }
        next = check_rows(batch, next);
        sl_handoff_give_back(&fixture.handoff, batch);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    sl_handoff_release(&fixture.handoff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queued_batches_come_in_order_before_the_published),
        cmocka_unit_test(taken_batches_are_sealed),
        cmocka_unit_test(a_published_batch_is_rendered_when_it_is_taken),
        cmocka_unit_test(a_batch_that_cannot_be_rendered_is_left_to_the_reader),
        cmocka_unit_test(a_reader_learns_that_the_loop_waits),
        cmocka_unit_test(a_mere_position_is_taken_when_asked_for),
        cmocka_unit_test(a_reclaimed_batch_cannot_be_taken_and_the_other_way_round),
        cmocka_unit_test(a_hungry_loop_is_woken_once),
        cmocka_unit_test(a_loop_that_wants_queued_batches_is_woken_by_a_push),
        cmocka_unit_test(close_ends_get_now_and_later),
        cmocka_unit_test(reset_drops_everything_that_was_not_taken),
        cmocka_unit_test(get_waits_until_the_budget_has_room),
        cmocka_unit_test(a_borrowed_batch_counts_from_its_insertion_on),
        cmocka_unit_test(all_who_wait_for_room_are_woken),
        cmocka_unit_test(close_ends_a_wait),
        cmocka_unit_test(two_threads_pass_every_row_once_in_order),
        cmocka_unit_test(a_mark_is_passed_when_all_before_it_came_back),
        cmocka_unit_test(a_mere_position_moves_no_mark),
        cmocka_unit_test(no_wake_up_is_lost),
    };

    return cmocka_run_group_tests_name("handoff", tests, NULL, NULL);
}
