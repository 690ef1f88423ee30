#include "cdc/client/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/base/hash.h"
#include "cdc/base/span.h"
#include "cdc/sql_text.h"

enum {
    SL_VERSION_LOG_STATUS = 80200, /* SHOW BINARY LOG STATUS came, in 8.4 the old name went */
};

uint32_t sl_session_version(const char *text)
{
    unsigned long part[3] = {0};
    char *end;

    for (size_t i = 0; i < 3; i++) {
        part[i] = strtoul(text, &end, 10);
        if (end == text || part[i] > 99) {
            break;
        }
        text = *end == '.' ? end + 1 : "";
    }
    return (uint32_t)(part[0] * 10000 + part[1] * 100 + part[2]);
}

static int no_log(const struct sl_client *client, struct sl_err *err)
{
    return sl_err_set(err, SL_EINVAL,
                      "source %s:%u writes no binary log: set log_bin in its configuration and "
                      "restart it",
                      client->options.host, client->options.port);
}

static int identify_row(MYSQL_ROW row, struct sl_server *server)
{
    const char *version = row[0] != NULL ? row[0] : "";
    const char *id = row[1] != NULL ? row[1] : "0";

    server->flavor = strstr(version, "MariaDB") != NULL ? SL_FLAVOR_MARIADB : SL_FLAVOR_MYSQL;
    /* MariaDB 10 on some systems says "5.5.5-10.…" for the sake of old replicas. */
    if (strncmp(version, "5.5.5-", 6) == 0) {
        version += 6;
    }
    server->version = sl_session_version(version);
    server->server_id = (uint32_t)strtoul(id, NULL, 10);
    (void)snprintf(server->uuid, sizeof(server->uuid), "server_id:%u", server->server_id);
    server->gtid_on = server->flavor == SL_FLAVOR_MARIADB;
    server->folds_names = row[2] != NULL && strcmp(row[2], "1") == 0;
    return SL_OK;
}

static int identify_mysql(struct sl_client *client, struct sl_server *server, struct sl_err *err)
{
    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    int rc = sl_client_query(client, "SELECT @@global.server_uuid, @@global.gtid_mode",
                             "read the server's identity", &rows, err);

    if (rc != SL_OK) {
        return rc;
    }
    row = mysql_fetch_row(rows);
    if (row != NULL && row[0] != NULL && row[1] != NULL) {
        (void)snprintf(server->uuid, sizeof(server->uuid), "%s", row[0]);
        server->gtid_on = strcmp(row[1], "ON") == 0;
    }
    mysql_free_result(rows);
    return SL_OK;
}

int sl_session_identify(struct sl_client *client, struct sl_server *server, struct sl_err *err)
{
    struct sl_server found = {.flavor = SL_FLAVOR_UNKNOWN};
    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    int rc = sl_client_query(client,
                             "SELECT VERSION(), @@global.server_id, "
                             "@@global.lower_case_table_names",
                             "read the server's version", &rows, err);

    if (rc != SL_OK) {
        return rc;
    }
    row = mysql_fetch_row(rows);
    rc = row != NULL ? identify_row(row, &found)
                     : sl_err_set(err, SL_EIO,
                                  "the source does not say its version: connect to the server "
                                  "itself, not to a proxy");
    mysql_free_result(rows);
    if (rc == SL_OK && found.flavor == SL_FLAVOR_MYSQL) {
        rc = identify_mysql(client, &found, err);
    }
    if (rc == SL_OK) {
        *server = found;
    }
    return rc;
}

int sl_session_set_place(const struct sl_server *server, const char *file, const char *offset,
                         struct sl_position *position, struct sl_err *err)
{
    int rc;

    sl_position_release(position);
    sl_position_init(position);
    rc = sl_position_set_file(position, file, strlen(file), strtoull(offset, NULL, 10));
    if (rc != SL_OK) {
        return sl_err_set(err, rc,
                          "the source's binary log has an unusable name, %.64s: connect to the "
                          "server itself, not to a proxy",
                          file);
    }
    memcpy(position->server_uuid, server->uuid, sizeof(position->server_uuid));
    return SL_OK;
}

