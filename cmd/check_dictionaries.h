/*
 * check_dictionaries.h - looks whether the dictionaries that tables' values are compressed with are
 * in a sink.
 */
#ifndef SLUICE_CMD_CHECK_DICTIONARIES_H
#define SLUICE_CMD_CHECK_DICTIONARIES_H

#include "cmd/check_print.h"
#include "conf/config.h"

/* Says nothing where no table wants one. */
void sl_check_dictionaries(const struct sl_config *config, const struct sl_redis_options *sink,
                           struct sl_check_print *print);

#endif
