/* Rows events by hand: what the golden files do not hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/event.h"
#include "cdc/rows.h"

/* A table of two nullable columns, TINY and VARCHAR(10), as a table map event has them. */
static const uint8_t map_body[] = {5, 0,   0, 0, 0, 0,  1, 0,  1, 'd', 0,
                                   1, 't', 0, 2, 1, 15, 2, 10, 0, 3};

struct seen {
    unsigned rows;
    struct sl_row_change last;
    struct sl_cell before[2];
    struct sl_cell after[2];
};

static int keep(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    struct seen *seen = user;

    (void)err;
    seen->rows++;
    seen->last = *change;
    if (change->before != NULL) {
        memcpy(seen->before, change->before, sizeof(seen->before));
    }
    if (change->after != NULL) {
        memcpy(seen->after, change->after, sizeof(seen->after));
    }
    return SL_OK;
}

static int read_rows(uint8_t type, const void *body, size_t len, struct seen *seen)
{
    const struct sl_stream_options options = {0};
    const struct sl_stream_handler handler = {0};
    const struct sl_layout_context context = {.options = &options, .handler = &handler};
    struct sl_layout *layout = NULL;
    struct sl_rows rows;
    uint64_t count = 0;
    int rc;

    memset(seen, 0, sizeof(*seen));
    assert_int_equal(
        sl_layout_new(&context, sl_span_make(map_body, sizeof(map_body)), &layout, NULL), SL_OK);
    rc = sl_rows_parse(type, sl_span_make(body, len), &rows, NULL);
    if (rc == SL_OK && !rows.is_dummy) {
        rows.timestamp = 9;
        rc = sl_rows_each(&rows, layout, keep, seen, &count, NULL);
    }
    assert_int_equal(count, seen->rows);
    sl_layout_free(layout);
    return rc;
}

static void extra_information_is_passed_over(void **state)
{
    /* 2 bytes of length, then tag 0 (NDB) with its own length, then tag 1 (partition 7). */
    static const uint8_t body[] = {5,    0, 0, 0, 0, 0, 1, 0, 9, 0, 0,   4,
                                   0xff, 1, 1, 7, 0, 2, 3, 0, 1, 2, 'h', 'i'};
    struct seen seen;

    (void)state;
    assert_int_equal(read_rows(SL_EVENT_WRITE_ROWS, body, sizeof(body), &seen), SL_OK);
    assert_int_equal(seen.rows, 1);
    assert_int_equal(seen.after[0].len, 1);
    assert_memory_equal(seen.after[0].data, "\1", 1);
    assert_int_equal(seen.after[1].len, 2);
    assert_memory_equal(seen.after[1].data, "hi", 2);
    assert_true(seen.last.after_is_full);
    assert_null(seen.last.before);
    assert_int_equal(seen.last.timestamp, 9);
}

static void null_bits_count_present_columns_only(void **state)
{
    /* UPDATE v1: first image has column 0, second has column 1, which is NULL: bit 0 of its bitmap.
     */
    static const uint8_t body[] = {5, 0, 0, 0, 0, 0, 1, 0, 2, 1, 2, 0, 8, 1};
    struct seen seen;

    (void)state;
    assert_int_equal(read_rows(SL_EVENT_UPDATE_ROWS_V1, body, sizeof(body), &seen), SL_OK);
    assert_int_equal(seen.rows, 1);
    assert_int_equal(seen.before[0].state, SL_CELL_VALUE);
    assert_int_equal(seen.before[1].state, SL_CELL_ABSENT);
    assert_int_equal(seen.after[0].state, SL_CELL_ABSENT);
    assert_int_equal(seen.after[1].state, SL_CELL_NULL);
    assert_false(seen.last.before_is_full);
    assert_false(seen.last.after_is_full);
}

static void insert_of_defaults_only_has_no_bytes_but_is_a_row(void **state)
{
    static const uint8_t body[] = {5, 0, 0, 0, 0, 0, 1, 0, 2, 0};
    struct seen seen;

    (void)state;
    assert_int_equal(read_rows(SL_EVENT_WRITE_ROWS_V1, body, sizeof(body), &seen), SL_OK);
    assert_int_equal(seen.rows, 1);
    assert_int_equal(seen.after[0].state, SL_CELL_ABSENT);
}

static void rows_without_columns_do_not_loop(void **state)
{
    static const uint8_t body[] = {5, 0, 0, 0, 0, 0, 1, 0, 2, 0, 1, 2, 3};
    struct seen seen;

    (void)state;
    assert_int_equal(read_rows(SL_EVENT_WRITE_ROWS_V1, body, sizeof(body), &seen), SL_EFORMAT);
    assert_int_equal(seen.rows, 0);
}

static void another_number_of_columns_is_refused(void **state)
{
    static const uint8_t body[] = {5, 0, 0, 0, 0, 0, 1, 0, 3, 7, 0, 1, 0, 1};
    struct seen seen;

    (void)state;
    assert_int_equal(read_rows(SL_EVENT_WRITE_ROWS_V1, body, sizeof(body), &seen), SL_ESCHEMA);
}

static void value_longer_than_its_column_is_refused(void **state)
{
    static const uint8_t body[] = {5,  0,   0,   0,   0,   0,   1,   0,   2,   3,   0,   1,
                                   11, 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a'};
    struct seen seen;

    (void)state;
    assert_int_equal(read_rows(SL_EVENT_WRITE_ROWS_V1, body, sizeof(body), &seen), SL_EFORMAT);
}

static void unknown_value_options_are_refused(void **state)
{
    static const uint8_t body[] = {5, 0, 0, 0, 0, 0, 1, 0, 2, 0, 2, 3, 3, 0, 1, 0, 2, 0, 1, 0};
    struct seen seen;

    (void)state;
    assert_int_equal(read_rows(SL_EVENT_PARTIAL_UPDATE_ROWS, body, sizeof(body), &seen),
                     SL_EUNSUPPORTED);
}

static void extra_information_shorter_than_its_own_length_is_refused(void **state)
{
    static const uint8_t body[] = {5, 0, 0, 0, 0, 0, 1, 0, 1, 0, 2, 3, 0, 1, 0};
    struct seen seen;

    (void)state;
    assert_int_equal(read_rows(SL_EVENT_WRITE_ROWS, body, sizeof(body), &seen), SL_EFORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extra_information_is_passed_over),
        cmocka_unit_test(null_bits_count_present_columns_only),
        cmocka_unit_test(insert_of_defaults_only_has_no_bytes_but_is_a_row),
        cmocka_unit_test(rows_without_columns_do_not_loop),
        cmocka_unit_test(another_number_of_columns_is_refused),
        cmocka_unit_test(value_longer_than_its_column_is_refused),
        cmocka_unit_test(unknown_value_options_are_refused),
        cmocka_unit_test(extra_information_shorter_than_its_own_length_is_refused),
    };

    return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
