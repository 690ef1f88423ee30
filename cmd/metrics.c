/*
 * metrics.c - the page /metrics: a table of figures, and how each is taken from a view. What has
 * labels of its own stands in metrics_histograms.c, metrics_tables.c and metrics_observed.c.
 */
#include <string.h>

#include "cmd/metrics_text.h"

struct metric {
    const char *name; /* without "sluice_" */
    const char *type;
    const char *help;
    size_t offset;  /* of a uint64_t in struct sl_view */
    double divisor; /* 0: it is a whole number */
};

#define AT(member) offsetof(struct sl_view, member)

static const struct metric metrics[] = {
    {"lag_seconds", "gauge",
     "Age of the newest change that is not in the cache; 0: none is missing.", AT(lag_seconds), 0},
    {"leader", "gauge", "1 when this daemon holds the lease and writes.", AT(is_leader), 0},
    {"acknowledged_age_seconds", "gauge",
     "Time since the sink acknowledged a group, the heartbeat's at least.", AT(acked_age_ms), 1e3},
    {"sink_sessions_total", "counter", "Sessions with the sink that were opened.",
     AT(sink_sessions), 0},
    {"source_streams_total", "counter", "How often the source began to stream.", AT(streams), 0},
    {"source_events_total", "counter", "Events of the binary log that were read.",
     AT(source.events), 0},
    {"source_bytes_total", "counter", "Bytes of the binary log that were read.", AT(source.bytes),
     0},
    {"source_rows_total", "counter", "Row changes of chosen tables that were read.",
     AT(source.rows), 0},
    {"source_transactions_total", "counter", "Transactions that were read.",
     AT(source.transactions), 0},
    {"sink_transactions_total", "counter", "Transactions that the sink has acknowledged.",
     AT(sink.transactions), 0},
    {"sink_rows_total", "counter",
     "Row changes that the sink has acknowledged, superseded ones too.", AT(sink.rows), 0},
    {"sink_commands_total", "counter", "Commands for rows that the sink has acknowledged.",
     AT(sink.commands), 0},
    {"sink_bytes_total", "counter", "Bytes of these commands.", AT(sink.bytes), 0},
    {"sink_groups_total", "counter", "MULTI/EXEC groups that the sink has acknowledged.",
     AT(sink.groups), 0},
    {"sink_purged_keys_total", "counter", "Keys that were removed because of DROP and TRUNCATE.",
     AT(sink.purged), 0},
    {"snapshot_rows_total", "counter", "Rows that were read by SELECT.", AT(loads.rows), 0},
    {"snapshot_put_rows_total", "counter", "Of these, rows that were written.", AT(loads.put), 0},
    {"snapshot_removed_keys_total", "counter", "Keys without a row that were removed.",
     AT(loads.removed), 0},
    {"snapshot_queries_total", "counter", "SELECTs of rows.", AT(loads.queries), 0},
    {"snapshot_query_seconds_total", "counter", "Time that these took.", AT(loads.query_us), 1e6},
    {"rows_unchanged", "gauge", "Updates of nothing that is kept, since the source streams.",
     AT(rows.unchanged), 0},
    {"rows_filtered", "gauge", "Rows that the conditions keep out, since the source streams.",
     AT(rows.filtered), 0},
    {"rows_quarantined", "gauge", "Rows on which a condition failed, since the source streams.",
     AT(rows.quarantined), 0},
    {"rows_waiting", "gauge", "Rows that are stale until they have been read again.",
     AT(rows.waiting), 0},
    {"queue_bytes", "gauge", "Rows on their way to the sink.", AT(queue_bytes), 0},
    {"queue_limit_bytes", "gauge", "How much may be on its way.", AT(queue_limit_bytes), 0},
};

static int add_figure(const struct sl_metric_sink *sink, const struct metric *metric)
{
    uint64_t value;

    memcpy(&value, (const char *)sl_metric_view(sink) + metric->offset, sizeof(value));
    return metric->divisor > 0
               ? sl_metric_seconds(sink, metric->name, NULL, (double)value / metric->divisor)
               : sl_metric_count(sink, metric->name, NULL, value);
}

