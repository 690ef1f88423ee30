/*
 * gtid_event.h - the events that open a transaction with its identifier, and those that list the
 * identifiers before a file.
 *
 * Sources: libs/mysql/binlog/event/control_events.h (Gtid_event: fixed for types 33 and 34, in
 * mysql::serialization form for the tagged type 42) and libs/mysql/serialization/readme.md of
 * MySQL; sql/log_event.h of MariaDB (Gtid_log_event, Gtid_list_log_event).
 */
#ifndef SLUICE_CDC_GTID_EVENT_H
#define SLUICE_CDC_GTID_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/gtid.h"

enum {
    SL_MGTID_FLAG_STANDALONE = 0x01, /* the next statement is the whole group: no COMMIT follows */
    SL_MGTID_FLAG_PREPARED_XA = 0x40,
    SL_MGTID_FLAG_COMPLETED_XA = 0x80,
};

/* GTID_LOG_EVENT and ANONYMOUS_GTID_LOG_EVENT, of which the identifier has no meaning. */
int sl_gtid_event_parse(struct sl_span body, struct sl_gtid *gtid, struct sl_err *err) SL_MUSTCHECK;

/* GTID_TAGGED_LOG_EVENT. SL_EUNSUPPORTED when it has fields that must not be passed over. */
int sl_gtid_event_parse_tagged(struct sl_span body, struct sl_gtid *gtid,
                               struct sl_err *err) SL_MUSTCHECK;

/* MariaDB's GTID_EVENT, whose header names the server. *FLAGS: SL_MGTID_FLAG_*. */
int sl_mgtid_event_parse(struct sl_span body, uint32_t server_id, struct sl_mgtid *gtid,
                         uint8_t *flags, struct sl_err *err) SL_MUSTCHECK;

/* Replaces LIST by what MariaDB's GTID_LIST_EVENT says. */
int sl_mgtid_list_event_parse(struct sl_span body, struct sl_mgtid_list *list,
                              struct sl_err *err) SL_MUSTCHECK;

#endif
