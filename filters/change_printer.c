#include "filters/change_printer.h"

#include <stdio.h>
#include <stdlib.h>

#include "filters/change_line.h"
#include "filters/rule.h"

/* The lines of a prepared XA transaction. */
struct prepared {
    struct sl_buf xid;
    struct sl_buf lines;
    uint64_t count;
    struct prepared *next;
};

struct sl_change_printer {
    struct sl_change_printer_options options;
    const struct sl_stream *stream;
    /* text | lines of committed transactions | lines of the open one |
            0                                 mark                    len */
    struct sl_buf text;
    size_t mark;
    uint64_t count;   /* lines behind the mark */
    uint64_t printed; /* lines before it, since the start */
    bool is_xa;
    bool has_spilled; /* lines of the open transaction were printed */
    struct sl_buf where;
    struct sl_buf scratch;
    struct prepared *prepared; /* owned */
    size_t prepared_bytes;
};

struct sl_change_printer *sl_change_printer_new(const struct sl_change_printer_options *options)
{
    struct sl_change_printer *printer = calloc(1, sizeof(*printer));

    if (printer != NULL) {
        printer->options = *options;
    }
    return printer;
}

static void free_prepared(struct prepared *prepared)
{
    if (prepared != NULL) {
        sl_buf_release(&prepared->xid);
        sl_buf_release(&prepared->lines);
        free(prepared);
    }
}

void sl_change_printer_free(struct sl_change_printer *printer)
{
    if (printer == NULL) {
        return;
    }
    while (printer->prepared != NULL) {
        struct prepared *next = printer->prepared->next;

        free_prepared(printer->prepared);
        printer->prepared = next;
    }
    sl_buf_release(&printer->text);
    sl_buf_release(&printer->where);
    sl_buf_release(&printer->scratch);
    free(printer);
}

void sl_change_printer_attach(struct sl_change_printer *printer, const struct sl_stream *stream)
{
    printer->stream = stream;
}

static struct sl_span span_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

/* ---- output ---- */

int sl_change_printer_flush(struct sl_change_printer *printer, struct sl_err *err)
{
    struct sl_buf *text = &printer->text;
    size_t len = printer->mark;
    int rc = SL_OK;

    if (len == 0) {
        return SL_OK;
    }
    rc = printer->options.write(printer->options.user, sl_span_make(text->data, len), err);
    memmove(text->data, text->data + len, text->len - len);
    text->len -= len;
    printer->mark = 0;
    return rc;
}

static uint64_t left(const struct sl_change_printer *printer)
{
    return printer->options.limit == 0 ? UINT64_MAX : printer->options.limit - printer->printed;
}

/* The length of the first COUNT lines behind the mark; there are more. No line feed stands inside
 * of a line. */
static size_t length_of(const struct sl_change_printer *printer, uint64_t count)
{
    size_t at = printer->mark;

    for (uint64_t i = 0; i < count; i++) {
        while (printer->text.data[at++] != '\n') {
        }
    }
    return at;
}

/* Moves the mark behind the open transaction's lines, or as many of them as the limit lets through.
 */
static int settle(struct sl_change_printer *printer, struct sl_err *err)
{
    int rc = SL_OK;

    if (printer->count > left(printer)) {
        if (!printer->options.is_silent) {
            printer->text.len = length_of(printer, left(printer));
        }
        printer->count = left(printer);
    }
    printer->printed += printer->count;
    printer->count = 0;
    printer->mark = printer->text.len;
    if (printer->mark > 0 &&
        (printer->mark >= printer->options.flush_bytes || left(printer) == 0)) {
        rc = sl_change_printer_flush(printer, err);
    }
    return rc == SL_OK && left(printer) == 0 ? SL_DONE : rc;
}

static void drop_open(struct sl_change_printer *printer)
{
    printer->text.len = printer->mark;
    printer->count = 0;
}

/* ---- the handler ---- */

