/*
 * command.h - the table of commands, one file each.
 */
#ifndef SLUICE_CMD_COMMAND_H
#define SLUICE_CMD_COMMAND_H

#include <stdbool.h>

#include "conf/config.h"

#define SL_DEFAULT_CONFIG "/etc/sluice/sluice.json"

/* ARGC and ARGV as of main(), without the program's name: ARGV[0] is the command's. Returns the
 * exit status. */
typedef int (*sl_command_fn)(int argc, char **argv);

struct sl_command {
    const char *name;
    const char *summary; /* one line for `sluice --help` */
    const char *usage;   /* the whole of `sluice COMMAND --help` */
    sl_command_fn run;
};

extern const struct sl_command sl_command_run;
extern const struct sl_command sl_command_bootstrap;
extern const struct sl_command sl_command_tail;
extern const struct sl_command sl_command_check;
extern const struct sl_command sl_command_reconcile;
extern const struct sl_command sl_command_status;
extern const struct sl_command sl_command_get;
extern const struct sl_command sl_command_train;
extern const struct sl_command sl_command_explain;

/* What is wrong with the words of a command line; prints to stderr and returns SL_EXIT_USAGE. */
int sl_usage_error(const struct sl_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Loads PATH and sets the log up; prints every error. NULL: leave with SL_EXIT_USAGE. */
struct sl_config *sl_command_config(const char *path, unsigned flags);

#endif
