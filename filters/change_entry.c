#include "filters/change_entry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/resp.h"
#include "cdc/stream.h"
#include "filters/change_image.h"
#include "filters/rule.h"
#include "filters/stream_name.h"

struct sl_stream_table {
    const struct sl_table_rule *rule; /* borrowed */
    struct sl_buf db;
    struct sl_buf name;
};

static struct sl_span span_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

void sl_change_log_release(struct sl_change_log *log)
{
    for (size_t i = 0; i < log->table_count; i++) {
        sl_buf_release(&log->tables[i].db);
        sl_buf_release(&log->tables[i].name);
    }
    free(log->tables);
    sl_buf_release(&log->position);
    sl_buf_release(&log->fields);
    sl_buf_release(&log->text);
}

void sl_change_log_begin(struct sl_change_log *log, const struct sl_stream *stream)
{
    log->stream = stream;
    log->is_placed = false;
    log->row = 0;
}

void sl_change_log_count(struct sl_change_log *log)
{
    log->row++;
}

/* ---- tables that were met ---- */

static bool is_same(const struct sl_buf *a, struct sl_span b)
{
    return a->len == b.len && (b.len == 0 || memcmp(a->data, b.data, b.len) == 0);
}

static struct sl_stream_table *find_table(struct sl_change_log *log, const struct sl_table *table)
{
    for (size_t i = 0; i < log->table_count; i++) {
        if (is_same(&log->tables[i].name, table->name) && is_same(&log->tables[i].db, table->db)) {
            return &log->tables[i];
        }
    }
    return NULL;
}

int sl_change_log_meet(struct sl_change_log *log, const struct sl_shape *shape)
{
    const struct sl_table *table = shape->table;
    struct sl_stream_table met = {.rule = shape->rule};
    struct sl_stream_table *tables;
    int rc;

    if (find_table(log, table) != NULL) {
        return SL_OK;
    }
    tables = realloc(log->tables, (log->table_count + 1) * sizeof(*tables));
    if (tables == NULL) {
        return SL_ENOMEM;
    }
    log->tables = tables;
    rc = sl_buf_add(&met.db, table->db.data, table->db.len);
    rc = rc == SL_OK ? sl_buf_add(&met.name, table->name.data, table->name.len) : rc;
    if (rc != SL_OK) {
        sl_buf_release(&met.db);
        return rc;
    }
    tables[log->table_count++] = met;
    return SL_OK;
}

/* ---- fields ---- */

static void clear_fields(struct sl_change_log *log)
{
    sl_buf_clear(&log->fields);
    log->field_count = 0;
}

static int add_field(struct sl_change_log *log, const char *name, struct sl_span value)
{
    int rc = sl_resp_text(&log->fields, name);

    rc = rc == SL_OK ? sl_resp_bulk(&log->fields, value.data, value.len) : rc;
    log->field_count++;
    return rc;
}

static int add_number(struct sl_change_log *log, const char *name, uint64_t value)
{
    int rc = sl_resp_text(&log->fields, name);

    log->field_count++;
    return rc == SL_OK ? sl_resp_u64(&log->fields, value) : rc;
}

/* The identifier of the transaction, or where it begins. */
static int place(struct sl_change_log *log)
{
    const struct sl_position *at;
    int rc = SL_OK;

    if (log->is_placed || log->stream == NULL) {
        return SL_OK;
    }
    sl_buf_clear(&log->position);
    if (sl_stream_in_transaction(log->stream)) {
        rc = sl_stream_format_gtid(log->stream, &log->position);
    }
    if (rc == SL_OK && log->position.len == 0) {
        at = sl_stream_read_position(log->stream);
        rc = sl_buf_add_format(&log->position, "%s:%" PRIu64, at->file, at->offset);
    }
    log->is_placed = rc == SL_OK;
    return rc;
}

static int add_place(struct sl_change_log *log, uint32_t seconds)
{
    int rc = place(log);

    rc = rc == SL_OK ? add_field(log, "position", span_of(&log->position)) : rc;
    rc = rc == SL_OK ? add_number(log, "row", log->row) : rc;
    return rc == SL_OK ? add_number(log, "ts", (uint64_t)seconds * 1000) : rc;
}

static int add_names(struct sl_change_log *log, const char *op, struct sl_span db,
                     struct sl_span table)
{
    int rc = add_field(log, "op", sl_span_make(op, strlen(op)));

