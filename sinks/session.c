#include "sinks/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/base/xrand.h"
#include "cdc/resp.h"
#include "sinks/identity.h"
#include "sinks/redis_client.h"

int sl_session_init(struct sl_session *session, const struct sl_session_options *options)
{
    int rc;

    *session =
        (struct sl_session){.options = *options, .transport = {.fd = -1, .stop = options->stop}};
    sl_position_init(&session->position);
    rc = sl_request_init(&session->request, &session->transport,
                         (int)options->redis->connect_timeout_ms);
    if (rc == SL_OK) {
        rc = sl_pipeline_key(options->pipeline, "lease", &session->lease_key);
    }
    if (rc == SL_OK) {
        rc = sl_pipeline_key(options->pipeline, "guard", &session->guard_key);
    }
    if (rc == SL_OK) {
        rc = sl_pipeline_key(options->pipeline, "checkpoint", &session->checkpoint_key);
    }
    if (rc == SL_OK) {
        rc = sl_pipeline_key(options->pipeline, "heartbeat", &session->heartbeat_key);
    }
    if (rc == SL_OK &&
        (sl_buf_cstr(&session->lease_key) == NULL || sl_buf_cstr(&session->guard_key) == NULL ||
         sl_buf_cstr(&session->checkpoint_key) == NULL ||
         sl_buf_cstr(&session->heartbeat_key) == NULL)) {
        rc = SL_ENOMEM;
    }
    if (rc != SL_OK) {
        sl_session_release(session);
    }
    return rc;
}

void sl_session_release(struct sl_session *session)
{
    sl_transport_close(&session->transport);
    sl_request_release(&session->request);
    sl_position_release(&session->position);
    sl_buf_release(&session->lease_key);
    sl_buf_release(&session->guard_key);
    sl_buf_release(&session->checkpoint_key);
    sl_buf_release(&session->heartbeat_key);
}

static const char *text_of(const struct sl_buf *key)
{
    return (const char *)key->data;
}

/* Calls and turns an error reply into its status. *REPLY must be freed when SL_OK is returned. */
static int call(struct sl_session *session, const char *what, size_t count, const char *const *args,
                redisReply **reply, struct sl_err *err)
{
    int rc = sl_request_call(&session->request, count, args, reply, err);

    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_reply_status(what, *reply, err);
    if (rc != SL_OK) {
        freeReplyObject(*reply);
        *reply = NULL;
    }
    return rc;
}

/* The same when the reply itself does not matter. */
static int command(struct sl_session *session, const char *what, size_t count,
                   const char *const *args, struct sl_err *err)
{
    redisReply *reply = NULL;
    int rc = call(session, what, count, args, &reply, err);

    if (rc == SL_OK) {
        freeReplyObject(reply);
    }
    return rc;
}

static int judge_server(struct sl_session *session, const char *info, struct sl_err *err)
{
    char value[64] = "";

    session->life = (struct sl_redis_life){.errors = -1};
    if (sl_redis_info(info, "total_error_replies", value, sizeof(value))) {
        session->life.errors = strtoll(value, NULL, 10);
    }
    (void)sl_redis_info(info, "run_id", session->life.run_id, sizeof(session->life.run_id));
    if (sl_redis_info(info, "loading", value, sizeof(value)) && strcmp(value, "1") == 0) {
        return sl_err_set(err, SL_EIO, "Redis is loading its data: waiting");
    }
    if (sl_redis_info(info, "role", value, sizeof(value)) && strcmp(value, "master") != 0) {
        return sl_err_set(
            err, SL_EIO,
            "this Redis is a replica, which cannot be written to: waiting for it to become "
            "the master, or point the sink at the master");
    }
    if (sl_redis_info(info, "redis_mode", value, sizeof(value)) && strcmp(value, "cluster") == 0) {
        return sl_err_set(
            err, SL_ESINK,
            "this is a Redis Cluster, which this version cannot write to: use a standalone "
            "Redis");
    }
    return SL_OK;
}

static int inspect(struct sl_session *session, struct sl_err *err)
{
    static const char *const everything[] = {"INFO"};
    redisReply *reply = NULL;
    int rc = call(session, "cannot read INFO", 1, everything, &reply, err);

    if (rc != SL_OK) {
        return rc;
    }
    rc = judge_server(session, reply->str != NULL ? reply->str : "", err);
    freeReplyObject(reply);
    return rc;
}

static void make_token(struct sl_session *session)
{
    (void)snprintf(session->token, sizeof(session->token), "%016" PRIx64, sl_xrand_entropy());
    session->groups = 0;
}

