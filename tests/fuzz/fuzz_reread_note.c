/* Notes in Redis may have been written by anybody. What is read can be written, and then reads the
 * same again. */
#include <stdlib.h>
#include <string.h>

#include "cdc/reread_note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static struct sl_span span_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

static bool is_same(struct sl_span a, struct sl_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void try_scope(struct sl_span text)
{
    struct sl_buf db = {0};
    struct sl_buf table = {0};
    struct sl_buf again = {0};
    struct sl_buf other = {0};

    if (sl_reread_scope_parse(text, &db, &table) == SL_OK) {
        must(sl_reread_scope_format(span_of(&db), span_of(&table), &again) == SL_OK);
        must(sl_reread_scope_parse(span_of(&again), &other, &table) == SL_OK);
        must(is_same(span_of(&db), span_of(&other)));
    }
    sl_buf_release(&db);
    sl_buf_release(&table);
    sl_buf_release(&again);
    sl_buf_release(&other);
}

static void try_field(struct sl_span text)
{
    struct sl_reread_note note = {.cells = text};
    struct sl_reread_note view = {.cells = {0}};
    struct sl_batch *batch = sl_batch_new();

    must(batch != NULL);
    if (sl_reread_field_parse(text, &note) == SL_OK) {
        must(sl_reread_note_add(batch, sl_span_make("again", 5), &note) == SL_OK);
        must(sl_reread_note_view(batch, &batch->entries[0], &view) == SL_OK);
        must(is_same(note.scope, view.scope) && is_same(note.key, view.key) &&
             is_same(note.cells, view.cells));
    }
    sl_batch_free(batch);
}

static void try_cells(struct sl_span text)
{
    struct sl_column columns[] = {{.name = sl_span_make("id", 2)},
                                  {.name = sl_span_make("a b", 3)}};
    const struct sl_table table = {.columns = columns, .column_count = 2};
    struct sl_cell cells[2];
    struct sl_cell again[2];
    struct sl_arena arena = {0};
    struct sl_buf out = {0};

    if (sl_reread_cells_parse(text, &table, &arena, cells) == SL_OK) {
        for (size_t i = 0; i < 2; i++) {
            must(cells[i].state == SL_CELL_ABSENT ||
                 sl_reread_add_cell(&out, &columns[i], &cells[i], NULL) == SL_OK);
        }
        must(sl_reread_cells_parse(span_of(&out), &table, &arena, again) == SL_OK);
        for (size_t i = 0; i < 2; i++) {
            must(cells[i].state == again[i].state &&
                 is_same(sl_span_make(cells[i].data, cells[i].len),
                         sl_span_make(again[i].data, again[i].len)));
        }
    }
    sl_arena_release(&arena);
    sl_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_span text = sl_span_make(data, size);

    try_scope(text);
    try_field(text);
    try_cells(text);
    return 0;
}
