#include "filters/change_line.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cdc/base/utf8.h"
#include "filters/encode.h"
#include "filters/json_string.h"

#define SL_ADD(out, text) sl_buf_add(out, text, sizeof(text) - 1)

struct sl_change_names {
    struct sl_buf bytes;
    struct sl_span table;  /* ,"db":"…","table":"…" */
    struct sl_span *heads; /* "name": of each column */
};

void sl_change_names_free(void *user)
{
    struct sl_change_names *names = user;

    if (names != NULL) {
        sl_buf_release(&names->bytes);
        free(names->heads);
        free(names);
    }
}

/* Appends ,"name":"text". */
static int add_member(struct sl_buf *out, const char *name, struct sl_span text)
{
    int rc = sl_buf_add_format(out, ",\"%s\":", name);

    return rc == SL_OK ? sl_json_string(text, out) : rc;
}

static int add_head(struct sl_buf *out, const struct sl_table *table, uint32_t number)
{
    int rc = table->has_names ? sl_json_string(table->columns[number].name, out)
                              : sl_buf_add_format(out, "\"@%" PRIu32 "\"", number + 1);

    return rc == SL_OK ? sl_buf_add_byte(out, ':') : rc;
}

/* The views are made last, when bytes does not move any more. */
static int fill_names(struct sl_change_names *names, const struct sl_table *table)
{
    size_t at;
    int rc = add_member(&names->bytes, "db", table->db);

    rc = rc == SL_OK ? add_member(&names->bytes, "table", table->name) : rc;
    names->table.len = names->bytes.len;
    for (uint32_t i = 0; rc == SL_OK && i < table->column_count; i++) {
        size_t before = names->bytes.len;

        rc = add_head(&names->bytes, table, i);
        names->heads[i].len = names->bytes.len - before;
    }
    names->table.data = names->bytes.data;
    at = names->table.len;
    for (uint32_t i = 0; rc == SL_OK && i < table->column_count; i++) {
        names->heads[i].data = names->bytes.data + at;
        at += names->heads[i].len;
    }
    return rc;
}

struct sl_change_names *sl_change_names_new(const struct sl_table *table)
{
    struct sl_change_names *names = calloc(1, sizeof(*names));

    if (names == NULL) {
        return NULL;
    }
    names->heads = calloc((size_t)table->column_count + 1, sizeof(*names->heads));
    if (names->heads == NULL || fill_names(names, table) != SL_OK) {
        sl_change_names_free(names);
        return NULL;
    }
    return names;
}

int sl_change_where(const char *file, uint64_t offset, struct sl_span gtid, struct sl_buf *out)
{
    int rc = add_member(out, "file", sl_span_make(file, strlen(file)));

    if (rc == SL_OK) {
        rc = sl_buf_add_format(out, ",\"pos\":%" PRIu64, offset);
    }
    return rc == SL_OK && gtid.len > 0 ? add_member(out, "gtid", gtid) : rc;
}

static int end_line(struct sl_buf *out, struct sl_span where, uint32_t time)
{
    int rc = sl_buf_add(out, where.data, where.len);

    if (rc == SL_OK) {
        rc = SL_ADD(out, ",\"ts\":");
    }
    rc = rc == SL_OK ? sl_buf_add_u64(out, time) : rc;
    return rc == SL_OK ? SL_ADD(out, "}\n") : rc;
}

/* ---- rows ---- */

/* The key that the row has after the change. */
static int add_key(const struct sl_row_change *change, struct sl_buf *out, struct sl_err *err)
{
    const struct sl_table *table = change->table;
    int rc = SL_ADD(out, ",\"key\":[");

    for (uint32_t i = 0; rc == SL_OK && i < table->key_count; i++) {
        uint32_t number = table->key[i];
        const struct sl_cell *cell = change->after != NULL ? &change->after[number] : NULL;

        if ((cell == NULL || cell->state == SL_CELL_ABSENT) && change->before != NULL) {
            cell = &change->before[number];
        }
        rc = i > 0 ? sl_buf_add_byte(out, ',') : SL_OK;
        if (rc == SL_OK) {
            rc = cell == NULL || cell->state == SL_CELL_ABSENT
                     ? SL_ADD(out, "null")
                     : sl_encode_json_value(&table->columns[number], cell, NULL, out, err);
        }
    }
    return rc == SL_OK ? sl_buf_add_byte(out, ']') : rc;
}

/* One column. A part of a JSON document, whose whole cannot be had, is left out as an absent value
 * is. */
static int add_cell(const struct sl_table *table, struct sl_row row, uint32_t number,
                    struct sl_buf *out, struct sl_err *err)
{
    const struct sl_change_names *names = table->user;
    const struct sl_cell *base = row.base != NULL ? &row.base[number] : NULL;
    size_t before = out->len;
    int rc = out->data[before - 1] == '{' ? SL_OK : sl_buf_add_byte(out, ',');

    if (rc == SL_OK) {
        rc = sl_buf_add(out, names->heads[number].data, names->heads[number].len);
    }
    if (rc == SL_OK) {
        rc = sl_encode_json_value(&table->columns[number], &row.cells[number], base, out, err);
    }
    if (rc == SL_EUNSUPPORTED && row.cells[number].state == SL_CELL_JSON_DIFF) {
        out->len = before;
        sl_err_clear(err);
        return SL_OK;
    }
    return rc;
}

