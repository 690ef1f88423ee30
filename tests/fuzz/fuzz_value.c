/*
 * fuzz_value.c - input: type, metadata (2 bytes), flags, special, collation (2 bytes), fraction,
 * then a row image. Reads values off its front until one fails, and holds the decoders to their
 * promises.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "cdc/base/buf.h"
#include "cdc/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SL_HEADER = 8, SL_LABELS = 5, SL_TEXT_LIMIT = 1 << 20 };

static int make_column(struct sl_column *column, const uint8_t *header)
{
    static const struct sl_span labels[SL_LABELS] = {{(const uint8_t *)"a", 1},
                                                     {(const uint8_t *)"bc", 2},
                                                     {(const uint8_t *)"", 0},
                                                     {(const uint8_t *)"d", 1},
                                                     {(const uint8_t *)"e", 1}};
    int rc;

    column->name = sl_span_make("c", 1);
    column->is_unsigned = (header[3] & 1) != 0;
    column->is_zerofill = (header[3] & 2) != 0;
    column->labels = (header[3] & 4) != 0 ? labels : NULL;
    column->label_count = SL_LABELS;
    column->special = header[4] % 4;
    column->collation = (uint16_t)sl_load_le(header + 5, 2);
    column->max_len = header[7];
    rc = sl_column_from_meta(column, header[0], (uint16_t)sl_load_le(header + 1, 2), NULL);
    if (rc == SL_OK && sl_column_needs_fraction(column) && header[7] > 0) {
        rc = sl_column_set_fraction(column, header[7], NULL);
    }
    return rc;
}

static void check(int is_kept)
{
    if (!is_kept) {
        abort();
    }
}

static int render(const struct sl_column *column, const uint8_t *data, size_t len, int prepared)
{
    struct sl_buf out = {.limit = SL_TEXT_LIMIT};
    struct sl_err err = {0};
    int rc = sl_buf_add_str(&out, "mark");

    check(rc == SL_OK);
    rc = column->render(column, data, len, &out, &err);
    check(rc == SL_OK || (out.len == 4 && err.status == rc));
    check(prepared == SL_OK || rc == prepared);
    check(memcmp(out.data, "mark", 4) == 0);
    if (rc == SL_OK && column->kind == SL_KIND_NUMBER) {
        struct sl_span text = sl_value_json_number(sl_span_make(out.data + 4, out.len - 4));

        check(text.len > 0 &&
              (text.data[0] == '-' || (text.data[0] >= '0' && text.data[0] <= '9')));
    }
    sl_buf_release(&out);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_column column = {0};
    struct sl_span rest;
    int rc;

    if (size < SL_HEADER || make_column(&column, data) != SL_OK) {
        return 0;
    }
    rc = sl_value_prepare(&column, NULL); /* a refused column renders, too: it fails each time */
    check(column.render != NULL);
    rest = sl_span_make(data + SL_HEADER, size - SL_HEADER);
    while (rest.len > 0) {
        size_t prefix = 0;
        size_t total = 0;

        if (sl_value_extent(&column, rest, &prefix, &total) != SL_OK) {
            break;
        }
        check(prefix <= total && total <= rest.len);
        if (render(&column, rest.data + prefix, total - prefix, rc) != SL_OK || total == 0) {
            break;
        }
        rest = sl_span_make(rest.data + total, rest.len - total);
    }
    return 0;
}
