/*
 * explain_facts.c - what both forms of the output say, so that they say the same.
 */
#include "cmd/explain_private.h"
#include "filters/shape.h"

size_t sl_explain_rule_number(const struct sl_explain *explain, const struct sl_table_rule *rule)
{
    return (size_t)(rule - explain->config->tables);
}

const char *sl_explain_value_name(const struct sl_table_rule *rule)
{
    static const char *const names[] = {[SL_VALUE_HASH] = "hash",
                                        [SL_VALUE_JSON] = "json",
                                        [SL_VALUE_REJSON] = "rejson",
                                        [SL_VALUE_INVALIDATE] = "invalidate",
                                        [SL_VALUE_STREAM] = "stream"};

    return names[rule->value];
}

const char *sl_explain_compress_name(const struct sl_table_rule *rule)
{
    switch (rule->compress) {
    case SL_COMPRESS_ZSTD:
        return "zstd";
    case SL_COMPRESS_DICT:
        return "zstd-dict";
    case SL_COMPRESS_NONE:
        break;
    }
    return "none";
}

static const char *mask_name(const struct sl_column_mask *mask)
{
    switch (mask->kind) {
    case SL_MASK_NULL:
        return "NULL";
    case SL_MASK_TEXT:
        return "a fixed text";
    case SL_MASK_SHA256:
        return "its HMAC-SHA-256";
    case SL_MASK_LAST:
        break;
    }
    return "stars but for its end";
}

static struct sl_span shown_name(const struct sl_table_rule *rule, struct sl_span name)
{
    for (size_t i = 0; i < rule->rename_count; i++) {
        if (sl_span_equals(name, rule->renames[i].column)) {
            return sl_span_make(rule->renames[i].name, strlen(rule->renames[i].name));
        }
    }
    return name;
}

static bool is_in_key(const struct sl_shape *shape, uint32_t number)
{
    for (size_t i = 0; i < shape->key.count; i++) {
        if (shape->key.parts[i].column == number) {
            return true;
        }
    }
    return false;
}

static bool is_looked_at(const struct sl_shape *shape, uint32_t number)
{
    for (uint32_t i = 0; i < shape->looked_at.count; i++) {
        if (shape->looked_at.numbers[i] == number) {
            return true;
        }
    }
    return false;
}

struct sl_explain_column sl_explain_column_of(const struct sl_explain *explain, uint32_t number)
{
    const struct sl_shape *shape = explain->table->user;
    const struct sl_schema_column *column = &explain->schema->columns[number];
    struct sl_explain_column found = {.name = column->name,
                                      .type = column->column_type,
                                      .key_part = column->key_part,
                                      .is_in_key = is_in_key(shape, number),
                                      .is_looked_at = is_looked_at(shape, number),
                                      .is_transformed = shape->rule->transform != NULL};

    for (uint32_t i = 0; i < shape->column_count && !found.is_transformed; i++) {
        if (shape->columns[i] == number) {
            found.shown = shown_name(shape->rule, column->name);
            found.mask =
                shape->masks != NULL && shape->masks[i] != NULL ? mask_name(shape->masks[i]) : NULL;
        }
    }
    return found;
}

uint32_t sl_explain_dictionary(const struct sl_explain *explain)
{
    const struct sl_shape *shape = explain->table->user;
    const struct sl_dictionary *dictionary =
        sl_dictionaries_find(&explain->dictionaries, explain->db, explain->name);

    return shape->pack.dictionary != NULL && dictionary != NULL ? dictionary->id : 0;
}

uint64_t sl_explain_held_bytes(const struct sl_held *held)
{
    uint64_t bytes = held->kind == SL_HELD_TEXT ? held->text.len : 0;

    for (size_t i = 0; held->kind == SL_HELD_FIELDS && i < held->field_count; i++) {
        bytes += held->fields[i].name.len + held->fields[i].value.len;
    }
    return bytes;
}

const char *sl_explain_drift_text(enum sl_drift drift)
{
    switch (drift) {
    case SL_DRIFT_NONE:
        return "holds just that";
    case SL_DRIFT_MISSING:
    case SL_DRIFT_EXPIRED:
        return "has no such key";
    case SL_DRIFT_ORPHAN:
        return "has that key, which no row should have";
    case SL_DRIFT_DIFFERENT:
    case SL_DRIFT_STALE:
    case SL_DRIFT_WRONG_TYPE:
    case SL_DRIFT_NO_TTL:
    case SL_DRIFT_KINDS:
        break;
    }
    return "holds something else";
}
