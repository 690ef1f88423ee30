#include "cdc/client/schema_query.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/client/connect.h"
#include "cdc/client/ddl_scan.h"
#include "cdc/client/session.h"

enum {
    SL_SCHEMA_READ_TIMEOUT_MS = 60000,
    SL_VERSION_GIPK = 80030, /* generated invisible primary keys can be hidden from here on */
    SL_ER_NO_SUCH_TABLE = 1146,
    SL_ER_BAD_DB = 1049,
};

struct sl_schema_query {
    struct sl_client client;
    struct sl_server server;
    struct sl_ddl_scan *scan;
    struct sl_schema schema;
    MYSQL_RES *rows; /* what the schema's spans point into */
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

static void drop_schema(struct sl_schema_query *query)
{
    free(query->schema.columns);
    query->schema = (struct sl_schema){0};
    if (query->rows != NULL) {
        mysql_free_result(query->rows);
        query->rows = NULL;
    }
}

void sl_schema_query_free(struct sl_schema_query *query)
{
    if (query != NULL) {
        drop_schema(query);
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
    if (rc == SL_OK && query->server.flavor == SL_FLAVOR_MYSQL &&
        query->server.version >= SL_VERSION_GIPK) {
        /* Row events carry such a key whether or not the server shows it. */
        rc = sl_client_query(&query->client,
                             "SET SESSION show_gipk_in_create_table_and_information_schema = ON",
                             "set up its session", NULL, err);
    }
    if (rc != SL_OK) {
        sl_client_close(&query->client);
    }
    return rc;
}

static int add_table(struct sl_buf *sql, struct sl_span db, struct sl_span table)
{
    int rc = sl_client_add_name(sql, db.data, db.len);

    rc = rc == SL_OK ? sl_buf_add_byte(sql, '.') : rc;
    return rc == SL_OK ? sl_client_add_name(sql, table.data, table.len) : rc;
}

static int build_columns(struct sl_buf *sql, struct sl_span db, struct sl_span table)
{
    int rc = sl_buf_add_str(sql, "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME, "
                                 "IS_NULLABLE, EXTRA FROM information_schema.COLUMNS WHERE "
                                 "TABLE_SCHEMA = ");

    rc = rc == SL_OK ? sl_client_add_literal(sql, db.data, db.len) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(sql, " AND TABLE_NAME = ") : rc;
    rc = rc == SL_OK ? sl_client_add_literal(sql, table.data, table.len) : rc;
    return rc == SL_OK ? sl_buf_add_str(sql, " ORDER BY ORDINAL_POSITION") : rc;
}

static struct sl_span cell(MYSQL_ROW row, const unsigned long *lengths, unsigned number)
{
    return row[number] != NULL ? sl_span_make(row[number], lengths[number]) : sl_span_make("", 0);
}

static bool has_word(struct sl_span text, const char *word)
{
    return text.len > 0 && memmem(text.data, text.len, word, strlen(word)) != NULL;
}

static int fill_columns(struct sl_schema_query *query)
{
    size_t count = (size_t)mysql_num_rows(query->rows);
    MYSQL_ROW row;

    query->schema.columns = calloc(count > 0 ? count : 1, sizeof(*query->schema.columns));
    if (query->schema.columns == NULL) {
        return SL_ENOMEM;
    }
    while ((row = mysql_fetch_row(query->rows)) != NULL) {
        const unsigned long *lengths = mysql_fetch_lengths(query->rows);

        query->schema.columns[query->schema.count++] = (struct sl_schema_column){
            .name = cell(row, lengths, 0),
            .data_type = cell(row, lengths, 1),
            .column_type = cell(row, lengths, 2),
            .charset = cell(row, lengths, 3),
            .is_nullable = sl_span_equals(cell(row, lengths, 4), "YES"),
            .is_invisible = has_word(cell(row, lengths, 5), "INVISIBLE"),
        };
    }
    return SL_OK;
}

/* Runs what BUILD made of the table's name. */
static int ask(struct sl_schema_query *query, const struct sl_buf *built, const char *what,
               MYSQL_RES **rows, struct sl_err *err)
{
    struct sl_buf sql = *built;
    const char *text = sl_buf_cstr(&sql);
    int rc = text != NULL ? sl_client_query(&query->client, text, what, rows, err) : SL_ENOMEM;

    sl_buf_release(&sql);
    return rc;
}

static int read_columns(struct sl_schema_query *query, struct sl_span db, struct sl_span table,
                        struct sl_err *err)
{
    struct sl_buf sql = {0};
    int rc = build_columns(&sql, db, table);

    if (rc != SL_OK) {
        sl_buf_release(&sql);
        return rc;
    }
    rc = ask(query, &sql, "read the columns of a table", &query->rows, err);
    return rc == SL_OK ? fill_columns(query) : rc;
}

/*
 * information_schema shows nothing of a table that the account may not read, which is not the same
 * as a table that is gone.
 */
static int is_gone(struct sl_schema_query *query, struct sl_span db, struct sl_span table,
                   struct sl_err *err)
{
    struct sl_buf sql = {0};
    unsigned code;
    int rc = sl_buf_add_str(&sql, "SELECT 1 FROM ");

    rc = rc == SL_OK ? add_table(&sql, db, table) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(&sql, " LIMIT 0") : rc;
    if (rc != SL_OK) {
        sl_buf_release(&sql);
        return rc;
    }
    rc = ask(query, &sql, "SELECT from a table that is to be cached", NULL, err);
    code = mysql_errno(query->client.handle);
    if (rc == SL_EIO && (code == SL_ER_NO_SUCH_TABLE || code == SL_ER_BAD_DB)) {
        return SL_DONE;
    }
    return rc == SL_OK ? SL_AGAIN : rc;
}

/* Columns of SHOW INDEX (sql/sql_show.cc); both servers have these in these places. */
enum {
    SL_INDEX_NON_UNIQUE = 1,
    SL_INDEX_NAME = 2,
    SL_INDEX_SEQUENCE = 3,
    SL_INDEX_COLUMN = 4,
    SL_INDEX_SUB_PART = 7,
    SL_INDEX_NULL = 9,
    SL_INDEX_FIELDS = 10,
};

static struct sl_schema_column *find_column(struct sl_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (sl_span_equals(schema->columns[i].name, name)) {
            return &schema->columns[i];
        }
    }
    return NULL;
}

static bool is_usable_part(MYSQL_ROW row, bool is_primary)
{
    if (row[SL_INDEX_COLUMN] == NULL || strcmp(row[SL_INDEX_NON_UNIQUE], "0") != 0) {
        return false;
    }
    return is_primary || (row[SL_INDEX_SUB_PART] == NULL &&
                          (row[SL_INDEX_NULL] == NULL || strcmp(row[SL_INDEX_NULL], "YES") != 0));
}

static void clear_key(struct sl_schema *schema)
{
    for (size_t i = 0; i < schema->count; i++) {
        schema->columns[i].key_part = 0;
    }
}

/*
 * The rows come index by index in the server's order of preference: the primary key, unique
 * indexes without NULL, the rest (sql/sql_table.cc: sort_keys).
 */
static void choose_key(struct sl_schema *schema, MYSQL_RES *rows)
{
    const char *current = NULL;
    bool usable = false;
    MYSQL_ROW row;

    while ((row = mysql_fetch_row(rows)) != NULL) {
        struct sl_schema_column *column;
        bool is_primary = strcmp(row[SL_INDEX_NAME], "PRIMARY") == 0;

        if (current == NULL || strcmp(row[SL_INDEX_NAME], current) != 0) {
            if (usable) {
                return;
            }
            clear_key(schema);
            current = row[SL_INDEX_NAME];
            usable = true;
            schema->key_is_primary = is_primary;
        }
        column = row[SL_INDEX_COLUMN] != NULL ? find_column(schema, row[SL_INDEX_COLUMN]) : NULL;
        usable = usable && column != NULL && is_usable_part(row, is_primary);
        if (usable) {
            column->key_part = (uint32_t)strtoul(row[SL_INDEX_SEQUENCE], NULL, 10);
        }
    }
    if (!usable) {
        clear_key(schema);
        schema->key_is_primary = false;
    }
}

static int read_key(struct sl_schema_query *query, struct sl_span db, struct sl_span table,
                    struct sl_err *err)
{
    struct sl_buf sql = {0};
    MYSQL_RES *rows = NULL;
    int rc = sl_buf_add_str(&sql, "SHOW INDEX FROM ");

