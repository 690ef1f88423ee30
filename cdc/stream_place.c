/*
 * stream_place.c - where the stream is in the log. An event's end_pos is its end in the file modulo
 * 2^32, missing (0) in artificial events and inside of groups of MariaDB 11.4 and later; the size
 * says the rest. Neither alone would do: a server that resumes by GTID passes over events that it
 * does not send, so sizes do not add up, and files grow beyond 4 GiB.
 */
#include "cdc/gtid_event.h"
#include "cdc/stream_private.h"

enum {
    SL_PLACE_FIRST = 4,   /* where the first event of a file begins */
    SL_HEARTBEAT_END = 0, /* field types of HEARTBEAT_V2 (codecs/binary.cpp: Heartbeat) */
    SL_HEARTBEAT_FILE = 1,
    SL_HEARTBEAT_OFFSET = 2,
};

#define SL_LOW_BITS UINT64_C(0xffffffff)

/* The smallest offset at or behind FROM whose low 32 bits are LOW. */
static uint64_t unfold(uint64_t from, uint32_t low)
{
    uint64_t offset = (from & ~SL_LOW_BITS) | low;

    return offset < from ? offset + SL_LOW_BITS + 1 : offset;
}

/*
 * A server that resumes by GTID begins at the head of a file and leaves out what is known: the
 * first event of a group tells by its size where it begins, which is what a schema is looked up
 * for. The position to resume from does not need it, and does not move before a group is complete.
 */
static void note_begin(struct sl_stream *stream, const struct sl_event *event)
{
    uint64_t end = stream->next_offset;

    if (stream->group.is_announced || stream->group.is_open) {
        return;
    }
    stream->begin_offset = stream->offset;
    if (event->end_pos != 0 && event->size <= end && end - event->size > stream->offset) {
        stream->begin_offset = end - event->size;
    }
}

void sl_stream_measure(struct sl_stream *stream, const struct sl_event *event)
{
    /* The format description of a file comes again when a stream begins further on in it. */
    bool is_repeated = event->type == SL_EVENT_FORMAT_DESCRIPTION &&
                       (event->end_pos == 0 || stream->offset > SL_PLACE_FIRST);
    bool is_unlogged = is_repeated || (event->flags & SL_EVENT_FLAG_ARTIFICIAL) != 0 ||
                       event->type == SL_EVENT_HEARTBEAT || event->type == SL_EVENT_HEARTBEAT_V2;

    stream->next_offset = stream->offset;
    if (is_unlogged) {
        return;
    }
    stream->next_offset = event->end_pos != 0 ? unfold(stream->offset + 1, event->end_pos)
                                              : stream->offset + event->size;
    note_begin(stream, event);
}

void sl_stream_step(struct sl_stream *stream)
{
    stream->offset = stream->next_offset;
    if (!stream->group.is_announced && !stream->group.is_open) {
        stream->read.offset = stream->offset;
    }
}

void sl_stream_place_group(struct sl_stream *stream, const struct sl_event *event)
{
    if (stream->next_offset >= stream->read.offset + event->size) {
        stream->read.offset = stream->next_offset - event->size;
    }
}

static int tell_idle(struct sl_stream *stream, struct sl_err *err)
{
    return stream->handler.idle != NULL ? stream->handler.idle(stream->handler.user, err) : SL_OK;
}

int sl_stream_rotate(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    struct sl_span body = event->body;
    uint64_t offset;
    int rc = sl_span_u64le(&body, &offset);

    if (rc != SL_OK || body.len == 0) {
        return sl_err_set(err, SL_ETRUNC, "the name of the next file is missing");
    }
    rc = sl_stream_abandon(stream, err);
    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_position_set_file(&stream->read, (const char *)body.data, body.len, offset);
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "the name of the next file has %zu bytes, which is too long",
                          body.len);
    }
    stream->offset = offset;
    stream->next_offset = offset;
    return tell_idle(stream, err);
}

static int read_heartbeat_v2(struct sl_span body, struct sl_span *file, uint64_t *offset)
{
    uint64_t type;
    int rc = sl_span_lenenc(&body, &type);

    while (rc == SL_OK && type != SL_HEARTBEAT_END) {
        struct sl_span value;

        rc = sl_span_lenenc_bytes(&body, &value);
        if (rc == SL_OK && type == SL_HEARTBEAT_FILE) {
            *file = value;
        } else if (rc == SL_OK && type == SL_HEARTBEAT_OFFSET) {
            rc = sl_span_lenenc(&value, offset);
        }
        if (rc == SL_OK) {
            rc = sl_span_lenenc(&body, &type);
        }
    }
    return rc;
}

int sl_stream_heartbeat(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    struct sl_span file = event->body;
    uint64_t offset = unfold(stream->offset, event->end_pos);

    if (event->type == SL_EVENT_HEARTBEAT_V2) {
        int rc = read_heartbeat_v2(event->body, &file, &offset);

        if (rc != SL_OK) {
            return sl_err_set(err, rc, "the heartbeat is malformed");
        }
    }
    if (stream->group.is_announced || stream->group.is_open) {
        return SL_OK;
    }
    /* A place in another file is passed over: a rotate event names each file before its events. */
    if (sl_span_equals(file, stream->read.file) && offset > stream->offset) {
        stream->next_offset = offset;
        sl_stream_step(stream);
    }
    return tell_idle(stream, err);
}

