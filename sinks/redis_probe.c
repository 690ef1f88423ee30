#include "sinks/redis_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/checkpoint.h"
#include "sinks/redis_client.h"

enum { SL_TRIAL_WORDS = 6 };

struct probe {
    struct sl_redis_client client;
    struct sl_redis_facts *facts;
};

static void deny(struct sl_redis_facts *facts, const char *command, const char *text)
{
    struct sl_redis_denial *denial;

    for (unsigned i = 0; i < facts->denial_count; i++) {
        if (strcmp(facts->denials[i].command, command) == 0 &&
            strcmp(facts->denials[i].text, text) == 0) {
            return;
        }
    }
    if (facts->denial_count == SL_REDIS_DENIALS) {
        return;
    }
    denial = &facts->denials[facts->denial_count++];
    (void)snprintf(denial->command, sizeof(denial->command), "%s", command);
    (void)snprintf(denial->text, sizeof(denial->text), "%s", text);
}

/* Calls, and notes a refusal. *REPLY, if wanted, is NULL then. Fails when the connection does. */
static int attempt(struct probe *probe, size_t count, const char *const *args, redisReply **reply,
                   struct sl_err *err)
{
    redisReply *got = NULL;
    int rc = sl_request_call(&probe->client.request, count, args, &got, err);

    if (reply != NULL) {
        *reply = NULL;
    }
    if (rc != SL_OK) {
        return rc;
    }
    if (got->type == REDIS_REPLY_ERROR) {
        deny(probe->facts, args[0], got->str);
    } else if (reply != NULL) {
        *reply = got;
        return SL_OK;
    }
    freeReplyObject(got);
    return SL_OK;
}

/* ---- INFO ---- */

static bool is_one(const char *info, const char *name)
{
    char value[8];

    return sl_redis_info(info, name, value, sizeof(value)) && strcmp(value, "1") == 0;
}

static void take_server(const char *info, struct sl_redis_facts *facts)
{
    facts->is_valkey =
        sl_redis_info(info, "valkey_version", facts->version_text, sizeof(facts->version_text));
    if (!facts->is_valkey) {
        (void)sl_redis_info(info, "redis_version", facts->version_text,
                            sizeof(facts->version_text));
    }
    facts->version = sl_redis_version(facts->version_text);
    /* Valkey has both, in the section of the server. */
    if (!sl_redis_info(info, "redis_mode", facts->mode, sizeof(facts->mode))) {
        (void)sl_redis_info(info, "server_mode", facts->mode, sizeof(facts->mode));
    }
    (void)sl_redis_info(info, "role", facts->role, sizeof(facts->role));
}

static void take_memory(const char *info, struct sl_redis_facts *facts)
{
    char number[24];

    (void)sl_redis_info(info, "maxmemory_policy", facts->policy, sizeof(facts->policy));
    if (sl_redis_info(info, "maxmemory", number, sizeof(number))) {
        facts->maxmemory = strtoull(number, NULL, 10);
    }
}

static void take_persistence(const char *info, struct sl_redis_facts *facts)
{
    char value[SL_FACT_TEXT];

    facts->is_loading = is_one(info, "loading");
    facts->aof_is_on = is_one(info, "aof_enabled");
    facts->has_persistence = sl_redis_info(info, "rdb_last_bgsave_status", value, sizeof(value));
    facts->save_failed = facts->has_persistence && strcmp(value, "ok") != 0;
    if (facts->aof_is_on && sl_redis_info(info, "aof_last_write_status", value, sizeof(value))) {
        facts->save_failed = facts->save_failed || strcmp(value, "ok") != 0;
    }
}

static int read_info(struct probe *probe, struct sl_err *err)
{
    static const char *const all[] = {"INFO"};
    static const char *const errors[] = {"INFO", "errorstats"};
    redisReply *reply = NULL;
    int rc = attempt(probe, 1, all, &reply, err);

    if (rc != SL_OK) {
        return rc;
    }
    if (reply != NULL && reply->str != NULL) {
        take_server(reply->str, probe->facts);
        take_memory(reply->str, probe->facts);
        take_persistence(reply->str, probe->facts);
    }
    freeReplyObject(reply);
    rc = attempt(probe, 2, errors, &reply, err);
    if (rc == SL_OK && reply != NULL && reply->str != NULL) {
        probe->facts->has_error_stats = strstr(reply->str, "Errorstats") != NULL;
    }
    freeReplyObject(reply);
    return rc;
}

