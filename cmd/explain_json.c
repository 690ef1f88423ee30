/*
 * explain_json.c - the explanation for machines: one JSON object.
 */
#include "cmd/explain_private.h"
#include "filters/facet.h"
#include "filters/key_unique.h"
#include "filters/shape.h"

/* ---- the rule ---- */

static void begin(struct sl_explain *explain)
{
    sl_explain_open(&explain->out, NULL, '{');
    sl_explain_text(&explain->out, "table", explain->words->table);
}

static void add_rule(struct sl_explain *explain, const char *name, const struct sl_table_rule *rule)
{
    struct sl_explain_out *out = &explain->out;

    sl_explain_open(out, name, '{');
    sl_explain_number(out, "number", sl_explain_rule_number(explain, rule));
    sl_explain_text(out, "pattern", rule->pattern);
    sl_explain_bool(out, "skip", rule->skip);
    sl_explain_close(out, '}');
}

static void rule(struct sl_explain *explain)
{
    struct sl_explain_out *out = &explain->out;

    sl_explain_bool(out, "chosen", explain->rule != NULL && !explain->rule->skip);
    if (explain->rule != NULL) {
        add_rule(explain, "rule", explain->rule);
    }
    sl_explain_open(out, "later_rules", '[');
    for (size_t i = 0; i < explain->config->table_count; i++) {
        if (explain->matches[i] && &explain->config->tables[i] != explain->rule) {
            add_rule(explain, NULL, &explain->config->tables[i]);
        }
    }
    sl_explain_close(out, ']');
}

/* ---- the layout ---- */

static void add_column(struct sl_explain *explain, uint32_t number)
{
    struct sl_explain_out *out = &explain->out;
    const struct sl_explain_column column = sl_explain_column_of(explain, number);

    sl_explain_open(out, NULL, '{');
    sl_explain_string(out, "name", column.name);
    sl_explain_string(out, "type", column.type);
    if (column.shown.len > 0) {
        sl_explain_string(out, "shown_as", column.shown);
    }
    if (column.mask != NULL) {
        sl_explain_text(out, "mask", column.mask);
    }
    if (column.key_part > 0) {
        sl_explain_number(out, "row_key_part", column.key_part);
    }
    sl_explain_bool(out, "in_key", column.is_in_key);
    sl_explain_bool(out, "in_where", column.is_looked_at);
    sl_explain_close(out, '}');
}

static void add_form(struct sl_explain *explain)
{
    struct sl_explain_out *out = &explain->out;
    const struct sl_table_rule *found = explain->rule;
    uint32_t dictionary = sl_explain_dictionary(explain);
    struct sl_err shared = {0};

    sl_explain_text(out, "value", sl_explain_value_name(found));
    sl_explain_text(out, "compress", sl_explain_compress_name(found));
    if (dictionary != 0) {
        sl_explain_number(out, "dictionary", dictionary);
    }
    sl_explain_number(out, "ttl", found->ttl_s);
    sl_explain_text(out, "key", sl_rule_key(found));
    sl_explain_text(out, "key_pattern", explain->pattern);
    if (sl_key_check_unique(explain->table->user, &shared) != SL_OK) {
        sl_explain_text(out, "warning", shared.text);
    }
    if (found->where != NULL) {
        sl_explain_text(out, "where", found->where);
    }
    if (found->transform != NULL) {
        sl_explain_bool(out, "transform", true);
    }
}

static void layout(struct sl_explain *explain)
{
    add_form(explain);
    sl_explain_open(&explain->out, "columns", '[');
    for (uint32_t i = 0; i < explain->table->column_count; i++) {
        add_column(explain, i);
    }
    sl_explain_close(&explain->out, ']');
}

/* ---- the row ---- */

static void add_row_key(struct sl_explain *explain)
{
    struct sl_explain_out *out = &explain->out;
    const struct sl_table *table = explain->table;

    sl_explain_open(out, "row_key", '[');
    for (uint32_t i = 0; i < table->key_count; i++) {
        const struct sl_cell *cell = &explain->row.cells[table->key[i]];

        sl_explain_string(out, NULL, sl_span_make(cell->data, cell->len));
    }
    sl_explain_close(out, ']');
}

static void add_held(struct sl_explain_out *out, const struct sl_held *held)
{
    if (held->kind == SL_HELD_TEXT) {
        sl_explain_string(out, "text", held->text);
    } else if (held->kind == SL_HELD_FIELDS) {
        sl_explain_open(out, "fields", '[');
        for (size_t i = 0; i < held->field_count; i++) {
            sl_explain_open(out, NULL, '{');
            sl_explain_string(out, "name", held->fields[i].name);
            sl_explain_string(out, "value", held->fields[i].value);
            sl_explain_close(out, '}');
        }
        sl_explain_close(out, ']');
    }
}

