/*
 * check.c - what no key can know by itself: values that must fit each other.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/loader.h"
#include "filters/facet.h"
#include "filters/key_owner.h"

/* True when nothing was said about "PATH.NAME" yet: a value that was refused would only draw a
   second sentence, about a default that the user never wrote. */
static bool is_sound(const struct sl_conf_loader *loader, const char *path, const char *name)
{
    char prefix[SL_CONF_PATH_MAX];
    int len = snprintf(prefix, sizeof(prefix), "%s%s%s: ", path, path[0] == '\0' ? "" : ".", name);

    for (size_t i = 0; i < loader->errors->count; i++) {
        if (strncmp(loader->errors->items[i].text, prefix, (size_t)len) == 0) {
            return false;
        }
    }
    return true;
}

static void check_sizes(struct sl_conf_loader *loader)
{
    const struct sl_pipeline_options *pipeline = &loader->config->pipeline;

    if (!is_sound(loader, "", "memory_limit") || !is_sound(loader, "", "max_transaction_bytes") ||
        !is_sound(loader, "", "batch_bytes")) {
        return;
    }
    /* A batch whose rows replace each other grows before it is sent, and several are on the way. */
    if (pipeline->batch_bytes > pipeline->memory_limit_bytes / 64) {
        sl_conf_fail(loader, "batch_bytes",
                     "%" PRIu64 " is more than a 64th of memory_limit (%" PRIu64
                     "); lower it or raise memory_limit",
                     pipeline->batch_bytes, pipeline->memory_limit_bytes);
    }
    if (pipeline->batch_bytes > pipeline->max_transaction_bytes) {
        sl_conf_fail(loader, "batch_bytes",
                     "%" PRIu64 " is more than max_transaction_bytes (%" PRIu64 "); lower it",
                     pipeline->batch_bytes, pipeline->max_transaction_bytes);
    }
}

static void check_pair(struct sl_conf_loader *loader, const struct sl_tls_options *tls,
                       const char *path)
{
    if ((tls->cert == NULL) != (tls->key == NULL) && is_sound(loader, path, "cert") &&
        is_sound(loader, path, "key")) {
        sl_conf_fail(loader, path, "cert and key belong together, and %s is missing",
                     tls->cert == NULL ? "cert" : "key");
    }
}

/* Without a file of authorities Oracle's client library refuses to verify (sql-common/client.cc).
 */
static void check_source_tls(struct sl_conf_loader *loader)
{
    const struct sl_tls_options *tls = &loader->config->source.tls;

    check_pair(loader, tls, "source.tls");
    if (!is_sound(loader, "source.tls", "mode") || !is_sound(loader, "source.tls", "ca")) {
        return;
    }
    if (tls->mode >= SL_TLS_VERIFY_CA && tls->ca == NULL) {
        sl_conf_fail(loader, "source.tls.ca",
                     "missing: mode \"verify_ca\" and \"verify_identity\" need the file with the "
                     "authorities to trust");
    }
    if (tls->mode == SL_TLS_DISABLED && (tls->ca != NULL || tls->cert != NULL)) {
        sl_conf_fail(loader, "source.tls.mode",
                     "\"disabled\" makes no use of ca and cert; remove them or choose \"required\" "
                     "or more");
    }
}

