#include "cdc/client/schema_query.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/client/connect.h"
#include "cdc/client/ddl_scan.h"
#include "cdc/client/schema_read.h"
#include "cdc/client/session.h"

enum { SL_SCHEMA_READ_TIMEOUT_MS = 60000 };

struct sl_schema_query {
    struct sl_client client;
    struct sl_server server;
    struct sl_ddl_scan *scan;
    struct sl_schema_rows rows;
};

struct sl_schema_query *sl_schema_query_new(const struct sl_source_options *options)
{
    struct sl_schema_query *query = calloc(1, sizeof(*query));

    if (query == NULL) {
        return NULL;
    }
    query->scan = sl_ddl_scan_new(options);
    if (sl_client_init(&query->client, options) != SL_OK || query->scan == NULL) {
        sl_schema_query_free(query);
        return NULL;
    }
    return query;
}

void sl_schema_query_free(struct sl_schema_query *query)
{
    if (query != NULL) {
        sl_schema_rows_release(&query->rows);
        sl_client_release(&query->client);
        sl_ddl_scan_free(query->scan);
        free(query);
    }
}

void sl_schema_query_interrupt(struct sl_schema_query *query)
{
    sl_client_interrupt(&query->client);
    sl_ddl_scan_interrupt(query->scan);
}

static int connect_if_needed(struct sl_schema_query *query, struct sl_err *err)
{
    int rc;

    if (query->client.handle != NULL) {
        return SL_OK;
    }
    rc = sl_client_open(&query->client, SL_SCHEMA_READ_TIMEOUT_MS, err);
    rc = rc == SL_OK ? sl_session_identify(&query->client, &query->server, err) : rc;
    rc = rc == SL_OK ? sl_schema_prepare(&query->client, &query->server, err) : rc;
    if (rc != SL_OK) {
        sl_client_close(&query->client);
    }
    return rc;
}

/*
 * The log's end is read after the layout, and a statement is in the log before its layout
 * shows, so what changed the layout that was read stands before that end.
 */
static int judge(struct sl_schema_query *query, struct sl_span db, struct sl_span table,
                 const struct sl_position *at, struct sl_err *err)
{
    struct sl_position end;
    int rc;

    query->rows.schema.is_current = false;
    if (at == NULL || at->file[0] == '\0' ||
        (at->server_uuid[0] != '\0' && strcmp(at->server_uuid, query->server.uuid) != 0)) {
        return SL_OK;
    }
    sl_position_init(&end);
    rc = sl_session_find_end(&query->client, &query->server, &end, err);
    if (rc == SL_OK && sl_position_compare_file(&end, at) > 0) {
        rc = sl_ddl_scan_find(query->scan, at, &end, db, table, err);
    }
    query->rows.schema.is_current = rc == SL_OK;
    sl_position_release(&end);
    return rc == SL_DONE ? SL_OK : rc;
}

static int read_once(struct sl_schema_query *query, struct sl_span db, struct sl_span table,
                     const struct sl_position *at, struct sl_err *err)
{
    int rc = connect_if_needed(query, err);

    rc = rc == SL_OK ? sl_schema_read(&query->client, db, table, &query->rows, err) : rc;
    return rc == SL_OK ? judge(query, db, table, at, err) : rc;
}

int sl_schema_query_read(void *user, struct sl_span db, struct sl_span table,
                         const struct sl_position *at, const struct sl_schema **schema,
                         struct sl_err *err)
{
    struct sl_schema_query *query = user;
    int rc = read_once(query, db, table, at, err);

    if (rc == SL_EIO && !sl_client_is_interrupted(&query->client)) {
        /* Idle for long, the connection may have been closed by the server: a second one. */
        sl_client_close(&query->client);
        rc = read_once(query, db, table, at, err);
    }
    if (rc < SL_OK) {
        sl_client_close(&query->client);
    }
    if (rc == SL_OK) {
        *schema = &query->rows.schema;
    }
    return rc;
}
