/*
 * tail_options.h - the words of `sluice tail`.
 */
#ifndef SLUICE_CMD_TAIL_OPTIONS_H
#define SLUICE_CMD_TAIL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/position.h"
#include "cdc/source.h"
#include "filters/options.h"

enum sl_tail_end {
    SL_TAIL_END_NEVER,
    SL_TAIL_END_NOW, /* at the end of what is logged when the command begins */
    SL_TAIL_END_AT,
};

struct sl_tail_options {
    const char *config; /* NULL: not given */
    enum sl_start_kind from_kind;
    struct sl_position from;
    enum sl_tail_end to_kind;
    struct sl_position to;
    uint64_t limit;     /* changes; 0: no limit */
    const char **files; /* views of the words; NULL: a server is read */
    size_t file_count;
    struct sl_table_rule *rules; /* of --table; patterns are owned */
    size_t rule_count;
    bool is_count;
    bool with_statements;
};

/* Reads ARGV as of sl_command_fn. SL_EINVAL with a sentence. OPTIONS is released by the caller in
 * any case. */
int sl_tail_options_read(int argc, char **argv, struct sl_tail_options *options,
                         struct sl_err *err) SL_MUSTCHECK;
void sl_tail_options_release(struct sl_tail_options *options);

#endif