/* Settings for TLS on a connection without would leave a user believing in it. */
static void check_sink_tls(struct sl_conf_loader *loader, struct sl_redis_options *sink,
                           const cJSON *item, size_t number)
{
    char path[SL_CONF_PATH_MAX];
    bool is_known;

    (void)snprintf(path, sizeof(path), "sinks[%zu]", number);
    is_known = is_sound(loader, path, "url");
    (void)snprintf(path, sizeof(path), "sinks[%zu].tls", number);
    check_pair(loader, &sink->tls, path);
    if (!is_known || sink->scheme == SL_REDIS_TLS) {
        return;
    }
    sink->tls.mode = SL_TLS_DISABLED;
    if (cJSON_GetObjectItemCaseSensitive(item, "tls") != NULL) {
        sl_conf_fail(loader, path,
                     "this url makes a connection without TLS; use rediss:// or "
                     "remove tls");
    }
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Two pipelines of one name on one Redis would take the lease from each other for ever. */
static bool is_same_place(const struct sl_redis_options *a, const struct sl_redis_options *b)
{
    return (a->host != NULL || a->unix_path != NULL) && a->port == b->port && a->db == b->db &&
           same_text(a->host, b->host) && same_text(a->unix_path, b->unix_path);
}

static void check_against(struct sl_conf_loader *loader, size_t number, size_t earlier)
{
    const struct sl_redis_options *sink = &loader->config->sinks[number];
    const struct sl_redis_options *other = &loader->config->sinks[earlier];
    char path[SL_CONF_PATH_MAX];

    if (sink->name != NULL && same_text(sink->name, other->name)) {
        (void)snprintf(path, sizeof(path), "sinks[%zu].name", number);
        sl_conf_fail(loader, path,
                     "sinks[%zu] has the same name (the default is \"main\"); give each its own",
                     earlier);
    }
    if (is_same_place(sink, other)) {
        (void)snprintf(path, sizeof(path), "sinks[%zu].url", number);
        sl_conf_fail(loader, path, "sinks[%zu] is the same database of the same Redis; remove one",
                     earlier);
    }
}

static void check_sinks(struct sl_conf_loader *loader, const cJSON *items)
{
    struct sl_config *config = loader->config;

    for (size_t i = 0; i < config->sink_count; i++) {
        check_sink_tls(loader, &config->sinks[i], cJSON_GetArrayItem(items, (int)i), i);
        for (size_t j = 0; j < i; j++) {
            check_against(loader, i, j);
        }
    }
}

static void check_tables(struct sl_conf_loader *loader)
{
    const struct sl_config *config = loader->config;

    for (size_t i = 0; i < config->table_count; i++) {
        const char *pattern = config->tables[i].pattern;

        for (size_t j = 0; j < i && pattern != NULL; j++) {
            if (config->tables[j].pattern != NULL &&
                strcmp(config->tables[j].pattern, pattern) == 0) {
                char path[SL_CONF_PATH_MAX];

                (void)snprintf(path, sizeof(path), "tables[%zu].table", i);
                sl_conf_fail(loader, path,
                             "tables[%zu] has the same pattern and decides first; remove one", j);
                break;
            }
        }
    }
}

/* The one key beside `table` that says something of rows nobody keeps; NULL: there is none. */
static const char *find_idle_key(const cJSON *item)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, item)
    {
        if (strcmp(member->string, "table") != 0 && strcmp(member->string, "skip") != 0) {
            return member->string;
        }
    }
    return NULL;
}

static void check_skipped(struct sl_conf_loader *loader, const cJSON *items)
{
    const struct sl_config *config = loader->config;
    const cJSON *item = items != NULL ? items->child : NULL;

    for (size_t i = 0; i < config->table_count && item != NULL; i++, item = item->next) {
        const char *name = config->tables[i].skip ? find_idle_key(item) : NULL;

        if (name != NULL) {
            char path[SL_CONF_PATH_MAX];

            (void)snprintf(path, sizeof(path), "tables[%zu].%.60s", i, name);
            sl_conf_fail(loader, path,
                         "\"skip\" leaves the tables of this entry out; remove one of the two");
        }
    }
}

static void check_columns(struct sl_conf_loader *loader)
{
    const struct sl_config *config = loader->config;

    for (size_t i = 0; i < config->table_count; i++) {
        if (config->tables[i].columns != NULL && config->tables[i].except != NULL) {
            char path[SL_CONF_PATH_MAX];

            (void)snprintf(path, sizeof(path), "tables[%zu].except", i);
            sl_conf_fail(loader, path, "columns says which ones to keep already; remove one");
        }
    }
}

/* The rule whose rows have keys by the template TEXT; NULL: none. */
static const struct sl_table_rule *find_row_template(const struct sl_config *config,
                                                     const char *text)
{
    for (size_t i = 0; i < config->table_count; i++) {
        const struct sl_table_rule *rule = &config->tables[i];

        if (!rule->skip && rule->key_template != NULL &&
            (strcmp(rule->key_template, text) == 0 || strcmp(sl_rule_key(rule), text) == 0)) {
            return rule;
        }
    }
    return NULL;
}

