/*
 * bootstrap.c - loads tables once: by itself, or by the daemon where one is at work.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cdc/base/clock.h"
#include "cmd/bootstrap_job.h"
#include "cmd/command.h"
#include "cmd/fit.h"
#include "filters/rule.h"

enum {
    SL_LOOK_MS = 50, /* between two looks how far it is */
    SL_SHOW_LOOKS = 6,
    SL_TABLES_FEW = 100, /* of more the sink is not asked that often */
};

/* Blocked before any thread is made: this one alone waits for them. */
static void block_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, set, NULL);
}

struct jobs {
    struct sl_bootstrap_job *items;
    size_t count; /* that were begun */
};

static const char *name_of(const struct sl_bootstrap_job *job)
{
    return job->config->sink_count > 1 ? job->config->sinks[job->sink].name : NULL;
}

static void show(struct jobs *jobs)
{
    uint64_t now = sl_clock_mono_ms(sl_clock_real());

    for (size_t i = jobs->count; i > 0; i--) {
        sl_progress_clear(&jobs->items[i - 1].progress);
    }
    for (size_t i = 0; i < jobs->count; i++) {
        if (!jobs->items[i].is_done) {
            sl_progress_show(&jobs->items[i].progress, name_of(&jobs->items[i]),
                             &jobs->items[i].loads, now);
        }
    }
}

static bool all_over(struct jobs *jobs)
{
    bool is_over = true;

    for (size_t i = 0; i < jobs->count; i++) {
        is_over = sl_bootstrap_job_look(&jobs->items[i]) && is_over;
    }
    return is_over;
}

/* A small load is not to take a while for nothing; the states of many tables are many bytes. */
static long look_ms(const struct jobs *jobs)
{
    size_t tables = 0;

    for (size_t i = 0; i < jobs->count; i++) {
        tables += jobs->items[i].loads.count;
    }
    return tables <= SL_TABLES_FEW ? SL_LOOK_MS : SL_LOOK_MS * SL_SHOW_LOOKS;
}

/* Until all is loaded, nothing more can be, or a stop is asked for. */
static void wait_for_end(const sigset_t *set, struct jobs *jobs)
{
    for (unsigned looks = 0; !all_over(jobs); looks++) {
        const struct timespec slice = {.tv_nsec = look_ms(jobs) * 1000000};
        int signal_number;

        if (looks % SL_SHOW_LOOKS == 0 || slice.tv_nsec > SL_LOOK_MS * 1000000L) {
            show(jobs);
        }
        signal_number = sigtimedwait(set, NULL, &slice);
        if (signal_number == SIGTERM || signal_number == SIGINT) {
            return;
        }
    }
}

/* The worst status counts: 5 is data in danger. */
static int end_all(struct jobs *jobs, int status)
{
    for (size_t i = jobs->count; i > 0; i--) {
        sl_progress_clear(&jobs->items[i - 1].progress);
    }
    for (size_t i = 0; i < jobs->count; i++) {
        int ended = sl_bootstrap_job_end(&jobs->items[i]);

        status = ended > status ? ended : status;
    }
    return status;
}

static int load(const struct sl_config *config, const struct sl_bootstrap_words *words)
{
    struct jobs jobs = {.items = calloc(config->sink_count, sizeof(*jobs.items))};
    int status = SL_EXIT_OK;
    sigset_t set;

    if (jobs.items == NULL) {
        (void)fputs("sluice bootstrap: out of memory\n", stderr);
        return SL_EXIT_SINK;
    }
    block_signals(&set);
    for (size_t i = 0; i < config->sink_count; i++) {
        struct sl_bootstrap_job *job = &jobs.items[jobs.count];
        int begun = sl_bootstrap_job_begin(job, config, i, words);

        if (begun == SL_EXIT_OK) {
            jobs.count++;
        } else {
            sl_bootstrap_job_release(job);
            status = begun;
        }
    }
    wait_for_end(&set, &jobs);
    status = end_all(&jobs, status);
    for (size_t i = 0; i < jobs.count; i++) {
        sl_bootstrap_job_release(&jobs.items[i]);
    }
    free(jobs.items);
    return status;
}

/* ---- the command line ---- */

static bool read_rate(const char *word, uint64_t *out)
{
    char *end = NULL;

    *out = strtoull(word, &end, 10);
    return word[0] >= '1' && word[0] <= '9' && *end == '\0';
}

