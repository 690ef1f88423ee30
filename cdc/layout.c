#include "cdc/layout.h"

#include <assert.h>
#include <stdlib.h>

#include "cdc/table_map.h"
#include "cdc/table_meta.h"
#include "cdc/table_schema.h"
#include "cdc/value.h"

void sl_layout_free(struct sl_layout *layout)
{
    if (layout == NULL) {
        return;
    }
    if (layout->table.user_free != NULL) {
        layout->table.user_free(layout->table.user);
    }
    sl_arena_release(&layout->arena);
    free(layout);
}

static int no_memory(struct sl_err *err)
{
    return sl_err_set(err, SL_ENOMEM, "no memory for a table layout");
}

static int add_columns(struct sl_layout *layout, const struct sl_table_map *map, struct sl_err *err)
{
    struct sl_table *table = &layout->table;
    struct sl_span meta = map->meta;

    table->columns = sl_arena_array(&layout->arena, map->column_count, sizeof(*table->columns));
    layout->before = sl_arena_array(&layout->arena, map->column_count, sizeof(*layout->before));
    layout->after = sl_arena_array(&layout->arena, map->column_count, sizeof(*layout->after));
    if (table->columns == NULL || layout->before == NULL || layout->after == NULL) {
        return no_memory(err);
    }
    table->column_count = map->column_count;
    for (uint32_t i = 0; i < map->column_count; i++) {
        struct sl_column *column = &table->columns[i];
        uint16_t value = 0;
        int rc = sl_column_take_meta(&meta, map->types[i], &value, err);

        if (rc == SL_OK) {
            rc = sl_column_from_meta(column, map->types[i], value, err);
        }
        if (rc != SL_OK) {
            return rc;
        }
        column->is_nullable = sl_bit(map->nullable, i);
        layout->json_count += column->type == SL_TYPE_JSON;
    }
    return SL_OK;
}

static int add_meta(struct sl_layout *layout, const struct sl_table_map *map, bool is_mariadb,
                    struct sl_table_meta *meta, struct sl_err *err)
{
    struct sl_table *table = &layout->table;
    int rc = sl_table_meta_apply(map->optional, is_mariadb, table, &layout->arena, meta, err);

    if (rc == SL_OK) {
        table->has_names = meta->has_names;
        table->key = meta->key;
        table->key_count = meta->key_count;
        table->key_is_primary = meta->key_count > 0;
    }
    return rc;
}

/* Asks for the schema. A table that is gone is passed over, unless the event says all. */
static int add_schema(struct sl_layout *layout, const struct sl_layout_context *context,
                      const struct sl_table_meta *meta, bool *has_schema, struct sl_err *err)
{
    const struct sl_stream_options *options = context->options;
    const struct sl_schema *schema = NULL;
    int rc;

    if (options->schema == NULL) {
        return SL_OK;
    }
    /* With names in the event, nothing that may have changed since is taken from the schema. */
    rc = options->schema(options->schema_user, layout->table.db, layout->table.name,
                         meta->has_names ? NULL : context->at, &schema, err);
    if (rc == SL_DONE) {
        layout->is_skipped = !meta->has_names;
        return SL_OK;
    }
    if (rc == SL_OK) {
        assert(schema != NULL);
        *has_schema = true;
        rc = sl_table_schema_apply(&layout->table, meta, schema, &layout->arena, err);
    }
    return rc;
}

/* MariaDB's older temporal types have a size that no event tells. */
static int check_sizes(const struct sl_layout *layout, bool has_schema,
                       const struct sl_layout_context *context, struct sl_err *err)
{
    const struct sl_table *table = &layout->table;

    for (uint32_t i = 0; context->is_mariadb && !has_schema && i < table->column_count; i++) {
        if (sl_column_needs_fraction(&table->columns[i])) {
            return sl_err_set(err, SL_ESCHEMA,
                              "column %u of %.*s.%.*s has a temporal type of before MariaDB 10.1 "
                              "whose size the binary log does not tell; run ALTER TABLE … FORCE "
                              "with mysql56_temporal_format=ON",
                              i + 1, (int)table->db.len, (const char *)table->db.data,
                              (int)table->name.len, (const char *)table->name.data);
        }
    }
    return SL_OK;
}

/* A column that cannot be printed keeps a render function that says so: it may never be needed. */
static void prepare_values(struct sl_table *table)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        struct sl_err ignored;

        (void)!sl_value_prepare(&table->columns[i], &ignored);
    }
}

static int fill(struct sl_layout *layout, const struct sl_table_map *map,
                const struct sl_layout_context *context, struct sl_err *err)
{
    struct sl_table_meta meta = {0};
    bool has_schema = false;
    int rc = add_columns(layout, map, err);

    if (rc == SL_OK) {
        rc = add_meta(layout, map, context->is_mariadb, &meta, err);
    }
    if (rc == SL_OK) {
        rc = add_schema(layout, context, &meta, &has_schema, err);
    }
    if (rc != SL_OK || layout->is_skipped) {
        return rc;
    }
    rc = check_sizes(layout, has_schema, context, err);
    if (rc != SL_OK) {
        return rc;
    }
    prepare_values(&layout->table);
    if (context->handler->table == NULL) {
        return SL_OK;
    }
    return context->handler->table(context->handler->user, &layout->table, &layout->is_skipped,
                                   err);
}

/* Copies the event, so that names and labels can be views into it. */
static int start(struct sl_layout *layout, struct sl_span body, struct sl_table_map *map,
                 struct sl_err *err)
{
    int rc = sl_arena_keep(&layout->arena, &body);

    if (rc != SL_OK) {
        return no_memory(err);
    }
    rc = sl_table_map_parse(body, map, err);
    if (rc == SL_OK) {
        layout->table.id = map->id;
        layout->table.db = map->db;
        layout->table.name = map->name;
        layout->raw =
            sl_span_make(body.data + SL_TABLE_MAP_ID_BYTES, body.len - SL_TABLE_MAP_ID_BYTES);
    }
    return rc;
}

int sl_layout_new(const struct sl_layout_context *context, struct sl_span body,
                  struct sl_layout **layout, struct sl_err *err)
{
    const struct sl_stream_options *options = context->options;
    struct sl_layout *made = calloc(1, sizeof(*made));
    struct sl_table_map map = {0};
    int rc;

    if (made == NULL) {
        return no_memory(err);
    }
    rc = start(made, body, &map, err);
    if (rc == SL_OK) {
        made->is_skipped =
            options->wants != NULL && !options->wants(options->wants_user, map.db, map.name);
    }
    if (rc == SL_OK && !made->is_skipped) {
        rc = fill(made, &map, context, err);
        if (rc != SL_OK) {
            (void)sl_err_prefix(err, "table %.*s.%.*s", (int)map.db.len, (const char *)map.db.data,
                                (int)map.name.len, (const char *)map.name.data);
        }
    }
    if (rc != SL_OK) {
        sl_layout_free(made);
        return rc;
    }
    *layout = made;
    return SL_OK;
}
