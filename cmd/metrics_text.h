/*
 * metrics_text.h - lines of Prometheus' text format 0.0.4, for those who write metrics.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#ifndef SLUICE_CMD_METRICS_TEXT_H
#define SLUICE_CMD_METRICS_TEXT_H

#include "cdc/base/span.h"
#include "cmd/view.h"

struct sl_metric_label {
    const char *name;
    const char *value; /* UTF-8, escaped when it is written */
};

/* A sink of views, and where its samples go. */
struct sl_metric_sink {
    const struct sl_views *views;
    size_t i;
    struct sl_buf *out;
};

static inline const struct sl_view *sl_metric_view(const struct sl_metric_sink *sink)
{
    return &sink->views->items[sink->i].view;
}

/* Names are without their "sluice_". */
int sl_metric_head(struct sl_buf *out, const char *name, const char *type,
                   const char *help) SL_MUSTCHECK;
/* NAME="VALUE" */
int sl_metric_label(struct sl_buf *out, const char *name, struct sl_span value) SL_MUSTCHECK;

/* A sample with the labels of its sink and one more; LABEL may be NULL. */
int sl_metric_count(const struct sl_metric_sink *sink, const char *name,
                    const struct sl_metric_label *label, uint64_t value) SL_MUSTCHECK;
/* The same with COUNT labels. */
int sl_metric_count_of(const struct sl_metric_sink *sink, const char *name,
                       const struct sl_metric_label *labels, size_t count,
                       uint64_t value) SL_MUSTCHECK;
int sl_metric_seconds(const struct sl_metric_sink *sink, const char *name,
                      const struct sl_metric_label *label, double value) SL_MUSTCHECK;

/* Adds the samples of one sink. */
typedef int (*sl_metric_fn)(const struct sl_metric_sink *sink, const char *name);
/* The head, and the samples of all sinks. */
int sl_metric_each(const struct sl_views *views, struct sl_buf *out, const char *name,
                   const char *type, const char *help, sl_metric_fn add) SL_MUSTCHECK;

/* ---- the parts of the page; each appends its metrics ---- */

/* metrics_histograms.c */
int sl_metrics_histograms(const struct sl_views *views, struct sl_buf *out) SL_MUSTCHECK;
/* metrics_tables.c: what has a table for a label */
int sl_metrics_tables(const struct sl_views *views, struct sl_buf *out) SL_MUSTCHECK;
/* metrics_observed.c: what was asked of servers */
int sl_metrics_observed(const struct sl_views *views, struct sl_buf *out) SL_MUSTCHECK;

#endif
