/*
 * column.h - tables and columns as the row decoder sees them: merged from the
 * table map event (types, metadata, names if the server logs them) and from
 * the server's information_schema (what no event carries: zero fill, MariaDB's
 * UUID and INET types).
 */
#ifndef SLUICE_CDC_COLUMN_H
#define SLUICE_CDC_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"

/* Type codes of table map events (include/field_types.h of MySQL, sql/field.h of MariaDB). */
enum sl_type {
    SL_TYPE_DECIMAL = 0, /* before MySQL 5.0 */
    SL_TYPE_TINY = 1,
    SL_TYPE_SHORT = 2,
    SL_TYPE_LONG = 3,
    SL_TYPE_FLOAT = 4,
    SL_TYPE_DOUBLE = 5,
    SL_TYPE_NULL = 6,
    SL_TYPE_TIMESTAMP =
        7, /* without fractions, as MySQL 5.5 and mysql56_temporal_format=OFF write it */
    SL_TYPE_LONGLONG = 8,
    SL_TYPE_INT24 = 9,
    SL_TYPE_DATE = 10,
    SL_TYPE_TIME = 11,
    SL_TYPE_DATETIME = 12,
    SL_TYPE_YEAR = 13,
    SL_TYPE_NEWDATE = 14,
    SL_TYPE_VARCHAR = 15,
    SL_TYPE_BIT = 16,
    SL_TYPE_TIMESTAMP2 = 17,
    SL_TYPE_DATETIME2 = 18,
    SL_TYPE_TIME2 = 19,
    SL_TYPE_TYPED_ARRAY = 20,
    SL_TYPE_BLOB_COMPRESSED = 140,    /* MariaDB */
    SL_TYPE_VARCHAR_COMPRESSED = 141, /* MariaDB */
    SL_TYPE_VECTOR = 242,             /* MySQL 9 */
    SL_TYPE_JSON = 245,
    SL_TYPE_NEWDECIMAL = 246,
    SL_TYPE_ENUM = 247,
    SL_TYPE_SET = 248,
    SL_TYPE_TINY_BLOB = 249,
    SL_TYPE_MEDIUM_BLOB = 250,
    SL_TYPE_LONG_BLOB = 251,
    SL_TYPE_BLOB = 252,
    SL_TYPE_VAR_STRING = 253,
    SL_TYPE_STRING = 254,
    SL_TYPE_GEOMETRY = 255,
};

/* How a value counts in JSON. */
enum sl_kind {
    SL_KIND_NUMBER, /* integers, FLOAT, DOUBLE, BIT, YEAR: the text is a JSON number */
    SL_KIND_TEXT,   /* UTF-8 text, DECIMAL and temporal types */
    SL_KIND_BYTES,  /* BINARY, BLOB, GEOMETRY, VECTOR: base64 in JSON */
    SL_KIND_JSON,   /* the text is a JSON document */
};

/* What the type code alone does not say. */
enum sl_special {
    SL_SPECIAL_NONE,
    SL_SPECIAL_UUID,  /* MariaDB UUID: 16 bytes in a STRING */
    SL_SPECIAL_INET6, /* MariaDB INET6: 16 bytes */
    SL_SPECIAL_INET4, /* MariaDB INET4: 4 bytes */
};

struct sl_charset; /* charset.h */
struct sl_column;

/* One column of one row image: a view into the event. */
enum sl_cell_state {
    SL_CELL_ABSENT = 0, /* not in this image (MINIMAL, NOBLOB) */
    SL_CELL_NULL,
    SL_CELL_VALUE,
    SL_CELL_JSON_DIFF, /* a partial JSON update: data is the diff sequence */
    SL_CELL_TEXT,      /* the final text already: the row was read again from the source */
};

struct sl_cell {
    const uint8_t *data; /* the stored bytes without any length prefix; see rows.h */
    uint32_t len;
    uint32_t state; /* enum sl_cell_state */
};

/*
 * Appends the text of a cell (state SL_CELL_VALUE) to OUT: what SELECT returns, see value.h.
 * SL_EFORMAT or SL_ETRUNC when the bytes cannot be a value of the column; OUT is then as before.
 */
typedef int (*sl_render_fn)(const struct sl_column *column, const uint8_t *data, size_t len,
                            struct sl_buf *out, struct sl_err *err);

