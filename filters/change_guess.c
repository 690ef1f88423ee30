/*
 * change_guess.c - values of columns of which neither the event nor a server tells enough.
 */
#include "cdc/charset.h"
#include "cdc/value.h"
#include "filters/change_line.h"
#include "filters/utf8.h"

/* latin1 has a character for every byte, so that nothing is lost to who reads the line. */
static int render_guess(const struct sl_column *column, const uint8_t *data, size_t len,
                        struct sl_buf *out, struct sl_err *err)
{
    struct sl_span text = sl_span_make(data, len);

    (void)column;
    if (sl_utf8_is_valid(text)) {
        return sl_buf_add(out, data, len);
    }
    return sl_charset_to_utf8(sl_charset_by_name("latin1"), text, out, err);
}

static bool is_compressed(const struct sl_column *column)
{
    return column->type == SL_TYPE_BLOB_COMPRESSED || column->type == SL_TYPE_VARCHAR_COMPRESSED;
}

/* Stored as unsigned integers of so many bytes (sql/field.cc: Field_enum, Field_set). */
static uint8_t integer_type(const struct sl_column *column)
{
    static const uint8_t types[] = {
        [1] = SL_TYPE_TINY, [2] = SL_TYPE_SHORT,    [3] = SL_TYPE_INT24,
        [4] = SL_TYPE_LONG, [8] = SL_TYPE_LONGLONG,
    };

    return column->fixed_len < sizeof(types) ? types[column->fixed_len] : 0;
}

static void guess(struct sl_column *column)
{
    struct sl_err ignored;

    if (sl_value_prepare(column, &ignored) != SL_ESCHEMA) {
        return;
    }
    if (column->type == SL_TYPE_ENUM || column->type == SL_TYPE_SET) {
        uint8_t type = integer_type(column);

        if (type != 0) {
            column->type = type;
            column->is_unsigned = true;
        }
        (void)!sl_value_prepare(column, &ignored);
        return;
    }
    column->charset = sl_charset_by_name("utf8mb4");
    (void)!sl_value_prepare(column, &ignored);
    if (!is_compressed(column)) {
        column->render = render_guess;
    }
}

void sl_change_guess(struct sl_table *table)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        guess(&table->columns[i]);
    }
}
