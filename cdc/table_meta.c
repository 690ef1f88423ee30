#include "cdc/table_meta.h"

#include "cdc/charset.h"

enum sl_meta_field {
    SL_META_SIGNEDNESS = 1,
    SL_META_DEFAULT_CHARSET = 2,
    SL_META_COLUMN_CHARSET = 3,
    SL_META_COLUMN_NAME = 4,
    SL_META_SET_LABELS = 5,
    SL_META_ENUM_LABELS = 6,
    SL_META_GEOMETRY_TYPE = 7,
    SL_META_PRIMARY_KEY = 8,
    SL_META_PRIMARY_KEY_PREFIX = 9,
    SL_META_ENUM_DEFAULT_CHARSET = 10,
    SL_META_ENUM_COLUMN_CHARSET = 11,
    SL_META_VISIBILITY = 12,
    SL_META_VECTOR_DIMENSION = 13,
};

/* What the readers of the fields share. */
struct sl_meta_reader {
    struct sl_column *columns;
    uint32_t count;
    bool is_mariadb;
    struct sl_arena *arena;
    struct sl_table_meta *meta;
    struct sl_span set_labels; /* read when the character sets are known */
    struct sl_span enum_labels;
};

typedef bool (*sl_meta_class_fn)(const struct sl_meta_reader *reader,
                                 const struct sl_column *column);

static bool is_numeric(const struct sl_meta_reader *reader, const struct sl_column *column)
{
    (void)reader;
    switch (column->type) {
    case SL_TYPE_TINY:
    case SL_TYPE_SHORT:
    case SL_TYPE_INT24:
    case SL_TYPE_LONG:
    case SL_TYPE_LONGLONG:
    case SL_TYPE_NEWDECIMAL:
    case SL_TYPE_FLOAT:
    case SL_TYPE_DOUBLE:
    case SL_TYPE_YEAR: /* as captured from MySQL 9.7 and MariaDB 10.11: YEAR counts, BIT does not */
        return true;
    default:
        return false;
    }
}

/* Captured: MySQL counts VECTOR but neither JSON nor GEOMETRY, MariaDB counts GEOMETRY. */
static bool is_character(const struct sl_meta_reader *reader, const struct sl_column *column)
{
    switch (column->type) {
    case SL_TYPE_STRING:
    case SL_TYPE_VAR_STRING:
    case SL_TYPE_VARCHAR:
    case SL_TYPE_TINY_BLOB:
    case SL_TYPE_MEDIUM_BLOB:
    case SL_TYPE_LONG_BLOB:
    case SL_TYPE_BLOB:
    case SL_TYPE_VARCHAR_COMPRESSED:
    case SL_TYPE_BLOB_COMPRESSED:
    case SL_TYPE_VECTOR:
        return true;
    case SL_TYPE_GEOMETRY:
        return reader->is_mariadb;
    default:
        return false;
    }
}

static bool is_labelled(const struct sl_meta_reader *reader, const struct sl_column *column)
{
    (void)reader;
    return column->type == SL_TYPE_ENUM || column->type == SL_TYPE_SET;
}

/* The first column of a class at or behind INDEX; NULL when there is none. */
static struct sl_column *next_of(const struct sl_meta_reader *reader, sl_meta_class_fn of_class,
                                 uint32_t *index)
{
    for (; *index < reader->count; (*index)++) {
        if (of_class(reader, &reader->columns[*index])) {
            return &reader->columns[(*index)++];
        }
    }
    return NULL;
}

void sl_table_set_collation(struct sl_column *column, uint32_t collation)
{
    if (column->type == SL_TYPE_GEOMETRY || column->type == SL_TYPE_VECTOR) {
        return;
    }
    column->collation = collation <= UINT16_MAX ? (uint16_t)collation : 0;
    column->charset = sl_charset_of_collation(collation);
}

