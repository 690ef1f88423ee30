/* metrics_histograms.c - latencies and sizes: buckets, sum, count. */
#include <stdio.h>

#include "cmd/metrics_text.h"

struct shown {
    const char *name;
    const char *help;
    size_t offset; /* of a struct sl_histogram in struct sl_view */
    enum sl_histogram_scale scale;
};

#define AT(member) offsetof(struct sl_view, sink.member)

static const struct shown all_shown[] = {
    {"sink_exec_seconds", "From the moment a group is put on its way to its acknowledgement.",
     AT(exec), SL_SCALE_US},
    {"sink_batch_rows", "Row changes in a batch that the sink has acknowledged.", AT(batch_rows),
     SL_SCALE_ROWS},
    {"sink_batch_bytes", "Bytes of the commands of such a batch.", AT(batch_bytes), SL_SCALE_BYTES},
};

static const struct sl_histogram *histogram_of(const struct sl_metric_sink *sink,
                                               const struct shown *shown)
{
    return (const void *)((const char *)sl_metric_view(sink) + shown->offset);
}

static void format_bound(const struct shown *shown, size_t bucket, char *out, size_t size)
{
    uint64_t bound = sl_histogram_bound(shown->scale, bucket);

    if (bound == UINT64_MAX) {
        (void)snprintf(out, size, "+Inf");
    } else if (shown->scale == SL_SCALE_US) {
        (void)snprintf(out, size, "%g", (double)bound / 1e6);
    } else {
        (void)snprintf(out, size, "%llu", (unsigned long long)bound);
    }
}

static int add_buckets(const struct sl_metric_sink *sink, const struct shown *shown,
                       uint64_t *count)
{
    const struct sl_histogram *histogram = histogram_of(sink, shown);
    char name[64];
    int rc = SL_OK;

    (void)snprintf(name, sizeof(name), "%s_bucket", shown->name);
    *count = 0;
    for (size_t i = 0; rc == SL_OK && i < SL_HISTOGRAM_BUCKETS; i++) {
        char bound[24];
        const struct sl_metric_label label = {.name = "le", .value = bound};

        format_bound(shown, i, bound, sizeof(bound));
        *count += histogram->counts[i];
        rc = sl_metric_count(sink, name, &label, *count);
    }
    return rc;
}

static int add_histogram(const struct sl_metric_sink *sink, const struct shown *shown)
{
    uint64_t sum = histogram_of(sink, shown)->sum;
    uint64_t count = 0;
    char name[64];
    int rc = add_buckets(sink, shown, &count);

    (void)snprintf(name, sizeof(name), "%s_sum", shown->name);
    if (rc == SL_OK) {
        rc = shown->scale == SL_SCALE_US ? sl_metric_seconds(sink, name, NULL, (double)sum / 1e6)
                                         : sl_metric_count(sink, name, NULL, sum);
    }
    (void)snprintf(name, sizeof(name), "%s_count", shown->name);
    return rc == SL_OK ? sl_metric_count(sink, name, NULL, count) : rc;
}

int sl_metrics_histograms(const struct sl_views *views, struct sl_buf *out)
{
    int rc = SL_OK;

    for (size_t n = 0; rc == SL_OK && n < sizeof(all_shown) / sizeof(all_shown[0]); n++) {
        rc = sl_metric_head(out, all_shown[n].name, "histogram", all_shown[n].help);
        for (size_t i = 0; rc == SL_OK && i < views->count; i++) {
            const struct sl_metric_sink sink = {.views = views, .i = i, .out = out};

            rc = add_histogram(&sink, &all_shown[n]);
        }
    }
    return rc;
}