/* The rule before NUMBER that has an index by the template TEXT; NULL: none. */
static const struct sl_table_rule *find_index(const struct sl_config *config, size_t number,
                                              const char *text)
{
    for (size_t i = 0; i < number; i++) {
        for (size_t j = 0; j < config->tables[i].index_count; j++) {
            if (strcmp(config->tables[i].indexes[j].key, text) == 0) {
                return &config->tables[i];
            }
        }
    }
    return NULL;
}

/* A key that led to a row would take the place of one, or tables that of each other. */
static void check_indexes(struct sl_conf_loader *loader)
{
    const struct sl_config *config = loader->config;

    for (size_t i = 0; i < config->table_count; i++) {
        for (size_t j = 0; j < config->tables[i].index_count; j++) {
            const char *text = config->tables[i].indexes[j].key;
            const struct sl_table_rule *rule = find_row_template(config, text);
            const struct sl_table_rule *other =
                sl_key_names(text, "table") ? NULL : find_index(config, i, text);
            char path[SL_CONF_PATH_MAX];

            (void)snprintf(path, sizeof(path), "tables[%zu].index", i);
            if (rule != NULL) {
                sl_conf_fail(loader, path,
                             "\"%.200s\" is the key of rows already, by tables[%zu].key; choose "
                             "another",
                             text, (size_t)(rule - config->tables));
            } else if (other != NULL) {
                sl_conf_fail(loader, path,
                             "\"%.200s\" is an index of tables[%zu] already, whose keys could not "
                             "be told from these; put {table} into it, or choose another",
                             text, (size_t)(other - config->tables));
            }
        }
    }
}

static void check_any_chosen(struct sl_conf_loader *loader)
{
    const struct sl_config *config = loader->config;

    for (size_t i = 0; i < config->table_count; i++) {
        if (!config->tables[i].skip) {
            return;
        }
    }
    if (config->table_count > 0) {
        sl_conf_fail(loader, "tables", "every entry says \"skip\"; add one that chooses tables");
    }
}

/* Who sets a level believes in a compression that there is not. */
static void check_compression(struct sl_conf_loader *loader, const cJSON *items)
{
    static const char *const idle[] = {"compress_level", "min_bytes"};
    const struct sl_config *config = loader->config;
    const cJSON *item = items != NULL ? items->child : NULL;

    for (size_t i = 0; i < config->table_count && item != NULL; i++, item = item->next) {
        char table[SL_CONF_PATH_MAX];

        (void)snprintf(table, sizeof(table), "tables[%zu]", i);
        for (size_t j = 0; j < sizeof(idle) / sizeof(idle[0]); j++) {
            char path[SL_CONF_PATH_MAX];

            (void)snprintf(path, sizeof(path), "tables[%zu].%s", i, idle[j]);
            if (config->tables[i].compress == SL_COMPRESS_NONE &&
                is_sound(loader, table, "compress") &&
                cJSON_GetObjectItemCaseSensitive(item, idle[j]) != NULL) {
                sl_conf_fail(loader, path,
                             "nothing is compressed here; remove it, or set compress to \"zstd\"");
            }
        }
    }
}

void sl_conf_check(struct sl_conf_loader *loader, const cJSON *root)
{
    check_sizes(loader);
    check_source_tls(loader);
    check_sinks(loader, cJSON_GetObjectItemCaseSensitive(root, "sinks"));
    check_tables(loader);
    check_skipped(loader, cJSON_GetObjectItemCaseSensitive(root, "tables"));
    check_compression(loader, cJSON_GetObjectItemCaseSensitive(root, "tables"));
    sl_conf_check_transforms(loader, cJSON_GetObjectItemCaseSensitive(root, "tables"));
    sl_conf_check_kinds(loader, cJSON_GetObjectItemCaseSensitive(root, "tables"));
    check_any_chosen(loader);
    check_columns(loader);
    sl_conf_check_keys(loader);
    check_indexes(loader);
}
