/* snapshot_commands.c - what a snapshot writes of itself: states, and the removal of requests. */
#include "cdc/resp.h"
#include "cdc/snapshot_private.h"

static int add_command(struct sl_buf *out, const char *name, const char *key, struct sl_span field,
                       const struct sl_buf *value)
{
    int rc = sl_resp_array(out, value != NULL ? 4 : 3);

    if (rc == SL_OK) {
        rc = sl_resp_text(out, name);
    }
    if (rc == SL_OK) {
        rc = sl_resp_text(out, key);
    }
    if (rc == SL_OK) {
        rc = sl_resp_bulk(out, field.data, field.len);
    }
    return rc == SL_OK && value != NULL ? sl_resp_bulk(out, value->data, value->len) : rc;
}

int sl_snapshot_put_removal(struct sl_reader *reader, const char *key, struct sl_span field)
{
    struct sl_buf command = {0};
    int rc = add_command(&command, "HDEL", key, field, NULL);

    if (rc == SL_OK) {
        rc = sl_reader_put_commands(reader, sl_span_make(key, strlen(key)),
                                    sl_snapshot_span(&command), 1);
    }
    sl_buf_release(&command);
    return rc;
}

static int add_state(struct sl_buf *command, const struct sl_load_store *store, struct sl_span db,
                     struct sl_span name, const struct sl_load_state *state)
{
    struct sl_buf field = {0};
    struct sl_buf value = {0};
    int rc = sl_load_field_format(db, name, &field);

    if (rc == SL_OK) {
        rc = sl_load_state_format(state, &value);
    }
    if (rc == SL_OK) {
        rc = add_command(command, "HSET", store->state_key, sl_snapshot_span(&field), &value);
    }
    sl_buf_release(&field);
    sl_buf_release(&value);
    return rc;
}

int sl_snapshot_put_state(struct sl_reader *reader, const struct sl_load_store *store,
                          struct sl_span db, struct sl_span name, const struct sl_load_state *state)
{
    struct sl_span key = sl_span_make(store->state_key, strlen(store->state_key));
    struct sl_buf command = {0};
    int rc = add_state(&command, store, db, name, state);

    if (rc == SL_OK) {
        rc = sl_reader_put_commands(reader, key, sl_snapshot_span(&command), 1);
    }
    sl_buf_release(&command);
    return rc;
}

int sl_snapshot_add_state(struct sl_batch *batch, const struct sl_load_store *store,
                          struct sl_span db, struct sl_span name, const struct sl_load_state *state)
{
    struct sl_span key = sl_span_make(store->state_key, strlen(store->state_key));
    struct sl_buf command = {0};
    int rc = add_state(&command, store, db, name, state);

    if (rc == SL_OK) {
        rc = sl_batch_add_commands(batch, key, sl_snapshot_span(&command), 1);
    }
    sl_buf_release(&command);
    return rc;
}

/* ---- notes ---- */

void sl_snapshot_fields_release(struct sl_snapshot_fields *fields)
{
    sl_buf_release(&fields->bytes);
    *fields = (struct sl_snapshot_fields){0};
}

int sl_snapshot_add_field(struct sl_snapshot_fields *fields, struct sl_span field)
{
    int rc = sl_resp_bulk(&fields->bytes, field.data, field.len);

    fields->count += rc == SL_OK;
    return rc;
}

int sl_snapshot_add_note(struct sl_snapshot_fields *fields, struct sl_span scope,
                         struct sl_span key)
{
    size_t len = scope.len + 1 + key.len;
    size_t start = 0;
    int rc = sl_resp_begin(&fields->bytes, len, &start);

    rc = rc == SL_OK ? sl_buf_add(&fields->bytes, scope.data, scope.len) : rc;
    rc = rc == SL_OK ? sl_buf_add_byte(&fields->bytes, ' ') : rc;
    rc = rc == SL_OK ? sl_buf_add(&fields->bytes, key.data, key.len) : rc;
    rc = rc == SL_OK ? sl_resp_end(&fields->bytes, len, start) : rc;
    fields->count += rc == SL_OK;
    return rc;
}

int sl_snapshot_put_removals(struct sl_reader *reader, const char *key,
                             const struct sl_snapshot_fields *fields)
{
    struct sl_buf command = {0};
    int rc = fields->count > 0 ? sl_resp_array(&command, 2 + fields->count) : SL_DONE;

    rc = rc == SL_OK ? sl_resp_text(&command, "HDEL") : rc;
    rc = rc == SL_OK ? sl_resp_text(&command, key) : rc;
    rc = rc == SL_OK ? sl_buf_add(&command, fields->bytes.data, fields->bytes.len) : rc;
    if (rc == SL_OK) {
        rc = sl_reader_put_commands(reader, sl_span_make(key, strlen(key)),
                                    sl_snapshot_span(&command), 1);
    }
    sl_buf_release(&command);
    return rc == SL_DONE ? SL_OK : rc;
}
