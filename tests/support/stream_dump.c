#include "tests/support/stream_dump.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/charset.h"
#include "cdc/source_file.h"
#include "cdc/value.h"

/* Tests have memory. */
static void add(struct sl_buf *buf, const void *data, size_t len)
{
    if (sl_buf_add(buf, data, len) != SL_OK) {
        abort();
    }
}

static void add_str(struct sl_buf *buf, const char *text)
{
    add(buf, text, strlen(text));
}

static void add_u64(struct sl_buf *buf, uint64_t value)
{
    if (sl_buf_add_u64(buf, value) != SL_OK) {
        abort();
    }
}

/* Printable ASCII and UTF-8 as they are, other bytes as \xx. */
static void add_text(struct sl_buf *buf, struct sl_span text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        char escaped[] = {'\\', digits[byte >> 4], digits[byte & 15]};

        if (byte < ' ' || byte == '\\' || byte == 0x7f) {
            add(buf, escaped, sizeof(escaped));
        } else {
            add(buf, &byte, 1);
        }
    }
}

static void add_hex(struct sl_buf *buf, const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        add(buf, &digits[data[i] >> 4], 1);
        add(buf, &digits[data[i] & 15], 1);
    }
}

static void add_value(struct sl_buf *buf, const struct sl_column *column,
                      const struct sl_cell *cell)
{
    struct sl_buf text = {0};
    struct sl_err err = {0};

    if (sl_value_text(column, cell, &text, &err) != SL_OK) {
        add_str(buf, "!");
        add_str(buf, sl_status_str(err.status));
    } else if (column->kind == SL_KIND_BYTES) {
        add_str(buf, "0x");
        add_hex(buf, text.data, text.len);
    } else {
        add_text(buf, sl_span_make(text.data, text.len));
    }
    sl_buf_release(&text);
}

static void add_cell(struct sl_buf *buf, const struct sl_column *column, const struct sl_cell *cell)
{
    switch (cell->state) {
    case SL_CELL_ABSENT:
        add_str(buf, "-");
        break;
    case SL_CELL_NULL:
        add_str(buf, "NULL");
        break;
    case SL_CELL_JSON_DIFF:
        add_str(buf, "diff:");
        add_hex(buf, cell->data, cell->len);
        break;
    default:
        add_value(buf, column, cell);
        break;
    }
}

static void add_image(struct sl_buf *buf, const struct sl_table *table, const struct sl_cell *cells,
                      bool is_full)
{
    add_str(buf, is_full ? " (" : " partial (");
    for (uint32_t i = 0; i < table->column_count; i++) {
        add_str(buf, i > 0 ? "|" : "");
        add_cell(buf, &table->columns[i], &cells[i]);
    }
    add_str(buf, ")");
}

static void add_name(struct sl_buf *buf, struct sl_span db, struct sl_span table)
{
    add_str(buf, " ");
    add_text(buf, db);
    if (table.len > 0) {
        add_str(buf, ".");
        add_text(buf, table);
    }
}

static void add_position(struct sl_stream_dump *dump)
{
    if (dump->stream == NULL) {
        add_str(&dump->text, "\n");
        return;
    }
    add_str(&dump->text, " @ ");
    if (sl_position_format(sl_stream_position(dump->stream), &dump->text) != SL_OK) {
        abort();
    }
    add_str(&dump->text, " time ");
    add_u64(&dump->text, sl_stream_position(dump->stream)->event_time);
    add_str(&dump->text, "\n");
}

static int end_of(const struct sl_stream_dump *dump, const char *callback)
{
    return dump->fail_in != NULL && strcmp(dump->fail_in, callback) == 0 ? SL_ESTOPPED : SL_OK;
}

static int on_begin(void *user, bool is_xa, struct sl_err *err)
{
    struct sl_stream_dump *dump = user;

    (void)err;
    add_str(&dump->text, is_xa ? "begin xa\n" : "begin\n");
    return end_of(dump, "begin");
}

static void add_column(struct sl_buf *buf, const struct sl_column *column)
{
    static const char *const specials[] = {"", " uuid", " inet6", " inet4"};

    add_str(buf, "\n  ");
    add_text(buf, column->name);
    add_str(buf, " type ");
    add_u64(buf, column->type);
    add_str(buf, column->is_unsigned ? " unsigned" : "");
    add_str(buf, column->is_zerofill ? " zerofill" : "");
    add_str(buf, column->is_nullable ? "" : " not null");
    add_str(buf, column->is_invisible ? " invisible" : "");
    add_str(buf, specials[column->special]);
    if (column->charset != NULL) {
        add_str(buf, " ");
        add_str(buf, sl_charset_name(column->charset));
    }
    for (uint32_t i = 0; i < column->label_count; i++) {
        add_str(buf, i > 0 ? "," : " [");
        add_text(buf, column->labels[i]);
    }
    add_str(buf, column->label_count > 0 ? "]" : "");
}

