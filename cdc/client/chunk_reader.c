#include "cdc/client/chunk_reader.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/client/chunk_private.h"

enum {
    /* A SELECT with a condition of the user's may look at many rows before it has one. */
    SL_CHUNK_READ_TIMEOUT_MS = 600000,
    SL_VERSION_STATS_EXPIRY = 80003,
    SL_ER_SERVER_SHUTDOWN = 1053,
    SL_ER_CONNECTION_KILLED = 1927,
    SL_CR_FIRST =
        2000, /* the client library's own: whatever it is called, the connection is gone */
    SL_CR_LAST = 2999,
    SL_ER_IDLE_TIMEOUT = 4031,
};

/* ---- connection ---- */

/*
 * ALLOW_INVALID_DATES: a DATE of 31 February, which such a session may have stored, can be compared
 * with. wait_timeout ends a locked read that is forgotten; a connection that was idle for
 * longer is opened again. A locking read that waits keeps the rows locked that it has passed.
 */
static int set_session(struct sl_chunk_client *self, struct sl_err *err)
{
    int rc = sl_client_query(&self->client,
                             "SET SESSION sql_mode = 'ALLOW_INVALID_DATES', wait_timeout = 60, "
                             "innodb_lock_wait_timeout = 5",
                             "set up its session", NULL, err);

    if (rc == SL_OK) {
        rc = sl_client_query(&self->client,
                             "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                             "set up its session", NULL, err);
    }
    /* Estimates as they are, not as they were a day ago. */
    if (rc == SL_OK && self->server.flavor == SL_FLAVOR_MYSQL &&
        self->server.version >= SL_VERSION_STATS_EXPIRY) {
        rc = sl_client_query(&self->client, "SET SESSION information_schema_stats_expiry = 0",
                             "set up its session", NULL, err);
    }
    return rc;
}

int sl_chunk_connect(struct sl_chunk_client *self, struct sl_err *err)
{
    int rc;

    sl_chunk_end_range(&self->reader);
    if (self->client.handle != NULL) {
        return SL_OK;
    }
    self->is_locked = false;
    rc = sl_table_session_open(&self->client, &self->server, SL_CHUNK_READ_TIMEOUT_MS, err);
    rc = rc == SL_OK ? set_session(self, err) : rc;
    if (rc == SL_OK && self->open.is_open) {
        rc = sl_chunk_table_verify(self, err);
    }
    if (rc != SL_OK) {
        sl_client_close(&self->client);
    }
    return rc;
}

bool sl_chunk_was_lost(struct sl_chunk_client *self, int rc)
{
    unsigned code = self->client.handle != NULL ? mysql_errno(self->client.handle) : 0;

    if (rc >= SL_OK) {
        return false;
    }
    if (code == 0) {
        code = self->fault;
    }
    sl_chunk_rows_end(self);
    sl_client_close(&self->client); /* whatever it was in the midst of */
    if (rc != SL_EIO || sl_client_is_interrupted(&self->client)) {
        return false;
    }
    return (code >= SL_CR_FIRST && code <= SL_CR_LAST) || code == SL_ER_IDLE_TIMEOUT ||
           code == SL_ER_CONNECTION_KILLED || code == SL_ER_SERVER_SHUTDOWN;
}

/* ---- short questions ---- */

/* Runs SQL, on a second connection if the first one was lost; the caller frees *ROWS. */
static int ask(struct sl_chunk_client *self, const char *sql, const char *what, MYSQL_RES **rows,
               struct sl_err *err)
{
    int rc = SL_EIO;

    for (int tries = 0; tries < 2; tries++) {
        rc = sl_chunk_connect(self, err);
        rc = rc == SL_OK ? sl_client_query(&self->client, sql, what, rows, err) : rc;
        if (!sl_chunk_was_lost(self, rc)) {
            break;
        }
    }
    return rc;
}

static struct sl_span text_of(const char *text)
{
    return sl_span_make(text, strlen(text));
}

static int list(struct sl_chunk_reader *reader,
                int (*each)(void *user, struct sl_span db, struct sl_span table, uint64_t rows),
                void *user, struct sl_err *err)
{
    struct sl_chunk_client *self = (struct sl_chunk_client *)reader;
    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    int rc = ask(self,
                 "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_ROWS FROM information_schema.TABLES WHERE "
                 "TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW', 'SEQUENCE') AND TABLE_SCHEMA NOT IN "
                 "('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY 1, 2",
                 "list the tables", &rows, err);

    while (rc == SL_OK && (row = mysql_fetch_row(rows)) != NULL) {
        rc = each(user, text_of(row[0]), text_of(row[1]),
                  row[2] != NULL ? strtoull(row[2], NULL, 10) : 0);
    }
    if (rows != NULL) {
        mysql_free_result(rows);
    }
    return rc;
}

/* With MySQL's GTIDs, which cost nothing: so the position can be a read's LOW. */
static int end(struct sl_chunk_reader *reader, struct sl_position *position, struct sl_err *err)
{
    struct sl_chunk_client *self = (struct sl_chunk_client *)reader;
    int rc = SL_EIO;

    for (int tries = 0; tries < 2; tries++) {
        rc = sl_chunk_connect(self, err);
        if (rc == SL_OK) {
            rc = self->server.flavor == SL_FLAVOR_MYSQL
                     ? sl_session_find_end(&self->client, &self->server, position, err)
                     : sl_session_find_place(&self->client, &self->server, position, err);
        }
        if (!sl_chunk_was_lost(self, rc)) {
            break;
        }
    }
    return rc;
}

static int pressure(struct sl_chunk_reader *reader, struct sl_chunk_pressure *found,
                    struct sl_err *err)
{
    struct sl_chunk_client *self = (struct sl_chunk_client *)reader;
    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    int rc =
        ask(self, "SHOW GLOBAL STATUS LIKE 'Threads_running'", "ask how busy it is", &rows, err);

    if (rc != SL_OK) {
        return rc;
    }
    row = rows != NULL ? mysql_fetch_row(rows) : NULL;
    if (row != NULL && row[1] != NULL) {
        found->threads_running = strtoull(row[1], NULL, 10);
    } else {
        rc = sl_err_set(err, SL_EIO,
                        "the source does not say how many threads it runs: connect to the server "
                        "itself, not to a proxy");
    }
    mysql_free_result(rows);
    return rc;
}

/* ---- tables ---- */

static void close_table(struct sl_chunk_reader *reader)
{
    sl_chunk_end_range(reader);
    sl_chunk_table_close((struct sl_chunk_client *)reader);
}

static int open_table(struct sl_chunk_reader *reader, struct sl_span db, struct sl_span name,
                      const char *where, struct sl_table **table, struct sl_err *err)
{
    struct sl_chunk_client *self = (struct sl_chunk_client *)reader;
    int rc = SL_EIO;

    for (int tries = 0; tries < 2; tries++) {
        sl_chunk_table_close(self);
        rc = sl_chunk_connect(self, err);
        rc = rc == SL_OK ? sl_chunk_table_open(self, db, name, where, err) : rc;
        if (!sl_chunk_was_lost(self, rc)) {
            break;
        }
    }
    if (rc == SL_OK) {
        *table = &self->open.table;
    }
    return rc;
}

/* ---- life ---- */

static void interrupt_reader(struct sl_chunk_reader *reader)
{
    sl_client_interrupt(&((struct sl_chunk_client *)reader)->client);
}

static void free_reader(struct sl_chunk_reader *reader)
{
    struct sl_chunk_client *self = (struct sl_chunk_client *)reader;

    sl_chunk_end_range(reader);
    sl_chunk_table_close(self);
    sl_chunk_rows_release(&self->rows);
    sl_position_release(&self->high);
    sl_buf_release(&self->sql);
    sl_client_release(&self->client);
    free(self);
}

static const struct sl_chunk_reader_ops operations = {
    .list = list,
    .end = end,
    .open_table = open_table,
    .close_table = close_table,
    .read_range = sl_chunk_read_range,
    .read_more = sl_chunk_read_more,
    .end_range = sl_chunk_end_range,
    .read_keys = sl_chunk_read_keys,
    .unlock = sl_chunk_unlock,
    .pressure = pressure,
    .interrupt = interrupt_reader,
    .free = free_reader,
};

struct sl_chunk_reader *sl_chunk_reader_new(const struct sl_source_options *options)
{
    struct sl_chunk_client *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    self->reader.ops = &operations;
    if (sl_client_init(&self->client, options) != SL_OK) {
        free_reader(&self->reader);
        return NULL;
    }
    return &self->reader;
}
