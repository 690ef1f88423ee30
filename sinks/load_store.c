#include "sinks/load_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdc/resp.h"
#include "sinks/checkpoint.h"
#include "sinks/redis_client.h"

struct redis_store {
    struct sl_load_store base;
    const struct sl_redis_options *options;
    struct sl_redis_client client;
    struct sl_buf state_key;
    struct sl_buf requests_key;
    struct sl_buf rereads_key;
    struct sl_buf rules_key;
    struct sl_buf redelete_key;
    atomic_bool stop;
    bool is_open;
};

static struct redis_store *store_of(struct sl_load_store *base)
{
    return (struct redis_store *)base;
}

static void disconnect(struct redis_store *store)
{
    if (store->is_open) {
        sl_redis_client_close(&store->client);
        store->is_open = false;
    }
}

static int connect_once(struct redis_store *store, struct sl_err *err)
{
    int rc;

    if (store->is_open) {
        return SL_OK;
    }
    rc = sl_redis_client_open_until(&store->client, store->options, &store->stop, err);
    store->is_open = rc == SL_OK;
    return rc;
}

static int try_call(struct redis_store *store, const char *what, size_t count,
                    const char *const *args, redisReply **reply, struct sl_err *err)
{
    int rc = connect_once(store, err);

    if (rc == SL_OK) {
        rc = sl_redis_client_call(&store->client, what, count, args, reply, err);
        if (rc != SL_OK) {
            (void)sl_err_prefix(err, "%s", sl_redis_url(store->options));
            disconnect(store); /* replies and requests may no longer belong together */
        }
    }
    return rc;
}

/* A connection that lay idle may have been closed by Redis (its setting `timeout`, a restart):
 * that is no failure, and all calls only read. */
static int call(struct redis_store *store, const char *what, size_t count, const char *const *args,
                redisReply **reply, struct sl_err *err)
{
    bool was_open = store->is_open;
    int rc;

    if (atomic_load(&store->stop)) {
        return sl_err_set(err, SL_ESTOPPED, "%s: stopped", what);
    }
    rc = try_call(store, what, count, args, reply, err);
    if (rc == SL_EIO && was_open) {
        rc = try_call(store, what, count, args, reply, err);
    }
    return rc;
}

static struct sl_span span_of(const redisReply *reply)
{
    return sl_span_make(reply->str, (size_t)reply->len);
}

static int each_field(const redisReply *reply, sl_load_field_fn each, void *user)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i + 1 < reply->elements; i += 2) {
        rc = each(user, span_of(reply->element[i]), span_of(reply->element[i + 1]));
    }
    return rc;
}

static int read_hash(struct redis_store *store, const char *what, const char *key,
                     sl_load_field_fn each, void *user, struct sl_err *err)
{
    const char *const args[] = {"HGETALL", key};
    redisReply *reply = NULL;
    int rc = call(store, what, 2, args, &reply, err);

    if (rc == SL_OK && reply != NULL) { /* said again for the analyzer */
        rc = each_field(reply, each, user);
        freeReplyObject(reply);
    }
    return rc;
}

static int read_states(struct sl_load_store *base, sl_load_field_fn each, void *user,
                       struct sl_err *err)
{
    return read_hash(store_of(base), "cannot read what is being loaded", base->state_key, each,
                     user, err);
}

static int read_requests(struct sl_load_store *base, sl_load_field_fn each, void *user,
                         struct sl_err *err)
{
    return read_hash(store_of(base), "cannot read the requests", base->requests_key, each, user,
                     err);
}

static int read_rules(struct sl_load_store *base, sl_load_field_fn each, void *user,
                      struct sl_err *err)
{
    return read_hash(store_of(base), "cannot read what the keys of tables were made with",
                     base->rules_key, each, user, err);
}

/* ---- keys ---- */

static int take_cursor(const redisReply *reply, uint64_t *cursor, struct sl_err *err)
{
    char *end = NULL;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING ||
        reply->element[1]->type != REDIS_REPLY_ARRAY) {
        return sl_err_set(err, SL_EFORMAT, "the reply to SCAN is not a cursor and what it found");
    }
    errno = 0;
    *cursor = strtoull(reply->element[0]->str, &end, 10);
    if (errno != 0 || *end != '\0') {
        return sl_err_set(err, SL_EFORMAT, "the cursor of SCAN is not a number");
    }
    return SL_OK;
}

