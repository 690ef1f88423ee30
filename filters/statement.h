/*
 * statement.h - what a logged statement means for the cache, by the configured rules.
 */
#ifndef SLUICE_FILTERS_STATEMENT_H
#define SLUICE_FILTERS_STATEMENT_H

#include <stddef.h>

#include "cdc/base/err.h"
#include "cdc/mapper.h"
#include "filters/known_keys.h"
#include "filters/options.h"

/* Of all the rules, and the keys that were made by them so far. */
struct sl_statement_context {
    const struct sl_table_rule *rules;
    size_t count;
    struct sl_known_keys *keys;
};

/* As `ddl` of struct sl_mapper_ops. */
int sl_statement_judge(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                       unsigned nth, struct sl_effect *effect, struct sl_err *err) SL_MUSTCHECK;

#endif
