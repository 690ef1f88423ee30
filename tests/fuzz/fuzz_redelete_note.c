/* Members of the sorted set may have been written by anybody. What is read can be written, and then
 * reads the same again. */
#include <stdlib.h>
#include <string.h>

#include "cdc/redelete_note.h"

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

static void try_scope(struct sl_span scope)
{
    struct sl_buf db = {0};
    struct sl_buf table = {0};
    struct sl_buf again = {0};
    struct sl_buf other = {0};

    if (sl_redelete_scope_parse(scope, &db, &table) == SL_OK) {
        must(sl_redelete_scope_format(span_of(&db), span_of(&table), &again) == SL_OK);
        must(sl_redelete_scope_parse(span_of(&again), &other, &table) == SL_OK);
        must(is_same(span_of(&db), span_of(&other)));
    }
    sl_buf_release(&db);
    sl_buf_release(&table);
    sl_buf_release(&again);
    sl_buf_release(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sl_span set = sl_span_make("again", 5);
    struct sl_redelete_note note;
    struct sl_buf command = {0};

    if (sl_redelete_note_parse(sl_span_make(data, size), &note) == SL_OK) {
        must(note.scope.len + note.key.len + (note.key.len > 0) == size);
        must(sl_redelete_add(&command, set, 1700000000000, &note) == SL_OK);
        must(sl_redelete_put_off(command.data, command.len, set, 1700000000001));
        must(memmem(command.data, command.len, "1700000000001", 13) != NULL);
        must(memmem(command.data, command.len, data, size) != NULL);
        try_scope(note.scope);
    }
    sl_buf_release(&command);
    return 0;
}
