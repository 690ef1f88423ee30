#include "cdc/rereads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/base/hash.h"
#include "cdc/base/wait.h"
#include "cdc/base/xrand.h"

enum { SL_REREAD_BUCKETS = 256 }; /* to begin with; doubled as keys come */

struct sl_rereads {
    struct sl_rereads_options options;
    struct sl_reread_table *tables;
    struct sl_reread **buckets;
    size_t bucket_mask;
    size_t bytes;
    uint64_t seed;
    uint64_t look_wanted; /* the number of the last look that somebody asked for */
    uint64_t look_done;
    bool is_held;
    atomic_size_t count;
    pthread_mutex_t lock; /* of the bell */
    pthread_cond_t bell;
    atomic_bool is_rung;
};

/* ---- life ---- */

static int init_bell(struct sl_rereads *rereads)
{
    if (pthread_mutex_init(&rereads->lock, NULL) != 0) {
        return SL_ENOMEM;
    }
    if (sl_wait_init(&rereads->bell) != SL_OK) {
        (void)pthread_mutex_destroy(&rereads->lock);
        return SL_ENOMEM;
    }
    return SL_OK;
}

struct sl_rereads *sl_rereads_new(const struct sl_rereads_options *options)
{
    struct sl_rereads *rereads = calloc(1, sizeof(*rereads));

    if (rereads == NULL) {
        return NULL;
    }
    rereads->options = *options;
    rereads->seed = sl_xrand_entropy();
    rereads->look_wanted = 1;
    rereads->buckets = calloc(SL_REREAD_BUCKETS, sizeof(struct sl_reread *));
    rereads->bucket_mask = SL_REREAD_BUCKETS - 1;
    if (rereads->buckets == NULL || init_bell(rereads) != SL_OK) {
        free(rereads->buckets);
        free(rereads);
        return NULL;
    }
    return rereads;
}

static void free_items(struct sl_reread_table *table)
{
    while (table->first != NULL) {
        struct sl_reread *next = table->first->next;

        free(table->first);
        table->first = next;
    }
}

void sl_rereads_free(struct sl_rereads *rereads)
{
    if (rereads == NULL) {
        return;
    }
    while (rereads->tables != NULL) {
        struct sl_reread_table *next = rereads->tables->next;

        free_items(rereads->tables);
        sl_buf_release(&rereads->tables->scope);
        free(rereads->tables);
        rereads->tables = next;
    }
    (void)pthread_cond_destroy(&rereads->bell);
    (void)pthread_mutex_destroy(&rereads->lock);
    free(rereads->buckets);
    free(rereads);
}

const struct sl_rereads_options *sl_rereads_options(const struct sl_rereads *rereads)
{
    return &rereads->options;
}

/* ---- the bell ---- */

size_t sl_rereads_count(const struct sl_rereads *rereads)
{
    return atomic_load_explicit(&rereads->count, memory_order_relaxed);
}

void sl_rereads_ring(struct sl_rereads *rereads)
{
    if (atomic_load(&rereads->is_rung)) {
        return;
    }
    (void)pthread_mutex_lock(&rereads->lock);
    atomic_store(&rereads->is_rung, true);
    (void)pthread_cond_signal(&rereads->bell);
    (void)pthread_mutex_unlock(&rereads->lock);
}

void sl_rereads_wait(struct sl_rereads *rereads, uint64_t ms)
{
    const struct timespec until = sl_wait_until(ms);
    int rc = 0;

    (void)pthread_mutex_lock(&rereads->lock);
    while (rc == 0 && !atomic_load(&rereads->is_rung)) {
        rc = pthread_cond_timedwait(&rereads->bell, &rereads->lock, &until);
    }
    atomic_store(&rereads->is_rung, false);
    (void)pthread_mutex_unlock(&rereads->lock);
}

/* ---- tables ---- */

struct sl_reread_table *sl_rereads_tables(struct sl_rereads *rereads)
{
    return rereads->tables;
}

struct sl_reread_table *sl_rereads_find_table(const struct sl_rereads *rereads,
                                              struct sl_span scope)
{
    struct sl_reread_table *table = rereads->tables;

    while (table != NULL && (table->scope.len != scope.len ||
                             memcmp(table->scope.data, scope.data, scope.len) != 0)) {
        table = table->next;
    }
    return table;
}

