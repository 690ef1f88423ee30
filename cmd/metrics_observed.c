/* metrics_observed.c - what was asked of the servers: backlog, loads, comparisons. */
#include <string.h>

#include "cmd/metrics_text.h"

static const struct sl_observed *observed_of(const struct sl_metric_sink *sink)
{
    return &sink->views->items[sink->i].observed;
}

static int add_backlog(const struct sl_metric_sink *sink, const char *name)
{
    static const struct sl_metric_label read = {.name = "position", .value = "read"};
    static const struct sl_metric_label acked = {.name = "position", .value = "acknowledged"};
    const struct sl_observed *observed = observed_of(sink);
    int rc = observed->has_read ? sl_metric_count(sink, name, &read, observed->read_bytes) : SL_OK;

    return rc == SL_OK && observed->has_acked
               ? sl_metric_count(sink, name, &acked, observed->acked_bytes)
               : rc;
}

/* ---- loads ---- */

static int add_phases(const struct sl_metric_sink *sink, const char *name)
{
    const struct sl_observed *observed = observed_of(sink);
    int rc = SL_OK;

    for (int phase = 0; rc == SL_OK && observed->has_sink && phase < SL_OBSERVED_PHASES; phase++) {
        const struct sl_metric_label label = {
            .name = "phase", .value = sl_load_phase_name((enum sl_load_phase)phase)};

        rc = sl_metric_count(sink, name, &label, observed->tables[phase]);
    }
    return rc;
}

static int add_load_rows(const struct sl_metric_sink *sink, const char *name)
{
    const struct sl_observed *observed = observed_of(sink);
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < observed->load_count; i++) {
        const struct sl_metric_label label = {.name = "table", .value = observed->loads[i].table};

        rc = sl_metric_count(sink, name, &label, observed->loads[i].rows);
    }
    return rc;
}

static int add_estimates(const struct sl_metric_sink *sink, const char *name)
{
    const struct sl_observed *observed = observed_of(sink);
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < observed->load_count; i++) {
        const struct sl_metric_label label = {.name = "table", .value = observed->loads[i].table};

        rc = sl_metric_count(sink, name, &label, observed->loads[i].estimate);
    }
    return rc;
}

static int add_loads(const struct sl_views *views, struct sl_buf *out)
{
    int rc = sl_metric_each(views, out, "snapshot_tables", "gauge",
                            "Tables by how far their load is.", add_phases);

    rc = rc == SL_OK
             ? sl_metric_each(views, out, "snapshot_table_rows", "gauge",
                              "Rows read so far of a table whose load is not done.", add_load_rows)
             : rc;
    return rc == SL_OK
               ? sl_metric_each(views, out, "snapshot_table_estimated_rows", "gauge",
                                "Rows of such a table, by the server's estimate.", add_estimates)
               : rc;
}

/* ---- comparisons ---- */

struct shown {
    const char *name;
    const char *help;
    size_t offset; /* of a uint64_t in struct sl_reconcile_result */
    bool is_time;  /* in milliseconds */
};

#define AT(member) offsetof(struct sl_reconcile_result, member)

static const struct shown all_shown[] = {
    {"last_reconcile_timestamp_seconds", "When the last comparison ended, since 1970.",
     AT(ended_ms), true},
    {"last_reconcile_duration_seconds", "How long it took.", AT(took_ms), true},
    {"last_reconcile_exit_status", "What came of it: 0 equal or all mended, 1 drift remains.",
     AT(status), false},
    {"last_reconcile_rows", "Rows that it compared.", AT(rows), false},
    {"last_reconcile_drift", "Keys that differed.", AT(drift), false},
    {"last_reconcile_mended", "Of these, keys that were mended.", AT(mended), false},
    {"last_reconcile_unsettled", "Keys of which nobody could say whether they drift.",
     AT(unsettled), false},
};

static int add_result(const struct sl_metric_sink *sink, const struct shown *shown,
                      enum sl_reconcile_scope scope)
{
    const struct sl_reconcile_result *result = &observed_of(sink)->reconciled.last[scope];
    const struct sl_metric_label label = {.name = "scope", .value = sl_reconcile_scope_name(scope)};
    uint64_t value;

    if (result->ended_ms == 0) {
        return SL_OK;
    }
    memcpy(&value, (const char *)result + shown->offset, sizeof(value));
    return shown->is_time ? sl_metric_seconds(sink, shown->name, &label, (double)value / 1e3)
                          : sl_metric_count(sink, shown->name, &label, value);
}

static int add_results(const struct sl_views *views, const struct shown *shown, struct sl_buf *out)
{
    int rc = sl_metric_head(out, shown->name, "gauge", shown->help);

    for (size_t i = 0; rc == SL_OK && i < views->count; i++) {
        const struct sl_metric_sink sink = {.views = views, .i = i, .out = out};

        for (int scope = 0; rc == SL_OK && scope < SL_SCOPES; scope++) {
            rc = add_result(&sink, shown, (enum sl_reconcile_scope)scope);
        }
    }
    return rc;
}

int sl_metrics_observed(const struct sl_views *views, struct sl_buf *out)
{
    int rc = sl_metric_each(views, out, "lag_bytes", "gauge",
                            "Bytes of the source's log that were not read, or not acknowledged.",
                            add_backlog);

    rc = rc == SL_OK ? add_loads(views, out) : rc;
    for (size_t i = 0; rc == SL_OK && i < sizeof(all_shown) / sizeof(all_shown[0]); i++) {
        rc = add_results(views, &all_shown[i], out);
    }
    return rc;
}