/* Many may not ask; then it is not known. */
static int read_save(struct probe *probe, struct sl_err *err)
{
    static const char *const args[] = {"CONFIG", "GET", "save"};
    redisReply *reply = NULL;
    int rc = sl_request_call(&probe->client.request, 3, args, &reply, err);

    if (rc != SL_OK) {
        return rc;
    }
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
        reply->element[1]->str != NULL) {
        probe->facts->has_save = true;
        probe->facts->save_is_on = reply->element[1]->len > 0;
    }
    freeReplyObject(reply);
    return SL_OK;
}

static int read_limit(struct probe *probe, struct sl_err *err)
{
    static const char *const args[] = {"CONFIG", "GET", "proto-max-bulk-len"};
    redisReply *reply = NULL;
    int rc = sl_request_call(&probe->client.request, 3, args, &reply, err);

    if (rc != SL_OK) {
        return rc;
    }
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
        reply->element[1]->str != NULL) {
        probe->facts->value_limit = strtoull(reply->element[1]->str, NULL, 10);
    }
    freeReplyObject(reply);
    return SL_OK;
}

/* ---- trials ---- */

/* What a session does to KEY; "KEY" stands for it. */
static const char *const own_trials[][SL_TRIAL_WORDS] = {
    {"GET", "KEY"},
    {"SET", "KEY", "x", "PX", "1"},
    {"HSET", "KEY", "x", "x"},
    {"HSETNX", "KEY", "x", "x"},
    {"HDEL", "KEY", "x"},
    {"HGETALL", "KEY"},
    {"DEL", "KEY"},
};

/* And to rows. */
static const char *const row_trials[][SL_TRIAL_WORDS] = {
    {"HSET", "KEY", "x", "x"},        {"HDEL", "KEY", "x"}, {"SET", "KEY", "x"},
    {"EXPIRE", "KEY", "1"},           {"DEL", "KEY"},       {"UNLINK", "KEY"},
    {"EVAL", "return 1", "1", "KEY"},
};

static int try_words(struct probe *probe, const char *const words[SL_TRIAL_WORDS], const char *key,
                     struct sl_err *err)
{
    const char *args[SL_TRIAL_WORDS];
    size_t count = 0;

    while (count < SL_TRIAL_WORDS && words[count] != NULL) {
        args[count] = strcmp(words[count], "KEY") == 0 ? key : words[count];
        count++;
    }
    return attempt(probe, count, args, NULL, err);
}

static int try_own(struct probe *probe, const char *pipeline, struct sl_err *err)
{
    static const char *const names[] = {"lease", "guard", "checkpoint", "heartbeat"};
    struct sl_buf key = {0};
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < sizeof(names) / sizeof(names[0]); i++) {
        rc = sl_pipeline_key(pipeline, names[i], &key);
        if (rc == SL_OK && sl_buf_cstr(&key) == NULL) {
            rc = SL_ENOMEM;
        }
        for (size_t j = 0; rc == SL_OK && j < sizeof(own_trials) / sizeof(own_trials[0]); j++) {
            rc = try_words(probe, own_trials[j], sl_buf_cstr(&key), err);
        }
    }
    sl_buf_release(&key);
    return rc;
}

/* Of the sorted set of keys that are to be removed once more. */
static int try_removals(struct probe *probe, const char *pipeline, struct sl_err *err)
{
    static const char *const trials[][SL_TRIAL_WORDS] = {
        {"ZADD", "KEY", "1", "x"},
        {"ZRANGEBYSCORE", "KEY", "-inf", "0"},
        {"ZREMRANGEBYSCORE", "KEY", "-inf", "0"},
    };
    struct sl_buf key = {0};
    int rc = sl_pipeline_key(pipeline, "redelete", &key);
    const char *name = rc == SL_OK ? sl_buf_cstr(&key) : NULL;

    rc = name != NULL ? SL_OK : SL_ENOMEM;
    for (size_t i = 0; rc == SL_OK && i < sizeof(trials) / sizeof(trials[0]); i++) {
        rc = try_words(probe, trials[i], name, err);
    }
    sl_buf_release(&key);
    return rc;
}