/* SL_AGAIN when the lease is somebody else's who may be alive. */
static int judge_lease(struct sl_session *session, const redisReply *reply, struct sl_err *err)
{
    char holder[SL_IDENTITY_MAX];

    if (reply->type != REDIS_REPLY_STRING) {
        return SL_OK;
    }
    (void)snprintf(holder, sizeof(holder), "%.*s", (int)strcspn(reply->str, " "), reply->str);
    if (strcmp(holder, session->options.identity) == 0 ||
        sl_identity_is_dead(holder, session->options.identity)) {
        return SL_OK;
    }
    return sl_err_set(err, SL_AGAIN,
                      "pipeline %s is written by another sluice (%s): standing by to take over",
                      session->options.pipeline, holder);
}

static int add_lease(struct sl_session *session, struct sl_buf *out)
{
    char value[SL_IDENTITY_MAX + SL_TOKEN_MAX + 1];
    char ttl[12];
    const char *const args[] = {"SET", text_of(&session->lease_key), value, "PX", ttl};

    (void)snprintf(value, sizeof(value), "%s %s", session->options.identity, session->token);
    (void)snprintf(ttl, sizeof(ttl), "%" PRIu32, session->options.lease_ms);
    return sl_resp_command(out, 5, args);
}

int sl_session_add_lease(struct sl_session *session, struct sl_buf *out)
{
    return add_lease(session, out);
}

static int add_step(struct sl_session *session, const char *name, uint64_t number, bool with_value,
                    struct sl_buf *out)
{
    char field[SL_TOKEN_MAX + 24];
    const char *const args[] = {name, text_of(&session->guard_key), field, "1"};

    (void)snprintf(field, sizeof(field), "%s:%" PRIu64, session->token, number);
    return sl_resp_command(out, with_value ? 4 : 3, args);
}

/* MULTI; the lease; a new guard; EXEC, while the lease is watched: two that come at once cannot
 * both win. */
static int send_take(struct sl_session *session, struct sl_err *err)
{
    static const char *const multi[] = {"MULTI"};
    static const char *const exec[] = {"EXEC"};
    const char *const del[] = {"DEL", text_of(&session->guard_key)};
    struct sl_buf *out = &session->request.out;
    int rc = sl_resp_command(out, 1, multi);

    if (rc == SL_OK) {
        rc = add_lease(session, out);
    }
    if (rc == SL_OK) {
        rc = sl_resp_command(out, 2, del);
    }
    if (rc == SL_OK) {
        rc = add_step(session, "HSET", 0, true, out);
    }
    if (rc == SL_OK) {
        rc = sl_resp_command(out, 1, exec);
    }
    return rc == SL_OK ? sl_request_send(&session->request, err) : rc;
}

static int receive_take(struct sl_session *session, struct sl_err *err)
{
    enum { REPLIES = 5 };

    int status = SL_OK;

    for (int i = 0; i < REPLIES; i++) {
        redisReply *reply = NULL;
        int rc = sl_request_receive(&session->request, &reply, err);

        if (rc != SL_OK) {
            return rc;
        }
        if (status == SL_OK) {
            status = sl_reply_status("cannot take the lease", reply, err);
        }
        if (status == SL_OK && i == REPLIES - 1 && reply->type != REDIS_REPLY_ARRAY) {
            status = sl_err_set(err, SL_AGAIN, "another sluice took the lease of pipeline %s first",
                                session->options.pipeline);
        }
        freeReplyObject(reply);
    }
    return status;
}

static int take_lease(struct sl_session *session, struct sl_err *err)
{
    const char *const watch[] = {"WATCH", text_of(&session->lease_key)};
    const char *const get[] = {"GET", text_of(&session->lease_key)};
    redisReply *reply = NULL;
    int rc = command(session, "cannot watch the lease", 2, watch, err);

    if (rc == SL_OK) {
        rc = call(session, "cannot read the lease", 2, get, &reply, err);
    }
    if (rc != SL_OK) {
        return rc;
    }
    rc = judge_lease(session, reply, err);
    freeReplyObject(reply);
    if (rc != SL_OK) {
        return rc;
    }
    make_token(session);
    rc = send_take(session, err);
    return rc == SL_OK ? receive_take(session, err) : rc;
}

