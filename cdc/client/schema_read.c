#include "cdc/client/schema_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/sql_text.h"

enum {
    SL_VERSION_GIPK = 80030, /* generated invisible primary keys can be hidden from here on */
    SL_ER_NO_SUCH_TABLE = 1146,
    SL_ER_BAD_DB = 1049,
    SL_ER_VIEW_INVALID = 1356, /* a view, and what it shows is gone */
};

int sl_schema_prepare(struct sl_client *client, const struct sl_server *server, struct sl_err *err)
{
    if (server->flavor != SL_FLAVOR_MYSQL || server->version < SL_VERSION_GIPK) {
        return SL_OK;
    }
    /* Row events carry such a key whether or not the server shows it. */
    return sl_client_query(client,
                           "SET SESSION show_gipk_in_create_table_and_information_schema = ON",
                           "set up its session", NULL, err);
}

void sl_schema_rows_release(struct sl_schema_rows *rows)
{
    free(rows->schema.columns);
    rows->schema = (struct sl_schema){0};
    rows->key_name[0] = '\0';
    if (rows->result != NULL) {
        mysql_free_result(rows->result);
        rows->result = NULL;
    }
}

static int build_columns(struct sl_buf *sql, struct sl_span db, struct sl_span table)
{
    int rc = sl_buf_add_str(sql, "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME, "
                                 "IS_NULLABLE, EXTRA, COLLATION_NAME FROM "
                                 "information_schema.COLUMNS WHERE "
                                 "TABLE_SCHEMA = ");

    rc = rc == SL_OK ? sl_sql_add_literal(sql, db.data, db.len) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(sql, " AND TABLE_NAME = ") : rc;
    rc = rc == SL_OK ? sl_sql_add_literal(sql, table.data, table.len) : rc;
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

static int fill_columns(struct sl_schema_rows *rows)
{
    size_t count = (size_t)mysql_num_rows(rows->result);
    MYSQL_ROW row;

    rows->schema.columns = calloc(count > 0 ? count : 1, sizeof(*rows->schema.columns));
    if (rows->schema.columns == NULL) {
        return SL_ENOMEM;
    }
    while ((row = mysql_fetch_row(rows->result)) != NULL) {
        const unsigned long *lengths = mysql_fetch_lengths(rows->result);

        rows->schema.columns[rows->schema.count++] = (struct sl_schema_column){
            .name = cell(row, lengths, 0),
            .data_type = cell(row, lengths, 1),
            .column_type = cell(row, lengths, 2),
            .charset = cell(row, lengths, 3),
            .is_nullable = sl_span_equals(cell(row, lengths, 4), "YES"),
            .collation = cell(row, lengths, 6),
            .is_invisible = has_word(cell(row, lengths, 5), "INVISIBLE"),
        };
    }
    return SL_OK;
}

/* Runs what BUILD made of the table's name. */
static int ask(struct sl_client *client, const struct sl_buf *built, const char *what,
               MYSQL_RES **rows, struct sl_err *err)
{
    struct sl_buf sql = *built;
    const char *text = sl_buf_cstr(&sql);
    int rc = text != NULL ? sl_client_query(client, text, what, rows, err) : SL_ENOMEM;

    sl_buf_release(&sql);
    return rc;
}

static int read_columns(struct sl_client *client, struct sl_span db, struct sl_span table,
                        struct sl_schema_rows *rows, struct sl_err *err)
{
    struct sl_buf sql = {0};
    int rc = build_columns(&sql, db, table);

    if (rc != SL_OK) {
        sl_buf_release(&sql);
        return rc;
    }
    rc = ask(client, &sql, "read the columns of a table", &rows->result, err);
    return rc == SL_OK ? fill_columns(rows) : rc;
}

int sl_schema_touch(struct sl_client *client, struct sl_span db, struct sl_span table,
                    struct sl_err *err)
{
    struct sl_buf sql = {0};
    unsigned code;
    int rc = sl_buf_add_str(&sql, "SELECT 1 FROM ");

    rc = rc == SL_OK ? sl_sql_add_table(&sql, db, table) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(&sql, " LIMIT 0") : rc;
    if (rc != SL_OK) {
        sl_buf_release(&sql);
        return rc;
    }
    rc = ask(client, &sql, "SELECT from a table that is to be cached", NULL, err);
    code = mysql_errno(client->handle);
    if (rc == SL_EIO &&
        (code == SL_ER_NO_SUCH_TABLE || code == SL_ER_BAD_DB || code == SL_ER_VIEW_INVALID)) {
        return SL_DONE;
    }
    return rc;
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
static void choose_key(struct sl_schema *schema, MYSQL_RES *rows, const char **name)
{
    const char *current = NULL;
    bool usable = false;
    MYSQL_ROW row;

    while ((row = mysql_fetch_row(rows)) != NULL) {
        struct sl_schema_column *column;
        bool is_primary = strcmp(row[SL_INDEX_NAME], "PRIMARY") == 0;

        if (current == NULL || strcmp(row[SL_INDEX_NAME], current) != 0) {
            if (usable) {
                break;
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
    *name = usable ? current : "";
}

/* A unique index that is being gone through, by its bit; 0: it has none. */
struct unique {
    const char *name;
    uint64_t bit;
    bool is_usable; /* no part of it is NULL or an expression */
};

static void end_unique(struct sl_schema *schema, struct unique *unique)
{
    if (unique->is_usable) {
        schema->uniques |= unique->bit;
    }
}

/* A prefix that is unique makes the whole column so. */
static void take_unique_part(struct sl_schema *schema, struct unique *unique, MYSQL_ROW row)
{
    struct sl_schema_column *column =
        row[SL_INDEX_COLUMN] != NULL ? find_column(schema, row[SL_INDEX_COLUMN]) : NULL;

    if (column == NULL || (row[SL_INDEX_NULL] != NULL && strcmp(row[SL_INDEX_NULL], "YES") == 0)) {
        unique->is_usable = false;
    } else {
        column->unique_in |= unique->bit;
    }
}

static void find_uniques(struct sl_schema *schema, MYSQL_RES *rows)
{
    struct unique unique = {.bit = 0};
    uint64_t next = 1;
    MYSQL_ROW row;

    mysql_data_seek(rows, 0);
    while ((row = mysql_fetch_row(rows)) != NULL) {
        if (strcmp(row[SL_INDEX_NON_UNIQUE], "0") != 0) {
            continue;
        }
        if (unique.name == NULL || strcmp(row[SL_INDEX_NAME], unique.name) != 0) {
            end_unique(schema, &unique);
            unique = (struct unique){.name = row[SL_INDEX_NAME], .bit = next, .is_usable = true};
            next <<= 1; /* 0 behind the last: further ones have no bit */
        }
        take_unique_part(schema, &unique, row);
    }
    end_unique(schema, &unique);
}

static int read_key(struct sl_client *client, struct sl_span db, struct sl_span table,
                    struct sl_schema_rows *layout, struct sl_err *err)
{
    struct sl_buf sql = {0};
    MYSQL_RES *rows = NULL;
    const char *name = "";
    int rc = sl_buf_add_str(&sql, "SHOW INDEX FROM ");

    rc = rc == SL_OK ? sl_sql_add_table(&sql, db, table) : rc;
    if (rc != SL_OK) {
        sl_buf_release(&sql);
        return rc;
    }
    rc = ask(client, &sql, "read the indexes of a table", &rows, err);
    if (rc == SL_OK && rows != NULL && mysql_num_fields(rows) >= SL_INDEX_FIELDS) {
        choose_key(&layout->schema, rows, &name);
        (void)snprintf(layout->key_name, sizeof(layout->key_name), "%s", name);
        find_uniques(&layout->schema, rows);
    }
    if (rows != NULL) {
        mysql_free_result(rows);
    }
    return rc;
}

/*
 * information_schema shows nothing of a table that the account may not read, which is not the same
 * as a table that is gone.
 */
int sl_schema_read(struct sl_client *client, struct sl_span db, struct sl_span table,
                   struct sl_schema_rows *rows, struct sl_err *err)
{
    int rc;

    sl_schema_rows_release(rows);
    rc = read_columns(client, db, table, rows, err);
    if (rc == SL_OK && rows->schema.count == 0) {
        rc = sl_schema_touch(client, db, table, err);
        /* It was created between the two looks: as good as not there yet. */
        return rc == SL_OK ? SL_DONE : rc;
    }
    return rc == SL_OK ? read_key(client, db, table, rows, err) : rc;
}
