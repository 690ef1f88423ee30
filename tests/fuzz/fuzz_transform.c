/*
 * fuzz_transform.c - a function, a newline, and the texts of three columns parted by newlines.
 * Whatever it says, it ends, what it shows of a row is always the same bytes and, as JSON, an
 * object, and a failure comes with a sentence. The same goes for the parts that it makes.
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/value.h"
#include "filters/encode.h"
#include "filters/expect.h"
#include "filters/json_members.h"
#include "filters/part.h"
#include "filters/transform.h"
#include "tests/fuzz/lines.h"
#include "tests/support/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS = 3 };

static void fill(struct sl_cell *cells, struct sl_span rest)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        struct sl_span text = take_line(&rest);

        cells[i] =
            (struct sl_cell){.data = text.data, .len = (uint32_t)text.len, .state = SL_CELL_TEXT};
        if (text.len == 0) {
            cells[i].state = i == 0 ? SL_CELL_NULL : SL_CELL_ABSENT;
        }
    }
}

static void must_be_object(const struct sl_buf *out)
{
    struct sl_json_members members = {0};
    struct sl_expect expect = {0};

    must(sl_expect_commands(&expect, sl_span_make(out->data, out->len)) == SL_OK);
    must(expect.held.kind != SL_HELD_TEXT ||
         sl_json_members_read(&members, expect.held.text) == SL_OK);
    sl_json_members_release(&members);
    sl_expect_release(&expect);
}

static void encode_twice(const struct sl_shape *shape, const struct sl_cell *cells)
{
    const struct sl_row row = {.cells = cells};
    const struct sl_span key = sl_span_make("k", 1);
    struct sl_buf first = {0};
    struct sl_buf second = {0};
    struct sl_err err = {0};
    uint32_t key_at;
    uint16_t commands;
    int rc = sl_encode_put(shape, row, key, &first, &key_at, &commands, &err);

    must(rc == SL_OK || rc == SL_ERULE || rc == SL_ENOMEM || rc == SL_EUNSUPPORTED);
    must(rc != SL_ERULE || err.text[0] != '\0');
    must(sl_encode_put(shape, row, key, &second, &key_at, &commands, NULL) == rc);
    must(first.len == second.len &&
         (first.len == 0 || memcmp(first.data, second.data, first.len) == 0));
    if (rc == SL_OK) {
        must_be_object(&first);
    }
    sl_buf_release(&first);
    sl_buf_release(&second);
}

static void must_be_objects(const struct sl_shape *shape, const struct sl_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct sl_part_writing writing = {.shape = shape, .part = &parts->items[i]};
        struct sl_buf out = {0};
        uint32_t key_at;
        uint16_t commands;

        must(parts->items[i].name.len > 0);
        must(i == 0 || sl_part_compare(&parts->items[i - 1], &parts->items[i]) < 0);
        must(sl_part_encode(&writing, &out, &key_at, &commands, NULL) == SL_OK);
        must_be_object(&out);
        sl_buf_release(&out);
    }
}

static void make_parts_twice(const struct sl_shape *shape, const struct sl_cell *cells)
{
    const struct sl_row row = {.cells = cells};
    struct sl_parts first = {0};
    struct sl_parts second = {0};
    struct sl_err err = {0};
    int rc = sl_parts_make(&first, shape, row, false, &err);

    must(rc == SL_OK || rc == SL_ERULE || rc == SL_ENOMEM || rc == SL_EUNSUPPORTED ||
         rc == SL_ESCHEMA);
    must(rc != SL_ERULE || err.text[0] != '\0');
    must(sl_parts_make(&second, shape, row, true, NULL) == rc);
    must(first.count == second.count);
    for (size_t i = 0; i < first.count; i++) {
        const struct sl_part *same = sl_parts_find(&second, &first.items[i]);

        must(same != NULL && same->value.len == first.items[i].value.len);
        must(same->value.len == 0 ||
             memcmp(same->value.data, first.items[i].value.data, same->value.len) == 0);
    }
    must_be_objects(shape, &first);
    sl_parts_release(&first);
    sl_parts_release(&second);
}

static void use(const char *text, bool is_chunk, enum sl_value_kind value, bool has_parts,
                const struct sl_cell *cells)
{
    const struct sl_table_rule rule = {.pattern = "d.t",
                                       .db_pattern = "d",
                                       .table_pattern = "t",
                                       .key_template = has_parts ? "{a}:" : "{a}",
                                       .part_template = has_parts ? "{a}:{part}" : NULL,
                                       .value = value,
                                       .transform = text,
                                       .is_transform_chunk = is_chunk};
    struct sl_test_table test;
    struct sl_shape *shape = NULL;
    struct sl_err err = {0};

    sl_test_table_init(&test, "d", "t", "a text key,b text,c blob");
    must(sl_shape_new(&rule, &test.table, &shape, NULL) == SL_OK);
    if (sl_transform_new(&rule, &shape->transform, &err) == SL_OK) {
        (has_parts ? make_parts_twice : encode_twice)(shape, cells);
    } else {
        must(err.text[0] != '\0');
    }
    sl_transform_free(shape->transform);
    sl_shape_free(shape);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_span rest = sl_span_make(data, size);
    struct sl_span line = take_line(&rest);
    char *text = strndup(line.len > 0 ? (const char *)line.data : "", line.len);
    struct sl_cell cells[COLUMNS];

    must(text != NULL);
    fill(cells, rest);
    use(text, false, SL_VALUE_JSON, false, cells);
    use(text, true, SL_VALUE_HASH, false, cells);
    use(text, false, SL_VALUE_HASH, true, cells);
    use(text, true, SL_VALUE_JSON, true, cells);
    free(text);
    return 0;
}
