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

#include "cmd/reconcile_report.h"
#include "filters/json_string.h"
#include "filters/utf8.h"
#include "sinks/transport.h"

enum { SL_PROGRESS_MS = 500 };

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

void sl_reconcile_end_progress(struct sl_reconcile_report *report)
{
    if (report->has_progress) {
        (void)fputs("\r\033[K", stderr);
        report->has_progress = false;
    }
}

void sl_reconcile_say(struct sl_reconcile_report *report, const char *format, ...)
{
    va_list args;

    sl_reconcile_end_progress(report);
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

static int add_bytes(struct sl_buf *out, const char *name, struct sl_span bytes)
{
    bool is_text = sl_utf8_is_valid(bytes);
    int rc = sl_buf_add_format(out, ",\"%s%s\":", name, is_text ? "" : "_base64");

    if (rc != SL_OK) {
        return rc;
    }
    return is_text ? sl_json_string(bytes, out) : sl_json_base64(bytes, out);
}

static int add_member(struct sl_buf *out, struct sl_span name)
{
    struct sl_span key;
    struct sl_span member;
    int rc = sl_item_split_member(name, &key, &member);

    rc = rc == SL_OK ? add_bytes(out, "key", key) : rc;
    return rc == SL_OK ? add_bytes(out, "member", member) : rc;
}

static int add_item(struct sl_buf *out, const struct sl_reconcile_line *line)
{
    struct sl_span name = sl_suspect_key(line->suspect);
    int rc = line->index != NULL ? sl_buf_add_str(out, ",\"index\":") : SL_OK;

    rc = rc == SL_OK && line->index != NULL ? sl_json_string(span_of(line->index), out) : rc;
    if (rc != SL_OK) {
        return rc;
    }
    return line->is_member ? add_member(out, name) : add_bytes(out, "key", name);
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
    rc = rc == SL_OK ? add_item(out, line) : rc;
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
    sl_reconcile_end_progress(report);
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

    sl_reconcile_end_progress(report);
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

int sl_reconcile_report_table(struct sl_reconcile_report *report, struct sl_span db,
                              struct sl_span table, const struct sl_reconcile_counts *counts)
{
    struct sl_buf name = {0};
    const char *text;
    int rc = sl_buf_add_format(&name, "%.*s.%.*s", (int)db.len, (const char *)db.data,
                               (int)table.len, (const char *)table.data);

    text = rc == SL_OK ? sl_buf_cstr(&name) : NULL;
    rc = text != NULL ? SL_OK : SL_ENOMEM;
    sl_reconcile_end_progress(report);
    if (rc == SL_OK) {
        print_table(counts, text);
        rc = sl_reconcile_add_metrics(report, text, counts);
    }
    sl_buf_release(&name);
    return rc;
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
