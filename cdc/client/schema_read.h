/*
 * schema_read.h - the columns and the row key of one table, as information_schema and SHOW INDEX
 * tell them on a given connection. Only cdc/client/ includes this header: it shows the library.
 */
#ifndef SLUICE_CDC_CLIENT_SCHEMA_READ_H
#define SLUICE_CDC_CLIENT_SCHEMA_READ_H

#include "cdc/client/connect.h"
#include "cdc/client/session.h"
#include "cdc/stream.h"

enum { SL_INDEX_NAME_MAX = 64 * 4 }; /* 64 characters of UTF-8 */

/* Zeroed: empty. */
struct sl_schema_rows {
    struct sl_schema schema;
    MYSQL_RES *result;                    /* what the schema's spans point into */
    char key_name[SL_INDEX_NAME_MAX + 1]; /* of the index that is the row key; "" none */
};

void sl_schema_rows_release(struct sl_schema_rows *rows);

/* Makes the session show what row events carry. */
int sl_schema_prepare(struct sl_client *client, const struct sl_server *server,
                      struct sl_err *err) SL_MUSTCHECK;

/*
 * Replaces ROWS by the table's layout; is_current is left false. SL_DONE: no such table. SL_EAUTH:
 * the account may not SELECT from it.
 */
int sl_schema_read(struct sl_client *client, struct sl_span db, struct sl_span table,
                   struct sl_schema_rows *rows, struct sl_err *err) SL_MUSTCHECK;

/*
 * Opens the table: SL_OK when that can be done, SL_DONE when there is none. In a transaction the
 * table then cannot be altered or dropped before its end; a statement that does it now is waited
 * for.
 */
int sl_schema_touch(struct sl_client *client, struct sl_span db, struct sl_span table,
                    struct sl_err *err) SL_MUSTCHECK;

#endif
