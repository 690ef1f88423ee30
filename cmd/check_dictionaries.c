#include "cmd/check_dictionaries.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "filters/rule.h"
#include "sinks/redis_dictionary.h"

enum { SL_NAME_BYTES = 264, SL_FIX_BYTES = 2 * SL_NAME_BYTES + 80 };

static const struct sl_table_rule *rule_of(const struct sl_config *config,
                                           const struct sl_dictionary *dictionary)
{
    const struct sl_table_rule *rule = NULL;
    struct sl_span db = sl_span_make(dictionary->db.data, dictionary->db.len);
    struct sl_span table = sl_span_make(dictionary->table.data, dictionary->table.len);

    if (sl_rule_find(config->tables, config->table_count, db, table, &rule, NULL) != SL_OK) {
        return NULL;
    }
    return rule;
}

/* One that nobody uses any more may be gone. */
static void judge(const struct sl_config *config, const struct sl_dictionary *dictionary,
                  bool *is_used, struct sl_check_print *print)
{
    const struct sl_table_rule *rule = rule_of(config, dictionary);
    char name[SL_NAME_BYTES];
    char fix[SL_FIX_BYTES];

    if (rule == NULL || rule->compress != SL_COMPRESS_DICT) {
        return;
    }
    is_used[rule - config->tables] = true;
    (void)snprintf(name, sizeof(name), "%.*s.%.*s", (int)dictionary->db.len,
                   (const char *)dictionary->db.data, (int)dictionary->table.len,
                   (const char *)dictionary->table.data);
    if (dictionary->bytes.len > 0) {
        sl_check_print_say(print, SL_CHECK_OK, "dictionary", "",
                           "the dictionary %" PRIu32 " of table %s has %zu bytes", dictionary->id,
                           name, dictionary->bytes.len);
        return;
    }
    (void)snprintf(fix, sizeof(fix),
                   "run sluice train --table %s, restart, and run sluice bootstrap --table %s",
                   name, name);
    sl_check_print_say(print, SL_CHECK_FAIL, "dictionary", fix,
                       "the dictionary %" PRIu32 " of table %s is gone from Redis, so values that "
                       "were compressed with it cannot be read",
                       dictionary->id, name);
}

static void say_unused(const struct sl_config *config, const bool *is_used,
                       struct sl_check_print *print)
{
    for (size_t i = 0; i < config->table_count; i++) {
        const struct sl_table_rule *rule = &config->tables[i];

        if (!rule->skip && rule->compress == SL_COMPRESS_DICT && !is_used[i]) {
            sl_check_print_say(print, SL_CHECK_WARN, "dictionary",
                               "run sluice train --table DB.TABLE, and restart",
                               "no table of \"%s\" has a dictionary, so their values are "
                               "compressed without",
                               rule->pattern);
        }
    }
}

static bool wants_any(const struct sl_config *config)
{
    for (size_t i = 0; i < config->table_count; i++) {
        if (!config->tables[i].skip && config->tables[i].compress == SL_COMPRESS_DICT) {
            return true;
        }
    }
    return false;
}

void sl_check_dictionaries(const struct sl_config *config, const struct sl_redis_options *sink,
                           struct sl_check_print *print)
{
    const struct sl_redis_dictionaries place = {.options = sink, .pipeline = config->pipeline.name};
    struct sl_dictionaries found = {0};
    struct sl_err err = {0};
    bool *is_used = wants_any(config) ? calloc(config->table_count, sizeof(*is_used)) : NULL;

    if (is_used == NULL) {
        return;
    }
    if (sl_redis_dictionaries_read(&place, &found, &err) == SL_OK) {
        for (size_t i = 0; i < found.count; i++) {
            judge(config, &found.items[i], is_used, print);
        }
        say_unused(config, is_used, print);
    } else {
        sl_check_print_say(print, SL_CHECK_FAIL, "dictionary", "",
                           "the dictionaries cannot be read: %s", err.text);
    }
    sl_dictionaries_release(&found);
    free(is_used);
}
