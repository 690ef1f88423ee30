#include "cdc/client/binlog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/client/dump.h"
#include "cdc/client/resume.h"
#include "cdc/client/session.h"

enum {
    SL_SILENT_PERIODS = 3, /* heartbeats that may be missed before the connection counts as dead */
    SL_SILENCE_MIN_MS = 2000,
    SL_PATIENCE_MAX = 16,
};

struct sl_binlog {
    struct sl_source source; /* first */
    struct sl_client client;
    struct sl_dump *dump;
    struct sl_server server;
    struct sl_buf gtid_set; /* encoded; the dump borrows it */
    struct sl_buf where;    /* the start, for sentences */
    char *reader;
    bool stop_at_end;
    bool got_event;
    unsigned patience; /* how many times longer than usual to wait for the first event */
};

static struct sl_binlog *of(struct sl_source *source)
{
    return (struct sl_binlog *)source;
}

/*
 * Finding the first file of a GTID set can take a server with many files longer than three
 * heartbeats, and it sends none meanwhile. A start that timed out waits twice as long the next
 * time.
 */
static uint32_t silence_ms(struct sl_binlog *binlog)
{
    uint64_t ms = (uint64_t)binlog->client.options.heartbeat_ms * SL_SILENT_PERIODS;

    ms = ms < SL_SILENCE_MIN_MS ? SL_SILENCE_MIN_MS : ms;
    return (uint32_t)(ms * binlog->patience);
}

static int resolve(struct sl_binlog *binlog, enum sl_start_kind kind, struct sl_position *start,
                   struct sl_err *err)
{
    switch (kind) {
    case SL_START_NOW:
        return sl_session_find_end(&binlog->client, &binlog->server, start, err);
    case SL_START_EARLIEST:
        return sl_session_find_begin(&binlog->client, &binlog->server, start, err);
    case SL_START_AT:
    default:
        return SL_OK;
    }
}

/*
 * A start that was just resolved is this server's own file and offset, which always works. But at
 * the end of MySQL's log its GTIDs were read before the offset (show_master_status() in
 * sql/rpl_source.cc takes gtid_executed, then the place), so that transactions may lie between the
 * two. By offset they would be passed over now and sent by the next start, behind newer changes of
 * the same rows.
 */
static int plan(struct sl_binlog *binlog, enum sl_start_kind kind, const struct sl_position *start,
                struct sl_resume *resume, struct sl_err *err)
{
    if (kind == SL_START_NOW && start->has_gtid && binlog->server.flavor == SL_FLAVOR_MYSQL) {
        *resume = (struct sl_resume){.how = SL_RESUME_BY_SET};
        return SL_OK;
    }
    if (kind != SL_START_AT) {
        *resume = (struct sl_resume){.how = SL_RESUME_BY_FILE};
        return SL_OK;
    }
    return sl_resume_plan(&binlog->client, &binlog->server, start, resume, err);
}

static int name_start(struct sl_binlog *binlog, const struct sl_position *start,
                      const struct sl_resume *resume)
{
    sl_buf_clear(&binlog->where);
    if (resume->how == SL_RESUME_BY_FILE) {
        return sl_buf_add_format(&binlog->where, "%s:%llu", start->file,
                                 (unsigned long long)start->offset);
    }
    if (sl_buf_add_str(&binlog->where, "GTID ") != SL_OK) {
        return SL_ENOMEM;
    }
    return sl_position_format_gtid(start, &binlog->where);
}

static int start_dump(struct sl_binlog *binlog, const struct sl_position *start,
                      const struct sl_resume *resume, struct sl_err *err)
{
    bool by_file = resume->how == SL_RESUME_BY_FILE;
    bool is_scan = binlog->reader[0] == '\0';
    struct sl_dump_request request = {
        .file = by_file ? start->file : "",
        .offset = by_file ? start->offset : 4,
        .server_id = is_scan ? 0 : binlog->client.options.server_id,
        .stop_at_end = binlog->stop_at_end,
        .by_gtid = resume->how == SL_RESUME_BY_SET,
    };
    int rc = SL_OK;

    sl_buf_clear(&binlog->gtid_set);
    if (request.by_gtid) {
        rc = sl_gtid_set_encode(&start->gtids, &binlog->gtid_set);
        request.gtid_set = sl_span_make(binlog->gtid_set.data, binlog->gtid_set.len);
    }
    if (rc != SL_OK || name_start(binlog, start, resume) != SL_OK ||
        sl_buf_cstr(&binlog->where) == NULL) {
        return sl_err_set(err, SL_ENOMEM, "no memory for the stream of the source");
    }
    return sl_dump_open(&binlog->client, &request, &binlog->dump, err);
}

static int connect_state(const struct sl_position *start, const struct sl_resume *resume,
                         struct sl_buf *text, const char **state)
{
    int rc;

    *state = NULL;
    if (resume->how != SL_RESUME_BY_LIST) {
        return SL_OK;
    }
    rc = sl_mgtid_list_format(&start->mgtids, text);
    if (rc == SL_OK) {
        *state = sl_buf_cstr(text);
    }
    return rc == SL_OK && *state == NULL ? SL_ENOMEM : rc;
}

