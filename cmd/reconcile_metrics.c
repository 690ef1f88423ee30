/*
 * reconcile_metrics.c - metrics, as node_exporter's textfile collector reads them.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cmd/metrics_text.h"
#include "cmd/reconcile_report.h"

static const char *const metric_heads[SL_METRICS][2] = {
    [SL_METRIC_ROWS] = {"rows", "Rows of the source that were compared with their keys."},
    [SL_METRIC_KEYS] = {"keys", "Keys of the sink that were looked up at the source."},
    [SL_METRIC_DRIFT] = {"drift", "Keys that differ, by kind; expired ones are no drift."},
    [SL_METRIC_MENDED] = {"mended", "Of the keys that differed, those that were mended."},
    [SL_METRIC_UNSETTLED] = {"unsettled", "Keys of which it could not be said whether they drift."},
};

static struct sl_span span_of(const char *text)
{
    return sl_span_make(text, strlen(text));
}

/* Both kinds of runs may be read by one collector. */
static const char *scope_of(const struct sl_reconcile_report *report)
{
    return report->words->since_text != NULL ? ",scope=\"changed\"" : "";
}

static int add_sample(struct sl_reconcile_report *report, enum sl_metric metric, const char *table,
                      const char *kind, uint64_t value)
{
    struct sl_buf *out = &report->samples[metric];
    int rc = sl_buf_add_format(out, "sluice_reconcile_%s{", metric_heads[metric][0]);

    rc = rc == SL_OK ? sl_metric_label(out, "pipeline", span_of(report->pipeline)) : rc;
    rc = rc == SL_OK ? sl_buf_add_byte(out, ',') : rc;
    rc = rc == SL_OK ? sl_metric_label(out, "sink", span_of(report->sink)) : rc;
    rc = rc == SL_OK ? sl_buf_add_byte(out, ',') : rc;
    rc = rc == SL_OK ? sl_metric_label(out, "table", span_of(table)) : rc;
    if (rc == SL_OK && kind != NULL) {
        rc = sl_buf_add_format(out, ",kind=\"%s\"", kind);
    }
    rc = rc == SL_OK ? sl_buf_add_str(out, scope_of(report)) : rc;
    return rc == SL_OK ? sl_buf_add_format(out, "} %" PRIu64 "\n", value) : rc;
}

int sl_reconcile_add_metrics(struct sl_reconcile_report *report, const char *table,
                             const struct sl_reconcile_counts *counts)
{
    int rc = add_sample(report, SL_METRIC_ROWS, table, NULL, counts->rows);

    rc = rc == SL_OK ? add_sample(report, SL_METRIC_KEYS, table, NULL, counts->keys) : rc;
    for (int kind = SL_DRIFT_NONE + 1; rc == SL_OK && kind < SL_DRIFT_KINDS; kind++) {
        rc = add_sample(report, SL_METRIC_DRIFT, table, sl_drift_name((enum sl_drift)kind),
                        counts->drift[kind]);
    }
    rc = rc == SL_OK ? add_sample(report, SL_METRIC_MENDED, table, NULL, counts->mended) : rc;
    return rc == SL_OK ? add_sample(report, SL_METRIC_UNSETTLED, table, NULL, counts->unsettled)
                       : rc;
}

static void write_head(FILE *file, const char *name, const char *help)
{
    (void)fprintf(file, "# HELP sluice_reconcile_%s %s\n# TYPE sluice_reconcile_%s gauge\n", name,
                  help, name);
}

static void write_of_run(const struct sl_reconcile_report *report, FILE *file, const char *name,
                         const char *help, uint64_t value)
{
    write_head(file, name, help);
    (void)fprintf(file, "sluice_reconcile_%s{pipeline=\"%s\"%s} %" PRIu64 "\n", name,
                  report->pipeline, scope_of(report), value);
}

static bool write_metrics(const struct sl_reconcile_report *report, FILE *file, int status)
{
    for (int i = 0; i < SL_METRICS; i++) {
        write_head(file, metric_heads[i][0], metric_heads[i][1]);
        (void)fwrite(report->samples[i].data, 1, report->samples[i].len, file);
    }
    write_of_run(report, file, "last_run_timestamp_seconds", "When the last run ended.",
                 sl_clock_wall_ms(sl_clock_real()) / 1000);
    write_of_run(report, file, "duration_seconds", "How long the last run took.",
                 (sl_clock_mono_ms(sl_clock_real()) - report->began_ms) / 1000);
    write_of_run(report, file, "exit_status",
                 "Exit status of the last run: 0 equal or mended, 1 drift remains.",
                 (uint64_t)status);
    if (report->words->since_text != NULL) {
        write_of_run(report, file, "log_events", "Events of the binary log that --since read.",
                     report->log.events);
        write_of_run(report, file, "log_bytes", "Bytes of the binary log that --since read.",
                     report->log.bytes);
        write_head(file, "log_seconds", "How long reading the binary log took.");
        (void)fprintf(file, "sluice_reconcile_log_seconds{pipeline=\"%s\"%s} %.3f\n",
                      report->pipeline, scope_of(report), (double)report->log.took_ms / 1e3);
    }
    return fflush(file) == 0 && ferror(file) == 0 && fsync(fileno(file)) == 0;
}

/* A reader sees the old file or the new one, never a part. */
int sl_reconcile_report_finish(struct sl_reconcile_report *report, int status, struct sl_err *err)
{
    const char *path = report->words->metrics;
    struct sl_buf name = {0};
    const char *temporary;
    FILE *file;
    bool is_written;

    sl_reconcile_end_progress(report);
    if (path == NULL) {
        return SL_OK;
    }
    if (sl_buf_add_format(&name, "%s.%d.tmp", path, (int)getpid()) != SL_OK ||
        (temporary = sl_buf_cstr(&name)) == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    file = fopen(temporary, "we");
    is_written = file != NULL && write_metrics(report, file, status);
    is_written = file != NULL && fclose(file) == 0 && is_written;
    is_written = is_written && rename(temporary, path) == 0;
    if (!is_written && file != NULL) {
        (void)remove(temporary);
    }
    sl_buf_release(&name);
    return is_written ? SL_OK : sl_err_set(err, SL_EINVAL, "--metrics: %s cannot be written", path);
}
