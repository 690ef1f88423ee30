/*
 * reconcile.c - compares source and cache while both are live.
 */
#include <string.h>

#include "cdc/client/chunk_reader.h"
#include "cmd/reconcile_private.h"
#include "cmd/watch.h"
#include "filters/rule.h"

struct command {
    struct sl_reconcile_common common;
    atomic_bool stop;
};

static void stop(void *user)
{
    struct command *command = user;

    atomic_store(&command->stop, true);
    command->common.reader->ops->interrupt(command->common.reader);
    if (command->common.since != NULL) {
        sl_reconcile_since_interrupt(command->common.since);
    }
}

/* The worst of all sinks counts. */
static int compare_sinks(struct command *command)
{
    size_t count = command->common.config->sink_count;
    int status = SL_EXIT_OK;

    for (size_t i = 0; i < count && !atomic_load(&command->stop); i++) {
        int one = sl_reconcile_sink(&command->common, i);

        status = one > status ? one : status;
    }
    return status;
}

static int finish(struct command *command, int status)
{
    struct sl_err err = {0};

    if (sl_reconcile_report_finish(command->common.report, status, &err) != SL_OK) {
        sl_reconcile_say(command->common.report, "%s", err.text);
        return status > SL_EXIT_USAGE ? status : SL_EXIT_USAGE;
    }
    return status;
}

static int make(struct sl_reconcile_common *common, struct sl_err *err)
{
    int rc =
        sl_reconcile_report_new(common->words, common->config->pipeline.name, &common->report, err);

    if (rc != SL_OK) {
        return rc;
    }
    common->reader = sl_chunk_reader_new(&common->config->source);
    if (common->words->since_text != NULL) {
        common->since = sl_reconcile_since_new(common->config, common->words);
    }
    return common->reader != NULL && (common->since != NULL || common->words->since_text == NULL)
               ? SL_OK
               : sl_err_set(err, SL_ENOMEM, "out of memory");
}

static int reconcile(const struct sl_config *config, const struct sl_reconcile_words *words)
{
    struct command command = {.common = {.config = config, .words = words}};
    struct sl_watch *watch = NULL;
    struct sl_err err = {0};
    int status = SL_EXIT_USAGE;
    int rc;

    command.common.stop = &command.stop;
    rc = make(&command.common, &err);
    rc = rc == SL_OK ? sl_watch_start(stop, &command, &watch, &err) : rc;
    if (rc == SL_OK) {
        status = finish(&command, compare_sinks(&command));
    } else {
        (void)fprintf(stderr, "sluice reconcile: %s\n", err.text);
    }
    sl_watch_end(watch);
    sl_reconcile_since_free(command.common.since);
    if (command.common.reader != NULL) {
        command.common.reader->ops->free(command.common.reader);
    }
    sl_reconcile_report_free(command.common.report);
    return status;
}

/* A table that is named and that no entry chooses is a mistake before any server is asked. */
static int check_tables(const struct sl_config *config, const struct sl_reconcile_words *words)
{
    for (size_t i = 0; i < words->table_count; i++) {
        const char *word = words->tables[i];
        size_t dot = strcspn(word, ".");
        const struct sl_table_rule *rule = NULL;
        struct sl_err err = {0};

        if (strpbrk(word, "*?") != NULL) {
            continue;
        }
        if (sl_rule_find(config->tables, config->table_count, sl_span_make(word, dot),
                         sl_span_make(word + dot + 1, strlen(word + dot + 1)), &rule,
                         &err) != SL_OK) {
            return sl_usage_error(&sl_command_reconcile, "%s", err.text);
        }
        if (rule == NULL) {
            return sl_usage_error(&sl_command_reconcile,
                                  "no entry of \"tables\" in the configuration matches \"%.128s\"",
                                  word);
        }
    }
    return SL_EXIT_OK;
}

static int run(int argc, char **argv)
{
    struct sl_reconcile_words words = {0};
    struct sl_config *config;
    int status = sl_reconcile_read_words(argc, argv, &words);

    if (status == SL_EXIT_OK) {
        status = SL_EXIT_USAGE;
        config = sl_command_config(words.config, 0);
        if (config != NULL) {
            status = check_tables(config, &words);
            status = status == SL_EXIT_OK ? reconcile(config, &words) : status;
            sl_config_free(config);
        }
    }
    sl_reconcile_release_words(&words);
    return status;
}

const struct sl_command sl_command_reconcile = {
    .name = "reconcile",
    .summary = "compare source and cache, and mend what drifted",
    .usage =
        "Usage: sluice reconcile [-c FILE] [--table DB.TABLE]... [--since WHEN] [--repair]\n"
        "           [--rate ROWS] [--sample PERCENT] [--seed N] [--wait SECONDS]\n"
        "           [--max-drift N] [--report FILE] [--metrics FILE]\n\n"
        "Compares every row of the configured tables with its key in every sink, and looks for "
        "keys\n"
        "that no row has, while the daemon runs and rows change. What differs is looked at again, "
        "up\n"
        "to some seconds later; only what stays different while its row stands still is drift.\n\n"
        "  -c FILE            the configuration (default " SL_DEFAULT_CONFIG ")\n"
        "  --table DB.TABLE   only these tables; * and ? as in the configuration; repeatable\n"
        "  --since WHEN       only keys of rows that changed since then, as the source's binary "
        "log\n"
        "                     says: FILE:POS, a GTID set, 90m, 2h, 3d, 2026-11-21T10:00:00Z, or\n"
        "                     \"2026-11-21 10:00:00\" in local time\n"
        "  --repair           have the daemon write drifted keys anew, in order with the stream\n"
        "  --rate ROWS        read at most so many rows a second\n"
        "  --sample PERCENT   compare only a part of the keys, another one each time\n"
        "  --seed N           which part: what an earlier run printed\n"
        "  --wait SECONDS     for a stream that stays more than a second behind (default 120)\n"
        "  --max-drift N      stop when more keys than this drift\n"
        "  --report FILE      write a line of JSON for each drifted key\n"
        "  --metrics FILE     write metrics for node_exporter's textfile collector\n\n"
        "Exit status: 0 equal or all mended, 1 drift remains, 2 bad usage or configuration, 3 "
        "source\n"
        "unusable, 4 sink unusable or its checkpoint behind, 5 the binary log of --since is "
        "gone.\n",
    .run = run,
};
