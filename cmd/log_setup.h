/*
 * log_setup.h - the configuration's `log`, in force from now on.
 */
#ifndef SLUICE_CMD_LOG_SETUP_H
#define SLUICE_CMD_LOG_SETUP_H

#include "conf/config.h"

/* Levels and format; then logs what is unwise in CONFIG. */
void sl_log_setup_from(const struct sl_config *config);

#endif
