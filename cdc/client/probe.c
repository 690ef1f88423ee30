#include "cdc/client/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/client/connect.h"
#include "cdc/client/dump.h"
#include "cdc/client/schema_query.h"
#include "cdc/client/session.h"
#include "cdc/sql_text.h"

enum {
    SL_PROBE_READ_TIMEOUT_MS = 30000,
    SL_SECONDS_A_DAY = 24 * 3600,
};

struct sl_probe {
    struct sl_client client;
    struct sl_server server;
    struct sl_schema_query *schema;
};

int sl_probe_open(const struct sl_source_options *options, struct sl_probe **probe,
                  struct sl_err *err)
{
    struct sl_probe *opened = calloc(1, sizeof(*opened));
    int rc;

    if (opened == NULL) {
        return sl_err_set(err, SL_ENOMEM, "no memory to look at the source");
    }
    opened->schema = sl_schema_query_new(options);
    rc = sl_client_init(&opened->client, options);
    rc = rc == SL_OK && opened->schema == NULL ? SL_ENOMEM : rc;
    rc = rc == SL_OK ? sl_client_open(&opened->client, SL_PROBE_READ_TIMEOUT_MS, err)
                     : sl_err_set(err, rc, "no memory to look at the source");
    rc = rc == SL_OK ? sl_session_identify(&opened->client, &opened->server, err) : rc;
    if (rc != SL_OK) {
        sl_probe_free(opened);
        return rc;
    }
    *probe = opened;
    return SL_OK;
}

void sl_probe_free(struct sl_probe *probe)
{
    if (probe != NULL) {
        sl_client_release(&probe->client);
        sl_schema_query_free(probe->schema);
        free(probe);
    }
}

static const char *const variables =
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'log_bin', 'server_id', "
    "'binlog_format', 'binlog_row_image', 'binlog_row_metadata', 'binlog_row_value_options', "
    "'gtid_mode', 'binlog_checksum', 'binlog_expire_logs_seconds', 'expire_logs_days', "
    "'log_bin_compress', 'binlog_expire_logs_auto_purge')";

static void copy_fact(char *out, const char *value)
{
    (void)snprintf(out, SL_FACT_TEXT, "%s", value);
}

static void take_text(const char *name, const char *value, struct sl_source_facts *facts)
{
    const struct {
        const char *name;
        char *out;
    } texts[] = {
        {"version", facts->version_text},
        {"binlog_format", facts->binlog_format},
        {"binlog_row_image", facts->row_image},
        {"binlog_row_metadata", facts->row_metadata},
        {"binlog_row_value_options", facts->row_value_options},
        {"gtid_mode", facts->gtid_mode},
        {"binlog_checksum", facts->checksum},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(name, texts[i].name) == 0) {
            copy_fact(texts[i].out, value);
        }
    }
}

/* MariaDB and MySQL 5.7 count in days; MySQL 8 has both, of which the seconds are valid if set. */
static void take_number(const char *name, const char *value, struct sl_source_facts *facts)
{
    if (strcmp(name, "log_bin") == 0) {
        facts->log_bin = strcmp(value, "ON") == 0;
    } else if (strcmp(name, "log_bin_compress") == 0) {
        facts->log_compressed = strcmp(value, "ON") == 0;
    } else if (strcmp(name, "server_id") == 0) {
        facts->server_id = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(name, "binlog_expire_logs_seconds") == 0 && strtoll(value, NULL, 10) > 0) {
        facts->keep_seconds = strtoll(value, NULL, 10);
    } else if (strcmp(name, "expire_logs_days") == 0 && facts->keep_seconds == 0) {
        facts->keep_seconds = (int64_t)(strtod(value, NULL) * SL_SECONDS_A_DAY);
    }
}

static int read_variables(struct sl_probe *probe, struct sl_source_facts *facts, struct sl_err *err)
{
    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    bool purges = true;
    int rc = sl_client_query(&probe->client, variables, "read the server's settings", &rows, err);

    if (rc != SL_OK) {
        return rc;
    }
    while (rows != NULL && (row = mysql_fetch_row(rows)) != NULL) {
        const char *value = row[1] != NULL ? row[1] : "";

        take_text(row[0], value, facts);
        take_number(row[0], value, facts);
        if (strcmp(row[0], "binlog_expire_logs_auto_purge") == 0) {
            purges = strcmp(value, "OFF") != 0;
        }
    }
    if (!purges) {
        facts->keep_seconds = 0;
    }
    mysql_free_result(rows);
    return SL_OK;
}