static void add_sinks(struct sl_explain *explain, const struct sl_explain_value *value)
{
    struct sl_explain_out *out = &explain->out;

    sl_explain_open(out, "sinks", '[');
    for (size_t i = 0; i < explain->config->sink_count; i++) {
        const struct sl_explain_sink *sink = &value->sinks[i];

        sl_explain_open(out, NULL, '{');
        sl_explain_text(out, "name", sink->name);
        if (sink->why.status != SL_OK) {
            sl_explain_text(out, "error", sink->why.text);
        } else {
            sl_explain_bool(out, "equal", sink->drift == SL_DRIFT_NONE);
            sl_explain_text(out, "drift", sl_drift_name(sink->drift));
        }
        sl_explain_close(out, '}');
    }
    sl_explain_close(out, ']');
}

static void add_value(struct sl_explain_out *out, const struct sl_explain_value *value)
{
    add_held(out, &value->plain.held);
    sl_explain_number(out, "bytes", sl_explain_held_bytes(&value->plain.held));
    sl_explain_number(out, "written_bytes", sl_explain_held_bytes(&value->packed.held));
}

static void add_key(struct sl_explain_out *out, const struct sl_explain_value *value)
{
    sl_explain_string(out, "key", sl_span_make(value->key.data, value->key.len));
}

static void add_one(struct sl_explain *explain)
{
    const struct sl_explain_row *found = &explain->row;

    add_key(&explain->out, &found->values[0]);
    if (found->why.status != SL_OK) {
        sl_explain_text(&explain->out, "error", found->why.text);
        return;
    }
    sl_explain_bool(&explain->out, "kept", found->is_kept);
    if (found->is_kept) {
        add_value(&explain->out, &found->values[0]);
    }
    add_sinks(explain, &found->values[0]);
}

static void add_parts(struct sl_explain *explain)
{
    struct sl_explain_out *out = &explain->out;
    const struct sl_explain_row *found = &explain->row;

    if (found->why.status != SL_OK) {
        sl_explain_text(out, "error", found->why.text);
        return;
    }
    sl_explain_bool(out, "kept", found->is_kept);
    sl_explain_open(out, "parts", '[');
    for (size_t i = 0; i < found->count; i++) {
        sl_explain_open(out, NULL, '{');
        add_key(out, &found->values[i]);
        add_value(out, &found->values[i]);
        add_sinks(explain, &found->values[i]);
        sl_explain_close(out, '}');
    }
    sl_explain_close(out, ']');
}

static void add_row(struct sl_explain *explain)
{
    add_row_key(explain);
    if (explain->rule->part_template != NULL) {
        add_parts(explain);
    } else if (explain->row.count > 0) {
        add_one(explain);
    }
}

static void row(struct sl_explain *explain)
{
    sl_explain_member(&explain->out, "row");
    if (!explain->row.is_there) {
        sl_explain_add(&explain->out, "null");
        return;
    }
    sl_explain_add(&explain->out, "{");
    explain->out.has_member = false;
    add_row(explain);
    sl_explain_close(&explain->out, '}');
}

/* ---- memory ---- */

static void memory(struct sl_explain *explain)
{
    struct sl_explain_out *out = &explain->out;
    const struct sl_explain_memory *found = &explain->memory;

    sl_explain_open(out, "memory_estimate", '{');
    if (found->why.status != SL_OK) {
        sl_explain_text(out, "error", found->why.text);
    } else {
        sl_explain_number(out, "bytes", found->bytes);
        sl_explain_number(out, "rows", found->kept);
        sl_explain_number(out, "table_rows", found->rows);
        sl_explain_bool(out, "table_rows_counted", found->is_counted);
        sl_explain_number(out, "sampled_rows", found->sampled);
        sl_explain_number(out, "key_bytes", found->key_bytes);
        sl_explain_number(out, "value_bytes", found->value_bytes);
        sl_explain_number(out, "row_bytes", found->row_bytes);
    }
    sl_explain_close(out, '}');
}

static void end(struct sl_explain *explain)
{
    sl_explain_close(&explain->out, '}');
    sl_explain_add(&explain->out, "\n");
}

const struct sl_explain_printer sl_explain_printer_json = {
    .begin = begin, .rule = rule, .layout = layout, .row = row, .memory = memory, .end = end};
