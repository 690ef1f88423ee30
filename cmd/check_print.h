/*
 * check_print.h - the lines of `sluice check`.
 */
#ifndef SLUICE_CMD_CHECK_PRINT_H
#define SLUICE_CMD_CHECK_PRINT_H

#include <stdbool.h>

#include "cdc/preflight.h"

struct sl_check_print {
    bool is_json;
    bool has_colors;
    const char *sink; /* what the lines are about, where there are several; NULL: nothing to add */
    unsigned counts[SL_CHECK_FAIL + 1];
};

/* A sl_check_fn; USER is the struct sl_check_print. */
void sl_check_print_line(void *user, const struct sl_check_line *line);

/* One line from a format. */
void sl_check_print_say(struct sl_check_print *print, enum sl_check_level level, const char *topic,
                        const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Whether colours suit the standard output. */
bool sl_check_print_colors(void);

#endif
