/*
 * fuzz_config.c - any text either makes a whole configuration or at least one sentence that says
 * why not; nothing is read from files.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static void look_at(const struct sl_config *config)
{
    size_t sum = strlen(config->pipeline.name) + strlen(config->source.host);

    require(config->source.user != NULL && config->source.server_id >= 1);
    require((config->pipeline.start.kind == SL_START_AT) ==
            (config->pipeline.start.position != NULL));
    require(config->pipeline.batch_bytes <= config->pipeline.memory_limit_bytes);
    for (size_t i = 0; i < config->sink_count; i++) {
        require((config->sinks[i].host == NULL) == (config->sinks[i].scheme == SL_REDIS_UNIX));
        require((config->sinks[i].unix_path != NULL) == (config->sinks[i].scheme == SL_REDIS_UNIX));
        sum += strlen(config->sinks[i].name);
    }
    for (size_t i = 0; i < config->table_count; i++) {
        const struct sl_table_rule *rule = &config->tables[i];

        sum += strlen(rule->pattern) + strlen(rule->db_pattern) + strlen(rule->table_pattern) +
               strlen(rule->key_template);
        for (size_t j = 0; j < rule->column_count; j++) {
            sum += strlen(rule->columns[j]);
        }
    }
    require(sum > 0 && config->table_count > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_err_list errors = {0};
    struct sl_config *config = NULL;
    int rc = sl_config_parse("f", sl_span_make(data, size),
                             SL_CONFIG_OFFLINE | SL_CONFIG_SINKS_OPTIONAL, &config, &errors);

    require((rc == SL_OK) == (config != NULL));
    require((rc == SL_OK) == (errors.count == 0));
    if (config != NULL) {
        look_at(config);
    }
    sl_config_free(config);
    sl_err_list_release(&errors);
    return 0;
}