static int add_metric(const struct sl_views *views, const struct metric *metric, struct sl_buf *out)
{
    int rc = sl_metric_head(out, metric->name, metric->type, metric->help);

    for (size_t i = 0; rc == SL_OK && i < views->count; i++) {
        const struct sl_metric_sink sink = {.views = views, .i = i, .out = out};

        rc = add_figure(&sink, metric);
    }
    return rc;
}

static int add_states(const struct sl_metric_sink *sink, const char *name)
{
    int rc = SL_OK;

    for (int state = 0; rc == SL_OK && state < SL_VIEW_STATES; state++) {
        const struct sl_metric_label label = {
            .name = "state", .value = sl_view_state_name((enum sl_view_state)state)};

        rc = sl_metric_count(sink, name, &label, (int)sl_metric_view(sink)->state == state);
    }
    return rc;
}

static int add_failures(const struct sl_metric_sink *sink, const char *name)
{
    int rc = SL_OK;

    for (int cause = 0; rc == SL_OK && cause < SL_VIEW_FAILURES; cause++) {
        const struct sl_metric_label label = {
            .name = "cause", .value = sl_view_failure_name((enum sl_view_failure)cause)};

        rc = sl_metric_count(sink, name, &label, sl_metric_view(sink)->failures[cause]);
    }
    return rc;
}

static int add_fresh(const struct sl_metric_sink *sink, const char *name)
{
    return sl_metric_count(sink, name, NULL,
                           sl_view_is_fresh(sl_metric_view(sink), sink->views->max_lag_s));
}

/* Before the first one there is no age. */
static int add_checkpoint_age(const struct sl_metric_sink *sink, const char *name)
{
    const struct sl_view *view = sl_metric_view(sink);

    return view->has_checkpoint
               ? sl_metric_seconds(sink, name, NULL, (double)view->checkpoint_age_ms / 1e3)
               : SL_OK;
}

static int add_program(const struct sl_views *views, struct sl_buf *out)
{
    int rc = sl_metric_head(out, "build_info", "gauge", "The version of the program.");

    rc = rc == SL_OK
             ? sl_buf_add_format(out, "sluice_build_info{version=\"%s\"} 1\n", SLUICE_VERSION)
             : rc;
    rc = rc == SL_OK ? sl_metric_head(out, "start_time_seconds", "gauge",
                                      "When the daemon was started, since 1970.")
                     : rc;
    return rc == SL_OK ? sl_buf_add_format(out, "sluice_start_time_seconds %.3f\n",
                                           (double)views->began_ms / 1e3)
                       : rc;
}

int sl_metrics_write(const struct sl_views *views, struct sl_buf *out)
{
    int rc = add_program(views, out);

    rc = rc == SL_OK ? sl_metric_each(views, out, "fresh", "gauge",
                                      "1 when who reads the cache may rely on it.", add_fresh)
                     : rc;
    rc = rc == SL_OK ? sl_metric_each(views, out, "state", "gauge",
                                      "1 for what the pipeline is doing.", add_states)
                     : rc;
    for (size_t i = 0; rc == SL_OK && i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        rc = add_metric(views, &metrics[i], out);
    }
    rc = rc == SL_OK
             ? sl_metric_each(views, out, "checkpoint_age_seconds", "gauge",
                              "Time since the sink acknowledged a checkpoint.", add_checkpoint_age)
             : rc;
    rc = rc == SL_OK ? sl_metric_each(views, out, "failures_total", "counter",
                                      "Failures that were tried again, by cause.", add_failures)
                     : rc;
    rc = rc == SL_OK ? sl_metrics_histograms(views, out) : rc;
    rc = rc == SL_OK ? sl_metrics_tables(views, out) : rc;
    return rc == SL_OK ? sl_metrics_observed(views, out) : rc;
}