static int need_table(struct sl_rereads *rereads, struct sl_span scope,
                      struct sl_reread_table **out)
{
    struct sl_reread_table *table = sl_rereads_find_table(rereads, scope);

    if (table == NULL) {
        table = calloc(1, sizeof(*table));
        if (table == NULL || sl_buf_add(&table->scope, scope.data, scope.len) != SL_OK) {
            free(table);
            return SL_ENOMEM;
        }
        table->next = rereads->tables;
        rereads->tables = table;
    }
    *out = table;
    return SL_OK;
}

void sl_rereads_begin(struct sl_rereads *rereads, bool is_held)
{
    rereads->is_held = is_held;
}

bool sl_rereads_wants(const struct sl_rereads *rereads, struct sl_span scope)
{
    const struct sl_reread_table *table = sl_rereads_find_table(rereads, scope);

    return rereads->is_held || table == NULL || !table->is_whole;
}

/* ---- keys ---- */

static uint32_t hash_of(const struct sl_rereads *rereads, struct sl_span key)
{
    return (uint32_t)sl_hash_bytes(key.data, key.len, rereads->seed);
}

static struct sl_reread **bucket_of(const struct sl_rereads *rereads, uint32_t hash)
{
    return &rereads->buckets[hash & rereads->bucket_mask];
}

static size_t size_of(const struct sl_reread *item)
{
    return sizeof(*item) + item->key_len + item->cells_len;
}

static struct sl_reread *find(const struct sl_rereads *rereads, const struct sl_reread_table *table,
                              struct sl_span key)
{
    uint32_t hash = hash_of(rereads, key);
    struct sl_reread *item = *bucket_of(rereads, hash);

    while (item != NULL &&
           (item->hash != hash || item->table != table || item->key_len != key.len ||
            memcmp(item->bytes, key.data, key.len) != 0)) {
        item = item->chain;
    }
    return item;
}

struct sl_reread *sl_rereads_find(const struct sl_rereads *rereads, struct sl_span scope,
                                  struct sl_span key)
{
    const struct sl_reread_table *table = sl_rereads_find_table(rereads, scope);

    return table != NULL ? find(rereads, table, key) : NULL;
}

bool sl_rereads_has(const struct sl_rereads *rereads, struct sl_span scope, struct sl_span key)
{
    const struct sl_reread_table *table;

    if (rereads->look_done == 0) {
        return true;
    }
    table = sl_rereads_find_table(rereads, scope);
    return table != NULL && (table->is_whole || find(rereads, table, key) != NULL);
}

bool sl_rereads_are_none(const struct sl_rereads *rereads)
{
    const struct sl_reread_table *table = rereads->tables;

    while (table != NULL && !table->is_whole) {
        table = table->next;
    }
    return rereads->look_done > 0 && table == NULL && sl_rereads_count(rereads) == 0;
}

/* Without memory for more buckets the chains get longer. */
static void grow(struct sl_rereads *rereads)
{
    size_t count = (rereads->bucket_mask + 1) * 2;
    struct sl_reread **buckets = calloc(count, sizeof(struct sl_reread *));

    if (buckets == NULL) {
        return;
    }
    for (size_t i = 0; i <= rereads->bucket_mask; i++) {
        while (rereads->buckets[i] != NULL) {
            struct sl_reread *item = rereads->buckets[i];
            struct sl_reread **bucket = &buckets[item->hash & (count - 1)];

            rereads->buckets[i] = item->chain;
            item->chain = *bucket;
            *bucket = item;
        }
    }
    free(rereads->buckets);
    rereads->buckets = buckets;
    rereads->bucket_mask = count - 1;
}

static void append(struct sl_reread *item)
{
    struct sl_reread_table *table = item->table;

    item->next = NULL;
    item->prev = table->last;
    if (table->last != NULL) {
        table->last->next = item;
    } else {
        table->first = item;
    }
    table->last = item;
}

static void take_out(struct sl_reread *item)
{
    struct sl_reread_table *table = item->table;

    if (item->prev != NULL) {
        item->prev->next = item->next;
    } else {
        table->first = item->next;
    }
    if (item->next != NULL) {
        item->next->prev = item->prev;
    } else {
        table->last = item->prev;
    }
}

