#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cdc/base/buf.h"
#include "cdc/json_binary.h"
#include "tests/support/json_cases.h"

enum { SL_REPLACE = 0, SL_INSERT = 1, SL_REMOVE = 2 };

/* {"a": [1, 2, 3], "b": "x"} */
static const uint8_t object[] = "\x00\x02\x00\x23\x00\x12\x00\x01\x00\x13\x00\x01\x00\x02\x14\x00"
                                "\x0c\x21\x00\x61\x62\x03\x00\x0d\x00\x05\x01\x00\x05\x02\x00\x05"
                                "\x03\x00\x01\x78";
static const uint8_t seven[] = "\x05\x07\x00";

static struct sl_span object_span(void)
{
    return sl_span_make(object, sizeof(object) - 1);
}

/* Appends a change; REPLACE and INSERT carry the number 7. */
static void add_change(struct sl_buf *diff, uint8_t op, const char *path)
{
    assert_true(strlen(path) < 251);
    assert_int_equal(sl_buf_add_byte(diff, op), SL_OK);
    assert_int_equal(sl_buf_add_byte(diff, (uint8_t)strlen(path)), SL_OK);
    assert_int_equal(sl_buf_add_str(diff, path), SL_OK);
    if (op != SL_REMOVE) {
        assert_int_equal(sl_buf_add_byte(diff, sizeof(seven) - 1), SL_OK);
        assert_int_equal(sl_buf_add(diff, seven, sizeof(seven) - 1), SL_OK);
    }
}

/* Applies copies of exact size, so that a sanitizer sees each read past the end. */
static int apply(struct sl_span before, struct sl_span diff, struct sl_buf *out, struct sl_err *err)
{
    uint8_t *before_copy = sl_json_copy(before);
    uint8_t *diff_copy = sl_json_copy(diff);
    int rc = sl_json_apply_diff(sl_span_make(before_copy, before.len),
                                sl_span_make(diff_copy, diff.len), out, err);

    free(before_copy);
    free(diff_copy);
    return rc;
}

static void expect(uint8_t op, const char *path, int want_rc, const char *want)
{
    struct sl_buf diff = {0};
    struct sl_buf out = {0};
    struct sl_err err = {0};
    int rc;

    add_change(&diff, op, path);
    assert_int_equal(sl_buf_add_byte(&out, '>'), SL_OK);
    rc = apply(object_span(), sl_span_make(diff.data, diff.len), &out, &err);
    if (rc != want_rc) {
        fail_msg("%s: status %d in place of %d: %s", path, rc, want_rc, err.text);
    }
    if (rc == SL_OK) {
        assert_string_equal(sl_buf_cstr(&out) + 1, want);
    } else {
        assert_int_equal(err.status, want_rc);
        assert_non_null(strstr(err.text, want));
        assert_int_equal(out.len, 1);
    }
    sl_buf_release(&diff);
    sl_buf_release(&out);
}

static void check_result(const struct sl_json_case *item)
{
    struct sl_buf out = {0};
    struct sl_err err = {0};

    if (item->diff.data == NULL) {
        return;
    }
    if (sl_json_apply_diff(item->before, item->diff, &out, &err) != SL_OK) {
        fail_msg("%s: %s", item->sql, err.text);
    }
    if (strcmp(sl_buf_cstr(&out), item->text) != 0) {
        fail_msg("%s\n  prints %s\n  wanted %s", item->sql, (const char *)out.data, item->text);
    }
    sl_buf_release(&out);
}

static void result_is_what_select_prints(void **state)
{
    (void)state;
    sl_json_cases_each(check_result);
}

static void check_truncation(const struct sl_json_case *item)
{
    unsigned complete = 0;

    for (size_t len = 1; item->diff.data != NULL && len < item->diff.len; len++) {
        struct sl_buf out = {0};
        struct sl_err err = {0};
        int rc = apply(item->before, sl_span_make(item->diff.data, len), &out, &err);

        if (rc == SL_OK) { /* cut between two changes */
            complete++;
        } else {
            assert_int_equal(rc, SL_ETRUNC);
            assert_int_equal(out.len, 0);
        }
        sl_buf_release(&out);
    }
    assert_true(complete < 5);
}

static void truncation_at_every_byte_is_noticed(void **state)
{
    (void)state;
    sl_json_cases_each(check_truncation);
}

