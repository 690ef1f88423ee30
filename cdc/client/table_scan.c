/*
 * table_scan.c - one scan is one transaction:
 *
 *     START TRANSACTION  SELECT 1 FROM t LIMIT 0   takes t's metadata lock: what is in the log is
 * done information_schema        the layout, which cannot change any more SELECT … FROM t the rows,
 * fetched as fast as the sink takes them
 *
 * The order matters. Servers write a statement into the binary log before they make it visible
 * (MySQL: MYSQL_BIN_LOG::ordered_commit() has the dump threads send it before the engines commit),
 * so that information_schema, which takes no lock in MySQL, may still show the tables as
 * they were. The statement keeps its exclusive lock until it is visible.
 */
#include "cdc/client/table_scan.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/base/arena.h"
#include "cdc/client/connect.h"
#include "cdc/client/exact_row.h"
#include "cdc/client/schema_read.h"
#include "cdc/client/table_session.h"
#include "cdc/schema_table.h"

enum { SL_SCAN_READ_TIMEOUT_MS = 60000 };

#define SL_SCAN_PURPOSE "read a table again"

struct sl_table_scan {
    struct sl_client client;
    struct sl_buf sql;
    struct sl_buf floats; /* the re-rendered FLOAT and DOUBLE cells of the row */
};

/* One run. */
struct scan {
    struct sl_table_scan *owner;
    const struct sl_load_handler *handler;
    struct sl_schema_rows layout;
    struct sl_arena arena; /* what the table points to */
    struct sl_table table;
    struct sl_cell *cells;
    MYSQL_RES *rows;
};

struct sl_table_scan *sl_table_scan_new(const struct sl_source_options *options)
{
    struct sl_table_scan *scan = calloc(1, sizeof(*scan));

    if (scan != NULL && sl_client_init(&scan->client, options) != SL_OK) {
        sl_table_scan_free(scan);
        return NULL;
    }
    return scan;
}

void sl_table_scan_free(struct sl_table_scan *scan)
{
    if (scan != NULL) {
        sl_client_release(&scan->client);
        sl_buf_release(&scan->sql);
        sl_buf_release(&scan->floats);
        free(scan);
    }
}

void sl_table_scan_interrupt(struct sl_table_scan *scan)
{
    sl_client_interrupt(&scan->client);
}

static int open_session(struct sl_table_scan *scan, struct sl_err *err)
{
    struct sl_server server;
    int rc = sl_table_session_open(&scan->client, &server, SL_SCAN_READ_TIMEOUT_MS, err);

    /* Of both modes this one sees what is committed when a statement begins. */
    rc = rc == SL_OK ? sl_client_query(&scan->client,
                                       "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
                                       "set up its session", NULL, err)
                     : rc;
    return rc == SL_OK ? sl_client_query(&scan->client, "START TRANSACTION READ ONLY",
                                         SL_SCAN_PURPOSE, NULL, err)
                       : rc;
}

static int find_table(struct scan *scan, struct sl_span db, struct sl_span table,
                      struct sl_err *err)
{
    struct sl_client *client = &scan->owner->client;
    struct sl_table_about about;
    int rc = sl_schema_touch(client, db, table, err);

    rc = rc == SL_OK ? sl_table_session_ask(client, db, table, &about, err) : rc;
    rc = rc == SL_OK ? sl_schema_read(client, db, table, &scan->layout, err) : rc;
    rc = rc == SL_OK ? sl_schema_table_build(&scan->table, db, table, &scan->layout.schema,
                                             &scan->arena, err)
                     : rc;
    if (rc != SL_OK) {
        return rc;
    }
    scan->cells = sl_arena_array(&scan->arena, scan->table.column_count, sizeof(*scan->cells));
    return scan->cells != NULL ? SL_OK : SL_ENOMEM;
}

static int ask_for_rows(struct scan *scan, struct sl_err *err)
{
    struct sl_buf *sql = &scan->owner->sql;
    const char *text;
    int rc;

    sl_buf_clear(sql);
    rc = sl_exact_row_select(sql, &scan->table);
    text = rc == SL_OK ? sl_buf_cstr(sql) : NULL;
    return text != NULL
               ? sl_client_stream(&scan->owner->client, text, SL_SCAN_PURPOSE, &scan->rows, err)
               : SL_ENOMEM;
}

static int fetch_rows(struct scan *scan, struct sl_err *err)
{
    struct sl_client *client = &scan->owner->client;
    MYSQL_ROW row;

    while ((row = mysql_fetch_row(scan->rows)) != NULL) {
        int rc = sl_exact_row_cells(&scan->table, row, mysql_fetch_lengths(scan->rows),
                                    &scan->owner->floats, scan->cells);

        if (rc == SL_OK) {
            rc = scan->handler->row(scan->handler->user, &scan->table, scan->cells, err);
        }
        if (rc != SL_OK) {
            return rc;
        }
    }
    return mysql_errno(client->handle) == 0 ? SL_OK
                                            : sl_client_failed(client, SL_SCAN_PURPOSE, err);
}

static void clean_up(struct scan *scan, bool is_complete)
{
    if (!is_complete) {
        sl_client_cut(&scan->owner->client);
    }
    if (scan->rows != NULL) {
        mysql_free_result(scan->rows);
    }
    sl_client_close(&scan->owner->client); /* ends the transaction */
    if (scan->table.user_free != NULL) {
        scan->table.user_free(scan->table.user);
    }
    sl_schema_rows_release(&scan->layout);
    sl_arena_release(&scan->arena);
}

int sl_table_scan_run(void *user, struct sl_span db, struct sl_span table,
                      const struct sl_load_handler *handler, struct sl_err *err)
{
    struct scan scan = {.owner = user, .handler = handler};
    int rc = open_session(scan.owner, err);

    rc = rc == SL_OK ? find_table(&scan, db, table, err) : rc;
    rc = rc == SL_OK ? handler->begin(handler->user, &scan.table, err) : rc;
    rc = rc == SL_OK ? ask_for_rows(&scan, err) : rc;
    rc = rc == SL_OK ? fetch_rows(&scan, err) : rc;
    clean_up(&scan, rc == SL_OK);
    return rc;
}
