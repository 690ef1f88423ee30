/*
 * view.h - what one pipeline does, as figures: its own thread fills them (runner_view.c), pages
 * show them (metrics.c, status_page.c). Counters count since the daemon was started.
 */
#ifndef SLUICE_CMD_VIEW_H
#define SLUICE_CMD_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/log_place.h"
#include "cdc/table_counts.h"
#include "cmd/observed.h"
#include "sinks/heartbeat.h"
#include "sinks/redis_sink.h"

/* What a pipeline is doing. */
enum sl_view_state {
    SL_VIEW_CONNECTING,   /* to the sink, or again */
    SL_VIEW_STANDBY,      /* another writer has the lease */
    SL_VIEW_RECONNECTING, /* to the source */
    SL_VIEW_LOADING,      /* streaming, and some table is not whole yet */
    SL_VIEW_STREAMING,
    SL_VIEW_STOPPING,
    SL_VIEW_STATES,
};

/* What ended a session or a reader, and was tried again. */
enum sl_view_failure {
    SL_VIEW_SINK_LOST,
    SL_VIEW_FENCED, /* another writer came, or the sink's data went back in time */
    SL_VIEW_SOURCE_LOST,
    SL_VIEW_GAP, /* changes were missing: all tables are loaded again */
    SL_VIEW_FAILURES,
};

/* Of readers, each of which counts from 0. */
struct sl_view_source {
    uint64_t events;
    uint64_t bytes;
    uint64_t rows;
    uint64_t transactions;
};

struct sl_view_loads {
    uint64_t rows;    /* read by SELECT */
    uint64_t put;     /* of these, written */
    uint64_t queries; /* SELECTs */
    uint64_t query_us;
    uint64_t removed; /* keys without a row */
};

/* Zeroed: a valid empty one, CONNECTING. */
struct sl_view {
    enum sl_view_state state;
    uint64_t is_leader;     /* 1 when it holds the lease; a figure as the others */
    uint64_t sink_sessions; /* that were opened */
    uint64_t streams;       /* how often the source began to stream */
    uint64_t failures[SL_VIEW_FAILURES];
    uint64_t lag_seconds;  /* as in the heartbeat */
    uint64_t acked_age_ms; /* since the sink acknowledged something, the heartbeat at least */
    bool has_acked;
    bool has_checkpoint; /* one was acknowledged since the daemon was started */
    uint64_t checkpoint_age_ms;
    struct sl_sink_stats sink;
    struct sl_view_source source;
    struct sl_view_loads loads;
    struct sl_heartbeat_rows rows;
    uint64_t queue_bytes; /* rows on their way to the sink */
    uint64_t queue_limit_bytes;
    uint32_t event_time; /* of the last change that was acknowledged; 0: none */
    char file[SL_BINLOG_NAME_MAX];
    uint64_t offset;
    char server_uuid[SL_SERVER_UUID_TEXT + 1]; /* whose file it is, as in struct sl_position */
    struct sl_log_place read;                  /* how far the source was read; nowhere: not now */
    struct sl_buf gtid; /* of the acknowledged position, as text; empty: none */
};

void sl_view_release(struct sl_view *view);
/* Makes COPY one of VIEW. SL_ENOMEM. */
int sl_view_copy(struct sl_view *copy, const struct sl_view *view) SL_MUSTCHECK;
const char *sl_view_state_name(enum sl_view_state state);
const char *sl_view_failure_name(enum sl_view_failure failure);
/* True when who reads the cache may rely on it: its changes arrive, and not later than MAX_LAG_S.
 * A standby is: the cache is another's to keep. */
bool sl_view_is_fresh(const struct sl_view *view, uint64_t max_lag_s);

/* A view and whose it is. */
struct sl_view_of_sink {
    const char *sink; /* its name, borrowed */
    char url[300];    /* without secrets */
    struct sl_view view;
    const struct sl_table_counts *tables; /* borrowed; NULL: not counted */
    struct sl_observed observed;
};

/* Everything that pages show. */
struct sl_views {
    const char *pipeline; /* borrowed */
    uint64_t began_ms;    /* the daemon, since 1970 */
    uint64_t max_lag_s;
    struct sl_view_of_sink *items;
    size_t count;
};

/* True when all are. */
bool sl_views_are_fresh(const struct sl_views *views);

/* Appends all as metrics, in Prometheus' text format 0.0.4. */
int sl_metrics_write(const struct sl_views *views, struct sl_buf *out) SL_MUSTCHECK;
/* Appends all as one JSON object. */
int sl_status_page_write(const struct sl_views *views, struct sl_buf *out) SL_MUSTCHECK;

#endif
