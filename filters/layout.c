#include "filters/layout.h"

#include <stdlib.h>

#include "cdc/resp.h"
#include "filters/json_string.h"

void sl_layout_free(struct sl_layout *layout)
{
    if (layout == NULL) {
        return;
    }
    sl_key_release(&layout->key);
    sl_buf_release(&layout->bytes);
    free(layout->columns);
    free(layout->heads);
    free(layout);
}

static bool is_chosen(const struct sl_table_rule *rule, struct sl_span name)
{
    for (size_t i = 0; i < rule->column_count; i++) {
        if (sl_span_equals(name, rule->columns[i])) {
            return true;
        }
    }
    return rule->columns == NULL;
}

static int check_columns(const struct sl_table_rule *rule, const struct sl_table *table,
                         struct sl_err *err)
{
    for (size_t i = 0; i < rule->column_count; i++) {
        uint32_t at = 0;

        while (at < table->column_count &&
               !sl_span_equals(table->columns[at].name, rule->columns[i])) {
            at++;
        }
        if (at == table->column_count) {
            return sl_err_set(err, SL_EINVAL,
                              "the rule \"%s\" chooses the column %s, which table %.*s.%.*s does not "
                              "have: correct its \"columns\"",
                              rule->pattern, rule->columns[i], (int)table->db.len,
                              (const char *)table->db.data, (int)table->name.len,
                              (const char *)table->name.data);
        }
    }
    return SL_OK;
}

static int add_head(struct sl_layout *layout, struct sl_span name)
{
    int rc;

    if (layout->rule->value == SL_VALUE_HASH) {
        return sl_resp_bulk(&layout->bytes, name.data, name.len);
    }
    rc = sl_json_string(name, &layout->bytes);
    return rc == SL_OK ? sl_buf_add_byte(&layout->bytes, ':') : rc;
}

/* The views are made last, when bytes does not move any more. */
static int choose_columns(struct sl_layout *layout)
{
    const struct sl_table *table = layout->table;
    size_t at = 0;

    for (uint32_t i = 0; i < table->column_count; i++) {
        struct sl_span name = table->columns[i].name;
        size_t before = layout->bytes.len;
        int rc;

        if (!is_chosen(layout->rule, name)) {
            continue;
        }
        rc = add_head(layout, name);
        if (rc != SL_OK) {
            return rc;
        }
        layout->heads[layout->column_count].len = layout->bytes.len - before;
        layout->columns[layout->column_count++] = i;
    }
    for (uint32_t i = 0; i < layout->column_count; i++) {
        layout->heads[i].data = layout->bytes.data + at;
        at += layout->heads[i].len;
    }
    return SL_OK;
}

static int build(struct sl_layout *layout, struct sl_err *err)
{
    size_t count = layout->table->column_count;
    int rc = check_columns(layout->rule, layout->table, err);

    if (rc == SL_OK) {
        rc = sl_key_compile(layout->rule->key_template, layout->table, &layout->key, err);
    }
    if (rc != SL_OK) {
        return rc;
    }
    layout->columns = calloc(count + 1, sizeof(*layout->columns));
    layout->heads = calloc(count + 1, sizeof(*layout->heads));
    if (layout->columns == NULL || layout->heads == NULL) {
        return SL_ENOMEM;
    }
    return choose_columns(layout);
}

int sl_layout_new(const struct sl_table_rule *rule, const struct sl_table *table,
                  struct sl_layout **out, struct sl_err *err)
{
    struct sl_layout *layout;
    int rc;

    if (!table->has_names) {
        return sl_err_set(err, SL_ESCHEMA,
                          "the column names of table %.*s.%.*s are not known for certain: run SET GLOBAL "
                          "binlog_row_metadata=FULL at the source",
                          (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                          (const char *)table->name.data);
    }
    layout = calloc(1, sizeof(*layout));
    if (layout == NULL) {
        return SL_ENOMEM;
    }
    layout->rule = rule;
    layout->table = table;
    rc = build(layout, err);
    if (rc != SL_OK) {
        sl_layout_free(layout);
        return rc;
    }
    *out = layout;
    return SL_OK;
}
