#include "filters/shape.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/resp.h"
#include "filters/json_string.h"
#include "filters/key_part.h"
#include "filters/stream_name.h"

/* The default of proto-max-bulk-len of Redis. */
#define SL_VALUE_BYTES_MAX ((size_t)512 * 1024 * 1024)

void sl_shape_free(struct sl_shape *shape)
{
    if (shape == NULL) {
        return;
    }
    sl_key_release(&shape->key);
    sl_key_release(&shape->part_key);
    sl_indexes_free(shape->indexes);
    sl_buf_release(&shape->bytes);
    sl_buf_release(&shape->stream);
    sl_where_columns_release(&shape->looked_at);
    free(shape->columns);
    free(shape->heads);
    free(shape->guesses);
    free(shape->masks);
    free(shape);
}

static bool is_listed(const char *const *names, size_t count, struct sl_span name)
{
    for (size_t i = 0; i < count; i++) {
        if (sl_span_equals(name, names[i])) {
            return true;
        }
    }
    return false;
}

static bool is_chosen(const struct sl_table_rule *rule, struct sl_span name)
{
    return rule->columns != NULL ? is_listed(rule->columns, rule->column_count, name)
                                 : !is_listed(rule->except, rule->except_count, name);
}

/* VERB and KEY say what the rule wants of these columns: "chooses", "columns". */
static int check_names(const struct sl_shape *shape, const char *const *names, size_t count,
                       const char *verb, const char *key, struct sl_err *err)
{
    const struct sl_table *table = shape->table;

    for (size_t i = 0; i < count; i++) {
        uint32_t at = 0;

        while (at < table->column_count && !sl_span_equals(table->columns[at].name, names[i])) {
            at++;
        }
        if (at == table->column_count) {
            return sl_err_set(
                err, SL_EINVAL,
                "the rule \"%s\" %s the column %s, which table %.*s.%.*s does not have: correct "
                "its \"%s\"",
                shape->rule->pattern, verb, names[i], (int)table->db.len,
                (const char *)table->db.data, (int)table->name.len, (const char *)table->name.data,
                key);
        }
    }
    return SL_OK;
}

/* NAME: the field's or member's, unless the rule renames the column. */
static struct sl_span shown_name(const struct sl_table_rule *rule, struct sl_span name)
{
    for (size_t i = 0; i < rule->rename_count; i++) {
        if (sl_span_equals(name, rule->renames[i].column)) {
            return sl_span_make(rule->renames[i].name, strlen(rule->renames[i].name));
        }
    }
    return name;
}

static int check_renames(const struct sl_shape *shape, struct sl_err *err)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < shape->rule->rename_count; i++) {
        rc = check_names(shape, &shape->rule->renames[i].column, 1, "renames", "rename", err);
    }
    return rc;
}

/* Only a renamed column can have another's name. */
static int check_unique(const struct sl_shape *shape, struct sl_err *err)
{
    const struct sl_table_rule *rule = shape->rule;
    const struct sl_table *table = shape->table;

    for (size_t i = 0; i < rule->rename_count; i++) {
        unsigned count = 0;

        for (uint32_t j = 0; j < shape->column_count; j++) {
            count += (unsigned)sl_span_equals(
                shown_name(rule, table->columns[shape->columns[j]].name), rule->renames[i].name);
        }
        if (count > 1) {
            return sl_err_set(err, SL_EINVAL,
                              "the rule \"%s\" gives two columns of table %.*s.%.*s the name %s: "
                              "correct its \"rename\"",
                              rule->pattern, (int)table->db.len, (const char *)table->db.data,
                              (int)table->name.len, (const char *)table->name.data,
                              rule->renames[i].name);
        }
    }
    return SL_OK;
}

static int check_columns(const struct sl_shape *shape, struct sl_err *err)
{
    const struct sl_table_rule *rule = shape->rule;
    int rc = check_names(shape, rule->columns, rule->column_count, "chooses", "columns", err);

    if (rc == SL_OK) {
        rc = check_names(shape, rule->except, rule->except_count, "leaves out", "except", err);
    }
    return rc == SL_OK ? check_renames(shape, err) : rc;
}

static int add_head(struct sl_shape *shape, struct sl_span name)
{
    int rc;

    if (shape->rule->value == SL_VALUE_HASH) {
        return sl_resp_bulk(&shape->bytes, name.data, name.len);
    }
    rc = sl_json_string(name, &shape->bytes);
    return rc == SL_OK ? sl_buf_add_byte(&shape->bytes, ':') : rc;
}

/* Of types whose text is never about as long as the stored value: see sl_resp_begin(). */
static uint32_t guess_length(uint8_t type)
{
    switch (type) {
    case SL_TYPE_DATE:
    case SL_TYPE_DOUBLE:
    case SL_TYPE_DATETIME:
    case SL_TYPE_DATETIME2:
    case SL_TYPE_TIMESTAMP:
    case SL_TYPE_TIMESTAMP2:
        return 19; /* "2038-01-19 03:14:07"; all that counts is that it has two digits */
    default:
        return 0;
    }
}

