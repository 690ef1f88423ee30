/* A byte with the event type, two with the length of a table map's body, that body, a rows event's
 * body. */
#include <stdlib.h>

#include "cdc/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touches every byte of every cell, so that a view beyond the input is found. */
static int touch(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    const struct sl_cell *images[] = {change->before, change->after};
    uint64_t *sum = user;

    (void)err;
    for (size_t i = 0; i < 2; i++) {
        for (uint32_t j = 0; images[i] != NULL && j < change->table->column_count; j++) {
            for (uint32_t k = 0; k < images[i][j].len; k++) {
                *sum += images[i][j].data[k];
            }
        }
    }
    return SL_OK;
}

static void split(uint8_t type, const struct sl_layout *layout, struct sl_span body)
{
    struct sl_rows rows;
    uint64_t count = 0;
    uint64_t sum = 0;

    if (sl_rows_parse(type, body, &rows, NULL) == SL_OK && !rows.is_dummy &&
        sl_rows_each(&rows, layout, touch, &sum, &count, NULL) == SL_OK && count == 0) {
        abort(); /* an event has a row at least */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sl_stream_options options = {0};
    const struct sl_stream_handler handler = {0};
    const struct sl_layout_context context = {.options = &options, .handler = &handler};
    struct sl_span rest = sl_span_make(data, size);
    struct sl_layout *layout = NULL;
    struct sl_span map;
    uint16_t len;
    uint8_t type;

    if (sl_span_u8(&rest, &type) != SL_OK || sl_span_u16le(&rest, &len) != SL_OK ||
        sl_span_take(&rest, len, &map) != SL_OK) {
        return 0;
    }
    if (sl_layout_new(&context, map, &layout, NULL) == SL_OK) {
        split(type, layout, rest);
        sl_layout_free(layout);
    }
    return 0;
}
