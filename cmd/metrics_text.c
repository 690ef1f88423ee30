#include "cmd/metrics_text.h"

#include <inttypes.h>
#include <string.h>

int sl_metric_head(struct sl_buf *out, const char *name, const char *type, const char *help)
{
    return sl_buf_add_format(out, "# HELP sluice_%s %s\n# TYPE sluice_%s %s\n", name, help, name,
                             type);
}

int sl_metric_label(struct sl_buf *out, const char *name, struct sl_span value)
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

/* The names of pipelines and sinks hold nothing that is escaped: see sl_conf_take_name(). */
static int add_name(const struct sl_metric_sink *sink, const char *name,
                    const struct sl_metric_label *labels, size_t count)
{
    struct sl_buf *out = sink->out;
    int rc = sl_buf_add_format(out, "sluice_%s{pipeline=\"%s\",sink=\"%s\"", name,
                               sink->views->pipeline, sink->views->items[sink->i].sink);

    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        rc = sl_buf_add_byte(out, ',');
        rc = rc == SL_OK ? sl_metric_label(out, labels[i].name,
                                           sl_span_make(labels[i].value, strlen(labels[i].value)))
                         : rc;
    }
    return rc == SL_OK ? sl_buf_add_str(out, "} ") : rc;
}

int sl_metric_count_of(const struct sl_metric_sink *sink, const char *name,
                       const struct sl_metric_label *labels, size_t count, uint64_t value)
{
    int rc = add_name(sink, name, labels, count);

    return rc == SL_OK ? sl_buf_add_format(sink->out, "%" PRIu64 "\n", value) : rc;
}

int sl_metric_count(const struct sl_metric_sink *sink, const char *name,
                    const struct sl_metric_label *label, uint64_t value)
{
    return sl_metric_count_of(sink, name, label, label != NULL ? 1 : 0, value);
}

int sl_metric_seconds(const struct sl_metric_sink *sink, const char *name,
                      const struct sl_metric_label *label, double value)
{
    int rc = add_name(sink, name, label, label != NULL ? 1 : 0);

    return rc == SL_OK ? sl_buf_add_format(sink->out, "%.6f\n", value) : rc;
}

int sl_metric_each(const struct sl_views *views, struct sl_buf *out, const char *name,
                   const char *type, const char *help, sl_metric_fn add)
{
    int rc = sl_metric_head(out, name, type, help);

    for (size_t i = 0; rc == SL_OK && i < views->count; i++) {
        const struct sl_metric_sink sink = {.views = views, .i = i, .out = out};

        rc = add(&sink, name);
    }
    return rc;
}
