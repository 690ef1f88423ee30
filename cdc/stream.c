#include "cdc/stream.h"

#include <stdlib.h>

#include "cdc/rows.h"
#include "cdc/stream_private.h"

#define SL_STREAM_EVENT_MAX (UINT64_C(1) << 30) /* max_allowed_packet of a replica at most */

struct sl_stream *sl_stream_new(const struct sl_stream_options *options,
                                const struct sl_stream_handler *handler,
                                const struct sl_position *start)
{
    struct sl_stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL) {
        return NULL;
    }
    stream->options = *options;
    stream->handler = *handler;
    if (stream->options.max_event_bytes == 0) {
        stream->options.max_event_bytes = SL_STREAM_EVENT_MAX;
    }
    stream->is_mariadb = options->flavor == SL_FLAVOR_MARIADB;
    sl_position_init(&stream->read);
    if (sl_position_copy(&stream->read, start) != SL_OK) {
        sl_stream_free(stream);
        return NULL;
    }
    stream->offset = start->offset;
    stream->begin_offset = start->offset;
    return stream;
}

void sl_stream_free(struct sl_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    sl_layout_cache_release(&stream->layouts);
    sl_payload_release(&stream->payload);
    sl_decompress_release(&stream->decompress);
    sl_stream_free_prepared(stream);
    sl_position_release(&stream->read);
    free(stream);
}

const struct sl_position *sl_stream_position(const struct sl_stream *stream)
{
    return stream->prepared != NULL ? &stream->prepared->before : &stream->read;
}

const struct sl_position *sl_stream_read_position(const struct sl_stream *stream)
{
    return &stream->read;
}

bool sl_stream_in_transaction(const struct sl_stream *stream)
{
    return stream->group.is_open;
}

uint32_t sl_stream_event_time(const struct sl_stream *stream)
{
    return stream->event_time;
}

const struct sl_stream_stats *sl_stream_stats(const struct sl_stream *stream)
{
    return &stream->stats;
}

void sl_stream_forget_tables(struct sl_stream *stream)
{
    sl_layout_cache_drop(&stream->layouts, (struct sl_span){0}, (struct sl_span){0});
}

/* ---- rows ---- */

static int new_table_map(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    struct sl_position at = stream->read; /* borrows what it points to */
    const struct sl_layout_context context = {.options = &stream->options,
                                              .handler = &stream->handler,
                                              .at = &at,
                                              .is_mariadb = stream->is_mariadb};
    struct sl_layout *layout;

    at.offset = stream->begin_offset;
    return sl_layout_cache_map(&stream->layouts, &context, event->body, &layout, err);
}

static int table_map(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    int rc = sl_stream_begin(stream, false, err);

    return rc != SL_OK || sl_layout_cache_knows(&stream->layouts, event->body)
               ? rc
               : new_table_map(stream, event, err);
}

static int no_row(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    (void)user;
    (void)change;
    (void)err;
    return SL_OK;
}

static int wanted_rows(struct sl_stream *stream, const struct sl_event *event,
                       const struct sl_layout *layout, struct sl_rows *rows, struct sl_err *err)
{
    sl_row_fn each = stream->handler.row != NULL ? stream->handler.row : no_row;
    int rc = SL_OK;

    if (sl_rows_is_compressed(event->type)) {
        rc = sl_decompress_mariadb(&stream->decompress, rows->data, stream->options.max_event_bytes,
                                   &rows->data, err);
    }
    if (rc == SL_OK) {
        rows->timestamp = event->timestamp;
        rc = sl_rows_each(rows, layout, each, stream->handler.user, &stream->stats.rows, err);
    }
    return rc;
}

static int rows_event(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    const struct sl_layout *layout;
    struct sl_rows rows;
    int rc = sl_rows_parse(event->type, event->body, &rows, err);

    if (rc != SL_OK) {
        return rc;
    }
    layout = sl_layout_cache_find(&stream->layouts, rows.table_id);
    if (layout == NULL && rows.is_dummy) {
        return SL_OK;
    }
    if (layout == NULL) {
        return sl_err_set(err, SL_EFORMAT,
                          "rows of table id %llu come without a table map: the position that the "
                          "stream began at lies inside of a transaction",
                          (unsigned long long)rows.table_id);
    }
    if (layout->is_skipped) {
        stream->stats.skipped_rows++;
        return SL_OK;
    }
    rc = wanted_rows(stream, event, layout, &rows, err);
    if (rc != SL_OK) {
        (void)sl_err_prefix(err, "table %.*s.%.*s", (int)layout->table.db.len,
                            (const char *)layout->table.db.data, (int)layout->table.name.len,
                            (const char *)layout->table.name.data);
    }
    return rc;
}

