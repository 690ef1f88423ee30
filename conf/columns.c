/*
 * columns.c - objects whose names are columns of a table, or key templates.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf/loader.h"

enum {
    SL_COLUMN_MAX = 256, /* bytes: 64 characters of 4 */
    SL_TEMPLATE_MAX = 1024,
};

static bool has_templates(const struct sl_conf_value *value)
{
    return (value->key->flags & SL_CONF_TEMPLATES) != 0;
}

/* Names of columns do not differ by case. */
static bool is_repeated(const struct sl_conf_value *value, const cJSON *member)
{
    int (*compare)(const char *, const char *) = has_templates(value) ? strcmp : strcasecmp;

    for (const cJSON *earlier = value->item->child; earlier != member; earlier = earlier->next) {
        if (compare(earlier->string, member->string) == 0) {
            return true;
        }
    }
    return false;
}

void sl_conf_take_map(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    size_t count = cJSON_IsObject(value->item) ? (size_t)cJSON_GetArraySize(value->item) : 0;
    const cJSON *member;

    if (count < value->key->min || count > value->key->max) {
        sl_conf_fail_type(loader, value);
        return;
    }
    cJSON_ArrayForEach(member, value->item)
    {
        if (member->string[0] == '\0' ||
            strlen(member->string) > (has_templates(value) ? SL_TEMPLATE_MAX : SL_COLUMN_MAX)) {
            sl_conf_fail(loader, value->path, "expected %s",
                         has_templates(value) ? "key templates, of 1 to 1024 bytes"
                                              : "names of columns, of 1 to 256 bytes");
            return;
        }
        if (is_repeated(value, member)) {
            sl_conf_fail(loader, value->path, "\"%.200s\" stands there twice; keep one",
                         member->string);
            return;
        }
    }
    value->key->take(loader, value);
}

void sl_conf_store_list(const struct sl_conf_value *value, const void *items, size_t count)
{
    memcpy((char *)value->base + value->key->offset, &items, sizeof(items));
    memcpy((char *)value->base + value->key->count_offset, &count, sizeof(count));
}

/* ---- rename ---- */

static bool is_taken(const struct sl_column_name *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The name that MEMBER gives; NULL after reporting. */
static const char *take_name(struct sl_conf_loader *loader, const struct sl_conf_value *value,
                             const cJSON *member)
{
    bool is_expanded;
    const char *name = NULL;

    if (cJSON_IsString(member)) {
        name = sl_conf_expand(loader, value, member->valuestring, &is_expanded);
        if (name == NULL) {
            return NULL;
        }
    }
    if (name == NULL || name[0] == '\0' || strlen(name) > SL_COLUMN_MAX) {
        sl_conf_fail(loader, value->path, "expected a name of 1 to 256 bytes for \"%.64s\"",
                     member->string);
        return NULL;
    }
    return name;
}

void sl_conf_take_rename(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    struct sl_column_name *names = sl_conf_alloc(loader, (size_t)cJSON_GetArraySize(value->item) *
                                                             sizeof(struct sl_column_name));
    const cJSON *member;
    size_t count = 0;

    if (names == NULL) {
        return;
    }
    cJSON_ArrayForEach(member, value->item)
    {
        const char *name = take_name(loader, value, member);

        if (name == NULL) {
            return;
        }
        if (is_taken(names, count, name)) {
            sl_conf_fail(loader, value->path, "two columns get one name, \"%.64s\" the second time",
                         member->string);
            return;
        }
        names[count].column = sl_conf_copy(loader, member->string, strlen(member->string));
        names[count++].name = name;
    }
    sl_conf_store_list(value, names, count);
}
