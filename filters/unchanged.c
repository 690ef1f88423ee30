#include "filters/unchanged.h"

#include <string.h>

/* An absent cell is unknown, and a diff of a document is a change. */
static bool is_same(const struct sl_cell *before, const struct sl_cell *after)
{
    if (before->state != after->state) {
        return false;
    }
    if (before->state == SL_CELL_NULL) {
        return true;
    }
    return before->state == SL_CELL_VALUE && before->len == after->len &&
           (before->len == 0 || memcmp(before->data, after->data, before->len) == 0);
}

static bool are_same(const struct sl_row_change *change, const uint32_t *columns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!is_same(&change->before[columns[i]], &change->after[columns[i]])) {
            return false;
        }
    }
    return true;
}

bool sl_update_is_idle(const struct sl_shape *shape, const struct sl_row_change *change)
{
    /* Servers log no update that changes nothing: with all columns chosen it is not worth a look.
     */
    if (shape->rule->ttl_s > 0 || shape->column_count == shape->table->column_count) {
        return false;
    }
    return are_same(change, shape->columns, shape->column_count) &&
           are_same(change, shape->looked_at.numbers, shape->looked_at.count);
}
