/*
 * check.c - looks at everything that a pipeline needs and says what is wrong and what mends it.
 * Nothing is written anywhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/client/binlog.h"
#include "cdc/client/probe.h"
#include "cmd/check_dictionaries.h"
#include "cmd/check_index.h"
#include "cmd/check_print.h"
#include "cmd/check_tables.h"
#include "cmd/command.h"
#include "cmd/runner.h"
#include "filters/facet.h"
#include "filters/key_words.h"
#include "filters/rule.h"
#include "sinks/redis_commands.h"
#include "sinks/redis_probe.h"
#include "sinks/transport.h"

enum { SL_CHECK_FAILED = 1 };

/* ---- the source ---- */

static int look_at_source(const struct sl_config *config, struct sl_probe *probe,
                          struct sl_check_print *print, struct sl_err *err)
{
    struct sl_source_facts facts;
    int rc = sl_probe_source(probe, &facts, err);

    if (rc != SL_OK) {
        return rc;
    }
    facts.needs_old_values = sl_check_needs_old_values(config);
    sl_preflight_source(&facts, sl_check_print_line, print);
    return sl_check_tables(config, probe, &facts, print, err);
}

/* False when the source cannot be asked anything more. */
static bool check_source(const struct sl_config *config, struct sl_check_print *print)
{
    struct sl_probe *probe = NULL;
    struct sl_err err = {0};
    int rc = sl_probe_open(&config->source, &probe, &err);

    if (rc == SL_OK) {
        sl_check_print_say(print, SL_CHECK_OK, "source", "", "%s:%u can be reached",
                           config->source.host, (unsigned)config->source.port);
        rc = look_at_source(config, probe, print, &err);
        sl_probe_free(probe);
    }
    if (rc != SL_OK) {
        sl_check_print_say(print, SL_CHECK_FAIL, "source", "", "%s",
                           err.text[0] != '\0' ? err.text : sl_status_str(rc));
    }
    return rc == SL_OK;
}

/* Whether the log still has what lies behind POSITION, by asking for it as nobody. */
static int try_position(const struct sl_config *config, struct sl_position *position,
                        struct sl_err *err)
{
    struct sl_source *source = sl_binlog_source_new(&config->source, "", true);
    struct sl_span event;
    int rc;

    if (source == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    rc = source->ops->open(source, SL_START_AT, position, err);
    if (rc == SL_OK) {
        rc = source->ops->next(source, &event, err);
    }
    source->ops->free(source);
    return rc;
}

/* The place that `run` would begin at: the checkpoint, else "start". */
static void check_start(const struct sl_config *config, const struct sl_redis_facts *facts,
                        struct sl_check_print *print)
{
    const struct sl_start *start = &config->pipeline.start;
    const char *what = facts->status.has_checkpoint ? "the checkpoint" : "\"start\"";
    struct sl_position position;
    struct sl_err err = {0};
    int rc = SL_OK;

    sl_position_init(&position);
    if (facts->status.has_checkpoint) {
        rc = sl_position_copy(&position, &facts->status.position);
    } else if (start->kind == SL_START_AT) {
        rc = sl_position_parse(&position, start->position, &err);
    } else {
        return;
    }
    rc = rc == SL_OK ? try_position(config, &position, &err) : rc;
    if (rc >= 0) {
        sl_check_print_say(print, SL_CHECK_OK, "start", "",
                           "the source still has what lies behind %s", what);
    } else {
        sl_check_print_say(print, SL_CHECK_FAIL, "start", "", "%s cannot be gone on from: %s", what,
                           err.text);
    }
    sl_position_release(&position);
}

/* ---- the sinks ---- */

struct samples {
    char **keys; /* owned */
    size_t count;
};

static void release_samples(struct samples *samples)
{
    for (size_t i = 0; i < samples->count; i++) {
        free(samples->keys[i]);
    }
    free(samples->keys);
}

/* A key that a row under each rule might have. */
static int make_samples(const struct sl_config *config, struct samples *samples, struct sl_err *err)
{
    samples->keys = calloc(config->table_count, sizeof(*samples->keys));
    if (samples->keys == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < config->table_count; i++) {
        const struct sl_table_rule *rule = &config->tables[i];
        struct sl_buf key = {0};
        int rc;

        if (rule->skip) {
            continue;
        }
        rc = sl_key_sample(
            sl_rule_key(rule), sl_span_make(rule->db_pattern, strlen(rule->db_pattern)),
            sl_span_make(rule->table_pattern, strlen(rule->table_pattern)), &key, err);

        if (rc == SL_OK && sl_buf_cstr(&key) == NULL) {
            rc = sl_err_set(err, SL_ENOMEM, "out of memory");
        }
        if (rc != SL_OK) {
            sl_buf_release(&key);
            return rc;
        }
        samples->keys[samples->count++] = (char *)key.data;
    }
    return SL_OK;
}

static void check_json(const struct sl_config *config, const struct sl_redis_options *sink,
                       struct sl_check_print *print)
{
    static atomic_bool stop;
    struct sl_err err = {0};

