/* status_page.c - the page /status.json: what each pipeline does, for programs that watch it. */
#include <inttypes.h>
#include <string.h>

#include "cmd/view.h"
#include "filters/json_string.h"

static int add_text(struct sl_buf *out, const char *head, const char *text, size_t len)
{
    int rc = sl_buf_add_str(out, head);

    return rc == SL_OK ? sl_json_string(sl_span_make(text, len), out) : rc;
}

static int add_position(const struct sl_view *view, struct sl_buf *out)
{
    int rc = add_text(out, ",\"position\":{\"file\":", view->file, strlen(view->file));

    rc = rc == SL_OK ? sl_buf_add_format(out, ",\"pos\":%" PRIu64, view->offset) : rc;
    rc = rc == SL_OK ? add_text(out, ",\"gtid\":", (const char *)view->gtid.data, view->gtid.len)
                     : rc;
    return rc == SL_OK ? sl_buf_add_format(out, ",\"event_time\":%" PRIu32 "}", view->event_time)
                       : rc;
}

static int add_sink(const struct sl_views *views, size_t i, struct sl_buf *out)
{
    const struct sl_view_of_sink *item = &views->items[i];
    const struct sl_view *view = &item->view;
    const char *state = sl_view_state_name(view->state);
    int rc = add_text(out, "{\"name\":", item->sink, strlen(item->sink));

    rc = rc == SL_OK ? add_text(out, ",\"url\":", item->url, strlen(item->url)) : rc;
    rc = rc == SL_OK ? add_text(out, ",\"state\":", state, strlen(state)) : rc;
    rc = rc == SL_OK
             ? sl_buf_add_format(
                   out,
                   ",\"fresh\":%s,\"lag_seconds\":%" PRIu64 ",\"acknowledged_age_ms\":%" PRIu64
                   ",\"transactions\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"waiting\":%" PRIu64,
                   sl_view_is_fresh(view, views->max_lag_s) ? "true" : "false", view->lag_seconds,
                   view->acked_age_ms, view->sink.transactions, view->sink.rows, view->rows.waiting)
             : rc;
    rc = rc == SL_OK && item->observed.has_acked
             ? sl_buf_add_format(out, ",\"lag_bytes\":%" PRIu64, item->observed.acked_bytes)
             : rc;
    rc = rc == SL_OK && view->has_acked ? add_position(view, out) : rc;
    return rc == SL_OK ? sl_buf_add_byte(out, '}') : rc;
}

int sl_status_page_write(const struct sl_views *views, struct sl_buf *out)
{
    int rc = sl_buf_add_format(
        out, "{\"version\":\"%s\",\"pipeline\":\"%s\",\"fresh\":%s,\"sinks\":[", SLUICE_VERSION,
        views->pipeline, sl_views_are_fresh(views) ? "true" : "false");

    for (size_t i = 0; rc == SL_OK && i < views->count; i++) {
        rc = i > 0 ? sl_buf_add_byte(out, ',') : SL_OK;
        rc = rc == SL_OK ? add_sink(views, i, out) : rc;
    }
    return rc == SL_OK ? sl_buf_add_str(out, "]}\n") : rc;
}
