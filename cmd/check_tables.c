#include "cmd/check_tables.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/client/schema_query.h"
#include "cmd/check_index.h"
#include "cmd/fit.h"
#include "filters/facet.h"
#include "filters/rule.h"

/* The chosen tables: name pairs, one after another. */
struct list {
    const struct sl_config *config;
    char **names;  /* db, table, db, table, …; owned */
    size_t count;  /* of tables */
    bool *is_used; /* of each rule */
    struct sl_err *err;
};

static struct sl_span span_of(const char *text)
{
    return sl_span_make(text, strlen(text));
}

static int add_table(struct list *list, const char *db, const char *table)
{
    char **names = realloc(list->names, 2 * (list->count + 1) * sizeof(*names));

    if (names == NULL) {
        return SL_ENOMEM;
    }
    list->names = names;
    names[2 * list->count] = strdup(db);
    names[2 * list->count + 1] = strdup(table);
    list->count++;
    return names[2 * list->count - 2] != NULL && names[2 * list->count - 1] != NULL ? SL_OK
                                                                                    : SL_ENOMEM;
}

static int each_table(void *user, const char *db, const char *table)
{
    struct list *list = user;
    const struct sl_table_rule *rule = NULL;
    int rc = sl_rule_first(list->config->tables, list->config->table_count, span_of(db),
                           span_of(table), &rule, list->err);

    if (rc != SL_OK || rule == NULL) {
        return rc;
    }
    list->is_used[rule - list->config->tables] = true;
    return rule->skip ? SL_OK : add_table(list, db, table);
}

/* A table that is named and not seen: the account may not read it, or there is none. */
static int add_unseen(struct list *list, struct sl_check_print *print)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < list->config->table_count; i++) {
        const struct sl_table_rule *rule = &list->config->tables[i];
        const struct sl_table_rule *first = NULL;

        if (list->is_used[i]) {
            continue;
        }
        rc = sl_rule_first(list->config->tables, list->config->table_count,
                           span_of(rule->db_pattern), span_of(rule->table_pattern), &first,
                           list->err);
        if (rc != SL_OK) {
            return rc;
        }
        if (sl_rule_spans_databases(rule) || sl_rule_spans_tables(rule) ||
            (rule->skip && first == rule)) {
            sl_check_print_say(print, SL_CHECK_WARN, "table", "",
                               "\"%s\" decides for no table that the account can see",
                               rule->pattern);
        } else if (first == rule) {
            rc = add_table(list, rule->db_pattern, rule->table_pattern);
        } else {
            sl_check_print_say(print, SL_CHECK_WARN, "table", "remove the entry or move it up",
                               "\"%s\" is never used: an entry before it matches the table, too",
                               rule->pattern);
        }
    }
    return rc;
}

/* ---- the rule and the layout ---- */

struct context {
    const struct list *list;
    struct sl_probe *probe;
    struct sl_schema_query *query;
    const struct sl_source_facts *source;
    struct sl_check_print *print;
};

static int check_layout(const struct context *context, const char *db, const char *table,
                        struct sl_err *err)
{
    const struct sl_config *config = context->list->config;
    const struct sl_table_rule *rule = NULL;
    const struct sl_schema *schema = NULL;
    struct sl_position nowhere;
    struct sl_err why = {0};
    bool runs_together = false;
    int rc;

    sl_position_init(&nowhere);
    rc = sl_schema_query_read(context->query, span_of(db), span_of(table), &nowhere, &schema, err);
    if (rc != SL_OK) {
        return rc == SL_DONE ? SL_OK : rc;
    }
    rc = sl_rule_find(config->tables, config->table_count, span_of(db), span_of(table), &rule, err);
    if (rc != SL_OK || rule == NULL) {
        return rc;
    }
    rc = sl_fit_rule(rule, span_of(db), span_of(table), schema, &runs_together, &why);
    if (rc == SL_ENOMEM) {
        return rc;
    }
    if (rc != SL_OK) {
        sl_check_print_say(context->print, SL_CHECK_FAIL, "table", "", "%s", why.text);
        return SL_OK;
    }
    if (runs_together) {
        sl_check_print_say(context->print, SL_CHECK_WARN, "table",
                           "put \":\" between the columns of \"key\", which is escaped in values",
                           "the keys of %s.%s do not tell where a value ends, so that two rows may "
                           "get the same: %s",
                           db, table, sl_rule_key(rule));
    }
    return sl_check_index(context->probe, rule, db, table, sl_check_print_line, context->print,
                          err);
}

static int check_table(const struct context *context, const char *db, const char *table,
                       struct sl_err *err)
{
    struct sl_table_facts facts;
    int rc = sl_probe_table(context->probe, db, table, &facts, err);

    if (rc != SL_OK) {
        return rc;
    }
    sl_preflight_table(context->source, &facts, sl_check_print_line, context->print);
    return facts.exists && facts.may_select ? check_layout(context, db, table, err) : SL_OK;
}

static int check_all(const struct context *context, struct sl_err *err)
{
    const struct list *list = context->list;
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < list->count; i++) {
        rc = check_table(context, list->names[2 * i], list->names[2 * i + 1], err);
    }
    return rc;
}

static void release(struct list *list)
{
    for (size_t i = 0; i < 2 * list->count; i++) {
        free(list->names[i]);
    }
    free(list->names);
    free(list->is_used);
}

int sl_check_tables(const struct sl_config *config, struct sl_probe *probe,
                    const struct sl_source_facts *source, struct sl_check_print *print,
                    struct sl_err *err)
{
    struct list list = {
        .config = config, .is_used = calloc(config->table_count, sizeof(bool)), .err = err};
    const struct context context = {.list = &list,
                                    .probe = probe,
                                    .query = sl_schema_query_new(&config->source),
                                    .source = source,
                                    .print = print};
    int rc = list.is_used != NULL && context.query != NULL ? SL_OK : SL_ENOMEM;

    rc = rc == SL_OK ? sl_probe_list(probe, each_table, &list, err) : rc;
    rc = rc == SL_OK ? add_unseen(&list, print) : rc;
    rc = rc == SL_OK ? check_all(&context, err) : rc;
    sl_schema_query_free(context.query);
    release(&list);
    return rc == SL_ENOMEM ? sl_err_set(err, rc, "out of memory") : rc;
}
