/*
 * fit.h - whether rules fit the tables that they choose: the columns that they name are there, and
 * their keys, and those of their indexes, tell rows apart.
 */
#ifndef SLUICE_CMD_FIT_H
#define SLUICE_CMD_FIT_H

#include <stdbool.h>

#include "cdc/base/err.h"
#include "cdc/stream.h"
#include "conf/config.h"

/*
 * SL_EINVAL: RULE does not fit the table with the columns of SCHEMA. *RUNS_TOGETHER: its key's
 * values do, see filters/key_unique.h. A table without a row key is not looked at. SL_ENOMEM.
 */
int sl_fit_rule(const struct sl_table_rule *rule, struct sl_span db, struct sl_span name,
                const struct sl_schema *schema, bool *runs_together,
                struct sl_err *err) SL_MUSTCHECK;

/*
 * Looks at all tables that are there, before anything is written, and logs a sentence for each that
 * its rule does not fit. False: there was one. What cannot be looked at (the source is away, the
 * account may not read a table) counts as fitting: it will be met again.
 */
bool sl_fit_all(const struct sl_config *config);

#endif
