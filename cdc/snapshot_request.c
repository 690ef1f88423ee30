/* snapshot_request.c - requests that others have left in the sink for the daemon. */
#include <stdlib.h>

#include "cdc/base/clock.h"
#include "cdc/snapshot_private.h"

enum { SL_REQUEST_RETRY_MS = 5000 };

static void free_request(struct sl_snapshot_request *request)
{
    sl_buf_release(&request->id);
    sl_buf_release(&request->text);
    free(request);
}

void sl_snapshot_free_requests(struct sl_snapshot *snapshot)
{
    while (snapshot->requests != NULL) {
        struct sl_snapshot_request *next = snapshot->requests->next;

        free_request(snapshot->requests);
        snapshot->requests = next;
    }
}

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
    rc = sl_snapshot_of_store(
        worker->store->ops->requests(worker->store, on_request, snapshot, err));
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
    struct sl_snapshot_order order = {.worker = worker,
                                      .alike = &alike,
                                      .is_choice = request->db.len == 0,
                                      .key = worker->store->requests_key,
                                      .field = id};
    int rc = make_alike(&alike, request, id);

    if (rc == SL_OK && !order.is_choice) {
        order.tables = sl_snapshot_new_table(sl_snapshot_span(&request->db),
                                             sl_snapshot_span(&request->table));
        rc = order.tables != NULL ? SL_OK : SL_ENOMEM;
    }
    if (rc == SL_OK) {
        rc = sl_snapshot_carry_out(&order, err);
    }
    sl_snapshot_update(worker->snapshot);
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

int sl_snapshot_handle_requests(struct sl_snapshot_worker *worker, struct sl_err *err)
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
