/*
 * explain_text.c - the explanation for people. What is known is printed at once: sampling a large
 * table takes its time.
 */
#include <inttypes.h>

#include "cmd/explain_private.h"
#include "filters/facet.h"
#include "filters/key_unique.h"
#include "filters/shape.h"

enum {
    SL_SHOWN_BYTES = 400, /* of a value */
    SL_NAME_WIDTH_MAX = 32,
    SL_TYPE_WIDTH_MAX = 24,
};

static const struct sl_table_rule *rule_at(const struct sl_explain *explain, size_t number)
{
    return &explain->config->tables[number];
}

/* ---- the rule ---- */

static void begin(struct sl_explain *explain)
{
    sl_explain_add(&explain->out, "%s\n", explain->words->table);
}

static void add_others(struct sl_explain *explain)
{
    for (size_t i = 0; i < explain->config->table_count; i++) {
        const struct sl_table_rule *rule = rule_at(explain, i);

        if (explain->matches[i] && rule != explain->rule) {
            sl_explain_add(&explain->out,
                           "           tables[%zu], \"%s\", matches, too%s, but later\n", i,
                           rule->pattern, rule->skip ? " (skip)" : "");
        }
    }
}

static void add_left_out(struct sl_explain *explain)
{
    if (explain->rule == NULL) {
        sl_explain_add(&explain->out, "  left out: no entry of \"tables\" matches its name\n");
        return;
    }
    sl_explain_add(
        &explain->out,
        "  left out: tables[%zu], \"%s\", is the first that matches, and says \"skip\"\n",
        sl_explain_rule_number(explain, explain->rule), explain->rule->pattern);
    add_others(explain);
}

static void rule(struct sl_explain *explain)
{
    const struct sl_table_rule *found = explain->rule;

    if (found == NULL || found->skip) {
        add_left_out(explain);
        return;
    }
    sl_explain_add(&explain->out, "  rule     tables[%zu], \"%s\", is the first that matches\n",
                   sl_explain_rule_number(explain, found), found->pattern);
    add_others(explain);
}

/* ---- the layout ---- */

static void add_value(struct sl_explain *explain)
{
    struct sl_explain_out *out = &explain->out;
    const struct sl_table_rule *found = explain->rule;
    uint32_t dictionary = sl_explain_dictionary(explain);

    sl_explain_add(out, "  value    %s", sl_explain_value_name(found));
    if (found->compress != SL_COMPRESS_NONE) {
        sl_explain_add(out, ", %s at level %d from %" PRIu64 " bytes",
                       sl_explain_compress_name(found), (int)found->compress_level,
                       found->min_bytes);
    }
    if (dictionary != 0) {
        sl_explain_add(out, ", dictionary %" PRIu32, dictionary);
    } else if (found->compress == SL_COMPRESS_DICT) {
        sl_explain_add(out, ", no dictionary: run sluice train --table %s", explain->words->table);
    }
    if (found->ttl_s > 0) {
        sl_explain_add(out, ", expires after %" PRIu64 " s", found->ttl_s);
    }
    sl_explain_add(out, "\n");
}

static void pad(struct sl_explain_out *out, size_t len, size_t width)
{
    sl_explain_add(out, "%*s", (int)(len < width ? width - len : 0) + 2, "");
}

static void add_column(struct sl_explain_out *out, const struct sl_explain_column *column,
                       size_t name_width, size_t type_width)
{
    sl_explain_add(out, "    ");
    sl_explain_add_span(out, column->name);
    pad(out, column->name.len, name_width);
    sl_explain_add_shown(out, column->type, SL_SHOWN_BYTES);
    pad(out, column->type.len, type_width);
    if (column->is_transformed) {
        sl_explain_add(out, "for transform");
    } else if (column->shown.len == 0) {
        sl_explain_add(out, "left out");
    } else {
        sl_explain_add(out, "as ");
        sl_explain_add_span(out, column->shown);
    }
    if (column->mask != NULL) {
        sl_explain_add(out, ", masked: %s", column->mask);
    }
    if (column->key_part > 0) {
        sl_explain_add(out, ", part %u of the row key", (unsigned)column->key_part);
    }
    sl_explain_add(out, "%s%s\n", column->is_in_key ? ", in the key" : "",
                   column->is_looked_at ? ", looked at by where" : "");
}

static size_t width(size_t have, size_t len, size_t max)
{
    return len > have && len <= max ? len : have;
}

