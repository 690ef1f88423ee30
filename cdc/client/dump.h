/*
 * dump.h - the replication command and the packets it brings, one implementation a client
 * library: binlog_mysql.c and binlog_mariadb.c.
 */
#ifndef SLUICE_CDC_CLIENT_DUMP_H
#define SLUICE_CDC_CLIENT_DUMP_H

#include "cdc/base/span.h"
#include "cdc/client/connect.h"

struct sl_dump_request {
    const char *file; /* "" with GTIDs: the server finds it */
    uint64_t offset;  /* below 2^32 unless by GTID */
    uint32_t server_id;
    bool stop_at_end;        /* end at the end of the log instead of waiting for more */
    bool by_gtid;            /* MySQL: skip what gtid_set holds */
    struct sl_span gtid_set; /* encoded, see sl_gtid_set_encode(); borrowed until sl_dump_close() */
};

struct sl_dump;

/* Sends the command; errors of the server show up at the first fetch. */
int sl_dump_open(struct sl_client *client, const struct sl_dump_request *request,
                 struct sl_dump **dump, struct sl_err *err) SL_MUSTCHECK;

/*
 * Waits for the next event and borrows its bytes until the next call. SL_DONE: the end of the
 * log. On SL_EIO the library holds the reason: see sl_client_fault().
 */
int sl_dump_fetch(struct sl_client *client, struct sl_dump *dump,
                  struct sl_span *event) SL_MUSTCHECK;

/* Before the connection is closed. NULL is fine. */
void sl_dump_close(struct sl_client *client, struct sl_dump *dump);

#endif
