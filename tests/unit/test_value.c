/*
 * test_value.c - what no healthy server writes: malformed values, unknown layouts, full buffers;
 * and the limits of single types. test_value_server.c has the values of real servers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/base/buf.h"
#include "cdc/value.h"

static struct sl_column make(uint8_t wire_type, uint16_t meta)
{
    struct sl_column column = {.name = sl_span_make("price", 5), .collation = 63};

    assert_int_equal(sl_column_from_meta(&column, wire_type, meta, NULL), SL_OK);
    return column;
}

/* Renders BYTES behind a mark and compares; WANT is NULL where TEXT must fail with STATUS. */
static void check(struct sl_column column, const void *bytes, size_t len, const char *want)
{
    struct sl_cell cell = {.data = bytes, .len = (uint32_t)len, .state = SL_CELL_VALUE};
    struct sl_buf out = {0};
    struct sl_err err = {0};
    int rc;

    assert_int_equal(sl_value_prepare(&column, &err), SL_OK);
    assert_int_equal(sl_buf_add_str(&out, "mark"), SL_OK);
    rc = sl_value_text(&column, &cell, &out, &err);
    if (want == NULL) {
        assert_int_equal(rc, SL_EFORMAT);
        assert_int_equal(out.len, 4);
        assert_non_null(strstr(err.text, "price"));
    } else {
        assert_int_equal(rc, SL_OK);
        assert_int_equal(out.len, 4 + strlen(want));
        assert_memory_equal(out.data, "mark", 4);
        assert_memory_equal(out.data + 4, want, strlen(want));
    }
    sl_buf_release(&out);
}

static void fixed_values_of_another_size_are_refused(void **state)
{
    static const struct {
        uint8_t wire_type;
        uint16_t meta;
    } cases[] = {
        {SL_TYPE_TINY, 0},
        {SL_TYPE_SHORT, 0},
        {SL_TYPE_INT24, 0},
        {SL_TYPE_LONG, 0},
        {SL_TYPE_LONGLONG, 0},
        {SL_TYPE_FLOAT, 4},
        {SL_TYPE_DOUBLE, 8},
        {SL_TYPE_YEAR, 0},
        {SL_TYPE_DATE, 0},
        {SL_TYPE_TIME, 0},
        {SL_TYPE_DATETIME, 0},
        {SL_TYPE_TIMESTAMP, 0},
        {SL_TYPE_TIME2, 0},
        {SL_TYPE_TIME2, 6},
        {SL_TYPE_DATETIME2, 0},
        {SL_TYPE_DATETIME2, 6},
        {SL_TYPE_TIMESTAMP2, 0},
        {SL_TYPE_TIMESTAMP2, 6},
        {SL_TYPE_BIT, 0x0101},
        {SL_TYPE_BIT, 0x0800},
        {SL_TYPE_NEWDECIMAL, 0x411e},
        {SL_TYPE_NEWDECIMAL, 0x0100},
    };

    static const uint8_t bytes[64] = {0x80, 0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_column column = make(cases[i].wire_type, cases[i].meta);

        for (size_t len = 0; len <= 33; len++) {
            if (len != column.fixed_len) {
                check(column, bytes, len, NULL);
            }
        }
        column.is_zerofill = true;
        check(column, bytes, column.fixed_len + 1U, NULL);
    }
}

static void numbers_at_their_bounds_are_exact(void **state)
{
    struct sl_column column = make(SL_TYPE_LONGLONG, 0);

    (void)state;
    check(column, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "-1");
    check(column, "\x00\x00\x00\x00\x00\x00\x00\x80", 8, "-9223372036854775808");
    column.is_unsigned = true;
    check(column, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "18446744073709551615");
    column = make(SL_TYPE_INT24, 0);
    check(column, "\x00\x00\x80", 3, "-8388608");
    column.is_unsigned = column.is_zerofill = true;
    column.max_len = 8;
    check(column, "\x2a\x00\x00", 3, "00000042");
    column.max_len = UINT32_MAX;
    assert_int_equal(sl_value_prepare(&column, NULL), SL_OK);
}

