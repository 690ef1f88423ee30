/*
 * reconcile_report.c - what is said: a line for each drifted key, the summary, metrics, progress.
 * Never a value of a row.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/reconcile_private.h"
#include "filters/json_string.h"
#include "filters/utf8.h"
#include "sinks/transport.h"

enum { SL_PROGRESS_MS = 500 };

/* Of each table; the samples of a metric have to stand together. */
enum sl_metric {
    SL_METRIC_ROWS,
    SL_METRIC_KEYS,
    SL_METRIC_DRIFT,
    SL_METRIC_MENDED,
    SL_METRIC_UNSETTLED,
    SL_METRICS,
};

static const char *const metric_heads[SL_METRICS][2] = {
    [SL_METRIC_ROWS] = {"rows", "Rows of the source that were compared with their keys."},
    [SL_METRIC_KEYS] = {"keys", "Keys of the sink that were looked up at the source."},
    [SL_METRIC_DRIFT] = {"drift", "Keys that differ, by kind; expired ones are no drift."},
    [SL_METRIC_MENDED] = {"mended", "Of the keys that differed, those that were mended."},
    [SL_METRIC_UNSETTLED] = {"unsettled", "Keys of which it could not be said whether they drift."},
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

static const struct sl_clock *real(void)
{
    return sl_clock_real();
}

int sl_reconcile_report_new(const struct sl_reconcile_words *words, const char *pipeline,
                            struct sl_reconcile_report **report, struct sl_err *err)
{
    struct sl_reconcile_report *made = calloc(1, sizeof(*made));

    if (made == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    made->words = words;
    made->pipeline = pipeline;
    made->is_terminal = isatty(STDERR_FILENO) == 1;
    made->began_ms = sl_clock_mono_ms(real());
    if (words->report != NULL) {
        made->lines = fopen(words->report, "we");
        if (made->lines == NULL) {
            int code = errno;

            free(made);
            return sl_err_set(err, SL_EINVAL, "--report: %s cannot be written: %s", words->report,
                              strerror(code)); /* NOLINT(concurrency-mt-unsafe) */
        }
    }
    *report = made;
    return SL_OK;
}

void sl_reconcile_report_free(struct sl_reconcile_report *report)
{
    if (report == NULL) {
        return;
    }
    if (report->lines != NULL) {
        (void)fclose(report->lines);
    }
    for (int i = 0; i < SL_METRICS; i++) {
        sl_buf_release(&report->samples[i]);
    }
    free(report);
}

static void end_progress(struct sl_reconcile_report *report)
{
    if (report->has_progress) {
        (void)fputs("\r\033[K", stderr);
        report->has_progress = false;
    }
}

void sl_reconcile_say(struct sl_reconcile_report *report, const char *format, ...)
{
    va_list args;

    end_progress(report);
    (void)fputs("sluice reconcile: ", stderr);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputs("\n", stderr);
}

/* ---- a line of the report ---- */

static struct sl_span span_of(const char *text)
{
    return sl_span_make(text, strlen(text));
}

static int add_table(struct sl_buf *out, struct sl_span db, struct sl_span table)
{
    size_t at = out->len;
    int rc = sl_buf_add(out, db.data, db.len);

    rc = rc == SL_OK ? sl_buf_add_byte(out, '.') : rc;
    rc = rc == SL_OK ? sl_buf_add(out, table.data, table.len) : rc;
    return rc == SL_OK ? sl_json_quote_tail(out, at) : rc;
}

static int add_key(struct sl_buf *out, struct sl_span key)
{
    bool is_text = sl_utf8_is_valid(key);
    int rc = sl_buf_add_str(out, is_text ? ",\"key\":" : ",\"key_base64\":");

    if (rc != SL_OK) {
        return rc;
    }
    return is_text ? sl_json_string(key, out) : sl_json_base64(key, out);
}

static int add_place(struct sl_buf *out, const char *name, const char *file, uint64_t offset)
{
    return sl_buf_add_format(out, ",\"%s\":\"%s:%" PRIu64 "\"", name, file, offset);
}

static int add_time(struct sl_buf *out, uint64_t ms)
{
    char text[32] = "";
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;

    if (gmtime_r(&seconds, &parts) != NULL) {
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    }
    return sl_buf_add_format(out, ",\"first_seen\":\"%s.%03uZ\"", text, (unsigned)(ms % 1000));
}

int sl_reconcile_format_line(const struct sl_reconcile_line *line, struct sl_buf *out)
{
    int rc = sl_buf_add_str(out, "{\"sink\":");

    rc = rc == SL_OK ? sl_json_string(span_of(line->sink), out) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(out, ",\"table\":") : rc;
    rc = rc == SL_OK ? add_table(out, line->db, line->table) : rc;
    rc = rc == SL_OK ? add_key(out, sl_suspect_key(line->suspect)) : rc;
    rc = rc == SL_OK ? sl_buf_add_format(out, ",\"kind\":\"%s\"", sl_drift_name(line->drift)) : rc;
    if (rc == SL_OK && line->fields != NULL) {
        rc = sl_buf_add_format(out, ",\"fields\":%s", line->fields);
    }
    if (rc == SL_OK && line->drift != SL_DRIFT_ORPHAN) {
        rc = sl_buf_add_format(out, ",\"expected\":\"%016" PRIx64 "\"", line->expected);
    }
    if (rc == SL_OK && line->drift != SL_DRIFT_MISSING) {
        rc = sl_buf_add_format(out, ",\"found\":\"%016" PRIx64 "\"", line->found);
    }
    rc = rc == SL_OK ? add_place(out, "low", line->suspect->low_file, line->suspect->low_offset)
                     : rc;
    rc = rc == SL_OK ? add_place(out, "high", line->high->file, line->high->offset) : rc;
    return rc == SL_OK ? add_time(out, line->suspect->first_seen_ms) : rc;
}

int sl_reconcile_report_line(struct sl_reconcile_report *report, const char *line, int mended,
                             struct sl_err *err)
{
    static const char *const ends[] = {"}\n", ",\"mended\":false}\n", ",\"mended\":true}\n"};

    if (report->lines == NULL) {
        return SL_OK;
    }
    if (fputs(line, report->lines) < 0 || fputs(ends[mended + 1], report->lines) < 0 ||
        fflush(report->lines) != 0) {
        return sl_err_set(err, SL_EINVAL, "--report: %s cannot be written", report->words->report);
    }
    return SL_OK;
}

/* ---- the summary ---- */

void sl_reconcile_report_sink(struct sl_reconcile_report *report,
                              const struct sl_redis_options *sink)
{
    end_progress(report);
    report->sink = sink->name;
    (void)printf("sink %s  %s\n", sink->name, sl_redis_url(sink));
    (void)printf("%-32s %10s %10s %8s %8s %9s %8s %8s %8s %8s %8s\n", "table", "rows", "keys",
                 "drift", "mended", "unsettled", "expired", "rows/s", "queries", "query s",
                 "read MiB");
    (void)fflush(stdout);
}

void sl_reconcile_report_log(struct sl_reconcile_report *report, const struct sl_reconcile_log *log)
{
    struct sl_buf from = {0};
    const char *text = NULL;

    end_progress(report);
    report->log = *log;
    report->log.from = NULL;
    report->log.to = NULL;
    if (sl_position_format(log->from, &from) == SL_OK) {
        text = sl_buf_cstr(&from);
    }
    (void)printf("log %s to %s:%" PRIu64 "  %" PRIu64
                 " events, %.1f MiB, %.3f s, %zu keys changed\n",
                 text != NULL ? text : "", log->to->file, log->to->offset, log->events,
                 (double)log->bytes / 1048576.0, (double)log->took_ms / 1000, log->keys);
    (void)fflush(stdout);
    sl_buf_release(&from);
}

static uint64_t drift_of(const struct sl_reconcile_counts *counts)
{
    uint64_t drift = 0;

    for (int kind = SL_DRIFT_NONE + 1; kind < SL_DRIFT_EXPIRED; kind++) {
        drift += counts->drift[kind];
    }
    return drift;
}

static void print_kinds(const struct sl_reconcile_counts *counts)
{
    const char *separator = " ";

    for (int kind = SL_DRIFT_NONE + 1; kind < SL_DRIFT_EXPIRED; kind++) {
        if (counts->drift[kind] > 0) {
            (void)printf("%s %s %" PRIu64, separator, sl_drift_name((enum sl_drift)kind),
                         counts->drift[kind]);
            separator = ",";
        }
    }
    (void)printf("\n");
}

static void print_table(const struct sl_reconcile_counts *counts, const char *name)
{
    uint64_t rows = counts->rows + counts->keys;
    uint64_t drift = drift_of(counts);

    (void)printf("%-32s %10" PRIu64 " %10" PRIu64 " %8" PRIu64 " %8" PRIu64 " %9" PRIu64
                 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8.3f %8.1f\n",
                 name, counts->rows, counts->keys, drift, counts->mended, counts->unsettled,
                 counts->drift[SL_DRIFT_EXPIRED],
                 rows * 1000 / (counts->took_ms > 0 ? counts->took_ms : 1), counts->queries,
                 (double)counts->query_us / 1e6, (double)counts->redis_bytes / 1048576.0);
    if (drift > 0) {
        print_kinds(counts);
    }
    if (counts->unsettled > 0) {
        (void)printf("  unsettled %" PRIu64 ": drift could not be excluded\n", counts->unsettled);
    }
    (void)fflush(stdout);
}

/* ---- metrics, as node_exporter's textfile collector reads them ---- */

static int add_label(struct sl_buf *out, const char *name, struct sl_span value)
{
    int rc = sl_buf_add_format(out, "%s=\"", name);

    for (size_t i = 0; rc == SL_OK && i < value.len; i++) {
        uint8_t byte = value.data[i];

        if (byte == '"' || byte == '\\' || byte == '\n') {
            rc = sl_buf_add_byte(out, '\\');
        }
        rc = rc == SL_OK ? sl_buf_add_byte(out, byte == '\n' ? 'n' : byte) : rc;
    }
    return rc == SL_OK ? sl_buf_add_byte(out, '"') : rc;
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

    rc = rc == SL_OK ? add_label(out, "pipeline", span_of(report->pipeline)) : rc;
    rc = rc == SL_OK ? sl_buf_add_byte(out, ',') : rc;
    rc = rc == SL_OK ? add_label(out, "sink", span_of(report->sink)) : rc;
    rc = rc == SL_OK ? sl_buf_add_byte(out, ',') : rc;
    rc = rc == SL_OK ? add_label(out, "table", span_of(table)) : rc;
    if (rc == SL_OK && kind != NULL) {
        rc = sl_buf_add_format(out, ",kind=\"%s\"", kind);
    }
    rc = rc == SL_OK ? sl_buf_add_str(out, scope_of(report)) : rc;
    return rc == SL_OK ? sl_buf_add_format(out, "} %" PRIu64 "\n", value) : rc;
}

static int add_metrics(struct sl_reconcile_report *report, const char *table,
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

int sl_reconcile_report_table(struct sl_reconcile_report *report, struct sl_span db,
                              struct sl_span table, const struct sl_reconcile_counts *counts)
{
    struct sl_buf name = {0};
    const char *text;
    int rc = sl_buf_add_format(&name, "%.*s.%.*s", (int)db.len, (const char *)db.data,
                               (int)table.len, (const char *)table.data);

    text = rc == SL_OK ? sl_buf_cstr(&name) : NULL;
    rc = text != NULL ? SL_OK : SL_ENOMEM;
    end_progress(report);
    if (rc == SL_OK) {
        print_table(counts, text);
        rc = add_metrics(report, text, counts);
    }
    sl_buf_release(&name);
    return rc;
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
                 sl_clock_wall_ms(real()) / 1000);
    write_of_run(report, file, "duration_seconds", "How long the last run took.",
                 (sl_clock_mono_ms(real()) - report->began_ms) / 1000);
    write_of_run(report, file, "exit_status",
                 "Exit status of the last run: 0 equal or mended, 1 drift remains.",
                 (uint64_t)status);
    if (report->words->since_text != NULL) {
        write_of_run(report, file, "log_events", "Events of the binary log that --since read.",
                     report->log.events);
        write_of_run(report, file, "log_bytes", "Bytes of the binary log that --since read.",
                     report->log.bytes);
        write_of_run(report, file, "log_milliseconds", "How long reading the binary log took.",
                     report->log.took_ms);
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

    end_progress(report);
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

/* ---- progress ---- */

void sl_reconcile_progress(struct sl_reconcile_report *report, struct sl_span db,
                           struct sl_span table, const struct sl_reconcile_counts *counts,
                           uint64_t estimate)
{
    uint64_t now = sl_clock_mono_ms(real());

    if (!report->is_terminal || now - report->shown_ms < SL_PROGRESS_MS) {
        return;
    }
    report->shown_ms = now;
    report->has_progress = true;
    (void)fprintf(stderr,
                  "\r\033[K%.*s.%.*s: %" PRIu64 " of about %" PRIu64 " rows, %" PRIu64
                  " keys, %" PRIu64 " drift",
                  (int)db.len, (const char *)db.data, (int)table.len, (const char *)table.data,
                  counts->rows, estimate, counts->keys, drift_of(counts));
    (void)fflush(stderr);
}
