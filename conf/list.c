/*
 * list.c - an array of different strings.
 */
#include <string.h>
#include <strings.h>

#include "conf/loader.h"

enum { SL_ELEMENT_MAX = 256 }; /* 64 characters of 4 bytes, what a column's name can have */

/* Names of columns do not differ by case. */
static bool is_known(const char *const *texts, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(texts[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* Checks element ITEM; returns its text or NULL after reporting. */
static const char *take_element(struct sl_conf_loader *loader, const struct sl_conf_value *list,
                                const cJSON *item)
{
    bool is_expanded;
    const char *text;

    if (!cJSON_IsString(item)) {
        sl_conf_fail(loader, list->path, "expected strings only");
        return NULL;
    }
    text = sl_conf_expand(loader, list, item->valuestring, &is_expanded);
    if (text != NULL && (text[0] == '\0' || strlen(text) > SL_ELEMENT_MAX)) {
        sl_conf_fail(loader, list->path, "expected strings of 1 to 256 bytes");
        return NULL;
    }
    return text;
}

void sl_conf_take_strings(struct sl_conf_loader *loader, struct sl_conf_value *value)
{
    size_t size = cJSON_IsArray(value->item) ? (size_t)cJSON_GetArraySize(value->item) : 0;
    const char **texts;
    const cJSON *item;
    size_t count = 0;

    if (size < value->key->min || size > value->key->max) {
        sl_conf_fail_type(loader, value);
        return;
    }
    texts = sl_conf_alloc(loader, size * sizeof(*texts));
    if (texts == NULL) {
        return;
    }
    cJSON_ArrayForEach(item, value->item)
    {
        const char *text = take_element(loader, value, item);

        if (text == NULL) {
            return;
        }
        if (is_known(texts, count, text)) {
            /* As it stands in the file: a variable may have brought in what nobody should see. */
            sl_conf_fail(loader, value->path, "\"%.64s\" stands there twice; keep one",
                         item->valuestring);
            return;
        }
        texts[count++] = text;
    }
    memcpy((char *)value->base + value->key->offset, &texts, sizeof(texts));
    memcpy((char *)value->base + value->key->count_offset, &count, sizeof(count));
}
