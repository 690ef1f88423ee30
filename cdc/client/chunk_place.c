/*
 * chunk_place.c - where in the log a read stands; chunk_reader.h says how.
 *
 * Why it has to wait at all: MySQL's ordered_commit() (sql/binlog.cc) lets the dump threads send a
 * group of transactions when it was flushed and synced, and MariaDB's trx_group_commit_leader()
 * (sql/log.cc) likewise; the engine commits after that. Both make the engine's commit and what
 * is asked here visible under one lock: LOCK_commit_ordered for Binlog_snapshot_position, and
 * gtid_executed is updated by a transaction that the engine has committed.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cdc/base/clock.h"
#include "cdc/client/chunk_private.h"
#include "cdc/sql_text.h"

enum {
    SL_SETTLE_MS = 60000,
    SL_PAUSE_MIN_MS = 1,
    SL_PAUSE_MAX_MS = 50,
};

/* ---- waiting ---- */

struct patience {
    uint64_t until_ms;
    unsigned pause_ms;
};

static struct patience start_waiting(void)
{
    return (struct patience){.until_ms = sl_clock_mono_ms(sl_clock_real()) + SL_SETTLE_MS,
                             .pause_ms = SL_PAUSE_MIN_MS};
}

/* Waits a moment, longer each time. */
static int wait_more(struct sl_chunk_client *self, struct patience *patience, struct sl_err *err)
{
    struct timespec time = {.tv_nsec = (long)patience->pause_ms * 1000000};

    if (sl_client_is_interrupted(&self->client)) {
        return sl_err_set(err, SL_ESTOPPED, "stopped while waiting for the source");
    }
    if (sl_clock_mono_ms(sl_clock_real()) >= patience->until_ms) {
        return sl_err_set(err, SL_EIO,
                          "source %s:%u has logged transactions that its engine has not committed "
                          "for %d s: a commit hangs there (it may wait for a semi-synchronous "
                          "replica or for disk space), see SHOW PROCESSLIST",
                          self->client.options.host, self->client.options.port,
                          SL_SETTLE_MS / 1000);
    }
    (void)nanosleep(&time, NULL);
    patience->pause_ms =
        patience->pause_ms * 2 < SL_PAUSE_MAX_MS ? patience->pause_ms * 2 : SL_PAUSE_MAX_MS;
    return SL_OK;
}

static int run(struct sl_chunk_client *self, const char *sql, struct sl_err *err)
{
    return sl_client_query(&self->client, sql, SL_CHUNK_PURPOSE, NULL, err);
}

/* ---- locking reads ---- */

