#include "filters/mapper_keys.h"

#include "filters/key_parse.h"
#include "filters/shape.h"

int sl_mapper_key(struct sl_mapper *mapper, const struct sl_table *table,
                  const struct sl_cell *cells, struct sl_buf *key, struct sl_err *err)
{
    const struct sl_shape *shape = table->user;

    (void)mapper;
    sl_buf_clear(key);
    return sl_key_render(&shape->key, table, cells, NULL, key, err);
}

int sl_mapper_parse_key(struct sl_mapper *mapper, const struct sl_table *table, struct sl_span key,
                        struct sl_arena *arena, struct sl_cell *cells)
{
    const struct sl_shape *shape = table->user;

    (void)mapper;
    return sl_key_parse(&shape->key, table, key, arena, cells);
}

struct sl_key_pattern *sl_mapper_pattern(struct sl_mapper *mapper, const struct sl_table *table)
{
    const struct sl_shape *shape = table->user;

    (void)mapper;
    return sl_key_pattern_new(shape->rule->key_template, table->db, table->name, table->key_count);
}
