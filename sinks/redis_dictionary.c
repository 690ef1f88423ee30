#include "sinks/redis_dictionary.h"

#include <inttypes.h>
#include <stdio.h>

#include "cdc/base/digits.h"
#include "cdc/load_state.h"
#include "cdc/resp.h"
#include "sinks/checkpoint.h"
#include "sinks/redis_client.h"

#define SL_PURPOSE_READ  "cannot read a dictionary"
#define SL_PURPOSE_STORE "cannot store a dictionary"

static int add_key(const char *pipeline, uint32_t id, struct sl_buf *key)
{
    char name[32];

    (void)snprintf(name, sizeof(name), "dict:%" PRIu32, id);
    return sl_pipeline_key(pipeline, name, key);
}

static int open_client(struct sl_redis_client *client, const struct sl_redis_dictionaries *place,
                       struct sl_err *err)
{
    return sl_redis_client_open_until(client, place->options, place->stop, err);
}

/* ---- reading ---- */

static int read_one(struct sl_redis_client *client, const char *pipeline, uint32_t id,
                    struct sl_buf *out, struct sl_err *err)
{
    struct sl_buf key = {0};
    redisReply *reply = NULL;
    const char *args[] = {"GET", NULL};
    int rc = add_key(pipeline, id, &key);

    args[1] = rc == SL_OK ? sl_buf_cstr(&key) : NULL;
    if (args[1] == NULL) {
        sl_buf_release(&key);
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    rc = sl_redis_client_call(client, SL_PURPOSE_READ, 2, args, &reply, err);
    if (rc == SL_OK && reply->type != REDIS_REPLY_STRING) {
        rc = SL_DONE;
    }
    if (rc == SL_OK) {
        rc = sl_buf_add(out, reply->str, (size_t)reply->len);
    }
    freeReplyObject(reply);
    sl_buf_release(&key);
    return rc;
}

int sl_redis_dictionary_find(void *user, uint32_t id, struct sl_buf *out, struct sl_err *err)
{
    const struct sl_redis_dictionaries *place = user;
    struct sl_redis_client client;
    int rc = open_client(&client, place, err);

    if (rc == SL_OK) {
        rc = read_one(&client, place->pipeline, id, out, err);
        sl_redis_client_close(&client);
    }
    return rc;
}

static bool parse_id(struct sl_span text, uint32_t *id)
{
    uint64_t number = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || number > UINT32_MAX) {
            return false;
        }
        number = 10 * number + (uint64_t)(text.data[i] - '0');
    }
    *id = (uint32_t)number;
    return text.len > 0 && number <= UINT32_MAX;
}

/* Fields of somebody else's making are passed over. */
static int take_note(struct sl_redis_client *client, const char *pipeline, struct sl_span name,
                     struct sl_span value, struct sl_dictionaries *out, struct sl_err *err)
{
    struct sl_dictionary *item = sl_dictionaries_add(out);
    int rc = item != NULL ? sl_load_field_parse(name, &item->db, &item->table) : SL_ENOMEM;

    if (rc == SL_OK && !parse_id(value, &item->id)) {
        rc = SL_EFORMAT;
    }
    if (rc == SL_OK) {
        item->bytes.limit = SL_DICTIONARY_BYTES_MAX;
        rc = read_one(client, pipeline, item->id, &item->bytes, err);
    }
    if (rc == SL_EFORMAT) {
        sl_buf_clear(&item->db); /* no table has an empty name */
    }
    return rc == SL_EFORMAT || rc == SL_DONE || rc == SL_ELIMIT ? SL_OK : rc;
}

static int read_notes(struct sl_redis_client *client, const struct sl_redis_dictionaries *place,
                      const char *key, struct sl_dictionaries *out, struct sl_err *err)
{
    const char *const args[] = {"HGETALL", key};
    redisReply *reply = NULL;
    int rc = sl_redis_client_call(client, SL_PURPOSE_READ, 2, args, &reply, err);

    for (size_t i = 0; rc == SL_OK && i + 1 < reply->elements; i += 2) {
        const redisReply *name = reply->element[i];
        const redisReply *value = reply->element[i + 1];

        rc = take_note(client, place->pipeline, sl_span_make(name->str, (size_t)name->len),
                       sl_span_make(value->str, (size_t)value->len), out, err);
    }
    freeReplyObject(reply);
    return rc;
}

int sl_redis_dictionaries_read(const struct sl_redis_dictionaries *place,
                               struct sl_dictionaries *out, struct sl_err *err)
{
    struct sl_dictionaries read = {0};
    struct sl_redis_client client;
    struct sl_buf key = {0};
    int rc = sl_pipeline_key(place->pipeline, "dicts", &key);
    const char *text = rc == SL_OK ? sl_buf_cstr(&key) : NULL;

    rc = text != NULL ? open_client(&client, place, err)
                      : sl_err_set(err, SL_ENOMEM, "out of memory");
    if (rc == SL_OK) {
        rc = read_notes(&client, place, text, &read, err);
        sl_redis_client_close(&client);
    }
    sl_buf_release(&key);
    if (rc != SL_OK) {
        sl_dictionaries_release(&read);
        return rc == SL_ENOMEM ? sl_err_set(err, rc, "out of memory") : rc;
    }
    *out = read;
    return SL_OK;
}