int sl_probe_settings(struct sl_probe *probe, struct sl_source_facts *facts, struct sl_err *err)
{
    return read_variables(probe, facts, err);
}

/* user@host with quotes; the last '@' parts them, as a user's name may have one. */
static int read_account(struct sl_probe *probe, struct sl_source_facts *facts, struct sl_err *err)
{
    struct sl_buf account = {0};
    const char *text = NULL;
    const char *at = NULL;
    int rc = sl_client_value(&probe->client, "SELECT CURRENT_USER()", "read its own account",
                             &account, err);

    if (rc == SL_OK) {
        text = sl_buf_cstr(&account);
        at = text != NULL ? strrchr(text, '@') : NULL;
    }
    if (at != NULL) {
        (void)snprintf(facts->account, sizeof(facts->account), "'%.*s'@'%.60s'",
                       (int)(at - text < 60 ? at - text : 60), text, at + 1);
    }
    sl_buf_release(&account);
    return rc;
}

/* SL_EAUTH is the answer no; what else fails is no answer. */
static int try_status(struct sl_probe *probe, struct sl_source_facts *facts, struct sl_err *err)
{
    struct sl_position end;
    int rc;

    sl_position_init(&end);
    rc = sl_session_find_end(&probe->client, &probe->server, &end, err);
    sl_position_release(&end);
    facts->may_see_log = rc != SL_EAUTH;
    /* SL_EINVAL: there is no log, which is another fact. */
    return rc == SL_EAUTH || rc == SL_EINVAL ? SL_OK : rc;
}

/*
 * Asks for the log from its first file on, as nobody (server id 0) and without waiting: grants can
 * come by roles in too many ways to be read from SHOW GRANTS.
 */
static int try_dump(struct sl_probe *probe, struct sl_source_facts *facts, struct sl_err *err)
{
    struct sl_dump_request request = {.file = "", .offset = 4, .stop_at_end = true};
    struct sl_dump *dump = NULL;
    struct sl_err why = {0};
    struct sl_span event;
    int rc = sl_client_open(&probe->client, SL_PROBE_READ_TIMEOUT_MS, err);

    rc = rc == SL_OK ? sl_session_prepare_dump(&probe->client, &probe->server, "", NULL, err) : rc;
    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_dump_open(&probe->client, &request, &dump, &why);
    if (rc == SL_OK && sl_dump_fetch(&probe->client, dump, &event) == SL_EIO) {
        struct sl_source_peer peer = sl_client_peer(&probe->client);
        struct sl_source_fault fault = sl_client_fault(&probe->client);

        rc = sl_source_error_stream(&peer, "its first file", &fault, &why);
    }
    facts->may_replicate = rc != SL_EAUTH;
    sl_dump_close(&probe->client, dump);
    /* The server goes on sending on this connection. */
    return sl_client_open(&probe->client, SL_PROBE_READ_TIMEOUT_MS, err);
}

int sl_probe_source(struct sl_probe *probe, struct sl_source_facts *facts, struct sl_err *err)
{
    struct sl_source_facts found = {.flavor = probe->server.flavor,
                                    .version = probe->server.version};
    int rc = read_variables(probe, &found, err);

    rc = rc == SL_OK ? read_account(probe, &found, err) : rc;
    rc = rc == SL_OK ? try_status(probe, &found, err) : rc;
    rc = rc == SL_OK ? try_dump(probe, &found, err) : rc;
    if (rc == SL_OK) {
        *facts = found;
    }
    return rc;
}

static bool has_key(const struct sl_schema *schema)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (schema->columns[i].key_part > 0) {
            return true;
        }
    }
    return false;
}

