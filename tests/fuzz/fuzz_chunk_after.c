/*
 * fuzz_chunk_after.c - the stored place of a load that something else has changed: what is taken
 * must be written again without a change, and makes a statement.
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/chunk_after.h"
#include "cdc/chunk_sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAME(text)                 \
    {                              \
        (const uint8_t *)(text), 1 \
    }

static const struct sl_span labels[] = {NAME("z"), NAME("y")};
static struct sl_column columns[] = {
    {.name = NAME("a"), .type = SL_TYPE_LONG, .kind = SL_KIND_NUMBER},
    {.name = NAME("b"), .type = SL_TYPE_VARCHAR, .kind = SL_KIND_TEXT},
    {.name = NAME("c"),
     .type = SL_TYPE_ENUM,
     .kind = SL_KIND_TEXT,
     .labels = labels,
     .label_count = 2},
    {.name = NAME("d"), .type = SL_TYPE_DOUBLE, .kind = SL_KIND_NUMBER},
};
static const struct sl_table table = {
    .db = NAME("d"), .name = NAME("t"), .columns = columns, .column_count = 4};

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

static void check(struct sl_span after, const struct sl_chunk_key *key,
                  const struct sl_span *values)
{
    const struct sl_chunk_range range = {.after = values, .rows = 1};
    struct sl_buf out = {0};

    must(sl_chunk_after_write(&out, key, values) == SL_OK);
    must(out.len == after.len && memcmp(out.data, after.data, out.len) == 0);
    must(sl_chunk_sql_range(&out, key, &range) == SL_OK);
    sl_buf_release(&out);
}

/* The first byte says how many columns the key has. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_chunk_key key = {
        .table = &table,
        .parts = {{.column = &columns[0], .form = SL_CHUNK_PLAIN},
                  {.column = &columns[1], .form = SL_CHUNK_STRING, .charset = NAME("u")},
                  {.column = &columns[2], .form = SL_CHUNK_ORDINAL, .is_extra = true},
                  {.column = &columns[3], .form = SL_CHUNK_PLAIN}},
        .select_count = 5,
        .index = NAME("i"),
    };
    struct sl_span values[SL_CHUNK_PARTS_MAX];
    struct sl_err err = {0};
    int rc;

    if (size == 0) {
        return 0;
    }
    key.count = 1 + data[0] % 4;
    rc = sl_chunk_after_read(sl_span_make(data + 1, size - 1), &key, values, &err);
    must(rc == err.status);
    if (rc == SL_OK) {
        check(sl_span_make(data + 1, size - 1), &key, values);
    }
    return 0;
}