/* No value ends in a brace that opens: the last byte tells whether a comma is due. */
static int add_image(const struct sl_table *table, struct sl_row row, struct sl_buf *out,
                     struct sl_err *err)
{
    int rc = sl_buf_add_byte(out, '{');

    for (uint32_t i = 0; rc == SL_OK && i < table->column_count; i++) {
        if (row.cells[i].state != SL_CELL_ABSENT) {
            rc = add_cell(table, row, i, out, err);
        }
    }
    return rc == SL_OK ? sl_buf_add_byte(out, '}') : rc;
}

static int add_images(const struct sl_row_change *change, struct sl_buf *out, struct sl_err *err)
{
    const struct sl_row before = {.cells = change->before};
    const struct sl_row after = {.cells = change->after, .base = change->before};
    int rc = SL_OK;

    if (change->before != NULL) {
        rc = SL_ADD(out, ",\"before\":");
        rc = rc == SL_OK ? add_image(change->table, before, out, err) : rc;
    }
    if (rc == SL_OK && change->after != NULL) {
        rc = SL_ADD(out, ",\"after\":");
        rc = rc == SL_OK ? add_image(change->table, after, out, err) : rc;
    }
    return rc;
}

int sl_change_row(const struct sl_row_change *change, struct sl_span where, struct sl_buf *out,
                  struct sl_err *err)
{
    static const char *const heads[] = {
        [SL_OP_INSERT] = "{\"op\":\"insert\"",
        [SL_OP_UPDATE] = "{\"op\":\"update\"",
        [SL_OP_DELETE] = "{\"op\":\"delete\"",
    };
    const struct sl_change_names *names = change->table->user;
    size_t before = out->len;
    int rc = sl_buf_add_str(out, heads[change->op]);

    if (rc == SL_OK) {
        rc = sl_buf_add(out, names->table.data, names->table.len);
    }
    rc = rc == SL_OK ? add_key(change, out, err) : rc;
    rc = rc == SL_OK ? add_images(change, out, err) : rc;
    rc = rc == SL_OK ? end_line(out, where, change->timestamp) : rc;
    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}

int sl_change_render(const struct sl_row_change *change, struct sl_buf *scratch, struct sl_err *err)
{
    const struct sl_cell *cells = change->after != NULL ? change->after : change->before;
    const struct sl_cell *base = change->after != NULL ? change->before : NULL;

    sl_buf_clear(scratch);
    for (uint32_t i = 0; i < change->table->column_count; i++) {
        int rc;

        if (cells[i].state == SL_CELL_ABSENT || cells[i].state == SL_CELL_NULL) {
            continue;
        }
        rc = sl_encode_text(&change->table->columns[i], &cells[i], base != NULL ? &base[i] : NULL,
                            scratch, err);
        if (rc == SL_EUNSUPPORTED && cells[i].state == SL_CELL_JSON_DIFF) {
            sl_err_clear(err);
        } else if (rc != SL_OK) {
            return rc;
        }
    }
    return SL_OK;
}

/* ---- statements ---- */

static const char *kind_name(enum sl_ddl_kind kind)
{
    static const char *const names[] = {
        [SL_DDL_OTHER] = "other",
        [SL_DDL_CREATE_TABLE] = "create_table",
        [SL_DDL_ALTER_TABLE] = "alter_table",
        [SL_DDL_DROP_TABLE] = "drop_table",
        [SL_DDL_DROP_DATABASE] = "drop_database",
        [SL_DDL_TRUNCATE] = "truncate",
        [SL_DDL_RENAME_TABLE] = "rename_table",
        [SL_DDL_DML] = "dml",
        [SL_DDL_UNPARSED] = "unparsed",
    };

    return names[kind];
}

/* Bytes that are no UTF-8 become '?': a statement may be in any character set. */
static int add_text_member(struct sl_buf *out, const char *name, struct sl_span text)
{
    size_t at;
    int rc = sl_buf_add_format(out, ",\"%s\":", name);

    at = out->len;
    while (rc == SL_OK && text.len > 0) {
        size_t len = sl_utf8_char_len(text.data, text.len);

        rc = len > 0 ? sl_buf_add(out, text.data, len) : sl_buf_add_byte(out, '?');
        len = len > 0 ? len : 1;
        text.data += len;
        text.len -= len;
    }
    return rc == SL_OK ? sl_json_quote_tail(out, at) : rc;
}

static int add_ddl_names(const struct sl_ddl *ddl, struct sl_buf *out)
{
    int rc = add_text_member(out, "db", ddl->db);

    if (rc == SL_OK && ddl->table.len > 0) {
        rc = add_text_member(out, "table", ddl->table);
    }
    if (rc == SL_OK && ddl->to_table.len > 0) {
        rc = add_text_member(out, "to_db", ddl->to_db);
        rc = rc == SL_OK ? add_text_member(out, "to_table", ddl->to_table) : rc;
    }
    return rc;
}

int sl_change_ddl(const struct sl_ddl *ddl, bool with_text, struct sl_span where, uint32_t time,
                  struct sl_buf *out)
{
    size_t before = out->len;
    int rc = sl_buf_add_format(out, "{\"op\":\"ddl\",\"kind\":\"%s\"", kind_name(ddl->kind));

    rc = rc == SL_OK ? add_ddl_names(ddl, out) : rc;
    if (rc == SL_OK && with_text) {
        rc = add_text_member(out, "statement", ddl->text);
    }
    rc = rc == SL_OK ? end_line(out, where, time) : rc;
    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}
