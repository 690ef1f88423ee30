#include "sinks/redis_rows.h"

#include <stdlib.h>

#include "cdc/item.h"
#include "cdc/resp.h"
#include "sinks/checkpoint.h"
#include "sinks/redis_client.h"

#define SL_ROWS_PURPOSE "cannot read rows"

struct sl_redis_rows {
    const struct sl_redis_options *options;
    const atomic_bool *stop;
    struct sl_redis_client client;
    bool is_open;
    struct sl_buf checkpoint; /* its key */
    struct sl_buf rereads;    /* likewise */
    struct sl_held_field *fields;
    size_t field_cap;
    uint64_t bytes;
};

struct sl_redis_rows *sl_redis_rows_new(const struct sl_redis_options *options,
                                        const char *pipeline, const atomic_bool *stop)
{
    struct sl_redis_rows *rows = calloc(1, sizeof(*rows));

    if (rows == NULL) {
        return NULL;
    }
    rows->options = options;
    rows->stop = stop;
    if (sl_pipeline_key(pipeline, "checkpoint", &rows->checkpoint) != SL_OK ||
        sl_pipeline_key(pipeline, "rereads", &rows->rereads) != SL_OK) {
        sl_redis_rows_free(rows);
        return NULL;
    }
    return rows;
}

static void disconnect(struct sl_redis_rows *rows)
{
    if (rows->is_open) {
        sl_redis_client_close(&rows->client);
        rows->is_open = false;
    }
}

void sl_redis_rows_free(struct sl_redis_rows *rows)
{
    if (rows == NULL) {
        return;
    }
    disconnect(rows);
    sl_buf_release(&rows->checkpoint);
    sl_buf_release(&rows->rereads);
    free(rows->fields);
    free(rows);
}

uint64_t sl_redis_rows_bytes(const struct sl_redis_rows *rows)
{
    return rows->bytes;
}

/* ---- asking ---- */

static int add_command(struct sl_buf *out, const char *name, struct sl_span key)
{
    int rc = sl_resp_array(out, 2);

    rc = rc == SL_OK ? sl_resp_text(out, name) : rc;
    return rc == SL_OK ? sl_resp_bulk(out, key.data, key.len) : rc;
}

static bool asks_for_notes(const struct sl_redis_reading *reading)
{
    return reading->scope.len > 0 && reading->count > 0;
}

/* Commands before those of the keys. */
static size_t head_of(const struct sl_redis_reading *reading)
{
    return asks_for_notes(reading) ? 2 : 1;
}

/* And for each of them. */
static size_t step_of(const struct sl_redis_reading *reading)
{
    return reading->form.expires && !reading->form.is_member ? 2 : 1;
}

static int add_note(struct sl_buf *out, struct sl_span scope, struct sl_span key)
{
    size_t len = scope.len + 1 + key.len;
    size_t start = 0;
    int rc = sl_resp_begin(out, len, &start);

    rc = rc == SL_OK ? sl_buf_add(out, scope.data, scope.len) : rc;
    rc = rc == SL_OK ? sl_buf_add_byte(out, ' ') : rc;
    rc = rc == SL_OK ? sl_buf_add(out, key.data, key.len) : rc;
    return rc == SL_OK ? sl_resp_end(out, len, start) : rc;
}

static int add_notes(struct sl_redis_rows *rows, const struct sl_redis_reading *reading)
{
    struct sl_buf *out = &rows->client.request.out;
    int rc = sl_resp_array(out, 2 + reading->count);

    rc = rc == SL_OK ? sl_resp_text(out, "HMGET") : rc;
    rc = rc == SL_OK ? sl_resp_bulk(out, rows->rereads.data, rows->rereads.len) : rc;
    for (size_t i = 0; rc == SL_OK && i < reading->count; i++) {
        rc = add_note(out, reading->scope,
                      reading->rows != NULL ? reading->rows[i] : reading->names[i]);
    }
    return rc;
}

static const char *command_of(const struct sl_redis_form *form)
{
    if (form->is_document) {
        return "JSON.GET";
    }
    return form->is_text ? "GET" : "HGETALL";
}

static int add_member(struct sl_buf *out, struct sl_span name)
{
    struct sl_span key;
    struct sl_span member;
    int rc = sl_item_split_member(name, &key, &member);

    rc = rc == SL_OK ? sl_resp_array(out, 3) : rc;
    rc = rc == SL_OK ? sl_resp_text(out, "SISMEMBER") : rc;
    rc = rc == SL_OK ? sl_resp_bulk(out, key.data, key.len) : rc;
    return rc == SL_OK ? sl_resp_bulk(out, member.data, member.len) : rc;
}

