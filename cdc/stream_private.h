/*
 * stream_private.h - what the parts of the stream share: stream.c (feeding, dispatch),
 * stream_format.c (format description), stream_place.c (positions), stream_group.c (transactions
 * and XA) and stream_query.c (statements).
 */
#ifndef SLUICE_CDC_STREAM_PRIVATE_H
#define SLUICE_CDC_STREAM_PRIVATE_H

#include "cdc/decompress.h"
#include "cdc/event.h"
#include "cdc/layout.h"
#include "cdc/payload.h"
#include "cdc/stream.h"
#include "cdc/xid.h"

/* The identifier that the group being read has, if any. */
enum sl_group_id {
    SL_GROUP_NO_ID,
    SL_GROUP_ANONYMOUS, /* MySQL with gtid_mode=OFF */
    SL_GROUP_GTID,
    SL_GROUP_MGTID,
};

/* The transaction being read. */
struct sl_group {
    bool is_announced; /* its identifier has been read: the position must not move before its end */
    bool is_open;      /* begin has been called */
    bool is_xa;
    enum sl_group_id id;
    struct sl_gtid gtid;
    struct sl_mgtid mgtid;
};

/* An XA transaction that is prepared and undecided. */
struct sl_xa_prepared {
    struct sl_xid xid;
    struct sl_position before; /* the place in front of its group */
    struct sl_xa_prepared *next;
};

struct sl_stream {
    struct sl_stream_options options;
    struct sl_stream_handler handler;
    struct sl_stream_stats stats;

    bool has_format; /* a format description has been read */
    bool has_checksum;
    bool is_mariadb;

    /* Where the event being read begins and ends. The file is that of read. */
    uint64_t offset;
    uint64_t next_offset;
    uint64_t begin_offset;   /* of the group, or of the event outside of one */
    uint32_t event_time;     /* of that event */
    struct sl_position read; /* behind the last complete group */
    bool has_all_gtids; /* read.gtids is all that was executed before, even while has_gtid is not
                           set */
    struct sl_xa_prepared *prepared; /* owned; the oldest first */

    struct sl_group group;
    struct sl_layout_cache layouts;
    struct sl_payload payload;
    struct sl_decompress decompress;
};

/* ---- stream_format.c ---- */

/* Reads the format description RAW, of which EVENT is the header, checksum included. */
int sl_stream_format(struct sl_stream *stream, struct sl_span raw, const struct sl_event *event,
                     struct sl_err *err) SL_MUSTCHECK;
/* True when the last four bytes of RAW are the checksum of those before. */
bool sl_stream_checksum_fits(struct sl_span raw);

/* ---- stream_place.c ---- */

/* Sets next_offset to where the event behind EVENT begins. */
void sl_stream_measure(struct sl_stream *stream, const struct sl_event *event);
/* Behind an event: goes on to next_offset, and outside of groups moves the position, too. */
void sl_stream_step(struct sl_stream *stream);
/*
 * At the identifier that begins a group: the group begins here. A server that resumes by GTID has
 * passed over all before without a word, and what is asked about this place (which columns a table
 * had) is wrong for an earlier one.
 */
void sl_stream_place_group(struct sl_stream *stream, const struct sl_event *event);
int sl_stream_rotate(struct sl_stream *stream, const struct sl_event *event,
                     struct sl_err *err) SL_MUSTCHECK;
int sl_stream_heartbeat(struct sl_stream *stream, const struct sl_event *event,
                        struct sl_err *err) SL_MUSTCHECK;
/* Takes the identifiers before the file as the position's when it has none. */
int sl_stream_previous_gtids(struct sl_stream *stream, const struct sl_event *event,
                             struct sl_err *err) SL_MUSTCHECK;
int sl_stream_gtid_list(struct sl_stream *stream, const struct sl_event *event,
                        struct sl_err *err) SL_MUSTCHECK;

/* What takes a move of the position back. */
struct sl_stream_undo {
    uint64_t offset;
    uint32_t event_time;
    bool had_gtid; /* has_gtid before */
    bool had_all_gtids;
    bool is_added;         /* the group's identifier was not in the set before */
    struct sl_mgtid mgtid; /* the domain's last one before; sequence 0: there was none */
};

/* Moves the position behind the group that EVENT ends. */
int sl_stream_advance(struct sl_stream *stream, const struct sl_event *event,
                      struct sl_stream_undo *undo, struct sl_err *err) SL_MUSTCHECK;
void sl_stream_revert(struct sl_stream *stream, const struct sl_stream_undo *undo);

/* ---- stream_group.c ---- */

/* Notes the identifier of the group that begins. */
int sl_stream_announce(struct sl_stream *stream, const struct sl_event *event,
                       struct sl_err *err) SL_MUSTCHECK;
/* Calls begin unless that was done. */
int sl_stream_begin(struct sl_stream *stream, bool is_xa, struct sl_err *err) SL_MUSTCHECK;
int sl_stream_commit(struct sl_stream *stream, const struct sl_event *event,
                     struct sl_err *err) SL_MUSTCHECK;
int sl_stream_rollback(struct sl_stream *stream, const struct sl_event *event,
                       struct sl_err *err) SL_MUSTCHECK;
/* The log ended inside of the group (the source crashed): nothing of it counts. */
int sl_stream_abandon(struct sl_stream *stream, struct sl_err *err) SL_MUSTCHECK;
/* The XA_PREPARE event. */
int sl_stream_xa_event(struct sl_stream *stream, const struct sl_event *event,
                       struct sl_err *err) SL_MUSTCHECK;
int sl_stream_xa_prepare(struct sl_stream *stream, const struct sl_event *event,
                         const struct sl_xid *xid, struct sl_err *err) SL_MUSTCHECK;
/* XA COMMIT or XA ROLLBACK of a prepared transaction: a group of its own. */
int sl_stream_xa_decide(struct sl_stream *stream, const struct sl_event *event,
                        const struct sl_xid *xid, bool is_commit, struct sl_err *err) SL_MUSTCHECK;
void sl_stream_free_prepared(struct sl_stream *stream);

/* ---- stream_query.c ---- */

int sl_stream_query(struct sl_stream *stream, const struct sl_event *event,
                    struct sl_err *err) SL_MUSTCHECK;
/* LOAD DATA logged as a statement: rows changed that no event tells. */
int sl_stream_load(struct sl_stream *stream, const struct sl_event *event,
                   struct sl_err *err) SL_MUSTCHECK;

#endif