static void no_changes_leave_the_document(void **state)
{
    struct sl_buf out = {0};

    (void)state;
    assert_int_equal(apply(object_span(), sl_span_make("", 0), &out, NULL), SL_OK);
    assert_string_equal(sl_buf_cstr(&out), "{\"a\": [1, 2, 3], \"b\": \"x\"}");
    sl_buf_release(&out);
}

static void paths_are_read_as_the_server_reads_them(void **state)
{
    (void)state;
    expect(SL_REPLACE, "$.b", SL_OK, "{\"a\": [1, 2, 3], \"b\": 7}");
    expect(SL_REPLACE, " $ . a [ last - 1 ] ", SL_OK, "{\"a\": [1, 7, 3], \"b\": \"x\"}");
    expect(SL_REPLACE, "$.\"\\u0062\"", SL_OK, "{\"a\": [1, 2, 3], \"b\": 7}");
    expect(SL_REPLACE, "$.\\u0062", SL_OK, "{\"a\": [1, 2, 3], \"b\": 7}");
    expect(SL_REMOVE, "$.a[last]", SL_OK, "{\"a\": [1, 2], \"b\": \"x\"}");
    expect(SL_INSERT, "$.a[last]", SL_OK, "{\"a\": [1, 2, 7, 3], \"b\": \"x\"}");
    expect(SL_INSERT, "$.a[last-9]", SL_OK, "{\"a\": [7, 1, 2, 3], \"b\": \"x\"}");
    expect(SL_INSERT, "$.a[4294967295]", SL_OK, "{\"a\": [1, 2, 3, 7], \"b\": \"x\"}");
}

static void inserted_keys_stand_where_the_server_sorts_them(void **state)
{
    (void)state;
    expect(SL_INSERT, "$.\"\"", SL_OK, "{\"\": 7, \"a\": [1, 2, 3], \"b\": \"x\"}");
    expect(SL_INSERT, "$.B", SL_OK, "{\"B\": 7, \"a\": [1, 2, 3], \"b\": \"x\"}");
    expect(SL_INSERT, "$.c", SL_OK, "{\"a\": [1, 2, 3], \"b\": \"x\", \"c\": 7}");
    expect(SL_INSERT, "$.aa", SL_OK, "{\"a\": [1, 2, 3], \"b\": \"x\", \"aa\": 7}");
    expect(SL_INSERT, "$.\"\\ud83d\\ude00\\u20ac\\u00e9\\/\\b\\f\\n\\r\\t\\\"\\\\\"", SL_OK,
           "{\"a\": [1, 2, 3], \"b\": \"x\", \"😀€é/\\b\\f\\n\\r\\t\\\"\\\\\": 7}");
}