/* Queued and thrown away. */
static int try_writes(struct probe *probe, const char *pipeline, const char *const *keys,
                      size_t count, bool removes_again, struct sl_err *err)
{
    static const char *const multi[] = {"MULTI"};
    static const char *const discard[] = {"DISCARD"};
    redisReply *reply = NULL;
    int rc = attempt(probe, 1, multi, &reply, err);

    if (rc != SL_OK || reply == NULL) {
        return rc; /* without MULTI the trials would be done */
    }
    freeReplyObject(reply);
    rc = try_own(probe, pipeline, err);
    rc = rc == SL_OK && removes_again ? try_removals(probe, pipeline, err) : rc;
    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        for (size_t j = 0; rc == SL_OK && j < sizeof(row_trials) / sizeof(row_trials[0]); j++) {
            rc = try_words(probe, row_trials[j], keys[i], err);
        }
    }
    return rc == SL_OK ? attempt(probe, 1, discard, NULL, err) : rc;
}

static int try_rest(struct probe *probe, const char *pipeline, struct sl_err *err)
{
    static const char *const unwatch[] = {"UNWATCH"};
    static const char *const multi[] = {"MULTI"};
    static const char *const exec[] = {"EXEC"};
    static const char *const scan[] = {"SCAN", "0", "COUNT", "1"};
    struct sl_buf key = {0};
    const char *watch[] = {"WATCH", NULL};
    const char *hscan[] = {"HSCAN", NULL, "0"};
    struct sl_buf rereads = {0};
    int rc = sl_pipeline_key(pipeline, "guard", &key);

    watch[1] = rc == SL_OK ? sl_buf_cstr(&key) : NULL;
    rc = watch[1] != NULL ? attempt(probe, 2, watch, NULL, err) : SL_ENOMEM;
    rc = rc == SL_OK ? attempt(probe, 1, unwatch, NULL, err) : rc;
    rc = rc == SL_OK ? attempt(probe, 4, scan, NULL, err) : rc;
    rc = rc == SL_OK ? sl_pipeline_key(pipeline, "rereads", &rereads) : rc;
    hscan[1] = rc == SL_OK ? sl_buf_cstr(&rereads) : NULL;
    rc = hscan[1] != NULL ? attempt(probe, 3, hscan, NULL, err) : rc;
    sl_buf_release(&rereads);
    rc = rc == SL_OK ? attempt(probe, 1, multi, NULL, err) : rc;
    rc = rc == SL_OK ? attempt(probe, 1, exec, NULL, err) : rc;
    sl_buf_release(&key);
    return rc;
}

/* A replica and a Sentinel refuse every write for a reason that is said elsewhere. */
static bool takes_writes(const struct sl_redis_facts *facts)
{
    return strcmp(facts->mode, "sentinel") != 0 && strcmp(facts->mode, "cluster") != 0 &&
           (facts->role[0] == '\0' || strcmp(facts->role, "master") == 0);
}

static void read_status(struct probe *probe, const char *pipeline)
{
    struct sl_err why = {0};

    if (sl_redis_status_fetch(&probe->client, pipeline, &probe->facts->status, &why) != SL_OK) {
        (void)snprintf(probe->facts->status_error, sizeof(probe->facts->status_error), "%s",
                       why.text);
    }
}

int sl_redis_probe(const struct sl_redis_options *options, const char *pipeline,
                   const char *const *keys, size_t count, bool removes_again,
                   struct sl_redis_facts *facts, struct sl_err *err)
{
    struct probe probe = {.facts = facts};
    int rc;

    *facts = (struct sl_redis_facts){.user = options->user, .pipeline = pipeline};
    rc = sl_redis_client_open(&probe.client, options, err);
    if (rc != SL_OK) {
        return rc;
    }
    rc = read_info(&probe, err);
    rc = rc == SL_OK ? read_save(&probe, err) : rc;
    rc = rc == SL_OK ? read_limit(&probe, err) : rc;
    if (rc == SL_OK && takes_writes(facts)) {
        rc = try_writes(&probe, pipeline, keys, count, removes_again, err);
        rc = rc == SL_OK ? try_rest(&probe, pipeline, err) : rc;
    }
    if (rc == SL_OK && strcmp(facts->mode, "sentinel") != 0) {
        read_status(&probe, pipeline);
    }
    sl_redis_client_close(&probe.client);
    return rc == SL_ENOMEM ? sl_err_set(err, rc, "out of memory") : rc;
}
