#include "cdc/chunk_pad.h"

#include <string.h>

#include "cdc/sql_text.h"

bool sl_chunk_pad_is_needed(struct sl_span data_type, struct sl_span collation)
{
    static const char word[] = "nopad";

    return sl_span_equals(data_type, "char") && collation.len > 0 &&
           memmem(collation.data, collation.len, word, sizeof(word) - 1) != NULL;
}

static int add_literal(struct sl_buf *sql, const struct sl_chunk_part *part, struct sl_span value)
{
    int rc =
        sl_buf_add_format(sql, "_%.*s ", (int)part->charset.len, (const char *)part->charset.data);

    return rc == SL_OK ? sl_sql_add_hex(sql, value) : rc;
}

static int add_name(struct sl_buf *sql, const struct sl_chunk_part *part)
{
    return sl_sql_add_name(sql, part->column->name.data, part->column->name.len);
}

/* No CHAR is longer than 255 characters. */
static int add_padded(struct sl_buf *sql, const struct sl_chunk_part *part, struct sl_span value)
{
    int rc = sl_buf_add_str(sql, "RPAD(");

    rc = rc == SL_OK ? add_name(sql, part) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(sql, ",255)>RPAD(") : rc;
    rc = rc == SL_OK ? add_literal(sql, part, value) : rc;
    return rc == SL_OK ? sl_buf_add_str(sql, ",255)") : rc;
}

static int add_from(struct sl_buf *sql, const struct sl_chunk_part *part, struct sl_span value)
{
    int rc = add_name(sql, part);

    rc = rc == SL_OK ? sl_buf_add_str(sql, ">=") : rc;
    return rc == SL_OK ? add_literal(sql, part, value) : rc;
}

/* ---- what lies below a space ---- */

/* Bytes of a unit that holds an ASCII character. */
static size_t width_of(struct sl_span charset)
{
    if (sl_span_equals(charset, "utf32")) {
        return 4;
    }
    return sl_span_equals(charset, "ucs2") || sl_span_equals(charset, "utf16") ||
                   sl_span_equals(charset, "utf16le")
               ? 2
               : 1;
}

static uint32_t unit_at(const struct sl_chunk_part *part, struct sl_span value, size_t at)
{
    size_t width = width_of(part->charset);
    bool is_little = sl_span_equals(part->charset, "utf16le");
    uint32_t unit = 0;

    for (size_t i = 0; i < width && at + i < value.len; i++) {
        unit = unit << 8 | value.data[at + (is_little ? width - 1 - i : i)];
    }
    return unit;
}

/* In UTF-8: U+0085, U+2028 and U+2029. */
static bool is_long_separator(struct sl_span value, size_t at)
{
    const uint8_t *bytes = value.data + at;
    size_t left = value.len - at;

    return (left > 1 && bytes[0] == 0xc2 && bytes[1] == 0x85) ||
           (left > 2 && bytes[0] == 0xe2 && bytes[1] == 0x80 &&
            (bytes[2] == 0xa8 || bytes[2] == 0xa9));
}

/* In UCA's order these three, too; DEL, among others, has no weight there. */
static bool is_below_space(const struct sl_chunk_part *part, struct sl_span value, size_t at)
{
    uint32_t unit = unit_at(part, value, at);

    if (unit < ' ' || unit == 0x7f) {
        return true;
    }
    return width_of(part->charset) == 1 ? is_long_separator(value, at)
                                        : unit == 0x85 || unit == 0x2028 || unit == 0x2029;
}

/*
 * *END of a part of VALUE that any row behind it is greater than, even should the row end where
 * VALUE goes on below a space: what stands before the first such character, up to a letter or sign
 * of ASCII, which has a weight of its own and is not in it, so that accents and case do not matter
 * either. False: there is no such character.
 */
static bool find_end(const struct sl_chunk_part *part, struct sl_span value, size_t *end)
{
    size_t width = width_of(part->charset);

    *end = 0;
    for (size_t at = 0; at + width <= value.len; at += width) {
        uint32_t unit = unit_at(part, value, at);

        if (is_below_space(part, value, at)) {
            return true;
        }
        *end = unit > ' ' && unit < 0x7f ? at : *end;
    }
    return false;
}

/*
 * The index is read from VALUE on: a row that is equal to VALUE as a condition compares, such as
 * "ss" and a sharp s, may stand behind it. So may one that is less, as it ends where VALUE goes on
 * below a space; for that one reading begins earlier. What stands behind VALUE in truth the filled
 * values tell.
 */
int sl_chunk_pad_behind(struct sl_buf *sql, const struct sl_chunk_part *part, struct sl_span value)
{
    size_t end;
    bool has_second = find_end(part, value, &end);
    int rc = sl_buf_add_byte(sql, '(');

    rc = rc == SL_OK ? add_from(sql, part, value) : rc;
    if (rc == SL_OK && has_second) {
        rc = sl_buf_add_str(sql, " OR ");
        rc = rc == SL_OK ? add_from(sql, part, sl_span_make(value.data, end)) : rc;
    }
    rc = rc == SL_OK ? sl_buf_add_str(sql, ") AND ") : rc;
    return rc == SL_OK ? add_padded(sql, part, value) : rc;
}
