/* dump.h with Oracle's libmysqlclient (its mysql_binlog_*() functions). */
#include <stdlib.h>
#include <string.h>

#include "cdc/client/dump.h"

enum { SL_DUMP_NON_BLOCK = 1 }; /* BINLOG_DUMP_NON_BLOCK, sql/rpl_constants.h */

struct sl_dump {
    MYSQL_RPL rpl;
    char file[512];
};

/* The library hands the encoded set over through a callback. */
static void put_gtid_set(MYSQL_RPL *rpl, unsigned char *packet)
{
    memcpy(packet, rpl->gtid_set_arg, rpl->gtid_set_encoded_size);
}

static void set_gtids(struct sl_dump *dump, const struct sl_dump_request *request)
{
    union {
        const uint8_t *borrowed;
        void *arg;
    } set = {.borrowed = request->gtid_set.data};

    dump->rpl.flags |= MYSQL_RPL_GTID;
    dump->rpl.gtid_set_encoded_size = request->gtid_set.len;
    dump->rpl.gtid_set_arg = set.arg;
    dump->rpl.fix_gtid_set = put_gtid_set;
}

int sl_dump_open(struct sl_client *client, const struct sl_dump_request *request,
                 struct sl_dump **dump, struct sl_err *err)
{
    struct sl_dump *opened = calloc(1, sizeof(*opened));
    size_t len = strlen(request->file);

    if (opened == NULL || len >= sizeof(opened->file)) {
        free(opened);
        return sl_err_set(err, SL_ENOMEM, "no memory for the stream of the source");
    }
    memcpy(opened->file, request->file, len + 1);
    opened->rpl.file_name = opened->file;
    opened->rpl.file_name_length = len;
    opened->rpl.start_position = request->offset;
    opened->rpl.server_id = request->server_id;
    opened->rpl.flags = request->stop_at_end ? SL_DUMP_NON_BLOCK : 0;
    if (request->by_gtid) {
        set_gtids(opened, request);
    }
    if (mysql_binlog_open(client->handle, &opened->rpl) != 0) {
        struct sl_source_peer peer = sl_client_peer(client);
        struct sl_source_fault fault = sl_client_fault(client);

        free(opened);
        return sl_source_error_stream(&peer, request->file, &fault, err);
    }
    *dump = opened;
    return SL_OK;
}

int sl_dump_fetch(struct sl_client *client, struct sl_dump *dump, struct sl_span *event)
{
    if (mysql_binlog_fetch(client->handle, &dump->rpl) != 0) {
        return SL_EIO;
    }
    if (dump->rpl.size == 0) {
        return SL_DONE;
    }
    /* The first byte is the OK of the protocol. */
    *event = sl_span_make(dump->rpl.buffer + 1, dump->rpl.size - 1);
    return SL_OK;
}

void sl_dump_close(struct sl_client *client, struct sl_dump *dump)
{
    if (dump != NULL) {
        if (client->handle != NULL) {
            mysql_binlog_close(client->handle, &dump->rpl);
        }
        free(dump);
    }
}
