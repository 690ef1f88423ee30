/*
 * reconcile_report.h - what reconcile_report.c and reconcile_metrics.c share.
 */
#ifndef SLUICE_CMD_RECONCILE_REPORT_H
#define SLUICE_CMD_RECONCILE_REPORT_H

#include "cmd/reconcile_private.h"

/* Of each table; the samples of a metric have to stand together. */
enum sl_metric {
    SL_METRIC_ROWS,
    SL_METRIC_KEYS,
    SL_METRIC_DRIFT,
    SL_METRIC_MENDED,
    SL_METRIC_UNSETTLED,
    SL_METRICS,
};

struct sl_reconcile_report {
    const struct sl_reconcile_words *words;
    const char *pipeline;
    const char *sink; /* the one at hand */
    FILE *lines;      /* NULL: none are wanted */
    struct sl_buf samples[SL_METRICS];
    struct sl_reconcile_log log; /* only its numbers */
    uint64_t began_ms;
    uint64_t shown_ms;
    bool is_terminal;
    bool has_progress; /* the last thing on stderr is a line of progress */
};

/* Takes away the line of progress, if there is one. */
void sl_reconcile_end_progress(struct sl_reconcile_report *report);
/* Notes what came of TABLE ("shop.users"), for the end. */
int sl_reconcile_add_metrics(struct sl_reconcile_report *report, const char *table,
                             const struct sl_reconcile_counts *counts) SL_MUSTCHECK;

#endif