static void add_columns(struct sl_explain *explain)
{
    size_t names = 0;
    size_t types = 0;

    for (uint32_t i = 0; i < explain->table->column_count; i++) {
        const struct sl_explain_column column = sl_explain_column_of(explain, i);

        names = width(names, column.name.len, SL_NAME_WIDTH_MAX);
        types = width(types, column.type.len, SL_TYPE_WIDTH_MAX);
    }
    sl_explain_add(&explain->out, "  columns\n");
    for (uint32_t i = 0; i < explain->table->column_count; i++) {
        const struct sl_explain_column column = sl_explain_column_of(explain, i);

        add_column(&explain->out, &column, names, types);
    }
}

static void layout(struct sl_explain *explain)
{
    struct sl_explain_out *out = &explain->out;
    struct sl_err shared = {0};

    add_value(explain);
    sl_explain_add(out, "  key      ");
    sl_explain_add_span(
        out, sl_span_make(sl_rule_key(explain->rule), strlen(sl_rule_key(explain->rule))));
    sl_explain_add(out, ", so all keys are like ");
    sl_explain_add_span(out, sl_span_make(explain->pattern, strlen(explain->pattern)));
    sl_explain_add(out, "\n");
    if (sl_key_check_unique(explain->table->user, &shared) != SL_OK) {
        sl_explain_add(out, "           warning: %s\n", shared.text);
    }
    if (explain->rule->where != NULL) {
        sl_explain_add(out, "  where    ");
        sl_explain_add_span(out, sl_span_make(explain->rule->where, strlen(explain->rule->where)));
        sl_explain_add(out, "\n");
    }
    if (explain->rule->transform != NULL) {
        sl_explain_add(out, "  transform shows what a function makes of the row\n");
    }
    add_columns(explain);
}

/* ---- the row ---- */

static void add_row_name(struct sl_explain *explain)
{
    struct sl_explain_out *out = &explain->out;
    const struct sl_table *table = explain->table;

    sl_explain_add(out, "  row      ");
    for (uint32_t i = 0; i < table->key_count; i++) {
        const struct sl_cell *cell = &explain->row.cells[table->key[i]];

        sl_explain_add(out, "%s", i > 0 ? ", " : "");
        sl_explain_add_span(out, table->columns[table->key[i]].name);
        sl_explain_add(out, " = ");
        sl_explain_add_shown(out, sl_span_make(cell->data, cell->len), SL_SHOWN_BYTES);
    }
    sl_explain_add(out, "%s\n", explain->words->count == 0 ? " (the first one)" : "");
}

/* The value, and how it is written where that is something else. */
static void add_sizes(struct sl_explain_out *out, struct sl_span plain, struct sl_span packed)
{
    sl_explain_add_shown(out, plain, SL_SHOWN_BYTES);
    sl_explain_add(out, "  (%zu byte%s)\n", plain.len, plain.len == 1 ? "" : "s");
    if (packed.len != plain.len ||
        (plain.len > 0 && memcmp(packed.data, plain.data, plain.len) != 0)) {
        sl_explain_add(out, "             compressed: ");
        sl_explain_add_shown(out, packed, SL_SHOWN_BYTES / 8);
        sl_explain_add(out, "  (%zu bytes)\n", packed.len);
    }
}

static void add_row_value(struct sl_explain *explain, const struct sl_explain_value *value)
{
    struct sl_explain_out *out = &explain->out;
    const struct sl_held *plain = &value->plain.held;
    const struct sl_held *packed = &value->packed.held;

    if (plain->kind == SL_HELD_TEXT) {
        sl_explain_add(out, "    value    ");
        add_sizes(out, plain->text, packed->text);
    } else if (plain->kind == SL_HELD_FIELDS) {
        for (size_t i = 0; i < plain->field_count; i++) {
            sl_explain_add(out, "    field    ");
            sl_explain_add_shown(out, plain->fields[i].name, SL_SHOWN_BYTES);
            sl_explain_add(out, ": ");
            add_sizes(out, plain->fields[i].value, packed->fields[i].value);
        }
    } else {
        sl_explain_add(out, "    value    %s, so there is no key\n",
                       explain->rule->transform != NULL ? "transform gives none"
                                                        : "all columns are NULL");
        return;
    }
    sl_explain_add(out, "    in all   %" PRIu64 " bytes", sl_explain_held_bytes(plain));
    if (explain->rule->compress != SL_COMPRESS_NONE) {
        sl_explain_add(out, ", %" PRIu64 " as they are written", sl_explain_held_bytes(packed));
    }
    sl_explain_add(out, "\n");
}

