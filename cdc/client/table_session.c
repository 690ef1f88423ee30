#include "cdc/client/table_session.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/client/schema_read.h"
#include "cdc/sql_text.h"

/* Limits that an administrator may have set for all sessions end a SELECT early. */
static int lift_limits(struct sl_client *client, enum sl_flavor flavor, struct sl_err *err)
{
    return sl_client_query(client,
                           flavor == SL_FLAVOR_MYSQL
                               ? "SET SESSION max_execution_time = 0, sql_select_limit = DEFAULT"
                               : "SET SESSION max_statement_time = 0, sql_select_limit = DEFAULT",
                           "set up its session", NULL, err);
}

int sl_table_session_open(struct sl_client *client, struct sl_server *server,
                          uint32_t read_timeout_ms, struct sl_err *err)
{
    int rc = sl_client_open(client, read_timeout_ms, err);

    rc = rc == SL_OK ? sl_session_identify(client, server, err) : rc;
    rc = rc == SL_OK ? sl_schema_prepare(client, server, err) : rc;
    return rc == SL_OK ? lift_limits(client, server->flavor, err) : rc;
}

/* Other tables than views, MariaDB's SYSTEM VERSIONED ones for instance, have rows. */
static int build(struct sl_buf *sql, struct sl_span db, struct sl_span table)
{
    int rc = sl_buf_add_str(sql, "SELECT TABLE_TYPE IN ('VIEW','SYSTEM VIEW','SEQUENCE'), ENGINE, "
                                 "AVG_ROW_LENGTH FROM information_schema.TABLES WHERE "
                                 "TABLE_SCHEMA = ");

    rc = rc == SL_OK ? sl_sql_add_literal(sql, db.data, db.len) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(sql, " AND TABLE_NAME = ") : rc;
    return rc == SL_OK ? sl_sql_add_literal(sql, table.data, table.len) : rc;
}

int sl_table_session_ask(struct sl_client *client, struct sl_span db, struct sl_span table,
                         struct sl_table_about *about, struct sl_err *err)
{
    struct sl_buf sql = {0};
    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    int rc = build(&sql, db, table);
    const char *text = rc == SL_OK ? sl_buf_cstr(&sql) : NULL;

    rc = text != NULL ? sl_client_query(client, text, "look up a table", &rows, err) : SL_ENOMEM;
    sl_buf_release(&sql);
    if (rc != SL_OK) {
        return rc;
    }
    *about = (struct sl_table_about){0};
    row = mysql_fetch_row(rows);
    if (row != NULL && row[0] != NULL && row[0][0] == '1') {
        rc = SL_DONE;
    } else if (row != NULL) {
        about->is_innodb = row[1] != NULL && strcasecmp(row[1], "InnoDB") == 0;
        about->row_bytes = row[2] != NULL ? strtoull(row[2], NULL, 10) : 0;
    }
    mysql_free_result(rows);
    return rc;
}
