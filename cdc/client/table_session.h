/*
 * table_session.h - a session that reads rows of tables: what it is told first, and what it asks of
 * a table besides its layout. Only cdc/client/ includes this header: it shows the library.
 */
#ifndef SLUICE_CDC_CLIENT_TABLE_SESSION_H
#define SLUICE_CDC_CLIENT_TABLE_SESSION_H

#include "cdc/client/connect.h"
#include "cdc/client/session.h"

struct sl_table_about {
    bool is_innodb;
    uint64_t row_bytes; /* the server's estimate of a row; 0 unknown */
};

/* Logs in, fills *SERVER, and lifts the limits that end long statements. */
int sl_table_session_open(struct sl_client *client, struct sl_server *server,
                          uint32_t read_timeout_ms, struct sl_err *err) SL_MUSTCHECK;

/* SL_DONE: DB.TABLE is a view or a sequence. Of a table that is not there nothing is known. */
int sl_table_session_ask(struct sl_client *client, struct sl_span db, struct sl_span table,
                         struct sl_table_about *about, struct sl_err *err) SL_MUSTCHECK;

#endif
