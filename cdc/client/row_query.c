#include "cdc/client/row_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/client/connect.h"
#include "cdc/client/exact_row.h"
#include "cdc/sql_text.h"
#include "cdc/value.h"

enum {
    SL_ROW_READ_TIMEOUT_MS = 60000,
    SL_ER_BAD_FIELD = 1054,
    SL_ER_NO_SUCH_TABLE = 1146,
};

struct sl_row_query {
    struct sl_client client;
    struct sl_buf sql;
    struct sl_buf floats; /* the re-rendered FLOAT and DOUBLE cells of the row */
    MYSQL_RES *rows;      /* what the last read's cells point into */
};

struct sl_row_query *sl_row_query_new(const struct sl_source_options *options)
{
    struct sl_row_query *query = calloc(1, sizeof(*query));

    if (query != NULL && sl_client_init(&query->client, options) != SL_OK) {
        sl_row_query_free(query);
        return NULL;
    }
    return query;
}

static void drop_rows(struct sl_row_query *query)
{
    if (query->rows != NULL) {
        mysql_free_result(query->rows);
        query->rows = NULL;
    }
}

void sl_row_query_free(struct sl_row_query *query)
{
    if (query != NULL) {
        drop_rows(query);
        sl_client_release(&query->client);
        sl_buf_release(&query->sql);
        sl_buf_release(&query->floats);
        free(query);
    }
}

void sl_row_query_interrupt(struct sl_row_query *query)
{
    sl_client_interrupt(&query->client);
}

static int add_condition(struct sl_buf *sql, const struct sl_column *column,
                         const struct sl_cell *cell, struct sl_err *err)
{
    struct sl_buf text = {0};
    int rc = sl_sql_add_name(sql, column->name.data, column->name.len);

    rc = rc == SL_OK ? sl_buf_add_byte(sql, '=') : rc;
    if (rc == SL_OK && cell->state == SL_CELL_TEXT) {
        rc = sl_buf_add(&text, cell->data, cell->len);
    } else if (rc == SL_OK && cell->state == SL_CELL_VALUE) {
        rc = sl_value_text(column, cell, &text, err);
    } else if (rc == SL_OK) {
        rc = sl_err_set(err, SL_ESCHEMA,
                        "a row cannot be read again: its change does not hold key column %.*s",
                        (int)column->name.len, (const char *)column->name.data);
    }
    rc = rc == SL_OK ? sl_sql_add_value(sql, column, sl_span_make(text.data, text.len)) : rc;
    sl_buf_release(&text);
    return rc;
}

static int build(struct sl_buf *sql, const struct sl_table *table, const struct sl_cell *key,
                 struct sl_err *err)
{
    int rc;

    sl_buf_clear(sql);
    rc = sl_exact_row_select(sql, table);
    rc = rc == SL_OK ? sl_buf_add_str(sql, " WHERE ") : rc;
    for (uint32_t i = 0; rc == SL_OK && i < table->key_count; i++) {
        uint32_t number = table->key[i];

        rc = i > 0 ? sl_buf_add_str(sql, " AND ") : SL_OK;
        rc = rc == SL_OK ? add_condition(sql, &table->columns[number], &key[number], err) : rc;
    }
    /*
     * Both servers send a transaction to replicas before its engine commits it (MySQL's
     * sql/binlog.cc: ordered_commit, flush and sync come before commit), so a plain read may still
     * see the row as it was. The transaction keeps the row locked until then: a locking read waits.
     */
    rc = rc == SL_OK ? sl_buf_add_str(sql, " LOCK IN SHARE MODE") : rc;
    if (rc == SL_OK && sl_buf_cstr(sql) == NULL) {
        rc = SL_ENOMEM;
    }
    return rc;
}

/* READ COMMITTED, so that reading a row that is gone locks no gap. */
static int connect_if_needed(struct sl_row_query *query, struct sl_err *err)
{
    int rc;

    if (query->client.handle != NULL) {
        return SL_OK;
    }
    rc = sl_client_open(&query->client, SL_ROW_READ_TIMEOUT_MS, err);
    return rc == SL_OK ? sl_client_query(&query->client,
                                         "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
                                         "set up its session", NULL, err)
                       : rc;
}

static int run_once(struct sl_row_query *query, struct sl_err *err)
{
    int rc = connect_if_needed(query, err);

    if (rc == SL_OK) {
        rc = sl_client_query(&query->client, (const char *)query->sql.data, "read a row again",
                             &query->rows, err);
    }
    return rc;
}

/* The connection is idle for long times and may have been closed: tries a second one. */
static int run(struct sl_row_query *query, const struct sl_table *table, struct sl_err *err)
{
    int rc = run_once(query, err);
    unsigned code = query->client.handle != NULL ? mysql_errno(query->client.handle) : 0;

    if (rc == SL_EIO && code == SL_ER_NO_SUCH_TABLE) {
        return SL_DONE; /* the statement that dropped or renamed it is yet to come */
    }
    if (rc == SL_EIO && code == SL_ER_BAD_FIELD) {
        return sl_err_set(err, SL_ESCHEMA,
                          "a row of table %.*s.%.*s cannot be read again: the table was changed or "
                          "dropped since (error %u)",
                          (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                          (const char *)table->name.data, code);
    }
    if (rc == SL_EIO && !sl_client_is_interrupted(&query->client)) {
        sl_client_close(&query->client);
        rc = run_once(query, err);
    }
    if (rc != SL_OK) {
        sl_client_close(&query->client);
    }
    return rc;
}

static int check_table(const struct sl_table *table, struct sl_err *err)
{
    if (table->key_count > 0 && table->has_names) {
        return SL_OK;
    }
    return sl_err_set(err, SL_ESCHEMA,
                      "a row of table %.*s.%.*s cannot be read again: its key or its column names "
                      "are not known; set binlog_row_image = FULL at the source",
                      (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                      (const char *)table->name.data);
}

int sl_row_query_read(void *user, const struct sl_table *table, const struct sl_cell *key,
                      struct sl_cell *out, struct sl_err *err)
{
    struct sl_row_query *query = user;
    MYSQL_ROW row;
    int rc = check_table(table, err);

    if (rc != SL_OK) {
        return rc;
    }
    drop_rows(query);
    rc = build(&query->sql, table, key, err);
    rc = rc == SL_OK ? run(query, table, err) : rc;
    if (rc != SL_OK) {
        return rc;
    }
    row = query->rows != NULL ? mysql_fetch_row(query->rows) : NULL;
    if (row == NULL) {
        return SL_DONE;
    }
    return sl_exact_row_cells(table, row, mysql_fetch_lengths(query->rows), &query->floats, out);
}
