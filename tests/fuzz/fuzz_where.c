/*
 * fuzz_where.c - an expression, a newline, and the texts of three columns parted by newlines.
 * Whatever it says, it ends, its verdict on a row is always the same, and a failure comes with a
 * sentence.
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/value.h"
#include "filters/where.h"
#include "tests/fuzz/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS = 3 };

static void fill(struct sl_column *columns, struct sl_cell *cells, struct sl_span rest)
{
    static const char *const names[COLUMNS] = {"a", "b", "c"};
    static const uint8_t kinds[COLUMNS] = {SL_KIND_NUMBER, SL_KIND_TEXT, SL_KIND_BYTES};

    for (size_t i = 0; i < COLUMNS; i++) {
        struct sl_span text = take_line(&rest);

        columns[i] = (struct sl_column){
            .name = sl_span_make(names[i], 1), .kind = kinds[i], .type = SL_TYPE_LONGLONG};
        cells[i] =
            (struct sl_cell){.data = text.data, .len = (uint32_t)text.len, .state = SL_CELL_TEXT};
        if (text.len == 0) {
            cells[i].state = i == 0 ? SL_CELL_NULL : SL_CELL_ABSENT;
        }
    }
}

static void judge_twice(struct sl_where *where, const struct sl_where_row *row)
{
    enum sl_verdict first = SL_ROW_UNCLEAR;
    enum sl_verdict second = SL_ROW_UNCLEAR;
    struct sl_err err = {0};
    int rc = sl_where_test(where, row, &first, &err);

    must(rc == SL_OK || rc == SL_ERULE || rc == SL_ENOMEM);
    must(rc != SL_ERULE || err.text[0] != '\0');
    must(sl_where_test(where, row, &second, NULL) == rc && first == second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_span rest = sl_span_make(data, size);
    struct sl_span line = take_line(&rest);
    char *text = strndup(line.len > 0 ? (const char *)line.data : "", line.len);
    struct sl_column columns[COLUMNS];
    struct sl_cell cells[COLUMNS];
    uint32_t key = 0;
    struct sl_table table = {
        .columns = columns, .column_count = COLUMNS, .key = &key, .key_count = 1};
    struct sl_where_columns names = {0};
    struct sl_where *where = NULL;
    struct sl_err err = {0};

    must(text != NULL);
    fill(columns, cells, rest);
    if (sl_where_columns_find(text, &table, &names, &err) == SL_OK &&
        sl_where_new(text, &where, &err) == SL_OK) {
        judge_twice(where,
                    &(struct sl_where_row){.table = &table, .columns = &names, .cells = cells});
    }
    sl_where_free(where);
    sl_where_columns_release(&names);
    free(text);
    return 0;
}