int sl_stream_previous_gtids(struct sl_stream *stream, const struct sl_event *event,
                             struct sl_err *err)
{
    int rc;

    if (stream->read.has_gtid) {
        return SL_OK;
    }
    rc = sl_gtid_set_decode(&stream->read.gtids, event->body, err);
    if (rc == SL_OK) {
        /* A server without GTIDs writes an empty set, and so does a new one: the first transaction
         * tells. */
        stream->has_all_gtids = true;
        stream->read.has_gtid = stream->read.gtids.count > 0;
    }
    return rc;
}

int sl_stream_gtid_list(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    int rc;

    if (stream->read.has_gtid || (event->flags & SL_EVENT_FLAG_ARTIFICIAL) != 0) {
        return SL_OK;
    }
    rc = sl_mgtid_list_event_parse(event->body, &stream->read.mgtids, err);
    stream->read.has_gtid = rc == SL_OK;
    return rc;
}

static int add_id(struct sl_stream *stream, struct sl_stream_undo *undo)
{
    const struct sl_group *group = &stream->group;
    struct sl_position *read = &stream->read;

    if (group->id == SL_GROUP_ANONYMOUS) {
        /* The set no longer says what was executed: file and offset do. */
        read->has_gtid = false;
        stream->has_all_gtids = false;
    } else if (group->id == SL_GROUP_GTID && stream->has_all_gtids) {
        read->has_gtid = true;
    }
    if (!read->has_gtid) {
        return SL_OK;
    }
    if (group->id == SL_GROUP_GTID) {
        undo->is_added = !sl_gtid_set_contains(&read->gtids, &group->gtid);
        return sl_gtid_set_add(&read->gtids, &group->gtid);
    }
    if (group->id == SL_GROUP_MGTID) {
        const struct sl_mgtid *last = sl_mgtid_list_get(&read->mgtids, group->mgtid.domain);

        undo->is_added = true;
        undo->mgtid = last != NULL ? *last : (struct sl_mgtid){0};
        return sl_mgtid_list_set(&read->mgtids, &group->mgtid);
    }
    return SL_OK;
}

/*
 * How far all is applied, for the checkpoint that the oldest prepared transaction keeps back: a
 * decision before that is met again by a restart, which does not meet what it decided on.
 */
static void note_applied(struct sl_stream *stream)
{
    struct sl_position *read = &stream->read;
    struct sl_position *kept = stream->prepared != NULL ? &stream->prepared->before : read;
    bool is_behind = read->applied_file[0] != '\0' &&
                     !sl_position_has_applied(read, read->file, read->offset + 1);

    if (is_behind) {
        read->applied_file[0] = '\0';
    }
    if (kept != read && read->applied_file[0] != '\0') {
        memcpy(kept->applied_file, read->applied_file, sizeof(kept->applied_file));
        kept->applied_offset = read->applied_offset;
    } else if (kept != read) {
        memcpy(kept->applied_file, read->file, sizeof(kept->applied_file));
        kept->applied_offset = read->offset;
    }
}

int sl_stream_advance(struct sl_stream *stream, const struct sl_event *event,
                      struct sl_stream_undo *undo, struct sl_err *err)
{
    struct sl_position *read = &stream->read;
    int rc;

    *undo = (struct sl_stream_undo){.offset = read->offset,
                                    .event_time = read->event_time,
                                    .had_gtid = read->has_gtid,
                                    .had_all_gtids = stream->has_all_gtids};
    rc = add_id(stream, undo);
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "the transaction's identifier cannot be kept: %s",
                          sl_status_str(rc));
    }
    read->offset = stream->next_offset;
    if (event->timestamp != 0) {
        read->event_time = event->timestamp;
    }
    note_applied(stream);
    return SL_OK;
}

static void remove_gtid(struct sl_gtid_set *set, const struct sl_gtid *gtid)
{
    struct sl_gtid_set one = {0};

    /* Without memory for this the process has other troubles than a position that is thrown away.
     */
    if (sl_gtid_set_add(&one, gtid) == SL_OK) {
        (void)!sl_gtid_set_subtract(set, &one, set);
    }
    sl_gtid_set_release(&one);
}

static void remove_mgtid(struct sl_mgtid_list *list, uint32_t domain)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].domain == domain) {
            memmove(&list->items[i], &list->items[i + 1],
                    (list->count - i - 1) * sizeof(list->items[0]));
            list->count--;
            return;
        }
    }
}

void sl_stream_revert(struct sl_stream *stream, const struct sl_stream_undo *undo)
{
    struct sl_position *read = &stream->read;

    read->offset = undo->offset;
    read->event_time = undo->event_time;
    read->has_gtid = undo->had_gtid;
    stream->has_all_gtids = undo->had_all_gtids;
    if (undo->is_added && stream->group.id == SL_GROUP_GTID) {
        remove_gtid(&read->gtids, &stream->group.gtid);
    } else if (undo->is_added && undo->mgtid.sequence == 0) {
        remove_mgtid(&read->mgtids, stream->group.mgtid.domain);
    } else if (undo->is_added) {
        (void)!sl_mgtid_list_set(&read->mgtids, &undo->mgtid);
    }
}
