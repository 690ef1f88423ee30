#include "cdc/table_schema.h"

#include <stdlib.h>

#include "cdc/charset.h"

#define SL_REMEDY "run SET GLOBAL binlog_row_metadata=FULL on the source"

/* Which wire types a DATA_TYPE can have; two where the servers or their versions differ. */
static const struct {
    const char *data_type;
    uint8_t types[4];
} pairs[] = {
    {"tinyint", {SL_TYPE_TINY}},
    {"smallint", {SL_TYPE_SHORT}},
    {"mediumint", {SL_TYPE_INT24}},
    {"int", {SL_TYPE_LONG}},
    {"bigint", {SL_TYPE_LONGLONG}},
    {"decimal", {SL_TYPE_NEWDECIMAL}},
    {"float", {SL_TYPE_FLOAT}},
    {"double", {SL_TYPE_DOUBLE}},
    {"bit", {SL_TYPE_BIT}},
    {"year", {SL_TYPE_YEAR}},
    {"date", {SL_TYPE_DATE, SL_TYPE_NEWDATE}},
    {"time", {SL_TYPE_TIME, SL_TYPE_TIME2}},
    {"datetime", {SL_TYPE_DATETIME, SL_TYPE_DATETIME2}},
    {"timestamp", {SL_TYPE_TIMESTAMP, SL_TYPE_TIMESTAMP2}},
    {"char", {SL_TYPE_STRING, SL_TYPE_VAR_STRING}},
    {"binary", {SL_TYPE_STRING, SL_TYPE_VAR_STRING}},
    {"uuid", {SL_TYPE_STRING}},
    {"inet4", {SL_TYPE_STRING}},
    {"inet6", {SL_TYPE_STRING}},
    {"varchar", {SL_TYPE_VARCHAR, SL_TYPE_VARCHAR_COMPRESSED, SL_TYPE_VAR_STRING}},
    {"varbinary", {SL_TYPE_VARCHAR, SL_TYPE_VARCHAR_COMPRESSED, SL_TYPE_VAR_STRING}},
    {"tinytext", {SL_TYPE_BLOB, SL_TYPE_BLOB_COMPRESSED, SL_TYPE_TINY_BLOB}},
    {"text", {SL_TYPE_BLOB, SL_TYPE_BLOB_COMPRESSED}},
    {"mediumtext", {SL_TYPE_BLOB, SL_TYPE_BLOB_COMPRESSED, SL_TYPE_MEDIUM_BLOB}},
    {"longtext", {SL_TYPE_BLOB, SL_TYPE_BLOB_COMPRESSED, SL_TYPE_LONG_BLOB}},
    {"tinyblob", {SL_TYPE_BLOB, SL_TYPE_BLOB_COMPRESSED, SL_TYPE_TINY_BLOB}},
    {"blob", {SL_TYPE_BLOB, SL_TYPE_BLOB_COMPRESSED}},
    {"mediumblob", {SL_TYPE_BLOB, SL_TYPE_BLOB_COMPRESSED, SL_TYPE_MEDIUM_BLOB}},
    {"longblob", {SL_TYPE_BLOB, SL_TYPE_BLOB_COMPRESSED, SL_TYPE_LONG_BLOB}},
    {"json", {SL_TYPE_JSON, SL_TYPE_BLOB}},
    {"enum", {SL_TYPE_ENUM}},
    {"set", {SL_TYPE_SET}},
    {"vector", {SL_TYPE_VECTOR, SL_TYPE_VARCHAR}},
    {"geometry", {SL_TYPE_GEOMETRY}},
    {"point", {SL_TYPE_GEOMETRY}},
    {"linestring", {SL_TYPE_GEOMETRY}},
    {"polygon", {SL_TYPE_GEOMETRY}},
    {"multipoint", {SL_TYPE_GEOMETRY}},
    {"multilinestring", {SL_TYPE_GEOMETRY}},
    {"multipolygon", {SL_TYPE_GEOMETRY}},
    {"geometrycollection", {SL_TYPE_GEOMETRY}},
    {"geomcollection", {SL_TYPE_GEOMETRY}},
};

bool sl_table_schema_fits(uint8_t type, struct sl_span data_type)
{
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (!sl_span_equals(data_type, pairs[i].data_type)) {
            continue;
        }
        for (size_t j = 0; j < sizeof(pairs[i].types); j++) {
            if (type == pairs[i].types[j] && (type != 0 || j == 0)) {
                return true;
            }
        }
        return false;
    }
    return true; /* a type of a plugin: the number of columns has to do */
}

