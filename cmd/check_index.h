/*
 * check_index.h - what only the source can tell about the rules' indexes: whether two rows could
 * have one key, and whether its log has the old values of columns.
 */
#ifndef SLUICE_CMD_CHECK_INDEX_H
#define SLUICE_CMD_CHECK_INDEX_H

#include "cdc/client/probe.h"
#include "conf/config.h"

/* True when a rule has indexes, or rows of several keys (filters/part.h): without the old values
 * nobody knows which of them have to go. */
bool sl_check_needs_old_values(const struct sl_config *config);

/* Says a line of SL_CHECK_FAIL for each index of RULE that does not fit DB.TABLE. Fails only where
 * nothing can be found out. */
int sl_check_index(struct sl_probe *probe, const struct sl_table_rule *rule, const char *db,
                   const char *table, sl_check_fn each, void *user,
                   struct sl_err *err) SL_MUSTCHECK;

/*
 * The same for all tables that the source has as the daemon starts, which is told by its log:
 * SL_EINVAL when one does not fit, and ERR says why. A source that cannot be asked is no failure.
 */
int sl_check_indexes_at_start(const struct sl_config *config, struct sl_err *err) SL_MUSTCHECK;

#endif
