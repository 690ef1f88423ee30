/*
 * column.c - what the type and metadata of a table map event say of a column. Metadata layout:
 * table_def in sql/rpl_utility.cc and do_save_field_metadata() in sql/field.cc of both servers.
 */
#include "cdc/column.h"

enum {
    SL_STRING_TYPE_BITS = 0x30, /* always set in real type codes; a zero is a bit of the length */
    SL_DECIMAL_MAX_DIGITS = 65,
    SL_DECIMAL_MAX_SCALE = 38, /* MySQL allows 30, MariaDB 38 */
    SL_FRACTION_MAX = 6,
};

static int bad_meta(uint8_t wire_type, uint16_t meta, struct sl_err *err)
{
    return sl_err_set(err, SL_EFORMAT,
                      "Table map: metadata 0x%04x is impossible for column type %u; the event is "
                      "damaged: check the binary log with mysqlbinlog",
                      meta, wire_type);
}

static int bad_type(uint8_t wire_type, struct sl_err *err)
{
    return sl_err_set(
        err, SL_EUNSUPPORTED,
        "Table map: column type %u cannot be decoded; exclude the table or convert the "
        "column with ALTER TABLE … MODIFY",
        wire_type);
}

static size_t meta_width(uint8_t wire_type)
{
    switch (wire_type) {
    case SL_TYPE_FLOAT:
    case SL_TYPE_DOUBLE:
    case SL_TYPE_TIMESTAMP2:
    case SL_TYPE_DATETIME2:
    case SL_TYPE_TIME2:
    case SL_TYPE_TINY_BLOB:
    case SL_TYPE_MEDIUM_BLOB:
    case SL_TYPE_LONG_BLOB:
    case SL_TYPE_BLOB:
    case SL_TYPE_BLOB_COMPRESSED:
    case SL_TYPE_JSON:
    case SL_TYPE_VECTOR:
    case SL_TYPE_GEOMETRY:
        return 1;
    case SL_TYPE_VARCHAR:
    case SL_TYPE_VARCHAR_COMPRESSED:
    case SL_TYPE_VAR_STRING:
    case SL_TYPE_BIT:
    case SL_TYPE_NEWDECIMAL:
    case SL_TYPE_STRING:
    case SL_TYPE_ENUM:
    case SL_TYPE_SET:
        return 2;
    default:
        return 0;
    }
}

int sl_column_take_meta(struct sl_span *metadata, uint8_t wire_type, uint16_t *meta,
                        struct sl_err *err)
{
    size_t width = meta_width(wire_type);
    uint64_t value = 0;

    if (width == 0 && wire_type > SL_TYPE_NEWDATE) {
        return bad_type(wire_type, err);
    }
    if (width > 0 && sl_span_le(metadata, width, &value) != SL_OK) {
        return sl_err_set(err, SL_ETRUNC,
                          "Table map: the metadata ends before that of a column of type %u; the "
                          "event is damaged: check the binary log with mysqlbinlog",
                          wire_type);
    }
    if (wire_type == SL_TYPE_STRING || wire_type == SL_TYPE_ENUM || wire_type == SL_TYPE_SET ||
        wire_type == SL_TYPE_NEWDECIMAL) {
        value = (value & 0xff) << 8 | value >> 8;
    }
    *meta = (uint16_t)value;
    return SL_OK;
}

static void set_fixed(struct sl_column *column, size_t len)
{
    column->length_bytes = 0;
    column->fixed_len = (uint8_t)len;
}

static void set_variable(struct sl_column *column, unsigned length_bytes, uint32_t max_len)
{
    column->length_bytes = (uint8_t)length_bytes;
    column->fixed_len = 0;
    column->max_len = max_len;
}

/* Bytes that COUNT decimal digits take (strings/decimal.cc: decimal_bin_size). */
static size_t packed_digits(unsigned count)
{
    static const uint8_t rest[] = {0, 1, 1, 2, 2, 3, 3, 4, 4};

    return count / 9 * 4 + rest[count % 9];
}

static int set_decimal(struct sl_column *column, uint16_t meta, struct sl_err *err)
{
    unsigned precision = meta >> 8;
    unsigned scale = meta & 0xff;

    if (precision < 1 || precision > SL_DECIMAL_MAX_DIGITS || scale > precision ||
        scale > SL_DECIMAL_MAX_SCALE) {
        return bad_meta(SL_TYPE_NEWDECIMAL, meta, err);
    }
    column->precision = (uint8_t)precision;
    column->scale = (uint8_t)scale;
    set_fixed(column, packed_digits(precision - scale) + packed_digits(scale));
    return SL_OK;
}

static int set_bit(struct sl_column *column, uint16_t meta, struct sl_err *err)
{
    unsigned odd_bits = meta & 0xff;
    unsigned bits = (unsigned)(meta >> 8) * 8 + odd_bits;

    if (odd_bits > 7 || bits < 1 || bits > 64) {
        return bad_meta(SL_TYPE_BIT, meta, err);
    }
    column->bits = bits;
    set_fixed(column, (bits + 7) / 8);
    return SL_OK;
}

/*
 * CHAR, BINARY, ENUM and SET all go by STRING, with the real type in the high byte. Lengths above
 * 255 put their two high bits, inverted, where that byte has 0x30 (sql/field.cc:
 * Field_string::do_save_field_metadata).
 */
static int set_string(struct sl_column *column, uint8_t wire_type, uint16_t meta,
                      struct sl_err *err)
{
    unsigned code = meta >> 8;
    unsigned len = meta & 0xff;