    rc = rc == SL_OK ? add_table(&sql, db, table) : rc;
    if (rc != SL_OK) {
        sl_buf_release(&sql);
        return rc;
    }
    rc = ask(query, &sql, "read the indexes of a table", &rows, err);
    if (rc == SL_OK && rows != NULL && mysql_num_fields(rows) >= SL_INDEX_FIELDS) {
        choose_key(&query->schema, rows);
    }
    if (rows != NULL) {
        mysql_free_result(rows);
    }
    return rc;
}

static int read_layout(struct sl_schema_query *query, struct sl_span db, struct sl_span table,
                       struct sl_err *err)
{
    int rc = read_columns(query, db, table, err);

    if (rc == SL_OK && query->schema.count == 0) {
        rc = is_gone(query, db, table, err);
        /* It was created between the two looks: as good as not there yet. */
        return rc == SL_AGAIN ? SL_DONE : rc;
    }
    return rc == SL_OK ? read_key(query, db, table, err) : rc;
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

    query->schema.is_current = false;
    if (at->file[0] == '\0' ||
        (at->server_uuid[0] != '\0' && strcmp(at->server_uuid, query->server.uuid) != 0)) {
        return SL_OK;
    }
    sl_position_init(&end);
    rc = sl_session_find_end(&query->client, &query->server, &end, err);
    if (rc == SL_OK && sl_position_compare_file(&end, at) > 0) {
        rc = sl_ddl_scan_find(query->scan, at, &end, db, table, err);
    }
    query->schema.is_current = rc == SL_OK;
    sl_position_release(&end);
    return rc == SL_DONE ? SL_OK : rc;
}

static int read_once(struct sl_schema_query *query, struct sl_span db, struct sl_span table,
                     const struct sl_position *at, struct sl_err *err)
{
    int rc = connect_if_needed(query, err);

    drop_schema(query);
    rc = rc == SL_OK ? read_layout(query, db, table, err) : rc;
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
        *schema = &query->schema;
    }
    return rc;
}