/* The views are made last, when bytes does not move any more. */
static int choose_columns(struct sl_shape *shape)
{
    const struct sl_table *table = shape->table;
    size_t at = 0;

    for (uint32_t i = 0; i < table->column_count; i++) {
        struct sl_span name = table->columns[i].name;
        size_t before = shape->bytes.len;
        int rc;

        if (!is_chosen(shape->rule, name)) {
            continue;
        }
        rc = add_head(shape, shown_name(shape->rule, name));
        if (rc != SL_OK) {
            return rc;
        }
        shape->heads[shape->column_count].len = shape->bytes.len - before;
        shape->guesses[shape->column_count] = guess_length(table->columns[i].type);
        shape->columns[shape->column_count++] = i;
    }
    for (uint32_t i = 0; i < shape->column_count; i++) {
        shape->heads[i].data = shape->bytes.data + at;
        at += shape->heads[i].len;
    }
    return SL_OK;
}

/* A row without columns would be no key, as if there were no row. */
static int check_any(const struct sl_shape *shape, struct sl_err *err)
{
    const struct sl_table *table = shape->table;

    if (shape->column_count > 0) {
        return SL_OK;
    }
    return sl_err_set(err, SL_EINVAL,
                      "the rule \"%s\" leaves out every column of table %.*s.%.*s: shorten its "
                      "\"except\"",
                      shape->rule->pattern, (int)table->db.len, (const char *)table->db.data,
                      (int)table->name.len, (const char *)table->name.data);
}

static bool is_in_key(const struct sl_shape *shape, const char *column)
{
    for (size_t i = 0; i < shape->key.count; i++) {
        uint32_t number = shape->key.parts[i].column;

        if (number != SL_KEY_LITERAL &&
            sl_span_equals(shape->table->columns[number].name, column)) {
            return true;
        }
    }
    return false;
}

static int add_mask(struct sl_shape *shape, const struct sl_column_mask *mask, struct sl_err *err)
{
    const struct sl_table *table = shape->table;
    int rc = check_names(shape, &mask->column, 1, "masks", "mask", err);

    if (rc != SL_OK) {
        return rc;
    }
    if (is_in_key(shape, mask->column)) {
        return sl_err_set(err, SL_EINVAL,
                          "the rule \"%s\" masks the column %s, of which the keys of table "
                          "%.*s.%.*s are made: choose another key, or leave it out of \"mask\"",
                          shape->rule->pattern, mask->column, (int)table->db.len,
                          (const char *)table->db.data, (int)table->name.len,
                          (const char *)table->name.data);
    }
    for (uint32_t i = 0; i < shape->column_count; i++) {
        if (sl_span_equals(table->columns[shape->columns[i]].name, mask->column)) {
            shape->masks[i] = mask;
            shape->guesses[i] = mask->kind == SL_MASK_SHA256 ? 64 : shape->guesses[i];
        }
    }
    return SL_OK;
}

static int add_masks(struct sl_shape *shape, struct sl_err *err)
{
    int rc = SL_OK;

    if (shape->rule->mask_count == 0) {
        return SL_OK;
    }
    shape->masks = calloc((size_t)shape->column_count + 1, sizeof(const struct sl_column_mask *));
    if (shape->masks == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; rc == SL_OK && i < shape->rule->mask_count; i++) {
        rc = add_mask(shape, &shape->rule->masks[i], err);
    }
    return rc;
}

static int build(struct sl_shape *shape, struct sl_err *err)
{
    size_t count = shape->table->column_count;
    int rc = check_columns(shape, err);

    if (rc == SL_OK && shape->rule->where != NULL) {
        rc = sl_where_columns_find(shape->rule->where, shape->table, &shape->looked_at, err);
    }
    if (rc == SL_OK) {
        rc = sl_key_compile(shape->rule->key_template, shape->table, &shape->key, err);
    }
    if (rc == SL_OK && shape->rule->part_template != NULL) {
        rc = sl_key_compile_part(shape->rule->part_template, shape->table, &shape->part_key, err);
    }
    if (rc == SL_OK && shape->rule->value == SL_VALUE_STREAM) {
        rc = sl_stream_name_add(shape->rule->stream, shape->table->db, shape->table->name,
                                &shape->stream, err);
    }
    if (rc == SL_OK) {
        rc = sl_indexes_new(shape->rule, shape->table, &shape->indexes, err);
        shape->has_items = shape->indexes != NULL || shape->rule->part_template != NULL;
    }
    if (rc != SL_OK) {
        return rc;
    }
    shape->columns = calloc(count + 1, sizeof(*shape->columns));
    shape->heads = calloc(count + 1, sizeof(*shape->heads));
    shape->guesses = calloc(count + 1, sizeof(*shape->guesses));
    if (shape->columns == NULL || shape->heads == NULL || shape->guesses == NULL) {
        return SL_ENOMEM;
    }
    rc = choose_columns(shape);
    rc = rc == SL_OK ? check_any(shape, err) : rc;
    rc = rc == SL_OK ? check_unique(shape, err) : rc;
    return rc == SL_OK ? add_masks(shape, err) : rc;
}

int sl_shape_new(const struct sl_table_rule *rule, const struct sl_table *table,
                 struct sl_shape **out, struct sl_err *err)
{
    struct sl_shape *shape;
    int rc;

    if (!table->has_names) {
        return sl_err_set(
            err, SL_ESCHEMA,
            "the column names of table %.*s.%.*s are not known for certain: run SET GLOBAL "
            "binlog_row_metadata=FULL at the source",
            (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
            (const char *)table->name.data);
    }
    shape = calloc(1, sizeof(*shape));
    if (shape == NULL) {
        return SL_ENOMEM;
    }
    shape->rule = rule;
    shape->table = table;
    shape->value_max_bytes = SL_VALUE_BYTES_MAX;
    rc = build(shape, err);
    if (rc != SL_OK) {
        sl_shape_free(shape);
        return rc;
    }
    *out = shape;
    return SL_OK;
}
