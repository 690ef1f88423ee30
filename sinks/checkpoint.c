#include "sinks/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>

#include "cdc/resp.h"

int sl_pipeline_key(const char *pipeline, const char *name, struct sl_buf *out)
{
    sl_buf_clear(out);
    return sl_buf_add_format(out, "sluice:{%s}:%s", pipeline, name);
}

static int add_gtid(struct sl_buf *out, const char *field, const struct sl_position *position)
{
    enum { GUESS = 60 };

    size_t start = 0;
    int rc = sl_resp_text(out, field);

    if (rc == SL_OK) {
        rc = sl_resp_begin(out, GUESS, &start);
    }
    if (rc == SL_OK) {
        rc = sl_position_format_gtid(position, out);
    }
    return rc == SL_OK ? sl_resp_end(out, GUESS, start) : rc;
}

static int add_text(struct sl_buf *out, const char *field, const char *value)
{
    int rc = sl_resp_text(out, field);

    return rc == SL_OK ? sl_resp_text(out, value) : rc;
}

static int add_number(struct sl_buf *out, const char *field, uint64_t value)
{
    int rc = sl_resp_text(out, field);

    return rc == SL_OK ? sl_resp_u64(out, value) : rc;
}

static int add_place(struct sl_buf *out, const char *const names[3],
                     const struct sl_position *position)
{
    int rc = add_gtid(out, names[0], position);

    if (rc == SL_OK) {
        rc = add_text(out, names[1], position->file);
    }
    return rc == SL_OK ? add_number(out, names[2], position->offset) : rc;
}

static int add_life(struct sl_buf *out, const struct sl_redis_life *life)
{
    char number[24];
    int rc = add_text(out, "run_id", life->run_id);

    (void)snprintf(number, sizeof(number), "%lld", (long long)life->errors);
    return rc == SL_OK ? add_text(out, "errors", number) : rc;
}

int sl_checkpoint_write(struct sl_buf *out, const char *key, const struct sl_position *position,
                        const struct sl_position *safe, const struct sl_redis_life *life)
{
    static const char *const names[3] = {"gtid", "file", "pos"};
    static const char *const safe_names[3] = {"safe_gtid", "safe_file", "safe_pos"};
    int rc = sl_resp_array(out, 2 + 2 * (size_t)13);

    if (rc == SL_OK) {
        rc = sl_resp_text(out, "HSET");
    }
    if (rc == SL_OK) {
        rc = sl_resp_text(out, key);
    }
    if (rc == SL_OK) {
        rc = add_number(out, "version", SL_CHECKPOINT_VERSION);
    }
    if (rc == SL_OK) {
        rc = add_place(out, names, position);
    }
    if (rc == SL_OK) {
        rc = add_text(out, "server_uuid", position->server_uuid);
    }
    if (rc == SL_OK) {
        rc = add_number(out, "event_time", position->event_time);
    }
    if (rc == SL_OK) {
        rc = add_place(out, safe_names, safe);
    }
    if (rc == SL_OK) {
        rc = add_text(out, "applied_file", position->applied_file);
    }
    if (rc == SL_OK) {
        rc = add_number(out, "applied_pos", position->applied_offset);
    }
    return rc == SL_OK ? add_life(out, life) : rc;
}

static struct sl_span find(const struct sl_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (sl_span_equals(fields[i].name, name)) {
            return fields[i].value;
        }
    }
    return sl_span_make(NULL, 0);
}

static bool read_number(struct sl_span text, uint64_t *out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)text.data[i] - '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return text.len > 0;
}

static int read_gtid(struct sl_span text, struct sl_position *position, struct sl_err *err)
{
    struct sl_buf copy = {0};
    int rc;

    if (text.len == 0) {
        return SL_OK;
    }
    if (memchr(text.data, '\0', text.len) != NULL) {
        return SL_EFORMAT;
    }
    rc = sl_buf_add(&copy, text.data, text.len);
    if (rc == SL_OK) {
        const char *string = sl_buf_cstr(&copy);

        rc = string != NULL ? sl_position_parse(position, string, err) : SL_ENOMEM;
    }
    sl_buf_release(&copy);
    /* The parser takes FILE:POS, too, which has fields of its own here. */
    return rc == SL_OK && !position->has_gtid ? SL_EFORMAT : rc;
}