/* ---- storing ---- */

/* The names that the commands need. */
struct names {
    struct sl_buf dictionary;
    struct sl_buf notes;
    struct sl_buf field;
};

static void release_names(struct names *names)
{
    sl_buf_release(&names->dictionary);
    sl_buf_release(&names->notes);
    sl_buf_release(&names->field);
}

static int make_names(const struct sl_redis_dictionaries *place,
                      const struct sl_dictionary *dictionary, struct names *names)
{
    int rc = add_key(place->pipeline, dictionary->id, &names->dictionary);

    rc = rc == SL_OK ? sl_pipeline_key(place->pipeline, "dicts", &names->notes) : rc;
    return rc == SL_OK
               ? sl_load_field_format(sl_span_make(dictionary->db.data, dictionary->db.len),
                                      sl_span_make(dictionary->table.data, dictionary->table.len),
                                      &names->field)
               : rc;
}

static int add_bulk(struct sl_buf *out, const struct sl_buf *value)
{
    return sl_resp_bulk(out, value->data, value->len);
}

/* The dictionary first, and both at once: a note always has its dictionary. */
static int add_commands(struct sl_buf *out, const struct names *names,
                        const struct sl_dictionary *dictionary)
{
    static const char *const multi[] = {"MULTI"};
    static const char *const exec[] = {"EXEC"};
    int rc = sl_resp_command(out, 1, multi);

    rc = rc == SL_OK ? sl_resp_array(out, 3) : rc;
    rc = rc == SL_OK ? sl_resp_text(out, "SET") : rc;
    rc = rc == SL_OK ? add_bulk(out, &names->dictionary) : rc;
    rc = rc == SL_OK ? add_bulk(out, &dictionary->bytes) : rc;
    rc = rc == SL_OK ? sl_resp_array(out, 4) : rc;
    rc = rc == SL_OK ? sl_resp_text(out, "HSET") : rc;
    rc = rc == SL_OK ? add_bulk(out, &names->notes) : rc;
    rc = rc == SL_OK ? add_bulk(out, &names->field) : rc;
    rc = rc == SL_OK ? sl_resp_u64(out, dictionary->id) : rc;
    return rc == SL_OK ? sl_resp_command(out, 1, exec) : rc;
}

/* EXEC's reply is no error where one of its commands failed. */
static int status_of(const redisReply *reply, struct sl_err *err)
{
    int rc = sl_reply_status(SL_PURPOSE_STORE, reply, err);

    for (size_t i = 0; rc == SL_OK && reply->type == REDIS_REPLY_ARRAY && i < reply->elements;
         i++) {
        rc = sl_reply_status(SL_PURPOSE_STORE, reply->element[i], err);
    }
    return rc;
}

static int receive_all(struct sl_redis_client *client, size_t count, struct sl_err *err)
{
    int status = SL_OK;

    for (size_t i = 0; i < count; i++) {
        redisReply *reply = NULL;
        int rc = sl_request_receive(&client->request, &reply, err);

        if (rc != SL_OK) {
            return rc;
        }
        if (status == SL_OK) {
            status = status_of(reply, err);
        }
        freeReplyObject(reply);
    }
    return status;
}

/* An id is made of the content: two that share one are as good as impossible, and would be the end
 * of every value of the first. */
static int check_other(struct sl_redis_client *client, const char *pipeline,
                       const struct sl_dictionary *dictionary, struct sl_err *err)
{
    struct sl_buf other = {0};
    int rc = read_one(client, pipeline, dictionary->id, &other, err);
    bool is_same = rc == SL_OK && other.len > 0 && other.len == dictionary->bytes.len &&
                   memcmp(other.data, dictionary->bytes.data, other.len) == 0;

    sl_buf_release(&other);
    if (rc == SL_OK && !is_same) {
        return sl_err_set(err, SL_EINVAL,
                          "there is another dictionary with the id %" PRIu32
                          ": train again with another --rows",
                          dictionary->id);
    }
    return rc == SL_DONE ? SL_OK : rc;
}

int sl_redis_dictionary_store(const struct sl_redis_dictionaries *place,
                              const struct sl_dictionary *dictionary, struct sl_err *err)
{
    struct sl_redis_client client;
    struct names names = {.notes = {0}};
    int rc = open_client(&client, place, err);

    if (rc != SL_OK) {
        return rc;
    }
    rc = check_other(&client, place->pipeline, dictionary, err);
    if (rc == SL_OK) {
        rc = make_names(place, dictionary, &names);
        rc = rc == SL_OK ? add_commands(&client.request.out, &names, dictionary) : rc;
        rc = rc == SL_OK ? sl_request_send(&client.request, err)
                         : sl_err_set(err, rc, "out of memory");
    }
    if (rc == SL_OK) {
        rc = receive_all(&client, 4, err); /* of MULTI, SET, HSET and EXEC */
    }
    release_names(&names);
    sl_redis_client_close(&client);
    return rc;
}
