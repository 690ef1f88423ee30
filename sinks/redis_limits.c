#include "sinks/redis_limits.h"

#include <stdlib.h>

#include "sinks/redis_client.h"

static size_t take_number(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[1]->str == NULL) {
        return 0;
    }
    return (size_t)strtoull(reply->element[1]->str, NULL, 10);
}

size_t sl_redis_value_limit(const struct sl_redis_options *options, const atomic_bool *stop)
{
    static const char *const args[] = {"CONFIG", "GET", "proto-max-bulk-len"};
    struct sl_redis_client client;
    redisReply *reply = NULL;
    size_t bytes = 0;

    if (sl_redis_client_open_until(&client, options, stop, NULL) != SL_OK) {
        return 0;
    }
    if (sl_redis_client_call(&client, "ask for a limit", 3, args, &reply, NULL) == SL_OK) {
        bytes = take_number(reply);
    }
    freeReplyObject(reply);
    sl_redis_client_close(&client);
    return bytes;
}