    rc = rc == SL_OK ? add_field(log, "db", db) : rc;
    return rc == SL_OK ? add_field(log, "table", table) : rc;
}

/* ---- entries ---- */

static int add_command(const struct sl_change_log *log, uint64_t max_len, struct sl_span name,
                       struct sl_buf *out, uint32_t *key_at)
{
    int rc = sl_resp_array(out, (max_len > 0 ? 6U : 3U) + 2 * log->field_count);

    rc = rc == SL_OK ? sl_resp_text(out, "XADD") : rc;
    rc = rc == SL_OK ? sl_resp_bulk(out, name.data, name.len) : rc;
    *key_at = (uint32_t)(out->len - 2 - name.len);
    if (max_len > 0) {
        rc = rc == SL_OK ? sl_resp_text(out, "MAXLEN") : rc;
        rc = rc == SL_OK ? sl_resp_text(out, "~") : rc;
        rc = rc == SL_OK ? sl_resp_u64(out, max_len) : rc;
    }
    rc = rc == SL_OK ? sl_resp_text(out, "*") : rc;
    return rc == SL_OK ? sl_buf_add(out, log->fields.data, log->fields.len) : rc;
}

/* It adds to what the stream holds: nothing before it becomes superfluous. */
static int add_entry(const struct sl_change_log *log, uint64_t max_len, struct sl_span name,
                     struct sl_batch *batch)
{
    uint32_t offset;
    uint32_t key_at = 0;
    int rc;

    sl_batch_begin(batch, &offset);
    rc = add_command(log, max_len, name, &batch->data, &key_at);
    rc = rc == SL_OK ? sl_batch_end(batch, offset, key_at, (uint32_t)name.len, 1, SL_WRITE_PARTIAL)
                     : rc;
    if (rc != SL_OK) {
        sl_batch_abandon(batch, offset);
    }
    return rc;
}

/* ---- rows ---- */

/* What a change looks like to who reads the stream. */
struct sl_change_view {
    bool has_before;        /* is there a row before, ... */
    bool has_after;         /* ... and behind it? */
    struct sl_span key;     /* behind it, or else before */
    struct sl_span old_key; /* empty: the same */
};

static const char *op_of(const struct sl_change_view *view)
{
    if (view->has_before && view->has_after) {
        return "update";
    }
    return view->has_after ? "insert" : "delete";
}

static int add_image(struct sl_change_log *log, const char *name, const struct sl_shape *shape,
                     struct sl_row row, struct sl_buf *partial, struct sl_err *err)
{
    int rc;

    sl_buf_clear(&log->text);
    rc = sl_change_image(shape, row, &log->text, partial, err);
    if (rc == SL_OK && log->text.len > shape->value_max_bytes) {
        rc = sl_err_set(err, SL_ELIMIT,
                        "a row of table %.*s.%.*s has %zu bytes as JSON, and Redis takes no more "
                        "than %zu (its proto-max-bulk-len): leave what is so long out by "
                        "\"except\" or \"where\"",
                        (int)shape->table->db.len, (const char *)shape->table->db.data,
                        (int)shape->table->name.len, (const char *)shape->table->name.data,
                        log->text.len, shape->value_max_bytes);
    }
    return rc == SL_OK ? add_field(log, name, span_of(&log->text)) : rc;
}

static int add_images(struct sl_change_log *log, const struct sl_row_change *change,
                      const struct sl_change_view *view, struct sl_buf *partial, struct sl_err *err)
{
    const struct sl_shape *shape = change->table->user;
    const struct sl_row before = {.cells = change->before};
    const struct sl_row after = {.cells = change->after, .base = change->before};
    int rc = SL_OK;

    if (view->has_before) {
        rc = add_image(log, "before", shape, before, partial, err);
    }
    return rc == SL_OK && view->has_after ? add_image(log, "after", shape, after, partial, err)
                                          : rc;
}

static int fill(struct sl_change_log *log, const struct sl_row_change *change,
                const struct sl_change_view *view, struct sl_err *err)
{
    struct sl_buf partial = {0};
    int rc = add_names(log, op_of(view), change->table->db, change->table->name);

    rc = rc == SL_OK ? add_field(log, "key", view->key) : rc;
    if (rc == SL_OK && view->old_key.len > 0) {
        rc = add_field(log, "old_key", view->old_key);
    }
    rc = rc == SL_OK ? add_images(log, change, view, &partial, err) : rc;
    rc = rc == SL_OK ? add_place(log, change->timestamp) : rc;
    if (rc == SL_OK && partial.len > 0) {
        rc = sl_buf_add_byte(&partial, ']');
        rc = rc == SL_OK ? add_field(log, "partial", span_of(&partial)) : rc;
    }
    sl_buf_release(&partial);
    return rc;
}

