#include "filters/row_image.h"

enum sl_image sl_image_judge(const struct sl_shape *shape, const struct sl_cell *cells,
                             const struct sl_cell *base)
{
    enum sl_image image = SL_IMAGE_WHOLE;

    for (uint32_t i = 0; i < shape->column_count; i++) {
        uint32_t number = shape->columns[i];

        if (cells[number].state == SL_CELL_JSON_DIFF &&
            (base == NULL || base[number].state != SL_CELL_VALUE)) {
            return SL_IMAGE_LOST;
        }
        if (cells[number].state == SL_CELL_ABSENT) {
            image = SL_IMAGE_PARTIAL;
        }
    }
    return image;
}

/* A hash without a field is no key: then a part cannot be merged into what is there. */
static bool may_be_empty(const struct sl_shape *shape)
{
    for (uint32_t i = 0; i < shape->column_count; i++) {
        if (!shape->table->columns[shape->columns[i]].is_nullable && !sl_shape_hides(shape, i)) {
            return false;
        }
    }
    return true;
}

bool sl_image_can_merge(const struct sl_shape *shape, enum sl_op op, bool key_moved)
{
    return op == SL_OP_UPDATE && !key_moved && shape->rule->value == SL_VALUE_HASH &&
           shape->transform == NULL && !may_be_empty(shape);
}

bool sl_image_has_diffs(const struct sl_shape *shape, const struct sl_cell *cells)
{
    for (uint32_t i = 0; i < shape->column_count; i++) {
        if (cells[shape->columns[i]].state == SL_CELL_JSON_DIFF) {
            return true;
        }
    }
    return false;
}
