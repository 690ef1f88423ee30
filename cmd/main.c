/*
 * main.c - finds the command and hands over.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cdc/client/binlog.h"
#include "cmd/command.h"
#include "cmd/log_setup.h"
#include "cmd/runner.h"

static const struct sl_command *const commands[] = {
    &sl_command_run,   &sl_command_bootstrap, &sl_command_tail,
    &sl_command_check, &sl_command_reconcile, &sl_command_status,
    &sl_command_get,   &sl_command_train,     &sl_command_explain,
};

enum { SL_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out)
{
    (void)fprintf(out,
                  "sluice keeps Redis an exact, live copy of chosen MySQL or MariaDB tables.\n\n"
                  "Usage: sluice COMMAND [-c FILE] [OPTION...]\n\nCommands:\n");
    for (int i = 0; i < SL_COMMANDS; i++) {
        (void)fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    }
    (void)fprintf(out,
                  "\nOptions:\n"
                  "  -c FILE     the configuration (default " SL_DEFAULT_CONFIG ")\n"
                  "  --help      this text; after a command: its own\n"
                  "  --version   the version and the client library\n\n"
                  "Exit status: 0 done, 1 the answer is no, 2 bad usage or configuration,\n"
                  "3 source unusable, 4 sink unusable, 5 cannot continue without losing data.\n");
}

int sl_usage_error(const struct sl_command *command, const char *format, ...)
{
    va_list args;

    (void)fputs("sluice", stderr);
    if (command != NULL) {
        (void)fprintf(stderr, " %s", command->name);
    }
    (void)fputs(": ", stderr);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fprintf(stderr, "; see sluice %s%s--help\n", command != NULL ? command->name : "",
                  command != NULL ? " " : "");
    return SL_EXIT_USAGE;
}

struct sl_config *sl_command_config(const char *path, unsigned flags)
{
    struct sl_config *config = NULL;
    struct sl_err_list errors = {0};
    int rc = sl_config_load_with(path, flags, &config, &errors);

    for (size_t i = 0; i < errors.count; i++) {
        (void)fprintf(stderr, "sluice: %s\n", errors.items[i].text);
    }
    if (errors.dropped > 0) {
        (void)fprintf(stderr, "sluice: and %zu more errors\n", errors.dropped);
    }
    sl_err_list_release(&errors);
    if (rc != SL_OK) {
        return NULL;
    }
    sl_log_set_journal(sl_log_is_journal(STDERR_FILENO, getenv("JOURNAL_STREAM")));
    sl_log_setup_from(config);
    return config;
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

static int dispatch(int argc, char **argv)
{
    for (int i = 0; i < SL_COMMANDS; i++) {
        if (strcmp(argv[0], commands[i]->name) != 0) {
            continue;
        }
        if (wants_help(argc, argv)) {
            (void)fputs(commands[i]->usage, stdout);
            return SL_EXIT_OK;
        }
        return commands[i]->run(argc, argv);
    }
    return sl_usage_error(NULL, "unknown command \"%s\"", argv[0]);
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a closed connection is an error of the write, not the end */
    if (argc < 2) {
        print_help(stderr);
        return SL_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return SL_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("sluice %s (%s)\n", SLUICE_VERSION, sl_binlog_library());
        return SL_EXIT_OK;
    }
    if (strcmp(argv[1], "--describe-config") == 0) { /* for the check of the manual pages */
        sl_config_describe(stdout);
        return SL_EXIT_OK;
    }
    return dispatch(argc - 1, argv + 1);
}
