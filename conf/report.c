/*
 * report.c - sentences about values: what was expected and what stands there, but never a secret.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/loader.h"

enum { SL_SENTENCE_MAX = 640 };

void sl_conf_fail(struct sl_conf_loader *loader, const char *path, const char *format, ...)
{
    char text[SL_SENTENCE_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)sl_err_list_add(loader->errors, SL_EINVAL, "%s: %s", path, text);
}

static bool is_secret(const struct sl_conf_key *key)
{
    return key->type == SL_CONF_SECRET || key->type == SL_CONF_SECRET_ENV ||
           key->type == SL_CONF_SECRET_FILE || (key->flags & SL_CONF_HIDE_VALUE) != 0;
}

/* Cut in front of a character that would not fit whole. */
static int shown_len(const char *text)
{
    size_t len = strnlen(text, 61);

    if (len > 60) {
        len = 60;
        while (len > 0 && ((unsigned char)text[len] & 0xc0U) == 0x80U) {
            len--;
        }
    }
    return (int)len;
}

static const char *kind_of(const cJSON *item)
{
    static const struct {
        int type;
        const char *name;
    } kinds[] = {
        {cJSON_String, "another string"}, {cJSON_Number, "a number"},  {cJSON_True, "true"},
        {cJSON_False, "false"},           {cJSON_Object, "an object"}, {cJSON_Array, "an array"},
    };

    for (size_t i = 0; item != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if ((item->type & 0xff) == kinds[i].type) {
            return kinds[i].name;
        }
    }
    return "null";
}

/* What stands in the file, before ${…}: what a variable holds is nobody's business. */
static void describe_got(const struct sl_conf_value *value, char *out, size_t size)
{
    const cJSON *item = value->item;

    if (item == NULL || is_secret(value->key) ||
        (item->type & (cJSON_String | cJSON_Number)) == 0) {
        (void)snprintf(out, size, "%s", kind_of(item));
    } else if (cJSON_IsString(item)) {
        int len = shown_len(item->valuestring);

        (void)snprintf(out, size, "\"%.*s%s\"", len, item->valuestring,
                       item->valuestring[len] == '\0' ? "" : "…");
    } else {
        (void)snprintf(out, size, "%.15g", item->valuedouble);
    }
}

void sl_conf_fail_expected(struct sl_conf_loader *loader, const struct sl_conf_value *value,
                           const char *expected)
{
    char got[256];

    describe_got(value, got, sizeof(got));
    sl_conf_fail(loader, value->path, "expected %s, got %s", expected, got);
}

static void describe_choices(const struct sl_conf_choice *choice, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "one of");

    for (const char *comma = ""; choice->name != NULL; choice++) {
        if (choice->instead == NULL && used < size) {
            used += (size_t)snprintf(out + used, size - used, "%s \"%s\"", comma, choice->name);
            comma = ",";
        }
    }
}

void sl_conf_fail_type(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    const struct sl_conf_key *key = value->key;
    char expected[256] = "a string";

    switch (key->type) {
    case SL_CONF_INTEGER:
    case SL_CONF_BYTES:
        (void)snprintf(expected, sizeof(expected), "%s ≥ %" PRIu64,
                       key->unit == NULL ? "an integer" : key->unit, key->min);
        break;
    case SL_CONF_MAP:
        (void)snprintf(expected, sizeof(expected), "an object of %" PRIu64 " to %" PRIu64 " %s",
                       key->min, key->max,
                       (key->flags & SL_CONF_TEMPLATES) != 0 ? "key templates" : "column names");
        break;
    case SL_CONF_BOOLEAN:
        (void)snprintf(expected, sizeof(expected), "true or false");
        break;
    case SL_CONF_CHOICE:
        describe_choices(key->choices, expected, sizeof(expected));
        break;
    case SL_CONF_OBJECT:
        (void)snprintf(expected, sizeof(expected), "an object");
        break;
    case SL_CONF_OBJECTS:
        (void)snprintf(expected, sizeof(expected), "an array of %" PRIu64 " to %" PRIu64 " objects",
                       key->min, key->max);
        break;
    case SL_CONF_STRINGS:
        (void)snprintf(expected, sizeof(expected), "an array of %" PRIu64 " to %" PRIu64 " strings",
                       key->min, key->max);
        break;
    case SL_CONF_STRING:
    case SL_CONF_SECRET:
    case SL_CONF_SECRET_ENV:
    case SL_CONF_SECRET_FILE:
        break;
    }
    sl_conf_fail_expected(loader, value, expected);
}
