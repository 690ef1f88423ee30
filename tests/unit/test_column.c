#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/column.h"
#include "cdc/value.h"

static void metadata_tells_sizes(void **state)
{
    static const struct {
        uint8_t wire_type;
        uint16_t meta;
        uint8_t type;
        uint8_t length_bytes;
        uint8_t fixed_len;
        uint32_t max_len;
    } cases[] = {
        {SL_TYPE_TINY, 0, SL_TYPE_TINY, 0, 1, 0},
        {SL_TYPE_INT24, 0, SL_TYPE_INT24, 0, 3, 0},
        {SL_TYPE_NULL, 0, SL_TYPE_NULL, 0, 0, 0},
        {SL_TYPE_STRING, 0xfe00, SL_TYPE_STRING, 1, 0, 0},
        {SL_TYPE_STRING, 0xfeff, SL_TYPE_STRING, 1, 0, 255},
        {SL_TYPE_STRING, 0xee00, SL_TYPE_STRING, 2, 0, 256},  /* CHAR(64) of utf8mb4 */
        {SL_TYPE_STRING, 0xdefc, SL_TYPE_STRING, 2, 0, 764},  /* CHAR(191) of utf8mb4 */
        {SL_TYPE_STRING, 0xcefc, SL_TYPE_STRING, 2, 0, 1020}, /* CHAR(255) of utf8mb4 */
        {SL_TYPE_STRING, 0xceff, SL_TYPE_STRING, 2, 0, 1023},
        {SL_TYPE_STRING, 0xf702, SL_TYPE_ENUM, 0, 2, 0},
        {SL_TYPE_STRING, 0xf808, SL_TYPE_SET, 0, 8, 0},
        {SL_TYPE_VARCHAR, 255, SL_TYPE_VARCHAR, 1, 0, 255},
        {SL_TYPE_VARCHAR, 256, SL_TYPE_VARCHAR, 2, 0, 256},
        {SL_TYPE_VARCHAR, 65535, SL_TYPE_VARCHAR, 2, 0, 65535},
        {SL_TYPE_BLOB, 1, SL_TYPE_BLOB, 1, 0, 0xff},
        {SL_TYPE_BLOB, 3, SL_TYPE_BLOB, 3, 0, 0xffffff},
        {SL_TYPE_JSON, 4, SL_TYPE_JSON, 4, 0, UINT32_MAX},
        {SL_TYPE_VECTOR, 4, SL_TYPE_VECTOR, 4, 0, UINT32_MAX},
        {SL_TYPE_BIT, 0x0001, SL_TYPE_BIT, 0, 1, 0},
        {SL_TYPE_BIT, 0x0101, SL_TYPE_BIT, 0, 2, 0},
        {SL_TYPE_BIT, 0x0800, SL_TYPE_BIT, 0, 8, 0},
        {SL_TYPE_NEWDECIMAL, 0x0100, SL_TYPE_NEWDECIMAL, 0, 1, 0},
        {SL_TYPE_NEWDECIMAL, 0x411e, SL_TYPE_NEWDECIMAL, 0, 30, 0},
        {SL_TYPE_TIME2, 0, SL_TYPE_TIME2, 0, 3, 0},
        {SL_TYPE_TIME2, 6, SL_TYPE_TIME2, 0, 6, 0},
        {SL_TYPE_DATETIME2, 3, SL_TYPE_DATETIME2, 0, 7, 0},
        {SL_TYPE_TIMESTAMP2, 1, SL_TYPE_TIMESTAMP2, 0, 5, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_column column = {0};

        assert_int_equal(sl_column_from_meta(&column, cases[i].wire_type, cases[i].meta, NULL),
                         SL_OK);
        assert_int_equal(column.type, cases[i].type);
        assert_int_equal(column.length_bytes, cases[i].length_bytes);
        assert_int_equal(column.fixed_len, cases[i].fixed_len);
        assert_int_equal(column.max_len, cases[i].max_len);
    }
}

static void impossible_metadata_is_refused(void **state)
{
    static const struct {
        uint8_t wire_type;
        uint16_t meta;
        int want;
    } cases[] = {
        {SL_TYPE_NEWDECIMAL, 0x0000, SL_EFORMAT},
        {SL_TYPE_NEWDECIMAL, 0x4200, SL_EFORMAT},
        {SL_TYPE_NEWDECIMAL, 0x0203, SL_EFORMAT},
        {SL_TYPE_NEWDECIMAL, 0x4127, SL_EFORMAT},
        {SL_TYPE_BIT, 0x0000, SL_EFORMAT},
        {SL_TYPE_BIT, 0x0801, SL_EFORMAT},
        {SL_TYPE_BIT, 0x0008, SL_EFORMAT},
        {SL_TYPE_STRING, 0xf703, SL_EFORMAT},
        {SL_TYPE_STRING, 0xf700, SL_EFORMAT},
        {SL_TYPE_STRING, 0xf805, SL_EFORMAT},
        {SL_TYPE_STRING, 0xf800, SL_EFORMAT},
        {SL_TYPE_STRING, 0x0301, SL_EFORMAT},
        {SL_TYPE_BLOB, 0, SL_EFORMAT},
        {SL_TYPE_BLOB, 5, SL_EFORMAT},
        {SL_TYPE_TIME2, 7, SL_EFORMAT},
        {SL_TYPE_FLOAT, 8, SL_EFORMAT},
        {SL_TYPE_DOUBLE, 4, SL_EFORMAT},
        {SL_TYPE_DECIMAL, 0, SL_EUNSUPPORTED},
        {SL_TYPE_TYPED_ARRAY, 0, SL_EUNSUPPORTED},
        {200, 0, SL_EUNSUPPORTED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_column column = {0};
        struct sl_err err = {0};

        assert_int_equal(sl_column_from_meta(&column, cases[i].wire_type, cases[i].meta, &err),
                         cases[i].want);
        assert_int_equal(err.status, cases[i].want);
    }
}

static void metadata_is_taken_in_the_order_of_each_type(void **state)
{
    static const uint8_t bytes[] = {0xfe, 0x28, 0x0a, 0x05, 0x2c, 0x01, 0x01, 0x02, 0x06};

    static const struct {
        uint8_t wire_type;
        uint16_t want;
    } cases[] = {
        {SL_TYPE_STRING, 0xfe28}, {SL_TYPE_NEWDECIMAL, 0x0a05}, {SL_TYPE_LONG, 0},
        {SL_TYPE_VARCHAR, 300},   {SL_TYPE_BIT, 0x0201},        {SL_TYPE_DATETIME2, 6},
    };
    struct sl_span rest = sl_span_make(bytes, sizeof(bytes));
    uint16_t meta = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(sl_column_take_meta(&rest, cases[i].wire_type, &meta, NULL), SL_OK);
        assert_int_equal(meta, cases[i].want);
    }
    assert_int_equal(rest.len, 0);
    assert_int_equal(sl_column_take_meta(&rest, SL_TYPE_BLOB, &meta, NULL), SL_ETRUNC);
    rest = sl_span_make(bytes, 1);
    assert_int_equal(sl_column_take_meta(&rest, SL_TYPE_VARCHAR, &meta, NULL), SL_ETRUNC);
    assert_int_equal(rest.len, 1);
    assert_int_equal(sl_column_take_meta(&rest, 200, &meta, NULL), SL_EUNSUPPORTED);
    assert_int_equal(sl_column_take_meta(&rest, SL_TYPE_TYPED_ARRAY, &meta, NULL), SL_EUNSUPPORTED);
    assert_int_equal(meta, 6);
}

static void fractions_belong_to_the_older_temporal_types_only(void **state)
{
    struct sl_column column = {0};

    (void)state;
    assert_int_equal(sl_column_from_meta(&column, SL_TYPE_DATETIME2, 3, NULL), SL_OK);
    assert_false(sl_column_needs_fraction(&column));
    assert_int_equal(sl_column_set_fraction(&column, 3, NULL), SL_EINVAL);
    assert_int_equal(sl_column_from_meta(&column, SL_TYPE_DATETIME, 0, NULL), SL_OK);
    assert_true(sl_column_needs_fraction(&column));
    assert_int_equal(column.fixed_len, 8);
    assert_int_equal(sl_column_set_fraction(&column, 7, NULL), SL_EINVAL);
    assert_int_equal(sl_column_set_fraction(&column, 2, NULL), SL_OK);
    assert_int_equal(column.fixed_len, 6);
}

static void a_length_above_the_columns_own_is_refused(void **state)
{
    static const uint8_t image[300] = {11};
    struct sl_column column = {0};
    size_t prefix = 7;
    size_t total = 7;

    (void)state;
    assert_int_equal(sl_column_from_meta(&column, SL_TYPE_VARCHAR, 10, NULL), SL_OK);
    assert_int_equal(sl_value_extent(&column, sl_span_make(image, sizeof(image)), &prefix, &total),
                     SL_EFORMAT);
    assert_int_equal(prefix + total, 14);
    assert_int_equal(sl_column_from_meta(&column, SL_TYPE_VARCHAR, 11, NULL), SL_OK);
    assert_int_equal(sl_value_extent(&column, sl_span_make(image, sizeof(image)), &prefix, &total),
                     SL_OK);
    assert_int_equal(prefix, 1);
    assert_int_equal(total, 12);
}

static void a_length_near_the_widest_does_not_wrap(void **state)
{
    static const uint8_t image[] = {0xff, 0xff, 0xff, 0xff, 'x'};
    struct sl_column column = {0};
    size_t prefix = 7;
    size_t total = 7;

    (void)state;
    assert_int_equal(sl_column_from_meta(&column, SL_TYPE_BLOB, 4, NULL), SL_OK);
    for (size_t len = 0; len <= sizeof(image); len++) {
        assert_int_equal(sl_value_extent(&column, sl_span_make(image, len), &prefix, &total),
                         SL_ETRUNC);
    }
    assert_int_equal(prefix + total, 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_tells_sizes),
        cmocka_unit_test(impossible_metadata_is_refused),
        cmocka_unit_test(metadata_is_taken_in_the_order_of_each_type),
        cmocka_unit_test(fractions_belong_to_the_older_temporal_types_only),
        cmocka_unit_test(a_length_above_the_columns_own_is_refused),
        cmocka_unit_test(a_length_near_the_widest_does_not_wrap),
    };

    return cmocka_run_group_tests_name("column", tests, NULL, NULL);
}
