/*
 * reader_rereads.c - hands notes that keys are to be read again over from the batch to memory,
 * where the snapshot finds them; and tables that have too many of them to those that are to be
 * loaded.
 */
#include <stdio.h>
#include <string.h>

#include "cdc/base/clock.h"
#include "cdc/load_state.h"
#include "cdc/reader_private.h"
#include "cdc/reader_visit.h"
#include "cdc/resp.h"

int sl_reader_note_rereads(struct sl_reader *reader, uint32_t from)
{
    const struct sl_batch *batch = reader->batch;
    int rc = SL_OK;

    for (uint32_t i = from; rc == SL_OK && i < batch->entry_count; i++) {
        struct sl_reread_note note;

        if (batch->entries[i].write == SL_WRITE_LATER) {
            rc = sl_reread_note_view(batch, &batch->entries[i], &note);
            rc = rc == SL_OK ? sl_rereads_add(reader->options.rereads, &note) : rc;
        }
    }
    return rc;
}

/* ---- tables that are loaded instead ---- */

int sl_reread_load_state(const struct sl_rereads *rereads, const struct sl_reread_table *table,
                         struct sl_load_state *state)
{
    const char *reason = table->is_blind
                             ? "a change of an indexed row was logged without its old values"
                             : "too many of its rows waited to be read again";
    uint64_t now = sl_clock_wall_ms(sl_clock_real());

    *state = (struct sl_load_state){.phase = SL_LOAD_WAITING,
                                    .rate = sl_rereads_options(rereads)->rate,
                                    .began_ms = now,
                                    .changed_ms = now,
                                    .id = "reread"};
    return sl_buf_add_str(&state->reason, reason);
}

/* The table's own note is of no use any more. */
static int add_removal(struct sl_buf *out, const struct sl_rereads *rereads, struct sl_span scope)
{
    size_t len = 2 * scope.len + 1;
    size_t start = 0;
    int rc = sl_resp_array(out, 3);

    rc = rc == SL_OK ? sl_resp_text(out, "HDEL") : rc;
    rc = rc == SL_OK ? sl_resp_text(out, sl_rereads_options(rereads)->hash_key) : rc;
    rc = rc == SL_OK ? sl_resp_begin(out, len, &start) : rc;
    rc = rc == SL_OK ? sl_buf_add(out, scope.data, scope.len) : rc;
    rc = rc == SL_OK ? sl_buf_add_byte(out, ' ') : rc;
    rc = rc == SL_OK ? sl_buf_add(out, scope.data, scope.len) : rc;
    return rc == SL_OK ? sl_resp_end(out, len, start) : rc;
}

static int add_state(struct sl_buf *out, const struct sl_rereads *rereads,
                     const struct sl_reread_table *table, struct sl_span field)
{
    const char *key = sl_rereads_options(rereads)->state_key;
    struct sl_load_state state = {0};
    struct sl_buf text = {0};
    int rc = sl_reread_load_state(rereads, table, &state);

    rc = rc == SL_OK ? sl_load_state_format(&state, &text) : rc;
    rc = rc == SL_OK ? sl_resp_array(out, 4) : rc;
    rc = rc == SL_OK ? sl_resp_text(out, "HSET") : rc;
    rc = rc == SL_OK ? sl_resp_text(out, key) : rc;
    rc = rc == SL_OK ? sl_resp_bulk(out, field.data, field.len) : rc;
    rc = rc == SL_OK ? sl_resp_bulk(out, text.data, text.len) : rc;
    sl_load_state_release(&state);
    sl_buf_release(&text);
    return rc;
}

static void tell(const struct sl_reader *reader, const struct sl_reread_table *table,
                 struct sl_span field)
{
    const char *why = table->is_blind
                          ? "a change of a row with an \"index\" was logged without its old values"
                          : "more rows wait to be read again, as their changes were logged in "
                            "part, than there is memory for";
    char text[512];

    if (reader->options.notice == NULL) {
        return;
    }
    (void)snprintf(text, sizeof(text),
                   "table %.*s: %s: it is loaded again, continuing; binlog_row_image = FULL at the "
                   "source avoids that",
                   (int)field.len, (const char *)field.data, why);
    reader->options.notice(reader->options.notice_user, true, text);
}

/* The state stands behind the notes, in the same EXEC or a later one: none is lost. */
static int put_state(struct sl_reader *reader, const struct sl_reread_table *overrun)
{
    struct sl_span scope = sl_span_make(overrun->scope.data, overrun->scope.len);
    const struct sl_rereads *rereads = reader->options.rereads;
    const char *key = sl_rereads_options(rereads)->state_key;
    struct sl_buf command = {0};
    struct sl_buf field = {0};
    struct sl_buf table = {0};
    struct sl_buf db = {0};
    int rc = sl_reread_scope_parse(scope, &db, &table);

    rc = rc == SL_OK ? sl_load_field_format(sl_span_make(db.data, db.len),
                                            sl_span_make(table.data, table.len), &field)
                     : rc;
    rc = rc == SL_OK ? add_state(&command, rereads, overrun, sl_span_make(field.data, field.len))
                     : rc;
    rc = rc == SL_OK && overrun->is_blind ? add_removal(&command, rereads, scope) : rc;
    rc = rc == SL_OK ? sl_batch_add_commands(reader->batch, sl_span_make(key, strlen(key)),
                                             sl_span_make(command.data, command.len),
                                             overrun->is_blind ? 2 : 1)
                     : rc;
    if (rc == SL_OK) {
        tell(reader, overrun, sl_span_make(field.data, field.len));
    }
    sl_buf_release(&command);
    sl_buf_release(&field);
    sl_buf_release(&table);
    sl_buf_release(&db);
    return rc;
}

int sl_reader_end_rereads(struct sl_reader *reader)
{
    struct sl_rereads *rereads = reader->options.rereads;
    struct sl_reread_table *table;
    int rc = SL_OK;

    while (rc == SL_OK && (table = sl_rereads_overrun(rereads)) != NULL) {
        rc = put_state(reader, table);
        if (rc == SL_OK) {
            sl_rereads_make_whole(rereads, table);
        }
    }
    if (sl_rereads_has_news(rereads)) {
        sl_rereads_ring(rereads);
    }
    return rc;
}
