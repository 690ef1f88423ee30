#include "cdc/chunk_after.h"

#include "cdc/sql_text.h"

enum { SL_AFTER_VERSION = 1 };

static int add_value(struct sl_buf *out, const struct sl_chunk_part *part, struct sl_span value)
{
    uint8_t head[5] = {(uint8_t)part->form};
    uint32_t len = (uint32_t)value.len;

    for (int i = 0; i < 4; i++) {
        head[1 + i] = (uint8_t)(len >> (8 * i));
    }
    if (sl_buf_add(out, head, sizeof(head)) != SL_OK) {
        return SL_ENOMEM;
    }
    return sl_buf_add(out, value.data, value.len);
}

int sl_chunk_after_write(struct sl_buf *out, const struct sl_chunk_key *key,
                         const struct sl_span *values)
{
    const uint8_t head[2] = {SL_AFTER_VERSION, (uint8_t)key->count};
    int rc;

    sl_buf_clear(out);
    rc = sl_buf_add(out, head, sizeof(head));
    for (uint32_t i = 0; rc == SL_OK && i < key->count; i++) {
        rc = add_value(out, &key->parts[i], values[i]);
    }
    return rc;
}

/* Bytes and strings can be anything; of what is written as a number the kind is looked at. */
static bool is_possible(const struct sl_chunk_part *part, struct sl_span value)
{
    const struct sl_column *column = part->column;

    if (part->form == SL_CHUNK_STRING) {
        return true;
    }
    if (sl_sql_is_float(column)) {
        return sl_sql_is_float_text(column, value);
    }
    if (part->form == SL_CHUNK_ORDINAL) {
        return sl_sql_is_digits(value);
    }
    if (column->kind == SL_KIND_NUMBER || column->type == SL_TYPE_NEWDECIMAL) {
        return sl_sql_is_number(value);
    }
    return true;
}

static int take_value(struct sl_span *rest, const struct sl_chunk_part *part, struct sl_span *value)
{
    uint32_t len;
    uint8_t form;

    if (sl_span_u8(rest, &form) != SL_OK || form != part->form ||
        sl_span_u32le(rest, &len) != SL_OK || sl_span_take(rest, len, value) != SL_OK) {
        return SL_EINVAL;
    }
    return is_possible(part, *value) ? SL_OK : SL_EINVAL;
}

int sl_chunk_after_read(struct sl_span after, const struct sl_chunk_key *key,
                        struct sl_span *values, struct sl_err *err)
{
    uint8_t version = 0;
    uint8_t count = 0;
    int rc = SL_OK;

    if (sl_span_u8(&after, &version) != SL_OK || sl_span_u8(&after, &count) != SL_OK ||
        version != SL_AFTER_VERSION || count != key->count) {
        rc = SL_EINVAL;
    }
    for (uint32_t i = 0; rc == SL_OK && i < key->count; i++) {
        rc = take_value(&after, &key->parts[i], &values[i]);
    }
    if (rc != SL_OK || after.len > 0) {
        return sl_err_set(err, SL_EINVAL,
                          "the stored progress of table %.*s.%.*s does not fit its key: load the "
                          "table from its beginning",
                          (int)key->table->db.len, (const char *)key->table->db.data,
                          (int)key->table->name.len, (const char *)key->table->name.data);
    }
    return SL_OK;
}