static void add_sinks(struct sl_explain *explain, const struct sl_explain_value *value)
{
    for (size_t i = 0; i < explain->config->sink_count; i++) {
        const struct sl_explain_sink *sink = &value->sinks[i];
        const char *text = sl_explain_drift_text(sink->drift);

        if (sink->why.status != SL_OK) {
            text = sink->why.text;
        } else if (sink->drift == SL_DRIFT_NONE && value->plain.held.kind == SL_HELD_NOTHING) {
            text = "has no such key, as it should be";
        }
        sl_explain_add(&explain->out, "    sink     %s: %s\n", sink->name, text);
    }
}

static void add_key(struct sl_explain_out *out, const struct sl_buf *key)
{
    sl_explain_add(out, "    key      ");
    sl_explain_add_shown(out, sl_span_make(key->data, key->len), SL_SHOWN_BYTES);
    sl_explain_add(out, "\n");
}

static void add_where(struct sl_explain *explain)
{
    if (explain->rule->where != NULL) {
        sl_explain_add(&explain->out, "    where    %s\n",
                       explain->row.is_kept ? "keeps it" : "leaves it out: there is no key");
    }
}

/* One key, which stands before whatever else there is to be said. */
static void add_one(struct sl_explain *explain)
{
    const struct sl_explain_value *value = &explain->row.values[0];

    add_key(&explain->out, &value->key);
    if (explain->row.why.status != SL_OK) {
        sl_explain_add(&explain->out, "    value    none: %s\n", explain->row.why.text);
        return;
    }
    add_where(explain);
    if (explain->row.is_kept) {
        add_row_value(explain, value);
    }
    add_sinks(explain, value);
}

static void add_parts(struct sl_explain *explain)
{
    const struct sl_explain_row *row = &explain->row;

    if (row->why.status != SL_OK) {
        sl_explain_add(&explain->out, "    parts    none: %s\n", row->why.text);
        return;
    }
    add_where(explain);
    if (row->count == 0 && (row->is_kept || explain->rule->where == NULL)) {
        sl_explain_add(&explain->out, "    parts    transform gives none, so there is no key\n");
    }
    for (size_t i = 0; i < row->count; i++) {
        add_key(&explain->out, &row->values[i].key);
        add_row_value(explain, &row->values[i]);
        add_sinks(explain, &row->values[i]);
    }
}

static void row(struct sl_explain *explain)
{
    if (!explain->row.is_there) {
        sl_explain_add(&explain->out, "  row      %s\n",
                       explain->words->count > 0 ? "there is none with this key" : "there is none");
        return;
    }
    add_row_name(explain);
    if (explain->rule->part_template != NULL) {
        add_parts(explain);
    } else if (explain->row.count > 0) {
        add_one(explain);
    }
}

/* ---- memory ---- */

/* "312 MB": three digits say as much as an estimate knows. */
static void add_size(struct sl_explain_out *out, uint64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    double number = (double)bytes;
    size_t unit = 0;

    while (number >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        number /= 1000;
        unit++;
    }
    sl_explain_add(out, "%.3g %s", number, units[unit]);
}

static void memory(struct sl_explain *explain)
{
    struct sl_explain_out *out = &explain->out;
    const struct sl_explain_memory *found = &explain->memory;
    const char *what = explain->rule->part_template != NULL ? "parts" : "rows";

    if (found->why.status != SL_OK) {
        sl_explain_add(out, "  memory   cannot be estimated: %s\n", found->why.text);
        return;
    }
    sl_explain_add(out, "  memory   about ");
    add_size(out, found->bytes);
    sl_explain_add(out,
                   " in Redis for %s%" PRIu64 " %s, an estimate: %" PRIu64
                   " %s were sampled from all\n"
                   "           over the table, keys of %" PRIu64 " bytes with %" PRIu64
                   " bytes of names and values take about\n"
                   "           %" PRIu64
                   " each on average, by the sizes of Redis' structures with its default settings",
                   found->is_counted ? "" : "about ", found->kept, what, found->sampled, what,
                   found->key_bytes, found->value_bytes, found->row_bytes);
    if (explain->rule->where != NULL) {
        sl_explain_add(out, ";\n           where keeps these of %s%" PRIu64,
                       found->is_counted ? "" : "about ", found->rows);
    }
    sl_explain_add(out, ";\n           %s\n",
                   found->is_counted
                       ? "the rows were counted"
                       : "how many rows there are is the server's own estimate (TABLE_ROWS)");
}

static void end(struct sl_explain *explain)
{
    (void)explain;
}

const struct sl_explain_printer sl_explain_printer_text = {
    .begin = begin, .rule = rule, .layout = layout, .row = row, .memory = memory, .end = end};