static int on_begin(void *user, bool is_xa, struct sl_err *err)
{
    struct sl_change_printer *printer = user;
    const struct sl_position *before = sl_stream_read_position(printer->stream);
    int rc;

    (void)err;
    drop_open(printer);
    printer->is_xa = is_xa;
    printer->has_spilled = false;
    if (printer->options.is_silent) {
        return SL_OK;
    }
    sl_buf_clear(&printer->where);
    sl_buf_clear(&printer->scratch);
    rc = sl_stream_format_gtid(printer->stream, &printer->scratch);
    return rc == SL_OK ? sl_change_where(before->file, before->offset, span_of(&printer->scratch),
                                         &printer->where)
                       : rc;
}

static int on_table(void *user, struct sl_table *table, bool *skip, struct sl_err *err)
{
    struct sl_change_printer *printer = user;

    *skip = !sl_change_printer_wants(printer, table->db, table->name);
    if (*skip) {
        return SL_OK;
    }
    if (printer->options.may_guess) {
        sl_change_guess(table);
    }
    table->user = sl_change_names_new(table);
    table->user_free = sl_change_names_free;
    return table->user != NULL ? SL_OK : sl_err_set(err, SL_ENOMEM, "no memory for a table");
}

static int too_large(struct sl_err *err)
{
    return sl_err_set(
        err, SL_ELIMIT,
        "the prepared XA transactions are too large to be held until they are decided: choose "
        "tables with --table");
}

/* After each line: prints what is too much to hold. */
static int check_size(struct sl_change_printer *printer, struct sl_err *err)
{
    size_t open = printer->text.len - printer->mark;

    if (open <= printer->options.hold_bytes) {
        return SL_OK;
    }
    if (printer->is_xa) {
        return printer->prepared_bytes + open > printer->options.xa_bytes ? too_large(err) : SL_OK;
    }
    printer->has_spilled = true;
    return settle(printer, err);
}

static int on_row(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    struct sl_change_printer *printer = user;
    int rc;

    if (printer->count >= left(printer)) {
        return SL_OK; /* of no use any more, but whether they count is seen at the commit */
    }
    rc = printer->options.is_silent
             ? sl_change_render(change, &printer->scratch, err)
             : sl_change_row(change, span_of(&printer->where), &printer->text, err);
    if (rc != SL_OK) {
        return rc;
    }
    printer->count++;
    return check_size(printer, err);
}

static int on_commit(void *user, struct sl_err *err)
{
    return settle(user, err);
}

static int on_rollback(void *user, struct sl_err *err)
{
    struct sl_change_printer *printer = user;
    int rc;

    drop_open(printer);
    if (!printer->has_spilled) {
        return SL_OK;
    }
    rc = sl_buf_add_str(&printer->text, "{\"op\":\"rollback\"");
    if (rc == SL_OK) {
        rc = sl_buf_add(&printer->text, printer->where.data, printer->where.len);
    }
    rc = rc == SL_OK ? sl_buf_add_str(&printer->text, "}\n") : rc;
    return rc == SL_OK ? settle(printer, err) : rc;
}

/* The link to the transaction XID, or to the NULL at the end. */
static struct prepared **find(struct sl_change_printer *printer, struct sl_span xid)
{
    struct prepared **link = &printer->prepared;

    while (*link != NULL &&
           ((*link)->xid.len != xid.len || memcmp((*link)->xid.data, xid.data, xid.len) != 0)) {
        link = &(*link)->next;
    }
    return link;
}

static int on_xa_prepare(void *user, struct sl_span xid, struct sl_err *err)
{
    struct sl_change_printer *printer = user;
    struct prepared **link = find(printer, xid);
    struct prepared *prepared = calloc(1, sizeof(*prepared));
    size_t len = printer->text.len - printer->mark;
    int rc = prepared != NULL ? sl_buf_add(&prepared->xid, xid.data, xid.len) : SL_ENOMEM;

    if (rc == SL_OK && len > 0) {
        rc = sl_buf_add(&prepared->lines, printer->text.data + printer->mark, len);
    }
    if (rc != SL_OK) {
        free_prepared(prepared);
        return sl_err_set(err, rc, "no memory for a prepared XA transaction");
    }
    prepared->count = printer->count;
    prepared->next = *link != NULL ? (*link)->next : NULL;
    if (*link != NULL) {
        printer->prepared_bytes -= (*link)->lines.len;
        free_prepared(*link);
    }
    *link = prepared;
    printer->prepared_bytes += len;
    drop_open(printer);
    return printer->prepared_bytes > printer->options.xa_bytes ? too_large(err) : SL_OK;
}

