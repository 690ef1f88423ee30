/*
 * query_event.h - statements in the binary log: the QUERY event's frame, and which of the
 * statements that delimit transactions it is. What other statements do is for ddl.h.
 *
 * Format: libs/mysql/binlog/event/statement_events.h of MySQL, Query_log_event in sql/log_event.h of MariaDB.
 */
#ifndef SLUICE_CDC_QUERY_EVENT_H
#define SLUICE_CDC_QUERY_EVENT_H

#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/xid.h"

/* Views into the event. */
struct sl_query_event {
    struct sl_span db;   /* the current database, UTF-8 */
    struct sl_span text; /* compressed ones: still compressed */
};

/* SL_ETRUNC. */
int sl_query_event_parse(struct sl_span body, struct sl_query_event *query,
                         struct sl_err *err) SL_MUSTCHECK;

enum sl_query_kind {
    SL_QUERY_STATEMENT, /* none of the below */
    SL_QUERY_IGNORED,   /* SAVEPOINT, RELEASE SAVEPOINT, ROLLBACK TO, XA END, MariaDB's dummies */
    SL_QUERY_BEGIN,
    SL_QUERY_COMMIT,
    SL_QUERY_ROLLBACK,
    SL_QUERY_XA_START,
    SL_QUERY_XA_PREPARE,
    SL_QUERY_XA_COMMIT,
    SL_QUERY_XA_COMMIT_ONE_PHASE,
    SL_QUERY_XA_ROLLBACK,
};

/* Tells what TEXT is; *XID is set for the XA ones. Cheap for anything else. */
enum sl_query_kind sl_query_kind_of(struct sl_span text, struct sl_xid *xid);

#endif