/* Out of all but the table's list. */
static void forget(struct sl_rereads *rereads, const struct sl_reread *item)
{
    struct sl_reread **link = bucket_of(rereads, item->hash);

    while (*link != item) {
        link = &(*link)->chain;
    }
    *link = item->chain;
    item->table->bytes -= size_of(item);
    rereads->bytes -= size_of(item);
    atomic_fetch_sub_explicit(&rereads->count, 1, memory_order_relaxed);
}

void sl_rereads_remove(struct sl_rereads *rereads, struct sl_reread *item)
{
    forget(rereads, item);
    take_out(item);
    free(item);
}

void sl_rereads_move_back(struct sl_reread *item)
{
    take_out(item);
    append(item);
}

/* The table that gains most. */
static void overrun_largest(struct sl_rereads *rereads)
{
    struct sl_reread_table *largest = NULL;

    for (struct sl_reread_table *table = rereads->tables; table != NULL; table = table->next) {
        if (largest == NULL || table->bytes > largest->bytes) {
            largest = table;
        }
    }
    if (largest != NULL) {
        largest->is_overrun = true;
    }
    rereads->look_wanted++;
}

static int insert(struct sl_rereads *rereads, struct sl_reread_table *table,
                  const struct sl_reread_note *note)
{
    size_t size = sizeof(struct sl_reread) + note->key.len + note->cells.len;
    struct sl_reread **bucket;
    struct sl_reread *item;

    if (size > rereads->options.limit || rereads->bytes > rereads->options.limit - size) {
        overrun_largest(rereads);
        return SL_OK;
    }
    item = malloc(size);
    if (item == NULL) {
        return SL_ENOMEM;
    }
    if (sl_rereads_count(rereads) > rereads->bucket_mask) {
        grow(rereads);
    }
    *item = (struct sl_reread){.table = table,
                               .hash = hash_of(rereads, note->key),
                               .key_len = (uint32_t)note->key.len,
                               .cells_len = (uint32_t)note->cells.len};
    memcpy(item->bytes, note->key.data, note->key.len);
    memcpy(item->bytes + note->key.len, note->cells.data, note->cells.len);
    bucket = bucket_of(rereads, item->hash);
    item->chain = *bucket;
    *bucket = item;
    append(item);
    table->bytes += size;
    rereads->bytes += size;
    atomic_fetch_add_explicit(&rereads->count, 1, memory_order_relaxed);
    return SL_OK;
}

static bool has_cells(const struct sl_reread *item, struct sl_span cells)
{
    return item->cells_len == cells.len &&
           memcmp(item->bytes + item->key_len, cells.data, cells.len) == 0;
}

int sl_rereads_add(struct sl_rereads *rereads, const struct sl_reread_note *note)
{
    struct sl_reread_table *table = NULL;
    struct sl_reread *item;
    int rc = need_table(rereads, note->scope, &table);

    if (rc != SL_OK) {
        return rc;
    }
    if (note->cells.len == 0) {
        table->is_overrun = true;
        table->is_blind = true;
        return SL_OK;
    }
    item = find(rereads, table, note->key);
    if (item != NULL && has_cells(item, note->cells)) {
        return SL_OK;
    }
    if (item != NULL) {
        sl_rereads_remove(rereads, item);
    }
    return insert(rereads, table, note);
}

/* ---- tables that are whole ---- */

bool sl_rereads_has_news(const struct sl_rereads *rereads)
{
    return sl_rereads_count(rereads) > 0 || sl_rereads_must_look(rereads);
}

struct sl_reread_table *sl_rereads_overrun(struct sl_rereads *rereads)
{
    struct sl_reread_table *table = rereads->tables;

    while (table != NULL && !table->is_overrun) {
        table = table->next;
    }
    return table;
}

void sl_rereads_make_whole(struct sl_rereads *rereads, struct sl_reread_table *table)
{
    for (const struct sl_reread *item = table->first; item != NULL; item = item->next) {
        forget(rereads, item);
    }
    free_items(table);
    table->last = NULL;
    table->is_overrun = false;
    table->is_whole = true;
    table->is_untold = true;
    rereads->look_wanted++;
}

/* ---- what the sink has ---- */

bool sl_rereads_must_look(const struct sl_rereads *rereads)
{
    return rereads->look_wanted > rereads->look_done;
}

uint64_t sl_rereads_begin_look(const struct sl_rereads *rereads)
{
    return rereads->look_wanted;
}

void sl_rereads_end_look(struct sl_rereads *rereads, uint64_t look)
{
    rereads->look_done = look;
}
