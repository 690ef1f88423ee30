#include "cdc/client/log_end.h"

#include <stdlib.h>

#include "cdc/client/connect.h"
#include "cdc/client/session.h"

enum { SL_END_READ_TIMEOUT_MS = 10000 };

struct sl_log_end {
    struct sl_client client;
    struct sl_server server; /* of the open connection */
};

struct sl_log_end *sl_log_end_new(const struct sl_source_options *options)
{
    struct sl_log_end *end = calloc(1, sizeof(*end));

    if (end != NULL && sl_client_init(&end->client, options) != SL_OK) {
        sl_log_end_free(end);
        return NULL;
    }
    return end;
}

void sl_log_end_free(struct sl_log_end *end)
{
    if (end != NULL) {
        sl_client_release(&end->client);
        free(end);
    }
}

void sl_log_end_interrupt(struct sl_log_end *end)
{
    sl_client_interrupt(&end->client);
}

/* Behind one name there may be another server by the next connection. */
static int connect_once(struct sl_log_end *end, struct sl_err *err)
{
    int rc;

    if (end->client.handle != NULL) {
        return SL_OK;
    }
    rc = sl_client_open(&end->client, SL_END_READ_TIMEOUT_MS, err);
    return rc == SL_OK ? sl_session_identify(&end->client, &end->server, err) : rc;
}

int sl_log_end_ask(struct sl_log_end *end, struct sl_log_place *place, struct sl_err *err)
{
    struct sl_position position = {.offset = 0};
    int rc = connect_once(end, err);

    rc = rc == SL_OK ? sl_session_find_place(&end->client, &end->server, &position, err) : rc;
    if (rc == SL_OK) {
        sl_log_place_of(place, &position);
    } else {
        sl_client_close(&end->client);
    }
    sl_position_release(&position);
    return rc;
}

static int take_list(MYSQL_RES *rows, struct sl_log_files *files)
{
    MYSQL_ROW row;
    int rc = SL_OK;

    while (rc == SL_OK && rows != NULL && (row = mysql_fetch_row(rows)) != NULL) {
        if (row[0] != NULL && row[1] != NULL) {
            rc = sl_log_files_add(files, row[0], strtoull(row[1], NULL, 10));
        }
    }
    return rc;
}

int sl_log_end_list(struct sl_log_end *end, struct sl_log_files *files, struct sl_err *err)
{
    MYSQL_RES *rows = NULL;
    int rc = connect_once(end, err);

    sl_log_files_release(files);
    if (rc == SL_OK) {
        rc = sl_client_query(&end->client, "SHOW BINARY LOGS", "list the binary logs", &rows, err);
    }
    if (rc != SL_OK) {
        sl_client_close(&end->client);
        return rc;
    }
    rc = take_list(rows, files);
    if (rows != NULL) {
        mysql_free_result(rows);
    }
    return rc == SL_OK ? SL_OK : sl_err_set(err, rc, "no memory for the list of binary logs");
}