struct sl_column {
    struct sl_span name; /* UTF-8; empty while unknown. Owned by the table */
    uint8_t type;        /* enum sl_type: the real type, so ENUM and SET, never STRING for them */
    uint8_t kind;        /* enum sl_kind */
    uint8_t special;     /* enum sl_special */
    bool is_unsigned;
    bool is_nullable;
    bool is_invisible;
    bool is_zerofill;
    uint8_t fraction;     /* temporal types: digits after the second, 0 to 6 */
    uint8_t precision;    /* DECIMAL: digits in all */
    uint8_t scale;        /* DECIMAL: digits after the point */
    uint8_t length_bytes; /* width of the length prefix in a row image: 0 (fixed), 1, 2, 3, 4 */
    uint8_t fixed_len;    /* bytes in a row image while length_bytes is 0 */
    uint16_t meta;        /* see sl_column_take_meta() */
    uint32_t max_len; /* var-length types: bytes at most; integers and YEAR: display width, from the
                         schema */
    uint32_t bits;    /* BIT(n): n */
    uint16_t collation; /* collation id of the server; 63 is binary; 0 unknown */
    const struct sl_charset
        *charset; /* how to turn bytes into UTF-8; NULL: they are taken as they are */
    const struct sl_span *labels; /* ENUM and SET, as UTF-8, in order; owned by the table */
    uint32_t label_count;
    sl_render_fn render; /* set by sl_value_prepare() */
    uint64_t unique_in;  /* bits of sl_table.uniques whose index it is part of */
};

/*
 * Takes the metadata of a column of WIRE_TYPE off the front of the metadata block of a table map.
 * In *META the first byte is the high one for STRING, ENUM, SET and NEWDECIMAL, the low one for the
 * rest; 0 for types without metadata. SL_ETRUNC; SL_EUNSUPPORTED for an unknown type, as the
 * width of its metadata is not known.
 */
int sl_column_take_meta(struct sl_span *metadata, uint8_t wire_type, uint16_t *meta,
                        struct sl_err *err) SL_MUSTCHECK;

/*
 * Fills type, meta, fraction, precision, scale, bits, length_bytes, fixed_len and max_len from what
 * a table map says of a column and leaves the other fields alone. SL_EFORMAT for metadata that the
 * type cannot have, SL_EUNSUPPORTED for a type that cannot be decoded. Call sl_value_prepare()
 * next.
 */
int sl_column_from_meta(struct sl_column *column, uint8_t wire_type, uint16_t meta,
                        struct sl_err *err) SL_MUSTCHECK;

/*
 * MariaDB tables made before 10.1 or under mysql56_temporal_format=OFF keep TIME, DATETIME and
 * TIMESTAMP in an older form (types 11, 12 and 7) whose size depends on digits after the second
 * that no event carries; information_schema marks them: "datetime(3) slash-star mariadb-5.3".
 * Call this with those digits (0 to 6) after sl_column_from_meta(). A MariaDB column of such a
 * type whose schema is unknown must be refused (sl_column_needs_fraction()): its extent is not
 * certain.
 */
int sl_column_set_fraction(struct sl_column *column, unsigned fraction,
                           struct sl_err *err) SL_MUSTCHECK;

static inline bool sl_column_needs_fraction(const struct sl_column *column)
{
    return column->type == SL_TYPE_TIMESTAMP || column->type == SL_TYPE_TIME ||
           column->type == SL_TYPE_DATETIME;
}

/* A table layout. Immutable once built, owned by the table cache (table_map.h). */
struct sl_table {
    uint64_t id;         /* of the table map event */
    struct sl_span db;   /* UTF-8 */
    struct sl_span name; /* UTF-8 */
    struct sl_column *columns;
    uint32_t column_count;
    uint32_t *key;      /* column numbers of the row key, in key order */
    uint32_t key_count; /* 0: no primary key and no unique NOT NULL index, or not known */
    uint64_t uniques;   /* a bit for each index that tells rows apart; 0: not known */
    bool has_names;     /* every column has a trusted name */
    bool key_is_primary;
    void *user; /* what the consumer hangs on it (compiled rule); see user_free */
    void (*user_free)(void *user);
    struct sl_table_count *count; /* where its rows are counted (table_counts.h), or NULL */
};

enum sl_op {
    SL_OP_INSERT,
    SL_OP_UPDATE,
    SL_OP_DELETE,
    SL_OPS, /* how many there are */
};

/* One changed row. Views are valid during the callback that gets it. */
struct sl_row_change {
    enum sl_op op;
    const struct sl_table *table;
    const struct sl_cell *before; /* column_count cells; NULL for INSERT */
    const struct sl_cell *after;  /* column_count cells; NULL for DELETE */
    uint32_t timestamp;           /* seconds since 1970, of the event */
    struct sl_span after_image; /* what `after` was split from, for sl_rows_split(); empty unless it
                                   is full and without JSON diffs */
    bool before_is_full;        /* no cell of the image is absent (generated columns included) */
    bool after_is_full;
};

#endif