/* READ COMMITTED: only rows are locked that are read, no gaps between them. */
static int begin_locking(struct sl_chunk_client *self, struct sl_err *err)
{
    int rc;

    self->mode = SL_CHUNK_LOCKING;
    self->has_high = false;
    rc = run(self, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED", err);

    return rc == SL_OK ? run(self, "START TRANSACTION", err) : rc;
}

/* ---- MariaDB ---- */

/* Both rows of SHOW STATUS, in whatever order. */
static int snapshot_place(struct sl_chunk_client *self, struct sl_err *err)
{
    const char *file = NULL;
    const char *offset = NULL;
    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    int rc = sl_client_query(&self->client, "SHOW STATUS LIKE 'Binlog_snapshot_%'",
                             "read the place of a snapshot", &rows, err);

    while (rc == SL_OK && rows != NULL && (row = mysql_fetch_row(rows)) != NULL) {
        if (strcasecmp(row[0], "Binlog_snapshot_file") == 0) {
            file = row[1];
        } else if (strcasecmp(row[0], "Binlog_snapshot_position") == 0) {
            offset = row[1];
        }
    }
    if (rc == SL_OK && (file == NULL || file[0] == '\0' || offset == NULL)) {
        rc = sl_err_set(err, SL_EINVAL,
                        "source %s:%u does not say which place of its log a snapshot is of: set "
                        "log_bin in its configuration and restart it",
                        self->client.options.host, self->client.options.port);
    }
    rc = rc == SL_OK ? sl_session_set_place(&self->server, file, offset, &self->high, err) : rc;
    if (rows != NULL) {
        mysql_free_result(rows);
    }
    return rc;
}

/*
 * XA COMMIT is in the log, and Binlog_snapshot_position behind it, before the engine has it; until
 * then the transaction is listed as prepared.
 */
static int has_prepared(struct sl_chunk_client *self, bool *found, struct sl_err *err)
{
    MYSQL_RES *rows = NULL;
    int rc = sl_client_query(&self->client, "XA RECOVER", "list prepared transactions", &rows, err);

    *found = rc == SL_OK && rows != NULL && mysql_num_rows(rows) > 0;
    if (rows != NULL) {
        mysql_free_result(rows);
    }
    return rc;
}

static int begin_named(struct sl_chunk_client *self, const struct sl_position *low,
                       struct sl_err *err)
{
    struct patience patience = start_waiting();

    for (;;) {
        bool may_lag = false;
        int rc = has_prepared(self, &may_lag, err);

        if (rc == SL_OK && may_lag) {
            return begin_locking(self, err);
        }
        rc = rc == SL_OK ? run(self, "START TRANSACTION WITH CONSISTENT SNAPSHOT", err) : rc;
        rc = rc == SL_OK ? snapshot_place(self, err) : rc;
        if (rc != SL_OK || sl_position_compare_file(&self->high, low) >= 0) {
            return rc;
        }
        rc = run(self, "ROLLBACK", err);
        rc = rc == SL_OK ? wait_more(self, &patience, err) : rc;
        if (rc != SL_OK) {
            return rc;
        }
    }
}

/* ---- MySQL ---- */

static int build_subset(struct sl_buf *sql, const struct sl_position *low)
{
    struct sl_buf set = {0};
    int rc = sl_position_format_gtid(low, &set);

    sl_buf_clear(sql);
    rc = rc == SL_OK ? sl_buf_add_str(sql, "SELECT GTID_SUBSET(") : rc;
    rc = rc == SL_OK ? sl_sql_add_literal(sql, set.data, set.len) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(sql, ", @@GLOBAL.gtid_executed)") : rc;
    sl_buf_release(&set);
    return rc;
}

static int wait_for_gtids(struct sl_chunk_client *self, const struct sl_position *low,
                          struct sl_err *err)
{
    struct patience patience = start_waiting();
    struct sl_buf found = {0};
    int rc = build_subset(&self->sql, low);
    const char *text = rc == SL_OK ? sl_buf_cstr(&self->sql) : NULL;

    rc = text != NULL ? SL_OK : SL_ENOMEM;
    while (rc == SL_OK) {
        rc = sl_client_value(&self->client, text, "compare GTID sets", &found, err);
        if (rc != SL_OK || (found.len == 1 && found.data[0] == '1')) {
            break;
        }
        rc = wait_more(self, &patience, err);
    }
    sl_buf_release(&found);
    return rc == SL_DONE ? SL_EIO : rc;
}

static int begin_waited(struct sl_chunk_client *self, const struct sl_position *low,
                        struct sl_err *err)
{
    int rc = wait_for_gtids(self, low, err);

    rc = rc == SL_OK ? run(self, "START TRANSACTION WITH CONSISTENT SNAPSHOT", err) : rc;
    if (rc == SL_OK && self->has_high) {
        rc = sl_session_find_place(&self->client, &self->server, &self->high, err);
    }
    return rc;
}

/* ---- both ---- */

/* Places of another server say nothing here. */
static int check_server(struct sl_chunk_client *self, const struct sl_position *low,
                        struct sl_err *err)
{
    if (low->server_uuid[0] == '\0' || strcmp(low->server_uuid, self->server.uuid) == 0) {
        return SL_OK;
    }
    return sl_err_set(err, SL_EIO,
                      "rows and stream come from different servers: the stream is of %s, but "
                      "source %s:%u is %s now (a failover or a load balancer between them)",
                      low->server_uuid, self->client.options.host, self->client.options.port,
                      self->server.uuid);
}

static enum sl_chunk_mode mode_of(const struct sl_chunk_client *self, const struct sl_position *low,
                                  bool locked)
{
    if (!locked && self->server.flavor == SL_FLAVOR_MARIADB) {
        return SL_CHUNK_SNAPSHOT_NAMED;
    }
    return !locked && self->server.gtid_on && low->has_gtid ? SL_CHUNK_SNAPSHOT_WAIT
                                                            : SL_CHUNK_LOCKING;
}

int sl_chunk_place_begin(struct sl_chunk_client *self, const struct sl_position *low, bool locked,
                         struct sl_err *err)
{
    int rc = check_server(self, low, err);

    if (rc != SL_OK) {
        return rc;
    }
    self->mode = mode_of(self, low, locked);
    self->has_high = self->mode != SL_CHUNK_LOCKING && self->open.about.is_innodb;
    switch (self->mode) {
    case SL_CHUNK_SNAPSHOT_NAMED:
        return begin_named(self, low, err);
    case SL_CHUNK_SNAPSHOT_WAIT:
        return begin_waited(self, low, err);
    case SL_CHUNK_LOCKING:
        break;
    }
    return begin_locking(self, err);
}

int sl_chunk_place_end(struct sl_chunk_client *self, bool keep, struct sl_err *err)
{
    int rc = SL_OK;

    if (!self->has_high) {
        rc = sl_session_find_place(&self->client, &self->server, &self->high, err);
    }
    return rc == SL_OK && !keep ? run(self, "COMMIT", err) : rc;
}