/* Where `where` cannot tell by what an image has, the change is shown as it is in the log. */
static int is_shown(struct sl_row_filter *filter, const struct sl_table *table,
                    const struct sl_cell *cells, const struct sl_cell *before, bool *shown,
                    struct sl_err *err)
{
    enum sl_verdict verdict = SL_ROW_DIFFERS;
    int rc =
        cells != NULL ? sl_row_filter_judge(filter, table, cells, before, &verdict, err) : SL_OK;

    *shown = verdict != SL_ROW_DIFFERS;
    return rc;
}

static int look(struct sl_row_filter *filter, const struct sl_changed_row *row,
                struct sl_change_view *view, struct sl_err *err)
{
    const struct sl_row_change *change = row->change;
    bool is_gone = change->op == SL_OP_DELETE;
    int rc = is_shown(filter, change->table, change->before, NULL, &view->has_before, err);

    if (rc == SL_OK) {
        rc = is_shown(filter, change->table, change->after, change->before, &view->has_after, err);
    }
    view->key = is_gone || (row->has_moved && !view->has_after) ? row->old_key : row->new_key;
    if (row->has_moved && view->has_before && view->has_after) {
        view->old_key = row->old_key;
    }
    return rc;
}

int sl_change_log_add(struct sl_change_log *log, struct sl_row_filter *filter,
                      const struct sl_changed_row *row, struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_shape *shape = row->change->table->user;
    struct sl_change_view view = {0};
    int rc = look(filter, row, &view, err);

    if (rc != SL_OK || (!view.has_before && !view.has_after)) {
        return rc;
    }
    clear_fields(log);
    rc = fill(log, row->change, &view, err);
    return rc == SL_OK ? add_entry(log, shape->rule->max_len, span_of(&shape->stream), batch) : rc;
}

/* ---- marks ---- */

static const char *mark_name(enum sl_mark_kind kind)
{
    static const char *const names[] = {
        [SL_MARK_BEGIN] = "begin",
        [SL_MARK_GAP] = "gap",
        [SL_MARK_TRUNCATE] = "truncate",
        [SL_MARK_DROP] = "drop",
    };

    return names[kind];
}

static int mark_table(struct sl_change_log *log, const struct sl_table_rule *rule,
                      struct sl_span table, const struct sl_mark *mark, struct sl_batch *batch,
                      struct sl_err *err)
{
    uint32_t seconds = log->stream != NULL ? sl_stream_event_time(log->stream) : 0;
    int rc;

    clear_fields(log);
    log->row++;
    rc = add_names(log, mark_name(mark->kind), mark->db, table);
    if (rc == SL_OK && mark->reason != NULL) {
        rc = add_field(log, "reason", sl_span_make(mark->reason, strlen(mark->reason)));
    }
    rc = rc == SL_OK ? add_place(log, seconds) : rc;
    sl_buf_clear(&log->text);
    rc = rc == SL_OK ? sl_stream_name_add(rule->stream, mark->db, table, &log->text, err) : rc;
    return rc == SL_OK ? add_entry(log, rule->max_len, span_of(&log->text), batch) : rc;
}

static int mark_all(struct sl_change_log *log, const struct sl_mark *mark, struct sl_batch *batch,
                    struct sl_err *err)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < log->table_count; i++) {
        const struct sl_stream_table *table = &log->tables[i];

        if (sl_rule_spans_tables(table->rule) && is_same(&table->db, mark->db)) {
            rc = mark_table(log, table->rule, span_of(&table->name), mark, batch, err);
        }
    }
    return rc;
}

int sl_change_log_mark(struct sl_change_log *log, const struct sl_table_rule *rules, size_t count,
                       const struct sl_mark *mark, struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_table_rule *rule = NULL;
    int rc;

    if (mark->table.len == 0) {
        return mark_all(log, mark, batch, err);
    }
    rc = sl_rule_find(rules, count, mark->db, mark->table, &rule, err);
    return rc == SL_OK && rule != NULL && rule->value == SL_VALUE_STREAM
               ? mark_table(log, rule, mark->table, mark, batch, err)
               : rc;
}
