/*
 * query_event.h - the frame of a statement in the binary log. Which statement it is, query.h and
 * ddl.h tell.
 *
 * Format: libs/mysql/binlog/event/statement_events.h of MySQL, Query_log_event in sql/log_event.h
 * of MariaDB.
 */
#ifndef SLUICE_CDC_QUERY_EVENT_H
#define SLUICE_CDC_QUERY_EVENT_H

#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"

/* Views into the event. */
struct sl_query_event {
    struct sl_span db;   /* the current database, UTF-8 */
    struct sl_span text; /* compressed ones: still compressed */
};

/* SL_ETRUNC. */
int sl_query_event_parse(struct sl_span body, struct sl_query_event *query,
                         struct sl_err *err) SL_MUSTCHECK;
/* The same of an EXECUTE_LOAD_QUERY event. */
int sl_query_event_parse_load(struct sl_span body, struct sl_query_event *query,
                              struct sl_err *err) SL_MUSTCHECK;

#endif