/* ---- events ---- */

static int dispatch(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err);

static int inner_event(void *user, struct sl_span raw, struct sl_err *err)
{
    struct sl_stream *stream = user;
    struct sl_event event;
    int rc = sl_event_parse(raw, false, false, &event, err);

    if (rc == SL_OK &&
        (event.type == SL_EVENT_TRANSACTION_PAYLOAD || event.type == SL_EVENT_ROTATE ||
         event.type == SL_EVENT_FORMAT_DESCRIPTION)) {
        rc = sl_err_set(err, SL_EFORMAT, "a %s event lies inside of a transaction payload",
                        sl_event_name(event.type));
    }
    return rc == SL_OK ? dispatch(stream, &event, err) : rc;
}

static int payload_event(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    return sl_payload_each(&stream->payload, event->body, stream->options.max_event_bytes,
                           inner_event, stream, err);
}

static int incident(const struct sl_event *event, struct sl_err *err)
{
    struct sl_span body = event->body;
    struct sl_span message = {0};
    uint16_t number = 0;

    (void)!sl_span_u16le(&body, &number);
    if (body.len > 0 && body.data[0] < body.len) {
        message = sl_span_make(body.data + 1, body.data[0]);
    }
    return sl_err_set(
        err, SL_EGAP,
        "the source reports that changes are missing from its binary log (incident %u: "
        "%.*s); load the tables again",
        number, (int)message.len, (const char *)message.data);
}

static int unknown(const struct sl_event *event, struct sl_err *err)
{
    if ((event->flags & SL_EVENT_FLAG_IGNORABLE) != 0) {
        return SL_OK;
    }
    return sl_err_set(err, SL_EUNSUPPORTED,
                      "event type %u is not known and the source does not say that it may be "
                      "passed over: a newer version of sluice is needed",
                      event->type);
}

/* Of encrypted files only the server can make events; over a connection it sends them in clear. */
static int encryption(const struct sl_event *event, struct sl_err *err)
{
    if ((event->flags & (SL_EVENT_FLAG_ARTIFICIAL | SL_EVENT_FLAG_IGNORABLE)) != 0) {
        return SL_OK;
    }
    return sl_err_set(err, SL_EUNSUPPORTED,
                      "the binary log file is encrypted; read it from its server instead");
}

/* Events that hold nothing for a cache. */
static bool is_passed_over(uint8_t type)
{
    switch (type) {
    case SL_EVENT_STOP:
    case SL_EVENT_INTVAR:
    case SL_EVENT_RAND:
    case SL_EVENT_USER_VAR:
    case SL_EVENT_BEGIN_LOAD_QUERY:
    case SL_EVENT_APPEND_BLOCK:
    case SL_EVENT_DELETE_FILE:
    case SL_EVENT_IGNORABLE:
    case SL_EVENT_ROWS_QUERY:
    case SL_EVENT_TRANSACTION_CONTEXT:
    case SL_EVENT_VIEW_CHANGE:
    case SL_EVENT_MARIADB_ANNOTATE_ROWS:
    case SL_EVENT_MARIADB_BINLOG_CHECKPOINT:
        return true;
    default:
        return false;
    }
}