static void a_place_that_is_not_there_asks_for_the_row(void **state)
{
    static const struct {
        uint8_t op;
        const char *path;
    } cases[] = {
        {SL_REPLACE, "$.c"},    {SL_REPLACE, "$.a[3]"},   {SL_REPLACE, "$.a[last-3]"},
        {SL_REPLACE, "$.a.b"},  {SL_REPLACE, "$[0]"},     {SL_REPLACE, "$.b[0]"},
        {SL_REPLACE, "$.c.d"},  {SL_REMOVE, "$.c"},       {SL_REMOVE, "$.a[3]"},
        {SL_REMOVE, "$.b.x"},   {SL_INSERT, "$.a"},       {SL_INSERT, "$.b[0]"},
        {SL_INSERT, "$.c.d"},   {SL_INSERT, "$.a.x"},     {SL_INSERT, "$[0]"},
        {SL_INSERT, "$.b.b.b"}, {SL_REMOVE, "$.a[0][0]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect(cases[i].op, cases[i].path, SL_EUNSUPPORTED, "read the row again");
    }
}

static void corrupt_paths_are_refused(void **state)
{
    static const char *const paths[] = {
        "",
        "a",
        "$",
        "$.",
        "$x",
        "$[",
        "$.a[",
        "$.a[1",
        "$.a[x]",
        "$.a[-1]",
        "$.a[]",
        "$.a[*]",
        "$.*",
        "$**.a",
        "$.a[0 to 1]",
        "$.a[last-]",
        "$.a[lasu]",
        "$.a[4294967296]",
        "$.\"a",
        "$.\"a\\\"",
        "$.\"\\",
        "$.\"\\q\"",
        "$.\"\\u12",
        "$.\"\\u12g4\"",
        "$.\"\\u12",
        "$.\\u123",
        "$.\"\\ud800\"",
        "$.\"\\udc00\"",
        "$.\"\\ud800\\u0041\"",
        "$.\"\\ud800x\"",
        "$..a",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        expect(SL_REPLACE, paths[i], SL_EFORMAT, "path is malformed");
    }
}

static void corrupt_operation_and_value_are_refused(void **state)
{
    static const char bad_value[] = "\x00\x03$.b\x02\x0d\x00";
    struct sl_buf out = {0};
    struct sl_err err = {0};

    (void)state;
    expect(3, "$.b", SL_EFORMAT, "unknown operation 3");
    expect(255, "$.b", SL_EFORMAT, "unknown operation 255");
    assert_int_equal(apply(object_span(), sl_span_make(bad_value, 8), &out, &err), SL_EFORMAT);
    assert_non_null(strstr(err.text, "unknown type"));
    sl_buf_release(&out);
}

static void changes_build_on_each_other(void **state)
{
    struct sl_buf diff = {0};
    struct sl_buf out = {0};

    (void)state;
    add_change(&diff, SL_INSERT, "$.c");
    add_change(&diff, SL_REMOVE, "$.a[0]");
    add_change(&diff, SL_REMOVE, "$.a[0]");
    add_change(&diff, SL_INSERT, "$.a[0]");
    add_change(&diff, SL_REMOVE, "$.b");
    add_change(&diff, SL_INSERT, "$.b");
    add_change(&diff, SL_REPLACE, "$.c");
    assert_int_equal(apply(object_span(), sl_span_make(diff.data, diff.len), &out, NULL), SL_OK);
    assert_string_equal(sl_buf_cstr(&out), "{\"a\": [7, 3], \"b\": 7, \"c\": 7}");
    sl_buf_release(&diff);
    sl_buf_release(&out);
}

static const uint8_t null_array[] = {2, 1, 0, 7, 0, 4, 0, 0}; /* [null] */

/* Appends a change that replaces what lies LEVELS arrays deep. */
static void add_deep_change(struct sl_buf *diff, unsigned levels, struct sl_span value)
{
    assert_int_equal(sl_buf_add_byte(diff, SL_REPLACE), SL_OK);
    assert_int_equal(sl_buf_add_byte(diff, 0xfc), SL_OK);
    assert_int_equal(sl_buf_add_byte(diff, (uint8_t)(1 + 3 * levels)), SL_OK);
    assert_int_equal(sl_buf_add_byte(diff, (uint8_t)((1 + 3 * levels) >> 8)), SL_OK);
    assert_int_equal(sl_buf_add_byte(diff, '$'), SL_OK);
    for (unsigned i = 0; i < levels; i++) {
        assert_int_equal(sl_buf_add_str(diff, "[0]"), SL_OK);
    }
    assert_int_equal(sl_buf_add_byte(diff, (uint8_t)value.len), SL_OK);
    assert_int_equal(sl_buf_add(diff, value.data, value.len), SL_OK);
}

/* Makes [null] LEVELS arrays deep, then puts 7 into the innermost if CHANGE_INNERMOST. */
static int deepen(unsigned levels, int change_innermost, struct sl_buf *out, struct sl_err *err)
{
    struct sl_span array = sl_span_make(null_array, sizeof(null_array));
    struct sl_buf diff = {0};
    int rc;

    for (unsigned level = 1; level < levels; level++) {
        add_deep_change(&diff, level, array);
    }
    if (change_innermost) {
        add_deep_change(&diff, levels, sl_span_make(seven, sizeof(seven) - 1));
    }
    sl_buf_clear(out);
    rc = apply(array, sl_span_make(diff.data, diff.len), out, err);
    sl_buf_release(&diff);
    return rc;
}

static void result_is_limited_to_a_hundred_levels(void **state)
{
    struct sl_buf out = {0};
    struct sl_err err = {0};

    (void)state;
    assert_int_equal(deepen(100, 0, &out, &err), SL_OK);
    assert_int_equal(out.len, 204);
    assert_int_equal(deepen(100, 1, &out, &err), SL_OK);
    assert_int_equal(out.len, 201);
    for (unsigned levels = 101; levels < 104; levels++) {
        assert_int_equal(deepen(levels, 0, &out, &err), SL_EFORMAT);
        assert_int_equal(deepen(levels, 1, &out, &err), SL_EFORMAT);
        assert_non_null(strstr(err.text, "100 levels"));
    }
    sl_buf_release(&out);
}

/* LEVELS arrays of one element inside each other, the last one empty. */
static size_t nest(uint8_t *out, unsigned levels)
{
    static const uint8_t empty[] = {0, 0, 4, 0};
    size_t len = 0;

    out[len++] = 2;
    for (unsigned left = levels - 1; left > 0; left--) {
        const uint8_t array[] = {1, 0, (uint8_t)(7 * left + 4), (uint8_t)((7 * left + 4) >> 8), 2,
                                 7, 0};

        memcpy(out + len, array, sizeof(array));
        len += sizeof(array);
    }
    memcpy(out + len, empty, sizeof(empty));
    return len + sizeof(empty);
}

static void untouched_parts_count_as_levels_too(void **state)
{
    uint8_t document[1024];
    struct sl_buf diff = {0};
    struct sl_buf out = {0};

    (void)state;
    add_change(&diff, SL_INSERT, "$[1]");
    assert_int_equal(apply(sl_span_make(document, nest(document, 100)),
                           sl_span_make(diff.data, diff.len), &out, NULL),
                     SL_OK);
    assert_int_equal(out.len, 203);
    assert_int_equal(apply(sl_span_make(document, nest(document, 101)),
                           sl_span_make(diff.data, diff.len), &out, NULL),
                     SL_EFORMAT);
    sl_buf_release(&diff);
    sl_buf_release(&out);
}

/* An array in the large format with COUNT entries that are all zero. Free it. */
static uint8_t *large_array(uint32_t count, size_t *len)
{
    uint8_t *array;

    *len = 9 + 5 * (size_t)count;
    array = calloc(1, *len);
    assert_non_null(array);
    array[0] = 3;
    for (unsigned i = 0; i < 4; i++) {
        array[1 + i] = (uint8_t)(count >> 8 * i);
        array[5 + i] = (uint8_t)((*len - 1) >> 8 * i);
    }
    return array;
}

static void document_with_too_many_values_asks_for_the_row(void **state)
{
    struct sl_buf diff = {0};
    struct sl_buf out = {0};
    struct sl_err err = {0};
    size_t len;
    uint8_t *array = large_array((256 << 20) / 16, &len);

    (void)state;
    add_change(&diff, SL_INSERT, "$[0]");
    assert_int_equal(
        sl_json_apply_diff(sl_span_make(array, len), sl_span_make(diff.data, diff.len), &out, &err),
        SL_ELIMIT);
    assert_non_null(strstr(err.text, "256 MiB"));
    free(array);
    sl_buf_release(&diff);
}

static void changes_of_a_long_array_cannot_take_quadratic_time(void **state)
{
    struct sl_buf diff = {0};
    struct sl_buf out = {0};
    struct sl_err err = {0};
    size_t len;
    uint8_t *array = large_array(1 << 20, &len);

    (void)state;
    for (unsigned i = 0; i < 10000; i++) { /* would move 160 GiB */
        add_change(&diff, SL_INSERT, "$[0]");
    }
    assert_int_equal(
        sl_json_apply_diff(sl_span_make(array, len), sl_span_make(diff.data, diff.len), &out, &err),
        SL_ELIMIT);
    assert_non_null(strstr(err.text, "too many changes"));
    free(array);
    sl_buf_release(&diff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result_is_what_select_prints),
        cmocka_unit_test(truncation_at_every_byte_is_noticed),
        cmocka_unit_test(no_changes_leave_the_document),
        cmocka_unit_test(paths_are_read_as_the_server_reads_them),
        cmocka_unit_test(inserted_keys_stand_where_the_server_sorts_them),
        cmocka_unit_test(a_place_that_is_not_there_asks_for_the_row),
        cmocka_unit_test(corrupt_paths_are_refused),
        cmocka_unit_test(corrupt_operation_and_value_are_refused),
        cmocka_unit_test(changes_build_on_each_other),
        cmocka_unit_test(result_is_limited_to_a_hundred_levels),
        cmocka_unit_test(untouched_parts_count_as_levels_too),
        cmocka_unit_test(document_with_too_many_values_asks_for_the_row),
        cmocka_unit_test(changes_of_a_long_array_cannot_take_quadratic_time),
    };

    return cmocka_run_group_tests_name("json_diff", tests, NULL, NULL);
}