static void json_numbers_have_no_leading_zeros(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {{"0000", "0"},    {"00042", "42"},  {"0", "0"}, {"0.5", "0.5"},
                 {"-0.5", "-0.5"}, {"1900", "1900"}, {"", ""}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_span text = sl_span_make(cases[i].text, strlen(cases[i].text));

        assert_true(sl_span_equals(sl_value_json_number(text), cases[i].want));
    }
}

static void numbers_that_no_server_stores_are_refused(void **state)
{
    (void)state;
    check(make(SL_TYPE_FLOAT, 4), "\x00\x00\x80\x7f", 4, NULL);                  /* infinity */
    check(make(SL_TYPE_FLOAT, 4), "\x00\x00\xc0\xff", 4, NULL);                  /* NaN */
    check(make(SL_TYPE_DOUBLE, 8), "\x00\x00\x00\x00\x00\x00\xf0\xff", 8, NULL); /* -infinity */
    check(make(SL_TYPE_DOUBLE, 8), "\x01\x00\x00\x00\x00\x00\xf0\x7f", 8, NULL); /* NaN */
    check(make(SL_TYPE_DOUBLE, 8), "\x00\x00\x00\x00\x00\x00\x00\x80", 8, "-0");
    check(make(SL_TYPE_FLOAT, 4), "\x00\x00\x00\x80", 4, "-0");
    check(make(SL_TYPE_NEWDECIMAL, 0x0100), "\x8a", 1, NULL);             /* ten as one digit */
    check(make(SL_TYPE_NEWDECIMAL, 0x0100), "\x75", 1, NULL);             /* minus ten */
    check(make(SL_TYPE_NEWDECIMAL, 0x0900), "\xbb\x9a\xca\x00", 4, NULL); /* 10^9 in nine digits */
    check(make(SL_TYPE_NEWDECIMAL, 0x0900), "\xbb\x9a\xc9\xff", 4, "999999999");
    check(make(SL_TYPE_BIT, 0x0101), "\x02\x00", 2, NULL); /* a tenth bit in BIT(9) */
    check(make(SL_TYPE_BIT, 0x0101), "\x01\xff", 2, "511");
}

static void times_that_no_clock_shows_are_refused(void **state)
{
    (void)state;
    check(make(SL_TYPE_TIME2, 0), "\x80\x0f\x00", 3, NULL);             /* minute 60 */
    check(make(SL_TYPE_TIME2, 0), "\x80\x00\x3c", 3, NULL);             /* second 60 */
    check(make(SL_TYPE_TIME2, 0), "\xb4\x70\x00", 3, NULL);             /* hour 839 */
    check(make(SL_TYPE_TIME2, 0), "\x00\x00\x00", 3, NULL);             /* hour -2048 */
    check(make(SL_TYPE_TIME2, 2), "\x80\x00\x00\x64", 4, NULL);         /* 100 hundredths */
    check(make(SL_TYPE_DATE, 0), "\xad\xff\xff", 3, NULL);              /* year 32767 */
    check(make(SL_TYPE_DATE, 0), "\xa1\x01\x00", 3, NULL);              /* month 13 */
    check(make(SL_TYPE_DATETIME2, 0), "\x19\xb2\xba\xc8\xb8", 5, NULL); /* negative */
    check(make(SL_TYPE_DATETIME2, 0), "\x80\x00\x01\x80\x00", 5, NULL); /* hour 24 */
    check(make(SL_TYPE_DATETIME2, 0), "\xff\xff\xff\xff\xff", 5, NULL);
    check(make(SL_TYPE_TIMESTAMP2, 6), "\x00\x00\x00\x01\x0f\x42\x40", 7, NULL); /* 10^6 micros */
    check(make(SL_TYPE_TIMESTAMP2, 0), "\xff\xff\xff\xff", 4, "2106-02-07 06:28:15");
    check(make(SL_TYPE_TIMESTAMP2, 2), "\x00\x00\x00\x00\x32", 5, "1970-01-01 00:00:00.50");
    check(make(SL_TYPE_TIMESTAMP, 0), "\xff\xff\xff\x7f", 4, "2038-01-19 03:14:07");
    check(make(SL_TYPE_TIME, 0), "\xff\xff\x7f", 3, NULL); /* 838:86:07 */
    check(make(SL_TYPE_DATETIME, 0), "\xff\xff\xff\xff\xff\xff\xff\xff", 8, NULL);
}

