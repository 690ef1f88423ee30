/*
 * redis_check.h - judges what a Redis says about itself: each fact is ok, worth a warning or in the
 * way, with a sentence and the command that mends it. Pure: redis_probe.h finds the facts.
 */
#ifndef SLUICE_SINKS_REDIS_CHECK_H
#define SLUICE_SINKS_REDIS_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/preflight.h"
#include "sinks/redis_status.h"

enum { SL_REDIS_DENIALS = 24 };

/* A command that was refused when it was tried. */
struct sl_redis_denial {
    char command[24];
    char text[160]; /* what the server answered */
};

/* Texts are "" where the server does not say. */
struct sl_redis_facts {
    bool is_valkey;
    uint32_t version; /* 70015 is 7.0.15; of Valkey its own */
    char version_text[SL_FACT_TEXT];
    char mode[SL_FACT_TEXT];   /* "standalone", "cluster", "sentinel" */
    char role[SL_FACT_TEXT];   /* "master", "slave" */
    char policy[SL_FACT_TEXT]; /* maxmemory-policy */
    uint64_t maxmemory;        /* bytes; 0: no limit */
    bool is_loading;
    bool has_persistence; /* whether the two below are known */
    bool aof_is_on;
    bool save_failed; /* the last attempt to save to disk */
    bool has_save;    /* CONFIG GET may be asked, and says: */
    bool save_is_on;
    uint64_t value_limit; /* proto-max-bulk-len; 0: not known */
    bool has_error_stats; /* INFO errorstats */
    struct sl_redis_denial denials[SL_REDIS_DENIALS];
    unsigned denial_count;
    const char *user; /* for the command that mends; NULL: the default one */
    const char *pipeline;
    struct sl_redis_status status; /* of the pipeline's keys */
    char status_error[768];        /* why it could not be read */
};

/* "7.0.15" to 70015; 0 when TEXT is no version. */
uint32_t sl_redis_version(const char *text);

void sl_redis_check(const struct sl_redis_facts *facts, sl_check_fn each, void *user);

#endif
