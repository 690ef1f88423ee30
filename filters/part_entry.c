#include "filters/part_entry.h"

int sl_part_put(struct sl_batch *batch, const struct sl_part_writing *writing, struct sl_err *err)
{
    uint32_t offset;
    uint32_t key_at = 0;
    uint16_t commands = 0;
    int rc;

    sl_batch_begin(batch, &offset);
    rc = sl_part_encode(writing, &batch->data, &key_at, &commands, err);
    if (rc == SL_OK) {
        rc = sl_batch_end(batch, offset, key_at, (uint32_t)writing->part->key.len, commands,
                          SL_WRITE_WHOLE);
    }
    if (rc != SL_OK) {
        sl_batch_abandon(batch, offset);
    }
    return rc;
}

static int add_commands(struct sl_batch *batch, const struct sl_part_writing *writing,
                        struct sl_err *err)
{
    uint32_t key_at;
    uint16_t commands;
    int rc = sl_part_encode(writing, &batch->data, &key_at, &commands, err);

    if (rc == SL_OK) {
        sl_batch_extend(batch, commands);
    }
    return rc;
}

typedef int (*put_fn)(struct sl_batch *batch, const struct sl_part_writing *writing,
                      struct sl_err *err);

/* What a key held before nobody knows: a document replaces it. */
static int put_all(const struct sl_loaded_row *row, struct sl_batch *batch, put_fn put,
                   struct sl_err *err)
{
    const struct sl_shape *shape = row->table->user;
    struct sl_parts parts = {0};
    int rc = sl_parts_make(&parts, shape, (struct sl_row){.cells = row->cells}, false, err);

    for (size_t i = 0; rc == SL_OK && i < parts.count; i++) {
        const struct sl_part_writing writing = {
            .shape = shape, .part = &parts.items[i], .replaces = true};

        if (row->leaves == NULL || !row->leaves(row->user, sl_item_key(writing.part->key))) {
            rc = put(batch, &writing, err);
        }
    }
    sl_parts_release(&parts);
    return rc;
}

int sl_parts_load(const struct sl_loaded_row *row, struct sl_batch *batch, struct sl_err *err)
{
    return put_all(row, batch, sl_part_put, err);
}

int sl_parts_extend(const struct sl_loaded_row *row, struct sl_batch *batch, struct sl_err *err)
{
    return put_all(row, batch, add_commands, err);
}

/* ---- items ---- */

static int list_one(const struct sl_part_writing *writing, struct sl_buf *commands, sl_item_fn each,
                    void *user, struct sl_err *err)
{
    uint32_t key_at;
    uint16_t count;
    int rc;

    sl_buf_clear(commands);
    rc = sl_part_encode(writing, commands, &key_at, &count, err);
    if (rc == SL_OK) {
        const struct sl_item item = {.name = sl_item_key(writing->part->key),
                                     .commands = sl_span_make(commands->data, commands->len)};

        rc = each(user, &item);
    }
    return rc;
}

int sl_parts_list(const struct sl_table *table, const struct sl_cell *cells, sl_item_fn each,
                  void *user, struct sl_err *err)
{
    const struct sl_shape *shape = table->user;
    struct sl_parts parts = {0};
    struct sl_buf commands = {0};
    int rc = sl_parts_make(&parts, shape, (struct sl_row){.cells = cells}, true, err);

    for (size_t i = 0; rc == SL_OK && i < parts.count; i++) {
        const struct sl_part_writing writing = {.shape = shape, .part = &parts.items[i]};

        rc = list_one(&writing, &commands, each, user, err);
    }
    sl_buf_release(&commands);
    sl_parts_release(&parts);
    return rc;
}