static int add_item(struct sl_buf *out, struct sl_redis_form form, struct sl_span name)
{
    int rc;

    if (form.is_member) {
        return add_member(out, name);
    }
    rc = add_command(out, command_of(&form), name);
    return rc == SL_OK && form.expires ? add_command(out, "PTTL", name) : rc;
}

static int add_reading(struct sl_redis_rows *rows, const struct sl_redis_reading *reading)
{
    static const char *const multi[] = {"MULTI"};
    static const char *const exec[] = {"EXEC"};
    struct sl_buf *out = &rows->client.request.out;
    int rc = sl_resp_command(out, 1, multi);

    rc = rc == SL_OK ? add_command(out, "HGETALL",
                                   sl_span_make(rows->checkpoint.data, rows->checkpoint.len))
                     : rc;
    rc = rc == SL_OK && asks_for_notes(reading) ? add_notes(rows, reading) : rc;
    for (size_t i = 0; rc == SL_OK && i < reading->count; i++) {
        rc = add_item(out, reading->form, reading->names[i]);
    }
    return rc == SL_OK ? sl_resp_command(out, 1, exec) : rc;
}

/* The replies before EXEC's: OK, and QUEUED for each command. An error among them is why EXEC
 * fails. */
static int skip_queued(struct sl_redis_rows *rows, size_t count, struct sl_err *err)
{
    int status = SL_OK;

    for (size_t i = 0; i < count; i++) {
        redisReply *reply = NULL;
        int rc = sl_request_receive(&rows->client.request, &reply, err);

        if (rc != SL_OK) {
            return rc;
        }
        if (status == SL_OK) {
            status = sl_reply_status(SL_ROWS_PURPOSE, reply, err);
        }
        freeReplyObject(reply);
    }
    return status;
}

static int ask(struct sl_redis_rows *rows, const struct sl_redis_reading *reading,
               redisReply **reply, struct sl_err *err)
{
    size_t commands = head_of(reading) + reading->count * step_of(reading);
    redisReply *got = NULL;
    int rc = add_reading(rows, reading);

    rc = rc == SL_OK ? sl_request_send(&rows->client.request, err) : rc;
    rc = rc == SL_OK ? skip_queued(rows, 1 + commands, err) : rc;
    rc = rc == SL_OK ? sl_request_receive(&rows->client.request, &got, err) : rc;
    if (rc == SL_OK) {
        rc = sl_reply_status(SL_ROWS_PURPOSE, got, err);
    }
    if (rc == SL_OK && (got->type != REDIS_REPLY_ARRAY || got->elements != commands)) {
        rc = sl_err_set(err, SL_EFORMAT, SL_ROWS_PURPOSE ": the reply to EXEC is not %zu replies",
                        commands);
    }
    if (rc != SL_OK) {
        freeReplyObject(got);
        return rc;
    }
    *reply = got;
    return SL_OK;
}

static int ask_connected(struct sl_redis_rows *rows, const struct sl_redis_reading *reading,
                         redisReply **reply, struct sl_err *err)
{
    int rc = SL_OK;

    if (!rows->is_open) {
        rc = sl_redis_client_open_until(&rows->client, rows->options, rows->stop, err);
        rows->is_open = rc == SL_OK;
    }
    if (rc == SL_OK) {
        rc = ask(rows, reading, reply, err);
        if (rc != SL_OK) {
            (void)sl_err_prefix(err, "%s", sl_redis_url(rows->options));
            disconnect(rows); /* requests and replies may no longer belong together */
        }
    }
    return rc;
}

/* A connection that lay idle may have been closed by Redis: that is no failure. */
static int ask_again(struct sl_redis_rows *rows, const struct sl_redis_reading *reading,
                     redisReply **reply, struct sl_err *err)
{
    bool was_open = rows->is_open;
    int rc = ask_connected(rows, reading, reply, err);

    return rc == SL_EIO && was_open ? ask_connected(rows, reading, reply, err) : rc;
}

/* ---- what came ---- */

static struct sl_span span_of(const redisReply *reply)
{
    return sl_span_make(reply->str, (size_t)reply->len);
}

static int take_checkpoint(const redisReply *reply, struct sl_position *position,
                           struct sl_err *err)
{
    size_t count = reply->type == REDIS_REPLY_ARRAY ? reply->elements / 2 : 0;
    struct sl_field *fields;
    int rc;

