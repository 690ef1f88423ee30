#include "tests/support/check.h"

#include "cdc/key_filter.h"

enum { SL_KEYS = 4000 };

static struct sl_span key_of(int number, char *out, size_t size)
{
    (void)snprintf(out, size, "shop:users:%d", number);
    return sl_check_span(out);
}

static void what_was_added_is_there_and_nothing_else(void **state)
{
    struct sl_key_filter *filter = sl_key_filter_new(SL_KEYS);
    unsigned wrong = 0;
    char text[32];

    (void)state;
    assert_false(sl_key_filter_has(filter, sl_check_span("")));
    for (int i = 0; i < SL_KEYS; i++) {
        sl_key_filter_add(filter, key_of(i, text, sizeof(text)));
    }
    for (int i = 0; i < SL_KEYS; i++) {
        assert_true(sl_key_filter_has(filter, key_of(i, text, sizeof(text))));
    }
    for (int i = SL_KEYS; i < 100 * SL_KEYS; i++) {
        wrong += sl_key_filter_has(filter, key_of(i, text, sizeof(text)));
    }
    assert_true(wrong <= 2); /* 0.0001 are due */
    sl_key_filter_free(filter);
}

static void too_many_keys_are_not_guessed_at(void **state)
{
    struct sl_key_filter *filter = sl_key_filter_new(1);
    char text[32];

    (void)state;
    for (int i = 0; i < SL_KEYS; i++) {
        sl_key_filter_add(filter, key_of(i, text, sizeof(text)));
    }
    assert_true(sl_key_filter_has(filter, key_of(1, text, sizeof(text))));
    for (int i = SL_KEYS; i < 4 * SL_KEYS; i++) {
        sl_key_filter_add(filter, key_of(i, text, sizeof(text)));
    }
    assert_false(sl_key_filter_has(filter, key_of(1, text, sizeof(text))));
    sl_key_filter_free(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_there_and_nothing_else),
        cmocka_unit_test(too_many_keys_are_not_guessed_at),
    };

    return cmocka_run_group_tests_name("key filter", tests, NULL, NULL);
}
