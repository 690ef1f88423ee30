/*
 * redis_lock.c - the value is "IDENTITY MILLISECONDS", milliseconds since 1970 when it was taken.
 * It is renewed and released under WATCH, so that nobody's but the own is.
 */
#include "sinks/redis_lock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cdc/base/clock.h"
#include "sinks/checkpoint.h"
#include "sinks/identity.h"
#include "sinks/redis_client.h"

#define SL_LOCK_PURPOSE "cannot take the lock"

enum {
    SL_LOCK_MS = 30000,
    SL_LOCK_RENEW_MS = 5000,
    SL_LOCK_VALUE_MAX = SL_IDENTITY_MAX + 32,
};

struct sl_redis_lock {
    const struct sl_redis_options *options;
    const atomic_bool *stop;
    struct sl_redis_client client;
    struct sl_buf key_text;
    const char *key;
    char value[SL_LOCK_VALUE_MAX];
    uint64_t renewed_ms;
};

static void free_lock(struct sl_redis_lock *lock)
{
    sl_redis_client_close(&lock->client);
    sl_buf_release(&lock->key_text);
    free(lock);
}

static int call(struct sl_redis_lock *lock, size_t count, const char *const *args,
                redisReply **reply, struct sl_err *err)
{
    int rc = sl_redis_client_call(&lock->client, SL_LOCK_PURPOSE, count, args, reply, err);

    if (rc != SL_OK) {
        (void)sl_err_prefix(err, "%s", sl_redis_url(lock->options));
    }
    return rc;
}

/* ---- who has it ---- */

