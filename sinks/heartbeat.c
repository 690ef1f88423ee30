#include "sinks/heartbeat.h"

#include <inttypes.h>

#include "cdc/resp.h"

/* File names and GTIDs hold nothing that JSON escapes but, in theory, quotes and backslashes. */
static int add_text(struct sl_buf *out, const char *name, const char *text)
{
    int rc = sl_buf_add_format(out, ",\"%s\":\"", name);

    for (; rc == SL_OK && *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            rc = sl_buf_add_byte(out, '\\');
        }
        if (rc == SL_OK && (unsigned char)*text >= ' ') {
            rc = sl_buf_add_byte(out, (uint8_t)*text);
        }
    }
    return rc == SL_OK ? sl_buf_add_byte(out, '"') : rc;
}

static int add_position(struct sl_buf *out, const struct sl_position *position)
{
    struct sl_buf gtid = {0};
    const char *text;
    int rc = add_text(out, "file", position->file);

    if (rc == SL_OK) {
        rc = sl_buf_add_format(out, ",\"pos\":%" PRIu64, position->offset);
    }
    if (rc == SL_OK) {
        rc = sl_position_format_gtid(position, &gtid);
    }
    text = sl_buf_cstr(&gtid);
    if (rc == SL_OK) {
        rc = text != NULL ? add_text(out, "gtid", text) : SL_ENOMEM;
    }
    sl_buf_release(&gtid);
    return rc;
}

static int add_count(struct sl_buf *out, const char *name, uint64_t count)
{
    return count > 0 ? sl_buf_add_format(out, ",\"%s\":%" PRIu64, name, count) : SL_OK;
}

static int add_rows(struct sl_buf *out, const struct sl_heartbeat_rows *rows)
{
    int rc = add_count(out, "unchanged", rows->unchanged);

    rc = rc == SL_OK ? add_count(out, "filtered", rows->filtered) : rc;
    rc = rc == SL_OK ? add_count(out, "quarantined", rows->quarantined) : rc;
    return rc == SL_OK ? add_count(out, "waiting", rows->waiting) : rc;
}

static int add_json(struct sl_buf *out, const struct sl_heartbeat *heartbeat)
{
    uint32_t source_time = heartbeat->position != NULL ? heartbeat->position->event_time : 0;
    int rc = sl_buf_add_format(out,
                               "{\"state\":\"%s\",\"lag_seconds\":%" PRIu64
                               ",\"source_time\":%" PRIu32 ",\"time\":%" PRIu64,
                               heartbeat->state, heartbeat->lag_seconds, source_time,
                               heartbeat->wall_ms);

    if (rc == SL_OK && heartbeat->position != NULL) {
        rc = add_position(out, heartbeat->position);
    }
    if (rc == SL_OK && heartbeat->has_lag_bytes) {
        rc = sl_buf_add_format(out, ",\"lag_bytes\":%" PRIu64, heartbeat->lag_bytes);
    }
    rc = rc == SL_OK ? add_rows(out, &heartbeat->rows) : rc;
    return rc == SL_OK ? sl_buf_add_byte(out, '}') : rc;
}

int sl_heartbeat_write(struct sl_buf *out, const char *key, const struct sl_heartbeat *heartbeat)
{
    enum { GUESS = 250 };

    size_t start;
    int rc = sl_resp_array(out, 5);

    if (rc == SL_OK) {
        rc = sl_resp_text(out, "SET");
    }
    if (rc == SL_OK) {
        rc = sl_resp_text(out, key);
    }
    if (rc == SL_OK) {
        rc = sl_resp_begin(out, GUESS, &start);
    }
    if (rc == SL_OK) {
        rc = add_json(out, heartbeat);
    }
    if (rc == SL_OK) {
        rc = sl_resp_end(out, GUESS, start);
    }
    if (rc == SL_OK) {
        rc = sl_resp_text(out, "PX");
    }
    return rc == SL_OK ? sl_resp_u64(out, SL_HEARTBEAT_TTL_MS) : rc;
}
