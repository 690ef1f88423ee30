/* snapshot_plan.c - what is to be done: the states that the sink has of tables. */
#include <stdlib.h>

#include "cdc/base/clock.h"
#include "cdc/snapshot_private.h"

/* ---- tables that are to be loaded ---- */

static int list_table(void *user, struct sl_span db, struct sl_span name, uint64_t rows)
{
    struct sl_snapshot_order *order = user;
    struct sl_snapshot_table *table = sl_snapshot_new_table(db, name);

    if (table == NULL) {
        return SL_ENOMEM;
    }
    table->state.estimate = rows;
    table->next = order->tables;
    order->tables = table;
    return SL_OK;
}

static int begin_state(struct sl_load_state *state, const struct sl_load_state *alike)
{
    uint64_t estimate = state->estimate;
    int rc = sl_snapshot_copy_state(state, alike);

    state->phase = SL_LOAD_WAITING;
    state->estimate = estimate;
    state->changed_ms = sl_clock_wall_ms(sl_clock_real());
    return rc;
}

static int accept_all(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct sl_snapshot_order *order = user;
    struct sl_snapshot *snapshot = order->worker->snapshot;
    struct sl_mapper *mapper = snapshot->options.mapper;
    int rc = SL_OK;

    (void)err;
    while (rc == SL_OK && order->tables != NULL) {
        struct sl_snapshot_table *table = order->tables;
        struct sl_span db = sl_snapshot_span(&table->db);
        struct sl_span name = sl_snapshot_span(&table->name);

        order->tables = table->next;
        if (order->is_choice && !mapper->ops->wants(mapper, db, name)) {
            sl_snapshot_free_table(table);
            continue;
        }
        rc = begin_state(&table->state, order->alike);
        if (rc == SL_OK) {
            rc = sl_snapshot_put_state(reader, order->worker->store, db, name, &table->state);
        }
        if (rc != SL_OK) {
            sl_snapshot_free_table(table);
            return rc;
        }
        rc = sl_snapshot_accept(snapshot, table);
    }
    return rc == SL_OK ? sl_snapshot_put_removal(reader, order->key, order->field) : rc;
}

static bool is_listed(const struct sl_snapshot_order *order, const struct sl_snapshot_table *like)
{
    const struct sl_snapshot_table *table = order->tables;

    while (table != NULL && !sl_snapshot_is_same_table(table, like)) {
        table = table->next;
    }
    return table != NULL;
}

/* Tables that were loaded once and are no more: their keys have to go. */
static int list_known(struct sl_snapshot_order *order)
{
    struct sl_snapshot *snapshot = order->worker->snapshot;
    int rc = SL_OK;

    (void)pthread_mutex_lock(&snapshot->lock);
    for (const struct sl_snapshot_table *table = snapshot->tables; rc == SL_OK && table != NULL;
         table = table->next) {
        if (!is_listed(order, table)) {
            rc = list_table(order, sl_snapshot_span(&table->db), sl_snapshot_span(&table->name), 0);
        }
    }
    (void)pthread_mutex_unlock(&snapshot->lock);
    return rc;
}

int sl_snapshot_carry_out(struct sl_snapshot_order *order, struct sl_err *err)
{
    struct sl_snapshot_worker *worker = order->worker;
    int rc = SL_OK;

    if (order->is_choice) {
        rc = worker->chunks->ops->list(worker->chunks, list_table, order, err);
        rc = rc == SL_OK ? list_known(order) : rc;
    }
    if (rc == SL_OK) {
        rc = sl_reader_visit(worker->snapshot->options.reader, NULL, accept_all, order, err);
    }
    sl_snapshot_free_tables(&order->tables);
    return rc;
}

static int expand_all(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    struct sl_snapshot *snapshot = worker->snapshot;
    struct sl_snapshot_order order = {.worker = worker,
                                      .alike = &snapshot->all,
                                      .is_choice = true,
                                      .key = worker->store->state_key,
                                      .field = sl_span_make(SL_LOAD_ALL, strlen(SL_LOAD_ALL))};
    int rc = sl_snapshot_carry_out(&order, err);

    if (rc == SL_OK) {
        (void)pthread_mutex_lock(&snapshot->lock);
        snapshot->has_all = false;
        (void)pthread_mutex_unlock(&snapshot->lock);
        sl_snapshot_update(snapshot);
    }
    return rc;
}

/* ---- the first look ---- */

/* A state that cannot be read says at least that there is something to be loaded. */
static int read_state(struct sl_snapshot *snapshot, struct sl_span name, struct sl_span value,
                      struct sl_load_state *state)
{
    int rc = sl_load_state_parse(state, value);

    if (rc == SL_EFORMAT) {
        sl_snapshot_notice(snapshot, true,
                           "the state of the loading of %.*s cannot be read: it is loaded again",
                           (int)name.len, (const char *)name.data);
        return SL_OK;
    }
    return rc;
}

struct look {
    struct sl_snapshot *snapshot;
    struct sl_snapshot_table *tables;
    bool has_all;
};

static int on_state(void *user, struct sl_span name, struct sl_span value)
{
    struct look *look = user;
    struct sl_snapshot *snapshot = look->snapshot;
    struct sl_snapshot_table *table;
    int rc;

    if (sl_span_equals(name, SL_LOAD_ALL)) {
        look->has_all = true;
        return read_state(snapshot, name, value, &snapshot->all);
    }
    table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return SL_ENOMEM;
    }
    rc = sl_load_field_parse(name, &table->db, &table->name);
    if (rc == SL_OK) {
        rc = read_state(snapshot, name, value, &table->state);
    }
    if (rc == SL_OK) {
        table->next = look->tables;
        look->tables = table;
        return SL_OK;
    }
    sl_snapshot_free_table(table);
    return rc == SL_EFORMAT ? SL_OK : rc;
}

static int look(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    struct sl_snapshot *snapshot = worker->snapshot;
    struct look found = {.snapshot = snapshot};
    int rc;

    if (!sl_reader_first_is_applied(snapshot->options.reader)) {
        return SL_AGAIN;
    }
    rc = sl_snapshot_of_store(worker->store->ops->states(worker->store, on_state, &found, err));
    if (rc != SL_OK) {
        sl_snapshot_free_tables(&found.tables);
        return rc;
    }
    (void)pthread_mutex_lock(&snapshot->lock);
    snapshot->tables = found.tables;
    snapshot->has_all = found.has_all;
    (void)pthread_mutex_unlock(&snapshot->lock);
    sl_snapshot_update(snapshot);
    atomic_store(&snapshot->stats.has_looked, true);
    snapshot->options.changed(snapshot->options.user);
    return SL_OK;
}

int sl_snapshot_plan(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    struct sl_snapshot *snapshot = worker->snapshot;
    bool has_requests = false;
    int rc = atomic_load(&snapshot->stats.has_looked) ? SL_OK : look(worker, err);

    if (rc == SL_OK && sl_snapshot_has_rules(snapshot)) {
        rc = sl_snapshot_settle_rules(worker, err);
    }
    if (rc == SL_OK && snapshot->has_all) {
        rc = expand_all(worker, err);
    }
    if (rc == SL_OK) {
        rc = sl_snapshot_poll(worker, &has_requests, err);
    }
    return rc == SL_OK && has_requests ? sl_snapshot_handle_requests(worker, err) : rc;
}