static void each_day_a_timestamp_can_hold_has_its_date(void **state)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct sl_column column = make(SL_TYPE_TIMESTAMP2, 0);
    uint32_t year = 1970;
    uint32_t month = 0;
    uint32_t day = 1;

    (void)state;
    for (uint32_t days = 0; days < 49710; days++) {
        uint32_t seconds = days * 86400 + 1;
        uint8_t bytes[] = {(uint8_t)(seconds >> 24), (uint8_t)(seconds >> 16),
                           (uint8_t)(seconds >> 8), (uint8_t)seconds};
        bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        struct sl_buf want = {0};

        assert_int_equal(sl_buf_add_format(&want, "%04u-%02u-%02u 00:00:01", year, month + 1, day),
                         SL_OK);
        check(column, bytes, sizeof(bytes), sl_buf_cstr(&want));
        sl_buf_release(&want);
        if (++day > lengths[month] + (month == 1 && is_leap ? 1U : 0U)) {
            day = 1;
            month = (month + 1) % 12;
            year += month == 0;
        }
    }
}

static void labels_beyond_the_list_are_refused(void **state)
{
    struct sl_span labels[] = {sl_span_make("a", 1), sl_span_make("b", 1), sl_span_make("", 0)};
    struct sl_column column = make(SL_TYPE_STRING, 0xf701);

    (void)state;
    column.labels = labels;
    column.label_count = 3;
    check(column, "\x00", 1, "");
    check(column, "\x02", 1, "b");
    check(column, "\x03", 1, "");
    check(column, "\x04", 1, NULL);
    check(column, "\x01\x00", 2, NULL);
    column = make(SL_TYPE_STRING, 0xf801);
    column.labels = labels;
    column.label_count = 3;
    check(column, "\x00", 1, "");
    check(column, "\x03", 1, "a,b");
    check(column, "\x07", 1, "a,b,");
    check(column, "\x08", 1, NULL);
    check(column, "\x0b", 1, NULL);
}

