/*
 * run.c - the daemon: one runner for each sink, and the signals.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/base/log.h"
#include "cmd/command.h"
#include "cmd/fit.h"
#include "cmd/pages.h"
#include "cmd/reload.h"
#include "cmd/runner.h"

/* Blocked before any thread is made: this one alone waits for them. */
static void block_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, set, NULL);
}

struct crew {
    const char *path;               /* of the configuration */
    const struct sl_config *config; /* that it was started with */
    struct sl_runner **runners;
    size_t count;
};

static void free_crew(struct crew *crew)
{
    for (size_t i = 0; i < crew->count; i++) {
        sl_runner_free(crew->runners[i]);
    }
    free(crew->runners);
}

static int start_crew(struct crew *crew, struct sl_err *err)
{
    const struct sl_config *config = crew->config;
    int rc = SL_OK;

    crew->runners = calloc(config->sink_count, sizeof(*crew->runners));
    if (crew->runners == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    for (size_t i = 0; rc == SL_OK && i < config->sink_count; i++) {
        const struct sl_runner_options options = {.config = config, .sink = i};
        struct sl_runner *runner = sl_runner_new(&options);

        if (runner == NULL) {
            return sl_err_set(err, SL_ENOMEM, "out of memory");
        }
        rc = sl_runner_start(runner, err);
        if (rc == SL_OK) {
            crew->runners[crew->count++] = runner;
        } else {
            sl_runner_free(runner);
        }
    }
    return rc;
}

static void stop_crew(struct crew *crew)
{
    for (size_t i = 0; i < crew->count; i++) {
        sl_runner_stop(crew->runners[i]);
    }
}

/* The worst status counts: 5 is data in danger. */
static int join_crew(struct crew *crew)
{
    int worst = SL_EXIT_OK;

    for (size_t i = 0; i < crew->count; i++) {
        int status = sl_runner_join(crew->runners[i]);

        worst = status > worst ? status : worst;
    }
    return worst;
}

static bool all_ended(const struct crew *crew)
{
    for (size_t i = 0; i < crew->count; i++) {
        if (!sl_runner_has_ended(crew->runners[i])) {
            return false;
        }
    }
    return true;
}

/* A runner that has ended takes it, too, and lets it go with itself. */
static void reload(const struct crew *crew)
{
    struct sl_shared_config *shared = sl_reload_read(crew->path, crew->config);

    for (size_t i = 0; shared != NULL && i < crew->count; i++) {
        sl_runner_reload(crew->runners[i], shared);
    }
    sl_shared_config_drop(shared);
}

/* Until a stop is asked for, or no runner is left. One sink that fails does not stop the others. */
static void wait_for_end(const sigset_t *set, const struct crew *crew)
{
    const struct timespec slice = {.tv_nsec = 100 * 1000 * 1000};

    while (!all_ended(crew)) {
        int signal_number = sigtimedwait(set, NULL, &slice);

        if (signal_number == SIGTERM || signal_number == SIGINT) {
            sl_log(SL_LOG_INFO, "stopping", "signal=%s",
                   signal_number == SIGTERM ? "SIGTERM" : "SIGINT");
            return;
        }
        if (signal_number == SIGHUP) {
            sl_log_of(SL_LOG_OF_CONFIG, SL_LOG_INFO, "reloading", "file=%s", crew->path);
            reload(crew);
        }
    }
}

static int run_daemon(const char *path, const struct sl_config *config)
{
    struct crew crew = {.path = path, .config = config};
    struct sl_pages *pages = NULL;
    struct sl_err err = {0};
    sigset_t set;
    int status;
    int rc;

    block_signals(&set);
    if (!sl_fit_all(config)) {
        return SL_EXIT_USAGE;
    }
    rc = start_crew(&crew, &err);
    if (rc == SL_OK && config->http.host != NULL) {
        rc = sl_pages_new(config, crew.runners, &pages, &err);
    }
    if (rc == SL_OK) {
        wait_for_end(&set, &crew);
    } else {
        sl_log_text(SL_LOG_ERROR, err.text);
    }
    stop_crew(&crew);
    status = join_crew(&crew);
    sl_pages_free(pages);
    free_crew(&crew);
    if (rc == SL_OK && status == SL_EXIT_OK) {
        sl_log(SL_LOG_INFO, "stopped", "pipeline=%s", config->pipeline.name);
    }
    if (rc == SL_EINVAL) {
        return SL_EXIT_USAGE;
    }
    return rc == SL_OK ? status : SL_EXIT_SINK;
}

static int run(int argc, char **argv)
{
    const char *path = SL_DEFAULT_CONFIG;
    struct sl_config *config;
    int status;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc) {
            path = argv[++i];
        } else {
            return sl_usage_error(&sl_command_run, "unknown option \"%s\"", argv[i]);
        }
    }
    config = sl_command_config(path, 0);
    if (config == NULL) {
        return SL_EXIT_USAGE;
    }
    status = run_daemon(path, config);
    sl_config_free(config);
    return status;
}

const struct sl_command sl_command_run = {
    .name = "run",
    .summary = "stream changes into Redis until SIGTERM or SIGINT",
    .usage =
        "Usage: sluice run [-c FILE]\n\n"
        "Streams the changes of the configured tables into every configured sink. SIGTERM and\n"
        "SIGINT: finish what is on the way, write the checkpoint, leave. SIGHUP: read the\n"
        "configuration again and go on with its tables, on_drop and log.\n\n"
        "Exit status: 0 asked to stop, 2 bad usage or configuration, 3 source unusable, 4 sink\n"
        "unusable, 5 cannot continue without losing data (the log says why).\n",
    .run = run,
};