static int step_rereads(struct sl_load_store *base, uint64_t *cursor, sl_load_field_fn each,
                        void *user, struct sl_err *err)
{
    struct redis_store *store = store_of(base);
    char number[24];
    const char *const args[] = {"HSCAN", sl_buf_cstr(&store->rereads_key), number, "COUNT", "1000"};
    redisReply *reply = NULL;
    uint64_t next = 0;
    int rc;

    (void)snprintf(number, sizeof(number), "%" PRIu64, *cursor);
    rc = call(store, "cannot read which rows are to be read again", 5, args, &reply, err);
    if (rc != SL_OK || reply == NULL) { /* said again for the analyzer */
        return rc;
    }
    rc = take_cursor(reply, &next, err);
    if (rc == SL_OK) {
        rc = each_field(reply->element[1], each, user);
    }
    if (rc == SL_OK) {
        *cursor = next;
    }
    freeReplyObject(reply);
    return rc;
}

static int read_due(struct sl_load_store *base, uint64_t until_ms, size_t limit,
                    sl_load_field_fn each, void *user, struct sl_err *err)
{
    char until[24];
    char most[24];
    const char *const args[] = {
        "ZRANGEBYSCORE", base->redelete_key, "-inf", until, "WITHSCORES", "LIMIT", "0", most};
    redisReply *reply = NULL;
    int rc;

    (void)snprintf(until, sizeof(until), "%" PRIu64, until_ms);
    (void)snprintf(most, sizeof(most), "%zu", limit);
    rc = call(store_of(base), "cannot read which keys are to be removed once more",
              limit > 0 ? 8 : 5, args, &reply, err);
    if (rc == SL_OK && reply != NULL) { /* said again for the analyzer */
        rc = each_field(reply, each, user);
        freeReplyObject(reply);
    }
    return rc;
}

static int each_key(const redisReply *keys, const struct sl_key_pattern *pattern,
                    sl_load_key_fn each, void *user)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < keys->elements; i++) {
        const redisReply *key = keys->element[i];

        if (key->type == REDIS_REPLY_STRING && pattern->matches(pattern, span_of(key))) {
            rc = each(user, span_of(key));
        }
    }
    return rc;
}

static int scan(struct sl_load_store *base, const struct sl_key_pattern *pattern, uint64_t *cursor,
                sl_load_key_fn each, void *user, struct sl_err *err)
{
    char number[24];
    const char *const args[] = {"SCAN", number, "MATCH", pattern->glob, "COUNT", "1000"};
    redisReply *reply = NULL;
    uint64_t next = 0;
    int rc;

    (void)snprintf(number, sizeof(number), "%" PRIu64, *cursor);
    rc = call(store_of(base), "cannot look for the keys of a table", 6, args, &reply, err);
    if (rc != SL_OK || reply == NULL) { /* said again for the analyzer */
        return rc;
    }
    rc = take_cursor(reply, &next, err);
    if (rc == SL_OK) {
        rc = each_key(reply->element[1], pattern, each, user);
    }
    if (rc == SL_OK) {
        *cursor = next;
    }
    freeReplyObject(reply);
    return rc;
}

/* ---- members ---- */

#define SL_MEMBERS_PURPOSE "cannot look for the members of a set"

static int format_members(struct sl_buf *out, struct sl_span key, uint64_t cursor)
{
    char number[24];
    int rc = sl_resp_array(out, 5);

    (void)snprintf(number, sizeof(number), "%" PRIu64, cursor);
    rc = rc == SL_OK ? sl_resp_text(out, "SSCAN") : rc;
    rc = rc == SL_OK ? sl_resp_bulk(out, key.data, key.len) : rc;
    rc = rc == SL_OK ? sl_resp_text(out, number) : rc;
    rc = rc == SL_OK ? sl_resp_text(out, "COUNT") : rc;
    return rc == SL_OK ? sl_resp_text(out, "1000") : rc;
}

