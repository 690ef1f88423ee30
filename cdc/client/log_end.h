/*
 * log_end.h - asks a source, now and then, where its binary log ends, on a connection that stays.
 */
#ifndef SLUICE_CDC_CLIENT_LOG_END_H
#define SLUICE_CDC_CLIENT_LOG_END_H

#include "cdc/base/err.h"
#include "cdc/log_place.h"
#include "cdc/options.h"

struct sl_log_end;

/* NULL: no memory. */
struct sl_log_end *sl_log_end_new(const struct sl_source_options *options);
void sl_log_end_free(struct sl_log_end *end);
/* Thread-safe: a call that is under way and all later ones fail with SL_ESTOPPED. */
void sl_log_end_interrupt(struct sl_log_end *end);

/* Each connects if there is no connection (any more). SL_EIO, SL_EAUTH, SL_EINVAL, SL_ESTOPPED. */

int sl_log_end_ask(struct sl_log_end *end, struct sl_log_place *place,
                   struct sl_err *err) SL_MUSTCHECK;
/* Replaces *FILES. The server looks at each of its files for it. SL_ENOMEM, too. */
int sl_log_end_list(struct sl_log_end *end, struct sl_log_files *files,
                    struct sl_err *err) SL_MUSTCHECK;

#endif
