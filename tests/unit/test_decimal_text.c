#include "tests/support/check.h"

#include "filters/decimal_text.h"

static void decimals_compare_by_value_whatever_their_digits(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        int want;
    } cases[] = {
        {"0", "0", 0},
        {"0", "-0", 0},
        {"-0.000", "+0", 0},
        {"1", "2", -1},
        {"10", "9", 1},
        {"-10", "9", -1},
        {"-10", "-9", -1},
        {"-1.5", "-1.50", 0},
        {"1.5", "1.49999999999999999999999999999", 1},
        {"0001", "1.0", 0},
        {".5", "0.5", 0},
        {"5.", "5", 0},
        {"99999999999999999999999999999999999.999999999999999999999999999999",
         "99999999999999999999999999999999999.999999999999999999999999999998", 1},
        {"9007199254740993", "9007199254740992", 1},
        {"18446744073709551615", "18446744073709551616", -1},
        {"0.1", "0.10000000000000000000000000000000000001", -1},
        {"-0.1", "0", -1},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        int order = 7;
        int back = 7;

        assert_true(
            sl_decimal_compare(sl_check_span(cases[i].a), sl_check_span(cases[i].b), &order));
        assert_true(
            sl_decimal_compare(sl_check_span(cases[i].b), sl_check_span(cases[i].a), &back));
        if (order != cases[i].want || back != -cases[i].want) {
            fail_msg("%s and %s: %d, %d", cases[i].a, cases[i].b, order, back);
        }
    }
}

static void what_is_no_decimal_has_no_order(void **state)
{
    static const char *const texts[] = {"",   "-",   ".",   "-.",    "1e3", "0x10", " 1",
                                        "1 ", "--1", "+-1", "1.2.3", "1,5", "nan",  "inf"};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(texts); i++) {
        int order = 7;

        assert_false(sl_decimal_compare(sl_check_span(texts[i]), sl_check_span("1"), &order));
        assert_false(sl_decimal_compare(sl_check_span("1"), sl_check_span(texts[i]), &order));
        assert_int_equal(order, 7);
    }
    assert_false(sl_decimal_compare(sl_span_make("1\0", 2), sl_check_span("1"), &(int){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_compare_by_value_whatever_their_digits),
        cmocka_unit_test(what_is_no_decimal_has_no_order),
    };

    return cmocka_run_group_tests_name("decimal_text", tests, NULL, NULL);
}