/* An error reply is a reply here. */
static int ask_members(struct redis_store *store, struct sl_span key, uint64_t cursor,
                       redisReply **reply, struct sl_err *err)
{
    struct sl_request *request = &store->client.request;
    int rc = connect_once(store, err);

    if (rc != SL_OK) {
        return rc;
    }
    rc = format_members(&request->out, key, cursor);
    rc = rc == SL_OK ? sl_request_send(request, err) : sl_err_set(err, rc, "out of memory");
    rc = rc == SL_OK ? sl_request_receive(request, reply, err) : rc;
    if (rc != SL_OK) {
        (void)sl_err_prefix(err, "%s", sl_redis_url(store->options));
        disconnect(store);
    }
    return rc;
}

static int take_members(const redisReply *reply, uint64_t *cursor, sl_load_key_fn each, void *user,
                        struct sl_err *err)
{
    uint64_t next = 0;
    int rc = take_cursor(reply, &next, err);

    for (size_t i = 0; rc == SL_OK && i < reply->element[1]->elements; i++) {
        rc = each(user, span_of(reply->element[1]->element[i]));
    }
    if (rc == SL_OK) {
        *cursor = next;
    }
    return rc;
}

static int members(struct sl_load_store *base, struct sl_span key, uint64_t *cursor,
                   sl_load_key_fn each, void *user, struct sl_err *err)
{
    struct redis_store *store = store_of(base);
    bool was_open = store->is_open;
    redisReply *reply = NULL;
    int rc;

    if (atomic_load(&store->stop)) {
        return sl_err_set(err, SL_ESTOPPED, SL_MEMBERS_PURPOSE ": stopped");
    }
    rc = ask_members(store, key, *cursor, &reply, err);
    if (rc == SL_EIO && was_open) {
        rc = ask_members(store, key, *cursor, &reply, err);
    }
    if (rc != SL_OK || reply == NULL) { /* said again for the analyzer */
        return rc;
    }
    if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "WRONGTYPE", 9) == 0) {
        *cursor = 0;
    } else {
        rc = sl_reply_status(SL_MEMBERS_PURPOSE, reply, err);
        rc = rc == SL_OK ? take_members(reply, cursor, each, user, err) : rc;
    }
    freeReplyObject(reply);
    return rc;
}

/* ---- life ---- */

static void interrupt(struct sl_load_store *base)
{
    atomic_store(&store_of(base)->stop, true);
}

static void free_store(struct sl_load_store *base)
{
    struct redis_store *store = store_of(base);

    disconnect(store);
    sl_buf_release(&store->state_key);
    sl_buf_release(&store->requests_key);
    sl_buf_release(&store->rereads_key);
    sl_buf_release(&store->rules_key);
    sl_buf_release(&store->redelete_key);
    free(store);
}

struct sl_load_store *sl_redis_load_store_new(const struct sl_redis_options *options,
                                              const char *pipeline)
{
    static const struct sl_load_store_ops ops = {
        .states = read_states,
        .requests = read_requests,
        .rules = read_rules,
        .rereads = step_rereads,
        .due = read_due,
        .scan = scan,
        .members = members,
        .interrupt = interrupt,
        .free = free_store,
    };
    struct redis_store *store = calloc(1, sizeof(*store));

    if (store == NULL) {
        return NULL;
    }
    store->options = options;
    store->base.ops = &ops;
    if (sl_pipeline_key(pipeline, "bootstrap", &store->state_key) == SL_OK &&
        sl_pipeline_key(pipeline, "requests", &store->requests_key) == SL_OK &&
        sl_pipeline_key(pipeline, "rereads", &store->rereads_key) == SL_OK &&
        sl_pipeline_key(pipeline, "rules", &store->rules_key) == SL_OK &&
        sl_pipeline_key(pipeline, "redelete", &store->redelete_key) == SL_OK &&
        sl_buf_cstr(&store->rereads_key) != NULL) {
        store->base.state_key = sl_buf_cstr(&store->state_key);
        store->base.rules_key = sl_buf_cstr(&store->rules_key);
        store->base.requests_key = sl_buf_cstr(&store->requests_key);
        store->base.redelete_key = sl_buf_cstr(&store->redelete_key);
    }
    if (store->base.state_key == NULL || store->base.requests_key == NULL ||
        store->base.rules_key == NULL || store->base.redelete_key == NULL) {
        free_store(&store->base);
        return NULL;
    }
    return &store->base;
}