static int check_words(const struct sl_config *config, const struct sl_bootstrap_words *words)
{
    if (words->where != NULL && words->table_count == 0) {
        return sl_usage_error(&sl_command_bootstrap, "--where needs --table");
    }
    for (size_t i = 0; i < words->table_count; i++) {
        const char *table = words->tables[i];
        const char *dot = strchr(table, '.');
        const struct sl_table_rule *rule = NULL;
        struct sl_err err = {0};

        if (dot == NULL || dot == table || dot[1] == '\0') {
            return sl_usage_error(&sl_command_bootstrap,
                                  "--table: expected DATABASE.TABLE, got \"%.64s\"", table);
        }
        if (sl_rule_find(config->tables, config->table_count,
                         sl_span_make(table, (size_t)(dot - table)),
                         sl_span_make(dot + 1, strlen(dot + 1)), &rule, &err) != SL_OK) {
            return sl_usage_error(&sl_command_bootstrap, "%s", err.text);
        }
        if (rule == NULL) {
            return sl_usage_error(&sl_command_bootstrap,
                                  "no entry of \"tables\" in the configuration chooses %.64s",
                                  table);
        }
    }
    return SL_EXIT_OK;
}

static int read_words(int argc, char **argv, struct sl_bootstrap_words *words)
{
    for (int i = 1; i < argc; i++) {
        if (i + 1 >= argc) {
            return sl_usage_error(&sl_command_bootstrap,
                                  "unknown option, or nothing behind \"%.64s\"", argv[i]);
        }
        if (strcmp(argv[i], "-c") == 0) {
            words->config = argv[++i];
        } else if (strcmp(argv[i], "--table") == 0) {
            words->tables[words->table_count++] = argv[++i];
        } else if (strcmp(argv[i], "--where") == 0) {
            words->where = argv[++i];
        } else if (strcmp(argv[i], "--rate") == 0) {
            if (!read_rate(argv[++i], &words->rate)) {
                return sl_usage_error(&sl_command_bootstrap,
                                      "--rate: expected rows a second, got \"%.64s\"", argv[i]);
            }
        } else {
            return sl_usage_error(&sl_command_bootstrap, "unknown option \"%.64s\"", argv[i]);
        }
    }
    return SL_EXIT_OK;
}

/* What a runner says in passing would tear the bars apart. */
static void calm_log(const struct sl_config *config)
{
    if (isatty(STDERR_FILENO) == 1 && config->log.level == SL_LOG_INFO) {
        sl_log_setup(SL_LOG_WARN, config->log.format);
    }
}

static int run_with(const struct sl_bootstrap_words *words)
{
    struct sl_config *config = sl_command_config(words->config, 0);
    int status;

    if (config == NULL) {
        return SL_EXIT_USAGE;
    }
    status = check_words(config, words);
    if (status == SL_EXIT_OK) {
        calm_log(config);
        status = sl_fit_all(config) ? load(config, words) : SL_EXIT_USAGE;
    }
    sl_config_free(config);
    return status;
}

static int run(int argc, char **argv)
{
    struct sl_bootstrap_words words = {.config = SL_DEFAULT_CONFIG,
                                       .tables = calloc((size_t)argc, sizeof(*words.tables))};
    int status;

    if (words.tables == NULL) {
        (void)fputs("sluice bootstrap: out of memory\n", stderr);
        return SL_EXIT_SINK;
    }
    status = read_words(argc, argv, &words);
    if (status == SL_EXIT_OK) {
        status = run_with(&words);
    }
    free(words.tables);
    return status;
}

const struct sl_command sl_command_bootstrap = {
    .name = "bootstrap",
    .summary = "load tables into Redis while rows change",
    .usage =
        "Usage: sluice bootstrap [-c FILE] [--table DB.TABLE]... [--where SQL] [--rate N]\n\n"
        "Reads the tables at the source and writes their rows to every sink, in order with the\n"
        "changes that go on meanwhile; keys without a row are removed. Leaves a checkpoint from\n"
        "which `sluice run` goes on. Beside a daemon it asks the daemon for it and shows how far\n"
        "that is. A load that was cut short is gone on with.\n\n"
        "  -c FILE           the configuration (default " SL_DEFAULT_CONFIG ")\n"
        "  --table DB.TABLE  only this table, from its beginning; may be given more than once.\n"
        "                    Default: what is not finished, or else all tables\n"
        "  --where SQL       only rows for which this condition holds; no key is removed\n"
        "  --rate N          read at most N rows a second of each table\n\n"
        "Exit status: 0 all is loaded, 1 stopped before, 2 bad usage or configuration, 3 source\n"
        "unusable, 4 sink unusable, 5 a table could not be loaded, or going on would lose data.\n",
    .run = run,
};
