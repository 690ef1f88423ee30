/*
 * walk.c - goes through the key table, not the file: for every key, the value that stands in the
 * file or the default. A scope is the root or one element of an array of objects; the objects
 * inside of a scope fill the scope's own struct.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/loader.h"

enum {
    SL_NAMES_MAX = 1000, /* no object needs so many; comparing names takes the square of it */
    SL_KNOWN_MAX = 400,
};

/* The root or an array's element. */
struct scope {
    const cJSON *object;
    const char *pattern; /* "", "tables[]" */
    size_t pattern_len;
    const char *path; /* "", "tables[2]" */
    void *base;
};

static size_t scope_len(const struct sl_conf_key *key)
{
    const char *brackets = strstr(key->path, "[].");

    return brackets == NULL ? 0 : (size_t)(brackets - key->path) + 2;
}

static bool is_in_scope(const struct sl_conf_key *key, const struct scope *scope)
{
    return scope_len(key) == scope->pattern_len &&
           memcmp(key->path, scope->pattern, scope->pattern_len) == 0;
}

/* PATH and NAME with the dot that belongs between them. */
static void join(char *out, size_t size, const char *path, const char *name)
{
    (void)snprintf(out, size, "%.60s%s%.60s", path, path[0] == '\0' ? "" : ".", name);
}

static void list_known(const char *pattern, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < sl_conf_key_count; i++) {
        const struct sl_conf_key *key = &sl_conf_keys[i];
        const char *name;

        (void)sl_conf_name(key, &name);
        if (sl_conf_is_child(key, pattern) && (key->flags & SL_CONF_UNAVAILABLE) == 0 &&
            used < size) {
            used += (size_t)snprintf(out + used, size - used, "%s%s", used == 0 ? "" : ", ", name);
        }
    }
}

static void report_unknown(struct sl_conf_loader *loader, const char *pattern, const char *path,
                           const char *name)
{
    const struct sl_conf_key *nearest = sl_conf_nearest(pattern, name);
    char known[SL_KNOWN_MAX];
    const char *near_name;

    if (nearest == NULL) {
        list_known(pattern, known, sizeof(known));
        sl_conf_fail(loader, path, "unknown key; known here are %s", known);
    } else if (sl_conf_is_child(nearest, pattern)) {
        (void)sl_conf_name(nearest, &near_name);
        sl_conf_fail(loader, path, "unknown key; did you mean \"%s\"?", near_name);
    } else {
        sl_conf_fail(loader, path, "unknown key here; did you mean %s?", nearest->path);
    }
}

static bool is_repeated(const cJSON *object, const cJSON *member)
{
    for (const cJSON *earlier = object->child; earlier != member; earlier = earlier->next) {
        if (strcmp(earlier->string, member->string) == 0) {
            return true;
        }
    }
    return false;
}

/* Looks at the names in an object: each known, each once, at most one way to a password. */
static void check_names(struct sl_conf_loader *loader, const cJSON *object, const char *pattern,
                        const char *path)
{
    const cJSON *member;
    size_t count = 0;

    cJSON_ArrayForEach(member, object)
    {
        char shown[SL_CONF_PATH_MAX];

        join(shown, sizeof(shown), path, member->string);
        if (++count > SL_NAMES_MAX) {
            sl_conf_fail(loader, shown, "too many keys in one object");
            return;
        }
        if (is_repeated(object, member)) {
            sl_conf_fail(loader, shown, "given twice; keep one");
        } else if (sl_conf_find(pattern, member->string) == NULL) {
            report_unknown(loader, pattern, shown, member->string);
        }
    }
    sl_conf_check_secrets(loader, object, pattern, path);
}

/* The object of SCOPE in which KEY stands; NULL when it is not in the file. */
static const cJSON *find_container(const struct scope *scope, const struct sl_conf_key *key)
{
    const char *at = key->path + scope->pattern_len + (scope->pattern_len > 0 ? 1 : 0);
    const cJSON *object = scope->object;
    const char *dot;

    while (object != NULL && (dot = strchr(at, '.')) != NULL) {
        char name[SL_CONF_PATH_MAX] = {0};

        memcpy(name, at, (size_t)(dot - at));
        object = cJSON_GetObjectItemCaseSensitive(object, name);
        at = dot + 1;
    }
    return cJSON_IsObject(object) ? object : NULL;
}