static int dispatch(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    if (sl_rows_is_type(event->type)) {
        return rows_event(stream, event, err);
    }
    if (is_passed_over(event->type)) {
        return SL_OK;
    }
    switch (event->type) {
    case SL_EVENT_TABLE_MAP:
        return table_map(stream, event, err);
    case SL_EVENT_QUERY:
    case SL_EVENT_MARIADB_QUERY_COMPRESSED:
        return sl_stream_query(stream, event, err);
    case SL_EVENT_XID:
        return sl_stream_commit(stream, event, err);
    case SL_EVENT_XA_PREPARE:
        return sl_stream_xa_event(stream, event, err);
    case SL_EVENT_GTID:
    case SL_EVENT_ANONYMOUS_GTID:
    case SL_EVENT_GTID_TAGGED:
    case SL_EVENT_MARIADB_GTID:
        return sl_stream_announce(stream, event, err);
    case SL_EVENT_TRANSACTION_PAYLOAD:
        return payload_event(stream, event, err);
    case SL_EVENT_ROTATE:
        return sl_stream_rotate(stream, event, err);
    case SL_EVENT_HEARTBEAT:
    case SL_EVENT_HEARTBEAT_V2:
        return sl_stream_heartbeat(stream, event, err);
    case SL_EVENT_PREVIOUS_GTIDS:
        return sl_stream_previous_gtids(stream, event, err);
    case SL_EVENT_MARIADB_GTID_LIST:
        return sl_stream_gtid_list(stream, event, err);
    case SL_EVENT_EXECUTE_LOAD_QUERY:
        return sl_stream_load(stream, event, err);
    case SL_EVENT_INCIDENT:
        return incident(event, err);
    case SL_EVENT_MARIADB_START_ENCRYPTION:
        return encryption(event, err);
    default:
        return unknown(event, err);
    }
}

/*
 * Takes the event apart. The format description has a checksum of its own accord; the first event
 * of a connection is an artificial rotate before it, with a checksum or not, as the server likes.
 */
static int parse(struct sl_stream *stream, struct sl_span raw, struct sl_event *event,
                 struct sl_err *err)
{
    bool has_checksum = stream->has_checksum;

    if (raw.len > stream->options.max_event_bytes) {
        return sl_err_set(err, SL_ELIMIT,
                          "an event of %zu bytes is larger than the %llu that are allowed; raise "
                          "memory_limit or leave the table out",
                          raw.len, (unsigned long long)stream->options.max_event_bytes);
    }
    if (raw.len >= SL_EVENT_HEADER_BYTES && raw.data[4] == SL_EVENT_FORMAT_DESCRIPTION) {
        has_checksum = false;
    } else if (!stream->has_format) {
        has_checksum = sl_stream_checksum_fits(raw);
    }
    return sl_event_parse(raw, has_checksum, stream->options.verify_checksum, event, err);
}

static int feed(struct sl_stream *stream, struct sl_span raw, const struct sl_event *event,
                struct sl_err *err)
{
    int rc;

    sl_stream_measure(stream, event);
    stream->event_time = event->timestamp;
    if (event->type == SL_EVENT_FORMAT_DESCRIPTION) {
        rc = sl_stream_format(stream, raw, event, err);
    } else if (!stream->has_format && event->type != SL_EVENT_ROTATE) {
        rc = sl_err_set(err, SL_EFORMAT, "an event comes before any format description");
    } else {
        rc = dispatch(stream, event, err);
    }
    if (rc == SL_OK && event->type != SL_EVENT_HEARTBEAT && event->type != SL_EVENT_HEARTBEAT_V2) {
        sl_stream_step(stream);
    }
    return rc;
}

static void bury_tables(struct sl_stream *stream)
{
    const struct sl_stream_handler *handler = &stream->handler;

    if (stream->layouts.dropped != NULL &&
        (handler->keeps_tables == NULL || !handler->keeps_tables(handler->user))) {
        sl_layout_cache_bury(&stream->layouts);
    }
}

int sl_stream_feed(struct sl_stream *stream, struct sl_span raw, struct sl_err *err)
{
    struct sl_event event = {0};
    uint64_t offset = stream->offset;
    int rc = parse(stream, raw, &event, err);

    bury_tables(stream);
    stream->stats.events++;
    stream->stats.bytes += raw.len;
    if (rc == SL_OK) {
        rc = feed(stream, raw, &event, err);
    }
    if (rc == SL_OK) {
        return SL_OK;
    }
    if (err != NULL && err->status == SL_OK) {
        (void)sl_err_set(err, rc, "%s", sl_status_str(rc));
    }
    (void)sl_err_prefix(err, "%s event at %s:%llu",
                        raw.len > 4 ? sl_event_name(raw.data[4]) : "damaged", stream->read.file,
                        (unsigned long long)offset);
    return rc;
}
