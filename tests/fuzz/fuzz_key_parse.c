/*
 * fuzz_key_parse.c - a template, a database, a table and a key of anybody's, parted by newlines,
 * for a table with the columns a TEXT, b INT, c DATE (a and b are the row key). What a key is
 * parted into makes the same key, and the template's pattern finds it. Of a template with {part}
 * the row's name is made of it, which is no key of any part.
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/mapper.h"
#include "filters/key_parse.h"
#include "filters/key_part.h"
#include "tests/fuzz/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS = 3, KEY_COLUMNS = 2 };

static void check_pattern(const char *text, const struct sl_table *table, struct sl_span key)
{
    struct sl_key_pattern *pattern =
        sl_key_pattern_new(text, table->db, table->name, table->key_count);

    must(pattern != NULL && pattern->matches(pattern, key));
    pattern->free(pattern);
}

static void check(const char *text, const struct sl_table *table, struct sl_span wanted)
{
    struct sl_cell cells[COLUMNS];
    struct sl_arena arena = {0};
    struct sl_key key = {0};
    struct sl_buf out = {0};
    struct sl_err err = {0};
    int rc;

    if (sl_key_compile(text, table, &key, &err) != SL_OK) {
        return;
    }
    rc = sl_key_parse(&key, table, wanted, &arena, cells);
    must(rc == SL_OK || rc == SL_DONE || rc == SL_KEY_UNCLEAR);
    if (rc == SL_OK) {
        must(sl_key_render(&key, table, cells, NULL, &out, &err) == SL_OK);
        must(out.len == wanted.len &&
             (out.len == 0 || memcmp(out.data, wanted.data, out.len) == 0));
        check_pattern(text, table, wanted);
    }
    sl_arena_release(&arena);
    sl_key_release(&key);
    sl_buf_release(&out);
}

/* Who knows which row the key of a part is of knows what names that row. */
static void check_part(const char *text, const struct sl_table *table, struct sl_span wanted)
{
    struct sl_cell cells[COLUMNS];
    struct sl_arena arena = {0};
    struct sl_key parts = {0};
    struct sl_key row = {0};
    struct sl_buf without = {0};
    struct sl_buf out = {0};

    if (sl_key_without_part(text, &without, NULL) == SL_OK &&
        sl_key_compile(sl_buf_cstr(&without), table, &row, NULL) == SL_OK &&
        sl_key_compile_part(text, table, &parts, NULL) == SL_OK &&
        sl_key_parse(&parts, table, wanted, &arena, cells) == SL_OK) {
        check_pattern(text, table, wanted);
        must(sl_key_render(&row, table, cells, NULL, &out, NULL) == SL_OK);
        must(sl_key_parse(&parts, table, sl_span_make(out.data, out.len), &arena, cells) != SL_OK);
    }
    sl_arena_release(&arena);
    sl_key_release(&parts);
    sl_key_release(&row);
    sl_buf_release(&without);
    sl_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_span rest = sl_span_make(data, size);
    struct sl_span text = take_line(&rest);
    struct sl_column columns[COLUMNS];
    uint32_t row_key[KEY_COLUMNS] = {0, 1};
    struct sl_table table = {.columns = columns,
                             .column_count = COLUMNS,
                             .key = row_key,
                             .key_count = KEY_COLUMNS,
                             .has_names = true};
    char *copy;

    if (size > 300) {
        return 0; /* the pattern tries every end of every value */
    }
    memset(columns, 0, sizeof(columns));
    table.db = take_line(&rest);
    table.name = take_line(&rest);
    columns[0].type = SL_TYPE_VARCHAR;
    columns[1].type = SL_TYPE_LONG;
    columns[2].type = SL_TYPE_DATE;
    for (uint32_t i = 0; i < COLUMNS; i++) {
        columns[i].name = sl_span_make(&"abc"[i], 1);
    }
    copy = malloc(text.len + 1);
    must(copy != NULL);
    if (text.len > 0) {
        memcpy(copy, text.data, text.len);
    }
    copy[text.len] = '\0';
    check(copy, &table, rest);
    check_part(copy, &table, rest);
    free(copy);
    return 0;
}
