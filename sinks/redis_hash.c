#include "sinks/redis_hash.h"

#include "sinks/checkpoint.h"
#include "sinks/redis_client.h"

static struct sl_span span_of(const redisReply *reply)
{
    return sl_span_make(reply->str, (size_t)reply->len);
}

int sl_redis_hash_read(struct sl_redis_client *client, const struct sl_redis_hash *hash,
                       sl_load_field_fn each, void *user, struct sl_err *err)
{
    const char *args[2] = {"HGETALL"};
    struct sl_buf key = {0};
    redisReply *reply = NULL;
    int rc = sl_pipeline_key(hash->pipeline, hash->name, &key);

    args[1] = rc == SL_OK ? sl_buf_cstr(&key) : NULL;
    rc = args[1] != NULL ? sl_redis_client_call(client, hash->what, 2, args, &reply, err)
                         : sl_err_set(err, SL_ENOMEM, "out of memory");
    for (size_t i = 0; rc == SL_OK && reply != NULL && i + 1 < reply->elements; i += 2) {
        rc = each(user, span_of(reply->element[i]), span_of(reply->element[i + 1]));
    }
    freeReplyObject(reply); /* NULL is fine */
    sl_buf_release(&key);
    return rc;
}