    if (count == 0) {
        return SL_DONE;
    }
    fields = calloc(count, sizeof(*fields));
    if (fields == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        fields[i].name = span_of(reply->element[2 * i]);
        fields[i].value = span_of(reply->element[2 * i + 1]);
    }
    rc = sl_checkpoint_read_last(fields, count, position, err);
    free(fields);
    return rc;
}

static int take_fields(struct sl_redis_rows *rows, const redisReply *reply, struct sl_held *held)
{
    size_t count = reply->elements / 2;

    if (count > rows->field_cap) {
        struct sl_held_field *fields = realloc(rows->fields, count * sizeof(*fields));

        if (fields == NULL) {
            return SL_ENOMEM;
        }
        rows->fields = fields;
        rows->field_cap = count;
    }
    for (size_t i = 0; i < count; i++) {
        rows->fields[i].name = span_of(reply->element[2 * i]);
        rows->fields[i].value = span_of(reply->element[2 * i + 1]);
        rows->bytes += rows->fields[i].name.len + rows->fields[i].value.len;
    }
    held->kind = count > 0 ? SL_HELD_FIELDS : SL_HELD_NOTHING;
    held->fields = rows->fields;
    held->field_count = count;
    return SL_OK;
}

/* The only error that one of these commands can have for a single key is that its type is another.
 */
static int take_held(struct sl_redis_rows *rows, const redisReply *reply, struct sl_held *held)
{
    switch (reply->type) {
    case REDIS_REPLY_ERROR:
        held->kind = SL_HELD_OTHER;
        return SL_OK;
    case REDIS_REPLY_STRING:
        held->kind = SL_HELD_TEXT;
        held->text = span_of(reply);
        rows->bytes += held->text.len;
        return SL_OK;
    case REDIS_REPLY_ARRAY:
        return take_fields(rows, reply, held);
    case REDIS_REPLY_INTEGER:
        held->kind = reply->integer != 0 ? SL_HELD_TEXT : SL_HELD_NOTHING;
        return SL_OK;
    default:
        return SL_OK; /* nil */
    }
}

static bool is_unexpected(const redisReply *reply)
{
    /* Of the second sentence are older versions of the JSON module. */
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "WRONGTYPE", 9) != 0 &&
           strstr(reply->str, "wrong Redis type") == NULL;
}

/* EXEC has as many replies as there were commands, HMGET as many as keys. */
static bool is_noted(const struct sl_redis_reading *reading, const redisReply *reply, size_t number)
{
    const redisReply *notes = reply->element[1];

    return asks_for_notes(reading) && notes->type == REDIS_REPLY_ARRAY &&
           number < notes->elements && notes->element[number]->type == REDIS_REPLY_STRING;
}

static int take_rows(struct sl_redis_rows *rows, const struct sl_redis_reading *reading,
                     const redisReply *reply, sl_redis_held_fn each, void *user, struct sl_err *err)
{
    size_t step = step_of(reading);
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < reading->count; i++) {
        size_t at = head_of(reading) + step * i;
        const redisReply *content = reply->element[at];
        struct sl_held held = {.kind = SL_HELD_NOTHING, .waits = is_noted(reading, reply, i)};

        if (is_unexpected(content)) {
            return sl_reply_status(SL_ROWS_PURPOSE, content, err);
        }
        rc = take_held(rows, content, &held);
        if (rc == SL_OK && step == 2) {
            held.expires = reply->element[at + 1]->integer >= 0;
        }
        rc = rc == SL_OK ? each(user, i, &held) : rc;
    }
    return rc;
}

int sl_redis_rows_read(struct sl_redis_rows *rows, const struct sl_redis_reading *reading,
                       struct sl_position *position, sl_redis_held_fn each, void *user,
                       struct sl_err *err)
{
    redisReply *reply = NULL;
    int rc = ask_again(rows, reading, &reply, err);

    if (rc == SL_OK) {
        rc = take_checkpoint(reply->element[0], position, err);
        rc = rc == SL_OK ? take_rows(rows, reading, reply, each, user, err) : rc;
        freeReplyObject(reply);
    }
    return rc;
}

int sl_redis_rows_checkpoint(struct sl_redis_rows *rows, struct sl_position *position,
                             struct sl_err *err)
{
    const struct sl_redis_reading nothing = {.count = 0};

    return sl_redis_rows_read(rows, &nothing, position, NULL, NULL, err);
}
