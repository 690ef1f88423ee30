#include "sinks/redis_status.h"

#include <stdio.h>
#include <stdlib.h>

#include "sinks/checkpoint.h"
#include "sinks/redis_client.h"

/* Calls "COMMAND sluice:{PIPELINE}:NAME". */
static int ask(struct sl_redis_client *client, const char *command, const char *pipeline,
               const char *name, redisReply **reply, struct sl_err *err)
{
    const char *args[2] = {command};
    struct sl_buf key = {0};
    char what[64];
    int rc = sl_pipeline_key(pipeline, name, &key);

    args[1] = rc == SL_OK ? sl_buf_cstr(&key) : NULL;
    if (args[1] == NULL) {
        sl_buf_release(&key);
        (void)sl_err_set(err, SL_ENOMEM, "out of memory");
        return SL_ENOMEM;
    }
    (void)snprintf(what, sizeof(what), "cannot read the %s", name);
    rc = sl_redis_client_call(client, what, 2, args, reply, err);
    if (rc == SL_OK && *reply == NULL) {
        (void)sl_err_set(err, SL_EFORMAT, "%s: there is no reply", what);
        rc = SL_EFORMAT;
    }
    sl_buf_release(&key);
    return rc;
}

static int read_heartbeat(struct sl_redis_client *client, const char *pipeline,
                          struct sl_redis_status *status, struct sl_err *err)
{
    redisReply *reply = NULL;
    int rc = ask(client, "GET", pipeline, "heartbeat", &reply, err);

    if (rc != SL_OK) {
        return rc;
    }
    if (reply->type == REDIS_REPLY_STRING) {
        status->has_heartbeat = true;
        rc = sl_heartbeat_read(sl_span_make(reply->str, (size_t)reply->len), &status->heartbeat);
        if (rc != SL_OK) {
            rc = sl_err_set(err, rc, "the heartbeat of pipeline %s is not what sluice writes",
                            pipeline);
        }
    }
    freeReplyObject(reply);
    return rc;
}

static int take_fields(const redisReply *reply, struct sl_position *position, struct sl_err *err)
{
    size_t count = reply->elements / 2;
    struct sl_field *fields = calloc(count, sizeof(*fields));
    int rc;

    if (fields == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < 2 * count; i++) {
        const redisReply *text = reply->element[i];
        struct sl_span span = sl_span_make(text->str, (size_t)text->len);

        if (i % 2 == 0) {
            fields[i / 2].name = span;
        } else {
            fields[i / 2].value = span;
        }
    }
    rc = sl_checkpoint_read_last(fields, count, position, err);
    free(fields);
    return rc;
}

static int read_checkpoint(struct sl_redis_client *client, const char *pipeline,
                           struct sl_redis_status *status, struct sl_err *err)
{
    redisReply *reply = NULL;
    int rc = ask(client, "HGETALL", pipeline, "checkpoint", &reply, err);

    if (rc != SL_OK) {
        return rc;
    }
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2) {
        status->has_checkpoint = true;
        rc = take_fields(reply, &status->position, err);
    }
    freeReplyObject(reply);
    return rc;
}

static int read_lease(struct sl_redis_client *client, const char *pipeline,
                      struct sl_redis_status *status, struct sl_err *err)
{
    redisReply *reply = NULL;
    int rc = ask(client, "GET", pipeline, "lease", &reply, err);

    if (rc != SL_OK) {
        return rc;
    }
    if (reply->type == REDIS_REPLY_STRING) {
        status->has_lease = true;
        (void)snprintf(status->holder, sizeof(status->holder), "%.*s",
                       (int)strcspn(reply->str, " "), reply->str);
    }
    freeReplyObject(reply);
    rc = ask(client, "PTTL", pipeline, "lease", &reply, err);
    if (rc == SL_OK) {
        status->lease_left_ms = reply->integer;
        freeReplyObject(reply);
    }
    return rc;
}

int sl_redis_status_fetch(struct sl_redis_client *client, const char *pipeline,
                          struct sl_redis_status *status, struct sl_err *err)
{
    int rc;

    *status = (struct sl_redis_status){.has_heartbeat = false};
    rc = read_heartbeat(client, pipeline, status, err);
    if (rc == SL_OK) {
        rc = read_checkpoint(client, pipeline, status, err);
    }
    return rc == SL_OK ? read_lease(client, pipeline, status, err) : rc;
}

int sl_redis_status_read(const struct sl_redis_options *options, const char *pipeline,
                         struct sl_redis_status *status, struct sl_err *err)
{
    struct sl_redis_client client;
    int rc;

    *status = (struct sl_redis_status){.has_heartbeat = false};
    rc = sl_redis_client_open(&client, options, err);
    if (rc == SL_OK) {
        rc = sl_redis_status_fetch(&client, pipeline, status, err);
        sl_redis_client_close(&client);
    }
    return rc;
}

void sl_redis_status_release(struct sl_redis_status *status)
{
    sl_position_release(&status->position);
}
