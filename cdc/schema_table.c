#include "cdc/schema_table.h"

#include "cdc/table_schema.h"
#include "cdc/value.h"

enum { /* bytes */
       SL_STORED_UUID = 16,
       SL_STORED_INET6 = 16,
       SL_STORED_INET4 = 4,
};

/* MariaDB's types in a STRING are known by their length, as in an event. */
static uint32_t stored_bytes(struct sl_span data_type)
{
    if (sl_span_equals(data_type, "uuid")) {
        return SL_STORED_UUID;
    }
    if (sl_span_equals(data_type, "inet6")) {
        return SL_STORED_INET6;
    }
    return sl_span_equals(data_type, "inet4") ? SL_STORED_INET4 : 0;
}

static void start_column(struct sl_column *column, const struct sl_schema_column *from)
{
    column->type = sl_table_schema_type(from->data_type);
    column->max_len = stored_bytes(from->data_type);
    column->is_nullable = from->is_nullable;
}

int sl_schema_table_build(struct sl_table *table, struct sl_span db, struct sl_span name,
                          const struct sl_schema *schema, struct sl_arena *arena,
                          struct sl_err *err)
{
    const struct sl_table_meta no_meta = {0};
    struct sl_schema current = *schema;
    int rc;

    *table = (struct sl_table){.db = db, .name = name, .column_count = (uint32_t)schema->count};
    table->columns = sl_arena_array(arena, schema->count, sizeof(*table->columns));
    if (table->columns == NULL || sl_arena_keep(arena, &table->db) != SL_OK ||
        sl_arena_keep(arena, &table->name) != SL_OK) {
        return sl_err_set(err, SL_ENOMEM, "no memory for the columns of a table");
    }
    for (size_t i = 0; i < schema->count; i++) {
        start_column(&table->columns[i], &schema->columns[i]);
    }
    current.is_current = true;
    rc = sl_table_schema_apply(table, &no_meta, &current, arena, err);
    for (uint32_t i = 0; rc == SL_OK && i < table->column_count; i++) {
        struct sl_err ignored;

        /* Only the kind is of interest, and that is set in any case. */
        (void)!sl_value_prepare(&table->columns[i], &ignored);
    }
    return rc;
}
