/*
 * index.c - "KEY TEMPLATE": "VALUE TEMPLATE", or { "set": "MEMBER TEMPLATE" }.
 */
#include <stdio.h>
#include <string.h>

#include "conf/loader.h"
#include "filters/key.h"

enum { SL_TEMPLATE_MAX = 1024 };

/* An index being read. */
struct index {
    struct sl_conf_loader *loader;
    const struct sl_conf_value *value; /* of the whole object */
    const char *name;
    struct sl_row_index *out;
};

static void fail(const struct index *index, const char *sentence)
{
    sl_conf_fail(index->loader, index->value->path, "\"%.200s\": %s", index->name, sentence);
}

static bool check(const struct index *index, const char *text,
                  int (*ask)(const char *, struct sl_err *))
{
    struct sl_err err = {0};
    int rc = ask(text, &err);

    if (rc == SL_ENOMEM) {
        index->loader->is_out_of_memory = true;
    } else if (rc != SL_OK) {
        fail(index, err.text);
    }
    return rc == SL_OK;
}

/* NULL after reporting. */
static const char *take_template(const struct index *index, const cJSON *item)
{
    const char *text = NULL;
    bool is_expanded;

    if (cJSON_IsString(item)) {
        text = sl_conf_expand(index->loader, index->value, item->valuestring, &is_expanded);
        if (text == NULL) {
            return NULL;
        }
    }
    if (text == NULL || text[0] == '\0' || strlen(text) > SL_TEMPLATE_MAX) {
        fail(index,
             "expected a template of 1 to 1024 bytes, or {\"set\": TEMPLATE} for the members "
             "of a set");
        return NULL;
    }
    return text;
}

static void take_one(const struct index *index, const cJSON *member)
{
    const cJSON *set = cJSON_IsObject(member) && cJSON_GetArraySize(member) == 1
                           ? cJSON_GetObjectItemCaseSensitive(member, "set")
                           : NULL;
    struct sl_row_index *out = index->out;

    out->is_set = set != NULL;
    out->key = sl_conf_copy(index->loader, index->name, strlen(index->name));
    out->value = take_template(index, set != NULL ? set : member);
    if (out->key != NULL && out->value != NULL) {
        /* A set may be one for all rows; of a key that were one row's too many. */
        (void)(check(index, out->key, out->is_set ? sl_key_check_any : sl_key_check) &&
               check(index, out->value, sl_key_check_any));
    }
}

void sl_conf_take_index(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    struct sl_row_index *indexes =
        sl_conf_alloc(loader, (size_t)cJSON_GetArraySize(value->item) * sizeof(*indexes));
    size_t before = loader->errors->count;
    const cJSON *member;
    size_t count = 0;

    if (indexes == NULL) {
        return;
    }
    cJSON_ArrayForEach(member, value->item)
    {
        const struct index index = {
            .loader = loader, .value = value, .name = member->string, .out = &indexes[count++]};

        take_one(&index, member);
    }
    if (loader->errors->count == before && !loader->is_out_of_memory) {
        sl_conf_store_list(value, indexes, count);
    }
}
