#include "cdc/client/log_index.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/client/binlog.h"
#include "cdc/client/connect.h"
#include "cdc/client/session.h"
#include "cdc/event.h"
#include "cdc/since.h"

enum { SL_INDEX_READ_TIMEOUT_MS = 60000 };

struct sl_log_index {
    struct sl_client client;
    struct sl_server server;
    struct sl_source *source; /* for short looks at the begin of a file */
    struct sl_buf names;      /* of the files, each with its NUL */
    size_t *at;               /* where each begins in NAMES */
    size_t count;
    size_t cap;
};

struct sl_log_index *sl_log_index_new(const struct sl_source_options *options)
{
    struct sl_log_index *index = calloc(1, sizeof(*index));

    if (index == NULL) {
        return NULL;
    }
    index->source = sl_binlog_source_new(options, "", true);
    if (sl_client_init(&index->client, options) != SL_OK || index->source == NULL) {
        sl_log_index_free(index);
        return NULL;
    }
    return index;
}

void sl_log_index_free(struct sl_log_index *index)
{
    if (index != NULL) {
        sl_client_release(&index->client);
        if (index->source != NULL) {
            index->source->ops->free(index->source);
        }
        sl_buf_release(&index->names);
        free(index->at);
        free(index);
    }
}

void sl_log_index_interrupt(struct sl_log_index *index)
{
    sl_client_interrupt(&index->client);
    index->source->ops->interrupt(index->source);
}

/* ---- the list ---- */

static int add_name(struct sl_log_index *index, const char *name)
{
    if (index->count == index->cap) {
        size_t cap = index->cap > 0 ? 2 * index->cap : 64;
        size_t *at = realloc(index->at, cap * sizeof(*at));

        if (at == NULL) {
            return SL_ENOMEM;
        }
        index->at = at;
        index->cap = cap;
    }
    index->at[index->count++] = index->names.len;
    return sl_buf_add(&index->names, name, strlen(name) + 1);
}

static const char *name_of(const struct sl_log_index *index, size_t number)
{
    return (const char *)index->names.data + index->at[number];
}

static int fetch_list(struct sl_log_index *index, struct sl_err *err)
{
    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    int rc =
        sl_client_query(&index->client, "SHOW BINARY LOGS", "list the binary logs", &rows, err);

    index->count = 0;
    sl_buf_clear(&index->names);
    while (rc == SL_OK && rows != NULL && (row = mysql_fetch_row(rows)) != NULL) {
        rc = row[0] != NULL ? add_name(index, row[0]) : SL_OK;
    }
    if (rows != NULL) {
        mysql_free_result(rows);
    }
    if (rc == SL_ENOMEM) {
        return sl_err_set(err, rc, "no memory for the list of binary logs");
    }
    return rc == SL_OK && index->count == 0
               ? sl_err_set(err, SL_EINVAL, "source %s:%u has no binary log: set log_bin there",
                            index->client.options.host, index->client.options.port)
               : rc;
}

static int list(struct sl_log_index *index, struct sl_err *err)
{
    int rc = sl_client_open(&index->client, SL_INDEX_READ_TIMEOUT_MS, err);

    rc = rc == SL_OK ? sl_session_identify(&index->client, &index->server, err) : rc;
    rc = rc == SL_OK ? fetch_list(index, err) : rc;
    sl_client_close(&index->client);
    return rc;
}

static int set_begin(const struct sl_log_index *index, size_t number, struct sl_position *place,
                     struct sl_err *err)
{
    return sl_session_set_place(&index->server, name_of(index, number), "4", place, err);
}

/* ---- the time of a file ---- */

/* Events that the server makes for the stream have no time. */
static int read_time(struct sl_source *source, uint32_t *time, struct sl_err *err)
{
    int rc = SL_OK;

    *time = 0;
    while (rc == SL_OK && *time == 0) {
        struct sl_span raw;
        struct sl_event event;

        rc = source->ops->next(source, &raw, err);
        rc = rc == SL_OK ? sl_event_parse(raw, false, false, &event, err) : rc;
        *time = rc == SL_OK ? event.timestamp : 0;
    }
    return rc == SL_DONE ? SL_OK : rc;
}

static int first_time(void *user, size_t number, uint32_t *time, struct sl_err *err)
{
    struct sl_log_index *index = user;
    struct sl_position begin = {.offset = 0};
    int rc = set_begin(index, number, &begin, err);

    rc = rc == SL_OK ? index->source->ops->open(index->source, SL_START_AT, &begin, err) : rc;
    rc = rc == SL_OK ? read_time(index->source, time, err) : rc;
    if (rc != SL_ESTOPPED) {
        index->source->ops->close(index->source); /* it would forget an interruption */
    }
    sl_position_release(&begin);
    return rc;
}

int sl_log_index_find(struct sl_log_index *index, uint32_t time, struct sl_position *place,
                      struct sl_err *err)
{
    size_t number = 0;
    int rc = list(index, err);
    int found;

    found = rc == SL_OK ? sl_since_search(index->count, time, first_time, index, &number, err) : rc;
    rc = found >= SL_OK ? set_begin(index, number, place, err) : found;
    return rc == SL_OK ? found : rc;
}

int sl_log_index_has(struct sl_log_index *index, const struct sl_position *place,
                     struct sl_position *first, struct sl_err *err)
{
    int rc = list(index, err);

    for (size_t i = 0; rc == SL_OK && i < index->count; i++) {
        if (strcmp(name_of(index, i), place->file) == 0) {
            return SL_OK;
        }
    }
    rc = rc == SL_OK ? set_begin(index, 0, first, err) : rc;
    return rc == SL_OK ? SL_DONE : rc;
}