    if (!sl_rules_have(config->tables, config->table_count, SL_VALUE_REJSON)) {
        return;
    }
    if (sl_redis_must_know_json(sink, &stop, &err) == SL_OK) {
        sl_check_print_say(print, SL_CHECK_OK, "redis", "", "it knows JSON.SET");
    } else {
        sl_check_print_say(print, SL_CHECK_FAIL, "redis", "", "%s", err.text);
    }
}

static int look_at_sink(const struct sl_config *config, const struct sl_redis_options *sink,
                        bool has_source, struct sl_check_print *print, struct sl_err *err)
{
    struct samples samples = {0};
    struct sl_redis_facts facts = {0};
    int rc = make_samples(config, &samples, err);

    if (rc == SL_OK) {
        rc = sl_redis_probe(
            sink, config->pipeline.name, (const char *const *)samples.keys, samples.count,
            sl_rules_longest_redelete_ms(config->tables, config->table_count) > 0, &facts, err);
    }
    if (rc == SL_OK) {
        sl_check_print_say(print, SL_CHECK_OK, "redis", "", "%s can be reached",
                           sl_redis_url(sink));
        sl_redis_check(&facts, sl_check_print_line, print);
        sl_check_dictionaries(config, sink, print);
        check_json(config, sink, print);
        if (has_source && facts.status_error[0] == '\0') {
            check_start(config, &facts, print);
        }
    }
    sl_redis_status_release(&facts.status);
    release_samples(&samples);
    return rc;
}

static void check_sink(const struct sl_config *config, size_t number, bool has_source,
                       struct sl_check_print *print)
{
    const struct sl_redis_options *sink = &config->sinks[number];
    struct sl_err err = {0};
    int rc;

    print->sink = config->sink_count > 1 ? sink->name : NULL;
    rc = look_at_sink(config, sink, has_source, print, &err);
    if (rc != SL_OK) {
        sl_check_print_say(print, SL_CHECK_FAIL, "redis", "", "%s",
                           err.text[0] != '\0' ? err.text : sl_status_str(rc));
    }
    print->sink = NULL;
}

/* ---- the command ---- */

static void check_config(const struct sl_config *config, const char *path,
                         struct sl_check_print *print)
{
    sl_check_print_say(print, SL_CHECK_OK, "config", "",
                       "%s: pipeline %s, %zu table %s, %zu sink%s", path, config->pipeline.name,
                       config->table_count, config->table_count == 1 ? "entry" : "entries",
                       config->sink_count, config->sink_count == 1 ? "" : "s");
    for (size_t i = 0; i < config->warnings.count; i++) {
        sl_check_print_say(print, SL_CHECK_WARN, "config", "", "%s",
                           config->warnings.items[i].text);
    }
}

static int check_servers(const struct sl_config *config, struct sl_check_print *print)
{
    bool has_source = check_source(config, print);

    for (size_t i = 0; i < config->sink_count; i++) {
        check_sink(config, i, has_source, print);
    }
    return print->counts[SL_CHECK_FAIL] > 0 ? SL_CHECK_FAILED : SL_EXIT_OK;
}

static int run(int argc, char **argv)
{
    struct sl_check_print print = {.has_colors = sl_check_print_colors()};
    const char *path = SL_DEFAULT_CONFIG;
    struct sl_config *config;
    bool is_config_only = false;
    int status = SL_EXIT_OK;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            print.is_json = true;
        } else if (strcmp(argv[i], "--config-only") == 0) {
            is_config_only = true;
        } else if (i + 1 < argc && strcmp(argv[i], "-c") == 0) {
            path = argv[++i];
        } else {
            return sl_usage_error(&sl_command_check, "unknown option \"%.64s\"", argv[i]);
        }
    }
    config = sl_command_config(path, 0);
    if (config == NULL) {
        return SL_EXIT_USAGE;
    }
    check_config(config, path, &print);
    if (!is_config_only) {
        status = check_servers(config, &print);
    }
    sl_config_free(config);
    return status;
}

const struct sl_command sl_command_check = {
    .name = "check",
    .summary = "look at configuration, source, tables and Redis, and say what mends what is wrong",
    .usage =
        "Usage: sluice check [-c FILE] [--config-only] [--json]\n\n"
        "Looks at everything that a pipeline needs and prints a line for each finding: ok, "
        "warn or\n"
        "fail, a topic and a sentence, and under it the statement that mends it. Nothing is "
        "written.\n\n"
        "  -c FILE        the configuration (default " SL_DEFAULT_CONFIG ")\n"
        "  --config-only  ask no server: whether the file can be used, and what is unwise in "
        "it\n"
        "  --json         a JSON object a line: level, topic, text, and where there are any fix "
        "and\n"
        "                 sink\n\n"
        "Exit status: 0 no fail, 1 some fail, 2 bad usage or configuration.\n",
    .run = run,
};
