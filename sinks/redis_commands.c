#include "sinks/redis_commands.h"

#include "sinks/redis_client.h"

/* An array of one: what is known of the command, or nil. */
static bool is_known(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
           reply->element[0]->type == REDIS_REPLY_ARRAY && reply->element[0]->elements > 0;
}

int sl_redis_must_know_json(const struct sl_redis_options *options, const atomic_bool *stop,
                            struct sl_err *err)
{
    static const char *const args[] = {"COMMAND", "INFO", "JSON.SET"};
    struct sl_redis_client client;
    redisReply *reply = NULL;
    int rc = sl_redis_client_open_until(&client, options, stop, err);

    if (rc != SL_OK) {
        return rc;
    }
    rc =
        sl_redis_client_call(&client, "cannot ask for the commands of Redis", 3, args, &reply, err);
    if (rc == SL_OK && !is_known(reply)) {
        rc = sl_err_set(err, SL_ESINK,
                        "%s does not know JSON.SET, which \"value\": \"rejson\" writes with: use "
                        "Redis 8 or Redis Stack, load the module, or choose \"json\"",
                        sl_redis_url(options));
    }
    freeReplyObject(reply);
    sl_redis_client_close(&client);
    return rc;
}