/* Bits, the highest of each byte first: one a numeric column, set for UNSIGNED. */
static int read_signedness(struct sl_meta_reader *reader, struct sl_span value)
{
    uint32_t index = 0;
    struct sl_column *column = next_of(reader, is_numeric, &index);

    for (size_t bit = 0; column != NULL; bit++, column = next_of(reader, is_numeric, &index)) {
        if (bit / 8 >= value.len) {
            return SL_ETRUNC;
        }
        column->is_unsigned = (value.data[bit / 8] << bit % 8 & 0x80) != 0;
    }
    reader->meta->has_signedness = true;
    return SL_OK;
}

static int read_visibility(struct sl_meta_reader *reader, struct sl_span value)
{
    for (uint32_t i = 0; i < reader->count; i++) {
        if (i / 8 >= value.len) {
            return SL_ETRUNC;
        }
        reader->columns[i].is_invisible = (value.data[i / 8] << i % 8 & 0x80) == 0;
    }
    reader->meta->has_visibility = true;
    return SL_OK;
}

/* A collation for all columns of the class, then pairs for those that have another one. */
static int read_default_charset(struct sl_meta_reader *reader, struct sl_span value,
                                sl_meta_class_fn of_class)
{
    uint64_t fallback;
    uint64_t place = UINT64_MAX; /* of the next pair, counted in the class */
    uint64_t collation = 0;
    uint32_t index = 0;
    uint64_t at = 0;
    int rc = sl_span_lenenc(&value, &fallback);

    for (struct sl_column *column; rc == SL_OK && (column = next_of(reader, of_class, &index));
         at++) {
        if ((place == UINT64_MAX || place < at) && value.len > 0) {
            rc = sl_span_lenenc(&value, &place);
            rc = rc != SL_OK ? rc : sl_span_lenenc(&value, &collation);
        }
        if (rc == SL_OK) {
            uint64_t chosen = place == at ? collation : fallback;

            sl_table_set_collation(column, chosen <= UINT32_MAX ? (uint32_t)chosen : 0);
        }
    }
    return rc;
}

/* A collation for each column of the class. */
static int read_column_charset(struct sl_meta_reader *reader, struct sl_span value,
                               sl_meta_class_fn of_class)
{
    uint32_t index = 0;
    int rc = SL_OK;

    for (struct sl_column *column; rc == SL_OK && (column = next_of(reader, of_class, &index));) {
        uint64_t collation;

        rc = sl_span_lenenc(&value, &collation);
        if (rc == SL_OK) {
            sl_table_set_collation(column, collation <= UINT32_MAX ? (uint32_t)collation : 0);
        }
    }
    return rc;
}

static int read_names(struct sl_meta_reader *reader, struct sl_span value)
{
    for (uint32_t i = 0; i < reader->count; i++) {
        int rc = sl_span_lenenc_bytes(&value, &reader->columns[i].name);

        if (rc != SL_OK) {
            return rc;
        }
    }
    reader->meta->has_names = reader->count > 0;
    return SL_OK;
}

/* Column numbers, each with the length of its prefix when HAS_PREFIX. */
static int read_key(struct sl_meta_reader *reader, struct sl_span value, bool has_prefix)
{
    uint32_t *key = sl_arena_array(reader->arena, reader->count, sizeof(*key));
    uint32_t used = 0;

    if (key == NULL) {
        return SL_ENOMEM;
    }
    while (value.len > 0) {
        uint64_t number;
        uint64_t prefix;
        int rc = sl_span_lenenc(&value, &number);

        if (rc == SL_OK && has_prefix) {
            rc = sl_span_lenenc(&value, &prefix);
        }
        if (rc != SL_OK) {
            return rc;
        }
        if (number >= reader->count || used == reader->count) {
            return SL_EFORMAT;
        }
        key[used++] = (uint32_t)number;
    }
    reader->meta->key = key;
    reader->meta->key_count = used;
    return SL_OK;
}

