#include "cdc/event.h"

#include <libdeflate.h>

static const char *const names[] = {
    [SL_EVENT_QUERY] = "QUERY",
    [SL_EVENT_STOP] = "STOP",
    [SL_EVENT_ROTATE] = "ROTATE",
    [SL_EVENT_INTVAR] = "INTVAR",
    [SL_EVENT_APPEND_BLOCK] = "APPEND_BLOCK",
    [SL_EVENT_DELETE_FILE] = "DELETE_FILE",
    [SL_EVENT_RAND] = "RAND",
    [SL_EVENT_USER_VAR] = "USER_VAR",
    [SL_EVENT_FORMAT_DESCRIPTION] = "FORMAT_DESCRIPTION",
    [SL_EVENT_XID] = "XID",
    [SL_EVENT_BEGIN_LOAD_QUERY] = "BEGIN_LOAD_QUERY",
    [SL_EVENT_EXECUTE_LOAD_QUERY] = "EXECUTE_LOAD_QUERY",
    [SL_EVENT_TABLE_MAP] = "TABLE_MAP",
    [SL_EVENT_WRITE_ROWS_V1] = "WRITE_ROWS_V1",
    [SL_EVENT_UPDATE_ROWS_V1] = "UPDATE_ROWS_V1",
    [SL_EVENT_DELETE_ROWS_V1] = "DELETE_ROWS_V1",
    [SL_EVENT_INCIDENT] = "INCIDENT",
    [SL_EVENT_HEARTBEAT] = "HEARTBEAT",
    [SL_EVENT_IGNORABLE] = "IGNORABLE",
    [SL_EVENT_ROWS_QUERY] = "ROWS_QUERY",
    [SL_EVENT_WRITE_ROWS] = "WRITE_ROWS",
    [SL_EVENT_UPDATE_ROWS] = "UPDATE_ROWS",
    [SL_EVENT_DELETE_ROWS] = "DELETE_ROWS",
    [SL_EVENT_GTID] = "GTID",
    [SL_EVENT_ANONYMOUS_GTID] = "ANONYMOUS_GTID",
    [SL_EVENT_PREVIOUS_GTIDS] = "PREVIOUS_GTIDS",
    [SL_EVENT_TRANSACTION_CONTEXT] = "TRANSACTION_CONTEXT",
    [SL_EVENT_VIEW_CHANGE] = "VIEW_CHANGE",
    [SL_EVENT_XA_PREPARE] = "XA_PREPARE",
    [SL_EVENT_PARTIAL_UPDATE_ROWS] = "PARTIAL_UPDATE_ROWS",
    [SL_EVENT_TRANSACTION_PAYLOAD] = "TRANSACTION_PAYLOAD",
    [SL_EVENT_HEARTBEAT_V2] = "HEARTBEAT_V2",
    [SL_EVENT_GTID_TAGGED] = "GTID_TAGGED",
    [SL_EVENT_MARIADB_ANNOTATE_ROWS] = "ANNOTATE_ROWS",
    [SL_EVENT_MARIADB_BINLOG_CHECKPOINT] = "BINLOG_CHECKPOINT",
    [SL_EVENT_MARIADB_GTID] = "MARIADB_GTID",
    [SL_EVENT_MARIADB_GTID_LIST] = "GTID_LIST",
    [SL_EVENT_MARIADB_START_ENCRYPTION] = "START_ENCRYPTION",
    [SL_EVENT_MARIADB_QUERY_COMPRESSED] = "QUERY_COMPRESSED",
    [SL_EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1] = "WRITE_ROWS_COMPRESSED_V1",
    [SL_EVENT_MARIADB_UPDATE_ROWS_COMPRESSED_V1] = "UPDATE_ROWS_COMPRESSED_V1",
    [SL_EVENT_MARIADB_DELETE_ROWS_COMPRESSED_V1] = "DELETE_ROWS_COMPRESSED_V1",
    [SL_EVENT_MARIADB_WRITE_ROWS_COMPRESSED] = "WRITE_ROWS_COMPRESSED",
    [SL_EVENT_MARIADB_UPDATE_ROWS_COMPRESSED] = "UPDATE_ROWS_COMPRESSED",
    [SL_EVENT_MARIADB_DELETE_ROWS_COMPRESSED] = "DELETE_ROWS_COMPRESSED",
};

const char *sl_event_name(uint8_t type)
{
    const char *name = type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;

    return name != NULL ? name : "unknown";
}

static void read_header(const uint8_t *data, struct sl_event *event)
{
    event->timestamp = (uint32_t)sl_load_le(data, 4);
    event->type = data[4];
    event->server_id = (uint32_t)sl_load_le(data + 5, 4);
    event->size = (uint32_t)sl_load_le(data + 9, 4);
    event->end_pos = (uint32_t)sl_load_le(data + 13, 4);
    event->flags = (uint16_t)sl_load_le(data + 17, 2);
}

static int check_crc(struct sl_span bytes, const struct sl_event *event, struct sl_err *err)
{
    size_t covered = bytes.len - SL_EVENT_CHECKSUM_BYTES;
    uint32_t stored = (uint32_t)sl_load_le(bytes.data + covered, SL_EVENT_CHECKSUM_BYTES);

    if (libdeflate_crc32(0, bytes.data, covered) == stored) {
        return SL_OK;
    }
    return sl_err_set(err, SL_ECORRUPT,
                      "the checksum of a %s event of %u bytes does not match its bytes: it was "
                      "damaged on the source's disk or on the way",
                      sl_event_name(event->type), event->size);
}

int sl_event_parse(struct sl_span bytes, bool has_checksum, bool verify, struct sl_event *event,
                   struct sl_err *err)
{
    size_t trailer = has_checksum ? SL_EVENT_CHECKSUM_BYTES : 0;
    struct sl_event parsed;

    if (bytes.len < SL_EVENT_HEADER_BYTES + trailer) {
        return sl_err_set(err, SL_ETRUNC, "a binary log event of only %zu bytes", bytes.len);
    }
    read_header(bytes.data, &parsed);
    if (parsed.size != bytes.len) {
        return sl_err_set(err, SL_EFORMAT,
                          "a %s event says that it has %u bytes, but %zu bytes came",
                          sl_event_name(parsed.type), parsed.size, bytes.len);
    }
    if (has_checksum && verify) {
        int rc = check_crc(bytes, &parsed, err);

        if (rc != SL_OK) {
            return rc;
        }
    }
    parsed.body = sl_span_make(bytes.data + SL_EVENT_HEADER_BYTES,
                               bytes.len - SL_EVENT_HEADER_BYTES - trailer);
    *event = parsed;
    return SL_OK;
}
