#include "sinks/redis_client.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Calls and turns an error reply into its status. */
static int call(struct sl_request *request, const char *what, size_t count, const char *const *args,
                redisReply **reply, struct sl_err *err)
{
    redisReply *got = NULL;
    int rc = sl_request_call(request, count, args, &got, err);

    if (rc == SL_OK) {
        rc = sl_reply_status(what, got, err);
    }
    if (rc != SL_OK || reply == NULL) {
        freeReplyObject(got); /* NULL is fine */
        return rc;
    }
    *reply = got;
    return SL_OK;
}

int sl_redis_log_in(struct sl_request *request, const struct sl_redis_options *options,
                    struct sl_err *err)
{
    char number[12];
    int rc = SL_OK;

    if (options->password != NULL && options->user != NULL) {
        const char *const args[] = {"AUTH", options->user, options->password};

        rc = call(request, "cannot log in", 3, args, NULL, err);
    } else if (options->password != NULL) {
        const char *const args[] = {"AUTH", options->password};

        rc = call(request, "cannot log in", 2, args, NULL, err);
    }
    if (rc == SL_OK && options->db != 0) {
        const char *const args[] = {"SELECT", number};

        (void)snprintf(number, sizeof(number), "%" PRIu32, options->db);
        rc = call(request, "cannot select the database", 2, args, NULL, err);
    }
    return rc;
}

int sl_redis_client_open(struct sl_redis_client *client, const struct sl_redis_options *options,
                         struct sl_err *err)
{
    return sl_redis_client_open_until(client, options, NULL, err);
}

int sl_redis_client_open_until(struct sl_redis_client *client,
                               const struct sl_redis_options *options, const atomic_bool *stop,
                               struct sl_err *err)
{
    int rc;

    *client = (struct sl_redis_client){.transport = {.fd = -1, .stop = stop}};
    rc = sl_request_init(&client->request, &client->transport, (int)options->connect_timeout_ms);
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "out of memory");
    }
    rc = sl_transport_open(&client->transport, options, err);
    if (rc == SL_OK) {
        rc = sl_redis_log_in(&client->request, options, err);
        if (rc != SL_OK) {
            (void)sl_err_prefix(err, "%s", sl_redis_url(options));
        }
    }
    if (rc != SL_OK) {
        sl_redis_client_close(client);
    }
    return rc;
}

void sl_redis_client_close(struct sl_redis_client *client)
{
    sl_transport_close(&client->transport);
    sl_request_release(&client->request);
}

int sl_redis_client_call(struct sl_redis_client *client, const char *what, size_t count,
                         const char *const *args, redisReply **reply, struct sl_err *err)
{
    return call(&client->request, what, count, args, reply, err);
}

bool sl_redis_info(const char *info, const char *name, char *out, size_t size)
{
    size_t len = strlen(name);

    while (*info != '\0') {
        size_t line = strcspn(info, "\r\n");

        if (line > len && info[len] == ':' && strncmp(info, name, len) == 0) {
            (void)snprintf(out, size, "%.*s", (int)(line - len - 1), info + len + 1);
            return true;
        }
        info += line;
        info += strspn(info, "\r\n");
    }
    return false;
}
