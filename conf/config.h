/*
 * config.h - the configuration file, read, checked and turned into the options that modules take.
 *
 * The file is JSON with comments. All that is wrong with it is reported at once, each sentence
 * beginning with the key's path ("tables[2].ttl: expected seconds ≥ 1, got "1d"") or, where it is
 * no JSON, with FILE:LINE:COLUMN. No sentence ever holds a secret.
 */
#ifndef SLUICE_CONF_CONFIG_H
#define SLUICE_CONF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cdc/base/log.h"
#include "cdc/base/span.h"
#include "cdc/options.h"
#include "cdc/pipeline_options.h"
#include "conf/err_list.h"
#include "filters/options.h"
#include "sinks/options.h"

enum {
    SL_CONFIG_MAX_BYTES = 4 * 1024 * 1024,
    SL_CONFIG_MAX_DEPTH = 16,
    SL_CONFIG_SECRET_MAX_BYTES = 4096,
};

/* What a caller can do without, to be joined with |. */
enum sl_config_flag {
    SL_CONFIG_SINKS_OPTIONAL = 1, /* `sinks` may be absent: for commands that need no Redis */
    SL_CONFIG_OFFLINE = 2,        /* no other file is opened, password_file for one: for tests */
};

struct sl_config_log {
    enum sl_log_level level;
    enum sl_log_format format;
    uint32_t levels[SL_LOG_MODULES]; /* one more than the level; 0: as `level` */
};

/* Where the daemon shows its pages. */
struct sl_config_http {
    const char *host; /* NULL: nowhere */
    uint16_t port;
    uint32_t max_lag_s; /* a sink that is further behind is not fresh */
};

struct sl_config_block;

/* All strings and arrays are the config's own and live as long as it does. */
struct sl_config {
    struct sl_pipeline_options pipeline;
    struct sl_source_options source; /* server_id: the first sink's, see sl_config_server_id() */
    bool is_server_id_derived;
    struct sl_redis_options *sinks;
    size_t sink_count; /* 0 only with SL_CONFIG_SINKS_OPTIONAL */
    struct sl_table_rule *tables;
    size_t table_count; /* 1 and up */
    struct sl_config_log log;
    struct sl_config_http http;
    struct sl_err_list warnings;    /* what works but is unwise; to be logged once */
    struct sl_config_block *memory; /* the loader's */
};

/*
 * Reads and checks the file PATH. On success *OUT is a config to be freed with sl_config_free();
 * warnings, if any, are in it. On failure *OUT is untouched and ERRORS has grown by at least one
 * sentence: SL_EINVAL, SL_EIO (the file cannot be read), SL_ENOMEM.
 */
int sl_config_load(const char *path, struct sl_config **out,
                   struct sl_err_list *errors) SL_MUSTCHECK;

/* The same, FLAGS being enum sl_config_flag. */
int sl_config_load_with(const char *path, unsigned flags, struct sl_config **out,
                        struct sl_err_list *errors) SL_MUSTCHECK;

/* The same for TEXT in memory; NAME stands for the file in sentences. */
int sl_config_parse(const char *name, struct sl_span text, unsigned flags, struct sl_config **out,
                    struct sl_err_list *errors) SL_MUSTCHECK;

/* Overwrites every string that the config held, secrets among them, and frees it. NULL is fine. */
void sl_config_free(struct sl_config *config);

/*
 * The server id for the pipeline of sink number SINK, as each has a replica connection of its own:
 * the configured one plus SINK or, where it is derived, a hash of host, pipeline and sink names.
 */
uint32_t sl_config_server_id(const struct sl_config *config, size_t sink);

/* The derived id, 1001 and up: HOST is this machine's name. */
uint32_t sl_config_derive_server_id(const char *host, const char *pipeline, const char *sink);

/* Prints the table of keys, tab-separated: path, type, unit, range, default, choices, help and
   example. docs/configuration.md is made of it. */
void sl_config_describe(FILE *out);

/* Prints the JSON Schema of the file (conf/sluice.schema.json is this text). */
void sl_config_write_schema(FILE *out);

#endif
