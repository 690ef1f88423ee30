/*
 * The body of a TABLE_MAP event behind two bytes: bit 0 of the first says MariaDB; the second is
 * how many bytes of COLUMN_TYPE follow, which every column of the schema gets.
 */
#include "cdc/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SL_COLUMNS = 8 };

static int give(void *user, struct sl_span db, struct sl_span table, const struct sl_position *at,
                const struct sl_schema **schema, struct sl_err *err)
{
    (void)db;
    (void)table;
    (void)at;
    (void)err;
    *schema = user;
    return SL_OK;
}

static void build(struct sl_span body, bool is_mariadb, struct sl_schema *schema)
{
    const struct sl_stream_options options = {.schema = schema != NULL ? give : NULL,
                                              .schema_user = schema};
    const struct sl_stream_handler handler = {0};
    const struct sl_layout_context context = {
        .options = &options, .handler = &handler, .is_mariadb = is_mariadb};
    struct sl_layout *layout = NULL;
    struct sl_err err = {0};

    if (sl_layout_new(&context, body, &layout, &err) == SL_OK) {
        sl_layout_free(layout);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_schema_column columns[SL_COLUMNS];
    struct sl_schema schema = {.columns = columns, .is_current = true};
    struct sl_span body = sl_span_make(data, size);
    struct sl_span column_type;
    uint8_t flags;
    uint8_t len;

    if (sl_span_u8(&body, &flags) != SL_OK || sl_span_u8(&body, &len) != SL_OK ||
        sl_span_take(&body, len, &column_type) != SL_OK) {
        return 0;
    }
    build(body, (flags & 1) != 0, NULL);
    for (schema.count = 1; schema.count <= SL_COLUMNS; schema.count++) {
        columns[schema.count - 1] = (struct sl_schema_column){
            .name = column_type, .column_type = column_type, .key_part = flags >> 4};
        build(body, (flags & 1) != 0, &schema);
    }
    return 0;
}