static int begin(struct sl_binlog *binlog, enum sl_start_kind kind, struct sl_position *start,
                 struct sl_err *err)
{
    struct sl_resume resume = {.how = SL_RESUME_BY_FILE};
    struct sl_buf text = {0};
    const char *state = NULL;
    int rc = sl_client_open(&binlog->client, silence_ms(binlog), err);

    rc = rc == SL_OK ? sl_session_identify(&binlog->client, &binlog->server, err) : rc;
    rc = rc == SL_OK ? resolve(binlog, kind, start, err) : rc;
    rc = rc == SL_OK ? plan(binlog, kind, start, &resume, err) : rc;
    if (rc == SL_OK && connect_state(start, &resume, &text, &state) != SL_OK) {
        rc = sl_err_set(err, SL_ENOMEM, "no memory for the stream of the source");
    }
    rc = rc == SL_OK
             ? sl_session_prepare_dump(&binlog->client, &binlog->server, binlog->reader, state, err)
             : rc;
    rc = rc == SL_OK ? start_dump(binlog, start, &resume, err) : rc;
    sl_buf_release(&text);
    return rc;
}

static void drop_connection(struct sl_binlog *binlog)
{
    sl_dump_close(&binlog->client, binlog->dump);
    binlog->dump = NULL;
    sl_client_close(&binlog->client);
}

static void binlog_close(struct sl_source *source)
{
    drop_connection(of(source));
    sl_client_resume(&of(source)->client);
}

static int binlog_open(struct sl_source *source, enum sl_start_kind kind, struct sl_position *start,
                       struct sl_err *err)
{
    struct sl_binlog *binlog = of(source);
    int rc;

    drop_connection(binlog);
    binlog->got_event = false;
    rc = begin(binlog, kind, start, err);
    if (rc != SL_OK) {
        drop_connection(binlog);
        return sl_client_is_interrupted(&binlog->client)
                   ? sl_err_set(err, SL_ESTOPPED, "stopped while opening the stream")
                   : rc;
    }
    if (strcmp(start->server_uuid, binlog->server.uuid) != 0) {
        start->applied_file[0] = '\0'; /* another server's file */
    }
    if (start->server_uuid[0] == '\0' || kind == SL_START_AT) {
        memcpy(start->server_uuid, binlog->server.uuid, sizeof(start->server_uuid));
    }
    source->flavor = binlog->server.flavor;
    source->folds_names = binlog->server.folds_names;
    return SL_OK;
}

static int stream_failed(struct sl_binlog *binlog, struct sl_err *err)
{
    struct sl_source_peer peer = sl_client_peer(&binlog->client);
    struct sl_source_fault fault = sl_client_fault(&binlog->client);

    if (sl_client_is_interrupted(&binlog->client)) {
        return sl_err_set(err, SL_ESTOPPED, "stopped while waiting for the source");
    }
    if (!binlog->got_event && binlog->patience < SL_PATIENCE_MAX) {
        binlog->patience *= 2;
    }
    return sl_source_error_stream(&peer, (const char *)binlog->where.data, &fault, err);
}

static int binlog_next(struct sl_source *source, struct sl_span *event, struct sl_err *err)
{
    struct sl_binlog *binlog = of(source);
    int rc;

    if (binlog->dump == NULL) {
        return sl_err_set(err, SL_EIO, "the stream of the source is not open");
    }
    rc = sl_dump_fetch(&binlog->client, binlog->dump, event);
    if (rc < 0) {
        return stream_failed(binlog, err);
    }
    if (rc == SL_DONE && !binlog->stop_at_end) {
        return sl_err_set(err, SL_EIO, "source %s:%u ended the stream: it is shutting down",
                          binlog->client.options.host, binlog->client.options.port);
    }
    if (!binlog->got_event) {
        binlog->got_event = true;
        binlog->patience = 1;
    }
    return rc;
}

static void binlog_interrupt(struct sl_source *source)
{
    sl_client_interrupt(&of(source)->client);
}

static void binlog_free(struct sl_source *source)
{
    struct sl_binlog *binlog = of(source);

    drop_connection(binlog);
    sl_client_release(&binlog->client);
    sl_buf_release(&binlog->gtid_set);
    sl_buf_release(&binlog->where);
    free(binlog->reader);
    free(binlog);
}

static const struct sl_source_ops binlog_ops = {
    .open = binlog_open,
    .next = binlog_next,
    .interrupt = binlog_interrupt,
    .close = binlog_close,
    .free = binlog_free,
};

struct sl_source *sl_binlog_source_new(const struct sl_source_options *options, const char *reader,
                                       bool stop_at_end)
{
    struct sl_binlog *binlog = calloc(1, sizeof(*binlog));

    if (binlog == NULL) {
        return NULL;
    }
    binlog->source.ops = &binlog_ops;
    binlog->stop_at_end = stop_at_end;
    binlog->patience = 1;
    binlog->reader = strdup(reader);
    if (sl_client_init(&binlog->client, options) != SL_OK || binlog->reader == NULL) {
        binlog_free(&binlog->source);
        return NULL;
    }
    return &binlog->source;
}

const char *sl_binlog_library(void)
{
#if defined(SLUICE_CLIENT_MYSQL)
    return "libmysqlclient " MYSQL_SERVER_VERSION;
#else
    return "MariaDB Connector/C " MARIADB_PACKAGE_VERSION;
#endif
}
