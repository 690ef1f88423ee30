/*
 * event.h - framing of binary log events: the 19-byte header, the checksum, the type codes.
 * Sources: libs/mysql/binlog/event/binlog_event.h of MySQL, sql/log_event.h of MariaDB.
 */
#ifndef SLUICE_CDC_EVENT_H
#define SLUICE_CDC_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"

enum sl_event_type {
    SL_EVENT_QUERY = 2,
    SL_EVENT_STOP = 3,
    SL_EVENT_ROTATE = 4,
    SL_EVENT_INTVAR = 5,
    SL_EVENT_APPEND_BLOCK = 9,
    SL_EVENT_DELETE_FILE = 11,
    SL_EVENT_RAND = 13,
    SL_EVENT_USER_VAR = 14,
    SL_EVENT_FORMAT_DESCRIPTION = 15,
    SL_EVENT_XID = 16,
    SL_EVENT_BEGIN_LOAD_QUERY = 17,
    SL_EVENT_EXECUTE_LOAD_QUERY = 18,
    SL_EVENT_TABLE_MAP = 19,
    SL_EVENT_WRITE_ROWS_V1 = 23,
    SL_EVENT_UPDATE_ROWS_V1 = 24,
    SL_EVENT_DELETE_ROWS_V1 = 25,
    SL_EVENT_INCIDENT = 26,
    SL_EVENT_HEARTBEAT = 27,
    SL_EVENT_IGNORABLE = 28,
    SL_EVENT_ROWS_QUERY = 29,
    SL_EVENT_WRITE_ROWS = 30,
    SL_EVENT_UPDATE_ROWS = 31,
    SL_EVENT_DELETE_ROWS = 32,
    SL_EVENT_GTID = 33,
    SL_EVENT_ANONYMOUS_GTID = 34,
    SL_EVENT_PREVIOUS_GTIDS = 35,
    SL_EVENT_TRANSACTION_CONTEXT = 36,
    SL_EVENT_VIEW_CHANGE = 37,
    SL_EVENT_XA_PREPARE = 38,
    SL_EVENT_PARTIAL_UPDATE_ROWS = 39,
    SL_EVENT_TRANSACTION_PAYLOAD = 40,
    SL_EVENT_HEARTBEAT_V2 = 41,
    SL_EVENT_GTID_TAGGED = 42,
    SL_EVENT_MARIADB_ANNOTATE_ROWS = 160,
    SL_EVENT_MARIADB_BINLOG_CHECKPOINT = 161,
    SL_EVENT_MARIADB_GTID = 162,
    SL_EVENT_MARIADB_GTID_LIST = 163,
    SL_EVENT_MARIADB_START_ENCRYPTION = 164,
    SL_EVENT_MARIADB_QUERY_COMPRESSED = 165,
    SL_EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1 = 166,
    SL_EVENT_MARIADB_UPDATE_ROWS_COMPRESSED_V1 = 167,
    SL_EVENT_MARIADB_DELETE_ROWS_COMPRESSED_V1 = 168,
    SL_EVENT_MARIADB_WRITE_ROWS_COMPRESSED = 169,
    SL_EVENT_MARIADB_UPDATE_ROWS_COMPRESSED = 170,
    SL_EVENT_MARIADB_DELETE_ROWS_COMPRESSED = 171,
};

enum {
    SL_EVENT_HEADER_BYTES = 19,
    SL_EVENT_CHECKSUM_BYTES = 4,
    SL_EVENT_FLAG_ARTIFICIAL = 0x20,
    SL_EVENT_FLAG_IGNORABLE = 0x80,
};

struct sl_event {
    uint32_t timestamp; /* seconds since 1970; 0 in artificial events */
    uint8_t type;       /* enum sl_event_type or unknown */
    uint32_t server_id;
    uint32_t size;    /* bytes, header and checksum included */
    uint32_t end_pos; /* offset of the next event modulo 2^32; 0 where the server does not say */
    uint16_t flags;
    struct sl_span body; /* without header and checksum; borrowed from the input */
};

/*
 * Splits BYTES, which must be exactly one event. With HAS_CHECKSUM the last four bytes are its
 * CRC-32, verified when VERIFY. SL_ETRUNC, SL_EFORMAT, SL_ECORRUPT.
 */
int sl_event_parse(struct sl_span bytes, bool has_checksum, bool verify, struct sl_event *event,
                   struct sl_err *err) SL_MUSTCHECK;

/* "WRITE_ROWS", …; "unknown" for a type that is not in the list. Never NULL. */
const char *sl_event_name(uint8_t type);

#endif
