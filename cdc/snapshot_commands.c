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

static int put_command(struct sl_reader *reader, const char *name, const char *key,
                       struct sl_span field, const struct sl_buf *value)
{
    struct sl_buf command = {0};
    int rc = add_command(&command, name, key, field, value);

    if (rc == SL_OK) {
        rc = sl_reader_put_commands(reader, sl_span_make(key, strlen(key)),
                                    sl_snapshot_span(&command), 1);
    }
    sl_buf_release(&command);
    return rc;
}

int sl_snapshot_put_removal(struct sl_reader *reader, const char *key, struct sl_span field)
{
    return put_command(reader, "HDEL", key, field, NULL);
}

int sl_snapshot_put_state(struct sl_reader *reader, const struct sl_load_store *store,
                          struct sl_span db, struct sl_span name, const struct sl_load_state *state)
{
    struct sl_buf field = {0};
    struct sl_buf value = {0};
    int rc = sl_load_field_format(db, name, &field);

    if (rc == SL_OK) {
        rc = sl_load_state_format(state, &value);
    }
    if (rc == SL_OK) {
        rc = put_command(reader, "HSET", store->state_key, sl_snapshot_span(&field), &value);
    }
    sl_buf_release(&field);
    sl_buf_release(&value);
    return rc;
}
