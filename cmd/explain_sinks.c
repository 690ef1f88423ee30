/*
 * explain_sinks.c - what the sinks have to say: dictionaries, and what they hold under the row's
 * key. One that does not answer is no failure of the command.
 */
#include <stdlib.h>

#include "cmd/explain_private.h"
#include "cmd/row_kind.h"
#include "filters/json_canonical.h"
#include "filters/unpack.h"
#include "sinks/redis_dictionary.h"
#include "sinks/redis_row.h"

static struct sl_redis_dictionaries place_of(struct sl_explain *explain, size_t sink)
{
    return (struct sl_redis_dictionaries){.options = &explain->config->sinks[sink],
                                          .pipeline = explain->config->pipeline.name,
                                          .stop = &explain->stop};
}

void sl_explain_find_dictionaries(struct sl_explain *explain)
{
    for (size_t i = 0; i < explain->config->sink_count; i++) {
        const struct sl_redis_dictionaries place = place_of(explain, i);

        if (sl_redis_dictionaries_read(&place, &explain->dictionaries, NULL) == SL_OK) {
            return;
        }
    }
}

/* ---- what a key holds ---- */

struct held {
    struct sl_held held;
    struct sl_held_field *fields; /* owned */
    size_t cap;
    struct sl_arena arena;
    bool is_string;
};

static void release(struct held *held)
{
    free(held->fields);
    sl_arena_release(&held->arena);
}

static int add_field(void *user, struct sl_span name, struct sl_span value)
{
    struct held *held = user;
    int rc = sl_arena_keep(&held->arena, &name);

    rc = rc == SL_OK ? sl_arena_keep(&held->arena, &value) : rc;
    if (rc == SL_OK && held->is_string) {
        held->held = (struct sl_held){.kind = SL_HELD_TEXT, .text = value};
        return SL_OK;
    }
    if (rc == SL_OK && held->held.field_count == held->cap) {
        size_t cap = held->cap > 0 ? 2 * held->cap : 32;
        struct sl_held_field *fields = realloc(held->fields, cap * sizeof(*fields));

        if (fields == NULL) {
            return SL_ENOMEM;
        }
        held->fields = fields;
        held->cap = cap;
    }
    if (rc == SL_OK) {
        held->fields[held->held.field_count] = (struct sl_held_field){.name = name, .value = value};
        held->held.kind = SL_HELD_FIELDS;
        held->held.fields = held->fields;
        held->held.field_count++;
    }
    return rc;
}

/* Servers print a document in their own way. */
static int take_document(struct sl_unpacked *plain, struct sl_explain_sink *sink)
{
    struct sl_buf text = {0};
    int rc = sl_json_canonical(plain->held.text, &text);

    if (rc != SL_OK) {
        sl_buf_release(&text);
        return sl_err_set(&sink->why, rc, "holds a document that cannot be read");
    }
    sl_buf_release(&plain->bytes);
    plain->bytes = text;
    plain->held.text = sl_span_make(text.data, text.len);
    return SL_OK;
}

static int compare(struct sl_explain *explain, struct sl_redis_dictionaries *place,
                   struct sl_held want, const struct sl_held *have, struct sl_explain_sink *sink)
{
    struct sl_unpacked plain = {0};
    struct sl_unpacker *unpacker = NULL;
    int rc = SL_OK;

    want.expires = false; /* whether the key does was not asked */
    if (explain->rule->compress != SL_COMPRESS_NONE || have->kind == SL_HELD_TEXT) {
        unpacker = sl_unpacker_new(sl_redis_dictionary_find, place);
        rc = unpacker != NULL ? sl_unpack_held(unpacker, have, &plain, &sink->why) : SL_ENOMEM;
        have = &plain.held;
    }
    if (rc == SL_OK && explain->rule->value == SL_VALUE_REJSON && have->kind == SL_HELD_TEXT) {
        rc = take_document(&plain, sink);
    }
    if (rc == SL_OK) {
        sink->drift = sl_held_compare(&want, have);
    }
    sl_unpacked_release(&plain);
    sl_unpacker_free(unpacker);
    return rc;
}

/* A hash or a string, whatever the row is to be. */
static int read_key(struct sl_explain *explain, size_t number, struct sl_buf *name,
                    struct held *held, struct sl_err *err)
{
    const char *key = sl_buf_cstr(name);
    int rc;

    if (key == NULL) {
        return SL_ENOMEM;
    }
    held->is_string = explain->rule->value != SL_VALUE_HASH;
    rc = sl_redis_row_read(&explain->config->sinks[number], key, sl_row_kind_of(explain->rule),
                           add_field, held, err);
    return rc == SL_DONE ? SL_OK : rc;
}

static int ask(struct sl_explain *explain, struct sl_explain_value *value, size_t number)
{
    struct sl_explain_sink *sink = &value->sinks[number];
    struct sl_redis_dictionaries place = place_of(explain, number);
    struct held held = {0};
    int rc = read_key(explain, number, &value->key, &held, &sink->why);

    if (rc == SL_OK) {
        rc = compare(explain, &place, value->plain.held, &held.held, sink);
    }
    if (rc != SL_OK && sink->why.status == SL_OK) {
        (void)sl_err_set(&sink->why, rc, "%s", sl_status_str(rc));
    }
    release(&held);
    return rc == SL_ENOMEM ? rc : SL_OK;
}

static int ask_all(struct sl_explain *explain, struct sl_explain_value *value)
{
    size_t count = explain->config->sink_count;
    int rc = SL_OK;

    value->sinks = calloc(count + 1, sizeof(*value->sinks));
    if (value->sinks == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        value->sinks[i].name = explain->config->sinks[i].name;
        rc = ask(explain, value, i);
    }
    return rc;
}

int sl_explain_ask_sinks(struct sl_explain *explain)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < explain->row.count; i++) {
        rc = ask_all(explain, &explain->row.values[i]);
    }
    return rc;
}
