/* snapshot_plan.c - what is to be done: the states that the sink has of tables, and requests. */
#include <stdio.h>
#include <stdlib.h>

#include "cdc/base/clock.h"
#include "cdc/resp.h"
#include "cdc/snapshot_private.h"

enum { SL_REQUEST_RETRY_MS = 5000 };

/* ---- tables ---- */

static void free_table(struct sl_snapshot_table *table)
{
    sl_buf_release(&table->db);
    sl_buf_release(&table->name);
    sl_load_state_release(&table->state);
    free(table);
}

static void free_tables(struct sl_snapshot_table **tables)
{
    while (*tables != NULL) {
        struct sl_snapshot_table *next = (*tables)->next;

        free_table(*tables);
        *tables = next;
    }
}

static struct sl_snapshot_table *new_table(struct sl_span db, struct sl_span name)
{
    struct sl_snapshot_table *table = calloc(1, sizeof(*table));

    if (table != NULL && (sl_buf_add(&table->db, db.data, db.len) != SL_OK ||
                          sl_buf_add(&table->name, name.data, name.len) != SL_OK)) {
        free_table(table);
        return NULL;
    }
    return table;
}

static void free_request(struct sl_snapshot_request *request)
{
    sl_buf_release(&request->id);
    sl_buf_release(&request->text);
    free(request);
}

void sl_snapshot_free_plan(struct sl_snapshot *snapshot)
{
    free_tables(&snapshot->tables);
    sl_load_state_release(&snapshot->all);
    while (snapshot->requests != NULL) {
        struct sl_snapshot_request *next = snapshot->requests->next;

        free_request(snapshot->requests);
        snapshot->requests = next;
    }
}

static bool is_same(const struct sl_buf *a, const struct sl_buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static struct sl_snapshot_table *find(struct sl_snapshot *snapshot,
                                      const struct sl_snapshot_table *like)
{
    struct sl_snapshot_table *table = snapshot->tables;

    while (table != NULL &&
           !(is_same(&table->name, &like->name) && is_same(&table->db, &like->db))) {
        table = table->next;
    }
    return table;
}

static void update_is_loading(struct sl_snapshot *snapshot)
{
    bool is_loading;

    (void)pthread_mutex_lock(&snapshot->lock);
    is_loading = snapshot->has_all;
    for (const struct sl_snapshot_table *table = snapshot->tables; table != NULL && !is_loading;
         table = table->next) {
        is_loading = table->state.phase < SL_LOAD_DONE;
    }
    if (is_loading) {
        (void)pthread_cond_broadcast(&snapshot->wake);
    }
    (void)pthread_mutex_unlock(&snapshot->lock);
    if (atomic_exchange(&snapshot->stats.is_loading, is_loading) != is_loading) {
        snapshot->options.changed(snapshot->options.user);
    }
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
    update_is_loading(snapshot);
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

/* ---- commands ---- */

static int add_command(struct sl_buf *out, const char *name, const char *key, struct sl_span field,
                       const struct sl_buf *value)
{
    int rc = sl_resp_array(out, value != NULL ? 4 : 3);

    if (rc == SL_OK) {
        rc = sl_resp_text(out, name);
    }
    if (rc == SL_OK) {
        rc = sl_resp_text(out, key);
    }
    if (rc == SL_OK) {
        rc = sl_resp_bulk(out, field.data, field.len);
    }
    return rc == SL_OK && value != NULL ? sl_resp_bulk(out, value->data, value->len) : rc;
}

static int put_command(struct sl_reader *reader, const char *name, const char *key,
                       struct sl_span field, const struct sl_buf *value)
{
    struct sl_buf command = {0};
    int rc = add_command(&command, name, key, field, value);

    if (rc == SL_OK) {
        rc = sl_reader_put_commands(reader, sl_span_make(key, strlen(key)),
                                    sl_snapshot_span(&command), 1);
    }
    sl_buf_release(&command);
    return rc;
}

int sl_snapshot_put_removal(struct sl_reader *reader, const char *key, struct sl_span field)
{
    return put_command(reader, "HDEL", key, field, NULL);
}

int sl_snapshot_put_state(struct sl_reader *reader, const struct sl_load_store *store,
                          struct sl_span db, struct sl_span name, const struct sl_load_state *state)
{
    struct sl_buf field = {0};
    struct sl_buf value = {0};
    int rc = sl_load_field_format(db, name, &field);

    if (rc == SL_OK) {
        rc = sl_load_state_format(state, &value);
    }
    if (rc == SL_OK) {
        rc = put_command(reader, "HSET", store->state_key, sl_snapshot_span(&field), &value);
    }
    sl_buf_release(&field);
    sl_buf_release(&value);
    return rc;
}

/* ---- tables that are to be loaded ---- */

/* ALIKE but for the estimates; then FIELD of KEY, which asked for it, is removed. */
struct order {
    struct sl_snapshot_worker *worker;
    struct sl_snapshot_table *tables; /* owned until they are accepted */
    const struct sl_load_state *alike;
    bool is_choice; /* only those that the rules choose */
    const char *key;
    struct sl_span field;
};

static int list_table(void *user, struct sl_span db, struct sl_span name, uint64_t rows)
{
    struct order *order = user;
    struct sl_snapshot_table *table = new_table(db, name);

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

/* Takes TABLE over; the state of a table that is known already is replaced. */
static int accept(struct sl_snapshot *snapshot, struct sl_snapshot_table *table)
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
        free_table(table);
    }
    return rc;
}

static int accept_all(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct order *order = user;
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
            free_table(table);
            continue;
        }
        rc = begin_state(&table->state, order->alike);
        if (rc == SL_OK) {
            rc = sl_snapshot_put_state(reader, order->worker->store, db, name, &table->state);
        }
        if (rc != SL_OK) {
            free_table(table);
            return rc;
        }
        rc = accept(snapshot, table);
    }
    return rc == SL_OK ? sl_snapshot_put_removal(reader, order->key, order->field) : rc;
}

