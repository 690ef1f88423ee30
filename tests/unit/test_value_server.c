/*
 * test_value_server.c - values that real servers stored and printed (tests/unit/data/values_*.tsv,
 * written by gen_values.py there, which explains the columns): extent and text of each, truncation
 * at every byte, and the way into a Redis key and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/base/buf.h"
#include "cdc/value.h"
#include "filters/key_parse.h"

enum { SL_LABELS_MAX = 300, SL_FIELDS = 12 };

enum sl_field {
    SL_FIELD_SQL_TYPE,
    SL_FIELD_SQL_VALUE,
    SL_FIELD_TYPE,
    SL_FIELD_META,
    SL_FIELD_FLAGS,
    SL_FIELD_WIDTH,
    SL_FIELD_COLLATION,
    SL_FIELD_SPECIAL,
    SL_FIELD_FRACTION,
    SL_FIELD_LABELS,
    SL_FIELD_IMAGE,
    SL_FIELD_TEXT,
};

struct sl_case {
    char *fields[SL_FIELDS];
    struct sl_column column;
    struct sl_span labels[SL_LABELS_MAX];
    struct sl_span image;
    struct sl_span text;
};

/* Turns hex digits into bytes in their own place. */
static struct sl_span unhex(char *hex)
{
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        hex[i] = (char)strtoul(pair, NULL, 16);
    }
    return sl_span_make(hex, len);
}

static unsigned long number(const struct sl_case *test, enum sl_field field)
{
    return strtoul(test->fields[field], NULL, 10);
}

static void read_labels(struct sl_case *test)
{
    char *rest = test->fields[SL_FIELD_LABELS];
    char *label;

    if (strcmp(rest, "-") == 0) {
        return;
    }
    while ((label = strsep(&rest, ",")) != NULL) {
        assert_true(test->column.label_count < SL_LABELS_MAX);
        test->labels[test->column.label_count++] = unhex(label);
    }
    test->column.labels = test->labels;
}

static void read_case(char *line, struct sl_case *test)
{
    struct sl_column *column = &test->column;
    struct sl_err err;

    *test = (struct sl_case){0};
    line[strcspn(line, "\n")] = '\0';
    for (size_t i = 0; i < SL_FIELDS; i++) {
        test->fields[i] = strsep(&line, "\t");
        assert_non_null(test->fields[i]);
    }
    column->name = sl_span_make("c", 1);
    column->is_unsigned = strchr(test->fields[SL_FIELD_FLAGS], 'u') != NULL;
    column->is_zerofill = strchr(test->fields[SL_FIELD_FLAGS], 'z') != NULL;
    column->special = (uint8_t)number(test, SL_FIELD_SPECIAL);
    column->collation = (uint16_t)number(test, SL_FIELD_COLLATION);
    column->max_len = (uint32_t)number(test, SL_FIELD_WIDTH);
    assert_int_equal(sl_column_from_meta(column, (uint8_t)number(test, SL_FIELD_TYPE),
                                         (uint16_t)number(test, SL_FIELD_META), &err),
                     SL_OK);
    if (strcmp(test->fields[SL_FIELD_FRACTION], "-") != 0) {
        assert_true(sl_column_needs_fraction(column));
        assert_int_equal(
            sl_column_set_fraction(column, (unsigned)number(test, SL_FIELD_FRACTION), &err), SL_OK);
    }
    read_labels(test);
    test->image = unhex(test->fields[SL_FIELD_IMAGE]);
    test->text = unhex(test->fields[SL_FIELD_TEXT]);
}

static void fail_case(const struct sl_case *test, const char *what, const struct sl_buf *got)
{
    fail_msg("%s %s: %s \"%.*s\", wanted \"%.*s\"", test->fields[SL_FIELD_SQL_TYPE],
             test->fields[SL_FIELD_SQL_VALUE], what, (int)got->len, (const char *)got->data,
             (int)test->text.len, (const char *)test->text.data);
}

