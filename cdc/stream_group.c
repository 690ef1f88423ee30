/*
 * stream_group.c - groups: the events of one transaction, from its identifier to what ends it.
 * MySQL opens them with BEGIN (or XA START) behind the identifier, MariaDB with the identifier
 * itself, unless that says that a single statement follows. XID, COMMIT, ROLLBACK and XA_PREPARE
 * end them.
 */
#include <stdlib.h>

#include "cdc/gtid_event.h"
#include "cdc/stream_private.h"

enum { SL_XA_HEAD = 13 }; /* one phase 1, format 4, lengths of gtrid and bqual 4 each */

static int announce_mariadb(struct sl_stream *stream, const struct sl_event *event,
                            struct sl_err *err)
{
    struct sl_group *group = &stream->group;
    uint8_t flags = 0;
    int rc = sl_mgtid_event_parse(event->body, event->server_id, &group->mgtid, &flags, err);

    if (rc != SL_OK) {
        return rc;
    }
    group->id = SL_GROUP_MGTID;
    group->is_announced = true;
    if ((flags & SL_MGTID_FLAG_STANDALONE) != 0) {
        return SL_OK;
    }
    return sl_stream_begin(stream, (flags & SL_MGTID_FLAG_PREPARED_XA) != 0, err);
}

int sl_stream_announce(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    struct sl_group *group = &stream->group;
    int rc;

    if (group->is_open) {
        return sl_err_set(err, SL_EFORMAT, "a transaction begins inside of another one");
    }
    sl_stream_place_group(stream, event);
    if (event->type == SL_EVENT_MARIADB_GTID) {
        return announce_mariadb(stream, event, err);
    }
    rc = event->type == SL_EVENT_GTID_TAGGED
             ? sl_gtid_event_parse_tagged(event->body, &group->gtid, err)
             : sl_gtid_event_parse(event->body, &group->gtid, err);
    if (rc == SL_OK) {
        group->id = event->type == SL_EVENT_ANONYMOUS_GTID ? SL_GROUP_ANONYMOUS : SL_GROUP_GTID;
        group->is_announced = true;
    }
    return rc;
}

int sl_stream_format_gtid(const struct sl_stream *stream, struct sl_buf *out)
{
    switch (stream->group.id) {
    case SL_GROUP_GTID:
        return sl_gtid_format(&stream->group.gtid, out);
    case SL_GROUP_MGTID:
        return sl_mgtid_format(&stream->group.mgtid, out);
    case SL_GROUP_NO_ID:
    case SL_GROUP_ANONYMOUS:
        break;
    }
    return SL_OK;
}

int sl_stream_begin(struct sl_stream *stream, bool is_xa, struct sl_err *err)
{
    struct sl_group *group = &stream->group;

    if (group->is_open) {
        return SL_OK;
    }
    sl_layout_cache_trim(&stream->layouts);
    group->is_open = true;
    group->is_xa = is_xa;
    return stream->handler.begin != NULL ? stream->handler.begin(stream->handler.user, is_xa, err)
                                         : SL_OK;
}

typedef int (*sl_group_end_fn)(void *user, struct sl_err *err);

/* Moves the position and calls END, in this order; takes the move back when END fails. */
static int finish(struct sl_stream *stream, const struct sl_event *event, sl_group_end_fn end,
                  struct sl_err *err)
{
    struct sl_stream_undo undo;
    int rc = sl_stream_advance(stream, event, &undo, err);

    if (rc != SL_OK) {
        return rc;
    }
    rc = end != NULL ? end(stream->handler.user, err) : SL_OK;
    if (rc != SL_OK) {
        sl_stream_revert(stream, &undo);
        return rc;
    }
    stream->stats.transactions++;
    stream->group = (struct sl_group){0};
    return SL_OK;
}

int sl_stream_commit(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    int rc = sl_stream_begin(stream, false, err); /* a COMMIT alone still has an identifier */

    return rc != SL_OK ? rc : finish(stream, event, stream->handler.commit, err);
}

int sl_stream_rollback(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    int rc = sl_stream_begin(stream, false, err);

    return rc != SL_OK ? rc : finish(stream, event, stream->handler.rollback, err);
}

int sl_stream_abandon(struct sl_stream *stream, struct sl_err *err)
{
    bool was_open = stream->group.is_open;

    stream->group = (struct sl_group){0};
    if (!was_open || stream->handler.rollback == NULL) {
        return SL_OK;
    }
    return stream->handler.rollback(stream->handler.user, err);
}

/* ---- XA ---- */

