/*
 * chunk_table.c - opening a table: its layout is read while its metadata lock is held, as
 * table_scan.c says.
 */
#include <string.h>

#include "cdc/client/chunk_private.h"
#include "cdc/schema_table.h"
#include "cdc/sql_text.h"

enum {
    SL_ER_FIRST_OF_SERVER = 1000,
    SL_ER_LOCK_WAIT = 1205,
    SL_ER_DEADLOCK = 1213,
    SL_ER_INTERRUPTED = 1317,
    SL_CR_FIRST = 2000,
};

void sl_chunk_table_close(struct sl_chunk_client *self)
{
    struct sl_chunk_table *open = &self->open;

    if (open->table.user_free != NULL) {
        open->table.user_free(open->table.user);
    }
    sl_schema_rows_release(&open->layout);
    sl_arena_release(&open->arena);
    sl_buf_release(&open->where);
    *open = (struct sl_chunk_table){0};
}

/* A condition that the server cannot even resolve would fail at every read. */
static int try_where(struct sl_chunk_client *self, struct sl_err *err)
{
    const struct sl_buf *where = &self->open.where;
    struct sl_err cause = {0};
    const char *text;
    unsigned code;
    int rc;

    if (where->len == 0) {
        return SL_OK;
    }
    sl_buf_clear(&self->sql);
    rc = sl_buf_add_str(&self->sql, "SELECT 1 FROM ");
    rc =
        rc == SL_OK ? sl_sql_add_table(&self->sql, self->open.table.db, self->open.table.name) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(&self->sql, " WHERE (") : rc;
    rc = rc == SL_OK ? sl_buf_add(&self->sql, where->data, where->len) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(&self->sql, "\n) LIMIT 0") : rc;
    text = rc == SL_OK ? sl_buf_cstr(&self->sql) : NULL;
    if (text == NULL) {
        return SL_ENOMEM;
    }
    rc = sl_client_query(&self->client, text, "use the condition", NULL, &cause);
    code = mysql_errno(self->client.handle);
    if (rc == SL_EIO && code >= SL_ER_FIRST_OF_SERVER && code < SL_CR_FIRST &&
        code != SL_ER_LOCK_WAIT && code != SL_ER_DEADLOCK && code != SL_ER_INTERRUPTED) {
        return sl_err_set(err, SL_EINVAL,
                          "the condition for table %.*s.%.*s is none to the source: %s (error %u)",
                          (int)self->open.table.db.len, (const char *)self->open.table.db.data,
                          (int)self->open.table.name.len, (const char *)self->open.table.name.data,
                          mysql_error(self->client.handle), code);
    }
    return rc == SL_OK ? SL_OK : sl_err_set(err, rc, "%s", cause.text);
}

static int read_layout(struct sl_chunk_client *self, struct sl_span db, struct sl_span name,
                       struct sl_err *err)
{
    struct sl_chunk_table *open = &self->open;
    struct sl_client *client = &self->client;
    struct sl_span index;
    int rc = sl_schema_touch(client, db, name, err);

    rc = rc == SL_OK ? sl_table_session_ask(client, db, name, &open->about, err) : rc;
    rc = rc == SL_OK ? sl_schema_read(client, db, name, &open->layout, err) : rc;
    rc = rc == SL_OK ? sl_schema_table_build(&open->table, db, name, &open->layout.schema,
                                             &open->arena, err)
                     : rc;
    index = sl_span_make(open->layout.key_name, strlen(open->layout.key_name));
    return rc == SL_OK ? sl_chunk_key_init(&open->key, &open->table, &open->layout.schema, index,
                                           &open->arena, err)
                       : rc;
}

static int begin(struct sl_chunk_client *self, struct sl_err *err)
{
    return sl_client_query(&self->client, "START TRANSACTION READ ONLY", SL_CHUNK_PURPOSE, NULL,
                           err);
}

static int finish(struct sl_chunk_client *self, int rc, struct sl_err *err)
{
    return rc >= SL_OK &&
                   sl_client_query(&self->client, "COMMIT", SL_CHUNK_PURPOSE, NULL, err) != SL_OK
               ? SL_EIO
               : rc;
}

int sl_chunk_table_open(struct sl_chunk_client *self, struct sl_span db, struct sl_span name,
                        const char *where, struct sl_err *err)
{
    int rc = begin(self, err);

    rc = rc == SL_OK ? read_layout(self, db, name, err) : rc;
    if (rc == SL_OK && where != NULL) {
        rc = sl_buf_add_str(&self->open.where, where);
        rc = rc == SL_OK ? try_where(self, err) : rc;
    }
    rc = finish(self, rc, err);
    if (rc != SL_OK) {
        sl_chunk_table_close(self);
        return rc;
    }
    self->open.is_open = true;
    return SL_OK;
}

/* ---- a new connection ---- */

static bool same(struct sl_span a, struct sl_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool same_column(const struct sl_schema_column *a, const struct sl_schema_column *b)
{
    return same(a->name, b->name) && same(a->data_type, b->data_type) &&
           same(a->column_type, b->column_type) && same(a->charset, b->charset) &&
           same(a->collation, b->collation) && a->is_nullable == b->is_nullable &&
           a->key_part == b->key_part;
}

static bool same_layout(const struct sl_schema_rows *a, const struct sl_schema_rows *b)
{
    if (a->schema.count != b->schema.count || strcmp(a->key_name, b->key_name) != 0) {
        return false;
    }
    for (size_t i = 0; i < a->schema.count; i++) {
        if (!same_column(&a->schema.columns[i], &b->schema.columns[i])) {
            return false;
        }
    }
    return true;
}

int sl_chunk_table_verify(struct sl_chunk_client *self, struct sl_err *err)
{
    const struct sl_table *table = &self->open.table;
    struct sl_schema_rows now = {0};
    int rc = begin(self, err);

    rc = rc == SL_OK ? sl_schema_touch(&self->client, table->db, table->name, err) : rc;
    rc = rc == SL_OK ? sl_schema_read(&self->client, table->db, table->name, &now, err) : rc;
    rc = finish(self, rc, err);
    if (rc == SL_DONE || (rc == SL_OK && !same_layout(&now, &self->open.layout))) {
        rc = sl_err_set(err, SL_ESCHEMA,
                        "table %.*s.%.*s was altered or dropped while the connection to the source "
                        "was lost: it is to be read from its beginning",
                        (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                        (const char *)table->name.data);
    }
    sl_schema_rows_release(&now);
    return rc;
}
