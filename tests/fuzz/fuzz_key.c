/*
 * fuzz_key.c - a template and values, parted by newlines: TEMPLATE, database, table, then the
 * values of the columns a, b, c (a and b are the row key; a value of one NUL byte is NULL). Every
 * key that a template renders must be found by the template's pattern, whether the width of the row
 * key is known or not.
 */
#include <stdlib.h>
#include <string.h>

#include "filters/key.h"
#include "tests/fuzz/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS = 3, KEY_COLUMNS = 2 };

static size_t count_braces(struct sl_span text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++) {
        count += text.data[i] == '{';
    }
    return count;
}

static void check_pattern(const char *text, const struct sl_table *table, uint32_t width,
                          struct sl_span key)
{
    struct sl_key_pattern *pattern = sl_key_pattern_new(text, table->db, table->name, width);

    must(pattern != NULL && pattern->glob != NULL);
    must(pattern->matches(pattern, key));
    pattern->free(pattern);
    pattern = sl_key_pattern_new(text, table->db, sl_span_make(NULL, 0), width);
    must(pattern != NULL && pattern->matches(pattern, key));
    pattern->free(pattern);
}

static void check(const char *text, const struct sl_table *table, const struct sl_cell *cells)
{
    struct sl_key key = {0};
    struct sl_buf out = {0};
    struct sl_err err = {0};
    int rc = sl_key_compile(text, table, &key, &err);

    must(rc == err.status);
    if (rc == SL_OK) {
        must(sl_key_check(text, NULL) == SL_OK);
        must(sl_key_render(&key, table, cells, NULL, &out, &err) == SL_OK);
        check_pattern(text, table, 0, sl_span_make(out.data, out.len));
        check_pattern(text, table, KEY_COLUMNS, sl_span_make(out.data, out.len));
    }
    sl_key_release(&key);
    sl_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_span rest = sl_span_make(data, size);
    struct sl_span text = take_line(&rest);
    struct sl_column columns[COLUMNS];
    uint32_t row_key[KEY_COLUMNS] = {0, 1};
    struct sl_cell cells[COLUMNS];
    struct sl_table table = {.columns = columns,
                             .column_count = COLUMNS,
                             .key = row_key,
                             .key_count = KEY_COLUMNS,
                             .has_names = true};
    char *copy;

    if (size > 300 || count_braces(text) > 4) {
        return 0; /* the walk tries every end of every value, and a template is no hostile input */
    }
    memset(columns, 0, sizeof(columns));
    table.db = take_line(&rest);
    table.name = take_line(&rest);
    for (uint32_t i = 0; i < COLUMNS; i++) {
        struct sl_span value = take_line(&rest);

        columns[i].name = sl_span_make(&"abc"[i], 1);
        cells[i] = (struct sl_cell){.data = value.data,
                                    .len = (uint32_t)value.len,
                                    .state = sl_span_equals(value, "") || value.data[0] != '\0'
                                                 ? SL_CELL_TEXT
                                                 : SL_CELL_NULL};
    }
    copy = malloc(text.len + 1);
    must(copy != NULL);
    if (text.len > 0) {
        memcpy(copy, text.data, text.len);
    }
    copy[text.len] = '\0';
    check(copy, &table, cells);
    free(copy);
    return 0;
}
