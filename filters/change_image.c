#include "filters/change_image.h"

#include <stdlib.h>
#include <string.h>

#include "filters/json_string.h"
#include "filters/row_image.h"

static int add_name(struct sl_buf *partial, struct sl_span name)
{
    int rc = sl_buf_add_byte(partial, partial->len == 0 ? '[' : ',');

    return rc == SL_OK ? sl_json_string(name, partial) : rc;
}

/* Its path is absent from the document, the document is, or it would grow too large. */
static bool is_lost(int rc)
{
    return rc == SL_EUNSUPPORTED || rc == SL_ELIMIT;
}

/* Makes absent what cannot be had. */
static int drop_lost(const struct sl_shape *shape, struct sl_row row, struct sl_cell *cells,
                     struct sl_buf *partial)
{
    struct sl_buf text = {0};
    int rc = SL_OK;

    for (uint32_t i = 0; rc == SL_OK && i < shape->column_count; i++) {
        uint32_t number = shape->columns[i];
        const struct sl_column *column = &shape->table->columns[number];

        if (cells[number].state != SL_CELL_JSON_DIFF) {
            continue;
        }
        sl_buf_clear(&text);
        rc = sl_encode_text(column, &cells[number], row.base != NULL ? &row.base[number] : NULL,
                            &text, NULL);
        if (is_lost(rc)) {
            cells[number].state = SL_CELL_ABSENT;
            rc = add_name(partial, column->name);
        }
    }
    sl_buf_release(&text);
    return rc;
}

int sl_change_image(const struct sl_shape *shape, struct sl_row row, struct sl_buf *out,
                    struct sl_buf *partial, struct sl_err *err)
{
    size_t count = shape->table->column_count;
    struct sl_cell *cells;
    int rc;

    if (!sl_image_has_diffs(shape, row.cells)) {
        return sl_encode_json(shape, row, out, err);
    }
    cells = calloc(count + 1, sizeof(*cells));
    if (cells == NULL) {
        return SL_ENOMEM;
    }
    memcpy(cells, row.cells, count * sizeof(*cells));
    rc = drop_lost(shape, row, cells, partial);
    row.cells = cells;
    rc = rc == SL_OK ? sl_encode_json(shape, row, out, err) : rc;
    free(cells);
    return rc;
}