static int on_table(void *user, struct sl_table *table, bool *skip, struct sl_err *err)
{
    struct sl_stream_dump *dump = user;

    (void)err;
    *skip = false;
    add_str(&dump->text, "table");
    add_name(&dump->text, table->db, table->name);
    add_str(&dump->text, table->key_is_primary ? " primary key" : " key");
    for (uint32_t i = 0; i < table->key_count; i++) {
        add_str(&dump->text, " ");
        add_u64(&dump->text, table->key[i]);
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        add_column(&dump->text, &table->columns[i]);
    }
    add_str(&dump->text, "\n");
    return end_of(dump, "table");
}

static int on_row(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    static const char *const ops[] = {"insert", "update", "delete"};
    struct sl_stream_dump *dump = user;

    (void)err;
    add_str(&dump->text, ops[change->op]);
    add_name(&dump->text, change->table->db, change->table->name);
    if (change->before != NULL) {
        add_image(&dump->text, change->table, change->before, change->before_is_full);
    }
    if (change->after != NULL) {
        add_image(&dump->text, change->table, change->after, change->after_is_full);
    }
    add_str(&dump->text, "\n");
    return end_of(dump, "row");
}

static int on_end(struct sl_stream_dump *dump, const char *callback)
{
    add_str(&dump->text, callback);
    add_position(dump);
    return end_of(dump, callback);
}

static int on_commit(void *user, struct sl_err *err)
{
    (void)err;
    return on_end(user, "commit");
}

static int on_rollback(void *user, struct sl_err *err)
{
    (void)err;
    return on_end(user, "rollback");
}

static int on_idle(void *user, struct sl_err *err)
{
    (void)err;
    return on_end(user, "idle");
}

static int on_xa(struct sl_stream_dump *dump, const char *callback, struct sl_span xid)
{
    add_str(&dump->text, callback);
    add_str(&dump->text, " ");
    add_text(&dump->text, xid);
    add_position(dump);
    return end_of(dump, callback);
}

static int on_xa_prepare(void *user, struct sl_span xid, struct sl_err *err)
{
    (void)err;
    return on_xa(user, "xa_prepare", xid);
}

static int on_xa_commit(void *user, struct sl_span xid, struct sl_err *err)
{
    (void)err;
    return on_xa(user, "xa_commit", xid);
}

static int on_xa_rollback(void *user, struct sl_span xid, struct sl_err *err)
{
    (void)err;
    return on_xa(user, "xa_rollback", xid);
}

static int on_ddl(void *user, const struct sl_ddl *ddl, struct sl_err *err)
{
    static const char *const kinds[] = {"other",    "create", "alter", "drop",    "drop_database",
                                        "truncate", "rename", "dml",   "unparsed"};
    struct sl_stream_dump *dump = user;

    (void)err;
    add_str(&dump->text, "ddl ");
    add_str(&dump->text, kinds[ddl->kind]);
    add_name(&dump->text, ddl->db, ddl->table);
    if (ddl->to_table.len > 0) {
        add_str(&dump->text, " to");
        add_name(&dump->text, ddl->to_db, ddl->to_table);
    }
    add_str(&dump->text, ddl->if_exists ? " if_exists" : "");
    add_str(&dump->text, ddl->rows_gone ? " rows_gone" : "");
    add_position(dump);
    return end_of(dump, "ddl");
}

struct sl_stream_handler sl_stream_dump_handler(struct sl_stream_dump *dump)
{
    return (struct sl_stream_handler){.begin = on_begin,
                                      .table = on_table,
                                      .row = on_row,
                                      .commit = on_commit,
                                      .rollback = on_rollback,
                                      .xa_prepare = on_xa_prepare,
                                      .xa_commit = on_xa_commit,
                                      .xa_rollback = on_xa_rollback,
                                      .ddl = on_ddl,
                                      .idle = on_idle,
                                      .user = dump};
}

static int feed_all(struct sl_source *source, struct sl_stream *stream, struct sl_err *err)
{
    struct sl_span event;
    int rc;

    do {
        rc = source->ops->next(source, &event, err);
        if (rc == SL_OK) {
            rc = sl_stream_feed(stream, event, err);
        }
    } while (rc == SL_OK);
    return rc == SL_DONE ? SL_OK : rc;
}

int sl_stream_dump_files(struct sl_stream_dump *dump, const char *const *paths, size_t count,
                         const struct sl_stream_options *options, struct sl_err *err)
{
    struct sl_stream_handler handler = sl_stream_dump_handler(dump);
    struct sl_source *source = NULL;
    struct sl_position start;
    int rc = sl_source_file_new(paths, count, &source, err);

    if (rc != SL_OK) {
        return rc;
    }
    sl_position_init(&start);
    rc = source->ops->open(source, SL_START_EARLIEST, &start, err);
    if (rc == SL_OK) {
        dump->stream = sl_stream_new(options, &handler, &start);
        rc = dump->stream != NULL ? feed_all(source, dump->stream, err) : SL_ENOMEM;
    }
    sl_stream_free(dump->stream);
    dump->stream = NULL;
    sl_position_release(&start);
    source->ops->free(source);
    return rc;
}
