/*
 * check_tables.h - looks at every table that the configuration chooses: that its rows have a name,
 * that they may be read, and that the rule's key and columns fit it.
 */
#ifndef SLUICE_CMD_CHECK_TABLES_H
#define SLUICE_CMD_CHECK_TABLES_H

#include "cdc/client/probe.h"
#include "cmd/check_print.h"
#include "conf/config.h"

/* Fails only where nothing can be found out. */
int sl_check_tables(const struct sl_config *config, struct sl_probe *probe,
                    const struct sl_source_facts *source, struct sl_check_print *print,
                    struct sl_err *err) SL_MUSTCHECK;

#endif