uint8_t sl_table_schema_type(struct sl_span data_type)
{
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (sl_span_equals(data_type, pairs[i].data_type)) {
            return pairs[i].types[0];
        }
    }
    return SL_TYPE_VARCHAR;
}

static bool contains(struct sl_span text, const char *word)
{
    return text.len > 0 && memmem(text.data, text.len, word, strlen(word)) != NULL;
}

static bool same(struct sl_span a, struct sl_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* The number in the first parentheses of a COLUMN_TYPE; 0 when there is none. */
static uint32_t in_parentheses(struct sl_span column_type)
{
    const uint8_t *open =
        column_type.len == 0 ? NULL : memchr(column_type.data, '(', column_type.len);
    uint32_t value = 0;

    if (open == NULL) {
        return 0;
    }
    for (const uint8_t *at = open + 1; at < column_type.data + column_type.len; at++) {
        if (*at < '0' || *at > '9' || value > 100000) {
            break;
        }
        value = value * 10 + (uint32_t)(*at - '0');
    }
    return value;
}

static enum sl_special special_of(const struct sl_column *column, struct sl_span data_type)
{
    if (column->type != SL_TYPE_STRING) {
        return SL_SPECIAL_NONE;
    }
    if (column->max_len == 16 && sl_span_equals(data_type, "uuid")) {
        return SL_SPECIAL_UUID;
    }
    if (column->max_len == 16 && sl_span_equals(data_type, "inet6")) {
        return SL_SPECIAL_INET6;
    }
    if (column->max_len == 4 && sl_span_equals(data_type, "inet4")) {
        return SL_SPECIAL_INET4;
    }
    return SL_SPECIAL_NONE;
}

static bool is_integer(const struct sl_column *column)
{
    switch (column->type) {
    case SL_TYPE_TINY:
    case SL_TYPE_SHORT:
    case SL_TYPE_INT24:
    case SL_TYPE_LONG:
    case SL_TYPE_LONGLONG:
        return true;
    default:
        return false;
    }
}

static void hint_number(struct sl_column *column, const struct sl_table_meta *meta,
                        struct sl_span column_type)
{
    column->is_zerofill = contains(column_type, "zerofill");
    if (!meta->has_signedness) {
        column->is_unsigned = contains(column_type, "unsigned");
    }
    if (is_integer(column) || column->type == SL_TYPE_YEAR) {
        column->max_len = in_parentheses(column_type);
    }
}

static void hint_charset(struct sl_column *column, struct sl_span charset)
{
    char name[64];

    if (column->collation != 0 || column->charset != NULL) {
        return;
    }
    if (charset.len == 0) {
        sl_table_set_collation(column, SL_COLLATION_BINARY);
        return;
    }
    if (charset.len < sizeof(name)) {
        memcpy(name, charset.data, charset.len);
        name[charset.len] = '\0';
        column->charset = sl_charset_by_name(name);
    }
}

/* Puts the hints of one column of the schema onto its partner. */
static int hint(struct sl_column *column, const struct sl_table_meta *meta,
                const struct sl_schema_column *from, struct sl_arena *arena, struct sl_err *err)
{
    int rc = SL_OK;

    column->special = (uint8_t)special_of(column, from->data_type);
    switch (column->type) {
    case SL_TYPE_ENUM:
    case SL_TYPE_SET:
        if (column->label_count == 0) {
            rc = sl_table_schema_labels(column, from->column_type, arena);
        }
        hint_charset(column, from->charset);
        break;
    case SL_TYPE_STRING:
    case SL_TYPE_VAR_STRING:
    case SL_TYPE_VARCHAR:
    case SL_TYPE_VARCHAR_COMPRESSED:
    case SL_TYPE_TINY_BLOB:
    case SL_TYPE_MEDIUM_BLOB:
    case SL_TYPE_LONG_BLOB:
    case SL_TYPE_BLOB:
    case SL_TYPE_BLOB_COMPRESSED:
        hint_charset(column, from->charset);
        break;
    case SL_TYPE_TIMESTAMP:
    case SL_TYPE_TIME:
    case SL_TYPE_DATETIME:
        return sl_column_set_fraction(column, in_parentheses(from->column_type), err);
    default:
        hint_number(column, meta, from->column_type);
        break;
    }
    return rc;
}

static int not_known(const struct sl_table *table, const char *why, struct sl_err *err)
{
    return sl_err_set(err, SL_ESCHEMA,
                      "the columns of %.*s.%.*s are not certain: %s; " SL_REMEDY
                      " and load the table again",
                      (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                      (const char *)table->name.data, why);
}

/* Without names in the event, the schema's columns must be the event's, one by one. */
static int check_places(const struct sl_table *table, const struct sl_schema *schema,
                        struct sl_err *err)
{
    if (!schema->is_current) {
        return not_known(table,
                         "the binary log has no column names, and the table may have been altered "
                         "since the event was written",
                         err);
    }
    if (schema->count != table->column_count) {
        return not_known(table, "the event has another number of columns than the table has now",
                         err);
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (!sl_table_schema_fits(table->columns[i].type, schema->columns[i].data_type)) {
            return not_known(table, "a column has another type in the event than it has now", err);
        }
    }
    return SL_OK;
}

static const struct sl_schema_column *partner(const struct sl_schema *schema, uint32_t place,
                                              const struct sl_column *column, bool by_name)
{
    if (place < schema->count && (!by_name || same(schema->columns[place].name, column->name))) {
        return &schema->columns[place];
    }
    if (!by_name) {
        return NULL;
    }
    for (size_t i = 0; i < schema->count; i++) {
        if (same(schema->columns[i].name, column->name)) {
            return &schema->columns[i];
        }
    }
    return NULL;
}

/* The row key by key_part. A part without a column leaves the table without a key. */
static int take_key(struct sl_table *table, const struct sl_schema_column *const *partners,
                    const struct sl_schema *schema, struct sl_arena *arena)
{
    uint32_t *key = sl_arena_array(arena, table->column_count, sizeof(*key));
    uint32_t parts = 0;
    uint32_t found = 0;

    if (key == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; i < schema->count; i++) {
        parts += schema->columns[i].key_part > 0;
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        uint32_t part = partners[i] != NULL ? partners[i]->key_part : 0;

        if (part > 0 && part <= parts && parts <= table->column_count) {
            key[part - 1] = i;
            found++;
        }
    }
    if (parts > 0 && found == parts) {
        table->key = key;
        table->key_count = parts;
        table->key_is_primary = schema->key_is_primary;
    }
    return SL_OK;
}

static int merge(struct sl_table *table, const struct sl_table_meta *meta,
                 const struct sl_schema *schema, const struct sl_schema_column **partners,
                 struct sl_arena *arena, struct sl_err *err)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        struct sl_column *column = &table->columns[i];
        const struct sl_schema_column *from = partner(schema, i, column, meta->has_names);
        int rc;

        if (from != NULL && !sl_table_schema_fits(column->type, from->data_type)) {
            from = NULL; /* altered since: of no use */
        }
        partners[i] = from;
        if (from == NULL) {
            continue;
        }
        column->unique_in = from->unique_in;
        if (!meta->has_names) {
            column->name = from->name;
            rc = sl_arena_keep(arena, &column->name);
            if (rc != SL_OK) {
                return rc;
            }
        }
        if (!meta->has_visibility) {
            column->is_invisible = from->is_invisible;
        }
        rc = hint(column, meta, from, arena, err);
        if (rc != SL_OK) {
            return rc;
        }
    }
    return SL_OK;
}

int sl_table_schema_apply(struct sl_table *table, const struct sl_table_meta *meta,
                          const struct sl_schema *schema, struct sl_arena *arena,
                          struct sl_err *err)
{
    const struct sl_schema_column **partners;
    int rc = meta->has_names ? SL_OK : check_places(table, schema, err);

    if (rc != SL_OK) {
        return rc;
    }
    partners = sl_arena_array(arena, table->column_count, sizeof(const struct sl_schema_column *));
    if (partners == NULL) {
        return sl_err_set(err, SL_ENOMEM, "no memory for the columns of a table");
    }
    rc = merge(table, meta, schema, partners, arena, err);
    if (rc == SL_OK) {
        table->has_names = true;
        table->uniques = schema->uniques;
    }
    if (rc == SL_OK && table->key_count == 0) {
        rc = take_key(table, partners, schema, arena);
    }
    if (rc == SL_EFORMAT) {
        return not_known(table, "the labels of an ENUM or SET column cannot be read", err);
    }
    return rc;
}
