#include "cdc/value.h"

#include "cdc/charset.h"
#include "cdc/value_decode.h"

enum { SL_NAME_BYTES_MAX = 256 }; /* 64 characters */

static int name_len(const struct sl_column *column)
{
    return column->name.len > SL_NAME_BYTES_MAX ? SL_NAME_BYTES_MAX : (int)column->name.len;
}

int sl_value_bad(const struct sl_column *column, size_t len, struct sl_err *err)
{
    return sl_err_set(
        err, SL_EFORMAT,
        "Column \"%.*s\" (type %u): a stored value of %zu bytes cannot be one of its values; "
        "the event is damaged or the layout is not the event's: load the table again",
        name_len(column), (const char *)column->name.data, column->type, len);
}

int sl_value_full(const struct sl_column *column, int status, struct sl_err *err)
{
    return sl_err_set(err, status,
                      "Column \"%.*s\": %s; raise memory_limit or leave the column out",
                      name_len(column), (const char *)column->name.data,
                      status == SL_ELIMIT ? "the row is larger than a buffer may grow"
                                          : "there is no memory for its text");
}

static int refuse_type(SL_RENDER_ARGS)
{
    (void)data;
    (void)len;
    (void)out;
    return sl_err_set(
        err, SL_EUNSUPPORTED,
        "Column \"%.*s\": type %u with collation %u cannot be decoded; leave it out by "
        "\"columns\" or convert it with ALTER TABLE … MODIFY",
        name_len(column), (const char *)column->name.data, column->type, column->collation);
}

static int refuse_collation(SL_RENDER_ARGS)
{
    (void)data;
    (void)len;
    (void)out;
    return sl_err_set(
        err, SL_ESCHEMA,
        "Column \"%.*s\": its character set is not known, as neither the event nor the "
        "schema says it; set binlog_row_metadata=FULL at the source",
        name_len(column), (const char *)column->name.data);
}

static int refuse_labels(SL_RENDER_ARGS)
{
    (void)data;
    (void)len;
    (void)out;
    return sl_err_set(
        err, SL_ESCHEMA,
        "Column \"%.*s\": the labels of its %s are not known, as neither the event nor "
        "the schema says them; set binlog_row_metadata=FULL at the source",
        name_len(column), (const char *)column->name.data,
        column->type == SL_TYPE_ENUM ? "ENUM" : "SET");
}

static int render_nothing(SL_RENDER_ARGS)
{
    (void)data;
    (void)out;
    return len == 0 ? SL_OK : sl_value_bad(column, len, err);
}

static void decode_as(struct sl_column *column, enum sl_kind kind, sl_render_fn render)
{
    column->kind = (uint8_t)kind;
    column->render = render;
}

static bool is_binary(const struct sl_column *column)
{
    return column->collation == SL_COLLATION_BINARY ||
           (column->charset != NULL && strcmp(sl_charset_name(column->charset), "binary") == 0);
}

/* Text passes through BYTES unchanged when it is UTF-8 already. */
static void prepare_string(struct sl_column *column, sl_render_fn bytes)
{
    if (column->charset == NULL && column->collation != 0) {
        column->charset = sl_charset_of_collation(column->collation);
        if (column->charset == NULL) {
            decode_as(column, SL_KIND_TEXT, refuse_type);
            return;
        }
    }
    if (is_binary(column)) {
        decode_as(column, SL_KIND_BYTES, bytes);
    } else if (column->charset == NULL) {
        decode_as(column, SL_KIND_TEXT, refuse_collation);
    } else if (bytes == sl_value_compressed) {
        decode_as(column, SL_KIND_TEXT, bytes);
    } else {
        decode_as(column, SL_KIND_TEXT,
                  sl_charset_is_utf8(column->charset) ? sl_value_bytes : sl_value_charset_text);
    }
}

static void prepare_fixed_string(struct sl_column *column)
{
    switch (column->special) {
    case SL_SPECIAL_UUID:
        decode_as(column, SL_KIND_TEXT, sl_value_uuid);
        break;
    case SL_SPECIAL_INET6:
        decode_as(column, SL_KIND_TEXT, sl_value_inet6);
        break;
    case SL_SPECIAL_INET4:
        decode_as(column, SL_KIND_TEXT, sl_value_inet4);
        break;
    default:
        prepare_string(column, sl_value_binary);
        break;
    }
}

