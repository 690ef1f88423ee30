#include "sinks/redis_row.h"

#include "sinks/redis_client.h"

static struct sl_span span_of(const redisReply *reply)
{
    return sl_span_make(reply->str, (size_t)reply->len);
}

static int each_field(const redisReply *reply, sl_redis_field_fn each, void *user)
{
    int rc = reply->elements > 0 ? SL_OK : SL_DONE;

    for (size_t i = 0; rc == SL_OK && i + 1 < reply->elements; i += 2) {
        rc = each(user, span_of(reply->element[i]), span_of(reply->element[i + 1]));
    }
    return rc;
}

int sl_redis_row_read(const struct sl_redis_options *options, const char *key,
                      enum sl_row_kind kind, sl_redis_field_fn each, void *user, struct sl_err *err)
{
    static const char *const commands[] = {
        [SL_ROW_HASH] = "HGETALL", [SL_ROW_STRING] = "GET", [SL_ROW_DOCUMENT] = "JSON.GET"};
    const char *const args[] = {commands[kind], key};
    struct sl_redis_client client;
    redisReply *reply = NULL;
    int rc = sl_redis_client_open(&client, options, err);

    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_redis_client_call(&client, "cannot read the row", 2, args, &reply, err);
    if (rc == SL_OK && kind != SL_ROW_HASH) {
        rc = reply->type == REDIS_REPLY_STRING ? each(user, sl_span_make("", 0), span_of(reply))
                                               : SL_DONE;
    } else if (rc == SL_OK) {
        rc = each_field(reply, each, user);
    }
    freeReplyObject(reply);
    sl_redis_client_close(&client);
    return rc;
}
