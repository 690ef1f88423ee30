/*
 * stream_query.c - statements: those that begin and end groups, and the others, which are passed to
 * the handler with the tables that they name. The layouts of these are dropped, so that the next
 * rows ask for the schema again.
 */
#include "cdc/ddl.h"
#include "cdc/query.h"
#include "cdc/query_event.h"
#include "cdc/sql_lex.h"
#include "cdc/stream_private.h"

static void drop_layouts(struct sl_stream *stream, const struct sl_ddl *ddl)
{
    static const struct sl_span none = {0};

    switch (ddl->kind) {
    case SL_DDL_DML:
        break;
    case SL_DDL_OTHER:
    case SL_DDL_UNPARSED:
        sl_layout_cache_drop(&stream->layouts, none, none);
        break;
    case SL_DDL_CREATE_TABLE:
    case SL_DDL_ALTER_TABLE:
    case SL_DDL_DROP_TABLE:
    case SL_DDL_DROP_DATABASE:
    case SL_DDL_TRUNCATE:
    case SL_DDL_RENAME_TABLE:
        sl_layout_cache_drop(&stream->layouts, ddl->db, ddl->table);
        if (ddl->to_table.len > 0) {
            sl_layout_cache_drop(&stream->layouts, ddl->to_db, ddl->to_table);
        }
        break;
    }
}

/* What a server compares without case it stores in lower case, but logs a statement as it was
 * written. */
static void fold(struct sl_span *name, uint8_t scratch[SL_SQL_NAME_BYTES])
{
    if (name->len == 0 || name->len > SL_SQL_NAME_BYTES) {
        return;
    }
    for (size_t i = 0; i < name->len; i++) {
        uint8_t c = name->data[i];

        scratch[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
    }
    name->data = scratch;
}

static int each_table(void *user, const struct sl_ddl *written, struct sl_err *err)
{
    struct sl_stream *stream = user;
    struct sl_ddl folded = *written;
    const struct sl_ddl *ddl = &folded;
    uint8_t scratch[4][SL_SQL_NAME_BYTES];

    if (stream->options.folds_names) {
        fold(&folded.db, scratch[0]);
        fold(&folded.table, scratch[1]);
        fold(&folded.to_db, scratch[2]);
        fold(&folded.to_table, scratch[3]);
    }
    drop_layouts(stream, ddl);
    return stream->handler.ddl != NULL ? stream->handler.ddl(stream->handler.user, ddl, err)
                                       : SL_OK;
}

/* A statement outside of a group is one of its own. */
static int statement(struct sl_stream *stream, const struct sl_event *event,
                     const struct sl_query_event *query, struct sl_err *err)
{
    bool is_alone = !stream->group.is_open;
    int rc = sl_stream_begin(stream, false, err);

    if (rc == SL_OK) {
        rc = sl_ddl_parse(query->db, query->text, each_table, stream, err);
    }
    return rc == SL_OK && is_alone ? sl_stream_commit(stream, event, err) : rc;
}

static int xa_statement(struct sl_stream *stream, const struct sl_event *event,
                        enum sl_query_kind kind, struct sl_span text, struct sl_err *err)
{
    struct sl_xid xid;

    if (sl_xid_parse(&xid, text) != SL_OK) {
        return sl_err_set(err, SL_EFORMAT, "the XA transaction's identifier is malformed");
    }
    if (kind == SL_QUERY_XA_PREPARE) {
        return sl_stream_xa_prepare(stream, event, &xid, err);
    }
    /* One that was never prepared ends its own group. */
    if (stream->group.is_open && stream->group.is_xa && kind == SL_QUERY_XA_ROLLBACK) {
        return sl_stream_rollback(stream, event, err);
    }
    return sl_stream_xa_decide(stream, event, &xid, kind == SL_QUERY_XA_COMMIT, err);
}

/*
 * Servers cut the rows behind a savepoint out of the log when it is rolled back to, but not once
 * the transaction changed a table that has no transactions (sql/binlog.cc, sql/log.cc:
 * binlog_savepoint_rollback): then the statement is logged behind the rows.
 */
static int savepoint(struct sl_stream *stream,
                     int (*callback)(void *user, struct sl_span name, struct sl_err *err),
                     struct sl_span name, struct sl_err *err)
{
    return callback != NULL && stream->group.is_open ? callback(stream->handler.user, name, err)
                                                     : SL_OK;
}

static int act(struct sl_stream *stream, const struct sl_event *event,
               const struct sl_query_event *query, struct sl_err *err)
{
    struct sl_span name;
    enum sl_query_kind kind = sl_query_classify(query->text, &name);

    switch (kind) {
    case SL_QUERY_BEGIN:
        return sl_stream_begin(stream, false, err);
    case SL_QUERY_XA_START:
        return sl_stream_begin(stream, true, err);
    case SL_QUERY_COMMIT:
    case SL_QUERY_XA_COMMIT_ONE_PHASE:
        return sl_stream_commit(stream, event, err);
    case SL_QUERY_ROLLBACK:
        return sl_stream_rollback(stream, event, err);
    case SL_QUERY_SAVEPOINT:
        return savepoint(stream, stream->handler.savepoint, name, err);
    case SL_QUERY_ROLLBACK_TO:
        return savepoint(stream, stream->handler.rollback_to, name, err);
    case SL_QUERY_RELEASE_SAVEPOINT:
    case SL_QUERY_XA_END:
    case SL_QUERY_DUMMY:
        return SL_OK;
    case SL_QUERY_XA_PREPARE:
    case SL_QUERY_XA_COMMIT:
    case SL_QUERY_XA_ROLLBACK:
        return xa_statement(stream, event, kind, name, err);
    case SL_QUERY_DDL_OR_DML:
        break;
    }
    return statement(stream, event, query, err);
}

int sl_stream_query(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    struct sl_query_event query;
    int rc = sl_query_event_parse(event->body, &query, err);

    if (rc == SL_OK && event->type == SL_EVENT_MARIADB_QUERY_COMPRESSED) {
        rc = sl_decompress_mariadb(&stream->decompress, query.text, stream->options.max_event_bytes,
                                   &query.text, err);
    }
    return rc == SL_OK ? act(stream, event, &query, err) : rc;
}

int sl_stream_load(struct sl_stream *stream, const struct sl_event *event, struct sl_err *err)
{
    struct sl_query_event query;
    int rc = sl_query_event_parse_load(event->body, &query, err);

    return rc == SL_OK ? statement(stream, event, &query, err) : rc;
}