static void tell_unknown(struct sl_change_printer *printer, struct sl_span xid)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "XA transaction %.*s was committed, but its rows lie before the place that the "
                   "stream began at: they are not printed",
                   (int)xid.len, (const char *)xid.data);
    printer->options.notice(printer->options.user, text);
}

/* Takes the lines of XID out; *PREPARED is the caller's, NULL when there are none. */
static struct prepared *take(struct sl_change_printer *printer, struct sl_span xid)
{
    struct prepared **link = find(printer, xid);
    struct prepared *prepared = *link;

    if (prepared != NULL) {
        *link = prepared->next;
        printer->prepared_bytes -= prepared->lines.len;
    }
    return prepared;
}

static int on_xa_commit(void *user, struct sl_span xid, struct sl_err *err)
{
    struct sl_change_printer *printer = user;
    struct prepared *prepared = take(printer, xid);
    int rc;

    (void)err;
    if (prepared == NULL) {
        tell_unknown(printer, xid);
        return SL_OK;
    }
    rc = sl_buf_add(&printer->text, prepared->lines.data, prepared->lines.len);
    if (rc == SL_OK) {
        printer->count += prepared->count;
    }
    free_prepared(prepared);
    return rc;
}

static int on_xa_rollback(void *user, struct sl_span xid, struct sl_err *err)
{
    (void)err;
    free_prepared(take(user, xid));
    return SL_OK;
}

/* What cannot be found out is printed. */
static bool is_chosen(const struct sl_change_printer_options *options, struct sl_span db,
                      struct sl_span table)
{
    const struct sl_table_rule *rule = NULL;
    int rc = sl_rule_find(options->rules, options->rule_count, db, table, &rule, NULL);

    return rc != SL_OK || rule != NULL;
}

static bool concerns(const struct sl_change_printer *printer, const struct sl_ddl *ddl)
{
    const struct sl_change_printer_options *options = &printer->options;

    if (options->rule_count == 0 || ddl->db.len == 0) {
        return true;
    }
    for (size_t i = 0; i < options->rule_count && ddl->table.len == 0; i++) {
        if (sl_rule_may_choose_in(&options->rules[i], ddl->db)) {
            return true;
        }
    }
    return (ddl->table.len > 0 && is_chosen(options, ddl->db, ddl->table)) ||
           (ddl->to_table.len > 0 && is_chosen(options, ddl->to_db, ddl->to_table));
}

static int on_ddl(void *user, const struct sl_ddl *ddl, struct sl_err *err)
{
    struct sl_change_printer *printer = user;
    int rc;

    if (printer->options.is_silent || printer->count >= left(printer) || !concerns(printer, ddl)) {
        return SL_OK;
    }
    rc = sl_change_ddl(ddl, printer->options.with_statements, span_of(&printer->where),
                       sl_stream_event_time(printer->stream), &printer->text);
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "no memory for a statement");
    }
    printer->count++;
    return check_size(printer, err);
}

bool sl_change_printer_wants(void *user, struct sl_span db, struct sl_span table)
{
    const struct sl_change_printer *printer = user;
    const struct sl_change_printer_options *options = &printer->options;

    return options->rule_count == 0 || is_chosen(options, db, table);
}

struct sl_stream_handler sl_change_printer_handler(struct sl_change_printer *printer)
{
    return (struct sl_stream_handler){
        .begin = on_begin,
        .table = on_table,
        .row = on_row,
        .commit = on_commit,
        .rollback = on_rollback,
        .xa_prepare = on_xa_prepare,
        .xa_commit = on_xa_commit,
        .xa_rollback = on_xa_rollback,
        .ddl = on_ddl,
        .user = printer,
    };
}