static void free_prepared(struct sl_xa_prepared *prepared)
{
    if (prepared != NULL) {
        sl_position_release(&prepared->before);
        free(prepared);
    }
}

void sl_stream_free_prepared(struct sl_stream *stream)
{
    while (stream->prepared != NULL) {
        struct sl_xa_prepared *next = stream->prepared->next;

        free_prepared(stream->prepared);
        stream->prepared = next;
    }
}

static bool same_xid(const struct sl_xid *a, const struct sl_xid *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* The link to the entry of XID, or to the NULL at the end. */
static struct sl_xa_prepared **find_prepared(struct sl_stream *stream, const struct sl_xid *xid)
{
    struct sl_xa_prepared **link = &stream->prepared;

    while (*link != NULL && !same_xid(&(*link)->xid, xid)) {
        link = &(*link)->next;
    }
    return link;
}

static void forget_prepared(struct sl_stream *stream, const struct sl_xid *xid)
{
    struct sl_xa_prepared **link = find_prepared(stream, xid);
    struct sl_xa_prepared *prepared = *link;

    if (prepared != NULL) {
        *link = prepared->next;
        free_prepared(prepared);
    }
}

/* Remembers the place before the group, at the end of the list: from there a restart begins. */
static int remember_prepared(struct sl_stream *stream, const struct sl_xid *xid)
{
    struct sl_xa_prepared *prepared = calloc(1, sizeof(*prepared));

    if (prepared == NULL) {
        return SL_ENOMEM;
    }
    sl_position_init(&prepared->before);
    prepared->xid = *xid;
    if (sl_position_copy(&prepared->before, &stream->read) != SL_OK) {
        free_prepared(prepared);
        return SL_ENOMEM;
    }
    forget_prepared(stream, xid);
    *find_prepared(stream, xid) = prepared;
    return SL_OK;
}

int sl_stream_xa_prepare(struct sl_stream *stream, const struct sl_event *event,
                         const struct sl_xid *xid, struct sl_err *err)
{
    struct sl_stream_undo undo;
    int rc = sl_stream_begin(stream, true, err);

    if (rc == SL_OK && remember_prepared(stream, xid) != SL_OK) {
        rc = sl_err_set(err, SL_ENOMEM, "no memory for a prepared XA transaction");
    }
    if (rc == SL_OK) {
        rc = sl_stream_advance(stream, event, &undo, err);
    }
    if (rc != SL_OK) {
        return rc;
    }
    if (stream->handler.xa_prepare != NULL) {
        rc = stream->handler.xa_prepare(stream->handler.user, sl_xid_span(xid), err);
    }
    if (rc != SL_OK) {
        sl_stream_revert(stream, &undo);
        return rc;
    }
    stream->group = (struct sl_group){0};
    return SL_OK;
}

int sl_stream_xa_event(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    struct sl_span body = event->body;
    struct sl_span head;
    struct sl_span gtrid = {0};
    struct sl_span bqual = {0};
    struct sl_xid xid;
    int rc = sl_span_take(&body, SL_XA_HEAD, &head);

    if (rc == SL_OK) {
        rc = sl_span_take(&body, (size_t)sl_load_le(head.data + 5, 4), &gtrid);
    }
    if (rc == SL_OK) {
        rc = sl_span_take(&body, (size_t)sl_load_le(head.data + 9, 4), &bqual);
    }
    if (rc == SL_OK) {
        rc = sl_xid_set(&xid, gtrid, bqual, (uint32_t)sl_load_le(head.data + 1, 4));
    }
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "the XA transaction's identifier is malformed");
    }
    if (head.data[0] != 0) {
        return sl_stream_commit(stream, event, err);
    }
    return sl_stream_xa_prepare(stream, event, &xid, err);
}

int sl_stream_xa_decide(struct sl_stream *stream, const struct sl_event *event,
                        const struct sl_xid *xid, bool is_commit, struct sl_err *err)
{
    int (*decide)(void *, struct sl_span, struct sl_err *) =
        is_commit ? stream->handler.xa_commit : stream->handler.xa_rollback;
    /* One of them that is met again by a restart; sl_stream_position() tells why. */
    bool is_done = *find_prepared(stream, xid) == NULL &&
                   sl_position_has_applied(&stream->read, stream->read.file, stream->next_offset);
    int rc = sl_stream_begin(stream, false, err);

    if (rc == SL_OK && decide != NULL && !is_done) {
        rc = decide(stream->handler.user, sl_xid_span(xid), err);
    }
    if (rc != SL_OK) {
        return rc;
    }
    forget_prepared(stream, xid);
    return sl_stream_commit(stream, event, err);
}