    if ((code & SL_STRING_TYPE_BITS) != SL_STRING_TYPE_BITS) {
        len |= ((code & SL_STRING_TYPE_BITS) ^ SL_STRING_TYPE_BITS) << 4;
        code |= SL_STRING_TYPE_BITS;
    }
    switch (code) {
    case SL_TYPE_STRING:
    case SL_TYPE_VAR_STRING:
        set_variable(column, len > 255 ? 2 : 1, len);
        break;
    case SL_TYPE_ENUM:
        if (len != 1 && len != 2) {
            return bad_meta(wire_type, meta, err);
        }
        set_fixed(column, len);
        break;
    case SL_TYPE_SET:
        if (len < 1 || (len > 4 && len != 8)) {
            return bad_meta(wire_type, meta, err);
        }
        set_fixed(column, len);
        break;
    default:
        return bad_meta(wire_type, meta, err);
    }
    column->type = (uint8_t)code;
    return SL_OK;
}

static int set_blob(struct sl_column *column, uint8_t wire_type, uint16_t meta, struct sl_err *err)
{
    if (meta < 1 || meta > 4) {
        return bad_meta(wire_type, meta, err);
    }
    set_variable(column, meta, UINT32_MAX >> (8 * (4 - meta)));
    return SL_OK;
}

static int set_temporal2(struct sl_column *column, uint8_t wire_type, uint16_t meta,
                         struct sl_err *err)
{
    size_t whole = wire_type == SL_TYPE_DATETIME2 ? 5 : wire_type == SL_TYPE_TIMESTAMP2 ? 4 : 3;

    if (meta > SL_FRACTION_MAX) {
        return bad_meta(wire_type, meta, err);
    }
    column->fraction = (uint8_t)meta;
    set_fixed(column, whole + (meta + 1U) / 2);
    return SL_OK;
}

/* Sizes of MariaDB's older temporal types by fraction (sql/compat56.h, sql/field.cc:
 * *_hires_bytes). */
int sl_column_set_fraction(struct sl_column *column, unsigned fraction, struct sl_err *err)
{
    static const uint8_t timestamp_bytes[] = {4, 5, 5, 6, 6, 7, 7};
    static const uint8_t time_bytes[] = {3, 4, 4, 5, 5, 5, 6};
    static const uint8_t datetime_bytes[] = {8, 6, 6, 7, 7, 7, 8};

    if (!sl_column_needs_fraction(column) || fraction > SL_FRACTION_MAX) {
        return sl_err_set(
            err, SL_EINVAL,
            "Column type %u cannot have %u digits after the second: the schema is not "
            "that of the event; load the table again",
            column->type, fraction);
    }
    column->fraction = (uint8_t)fraction;
    set_fixed(column, column->type == SL_TYPE_TIMESTAMP ? timestamp_bytes[fraction]
                      : column->type == SL_TYPE_TIME    ? time_bytes[fraction]
                                                        : datetime_bytes[fraction]);
    return SL_OK;
}

static int set_float(struct sl_column *column, uint8_t wire_type, uint16_t meta, struct sl_err *err)
{
    size_t size = wire_type == SL_TYPE_FLOAT ? 4 : 8;

    if (meta != size) {
        return bad_meta(wire_type, meta, err);
    }
    set_fixed(column, size);
    return SL_OK;
}

/* Types without metadata, whose size the type alone tells. */
static int set_plain(struct sl_column *column, uint8_t wire_type, struct sl_err *err)
{
    static const uint8_t sizes[] = {
        [SL_TYPE_TINY] = 1,     [SL_TYPE_SHORT] = 2, [SL_TYPE_LONG] = 4,    [SL_TYPE_TIMESTAMP] = 4,
        [SL_TYPE_LONGLONG] = 8, [SL_TYPE_INT24] = 3, [SL_TYPE_DATE] = 3,    [SL_TYPE_TIME] = 3,
        [SL_TYPE_DATETIME] = 8, [SL_TYPE_YEAR] = 1,  [SL_TYPE_NEWDATE] = 3,
    };

    if (wire_type != SL_TYPE_NULL && (wire_type >= sizeof(sizes) || sizes[wire_type] == 0)) {
        return bad_type(wire_type, err);
    }
    column->fraction = 0;
    set_fixed(column, sizes[wire_type]);
    return SL_OK;
}

int sl_column_from_meta(struct sl_column *column, uint8_t wire_type, uint16_t meta,
                        struct sl_err *err)
{
    column->type = wire_type;
    column->meta = meta;
    switch (wire_type) {
    case SL_TYPE_NEWDECIMAL:
        return set_decimal(column, meta, err);
    case SL_TYPE_BIT:
        return set_bit(column, meta, err);
    case SL_TYPE_STRING:
    case SL_TYPE_ENUM:
    case SL_TYPE_SET:
        return set_string(column, wire_type, meta, err);
    case SL_TYPE_VARCHAR:
    case SL_TYPE_VAR_STRING:
    case SL_TYPE_VARCHAR_COMPRESSED:
        set_variable(column, meta > 255 ? 2 : 1, meta);
        return SL_OK;
    case SL_TYPE_TINY_BLOB:
    case SL_TYPE_MEDIUM_BLOB:
    case SL_TYPE_LONG_BLOB:
    case SL_TYPE_BLOB:
    case SL_TYPE_BLOB_COMPRESSED:
    case SL_TYPE_JSON:
    case SL_TYPE_VECTOR:
    case SL_TYPE_GEOMETRY:
        return set_blob(column, wire_type, meta, err);
    case SL_TYPE_TIMESTAMP2:
    case SL_TYPE_DATETIME2:
    case SL_TYPE_TIME2:
        return set_temporal2(column, wire_type, meta, err);
    case SL_TYPE_FLOAT:
    case SL_TYPE_DOUBLE:
        return set_float(column, wire_type, meta, err);
    default:
        return set_plain(column, wire_type, err);
    }
}
