#include "cmd/fit.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/base/log.h"
#include "cdc/client/probe.h"
#include "cdc/client/schema_query.h"
#include "cdc/table_schema.h"
#include "cmd/check_index.h"
#include "filters/key_name.h"
#include "filters/key_text.h"
#include "filters/key_unique.h"
#include "filters/rule.h"
#include "filters/shape.h"

static struct sl_span span_of(const char *text)
{
    return sl_span_make(text, strlen(text));
}

/* ---- one table ---- */

/* The names and the indexes are all that a shape's fit depends on, and types for its key. */
static void fill_table(struct sl_table *table, const struct sl_schema *schema)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct sl_schema_column *column = &schema->columns[i];

        table->columns[i].name = column->name;
        table->columns[i].type = sl_table_schema_type(column->data_type);
        table->columns[i].unique_in = column->unique_in;
        if (column->key_part > 0 && column->key_part <= table->column_count) {
            table->key[column->key_part - 1] = i;
            table->key_count++;
        }
    }
}

static int compile(const struct sl_table_rule *rule, const struct sl_table *table,
                   bool *runs_together, struct sl_err *err)
{
    struct sl_shape *shape = NULL;
    int rc = sl_shape_new(rule, table, &shape, err);

    if (rc == SL_OK) {
        *runs_together = sl_key_runs_together(&shape->key, table);
        rc = sl_key_check_unique(shape, err);
    }
    sl_shape_free(shape);
    return rc;
}

int sl_fit_rule(const struct sl_table_rule *rule, struct sl_span db, struct sl_span name,
                const struct sl_schema *schema, bool *runs_together, struct sl_err *err)
{
    struct sl_table table = {
        .db = db,
        .name = name,
        .columns = calloc(schema->count + 1, sizeof(struct sl_column)),
        .column_count = (uint32_t)schema->count,
        .key = calloc(schema->count + 1, sizeof(uint32_t)),
        .uniques = schema->uniques,
        .has_names = true,
    };
    int rc = table.columns != NULL && table.key != NULL ? SL_OK : SL_ENOMEM;

    *runs_together = false;
    if (rc == SL_OK) {
        fill_table(&table, schema);
        rc = table.key_count > 0 ? compile(rule, &table, runs_together, err) : SL_OK;
    }
    free(table.columns);
    free(table.key);
    return rc;
}

/* ---- all tables ---- */

static bool names_columns(const char *key_template)
{
    struct sl_span rest = span_of(key_template);
    struct sl_key_token token;

    while (sl_key_next(&rest, &token, NULL) == SL_OK) {
        if (token.is_placeholder && !sl_key_is_name(&token) && !sl_span_equals(token.text, "pk")) {
            return true;
        }
    }
    return false;
}

/* Most rules say nothing that a table could not fit: then thousands of tables cost no look. */
static bool may_misfit(const struct sl_table_rule *rule)
{
    return !rule->skip &&
           (rule->columns != NULL || rule->except != NULL || rule->rename_count > 0 ||
            rule->mask_count > 0 || rule->where != NULL || names_columns(rule->key_template));
}

struct survey {
    const struct sl_config *config;
    struct sl_schema_query *query;
    unsigned misfits;
};

static void look_at(struct survey *survey, const struct sl_table_rule *rule, struct sl_span db,
                    struct sl_span table)
{
    const struct sl_schema *schema = NULL;
    struct sl_position nowhere;
    struct sl_err err = {0};
    bool runs_together;

    sl_position_init(&nowhere);
    if (sl_schema_query_read(survey->query, db, table, &nowhere, &schema, NULL) == SL_OK &&
        sl_fit_rule(rule, db, table, schema, &runs_together, &err) == SL_EINVAL) {
        sl_log_text_of(SL_LOG_OF_CONFIG, SL_LOG_ERROR, err.text);
        survey->misfits++;
    }
    sl_position_release(&nowhere);
}

static int each_table(void *user, const char *db, const char *table)
{
    struct survey *survey = user;
    const struct sl_table_rule *rule = NULL;

    if (sl_rule_find(survey->config->tables, survey->config->table_count, span_of(db),
                     span_of(table), &rule, NULL) == SL_OK &&
        rule != NULL && may_misfit(rule)) {
        look_at(survey, rule, span_of(db), span_of(table));
    }
    return SL_OK;
}

static bool rules_fit(const struct sl_config *config)
{
    struct survey survey = {.config = config};
    struct sl_probe *probe = NULL;
    bool is_needed = false;

    for (size_t i = 0; i < config->table_count; i++) {
        is_needed = is_needed || may_misfit(&config->tables[i]);
    }
    if (!is_needed || sl_probe_open(&config->source, &probe, NULL) != SL_OK) {
        return true;
    }
    survey.query = sl_schema_query_new(&config->source);
    if (survey.query != NULL) {
        (void)!sl_probe_list(probe, each_table, &survey, NULL);
    }
    sl_schema_query_free(survey.query);
    sl_probe_free(probe);
    return survey.misfits == 0;
}

static bool indexes_fit(const struct sl_config *config)
{
    struct sl_err err = {0};
    bool fit = sl_check_indexes_at_start(config, &err) == SL_OK;

    if (!fit) {
        sl_log_text_of(SL_LOG_OF_CONFIG, SL_LOG_ERROR, err.text);
    }
    return fit;
}

bool sl_fit_all(const struct sl_config *config)
{
    bool rules = rules_fit(config);

    return indexes_fit(config) && rules; /* all that is wrong is said */
}
