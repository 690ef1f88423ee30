/*
 * table_labels.c - ENUM and SET labels out of COLUMN_TYPE. Both servers print a label between
 * single quotes, double a quote inside and put a backslash before NUL (as 0), newline (n), carriage
 * return (r) and backslash (sql/unireg.cc and sql_show.cc: append_unescaped).
 */
#include "cdc/table_schema.h"

static uint8_t unescape(uint8_t byte)
{
    switch (byte) {
    case '0':
        return '\0';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    default:
        return byte;
    }
}

/* Reads one quoted label at the front of *REST into OUT, which has room for all of it. */
static int take_label(struct sl_span *rest, uint8_t *out, size_t *out_len)
{
    const uint8_t *at = rest->data + 1;
    const uint8_t *end = rest->data + rest->len;
    size_t len = 0;

    if (rest->len == 0 || rest->data[0] != '\'') {
        return SL_EFORMAT;
    }
    while (at < end) {
        uint8_t byte = *at++;

        if (byte == '\'' && (at == end || *at != '\'')) {
            *rest = sl_span_make(at, (size_t)(end - at));
            *out_len = len;
            return SL_OK;
        }
        if (byte == '\'') {
            at++;
        } else if (byte == '\\' && at < end) {
            byte = unescape(*at++);
        }
        out[len++] = byte;
    }
    return SL_EFORMAT;
}

/* Commas bound the number of labels from above: one inside a label only makes it larger. */
static size_t most_labels(struct sl_span list)
{
    size_t count = 1;

    for (size_t i = 0; i < list.len; i++) {
        count += list.data[i] == ',';
    }
    return count;
}

static int take_list(struct sl_column *column, struct sl_span list, struct sl_arena *arena)
{
    struct sl_span *labels = sl_arena_array(arena, most_labels(list), sizeof(*labels));
    uint8_t *text = sl_arena_alloc(arena, list.len);
    uint32_t count = 0;

    if (labels == NULL || text == NULL) {
        return SL_ENOMEM;
    }
    for (;;) {
        size_t len;

        if (take_label(&list, text, &len) != SL_OK || list.len == 0) {
            return SL_EFORMAT;
        }
        labels[count++] = sl_span_make(text, len);
        text += len;
        if (list.data[0] == ')') {
            break;
        }
        if (list.data[0] != ',' || sl_span_skip(&list, 1) != SL_OK) {
            return SL_EFORMAT;
        }
    }
    column->labels = labels;
    column->label_count = count;
    return SL_OK;
}

int sl_table_schema_labels(struct sl_column *column, struct sl_span column_type,
                           struct sl_arena *arena)
{
    size_t head = column->type == SL_TYPE_ENUM ? 5 : 4; /* "enum(", "set(" */

    if (sl_span_skip(&column_type, head) != SL_OK) {
        return SL_EFORMAT;
    }
    return take_list(column, column_type, arena);
}
