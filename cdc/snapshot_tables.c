/* snapshot_tables.c - the tables that are known, and which worker loads which of them. */
#include <stdlib.h>

#include "cdc/snapshot_private.h"

void sl_snapshot_free_table(struct sl_snapshot_table *table)
{
    sl_buf_release(&table->db);
    sl_buf_release(&table->name);
    sl_load_state_release(&table->state);
    sl_snapshot_forget_old(table);
    free(table);
}

void sl_snapshot_free_tables(struct sl_snapshot_table **tables)
{
    while (*tables != NULL) {
        struct sl_snapshot_table *next = (*tables)->next;

        sl_snapshot_free_table(*tables);
        *tables = next;
    }
}

struct sl_snapshot_table *sl_snapshot_new_table(struct sl_span db, struct sl_span name)
{
    struct sl_snapshot_table *table = calloc(1, sizeof(*table));

    if (table != NULL && (sl_buf_add(&table->db, db.data, db.len) != SL_OK ||
                          sl_buf_add(&table->name, name.data, name.len) != SL_OK)) {
        sl_snapshot_free_table(table);
        return NULL;
    }
    return table;
}

static bool is_same(const struct sl_buf *a, const struct sl_buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

bool sl_snapshot_is_same_table(const struct sl_snapshot_table *a, const struct sl_snapshot_table *b)
{
    return is_same(&a->name, &b->name) && is_same(&a->db, &b->db);
}

static struct sl_snapshot_table *find(struct sl_snapshot *snapshot,
                                      const struct sl_snapshot_table *like)
{
    struct sl_snapshot_table *table = snapshot->tables;

    while (table != NULL && !sl_snapshot_is_same_table(table, like)) {
        table = table->next;
    }
    return table;
}

void sl_snapshot_update(struct sl_snapshot *snapshot)
{
    bool is_loading;
    bool was_loading;

    (void)pthread_mutex_lock(&snapshot->lock);
    is_loading = snapshot->has_all || sl_snapshot_has_rules(snapshot);
    for (const struct sl_snapshot_table *table = snapshot->tables; table != NULL && !is_loading;
         table = table->next) {
        is_loading = table->state.phase < SL_LOAD_DONE;
    }
    if (is_loading) {
        (void)pthread_cond_broadcast(&snapshot->wake);
    }
    /* Under the lock, or an older answer might come behind a newer one. */
    was_loading = atomic_exchange(&snapshot->stats.is_loading, is_loading);
    (void)pthread_mutex_unlock(&snapshot->lock);
    if (was_loading != is_loading) {
        snapshot->options.changed(snapshot->options.user);
    }
}

int sl_snapshot_accept(struct sl_snapshot *snapshot, struct sl_snapshot_table *table)
{
    struct sl_snapshot_table *known;
    int rc = SL_OK;

    (void)pthread_mutex_lock(&snapshot->lock);
    known = find(snapshot, table);
    if (known != NULL) {
        rc = sl_snapshot_copy_state(&known->state, &table->state);
        known->generation++;
    } else {
        table->next = snapshot->tables;
        snapshot->tables = table;
    }
    (void)pthread_mutex_unlock(&snapshot->lock);
    if (known != NULL) {
        sl_snapshot_free_table(table);
    }
    return rc;
}

/* ---- which worker loads what ---- */

int sl_snapshot_take(struct sl_snapshot_worker *worker, struct sl_snapshot_load *load)
{
    struct sl_snapshot *snapshot = worker->snapshot;
    struct sl_snapshot_table *table;
    int rc = SL_DONE;

    (void)pthread_mutex_lock(&snapshot->lock);
    for (table = snapshot->has_all ? NULL : snapshot->tables;
         table != NULL && (table->is_taken || table->state.phase >= SL_LOAD_DONE);) {
        table = table->next;
    }
    if (table != NULL) {
        rc = sl_snapshot_copy_state(&load->state, &table->state);
    }
    if (table != NULL && rc == SL_OK) {
        table->is_taken = true;
        load->target = table;
        load->generation = table->generation;
        load->db = sl_snapshot_span(&table->db);
        load->name = sl_snapshot_span(&table->name);
    }
    (void)pthread_mutex_unlock(&snapshot->lock);
    return rc;
}

/* To the end of the list. */
static void move_back(struct sl_snapshot *snapshot, struct sl_snapshot_table *moved)
{
    struct sl_snapshot_table **link = &snapshot->tables;

    while (*link != moved) {
        link = &(*link)->next;
    }
    *link = moved->next;
    moved->next = NULL;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = moved;
}

int sl_snapshot_give_back(struct sl_snapshot_load *load, bool has_failed)
{
    struct sl_snapshot *snapshot = load->worker->snapshot;
    int rc = SL_OK;

    (void)pthread_mutex_lock(&snapshot->lock);
    load->target->is_taken = false;
    if (load->target->generation == load->generation) {
        rc = sl_snapshot_copy_state(&load->target->state, &load->state);
    }
    if (has_failed) {
        move_back(snapshot, load->target);
    }
    (void)pthread_mutex_unlock(&snapshot->lock);
    sl_snapshot_update(snapshot);
    return rc;
}

bool sl_snapshot_is_current(const struct sl_snapshot_load *load)
{
    struct sl_snapshot *snapshot = load->worker->snapshot;
    bool is_current = true;

    if (load->target != NULL) {
        (void)pthread_mutex_lock(&snapshot->lock);
        is_current = load->target->generation == load->generation;
        (void)pthread_mutex_unlock(&snapshot->lock);
    }
    return is_current;
}