static int read_fields(struct sl_session *session, const redisReply *reply, struct sl_err *err)
{
    size_t count = reply->elements / 2;
    struct sl_field *fields = calloc(count + 1, sizeof(*fields));
    int rc;

    if (fields == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        const redisReply *name = reply->element[2 * i];
        const redisReply *value = reply->element[2 * i + 1];

        fields[i].name = sl_span_make(name->str, (size_t)name->len);
        fields[i].value = sl_span_make(value->str, (size_t)value->len);
    }
    rc = sl_checkpoint_read(fields, count, &session->life, &session->position, err);
    free(fields);
    return rc;
}

/* After the lease: no earlier writer can change the checkpoint any more. */
static int read_checkpoint(struct sl_session *session, struct sl_err *err)
{
    const char *const args[] = {"HGETALL", text_of(&session->checkpoint_key)};
    redisReply *reply = NULL;
    int rc = call(session, "cannot read the checkpoint", 2, args, &reply, err);

    if (rc != SL_OK) {
        return rc;
    }
    sl_position_release(&session->position);
    sl_position_init(&session->position);
    session->has_checkpoint = reply->elements > 0;
    if (session->has_checkpoint) {
        rc = read_fields(session, reply, err);
    }
    freeReplyObject(reply);
    return rc;
}

int sl_session_open(struct sl_session *session, struct sl_err *err)
{
    int rc;

    sl_buf_clear(&session->request.out); /* what an earlier connection did not get to send */
    rc = sl_transport_open(&session->transport, session->options.redis, err);

    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_redis_log_in(&session->request, session->options.redis, err);
    if (rc == SL_OK) {
        rc = inspect(session, err);
    }
    if (rc == SL_OK) {
        rc = take_lease(session, err);
    }
    if (rc == SL_OK) {
        rc = read_checkpoint(session, err);
    }
    if (rc != SL_OK) {
        if (rc != SL_AGAIN) {
            (void)sl_err_prefix(err, "%s", sl_redis_url(session->options.redis));
        }
        sl_transport_close(&session->transport);
        redisReaderFree(session->request.reader);
        session->request.reader = redisReaderCreate();
    }
    return rc;
}

/* Only while it is ours: WATCH, so that a successor's lease is not removed. */
static void release_lease_key(struct sl_session *session)
{
    const char *const del[] = {"DEL", text_of(&session->lease_key)};
    static const char *const multi[] = {"MULTI"};
    static const char *const exec[] = {"EXEC"};
    const char *const watch[] = {"WATCH", text_of(&session->lease_key)};
    const char *const get[] = {"GET", text_of(&session->lease_key)};
    redisReply *reply = NULL;
    bool is_ours;

    if (command(session, "", 2, watch, NULL) != SL_OK ||
        call(session, "", 2, get, &reply, NULL) != SL_OK) {
        return;
    }
    is_ours = reply->type == REDIS_REPLY_STRING && strstr(reply->str, session->token) != NULL;
    freeReplyObject(reply);
    if (is_ours && command(session, "", 1, multi, NULL) == SL_OK &&
        command(session, "", 2, del, NULL) == SL_OK) {
        (void)command(session, "", 1, exec, NULL);
    }
}

void sl_session_close(struct sl_session *session, bool release_lease)
{
    if (session->transport.fd < 0) {
        return;
    }
    if (release_lease) {
        const atomic_bool *stop = session->transport.stop;

        session->transport.stop = NULL; /* a stop is why we are here */
        release_lease_key(session);
        session->transport.stop = stop;
    }
    sl_transport_close(&session->transport);
    redisReaderFree(session->request.reader);
    session->request.reader = redisReaderCreate();
    sl_buf_clear(&session->request.out);
}

int sl_session_add_head(struct sl_session *session, struct sl_buf *out)
{
    static const char *const multi[] = {"MULTI"};
    const char *const watch[] = {"WATCH", text_of(&session->guard_key)};
    int rc = sl_resp_command(out, 2, watch);

    if (rc == SL_OK) {
        rc = add_step(session, "HSETNX", session->groups, true, out);
    }
    return rc == SL_OK ? sl_resp_command(out, 1, multi) : rc;
}

int sl_session_add_tail(struct sl_session *session, struct sl_buf *out)
{
    static const char *const exec[] = {"EXEC"};
    int rc = add_step(session, "HSET", session->groups + 1, true, out);

    if (rc == SL_OK) {
        rc = add_step(session, "HDEL", session->groups, false, out);
    }
    if (rc == SL_OK) {
        rc = sl_resp_command(out, 1, exec);
    }
    if (rc == SL_OK) {
        session->groups++;
    }
    return rc;
}