static void prepare_labels(struct sl_column *column, sl_render_fn render)
{
    bool is_known = column->label_count > 0 && column->labels != NULL;

    decode_as(column, SL_KIND_TEXT, is_known ? render : refuse_labels);
}

static void prepare_string_types(struct sl_column *column)
{
    switch (column->type) {
    case SL_TYPE_STRING:
        prepare_fixed_string(column);
        break;
    case SL_TYPE_VARCHAR:
    case SL_TYPE_VAR_STRING:
    case SL_TYPE_TINY_BLOB:
    case SL_TYPE_MEDIUM_BLOB:
    case SL_TYPE_LONG_BLOB:
    case SL_TYPE_BLOB:
        prepare_string(column, sl_value_bytes);
        break;
    case SL_TYPE_BLOB_COMPRESSED:
    case SL_TYPE_VARCHAR_COMPRESSED:
        prepare_string(column, sl_value_compressed);
        break;
    case SL_TYPE_ENUM:
        prepare_labels(column, sl_value_enum);
        break;
    case SL_TYPE_SET:
        prepare_labels(column, sl_value_set);
        break;
    case SL_TYPE_JSON:
        decode_as(column, SL_KIND_JSON, sl_value_json);
        break;
    case SL_TYPE_VECTOR:
    case SL_TYPE_GEOMETRY:
        decode_as(column, SL_KIND_BYTES, sl_value_bytes);
        break;
    default:
        decode_as(column, SL_KIND_TEXT, refuse_type);
        break;
    }
}

/* Numbers and times: kind and decoder by type code; the rest are strings of some sort. */
static const struct {
    sl_render_fn render;
    enum sl_kind kind;
} scalars[] = {
    [SL_TYPE_FLOAT] = {sl_value_float, SL_KIND_NUMBER},
    [SL_TYPE_DOUBLE] = {sl_value_double, SL_KIND_NUMBER},
    [SL_TYPE_NULL] = {render_nothing, SL_KIND_TEXT},
    [SL_TYPE_TIMESTAMP] = {sl_value_old_timestamp, SL_KIND_TEXT},
    [SL_TYPE_DATE] = {sl_value_date, SL_KIND_TEXT},
    [SL_TYPE_TIME] = {sl_value_old_time, SL_KIND_TEXT},
    [SL_TYPE_DATETIME] = {sl_value_old_datetime, SL_KIND_TEXT},
    [SL_TYPE_YEAR] = {sl_value_year, SL_KIND_NUMBER},
    [SL_TYPE_NEWDATE] = {sl_value_date, SL_KIND_TEXT},
    [SL_TYPE_BIT] = {sl_value_bit, SL_KIND_NUMBER},
    [SL_TYPE_TIMESTAMP2] = {sl_value_timestamp2, SL_KIND_TEXT},
    [SL_TYPE_DATETIME2] = {sl_value_datetime2, SL_KIND_TEXT},
    [SL_TYPE_TIME2] = {sl_value_time2, SL_KIND_TEXT},
    [SL_TYPE_NEWDECIMAL] = {sl_value_decimal, SL_KIND_TEXT},
};

int sl_value_prepare(struct sl_column *column, struct sl_err *err)
{
    sl_render_fn integer = sl_value_integer(column);

    if (integer != NULL) {
        decode_as(column, SL_KIND_NUMBER, integer);
    } else if (column->type < sizeof(scalars) / sizeof(scalars[0]) &&
               scalars[column->type].render != NULL) {
        decode_as(column, scalars[column->type].kind, scalars[column->type].render);
    } else {
        prepare_string_types(column);
    }
    if (column->render == refuse_type || column->render == refuse_collation ||
        column->render == refuse_labels) {
        return column->render(column, NULL, 0, NULL, err);
    }
    return SL_OK;
}

int sl_value_extent(const struct sl_column *column, struct sl_span rest, size_t *prefix,
                    size_t *total)
{
    size_t width = column->length_bytes;
    size_t len = column->fixed_len;

    if (width > 0) {
        if (width > rest.len) {
            return SL_ETRUNC;
        }
        len = (size_t)sl_load_le(rest.data, width);
        if (len > column->max_len) {
            return SL_EFORMAT;
        }
    }
    if (len > rest.len - width) {
        return SL_ETRUNC;
    }
    *prefix = width;
    *total = width + len;
    return SL_OK;
}