static int read_field(struct sl_meta_reader *reader, uint8_t type, struct sl_span value)
{
    switch (type) {
    case SL_META_SIGNEDNESS:
        return read_signedness(reader, value);
    case SL_META_DEFAULT_CHARSET:
        return read_default_charset(reader, value, is_character);
    case SL_META_COLUMN_CHARSET:
        return read_column_charset(reader, value, is_character);
    case SL_META_COLUMN_NAME:
        return read_names(reader, value);
    case SL_META_SET_LABELS:
        reader->set_labels = value;
        return SL_OK;
    case SL_META_ENUM_LABELS:
        reader->enum_labels = value;
        return SL_OK;
    case SL_META_PRIMARY_KEY:
    case SL_META_PRIMARY_KEY_PREFIX:
        return read_key(reader, value, type == SL_META_PRIMARY_KEY_PREFIX);
    case SL_META_ENUM_DEFAULT_CHARSET:
        return read_default_charset(reader, value, is_labelled);
    case SL_META_ENUM_COLUMN_CHARSET:
        return read_column_charset(reader, value, is_labelled);
    case SL_META_VISIBILITY:
        return read_visibility(reader, value);
    case SL_META_GEOMETRY_TYPE:    /* rows are decoded alike whatever the shape */
    case SL_META_VECTOR_DIMENSION: /* rows carry their own length */
    default:
        return SL_OK;
    }
}

/* One label, in UTF-8. A view where the bytes are UTF-8 already. */
static int read_label(struct sl_meta_reader *reader, const struct sl_column *column,
                      struct sl_span *value, struct sl_span *label)
{
    struct sl_buf text = {0};
    int rc = sl_span_lenenc_bytes(value, label);

    if (rc != SL_OK || column->charset == NULL || sl_charset_is_utf8(column->charset)) {
        return rc;
    }
    rc = sl_charset_to_utf8(column->charset, *label, &text, NULL);
    if (rc == SL_OK) {
        *label = sl_span_make(text.data, text.len);
        rc = sl_arena_keep(reader->arena, label);
    }
    sl_buf_release(&text);
    return rc;
}

static int read_labels(struct sl_meta_reader *reader, struct sl_column *column,
                       struct sl_span *value)
{
    struct sl_span *labels;
    uint64_t count;
    int rc = sl_span_lenenc(value, &count);

    if (rc != SL_OK) {
        return rc;
    }
    if (count > value->len) { /* each takes a byte at least */
        return SL_ETRUNC;
    }
    labels = sl_arena_array(reader->arena, (size_t)count, sizeof(*labels));
    if (labels == NULL) {
        return SL_ENOMEM;
    }
    for (uint64_t i = 0; i < count && rc == SL_OK; i++) {
        rc = read_label(reader, column, value, &labels[i]);
    }
    column->labels = labels;
    column->label_count = (uint32_t)count;
    return rc;
}

/* The labels come in two fields, one for ENUM and one for SET, each in column order. */
static int read_all_labels(struct sl_meta_reader *reader)
{
    int rc = SL_OK;

    reader->meta->has_labels = true;
    for (uint32_t i = 0; i < reader->count && rc == SL_OK; i++) {
        struct sl_column *column = &reader->columns[i];
        struct sl_span *value =
            column->type == SL_TYPE_ENUM ? &reader->enum_labels : &reader->set_labels;

        if (!is_labelled(reader, column)) {
            continue;
        }
        if (value->data == NULL) {
            reader->meta->has_labels = false;
        } else {
            rc = read_labels(reader, column, value);
        }
    }
    return rc;
}

int sl_table_meta_apply(struct sl_span optional, bool is_mariadb, const struct sl_table *table,
                        struct sl_arena *arena, struct sl_table_meta *meta, struct sl_err *err)
{
    struct sl_meta_reader reader = {.columns = table->columns,
                                    .count = table->column_count,
                                    .is_mariadb = is_mariadb,
                                    .arena = arena,
                                    .meta = meta};
    uint8_t type = 0;
    int rc = SL_OK;

    *meta = (struct sl_table_meta){0};
    while (optional.len > 0 && rc == SL_OK) {
        struct sl_span value;

        rc = sl_span_u8(&optional, &type);
        rc = rc != SL_OK ? rc : sl_span_lenenc_bytes(&optional, &value);
        rc = rc != SL_OK ? rc : read_field(&reader, type, value);
    }
    if (rc == SL_OK) {
        rc = read_all_labels(&reader);
    }
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "metadata field %u of the table map cannot be read", type);
    }
    return SL_OK;
}
