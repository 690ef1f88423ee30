#include "filters/row_filter.h"

#include <stdio.h>
#include <stdlib.h>

#include "filters/transform.h"

int sl_row_filter_init(struct sl_row_filter *filter)
{
    return pthread_mutex_init(&filter->lock, NULL) == 0 ? SL_OK : SL_ENOMEM;
}

void sl_row_filter_release(struct sl_row_filter *filter)
{
    for (size_t i = 0; filter->wheres != NULL && i < filter->count; i++) {
        sl_where_free(filter->wheres[i]);
    }
    free(filter->wheres);
    filter->wheres = NULL;
    (void)pthread_mutex_destroy(&filter->lock);
}

static int compile(struct sl_row_filter *filter, const struct sl_table_rule *rule,
                   struct sl_err *err)
{
    size_t number = (size_t)(rule - filter->rules);

    if (filter->wheres == NULL) {
        filter->wheres = calloc(filter->count, sizeof(struct sl_where *));
    }
    if (filter->wheres == NULL) {
        return SL_ENOMEM;
    }
    return filter->wheres[number] != NULL ? SL_OK
                                          : sl_where_new(rule->where, &filter->wheres[number], err);
}

int sl_row_filter_prepare(struct sl_row_filter *filter, const struct sl_shape *shape,
                          struct sl_err *err)
{
    int rc;

    if (shape->rule->where == NULL) {
        return SL_OK;
    }
    (void)pthread_mutex_lock(&filter->lock);
    rc = compile(filter, shape->rule, err);
    (void)pthread_mutex_unlock(&filter->lock);
    return rc;
}

static int test(struct sl_row_filter *filter, const struct sl_shape *shape,
                const struct sl_cell *cells, const struct sl_cell *before, enum sl_verdict *verdict,
                struct sl_err *err)
{
    const struct sl_where_row row = {
        .table = shape->table, .columns = &shape->looked_at, .cells = cells, .before = before};

    int rc;

    (void)pthread_mutex_lock(&filter->lock);
    rc = sl_where_test(filter->wheres[shape->rule - filter->rules], &row, verdict, err);
    (void)pthread_mutex_unlock(&filter->lock);
    return rc;
}

/* Nobody may find in the cache what should perhaps not be there: the row goes. */
static void quarantine(struct sl_row_filter *filter, const struct sl_table *table, const char *why)
{
    struct sl_shape *shape = table->user;
    char text[768];

    atomic_fetch_add_explicit(&filter->stats->quarantined, 1, memory_order_relaxed);
    if (shape->has_warned || filter->notice == NULL) {
        return;
    }
    shape->has_warned = true;
    (void)snprintf(text, sizeof(text),
                   "the \"where\" of table %.*s.%.*s fails on a row: %.300s; the row is not in the "
                   "cache, nor are others on which it fails, which is not said again",
                   (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                   (const char *)table->name.data, why);
    filter->notice(filter->notice_user, true, text);
}

static int stop(const struct sl_table *table, const char *why, struct sl_err *err)
{
    return sl_err_set(err, SL_ERULE,
                      "the \"where\" of table %.*s.%.*s fails on a row: %.300s; correct it, or "
                      "keep such rows out of the cache by \"on_error\": \"quarantine\"",
                      (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                      (const char *)table->name.data, why);
}

static int judge(struct sl_row_filter *filter, const struct sl_table *table,
                 const struct sl_cell *cells, const struct sl_cell *before,
                 enum sl_verdict *verdict, struct sl_err *err)
{
    const struct sl_shape *shape = table->user;
    struct sl_err why = {0};
    int rc = test(filter, shape, cells, before, verdict, &why);

    if (rc == SL_ERULE && shape->rule->on_error == SL_RULE_QUARANTINE) {
        quarantine(filter, table, why.text);
        *verdict = SL_ROW_DIFFERS;
        return SL_OK;
    }
    if (rc == SL_ERULE) {
        return stop(table, why.text, err);
    }
    if (rc != SL_OK && err != NULL) {
        *err = why;
    }
    if (rc == SL_OK && *verdict == SL_ROW_DIFFERS) {
        atomic_fetch_add_explicit(&filter->stats->filtered, 1, memory_order_relaxed);
    }
    return rc;
}

/* Otherwise it is enough that it says so when the row is written. */
static bool asks_transform(const struct sl_shape *shape)
{
    return shape->transform != NULL && shape->rule->index_count > 0;
}

int sl_row_filter_judge(struct sl_row_filter *filter, const struct sl_table *table,
                        const struct sl_cell *cells, const struct sl_cell *before,
                        enum sl_verdict *verdict, struct sl_err *err)
{
    const struct sl_shape *shape = table->user;

    int rc = SL_OK;

    *verdict = SL_ROW_MATCHES;
    if (shape->rule->where != NULL) {
        rc = judge(filter, table, cells, before, verdict, err);
    }
    if (rc == SL_OK && *verdict == SL_ROW_MATCHES && asks_transform(shape)) {
        rc = sl_transform_judge(shape, (struct sl_row){.cells = cells, .base = before}, false,
                                verdict, err);
    }
    return rc;
}

bool sl_row_filter_surely_takes(struct sl_row_filter *filter, const struct sl_table *table,
                                const struct sl_cell *cells)
{
    const struct sl_shape *shape = table->user;
    enum sl_verdict verdict = SL_ROW_UNCLEAR;

    if (shape->rule->where != NULL &&
        (test(filter, shape, cells, NULL, &verdict, NULL) != SL_OK || verdict != SL_ROW_MATCHES)) {
        return false;
    }
    return !asks_transform(shape) || (sl_transform_judge(shape, (struct sl_row){.cells = cells},
                                                         true, &verdict, NULL) == SL_OK &&
                                      verdict == SL_ROW_MATCHES);
}

bool sl_row_filter_may_take(struct sl_row_filter *filter, const struct sl_table *table,
                            const struct sl_cell *cells)
{
    const struct sl_shape *shape = table->user;
    enum sl_verdict verdict = SL_ROW_MATCHES;
    int rc = shape->rule->where != NULL ? test(filter, shape, cells, NULL, &verdict, NULL) : SL_OK;

    return rc == SL_OK ? verdict != SL_ROW_DIFFERS : rc != SL_ERULE;
}
