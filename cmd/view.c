#include "cmd/view.h"

/* The heartbeat is written once a second and runs out after this long. */
enum { SL_FRESH_MS = SL_HEARTBEAT_TTL_MS };

void sl_view_release(struct sl_view *view)
{
    sl_buf_release(&view->gtid);
}

int sl_view_copy(struct sl_view *copy, const struct sl_view *view)
{
    struct sl_buf gtid = copy->gtid;
    int rc;

    sl_buf_clear(&gtid);
    rc = sl_buf_add(&gtid, view->gtid.data, view->gtid.len);
    *copy = *view;
    copy->gtid = gtid;
    return rc;
}

const char *sl_view_state_name(enum sl_view_state state)
{
    static const char *const names[SL_VIEW_STATES] = {
        [SL_VIEW_CONNECTING] = "connecting",     [SL_VIEW_STANDBY] = "standby",
        [SL_VIEW_RECONNECTING] = "reconnecting", [SL_VIEW_LOADING] = "loading",
        [SL_VIEW_STREAMING] = "streaming",       [SL_VIEW_STOPPING] = "stopping",
    };

    return names[state];
}

const char *sl_view_failure_name(enum sl_view_failure failure)
{
    static const char *const names[SL_VIEW_FAILURES] = {
        [SL_VIEW_SINK_LOST] = "sink_lost",
        [SL_VIEW_FENCED] = "fenced",
        [SL_VIEW_SOURCE_LOST] = "source_lost",
        [SL_VIEW_GAP] = "gap",
    };

    return names[failure];
}

bool sl_view_is_fresh(const struct sl_view *view, uint64_t max_lag_s)
{
    if (view->state == SL_VIEW_STANDBY) {
        return true;
    }
    return view->state == SL_VIEW_STREAMING && view->has_acked &&
           view->acked_age_ms < SL_FRESH_MS && view->lag_seconds <= max_lag_s;
}

bool sl_views_are_fresh(const struct sl_views *views)
{
    for (size_t i = 0; i < views->count; i++) {
        if (!sl_view_is_fresh(&views->items[i].view, views->max_lag_s)) {
            return false;
        }
    }
    return true;
}
