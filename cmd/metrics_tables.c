/* metrics_tables.c - row changes by table and operation. */
#include "cmd/metrics_text.h"

static const struct sl_table_counts *counts_of(const struct sl_metric_sink *sink)
{
    return sink->views->items[sink->i].tables;
}

static size_t table_count(const struct sl_metric_sink *sink)
{
    return counts_of(sink) != NULL ? sl_table_counts_len(counts_of(sink)) : 0;
}

/* What never changed rows has no series: most tables see one or two operations. */
static int add_rows_of(const struct sl_metric_sink *sink, const char *name,
                       const struct sl_table_count *table)
{
    int rc = SL_OK;

    for (int op = 0; rc == SL_OK && op < SL_OPS; op++) {
        const struct sl_metric_label labels[] = {
            {.name = "table", .value = table->name},
            {.name = "operation", .value = sl_op_name((enum sl_op)op)}};
        uint64_t rows = atomic_load_explicit(&table->rows[op], memory_order_relaxed);

        rc = rows > 0 ? sl_metric_count_of(sink, name, labels, 2, rows) : SL_OK;
    }
    return rc;
}

static int add_rows(const struct sl_metric_sink *sink, const char *name)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < table_count(sink); i++) {
        rc = add_rows_of(sink, name, sl_table_counts_at(counts_of(sink), i));
    }
    return rc;
}

static int add_transactions(const struct sl_metric_sink *sink, const char *name)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < table_count(sink); i++) {
        const struct sl_table_count *table = sl_table_counts_at(counts_of(sink), i);
        const struct sl_metric_label label = {.name = "table", .value = table->name};
        uint64_t number = atomic_load_explicit(&table->transactions, memory_order_relaxed);

        rc = number > 0 ? sl_metric_count(sink, name, &label, number) : SL_OK;
    }
    return rc;
}

int sl_metrics_tables(const struct sl_views *views, struct sl_buf *out)
{
    int rc = sl_metric_each(views, out, "rows_total", "counter",
                            "Row changes of chosen tables that were read, by table and operation.",
                            add_rows);

    return rc == SL_OK
               ? sl_metric_each(views, out, "transactions_total", "counter",
                                "Transactions with row changes of the table.", add_transactions)
               : rc;
}