static void check_text(struct sl_case *test)
{
    struct sl_buf out = {0};
    struct sl_err err = {0};
    struct sl_cell cell = {.state = SL_CELL_VALUE};
    size_t prefix = 0;
    size_t total = 0;

    if (sl_value_prepare(&test->column, &err) != SL_OK ||
        sl_value_extent(&test->column, test->image, &prefix, &total) != SL_OK) {
        fail_case(test, err.text, &out);
    }
    if (total != test->image.len) {
        fail_case(test, "wrong extent", &out);
    }
    cell.data = test->image.data + prefix;
    cell.len = (uint32_t)(total - prefix);
    assert_int_equal(sl_buf_add_str(&out, "before:"), SL_OK);
    if (sl_value_text(&test->column, &cell, &out, &err) != SL_OK) {
        fail_case(test, err.text, &out);
    }
    if (out.len != test->text.len + 7 || memcmp(out.data, "before:", 7) != 0 ||
        (test->text.len > 0 && memcmp(out.data + 7, test->text.data, test->text.len) != 0)) {
        fail_case(test, "got", &out);
    }
    sl_buf_release(&out);
}

static void check_truncation(const struct sl_case *test)
{
    for (size_t len = 0; len < test->image.len; len++) {
        size_t prefix = 7;
        size_t total = 7;

        assert_int_equal(
            sl_value_extent(&test->column, sl_span_make(test->image.data, len), &prefix, &total),
            SL_ETRUNC);
        assert_int_equal(prefix + total, 14);
    }
}

static void check_key(struct sl_case *test)
{
    uint32_t row_key = 0;
    const struct sl_table table = {
        .columns = &test->column, .column_count = 1, .key = &row_key, .key_count = 1};
    struct sl_cell cell = {.state = SL_CELL_VALUE};
    struct sl_arena arena = {0};
    struct sl_key key = {0};
    struct sl_buf out = {0};
    size_t prefix;
    size_t total;

    assert_int_equal(sl_value_extent(&test->column, test->image, &prefix, &total), SL_OK);
    cell.data = test->image.data + prefix;
    cell.len = (uint32_t)(total - prefix);
    assert_int_equal(sl_key_compile("x:{pk}", &table, &key, NULL), SL_OK);
    assert_int_equal(sl_key_render(&key, &table, &cell, NULL, &out, NULL), SL_OK);
    if (out.len < 1000 &&
        (sl_key_parse(&key, &table, sl_span_make(out.data, out.len), &arena, &cell) != SL_OK ||
         cell.len != test->text.len || memcmp(cell.data, test->text.data, cell.len) != 0)) {
        fail_case(test, "does not come back from", &out);
    }
    sl_arena_release(&arena);
    sl_key_release(&key);
    sl_buf_release(&out);
}

static void check_file(const char *name, size_t cases_min)
{
    char path[4096];
    const char *folder = getenv("SLUICE_TEST_DATA"); /* NOLINT(concurrency-mt-unsafe) */
    static struct sl_case test;
    size_t room = 0;
    size_t count = 0;
    char *line = NULL;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/unit/data/%s", folder != NULL ? folder : "tests", name);
    file = fopen(path, "re");
    assert_non_null(file);
    while (getline(&line, &room, file) > 0) {
        read_case(line, &test);
        check_text(&test);
        check_truncation(&test);
        check_key(&test);
        count++;
    }
    free(line);
    (void)fclose(file);
    assert_true(count >= cases_min);
}

static void values_of_mysql_9_7_print_as_select_does(void **state)
{
    (void)state;
    check_file("values_mysql_9_7.tsv", 370);
}

static void values_of_mariadb_10_11_print_as_select_does(void **state)
{
    (void)state;
    check_file("values_mariadb_10_11.tsv", 530);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_mysql_9_7_print_as_select_does),
        cmocka_unit_test(values_of_mariadb_10_11_print_as_select_does),
    };

    return cmocka_run_group_tests_name("value_server", tests, NULL, NULL);
}
