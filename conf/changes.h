/*
 * changes.h - what of a configuration a running daemon can take over, and what needs a restart.
 */
#ifndef SLUICE_CONF_CHANGES_H
#define SLUICE_CONF_CHANGES_H

#include "conf/config.h"

/*
 * NOW may differ from BEFORE in tables, on_drop and log. Adds a sentence to ERRORS for each other
 * key that differs, without its values. SL_OK: there is none; else SL_EINVAL.
 */
int sl_config_check_reload(const struct sl_config *before, const struct sl_config *now,
                           struct sl_err_list *errors) SL_MUSTCHECK;

#endif