static void what_is_not_known_is_refused_with_a_remedy(void **state)
{
    static const struct {
        uint8_t wire_type;
        uint16_t meta;
        uint16_t collation;
        int want;
        const char *says;
    } cases[] = {
        {SL_TYPE_STRING, 0xf701, 63, SL_ESCHEMA, "binlog_row_metadata=FULL"},
        {SL_TYPE_STRING, 0xf801, 63, SL_ESCHEMA, "binlog_row_metadata=FULL"},
        {SL_TYPE_VARCHAR, 10, 0, SL_ESCHEMA, "character set"},
        {SL_TYPE_BLOB, 2, 0, SL_ESCHEMA, "character set"},
        {SL_TYPE_VARCHAR, 10, 65000, SL_EUNSUPPORTED, "collation 65000"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_column column = make(cases[i].wire_type, cases[i].meta);
        struct sl_err err = {0};
        struct sl_buf out = {0};

        column.collation = cases[i].collation;
        assert_int_equal(sl_value_prepare(&column, &err), cases[i].want);
        assert_non_null(strstr(err.text, cases[i].says));
        assert_non_null(strstr(err.text, "\"price\""));
        assert_int_equal(column.render(&column, (const uint8_t *)"\x01", 1, &out, NULL),
                         cases[i].want);
        assert_int_equal(out.len, 0);
    }
}

static void kinds_follow_type_and_collation(void **state)
{
    static const struct {
        uint8_t wire_type;
        uint16_t meta;
        uint16_t collation;
        uint8_t special;
        enum sl_kind want;
    } cases[] = {
        {SL_TYPE_LONG, 0, 0, 0, SL_KIND_NUMBER},
        {SL_TYPE_BIT, 0x0101, 0, 0, SL_KIND_NUMBER},
        {SL_TYPE_YEAR, 0, 0, 0, SL_KIND_NUMBER},
        {SL_TYPE_DOUBLE, 8, 0, 0, SL_KIND_NUMBER},
        {SL_TYPE_NEWDECIMAL, 0x0a02, 0, 0, SL_KIND_TEXT},
        {SL_TYPE_DATETIME2, 0, 0, 0, SL_KIND_TEXT},
        {SL_TYPE_VARCHAR, 10, 45, 0, SL_KIND_TEXT},
        {SL_TYPE_VARCHAR, 10, 8, 0, SL_KIND_TEXT},
        {SL_TYPE_VARCHAR, 10, 63, 0, SL_KIND_BYTES},
        {SL_TYPE_STRING, 0xfe10, 63, 0, SL_KIND_BYTES},
        {SL_TYPE_STRING, 0xfe10, 63, SL_SPECIAL_UUID, SL_KIND_TEXT},
        {SL_TYPE_STRING, 0xfe10, 63, SL_SPECIAL_INET6, SL_KIND_TEXT},
        {SL_TYPE_STRING, 0xfe04, 63, SL_SPECIAL_INET4, SL_KIND_TEXT},
        {SL_TYPE_BLOB, 2, 63, 0, SL_KIND_BYTES},
        {SL_TYPE_BLOB, 2, 45, 0, SL_KIND_TEXT},
        {SL_TYPE_BLOB_COMPRESSED, 2, 63, 0, SL_KIND_BYTES},
        {SL_TYPE_VARCHAR_COMPRESSED, 9, 8, 0, SL_KIND_TEXT},
        {SL_TYPE_GEOMETRY, 4, 0, 0, SL_KIND_BYTES},
        {SL_TYPE_VECTOR, 4, 0, 0, SL_KIND_BYTES},
        {SL_TYPE_JSON, 4, 0, 0, SL_KIND_JSON},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_column column = make(cases[i].wire_type, cases[i].meta);

        column.collation = cases[i].collation;
        column.special = cases[i].special;
        assert_int_equal(sl_value_prepare(&column, NULL), SL_OK);
        assert_int_equal(column.kind, cases[i].want);
    }
}

static void short_and_long_bytes_of_fixed_width_types(void **state)
{
    struct sl_column column = make(SL_TYPE_STRING, 0xfe10);

    (void)state;
    column.special = SL_SPECIAL_UUID;
    check(column, NULL, 0, "00000000-0000-0000-0000-000000000000");
    check(column, "\x12", 1, "12000000-0000-0000-0000-000000000000");
    check(column, "12345678901234567", 17, NULL);
    column.special = SL_SPECIAL_INET6;
    check(column, NULL, 0, "::");
    check(column, "12345678901234567", 17, NULL);
    column.special = SL_SPECIAL_INET4;
    check(column, NULL, 0, "0.0.0.0");
    check(column, "\x7f\x00\x00\x01", 4, "127.0.0.1");
    check(column, "\x7f\x00\x00\x01\x01", 5, NULL);
    column.special = SL_SPECIAL_NONE;
    check(column, "12345678901234567", 17, NULL);
}

/* "aaaaaaaaaa" deflated, as a literal and a match, with and without the zlib wrapper. */
#define WRAPPED "\x78\x9c\x4b\x84\x03\x00\x14\xe1\x03\xcb"
#define BARE    "\x4b\x84\x03\x00"

static void compressed_values_are_inflated(void **state)
{
    struct sl_column column = make(SL_TYPE_BLOB_COMPRESSED, 2);

    (void)state;
    check(column, "", 0, "");
    check(column, "\x00", 1, "");
    check(column, "\x00plain", 6, "plain");
    check(column, "\x81\x0a" WRAPPED, 12, "aaaaaaaaaa");
    check(column, "\x89\x0a" BARE, 6, "aaaaaaaaaa");
    check(column, "\x8b\x00\x00\x0a" BARE, 8, "aaaaaaaaaa");
}

static void corrupt_compressed_values_are_refused(void **state)
{
    struct sl_column column = make(SL_TYPE_BLOB_COMPRESSED, 2);

    (void)state;
    for (size_t len = 1; len < 12; len++) {
        check(column, "\x81\x0a" WRAPPED, len, NULL);
    }
    check(column, "\x81\x09" WRAPPED, 12, NULL); /* shorter than the stream says */
    check(column, "\x81\x0b" WRAPPED, 12, NULL); /* longer */
    check(column, "\x80\x0a" WRAPPED, 12, NULL); /* no length */
    check(column, "\x85\0\0\0\0\x0a" WRAPPED, 16, NULL);
    check(column, "\x71\x0a" WRAPPED, 12, NULL); /* unknown method */
    check(column, "\x01plain", 6, NULL);
    check(column, "\x84\xff\xff\xff\xff" WRAPPED, 15, NULL); /* 4 GiB from ten bytes */
}

static void a_compressed_value_of_length_zero_is_refused(void **state)
{
    struct sl_column column = make(SL_TYPE_VARCHAR_COMPRESSED, 3001);

    (void)state;
    check(column, "\x81\x00" WRAPPED, 12, NULL);
    check(column, "\x89\x00\x03\x00", 4, NULL); /* an empty stream, rightly said to be one */
    column.collation = 8;                       /* latin1, so that it is inflated aside */
    check(column, "\x89\x00\x03\x00", 4, NULL);
}

static void a_full_buffer_is_an_error_and_stays_as_it_was(void **state)
{
    static const struct {
        uint8_t wire_type;
        uint16_t meta;
        const char *bytes;
        size_t len;
    } cases[] = {
        {SL_TYPE_LONG, 0, "\1\0\0\0", 4},
        {SL_TYPE_DOUBLE, 8, "\0\0\0\0\0\0\0\0", 8},
        {SL_TYPE_FLOAT, 4, "\0\0\0\0", 4},
        {SL_TYPE_NEWDECIMAL, 0x0100, "\x81", 1},
        {SL_TYPE_DATE, 0, "\0\0\0", 3},
        {SL_TYPE_TIME2, 0, "\x80\0\0", 3},
        {SL_TYPE_DATETIME2, 0, "\x80\0\0\0\0", 5},
        {SL_TYPE_TIMESTAMP2, 0, "\0\0\0\0", 4},
        {SL_TYPE_VARCHAR, 300, "twelve bytes", 12},
        {SL_TYPE_STRING, 0xfeff, "x", 1},
        {SL_TYPE_BLOB_COMPRESSED, 2, "\x81\x0a" WRAPPED, 12},
        {SL_TYPE_BLOB_COMPRESSED, 2, "\0twelve bytes", 13},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_column column = make(cases[i].wire_type, cases[i].meta);
        struct sl_buf out = {.limit = 10};
        struct sl_err err = {0};

        assert_int_equal(sl_value_prepare(&column, &err), SL_OK);
        assert_int_equal(sl_buf_add_str(&out, "mark"), SL_OK);
        assert_int_equal(
            column.render(&column, (const uint8_t *)cases[i].bytes, cases[i].len, &out, &err),
            SL_ELIMIT);
        assert_int_equal(out.len, 4);
        assert_non_null(strstr(err.text, "memory_limit"));
        sl_buf_release(&out);
    }
}

static void a_set_that_does_not_fit_leaves_no_half(void **state)
{
    struct sl_span labels[] = {sl_span_make("first", 5), sl_span_make("second", 6)};
    struct sl_column column = make(SL_TYPE_STRING, 0xf801);
    struct sl_buf out = {.limit = 10};

    (void)state;
    column.labels = labels;
    column.label_count = 2;
    assert_int_equal(sl_value_prepare(&column, NULL), SL_OK);
    assert_int_equal(column.render(&column, (const uint8_t *)"\3", 1, &out, NULL), SL_ELIMIT);
    assert_int_equal(out.len, 0);
    sl_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_values_of_another_size_are_refused),
        cmocka_unit_test(numbers_at_their_bounds_are_exact),
        cmocka_unit_test(json_numbers_have_no_leading_zeros),
        cmocka_unit_test(numbers_that_no_server_stores_are_refused),
        cmocka_unit_test(times_that_no_clock_shows_are_refused),
        cmocka_unit_test(each_day_a_timestamp_can_hold_has_its_date),
        cmocka_unit_test(labels_beyond_the_list_are_refused),
        cmocka_unit_test(what_is_not_known_is_refused_with_a_remedy),
        cmocka_unit_test(kinds_follow_type_and_collation),
        cmocka_unit_test(short_and_long_bytes_of_fixed_width_types),
        cmocka_unit_test(compressed_values_are_inflated),
        cmocka_unit_test(corrupt_compressed_values_are_refused),
        cmocka_unit_test(a_compressed_value_of_length_zero_is_refused),
        cmocka_unit_test(a_full_buffer_is_an_error_and_stays_as_it_was),
        cmocka_unit_test(a_set_that_does_not_fit_leaves_no_half),
    };

    return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