static int set_mysql_gtids(const struct sl_server *server, const char *text,
                           struct sl_position *position, struct sl_err *err)
{
    int rc = SL_OK;

    if (server->gtid_on && text != NULL) {
        rc = sl_gtid_set_parse(&position->gtids, sl_span_make(text, strlen(text)), err);
        position->has_gtid = rc == SL_OK;
    }
    return rc;
}

/*
 * The list that belongs to exactly this place; gtid_binlog_pos, read a moment later, may be
 * ahead of it. Needs no privilege.
 */
static int set_mariadb_gtids(struct sl_client *client, struct sl_position *position,
                             struct sl_err *err)
{
    struct sl_buf sql = {0};
    struct sl_buf text = {0};
    const char *query;
    int rc = sl_buf_add_str(&sql, "SELECT BINLOG_GTID_POS(");

    rc = rc == SL_OK ? sl_sql_add_literal(&sql, position->file, strlen(position->file)) : rc;
    rc =
        rc == SL_OK ? sl_buf_add_format(&sql, ", %llu)", (unsigned long long)position->offset) : rc;
    query = rc == SL_OK ? sl_buf_cstr(&sql) : NULL;
    rc = query != NULL ? sl_client_value(client, query, "read the GTID of a position", &text, err)
                       : SL_ENOMEM;
    if (rc == SL_OK) {
        rc = sl_mgtid_list_parse(&position->mgtids, sl_span_make(text.data, text.len), err);
        position->has_gtid = rc == SL_OK;
    }
    sl_buf_release(&sql);
    sl_buf_release(&text);
    /* NULL: the file vanished meanwhile; file and offset still say where it is. */
    return rc == SL_DONE ? SL_OK : rc;
}

static const char *status_statement(const struct sl_server *server)
{
    if (server->flavor == SL_FLAVOR_MYSQL && server->version >= SL_VERSION_LOG_STATUS) {
        return "SHOW BINARY LOG STATUS";
    }
    return "SHOW MASTER STATUS";
}

static int find_end(struct sl_client *client, const struct sl_server *server, bool with_gtids,
                    struct sl_position *position, struct sl_err *err)
{
    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    int rc = sl_client_query(client, status_statement(server),
                             "read the position of the binary log", &rows, err);

    if (rc != SL_OK) {
        return rc;
    }
    row = rows != NULL ? mysql_fetch_row(rows) : NULL;
    if (row == NULL || mysql_num_fields(rows) < 2 || row[0] == NULL || row[1] == NULL) {
        rc = no_log(client, err);
    } else {
        rc = sl_session_set_place(server, row[0], row[1], position, err);
        if (rc == SL_OK && with_gtids && server->flavor == SL_FLAVOR_MYSQL &&
            mysql_num_fields(rows) > 4) {
            rc = set_mysql_gtids(server, row[4], position, err);
        }
    }
    mysql_free_result(rows);
    return rc;
}

int sl_session_find_place(struct sl_client *client, const struct sl_server *server,
                          struct sl_position *position, struct sl_err *err)
{
    return find_end(client, server, false, position, err);
}

int sl_session_find_end(struct sl_client *client, const struct sl_server *server,
                        struct sl_position *position, struct sl_err *err)
{
    int rc = find_end(client, server, true, position, err);

    if (rc == SL_OK && server->flavor == SL_FLAVOR_MARIADB) {
        rc = set_mariadb_gtids(client, position, err);
    }
    return rc;
}

static int find_first_file(struct sl_client *client, const struct sl_server *server,
                           struct sl_position *position, struct sl_err *err)
{
    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    int rc = sl_client_query(client, "SHOW BINARY LOGS", "list the binary logs", &rows, err);

    if (rc != SL_OK) {
        return rc;
    }
    row = rows != NULL ? mysql_fetch_row(rows) : NULL;
    rc = row != NULL && row[0] != NULL ? sl_session_set_place(server, row[0], "4", position, err)
                                       : no_log(client, err);
    mysql_free_result(rows);
    return rc;
}