static int bad_checkpoint(struct sl_err *err, const char *field)
{
    return sl_err_set(
        err, SL_EFORMAT,
        "the checkpoint in Redis has no usable field \"%s\": it was not written by this "
        "version of sluice, or something else changed it; remove it to begin anew",
        field);
}

static int read_place(const struct sl_field *fields, size_t count, const char *const names[3],
                      struct sl_position *position, struct sl_err *err)
{
    struct sl_span file = find(fields, count, names[1]);
    uint64_t offset;
    int rc = read_gtid(find(fields, count, names[0]), position, err);

    if (rc != SL_OK) {
        return bad_checkpoint(err, names[0]);
    }
    if (!read_number(find(fields, count, names[2]), &offset)) {
        return bad_checkpoint(err, names[2]);
    }
    if ((file.len == 0 && !position->has_gtid) ||
        (file.len > 0 && memchr(file.data, '\0', file.len) != NULL)) {
        return bad_checkpoint(err, names[1]);
    }
    rc = sl_position_set_file(position, (const char *)file.data, file.len, offset);
    return rc == SL_OK ? SL_OK : bad_checkpoint(err, names[1]);
}

/* True when no command can have failed unseen since the writer of the checkpoint came. */
static bool is_same_life(const struct sl_field *fields, size_t count,
                         const struct sl_redis_life *life)
{
    uint64_t errors;

    return life->run_id[0] != '\0' && life->errors >= 0 &&
           sl_span_equals(find(fields, count, "run_id"), life->run_id) &&
           read_number(find(fields, count, "errors"), &errors) && errors == (uint64_t)life->errors;
}

/* Only of the last position: what lies behind the safe one may not have been applied. */
static int read_applied(const struct sl_field *fields, size_t count, struct sl_position *position,
                        struct sl_err *err)
{
    struct sl_span file = find(fields, count, "applied_file");

    if (file.len == 0) {
        return SL_OK;
    }
    if (file.len >= sizeof(position->applied_file) || memchr(file.data, '\0', file.len) != NULL) {
        return bad_checkpoint(err, "applied_file");
    }
    if (!read_number(find(fields, count, "applied_pos"), &position->applied_offset)) {
        return bad_checkpoint(err, "applied_pos");
    }
    memcpy(position->applied_file, file.data, file.len);
    position->applied_file[file.len] = '\0';
    return SL_OK;
}

/* What does not depend on which of the two positions is taken. */
static int read_rest(const struct sl_field *fields, size_t count, struct sl_position *position,
                     struct sl_err *err)
{
    struct sl_span uuid = find(fields, count, "server_uuid");
    uint64_t event_time;

    if (uuid.len > SL_SERVER_UUID_TEXT) {
        return bad_checkpoint(err, "server_uuid");
    }
    if (uuid.len > 0) {
        memcpy(position->server_uuid, uuid.data, uuid.len);
    }
    position->server_uuid[uuid.len] = '\0';
    if (read_number(find(fields, count, "event_time"), &event_time)) {
        position->event_time = (uint32_t)event_time;
    }
    return SL_OK;
}

static int read_from(const struct sl_field *fields, size_t count, bool is_safe,
                     struct sl_position *position, struct sl_err *err)
{
    static const char *const names[3] = {"gtid", "file", "pos"};
    static const char *const safe_names[3] = {"safe_gtid", "safe_file", "safe_pos"};
    uint64_t version;
    int rc;

    if (!read_number(find(fields, count, "version"), &version) ||
        version != SL_CHECKPOINT_VERSION) {
        return bad_checkpoint(err, "version");
    }
    position->applied_file[0] = '\0';
    rc = read_place(fields, count, is_safe ? safe_names : names, position, err);
    if (rc == SL_OK && !is_safe) {
        rc = read_applied(fields, count, position, err);
    }
    return rc == SL_OK ? read_rest(fields, count, position, err) : rc;
}

int sl_checkpoint_read(const struct sl_field *fields, size_t count,
                       const struct sl_redis_life *life, struct sl_position *position,
                       struct sl_err *err)
{
    return read_from(fields, count, !is_same_life(fields, count, life), position, err);
}

int sl_checkpoint_read_last(const struct sl_field *fields, size_t count,
                            struct sl_position *position, struct sl_err *err)
{
    return read_from(fields, count, false, position, err);
}
