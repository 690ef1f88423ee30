/*
 * metrics.c - the page /metrics: a table of figures, and how each is taken from a view. Format:
 * https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4).
 */
#include <inttypes.h>
#include <string.h>

#include "cmd/view.h"

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

static int add_head(struct sl_buf *out, const char *name, const char *type, const char *help)
{
    return sl_buf_add_format(out, "# HELP sluice_%s %s\n# TYPE sluice_%s %s\n", name, help, name,
                             type);
}

/* The names hold nothing that would have to be escaped: see sl_conf_take_name(). */
static int add_labels(struct sl_buf *out, const struct sl_views *views, size_t i, const char *more,
                      const char *value)
{
    int rc = sl_buf_add_format(out, "{pipeline=\"%s\",sink=\"%s\"", views->pipeline,
                               views->items[i].sink);

    if (rc == SL_OK && more != NULL) {
        rc = sl_buf_add_format(out, ",%s=\"%s\"", more, value);
    }
    return rc == SL_OK ? sl_buf_add_str(out, "} ") : rc;
}

static int add_figure(struct sl_buf *out, const struct metric *metric, const struct sl_view *view)
{
    uint64_t value;

    memcpy(&value, (const char *)view + metric->offset, sizeof(value));
    return metric->divisor > 0 ? sl_buf_add_format(out, "%.6f\n", (double)value / metric->divisor)
                               : sl_buf_add_format(out, "%" PRIu64 "\n", value);
}

static int add_metric(const struct sl_views *views, const struct metric *metric, struct sl_buf *out)
{
    int rc = add_head(out, metric->name, metric->type, metric->help);

    for (size_t i = 0; rc == SL_OK && i < views->count; i++) {
        rc = sl_buf_add_format(out, "sluice_%s", metric->name);
        rc = rc == SL_OK ? add_labels(out, views, i, NULL, NULL) : rc;
        rc = rc == SL_OK ? add_figure(out, metric, &views->items[i].view) : rc;
    }
    return rc;
}

static int add_states(const struct sl_views *views, struct sl_buf *out)
{
    int rc = add_head(out, "state", "gauge", "1 for what the pipeline is doing.");

    for (size_t i = 0; rc == SL_OK && i < views->count; i++) {
        for (int state = 0; rc == SL_OK && state < SL_VIEW_STATES; state++) {
            rc = sl_buf_add_str(out, "sluice_state");
            rc = rc == SL_OK ? add_labels(out, views, i, "state",
                                          sl_view_state_name((enum sl_view_state)state))
                             : rc;
            rc = rc == SL_OK
                     ? sl_buf_add_format(out, "%d\n", (int)views->items[i].view.state == state)
                     : rc;
        }
    }
    return rc;
}

static int add_failures(const struct sl_views *views, struct sl_buf *out)
{
    int rc =
        add_head(out, "failures_total", "counter", "Failures that were tried again, by cause.");

    for (size_t i = 0; rc == SL_OK && i < views->count; i++) {
        for (int cause = 0; rc == SL_OK && cause < SL_VIEW_FAILURES; cause++) {
            rc = sl_buf_add_str(out, "sluice_failures_total");
            rc = rc == SL_OK ? add_labels(out, views, i, "cause",
                                          sl_view_failure_name((enum sl_view_failure)cause))
                             : rc;
            rc = rc == SL_OK
                     ? sl_buf_add_format(out, "%" PRIu64 "\n", views->items[i].view.failures[cause])
                     : rc;
        }
    }
    return rc;
}

static int add_fresh(const struct sl_views *views, struct sl_buf *out)
{
    int rc = add_head(out, "fresh", "gauge", "1 when who reads the cache may rely on it.");

    for (size_t i = 0; rc == SL_OK && i < views->count; i++) {
        rc = sl_buf_add_str(out, "sluice_fresh");
        rc = rc == SL_OK ? add_labels(out, views, i, NULL, NULL) : rc;
        rc = rc == SL_OK
                 ? sl_buf_add_format(out, "%d\n",
                                     sl_view_is_fresh(&views->items[i].view, views->max_lag_s))
                 : rc;
    }
    return rc;
}

static int add_bucket(const struct sl_views *views, size_t i, size_t bucket, uint64_t count,
                      struct sl_buf *out)
{
    uint64_t bound_us = sl_histogram_bound_us(bucket);
    char bound[24] = "+Inf";
    int rc = sl_buf_add_str(out, "sluice_sink_exec_seconds_bucket");

    if (bound_us != UINT64_MAX) {
        (void)snprintf(bound, sizeof(bound), "%g", (double)bound_us / 1e6);
    }
    rc = rc == SL_OK ? add_labels(out, views, i, "le", bound) : rc;
    return rc == SL_OK ? sl_buf_add_format(out, "%" PRIu64 "\n", count) : rc;
}

static int add_latency_of(const struct sl_views *views, size_t i, struct sl_buf *out)
{
    const struct sl_histogram *exec = &views->items[i].view.sink.exec;
    uint64_t count = 0;
    int rc = SL_OK;

    for (size_t bucket = 0; rc == SL_OK && bucket < SL_HISTOGRAM_BUCKETS; bucket++) {
        count += exec->counts[bucket];
        rc = add_bucket(views, i, bucket, count, out);
    }
    rc = rc == SL_OK ? sl_buf_add_str(out, "sluice_sink_exec_seconds_sum") : rc;
    rc = rc == SL_OK ? add_labels(out, views, i, NULL, NULL) : rc;
    rc = rc == SL_OK ? sl_buf_add_format(out, "%.6f\n", (double)exec->sum_us / 1e6) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(out, "sluice_sink_exec_seconds_count") : rc;
    rc = rc == SL_OK ? add_labels(out, views, i, NULL, NULL) : rc;
    return rc == SL_OK ? sl_buf_add_format(out, "%" PRIu64 "\n", count) : rc;
}

static int add_latency(const struct sl_views *views, struct sl_buf *out)
{
    int rc = add_head(out, "sink_exec_seconds", "histogram",
                      "From the moment a group is put on its way to its acknowledgement.");

    for (size_t i = 0; rc == SL_OK && i < views->count; i++) {
        rc = add_latency_of(views, i, out);
    }
    return rc;
}

static int add_program(const struct sl_views *views, struct sl_buf *out)
{
    int rc = add_head(out, "build_info", "gauge", "The version of the program.");

    rc = rc == SL_OK
             ? sl_buf_add_format(out, "sluice_build_info{version=\"%s\"} 1\n", SLUICE_VERSION)
             : rc;
    rc = rc == SL_OK ? add_head(out, "start_time_seconds", "gauge",
                                "When the daemon was started, since 1970.")
                     : rc;
    return rc == SL_OK ? sl_buf_add_format(out, "sluice_start_time_seconds %.3f\n",
                                           (double)views->began_ms / 1e3)
                       : rc;
}

int sl_metrics_write(const struct sl_views *views, struct sl_buf *out)
{
    int rc = add_program(views, out);

    rc = rc == SL_OK ? add_fresh(views, out) : rc;
    rc = rc == SL_OK ? add_states(views, out) : rc;
    for (size_t i = 0; rc == SL_OK && i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        rc = add_metric(views, &metrics[i], out);
    }
    rc = rc == SL_OK ? add_failures(views, out) : rc;
    return rc == SL_OK ? add_latency(views, out) : rc;
}
