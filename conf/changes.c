#include "conf/changes.h"

#include <stdio.h>
#include <string.h>

#include "conf/loader.h"

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_start(const struct sl_start *a, const struct sl_start *b)
{
    return a->kind == b->kind && a->loads == b->loads && same_text(a->position, b->position);
}

static bool same_url(const struct sl_redis_options *a, const struct sl_redis_options *b)
{
    return a->scheme == b->scheme && a->port == b->port && a->db == b->db &&
           same_text(a->host, b->host) && same_text(a->unix_path, b->unix_path) &&
           same_text(a->user, b->user);
}

static bool same_listen(const struct sl_config *a, const struct sl_config *b)
{
    return a->http.port == b->http.port && same_text(a->http.host, b->http.host);
}

static const char *text_at(const void *base, size_t offset)
{
    const char *text;

    memcpy(&text, (const char *)base + offset, sizeof(text));
    return text;
}

/* A and B are what the key's offset counts from. */
static bool same_value(const struct sl_conf_key *key, const void *a, const void *b)
{
    if (key->take == sl_conf_take_start) {
        return same_start((const struct sl_start *)((const char *)a + key->offset),
                          (const struct sl_start *)((const char *)b + key->offset));
    }
    if (key->take == sl_conf_take_url) {
        return same_url(a, b);
    }
    if (key->take == sl_conf_take_listen) {
        return same_listen(a, b);
    }
    switch (key->type) {
    case SL_CONF_STRING:
    case SL_CONF_SECRET:
        return same_text(text_at(a, key->offset), text_at(b, key->offset));
    case SL_CONF_INTEGER:
    case SL_CONF_BYTES:
    case SL_CONF_BOOLEAN:
    case SL_CONF_CHOICE:
        return memcmp((const char *)a + key->offset, (const char *)b + key->offset, key->size) == 0;
    case SL_CONF_OBJECT: /* what is below these has keys of its own */
    case SL_CONF_OBJECTS:
    case SL_CONF_STRINGS: /* there are none but in tables */
    case SL_CONF_MAP:
    case SL_CONF_SECRET_ENV: /* the three kinds of secret have one place */
    case SL_CONF_SECRET_FILE:
        break;
    }
    return true;
}

static bool begins_with(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(path, prefix, len) == 0 &&
           (path[len] == '\0' || path[len] == '.' || path[len] == '[');
}

static bool can_reload(const struct sl_conf_key *key)
{
    return begins_with(key->path, "tables") || begins_with(key->path, "log") ||
           begins_with(key->path, "on_drop") || (key->flags & SL_CONF_UNAVAILABLE) != 0;
}

static void fail(struct sl_err_list *errors, const char *path)
{
    (void)sl_err_list_add(errors, SL_EINVAL,
                          "%s: it differs from what sluice was started with: restart it to change "
                          "this, or put the old value back",
                          path);
}

static void compare_sinks(const struct sl_config *before, const struct sl_config *now,
                          const struct sl_conf_key *key, struct sl_err_list *errors)
{
    for (size_t i = 0; i < now->sink_count; i++) {
        if (!same_value(key, &before->sinks[i], &now->sinks[i])) {
            char path[SL_CONF_PATH_MAX];

            (void)snprintf(path, sizeof(path), "sinks[%zu]%.80s", i, key->path + strlen("sinks[]"));
            fail(errors, path);
        }
    }
}

int sl_config_check_reload(const struct sl_config *before, const struct sl_config *now,
                           struct sl_err_list *errors)
{
    size_t known = errors->count + errors->dropped;

    if (before->sink_count != now->sink_count) {
        fail(errors, "sinks");
        return SL_EINVAL;
    }
    for (size_t i = 0; i < sl_conf_key_count; i++) {
        const struct sl_conf_key *key = &sl_conf_keys[i];

        if (can_reload(key)) {
            continue;
        }
        if (begins_with(key->path, "sinks")) {
            compare_sinks(before, now, key, errors);
        } else if (!same_value(key, before, now)) {
            fail(errors, key->path);
        }
    }
    return errors->count + errors->dropped == known ? SL_OK : SL_EINVAL;
}