/*
 * MySQL: gtid_purged is what lies before the first file, but only while GTIDs are on for its
 * whole length, which AUTO_POSITION checks itself. MariaDB: the GTID list event that
 * follows says it.
 */
int sl_session_find_begin(struct sl_client *client, const struct sl_server *server,
                          struct sl_position *position, struct sl_err *err)
{
    struct sl_buf purged = {0};
    const char *text;
    int rc = find_first_file(client, server, position, err);

    if (rc != SL_OK || server->flavor != SL_FLAVOR_MYSQL || !server->gtid_on) {
        return rc;
    }
    rc = sl_client_value(client, "SELECT @@global.gtid_purged", "read gtid_purged", &purged, err);
    if (rc == SL_OK) {
        text = sl_buf_cstr(&purged);
        rc = text != NULL ? set_mysql_gtids(server, text, position, err) : SL_ENOMEM;
    }
    sl_buf_release(&purged);
    return rc;
}

static int add_identity(struct sl_client *client, const char *reader, struct sl_buf *sql)
{
    /* The same after a restart, so that the server lets go of the connection that it replaces. */
    uint64_t a = sl_hash_str(reader, client->options.server_id);
    uint64_t b = sl_hash_u64(a, client->options.server_id);
    char uuid[SL_SERVER_UUID_TEXT + 1];

    if (reader[0] == '\0') {
        return SL_OK;
    }
    (void)snprintf(uuid, sizeof(uuid), "%08x-%04x-8%03x-a%03x-%012llx", (unsigned)(a >> 32),
                   (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff), (unsigned)(b >> 48 & 0xfff),
                   (unsigned long long)(b & 0xffffffffffffU));
    return sl_buf_add_format(sql, ", @replica_uuid = '%s', @slave_uuid = '%s'", uuid, uuid);
}

/* MariaDB (sql/sql_repl.cc): capability 4 is a replica that knows GTID events. */
static int add_mariadb(const char *connect_state, struct sl_buf *sql)
{
    int rc = sl_buf_add_str(sql, ", @mariadb_slave_capability = 4");

    if (rc == SL_OK && connect_state != NULL) {
        rc = sl_buf_add_str(sql, ", @slave_gtid_strict_mode = 1, @slave_gtid_ignore_duplicates = 0"
                                 ", @slave_connect_state = ");
        rc = rc == SL_OK ? sl_sql_add_literal(sql, connect_state, strlen(connect_state)) : rc;
    }
    return rc;
}

/* Both spellings: servers from 8.0.26 on know the new ones, all others the old ones. */
static int build_session(struct sl_client *client, const struct sl_server *server,
                         const char *reader, const char *connect_state, struct sl_buf *sql)
{
    unsigned long long period_ns = client->options.heartbeat_ms * 1000000ULL;
    int rc = sl_buf_add_format(sql,
                               "SET @source_binlog_checksum = @@global.binlog_checksum, "
                               "@master_binlog_checksum = @@global.binlog_checksum, "
                               "@source_heartbeat_period = %llu, @master_heartbeat_period = %llu",
                               period_ns, period_ns);

    rc = rc == SL_OK ? add_identity(client, reader, sql) : rc;
    if (rc == SL_OK && server->flavor == SL_FLAVOR_MARIADB) {
        rc = add_mariadb(connect_state, sql);
    }
    return rc;
}

int sl_session_prepare_dump(struct sl_client *client, const struct sl_server *server,
                            const char *reader, const char *connect_state, struct sl_err *err)
{
    struct sl_buf sql = {0};
    int rc = build_session(client, server, reader, connect_state, &sql);
    const char *text = rc == SL_OK ? sl_buf_cstr(&sql) : NULL;

    if (text == NULL) {
        rc = sl_err_set(err, SL_ENOMEM, "no memory for the stream of the source");
    } else {
        rc = sl_client_query(client, text, "set up the stream", NULL, err);
    }
    sl_buf_release(&sql);
    return rc;
}
