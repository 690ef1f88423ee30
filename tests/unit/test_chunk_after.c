/* test_chunk_after.c - the stored place in a table: written, read back, and refused when damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/chunk_after.h"

static struct sl_column columns[] = {
    {.type = SL_TYPE_LONG, .kind = SL_KIND_NUMBER},
    {.type = SL_TYPE_VARCHAR, .kind = SL_KIND_TEXT},
    {.type = SL_TYPE_ENUM, .kind = SL_KIND_TEXT},
    {.type = SL_TYPE_FLOAT, .kind = SL_KIND_NUMBER},
    {.type = SL_TYPE_NEWDECIMAL, .kind = SL_KIND_TEXT},
};
static const struct sl_table table = {
    .db = {(const uint8_t *)"d", 1}, .name = {(const uint8_t *)"t", 1}, .columns = columns};
static const struct sl_chunk_key key = {
    .table = &table,
    .parts = {{.column = &columns[0], .form = SL_CHUNK_PLAIN},
              {.column = &columns[1], .form = SL_CHUNK_STRING},
              {.column = &columns[2], .form = SL_CHUNK_ORDINAL},
              {.column = &columns[3], .form = SL_CHUNK_PLAIN},
              {.column = &columns[4], .form = SL_CHUNK_PLAIN}},
    .count = 5,
};

static struct sl_span span(const char *text)
{
    return sl_span_make(text, strlen(text));
}

static void write_one(struct sl_buf *out)
{
    const struct sl_span values[] = {span("-7"), sl_span_make("a\0'", 3), span("3"), span("1.5e-7"),
                                     span("0.10")};

    assert_int_equal(sl_chunk_after_write(out, &key, values), SL_OK);
}

static int read_back(const void *data, size_t len, const struct sl_chunk_key *as)
{
    struct sl_span values[SL_CHUNK_PARTS_MAX];
    struct sl_err err = {0};
    /* A copy of its own, so that a sanitizer sees a read beyond its end. */
    void *copy = malloc(len + 1);
    int rc;

    assert_non_null(copy);
    copy = realloc(copy, len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, data, len);
    rc = sl_chunk_after_read(sl_span_make(copy, len), as, values, &err);
    assert_int_equal(rc, err.status);
    free(copy);
    return rc;
}

static void what_was_written_is_read(void **state)
{
    struct sl_span values[SL_CHUNK_PARTS_MAX];
    struct sl_buf out = {0};
    struct sl_err err = {0};

    (void)state;
    write_one(&out);
    write_one(&out);
    assert_int_equal(sl_chunk_after_read(sl_span_make(out.data, out.len), &key, values, &err),
                     SL_OK);
    assert_true(sl_span_equals(values[0], "-7") && sl_span_equals(values[4], "0.10"));
    assert_int_equal(values[1].len, 3);
    assert_memory_equal(values[1].data, "a\0'", 3);
    sl_buf_release(&out);
}

static void every_truncation_is_refused(void **state)
{
    struct sl_buf out = {0};

    (void)state;
    write_one(&out);
    for (size_t len = 0; len < out.len; len++) {
        assert_int_equal(read_back(out.data, len, &key), SL_EINVAL);
    }
    assert_int_equal(read_back(out.data, out.len, &key), SL_OK);
    assert_int_equal(sl_buf_add_byte(&out, 0), SL_OK);
    assert_int_equal(read_back(out.data, out.len, &key), SL_EINVAL);
    sl_buf_release(&out);
}

static void another_key_refuses_it(void **state)
{
    struct sl_chunk_key other = key;
    struct sl_buf out = {0};

    (void)state;
    write_one(&out);
    other.count = 4;
    assert_int_equal(read_back(out.data, out.len, &other), SL_EINVAL);
    other = key;
    other.parts[1].form = SL_CHUNK_PLAIN;
    assert_int_equal(read_back(out.data, out.len, &other), SL_EINVAL);
    out.data[0] = 2;
    assert_int_equal(read_back(out.data, out.len, &key), SL_EINVAL);
    sl_buf_release(&out);
}

static void value_that_is_no_number_is_refused(void **state)
{
    static const struct {
        uint32_t part;
        const char *value;
    } cases[] = {{0, "1 OR 1=1"}, {0, ""}, {2, "-1"}, {2, "x"}, {3, "nan"}, {3, "1;"}, {4, "1e3"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_span values[] = {span("1"), span("1"), span("1"), span("1"), span("1")};
        struct sl_buf out = {0};

        values[cases[i].part] = span(cases[i].value);
        assert_int_equal(sl_chunk_after_write(&out, &key, values), SL_OK);
        assert_int_equal(read_back(out.data, out.len, &key), SL_EINVAL);
        sl_buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(another_key_refuses_it),
        cmocka_unit_test(value_that_is_no_number_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