static void format_time(const char *text, char *out, size_t size)
{
    time_t seconds = (time_t)(strtoull(text, NULL, 10) / 1000);
    struct tm parts;

    (void)snprintf(out, size, "some time");
    if (gmtime_r(&seconds, &parts) != NULL) {
        (void)strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
}

/* A holder that died on this machine does not count. */
static int judge_holder(struct sl_redis_lock *lock, const char *value, struct sl_err *err)
{
    size_t len = strcspn(value, " ");
    char holder[SL_IDENTITY_MAX];
    char mine[SL_IDENTITY_MAX];
    char since[32];

    sl_identity_make(mine, sizeof(mine));
    (void)snprintf(holder, sizeof(holder), "%.*s", (int)len, value);
    if (sl_identity_is_dead(holder, mine)) {
        return SL_OK;
    }
    format_time(value[len] != '\0' ? value + len + 1 : "0", since, sizeof(since));
    (void)sl_err_set(err, SL_EFENCED,
                     "%s: another one is running: %s holds %s since %s; wait for its end",
                     sl_redis_url(lock->options), holder, lock->key, since);
    return SL_AGAIN;
}

/* The value of the key, "" when there is none, and WATCH on it. */
static int watch(struct sl_redis_lock *lock, char *value, size_t size, struct sl_err *err)
{
    const char *const watch_args[] = {"WATCH", lock->key};
    const char *const get_args[] = {"GET", lock->key};
    redisReply *reply = NULL;
    int rc = call(lock, 2, watch_args, NULL, err);

    rc = rc == SL_OK ? call(lock, 2, get_args, &reply, err) : rc;
    if (rc == SL_OK) {
        (void)snprintf(value, size, "%s", reply->type == REDIS_REPLY_STRING ? reply->str : "");
        freeReplyObject(reply);
    }
    return rc;
}

/* MULTI, the command, EXEC. SL_AGAIN: the watched key has changed. */
static int exec(struct sl_redis_lock *lock, size_t count, const char *const *args,
                struct sl_err *err)
{
    static const char *const multi[] = {"MULTI"};
    static const char *const end[] = {"EXEC"};
    redisReply *reply = NULL;
    int rc = call(lock, 1, multi, NULL, err);

    rc = rc == SL_OK ? call(lock, count, args, NULL, err) : rc;
    rc = rc == SL_OK ? call(lock, 1, end, &reply, err) : rc;
    if (rc == SL_OK) {
        rc = reply->type == REDIS_REPLY_ARRAY ? SL_OK : SL_AGAIN;
        freeReplyObject(reply);
    }
    return rc;
}

static int set(struct sl_redis_lock *lock, struct sl_err *err)
{
    char ttl[12];
    const char *const args[] = {"SET", lock->key, lock->value, "PX", ttl};

    (void)snprintf(ttl, sizeof(ttl), "%d", SL_LOCK_MS);
    lock->renewed_ms = sl_clock_mono_ms(sl_clock_real());
    return exec(lock, 5, args, err);
}

static int take(struct sl_redis_lock *lock, struct sl_err *err)
{
    char value[SL_LOCK_VALUE_MAX];
    int rc;

    do {
        rc = watch(lock, value, sizeof(value), err);
        if (rc == SL_OK && value[0] != '\0') {
            rc = judge_holder(lock, value, err);
            if (rc == SL_AGAIN) {
                return rc;
            }
        }
        rc = rc == SL_OK ? set(lock, err) : rc;
    } while (rc == SL_AGAIN);
    return rc;
}

static int begin(struct sl_redis_lock *lock, const char *pipeline, const char *name,
                 struct sl_err *err)
{
    char mine[SL_IDENTITY_MAX];

    sl_identity_make(mine, sizeof(mine));
    (void)snprintf(lock->value, sizeof(lock->value), "%s %" PRIu64, mine,
                   sl_clock_wall_ms(sl_clock_real()));
    if (sl_pipeline_key(pipeline, name, &lock->key_text) == SL_OK) {
        lock->key = sl_buf_cstr(&lock->key_text);
    }
    if (lock->key == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    return sl_redis_client_open_until(&lock->client, lock->options, lock->stop, err);
}

int sl_redis_lock_take(const struct sl_redis_options *options, const char *pipeline,
                       const char *name, const atomic_bool *stop, struct sl_redis_lock **lock,
                       struct sl_err *err)
{
    struct sl_redis_lock *made = calloc(1, sizeof(*made));
    int rc;

    if (made == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    made->options = options;
    made->stop = stop;
    made->client.transport.fd = -1;
    rc = begin(made, pipeline, name, err);
    rc = rc == SL_OK ? take(made, err) : rc;
    if (rc != SL_OK) {
        free_lock(made);
        return rc;
    }
    *lock = made;
    return SL_OK;
}

/* A lock that ran out while this process waited for something is taken again if nobody else has. */
static int renew(struct sl_redis_lock *lock, struct sl_err *err)
{
    char value[SL_LOCK_VALUE_MAX];
    int rc = watch(lock, value, sizeof(value), err);

    if (rc == SL_OK) {
        rc = value[0] == '\0' || strcmp(value, lock->value) == 0 ? set(lock, err) : SL_AGAIN;
    }
    return rc == SL_AGAIN ? sl_err_set(err, SL_EFENCED, "%s: %s was lost to somebody else",
                                       sl_redis_url(lock->options), lock->key)
                          : rc;
}

static int connect_again(struct sl_redis_lock *lock, struct sl_err *err)
{
    sl_redis_client_close(&lock->client);
    return sl_redis_client_open_until(&lock->client, lock->options, lock->stop, err);
}

int sl_redis_lock_renew(struct sl_redis_lock *lock, struct sl_err *err)
{
    int rc;

    if (sl_clock_mono_ms(sl_clock_real()) - lock->renewed_ms < SL_LOCK_RENEW_MS) {
        return SL_OK;
    }
    rc = renew(lock, err);
    if (rc == SL_EIO) {
        rc = connect_again(lock, err);
        rc = rc == SL_OK ? renew(lock, err) : rc;
    }
    return rc;
}

void sl_redis_lock_release(struct sl_redis_lock *lock)
{
    const char *const args[] = {"DEL", lock != NULL ? lock->key : ""};
    char value[SL_LOCK_VALUE_MAX];

    if (lock == NULL) {
        return;
    }
    lock->client.transport.stop = NULL; /* a stop is when it is released, mostly */
    if (watch(lock, value, sizeof(value), NULL) == SL_OK && strcmp(value, lock->value) == 0) {
        (void)!exec(lock, 2, args, NULL);
    }
    free_lock(lock);
}
