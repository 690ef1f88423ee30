#include "filters/index_unique.h"

#include <string.h>

#include "filters/key_owner.h"

/* Rows that have NULL there are no bar to each other, but then they have no key. */
static bool is_named(const struct sl_row_index *index, const struct sl_unique_column *column)
{
    return column->column != NULL &&
           (sl_key_names(index->key, column->column) ||
            (index->is_set && !column->is_nullable && sl_key_names(index->value, column->column)));
}

static bool names_row_key(const struct sl_row_index *index)
{
    return sl_key_names(index->key, "pk") || (index->is_set && sl_key_names(index->value, "pk"));
}

static bool is_current(const struct sl_index_unique *unique, const char *name)
{
    return unique->is_begun && unique->name.len == strlen(name) &&
           memcmp(unique->name.data, name, unique->name.len) == 0;
}

int sl_index_unique_add(struct sl_index_unique *unique, const struct sl_unique_column *column)
{
    if (!is_current(unique, column->index)) {
        unique->is_told = unique->is_told || (unique->is_begun && unique->has_all);
        unique->is_begun = true;
        unique->has_all = true;
        sl_buf_clear(&unique->name);
        if (sl_buf_add_str(&unique->name, column->index) != SL_OK) {
            return SL_ENOMEM;
        }
    }
    unique->has_all = unique->has_all && is_named(unique->index, column);
    return SL_OK;
}

bool sl_index_unique_end(struct sl_index_unique *unique)
{
    sl_buf_release(&unique->name);
    return unique->is_told || (unique->is_begun && unique->has_all) || names_row_key(unique->index);
}
