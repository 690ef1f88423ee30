/*
 * check_kinds.c - what an entry of `tables` says of the lives of its keys must fit together.
 */
#include <stdio.h>

#include "conf/loader.h"

static void fail_at(struct sl_conf_loader *loader, size_t number, const char *name,
                    const char *sentence)
{
    char path[SL_CONF_PATH_MAX];

    (void)snprintf(path, sizeof(path), "tables[%zu].%s", number, name);
    sl_conf_fail(loader, path, "%s", sentence);
}

/* A time to live that was refused has its sentence already. */
static void check_jitter(struct sl_conf_loader *loader, const cJSON *item, size_t number)
{
    const struct sl_table_rule *rule = &loader->config->tables[number];

    if (rule->ttl_jitter_s == 0) {
        return;
    }
    if (cJSON_GetObjectItemCaseSensitive(item, "ttl") == NULL) {
        fail_at(loader, number, "ttl_jitter",
                "no key of this entry expires; remove it, or say when by \"ttl\"");
    } else if (rule->ttl_s != 0 && rule->ttl_jitter_s > rule->ttl_s) {
        fail_at(loader, number, "ttl_jitter", "it is more than ttl; lower it");
    }
}

/* Keys of an entry that would do nothing for its kind. */
static void refuse_all(struct sl_conf_loader *loader, const cJSON *item, size_t number,
                       const char *const *names, const char *sentence)
{
    for (; *names != NULL; names++) {
        if (cJSON_GetObjectItemCaseSensitive(item, *names) != NULL) {
            fail_at(loader, number, *names, sentence);
        }
    }
}

static void check_kind(struct sl_conf_loader *loader, const cJSON *item, size_t number)
{
    static const char *const of_rows[] = {"where",     "rename",         "mask",      "ttl",
                                          "compress",  "compress_level", "min_bytes", "on_error",
                                          "transform", "transform_file", "index",     NULL};
    static const char *const of_values[] = {
        "ttl",       "ttl_jitter", "compress",       "compress_level",
        "min_bytes", "transform",  "transform_file", "index",
        NULL};
    static const char *const of_frames[] = {"compress", "compress_level", "min_bytes", NULL};
    static const char *const of_stream[] = {"stream", "maxlen", NULL};
    static const char *const of_invalidate[] = {"redelete_ms", NULL};
    enum sl_value_kind value = loader->config->tables[number].value;

    if (value == SL_VALUE_INVALIDATE) {
        refuse_all(loader, item, number, of_rows,
                   "an entry with value \"invalidate\" writes no rows; remove it");
    } else {
        refuse_all(loader, item, number, of_invalidate,
                   "only an entry with value \"invalidate\" removes keys once more; remove it");
    }
    if (value == SL_VALUE_REJSON) {
        refuse_all(loader, item, number, of_frames,
                   "a document of value \"rejson\" cannot be compressed; remove it");
    }
    if (value == SL_VALUE_STREAM) {
        refuse_all(loader, item, number, of_values,
                   "an entry with value \"stream\" appends to a stream; remove it (\"maxlen\" says "
                   "how long that gets)");
    } else {
        refuse_all(loader, item, number, of_stream,
                   "only an entry with value \"stream\" has a stream; remove it");
    }
}

void sl_conf_check_kinds(struct sl_conf_loader *loader, const cJSON *items)
{
    const cJSON *item = items != NULL ? items->child : NULL;

    for (size_t i = 0; i < loader->config->table_count && item != NULL; i++, item = item->next) {
        if (!loader->config->tables[i].skip) {
            check_jitter(loader, item, i);
            check_kind(loader, item, i);
        }
    }
}