/* Asks COMMAND of a table. */
static int ask_of_table(struct sl_probe *probe, const char *command, const char *db,
                        const char *table, MYSQL_RES **rows, struct sl_err *err)
{
    struct sl_buf sql = {0};
    const char *text;
    int rc = sl_buf_add_str(&sql, command);

    rc = rc == SL_OK ? sl_sql_add_name(&sql, db, strlen(db)) : rc;
    rc = rc == SL_OK ? sl_buf_add_byte(&sql, '.') : rc;
    rc = rc == SL_OK ? sl_sql_add_name(&sql, table, strlen(table)) : rc;
    text = rc == SL_OK ? sl_buf_cstr(&sql) : NULL;
    rc = text != NULL
             ? sl_client_query(&probe->client, text, "read the definition of a table", rows, err)
             : SL_ENOMEM;
    sl_buf_release(&sql);
    return rc;
}

int sl_probe_uniques(struct sl_probe *probe, const char *db, const char *table,
                     sl_probe_unique_fn each, void *user, struct sl_err *err)
{
    enum { NON_UNIQUE = 1, INDEX = 2, COLUMN = 4, IS_NULLABLE = 9, LEAST = 10 };

    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    int rc = ask_of_table(probe, "SHOW INDEX FROM ", db, table, &rows, err);

    while (rc == SL_OK && rows != NULL && mysql_num_fields(rows) >= LEAST &&
           (row = mysql_fetch_row(rows)) != NULL) {
        const struct sl_probe_unique column = {.index = row[INDEX],
                                               .column = row[COLUMN],
                                               .is_nullable = row[IS_NULLABLE] != NULL &&
                                                              strcmp(row[IS_NULLABLE], "YES") == 0};

        if (row[NON_UNIQUE] != NULL && strcmp(row[NON_UNIQUE], "0") == 0 && column.index != NULL) {
            rc = each(user, &column);
        }
    }
    if (rows != NULL) {
        mysql_free_result(rows);
    }
    return rc;
}

/*
 * By SHOW CREATE TABLE, as information_schema.REFERENTIAL_CONSTRAINTS hides the keys of a table
 * from accounts that may only SELECT.
 */
static int read_cascade(struct sl_probe *probe, struct sl_table_facts *facts, struct sl_err *err)
{
    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    int rc = ask_of_table(probe, "SHOW CREATE TABLE ", facts->db, facts->table, &rows, err);

    row = rows != NULL ? mysql_fetch_row(rows) : NULL;
    if (row != NULL && row[1] != NULL) {
        facts->is_cascade_child = sl_preflight_has_cascade(row[1]);
    }
    if (rows != NULL) {
        mysql_free_result(rows);
    }
    return rc;
}

int sl_probe_table(struct sl_probe *probe, const char *db, const char *table,
                   struct sl_table_facts *facts, struct sl_err *err)
{
    struct sl_table_facts found = {.db = db, .table = table, .may_select = true};
    const struct sl_schema *schema = NULL;
    struct sl_position nowhere;
    int rc;

    sl_position_init(&nowhere);
    rc = sl_schema_query_read(probe->schema, sl_span_make(db, strlen(db)),
                              sl_span_make(table, strlen(table)), &nowhere, &schema, err);
    sl_position_release(&nowhere);
    if (rc == SL_EAUTH) {
        found.may_select = false;
    } else if (rc == SL_OK) {
        found.exists = true;
        found.has_key = has_key(schema);
        found.key_is_primary = schema->key_is_primary;
        rc = read_cascade(probe, &found, err);
    }
    if (rc != SL_EAUTH && rc != SL_DONE && rc != SL_OK) {
        return rc;
    }
    *facts = found;
    return SL_OK;
}

int sl_probe_list(struct sl_probe *probe, sl_probe_table_fn each, void *user, struct sl_err *err)
{
    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    int rc = sl_client_query(&probe->client,
                             "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE "
                             "TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA NOT IN ('mysql', 'sys', "
                             "'information_schema', 'performance_schema') ORDER BY 1, 2",
                             "list the tables", &rows, err);

    while (rc == SL_OK && (row = mysql_fetch_row(rows)) != NULL) {
        rc = each(user, row[0], row[1]);
    }
    if (rows != NULL) {
        mysql_free_result(rows);
    }
    return rc;
}
