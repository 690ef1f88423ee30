#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/decompress.h"

/* "hello hello hello" as zlib, behind a head of one byte of length. */
static const uint8_t record[] = {0x81, 17,   0x78, 0x9c, 0xcb, 0x48, 0xcd, 0xc9, 0xc9,
                                 0x57, 0xc8, 0x40, 0x90, 0x00, 0x3a, 0x2e, 0x06, 0x7d};

static int run(const uint8_t *data, size_t len, uint64_t limit, struct sl_decompress *decompress,
               struct sl_span *out)
{
    return sl_decompress_mariadb(decompress, sl_span_make(data, len), limit, out, NULL);
}

static void record_is_decompressed(void **state)
{
    struct sl_decompress decompress = {0};
    struct sl_span out = {0};

    (void)state;
    assert_int_equal(run(record, sizeof(record), 17, &decompress, &out), SL_OK);
    assert_true(sl_span_equals(out, "hello hello hello"));
    sl_decompress_release(&decompress);
}

static void declared_size_is_checked_before_allocation(void **state)
{
    const uint8_t huge[] = {0x84, 0xff, 0xff, 0xff, 0xff, 0x78, 0x9c};
    struct sl_decompress decompress = {0};
    struct sl_span out = {0};

    (void)state;
    assert_int_equal(run(huge, sizeof(huge), 1 << 20, &decompress, &out), SL_ELIMIT);
    assert_null(decompress.text.data);
    assert_int_equal(run(record, sizeof(record), 16, &decompress, &out), SL_ELIMIT);
    sl_decompress_release(&decompress);
}

static void wrong_declared_size_is_refused(void **state)
{
    uint8_t copy[sizeof(record)];
    struct sl_decompress decompress = {0};
    struct sl_span out = {0};

    (void)state;
    memcpy(copy, record, sizeof(record));
    copy[1] = 16;
    assert_int_equal(run(copy, sizeof(copy), 100, &decompress, &out), SL_EFORMAT);
    copy[1] = 18;
    assert_int_equal(run(copy, sizeof(copy), 100, &decompress, &out), SL_EFORMAT);
    sl_decompress_release(&decompress);
}

static void every_cut_and_bad_head_is_refused(void **state)
{
    const uint8_t unknown[] = {0x91, 1, 0};
    const uint8_t no_mark[] = {0x01, 1, 0};
    const uint8_t no_width[] = {0x80, 1, 0};
    struct sl_decompress decompress = {0};
    struct sl_span out = {0};

    (void)state;
    for (size_t len = 0; len < sizeof(record); len++) {
        assert_true(run(record, len, 100, &decompress, &out) < 0);
    }
    assert_int_equal(run(unknown, 3, 100, &decompress, &out), SL_EUNSUPPORTED);
    assert_int_equal(run(no_mark, 3, 100, &decompress, &out), SL_EFORMAT);
    assert_int_equal(run(no_width, 3, 100, &decompress, &out), SL_EFORMAT);
    sl_decompress_release(&decompress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_is_decompressed),
        cmocka_unit_test(declared_size_is_checked_before_allocation),
        cmocka_unit_test(wrong_declared_size_is_refused),
        cmocka_unit_test(every_cut_and_bad_head_is_refused),
    };

    return cmocka_run_group_tests_name("decompress", tests, NULL, NULL);
}
