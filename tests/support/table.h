/*
 * table.h - table layouts and row images made by hand, for tests of what comes behind the decoder.
 */
#ifndef SLUICE_TESTS_SUPPORT_TABLE_H
#define SLUICE_TESTS_SUPPORT_TABLE_H

#include <string.h>

#include "cdc/column.h"

enum { SL_TEST_COLUMNS = 12 };

struct sl_test_table {
    struct sl_table table; /* first: views into the rest, so it must not be copied */
    struct sl_column columns[SL_TEST_COLUMNS];
    uint32_t key[SL_TEST_COLUMNS];
    char spec[256];
};

/*
 * SPEC is "id int key, name text, …" in the order of the columns; types are int, text, blob, json,
 * year, float and zerofill (an INT(5)), "key" makes a column part of the row key and "not" stands
 * for NOT NULL. DB and NAME are borrowed.
 */
void sl_test_table_init(struct sl_test_table *test, const char *db, const char *name,
                        const char *spec);

/* What hangs on it is freed. */
void sl_test_table_release(struct sl_test_table *test);

static inline struct sl_cell sl_test_cell(const char *text)
{
    return (struct sl_cell){
        .data = (const uint8_t *)text, .len = (uint32_t)strlen(text), .state = SL_CELL_TEXT};
}

static inline struct sl_cell sl_test_bytes(const void *data, size_t len)
{
    return (struct sl_cell){.data = data, .len = (uint32_t)len, .state = SL_CELL_VALUE};
}

#define SL_NULL_CELL   ((struct sl_cell){.state = SL_CELL_NULL})
#define SL_ABSENT_CELL ((struct sl_cell){.state = SL_CELL_ABSENT})

#endif
