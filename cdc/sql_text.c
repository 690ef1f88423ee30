#include "cdc/sql_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SL_NUMBER_MAX = 100, /* DECIMAL has 65 digits, and FLOAT none of this form */
    SL_FLOAT_MAX = 64,
    SL_DIGITS_MAX = 20, /* of 64 bits */
};

static int add_quoted(struct sl_buf *sql, char quote, const char *escaped, const void *text,
                      size_t len)
{
    const char *bytes = text;
    int rc = sl_buf_add_byte(sql, (uint8_t)quote);

    for (size_t i = 0; rc == SL_OK && i < len; i++) {
        if (strchr(escaped, bytes[i]) != NULL && bytes[i] != '\0') {
            rc = sl_buf_add_byte(sql, (uint8_t)(quote == '`' ? '`' : '\\'));
        }
        if (rc == SL_OK) {
            rc = bytes[i] == '\0' && quote == '\'' ? sl_buf_add(sql, "\\0", 2)
                                                   : sl_buf_add_byte(sql, (uint8_t)bytes[i]);
        }
    }
    return rc == SL_OK ? sl_buf_add_byte(sql, (uint8_t)quote) : rc;
}

int sl_sql_add_literal(struct sl_buf *sql, const void *text, size_t len)
{
    return add_quoted(sql, '\'', "'\\", text, len);
}

int sl_sql_add_name(struct sl_buf *sql, const void *name, size_t len)
{
    return add_quoted(sql, '`', "`", name, len);
}

int sl_sql_add_hex(struct sl_buf *sql, struct sl_span bytes)
{
    static const char digits[] = "0123456789ABCDEF";
    int rc = sl_buf_add_str(sql, "X'");

    for (size_t i = 0; rc == SL_OK && i < bytes.len; i++) {
        const char pair[2] = {digits[bytes.data[i] >> 4], digits[bytes.data[i] & 15]};

        rc = sl_buf_add(sql, pair, sizeof(pair));
    }
    return rc == SL_OK ? sl_buf_add_byte(sql, '\'') : rc;
}

static size_t count_digits(struct sl_span text)
{
    size_t count = 0;

    while (count < text.len && text.data[count] >= '0' && text.data[count] <= '9') {
        count++;
    }
    return count;
}

bool sl_sql_is_number(struct sl_span text)
{
    size_t digits;

    if (text.len == 0 || text.len > SL_NUMBER_MAX) {
        return false;
    }
    if (text.data[0] == '-') {
        text = sl_span_make(text.data + 1, text.len - 1);
    }
    digits = count_digits(text);
    if (digits == 0 || digits == text.len) {
        return digits > 0;
    }
    text = sl_span_make(text.data + digits, text.len - digits);
    return text.data[0] == '.' && text.len > 1 &&
           count_digits(sl_span_make(text.data + 1, text.len - 1)) == text.len - 1;
}

bool sl_sql_is_digits(struct sl_span text)
{
    return text.len > 0 && text.len <= SL_DIGITS_MAX && count_digits(text) == text.len;
}

static bool parse_float(const struct sl_column *column, struct sl_span text, double *value)
{
    char copy[SL_FLOAT_MAX];
    char *end = copy;

    if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.data, '\0', text.len) != NULL) {
        return false;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    *value = column->type == SL_TYPE_FLOAT ? (double)strtof(copy, &end) : strtod(copy, &end);
    return end == copy + text.len && isfinite(*value);
}

bool sl_sql_is_float_text(const struct sl_column *column, struct sl_span text)
{
    double value;

    return parse_float(column, text, &value);
}

/*
 * A FLOAT equals only the DOUBLE with all its digits, not its own short text. With an exponent, or
 * it would be a DECIMAL.
 */
static int add_float(struct sl_buf *sql, const struct sl_column *column, struct sl_span text)
{
    double value;

    return parse_float(column, text, &value) ? sl_buf_add_format(sql, "%.16e", value)
                                             : sl_buf_add_str(sql, "NULL");
}

/*
 * DECIMAL and BIGINT go without quotes: next to a string the servers compare them as DOUBLE. Bytes
 * go as hexadecimal so that no character set is guessed for them.
 */
int sl_sql_add_value(struct sl_buf *sql, const struct sl_column *column, struct sl_span text)
{
    if (sl_sql_is_float(column)) {
        return add_float(sql, column, text);
    }
    if (column->kind == SL_KIND_NUMBER || column->type == SL_TYPE_NEWDECIMAL) {
        return sl_sql_is_number(text) ? sl_buf_add(sql, text.data, text.len)
                                      : sl_buf_add_str(sql, "NULL");
    }
    if (column->kind == SL_KIND_BYTES) {
        return sl_sql_add_hex(sql, text);
    }
    return sl_sql_add_literal(sql, text.data, text.len);
}

int sl_sql_add_table(struct sl_buf *sql, struct sl_span db, struct sl_span table)
{
    int rc = sl_sql_add_name(sql, db.data, db.len);

    rc = rc == SL_OK ? sl_buf_add_byte(sql, '.') : rc;
    return rc == SL_OK ? sl_sql_add_name(sql, table.data, table.len) : rc;
}

/*
 * FLOAT is printed with six digits only, and FLOAT(m,d) with d decimals; times 1e0 it is a
 * DOUBLE of the same value (and sign of zero), which both servers print exactly. BIT plus 0 is
 * its decimal.
 */
static int add_column(struct sl_buf *sql, const struct sl_column *column)
{
    int rc = sl_sql_add_name(sql, column->name.data, column->name.len);

    if (rc == SL_OK && sl_sql_is_float(column)) {
        rc = sl_buf_add_str(sql, "*1e0");
    } else if (rc == SL_OK && column->type == SL_TYPE_BIT) {
        rc = sl_buf_add_str(sql, "+0");
    }
    return rc;
}

int sl_sql_add_columns(struct sl_buf *sql, const struct sl_table *table)
{
    int rc = SL_OK;

    for (uint32_t i = 0; rc == SL_OK && i < table->column_count; i++) {
        rc = i > 0 ? sl_buf_add_byte(sql, ',') : SL_OK;
        rc = rc == SL_OK ? add_column(sql, &table->columns[i]) : rc;
    }
    return rc;
}