static bool is_optional(const struct sl_conf_loader *loader, const struct sl_conf_key *key)
{
    return (key->flags & SL_CONF_REQUIRED) == 0 ||
           ((loader->flags & SL_CONFIG_SINKS_OPTIONAL) != 0 && strcmp(key->path, "sinks") == 0);
}

/* A key that is not in the file. */
static void take_absent(struct sl_conf_loader *loader, struct sl_conf_value *value,
                        bool has_container)
{
    if (value->key->fallback != NULL) {
        value->text = value->key->fallback;
        value->is_expanded = true;
        sl_conf_take_value(loader, value);
    } else if (has_container && !is_optional(loader, value->key)) {
        sl_conf_fail(loader, value->path, "missing. %s", value->key->help);
    }
}

static void take_key(struct sl_conf_loader *loader, const struct scope *scope,
                     const struct sl_conf_key *key)
{
    const cJSON *container = find_container(scope, key);
    char path[SL_CONF_PATH_MAX];
    struct sl_conf_value value = {.key = key, .path = path, .base = scope->base};
    const char *name;

    (void)sl_conf_name(key, &name);
    join(path, sizeof(path), scope->path,
         key->path + scope->pattern_len + (scope->pattern_len > 0 ? 1 : 0));
    value.item = container == NULL ? NULL : cJSON_GetObjectItemCaseSensitive(container, name);
    if (value.item == NULL) {
        take_absent(loader, &value, container != NULL);
    } else if ((key->flags & SL_CONF_UNAVAILABLE) != 0) {
        sl_conf_fail(loader, path, "not available in this version; %s", key->help);
    } else if (key->type == SL_CONF_OBJECT) {
        if (cJSON_IsObject(value.item)) {
            check_names(loader, value.item, key->path, path);
        } else {
            sl_conf_fail_type(loader, &value);
        }
    } else if (key->type != SL_CONF_OBJECTS) {
        sl_conf_take_value(loader, &value);
    }
}

static void walk_scope(struct sl_conf_loader *loader, const struct scope *scope)
{
    check_names(loader, scope->object, scope->pattern, scope->path);
    for (size_t i = 0; i < sl_conf_key_count; i++) {
        if (is_in_scope(&sl_conf_keys[i], scope)) {
            take_key(loader, scope, &sl_conf_keys[i]);
        }
    }
}

/* The structs for ARRAY's elements; NULL when there are too few or too many (reported). */
static char *make_elements(struct sl_conf_loader *loader, const struct sl_conf_key *key,
                           const cJSON *array)
{
    size_t count = (size_t)cJSON_GetArraySize(array);
    struct sl_conf_value value = {
        .key = key, .path = key->path, .item = array, .base = loader->config};
    char *elements;

    if (!cJSON_IsArray(array) || count < key->min || count > key->max) {
        sl_conf_fail_type(loader, &value);
        return NULL;
    }
    elements = sl_conf_alloc(loader, count * key->size);
    if (elements != NULL) {
        sl_conf_store_text(&value, elements);
        memcpy((char *)loader->config + key->count_offset, &count, sizeof(count));
    }
    return elements;
}

static void walk_elements(struct sl_conf_loader *loader, const struct sl_conf_key *key,
                          const cJSON *array)
{
    char *element = make_elements(loader, key, array);
    char pattern[SL_CONF_PATH_MAX];
    const cJSON *item;
    size_t number = 0;

    (void)snprintf(pattern, sizeof(pattern), "%s[]", key->path);
    for (item = element == NULL ? NULL : array->child; item != NULL; item = item->next) {
        char path[SL_CONF_PATH_MAX];
        struct scope scope = {.object = item,
                              .pattern = pattern,
                              .pattern_len = strlen(pattern),
                              .path = path,
                              .base = element};

        (void)snprintf(path, sizeof(path), "%s[%zu]", key->path, number++);
        if (cJSON_IsObject(item)) {
            walk_scope(loader, &scope);
        } else {
            sl_conf_fail(loader, path, "expected an object: { … }");
        }
        element += key->size;
    }
}

void sl_conf_walk(struct sl_conf_loader *loader, const cJSON *root)
{
    struct scope scope = {.object = root, .pattern = "", .path = "", .base = loader->config};

    walk_scope(loader, &scope);
    for (size_t i = 0; i < sl_conf_key_count; i++) {
        const struct sl_conf_key *key = &sl_conf_keys[i];
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, key->path);

        if (key->type == SL_CONF_OBJECTS && item != NULL) {
            walk_elements(loader, key, item);
        }
    }
}
