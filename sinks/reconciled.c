#include "sinks/reconciled.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "sinks/checkpoint.h"
#include "sinks/redis_client.h"
#include "sinks/redis_hash.h"

/* ---- fields ---- */

struct field {
    const char *name;
    size_t offset; /* of a uint64_t */
};

#define AT(member) offsetof(struct sl_reconcile_result, member)

static const struct field fields[] = {
    {"ended", AT(ended_ms)},      {"took", AT(took_ms)}, {"status", AT(status)},
    {"rows", AT(rows)},           {"drift", AT(drift)},  {"mended", AT(mended)},
    {"unsettled", AT(unsettled)},
};

enum { SL_FIELDS = sizeof(fields) / sizeof(fields[0]) };

const char *sl_reconcile_scope_name(enum sl_reconcile_scope scope)
{
    static const char *const names[SL_SCOPES] = {
        [SL_SCOPE_ALL] = "all", [SL_SCOPE_CHANGED] = "changed", [SL_SCOPE_PART] = "part"};

    return names[scope];
}

/* False, and nothing taken, when TEXT is no number. */
static bool take_number(struct sl_span text, uint64_t *out)
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

static void set(struct sl_reconcile_result *result, struct sl_span name, uint64_t value)
{
    for (size_t i = 0; i < SL_FIELDS; i++) {
        if (sl_span_equals(name, fields[i].name)) {
            memcpy((char *)result + fields[i].offset, &value, sizeof(value));
        }
    }
}

void sl_reconciled_note(struct sl_reconciled *reconciled, struct sl_span name, struct sl_span value)
{
    const uint8_t *dot = name.len > 0 ? memchr(name.data, '.', name.len) : NULL;
    size_t scope_len = dot != NULL ? (size_t)(dot - name.data) : 0;
    uint64_t number;

    if (dot == NULL || !take_number(value, &number)) {
        return;
    }
    for (int i = 0; i < SL_SCOPES; i++) {
        if (sl_span_equals(sl_span_make(name.data, scope_len),
                           sl_reconcile_scope_name((enum sl_reconcile_scope)i))) {
            set(&reconciled->last[i], sl_span_make(dot + 1, name.len - scope_len - 1), number);
        }
    }
}

/* ---- Redis ---- */

static int note(void *user, struct sl_span name, struct sl_span value)
{
    sl_reconciled_note(user, name, value);
    return SL_OK;
}

int sl_reconciled_read(struct sl_redis_client *client, const char *pipeline,
                       struct sl_reconciled *reconciled, struct sl_err *err)
{
    const struct sl_redis_hash hash = {.pipeline = pipeline,
                                       .name = "reconciled",
                                       .what = "cannot read what the last comparison found"};

    *reconciled = (struct sl_reconciled){0};
    return sl_redis_hash_read(client, &hash, note, reconciled, err);
}

enum { SL_WORD_MAX = 32 };

/* "HSET KEY all.ended N …" */
static int call_set(struct sl_redis_client *client, const char *key, enum sl_reconcile_scope scope,
                    const struct sl_reconcile_result *result, struct sl_err *err)
{
    char words[2 * SL_FIELDS][SL_WORD_MAX];
    const char *args[2 + 2 * SL_FIELDS] = {"HSET", key};
    size_t i;

    for (i = 0; i < SL_FIELDS; i++) {
        uint64_t value;

        memcpy(&value, (const char *)result + fields[i].offset, sizeof(value));
        (void)snprintf(words[2 * i], SL_WORD_MAX, "%s.%s", sl_reconcile_scope_name(scope),
                       fields[i].name);
        (void)snprintf(words[2 * i + 1], SL_WORD_MAX, "%" PRIu64, value);
        args[2 + 2 * i] = words[2 * i];
        args[3 + 2 * i] = words[2 * i + 1];
    }
    return sl_redis_client_call(client, "cannot keep what the comparison found", 2 + 2 * SL_FIELDS,
                                args, NULL, err);
}

int sl_reconciled_write(const struct sl_redis_options *options, const char *pipeline,
                        enum sl_reconcile_scope scope, const struct sl_reconcile_result *result,
                        struct sl_err *err)
{
    struct sl_redis_client client;
    struct sl_buf key = {0};
    int rc = sl_redis_client_open(&client, options, err);

    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_pipeline_key(pipeline, "reconciled", &key);
    rc = rc == SL_OK && sl_buf_cstr(&key) != NULL
             ? call_set(&client, (const char *)key.data, scope, result, err)
             : sl_err_set(err, SL_ENOMEM, "out of memory");
    sl_redis_client_close(&client);
    sl_buf_release(&key);
    return rc;
}