static int carry_out(struct order *order, struct sl_err *err)
{
    struct sl_snapshot_worker *worker = order->worker;
    int rc = SL_OK;

    if (order->is_choice) {
        rc = worker->chunks->ops->list(worker->chunks, list_table, order, err);
    }
    if (rc == SL_OK) {
        rc = sl_reader_visit(worker->snapshot->options.reader, NULL, accept_all, order, err);
    }
    free_tables(&order->tables);
    return rc;
}

static int expand_all(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    struct sl_snapshot *snapshot = worker->snapshot;
    struct order order = {.worker = worker,
                          .alike = &snapshot->all,
                          .is_choice = true,
                          .key = worker->store->state_key,
                          .field = sl_span_make(SL_LOAD_ALL, strlen(SL_LOAD_ALL))};
    int rc = carry_out(&order, err);

    if (rc == SL_OK) {
        (void)pthread_mutex_lock(&snapshot->lock);
        snapshot->has_all = false;
        (void)pthread_mutex_unlock(&snapshot->lock);
        update_is_loading(snapshot);
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
    free_table(table);
    return rc == SL_EFORMAT ? SL_OK : rc;
}

/* The sink's refusal is no table's fault. */
static int of_store(int rc)
{
    return rc == SL_EAUTH ? SL_ESINK : rc;
}

static int look(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    struct sl_snapshot *snapshot = worker->snapshot;
    struct look found = {.snapshot = snapshot};
    int rc;

    if (!sl_reader_first_is_applied(snapshot->options.reader)) {
        return SL_AGAIN;
    }
    rc = of_store(worker->store->ops->states(worker->store, on_state, &found, err));
    if (rc != SL_OK) {
        free_tables(&found.tables);
        return rc;
    }
    (void)pthread_mutex_lock(&snapshot->lock);
    snapshot->tables = found.tables;
    snapshot->has_all = found.has_all;
    (void)pthread_mutex_unlock(&snapshot->lock);
    update_is_loading(snapshot);
    atomic_store(&snapshot->stats.has_looked, true);
    snapshot->options.changed(snapshot->options.user);
    return SL_OK;
}

/* ---- requests ---- */

static struct sl_snapshot_request *find_request(struct sl_snapshot *snapshot, struct sl_span id)
{
    struct sl_snapshot_request *request = snapshot->requests;

    while (request != NULL &&
           (request->id.len != id.len || memcmp(request->id.data, id.data, id.len) != 0)) {
        request = request->next;
    }
    return request;
}

static int on_request(void *user, struct sl_span name, struct sl_span value)
{
    struct sl_snapshot *snapshot = user;
    struct sl_snapshot_request *request = find_request(snapshot, name);

    if (request != NULL) {
        request->is_listed = true;
        return SL_OK;
    }
    request = calloc(1, sizeof(*request));
    if (request == NULL || sl_buf_add(&request->id, name.data, name.len) != SL_OK ||
        sl_buf_add(&request->text, value.data, value.len) != SL_OK) {
        if (request != NULL) {
            free_request(request);
        }
        return SL_ENOMEM;
    }
    request->is_listed = true;
    request->next = snapshot->requests;
    snapshot->requests = request;
    return SL_OK;
}

/* What the sink no longer lists has been removed: an id may be used again. */
static void drop_unlisted(struct sl_snapshot *snapshot)
{
    struct sl_snapshot_request **link = &snapshot->requests;

    while (*link != NULL) {
        struct sl_snapshot_request *request = *link;

        if (!request->is_listed) {
            *link = request->next;
            free_request(request);
        } else {
            link = &request->next;
        }
    }
}

static bool is_due(const struct sl_snapshot_request *request)
{
    return !request->is_handled && sl_clock_mono_ms(sl_clock_real()) >= request->retry_ms;
}

static bool has_due_requests(const struct sl_snapshot *snapshot)
{
    const struct sl_snapshot_request *request = snapshot->requests;

    while (request != NULL && !is_due(request)) {
        request = request->next;
    }
    return request != NULL;
}

int sl_snapshot_poll(struct sl_snapshot_worker *worker, bool *has_requests, struct sl_err *err)
{
    struct sl_snapshot *snapshot = worker->snapshot;
    uint64_t now = sl_clock_mono_ms(sl_clock_real());
    int rc;

    if (snapshot->polled_ms != 0 && now < snapshot->polled_ms + snapshot->options.poll_ms) {
        *has_requests = has_due_requests(snapshot);
        return SL_OK;
    }
    for (struct sl_snapshot_request *request = snapshot->requests; request != NULL;
         request = request->next) {
        request->is_listed = false;
    }
    rc = of_store(worker->store->ops->requests(worker->store, on_request, snapshot, err));
    if (rc != SL_OK) {
        return rc;
    }
    snapshot->polled_ms = now;
    drop_unlisted(snapshot);
    *has_requests = has_due_requests(snapshot);
    return SL_OK;
}

struct refusal {
    const char *key;
    struct sl_span field;
};

static int put_refusal(struct sl_reader *reader, void *user, struct sl_err *err)
{
    const struct refusal *refusal = user;

    (void)err;
    return sl_snapshot_put_removal(reader, refusal->key, refusal->field);
}

static int refuse(struct sl_snapshot_worker *worker, struct sl_span id, struct sl_err *err)
{
    struct refusal refusal = {.key = worker->store->requests_key, .field = id};

    sl_snapshot_notice(worker->snapshot, true,
                       "a request to load or repair cannot be read: removed");
    return sl_reader_visit(worker->snapshot->options.reader, NULL, put_refusal, &refusal, err);
}

static int make_alike(struct sl_load_state *alike, struct sl_load_request *request,
                      struct sl_span id)
{
    static const char reason[] = "requested";

    alike->rate = request->rate;
    alike->where = request->where;
    request->where = (struct sl_buf){0};
    memcpy(alike->id, id.data, id.len);
    return sl_buf_add(&alike->reason, reason, sizeof(reason) - 1);
}

static int handle_load(struct sl_snapshot_worker *worker, struct sl_load_request *request,
                       struct sl_span id, struct sl_err *err)
{
    struct sl_load_state alike = {0};
    struct order order = {.worker = worker,
                          .alike = &alike,
                          .is_choice = request->db.len == 0,
                          .key = worker->store->requests_key,
                          .field = id};
    int rc = make_alike(&alike, request, id);

    if (rc == SL_OK && !order.is_choice) {
        order.tables = new_table(sl_snapshot_span(&request->db), sl_snapshot_span(&request->table));
        rc = order.tables != NULL ? SL_OK : SL_ENOMEM;
    }
    if (rc == SL_OK) {
        rc = carry_out(&order, err);
    }
    update_is_loading(worker->snapshot);
    sl_load_state_release(&alike);
    return rc;
}

static int handle(struct sl_snapshot_worker *worker, const struct sl_snapshot_request *asked,
                  struct sl_err *err)
{
    struct sl_load_request request = {0};
    struct sl_span id = sl_snapshot_span(&asked->id);
    int rc = sl_load_request_parse(&request, sl_snapshot_span(&asked->text));

    if (rc == SL_EFORMAT || (rc == SL_OK && !sl_load_id_is_valid(id))) {
        rc = refuse(worker, id, err);
    } else if (rc == SL_OK && request.kind == SL_REQUEST_LOAD) {
        rc = handle_load(worker, &request, id, err);
    } else if (rc == SL_OK) {
        rc = sl_snapshot_repair(worker, &request, id, err);
    }
    sl_load_request_release(&request);
    return rc;
}

/* One that fails for now keeps neither the others waiting nor the tables. */
static int handle_one(struct sl_snapshot_worker *worker, struct sl_snapshot_request *request,
                      struct sl_err *err)
{
    int rc = handle(worker, request, err);

    request->is_handled = rc == SL_OK;
    if (rc != SL_EIO) {
        return rc;
    }
    request->retry_ms = sl_clock_mono_ms(sl_clock_real()) + SL_REQUEST_RETRY_MS;
    sl_snapshot_notice(worker->snapshot, true, "a request to load or repair: %s; trying again",
                       err->text);
    return SL_OK;
}

static int handle_requests(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    int rc = SL_OK;

    for (struct sl_snapshot_request *request = worker->snapshot->requests;
         rc == SL_OK && request != NULL; request = request->next) {
        if (is_due(request)) {
            rc = handle_one(worker, request, err);
        }
    }
    return rc;
}

int sl_snapshot_plan(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    struct sl_snapshot *snapshot = worker->snapshot;
    bool has_requests = false;
    int rc = atomic_load(&snapshot->stats.has_looked) ? SL_OK : look(worker, err);

    if (rc == SL_OK && snapshot->has_all) {
        rc = expand_all(worker, err);
    }
    if (rc == SL_OK) {
        rc = sl_snapshot_poll(worker, &has_requests, err);
    }
    return rc == SL_OK && has_requests ? handle_requests(worker, err) : rc;
}
