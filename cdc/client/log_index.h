/*
 * log_index.h - which binary log files a server has, and which of them was being written at a given
 * time: the server lists the files, and the first events of a few of them tell when they begin.
 */
#ifndef SLUICE_CDC_CLIENT_LOG_INDEX_H
#define SLUICE_CDC_CLIENT_LOG_INDEX_H

#include <stdbool.h>

#include "cdc/options.h"
#include "cdc/position.h"

struct sl_log_index;

/* NULL: no memory. */
struct sl_log_index *sl_log_index_new(const struct sl_source_options *options);
void sl_log_index_free(struct sl_log_index *index);
/* Thread-safe: a call that is under way and all later ones fail with SL_ESTOPPED. */
void sl_log_index_interrupt(struct sl_log_index *index);

/*
 * Replaces *PLACE (initialised) by the begin of the file in which the first event of TIME or later
 * lies, if there is one. SL_DONE: the first file that the server has begins at TIME or later;
 * *PLACE is its begin. SL_EIO, SL_EAUTH, SL_EINVAL; SL_EGAP: it was purged meanwhile.
 */
int sl_log_index_find(struct sl_log_index *index, uint32_t time, struct sl_position *place,
                      struct sl_err *err) SL_MUSTCHECK;

/* Whether the server has the file of *PLACE. SL_DONE: it has not; *FIRST (initialised) is replaced
 * by the begin of the first one that it has. */
int sl_log_index_has(struct sl_log_index *index, const struct sl_position *place,
                     struct sl_position *first, struct sl_err *err) SL_MUSTCHECK;

#endif
