#include "cmd/check_index.h"

#include <stdio.h>
#include <string.h>

#include "cdc/base/log.h"
#include "filters/index_unique.h"
#include "filters/rule.h"

bool sl_check_needs_old_values(const struct sl_config *config)
{
    for (size_t i = 0; i < config->table_count; i++) {
        if (config->tables[i].index_count > 0 || config->tables[i].part_template != NULL) {
            return true;
        }
    }
    return false;
}

static int on_column(void *user, const struct sl_probe_unique *column)
{
    const struct sl_unique_column told = {
        .index = column->index, .column = column->column, .is_nullable = column->is_nullable};

    return sl_index_unique_add(user, &told);
}

static void say_shared(const struct sl_row_index *index, const char *db, const char *table,
                       sl_check_fn each, void *user)
{
    char text[512];
    char fix[320];
    const struct sl_check_line line = {
        .level = SL_CHECK_FAIL, .topic = "index", .text = text, .fix = fix};

    (void)snprintf(text, sizeof(text),
                   "two rows of %s.%s can have one %s by the index \"%.200s\": its columns have to "
                   "include all of the primary key or of a unique index",
                   db, table, index->is_set ? "member of a set" : "key", index->key);
    (void)snprintf(fix, sizeof(fix), "ALTER TABLE `%s`.`%s` ADD UNIQUE (…)", db, table);
    each(user, &line);
}

int sl_check_index(struct sl_probe *probe, const struct sl_table_rule *rule, const char *db,
                   const char *table, sl_check_fn each, void *user, struct sl_err *err)
{
    for (size_t i = 0; i < rule->index_count; i++) {
        struct sl_index_unique unique = {.index = &rule->indexes[i]};
        int rc = sl_probe_uniques(probe, db, table, on_column, &unique, err);

        if (!sl_index_unique_end(&unique) && rc == SL_OK) {
            say_shared(unique.index, db, table, each, user);
        }
        if (rc != SL_OK) {
            return rc;
        }
    }
    return SL_OK;
}

/* ---- at start ---- */

struct start {
    const struct sl_config *config;
    struct sl_probe *probe; /* a second one: the first is listing */
    struct sl_err *err;
    int status;
};

static void on_line(void *user, const struct sl_check_line *line)
{
    struct start *start = user;

    start->status = sl_err_set(start->err, SL_EINVAL, "%s", line->text);
}

static int on_table(void *user, const char *db, const char *table)
{
    struct start *start = user;
    const struct sl_table_rule *rule = NULL;
    int rc = sl_rule_find(start->config->tables, start->config->table_count,
                          sl_span_make(db, strlen(db)), sl_span_make(table, strlen(table)), &rule,
                          start->err);

    if (rc == SL_OK && rule != NULL) {
        rc = sl_check_index(start->probe, rule, db, table, on_line, start, start->err);
    }
    return rc == SL_OK ? start->status : rc;
}

static void warn_of_image(struct sl_probe *probe)
{
    struct sl_source_facts facts = {0};

    if (sl_probe_settings(probe, &facts, NULL) == SL_OK &&
        strncmp(facts.row_image, "FULL", 4) != 0 && facts.row_image[0] != '\0') {
        sl_log_text_of(SL_LOG_OF_CONFIG, SL_LOG_WARN,
                       "binlog_row_image is not FULL: tables with an \"index\", or {part} in "
                       "their \"key\", are loaded again whenever a row of theirs changes; SET "
                       "GLOBAL binlog_row_image = FULL at the source, continuing");
    }
}

int sl_check_indexes_at_start(const struct sl_config *config, struct sl_err *err)
{
    struct start start = {.config = config, .err = err};
    struct sl_probe *list = NULL;
    int rc = SL_OK;

    if (!sl_check_needs_old_values(config)) {
        return SL_OK;
    }
    rc = sl_probe_open(&config->source, &list, err);
    rc = rc == SL_OK ? sl_probe_open(&config->source, &start.probe, err) : rc;
    if (rc == SL_OK) {
        warn_of_image(list);
        rc = sl_probe_list(list, on_table, &start, err);
    }
    sl_probe_free(list);
    sl_probe_free(start.probe);
    return start.status; /* what else failed will fail the stream, which says so */
}
