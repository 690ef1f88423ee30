/*
 * dump.h with MariaDB Connector/C. Its own mariadb_rpl_fetch() takes every event apart and stops
 * at those that it does not know (a compressed transaction of MySQL, tagged GTIDs), so this file
 * sends the replication commands itself and reads the packets as they are, with the calls that
 * the library exports for that: the connection's method table and mysql_net_read_packet().
 *
 * Commands: sql/rpl_source.cc of MySQL (com_binlog_dump, com_binlog_dump_gtid).
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/client/dump.h"

enum {
    SL_DUMP_NON_BLOCK = 1,
    SL_DUMP_THROUGH_GTID = 4,
    SL_COM_BINLOG_DUMP_GTID = 30, /* no name in this library's headers */
    SL_PACKET_EOF = 0xfe,
    SL_PACKET_EOF_BYTES = 9, /* an EOF packet is shorter, an event is longer */
};

struct sl_dump {
    struct sl_buf command;
};

static int add_le(struct sl_buf *out, uint64_t value, unsigned width)
{
    int rc = SL_OK;

    for (unsigned i = 0; rc == SL_OK && i < width; i++) {
        rc = sl_buf_add_byte(out, (uint8_t)(value >> (8 * i)));
    }
    return rc;
}

/* Offset, flags, server id, file name up to the packet's end. */
static int build_by_file(const struct sl_dump_request *request, struct sl_buf *out)
{
    int rc = add_le(out, request->offset, 4);

    rc = rc == SL_OK ? add_le(out, request->stop_at_end ? SL_DUMP_NON_BLOCK : 0, 2) : rc;
    rc = rc == SL_OK ? add_le(out, request->server_id, 4) : rc;
    return rc == SL_OK ? sl_buf_add_str(out, request->file) : rc;
}

/* Flags, server id, file name with its length, offset, set with its length. */
static int build_by_gtid(const struct sl_dump_request *request, struct sl_buf *out)
{
    unsigned flags = SL_DUMP_THROUGH_GTID | (request->stop_at_end ? SL_DUMP_NON_BLOCK : 0U);
    int rc = add_le(out, flags, 2);

    rc = rc == SL_OK ? add_le(out, request->server_id, 4) : rc;
    rc = rc == SL_OK ? add_le(out, strlen(request->file), 4) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(out, request->file) : rc;
    rc = rc == SL_OK ? add_le(out, request->offset, 8) : rc;
    rc = rc == SL_OK ? add_le(out, request->gtid_set.len, 4) : rc;
    return rc == SL_OK ? sl_buf_add(out, request->gtid_set.data, request->gtid_set.len) : rc;
}

static int send_command(struct sl_client *client, const struct sl_dump_request *request,
                        const struct sl_buf *command, struct sl_err *err)
{
    enum enum_server_command code =
        request->by_gtid ? (enum enum_server_command)SL_COM_BINLOG_DUMP_GTID : COM_BINLOG_DUMP;

    if (client->handle->methods->db_command(client->handle, code, (const char *)command->data,
                                            command->len, 1, NULL) != 0) {
        struct sl_source_peer peer = sl_client_peer(client);
        struct sl_source_fault fault = sl_client_fault(client);

        return sl_source_error_stream(&peer, request->file, &fault, err);
    }
    return SL_OK;
}

int sl_dump_open(struct sl_client *client, const struct sl_dump_request *request,
                 struct sl_dump **dump, struct sl_err *err)
{
    struct sl_dump *opened = calloc(1, sizeof(*opened));
    int rc = opened == NULL     ? SL_ENOMEM
             : request->by_gtid ? build_by_gtid(request, &opened->command)
                                : build_by_file(request, &opened->command);

    rc = rc == SL_OK ? send_command(client, request, &opened->command, err)
                     : sl_err_set(err, rc, "no memory for the stream of the source");
    if (rc != SL_OK) {
        sl_dump_close(client, opened);
        return rc;
    }
    *dump = opened;
    return SL_OK;
}

int sl_dump_fetch(struct sl_client *client, struct sl_dump *dump, struct sl_span *event)
{
    unsigned long len = mysql_net_read_packet(client->handle);
    const unsigned char *data;

    (void)dump;
    if (len == packet_error || len == 0) {
        return SL_EIO;
    }
    data = client->handle->net.read_pos;
    if (data[0] == SL_PACKET_EOF && len < SL_PACKET_EOF_BYTES) {
        return SL_DONE;
    }
    *event = sl_span_make(data + 1, len - 1);
    return SL_OK;
}

void sl_dump_close(struct sl_client *client, struct sl_dump *dump)
{
    (void)client;
    if (dump != NULL) {
        sl_buf_release(&dump->command);
        free(dump);
    }
}
