#include "sinks/redis_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SL_LINE_TEXT = 1024,
    SL_REDIS_MIN = 60200,
    SL_VALKEY_MIN = 70200,
    SL_VALUE_LIMIT = 512 * 1024 * 1024,
};

struct judge {
    const struct sl_redis_facts *facts;
    sl_check_fn each;
    void *user;
};

static void say(const struct judge *judge, enum sl_check_level level, const char *topic,
                const char *fix, const char *format, ...) __attribute__((format(printf, 5, 6)));

static void say(const struct judge *judge, enum sl_check_level level, const char *topic,
                const char *fix, const char *format, ...)
{
    char text[SL_LINE_TEXT];
    struct sl_check_line line = {.level = level, .topic = topic, .text = text, .fix = fix};
    va_list args;

    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang 14 loses va_start */
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    judge->each(judge->user, &line);
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

uint32_t sl_redis_version(const char *text)
{
    uint32_t version = 0;

    for (int part = 0; part < 3; part++) {
        char *end = NULL;
        unsigned long number = strtoul(text, &end, 10);

        if (end == text || number > 99) {
            return 0;
        }
        version = version * 100 + (uint32_t)number;
        if (part < 2 && *end != '.') {
            return 0;
        }
        text = end + 1;
    }
    return version;
}

static void judge_version(const struct judge *judge)
{
    const struct sl_redis_facts *facts = judge->facts;
    const char *name = facts->is_valkey ? "Valkey" : "Redis";

    if (facts->version == 0) {
        say(judge, SL_CHECK_WARN, "redis_version", "",
            "the server does not say which version it is");
    } else if (facts->version < (uint32_t)(facts->is_valkey ? SL_VALKEY_MIN : SL_REDIS_MIN)) {
        say(judge, SL_CHECK_FAIL, "redis_version", "upgrade to Redis 6.2 or Valkey 7.2 or newer",
            "the server is %s %s, which is too old", name, facts->version_text);
    } else {
        say(judge, SL_CHECK_OK, "redis_version", "", "the server is %s %s", name,
            facts->version_text);
    }
}

static void judge_role(const struct judge *judge)
{
    const struct sl_redis_facts *facts = judge->facts;

    if (is(facts->mode, "cluster")) {
        say(judge, SL_CHECK_FAIL, "redis_mode", "point the sink's url at a standalone Redis",
            "this is a Redis Cluster, which this version cannot write to");
    } else if (is(facts->mode, "sentinel")) {
        say(judge, SL_CHECK_FAIL, "redis_mode", "point the sink's url at the master it watches",
            "this is a Sentinel, which holds no data");
    }
    if (facts->role[0] == '\0' || is(facts->mode, "sentinel")) {
        return;
    }
    if (is(facts->role, "master")) {
        say(judge, SL_CHECK_OK, "redis_role", "", "the server is a master: it can be written to");
    } else {
        say(judge, SL_CHECK_FAIL, "redis_role", "point the sink's url at the master",
            "the server is a replica, which cannot be written to");
    }
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* volatile-*: the lease and the heartbeat have a time to live, and so have rows with ttl. */
static void judge_memory(const struct judge *judge)
{
    const struct sl_redis_facts *facts = judge->facts;
    const char *when = facts->maxmemory > 0 ? "" : " once maxmemory is set";

    if (facts->policy[0] == '\0') {
        say(judge, SL_CHECK_WARN, "maxmemory-policy", "",
            "maxmemory-policy is not known: one that evicts loses rows");
    } else if (is(facts->policy, "noeviction")) {
        say(judge, SL_CHECK_OK, "maxmemory-policy", "",
            "maxmemory-policy is noeviction: full, Redis makes sluice wait");
    } else if (begins(facts->policy, "volatile-")) {
        say(judge, SL_CHECK_WARN, "maxmemory-policy", "CONFIG SET maxmemory-policy noeviction",
            "maxmemory-policy is %s: it can evict rows that have a ttl, the lease and the "
            "heartbeat%s",
            facts->policy, when);
    } else {
        say(judge, SL_CHECK_WARN, "maxmemory-policy", "CONFIG SET maxmemory-policy noeviction",
            "maxmemory-policy is %s: it can evict rows and the checkpoint%s", facts->policy, when);
    }
}

static void judge_persistence(const struct judge *judge)
{
    const struct sl_redis_facts *facts = judge->facts;

    if (facts->is_loading) {
        say(judge, SL_CHECK_WARN, "redis_loading", "", "the server is loading its data: wait");
    }
    if (!facts->has_persistence) {
        return;
    }
    if (facts->save_failed) {
        say(judge, SL_CHECK_WARN, "redis_persistence", "see the server's log",
            "the last attempt to save to disk failed; with stop-writes-on-bgsave-error the server "
            "takes "
            "no writes until one succeeds");
    } else if (facts->aof_is_on) {
        say(judge, SL_CHECK_OK, "redis_persistence", "",
            "the append-only file is on: a restart loses little, and that is read again");
    } else if (facts->has_save && !facts->save_is_on) {
        say(judge, SL_CHECK_WARN, "redis_persistence", "CONFIG SET appendonly yes",
            "nothing is kept on disk: after a restart of Redis the pipeline begins anew");
    } else {
        say(judge, SL_CHECK_OK, "redis_persistence", "",
            "the append-only file is off: after a restart the changes since the last save are read "
            "again");
    }
}

/* Rows seldom come near the default; who lowers it should know. */
static void judge_limit(const struct judge *judge)
{
    uint64_t limit = judge->facts->value_limit;

    if (limit > 0 && limit < SL_VALUE_LIMIT) {
        say(judge, SL_CHECK_WARN, "proto-max-bulk-len",
            "CONFIG SET proto-max-bulk-len 512mb, or leave long columns out by \"except\"",
            "proto-max-bulk-len is %llu: a row with a longer value cannot be written",
            (unsigned long long)limit);
    }
}

static void judge_error_stats(const struct judge *judge)
{
    if (judge->facts->has_error_stats) {
        say(judge, SL_CHECK_OK, "redis_errorstats", "", "INFO errorstats can be read");
    } else {
        say(judge, SL_CHECK_WARN, "redis_errorstats", "",
            "INFO errorstats cannot be read: after a crash sluice goes back to the last position "
            "that "
            "is known to be without errors");
    }
}

/* The server says whether it is the command or the key that the user may not use (src/acl.c of
 * Redis). */
static const char *denial_fix(const struct sl_redis_facts *facts,
                              const struct sl_redis_denial *denial, char out[SL_LINE_TEXT])
{
    const char *user = facts->user != NULL ? facts->user : "default";

    if (!begins(denial->text, "NOPERM")) {
        return "";
    }
    if (strstr(denial->text, " key") != NULL) {
        (void)snprintf(out, SL_LINE_TEXT,
                       "ACL SETUSER %s ~sluice:{%s}:* and a ~PATTERN for the keys of each table",
                       user, facts->pipeline);
    } else {
        (void)snprintf(out, SL_LINE_TEXT, "ACL SETUSER %s +%s", user, denial->command);
    }
    return out;
}

static void judge_denials(const struct judge *judge)
{
    const struct sl_redis_facts *facts = judge->facts;
    char fix[SL_LINE_TEXT];

    for (unsigned i = 0; i < facts->denial_count; i++) {
        const struct sl_redis_denial *denial = &facts->denials[i];

        say(judge, SL_CHECK_FAIL, "redis_acl", denial_fix(facts, denial, fix), "%s is refused: %s",
            denial->command, denial->text);
    }
    if (facts->denial_count == 0 && is(facts->role, "master")) {
        say(judge, SL_CHECK_OK, "redis_acl", "", "every command that is needed may be run");
    }
}

static void judge_checkpoint(const struct judge *judge)
{
    const struct sl_redis_status *status = &judge->facts->status;
    struct sl_buf text = {0};
    const char *string;

    if (judge->facts->status_error[0] != '\0') {
        say(judge, SL_CHECK_FAIL, "checkpoint", "", "%s", judge->facts->status_error);
        return;
    }
    if (!status->has_checkpoint) {
        say(judge, SL_CHECK_OK, "checkpoint", "",
            "there is no checkpoint yet: \"start\" says where the pipeline begins");
        return;
    }
    string = sl_position_format(&status->position, &text) == SL_OK ? sl_buf_cstr(&text) : NULL;
    say(judge, SL_CHECK_OK, "checkpoint", "", "the checkpoint is %s",
        string != NULL ? string : "?");
    sl_buf_release(&text);
}

static void judge_lease(const struct judge *judge)
{
    const struct sl_redis_status *status = &judge->facts->status;

    if (judge->facts->status_error[0] != '\0') {
        return;
    }
    if (status->has_lease && status->lease_left_ms < 0) {
        say(judge, SL_CHECK_FAIL, "lease", "DEL the key sluice:{PIPELINE}:lease",
            "the lease never runs out, which no sluice wrote: nobody can take over");
    } else if (status->has_lease) {
        say(judge, SL_CHECK_OK, "lease", "", "%s writes: another sluice would stand by",
            status->holder);
    } else {
        say(judge, SL_CHECK_OK, "lease", "", "nobody writes this pipeline now");
    }
}

void sl_redis_check(const struct sl_redis_facts *facts, sl_check_fn each, void *user)
{
    const struct judge judge = {.facts = facts, .each = each, .user = user};

    judge_version(&judge);
    judge_role(&judge);
    judge_memory(&judge);
    judge_persistence(&judge);
    judge_limit(&judge);
    judge_error_stats(&judge);
    judge_denials(&judge);
    judge_checkpoint(&judge);
    judge_lease(&judge);
}
