#include "filters/mapper_keys.h"

#include "filters/shape.h"

int sl_mapper_key(struct sl_mapper *mapper, const struct sl_table *table,
                  const struct sl_cell *cells, struct sl_buf *key, struct sl_err *err)
{
    const struct sl_shape *shape = table->user;

    (void)mapper;
    sl_buf_clear(key);
    return sl_key_render(&shape->key, table, cells, NULL, key, err);
}
