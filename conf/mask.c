/*
 * mask.c - "null", {"text": …}, {"sha256": …}, {"sha256_file": …} or {"last": …} for a column.
 * Nothing in here puts a value into a sentence: it may be a key.
 */
#include <stdio.h>
#include <string.h>

#include "conf/loader.h"

enum {
    SL_MASK_TEXT_MAX = 4096,
    SL_MASK_KEY_MIN = 16, /* bytes: what is shorter can be found by trying */
    SL_MASK_LAST_MAX = 1000,
};

/* A mask being read. */
struct mask {
    struct sl_conf_loader *loader;
    const struct sl_conf_value *value; /* of the whole object */
    const cJSON *member;               /* "column": … */
    struct sl_column_mask *out;
};

static void fail(const struct mask *mask, const char *sentence)
{
    sl_conf_fail(mask->loader, mask->value->path, "\"%.64s\": %s", mask->member->string, sentence);
}

static void take_text(const struct mask *mask, const cJSON *item)
{
    bool is_expanded;
    const char *text = NULL;

    if (cJSON_IsString(item)) {
        text = sl_conf_expand(mask->loader, mask->value, item->valuestring, &is_expanded);
        if (text == NULL) {
            return;
        }
    }
    if (text == NULL || strlen(text) > SL_MASK_TEXT_MAX) {
        fail(mask, "expected a string of at most 4096 bytes for \"text\"");
        return;
    }
    mask->out->kind = SL_MASK_TEXT;
    mask->out->text = text;
}

static void take_last(const struct mask *mask, const cJSON *item)
{
    double number = cJSON_IsNumber(item) ? item->valuedouble : 0;

    if (!(number >= 1) || number > SL_MASK_LAST_MAX || number != (double)(uint32_t)number) {
        fail(mask, "expected how many characters stay, from 1 to 1000, for \"last\"");
        return;
    }
    mask->out->kind = SL_MASK_LAST;
    mask->out->last = (uint32_t)number;
}

/* As a password is taken: the key itself, or the file that holds it. */
static void take_key(const struct mask *mask, const cJSON *item, enum sl_conf_type type)
{
    const struct sl_conf_key key = {.path = mask->value->path,
                                    .type = type,
                                    .flags = SL_CONF_HIDE_VALUE,
                                    .offset = offsetof(struct sl_column_mask, text)};
    struct sl_conf_value value = {
        .key = &key, .path = mask->value->path, .item = item, .base = mask->out};
    size_t before = mask->loader->errors->count;
    bool is_unread = type == SL_CONF_SECRET_FILE && (mask->loader->flags & SL_CONFIG_OFFLINE) != 0;

    if (!cJSON_IsString(item)) {
        fail(mask, "expected the key as a string, or the file that holds it as \"sha256_file\"");
        return;
    }
    value.text = sl_conf_expand(mask->loader, &value, item->valuestring, &value.is_expanded);
    if (value.text == NULL) {
        return;
    }
    sl_conf_take_secret(mask->loader, &value);
    if (mask->loader->errors->count > before || is_unread) {
        return;
    }
    if (mask->out->text == NULL || strlen(mask->out->text) < SL_MASK_KEY_MIN) {
        fail(mask, "expected a key of 16 bytes or more, as a short one can be found by trying");
    }
    mask->out->kind = SL_MASK_SHA256;
}

static void take_object(const struct mask *mask, const cJSON *item)
{
    if (strcmp(item->string, "text") == 0) {
        take_text(mask, item);
    } else if (strcmp(item->string, "last") == 0) {
        take_last(mask, item);
    } else if (strcmp(item->string, "sha256") == 0) {
        take_key(mask, item, SL_CONF_SECRET);
    } else if (strcmp(item->string, "sha256_file") == 0) {
        take_key(mask, item, SL_CONF_SECRET_FILE);
    } else {
        fail(mask, "known here are text, sha256, sha256_file, last");
    }
}

static void take_one(const struct mask *mask)
{
    const cJSON *member = mask->member;

    if (cJSON_IsString(member) && strcmp(member->valuestring, "null") == 0) {
        mask->out->kind = SL_MASK_NULL;
    } else if (cJSON_IsObject(member) && cJSON_GetArraySize(member) == 1) {
        take_object(mask, member->child);
    } else {
        fail(mask, "expected \"null\", or an object with one of text, sha256, sha256_file, last");
    }
}

void sl_conf_take_mask(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    size_t count = 0;
    struct sl_column_mask *masks =
        sl_conf_alloc(loader, (size_t)cJSON_GetArraySize(value->item) * sizeof(*masks));
    const cJSON *member;

    if (masks == NULL) {
        return;
    }
    cJSON_ArrayForEach(member, value->item)
    {
        struct mask mask = {
            .loader = loader, .value = value, .member = member, .out = &masks[count++]};

        mask.out->column = sl_conf_copy(loader, member->string, strlen(member->string));
        take_one(&mask);
    }
    sl_conf_store_list(value, masks, count);
}
