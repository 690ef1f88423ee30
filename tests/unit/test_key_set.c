#include "tests/support/check.h"

#include "cdc/key_set.h"

enum { SL_KEYS = 5000 };

static struct sl_span key_of(int number, char *out, size_t size)
{
    (void)snprintf(out, size, "shop:users:%d", number);
    return sl_check_span(out);
}

static void keys_are_kept_once_and_in_order(void **state)
{
    struct sl_key_set *set = sl_key_set_new();
    struct sl_span key;
    size_t at = 0;
    int number = 0;
    char text[32];

    (void)state;
    for (int i = 0; i < SL_KEYS; i++) {
        assert_int_equal(sl_key_set_add(set, key_of(i, text, sizeof(text))), SL_OK);
        assert_int_equal(sl_key_set_add(set, key_of(i / 2, text, sizeof(text))), SL_DONE);
    }
    assert_int_equal(sl_key_set_count(set), SL_KEYS);
    while (sl_key_set_next(set, &at, &key)) {
        (void)key_of(number++, text, sizeof(text));
        assert_span(key, text);
        assert_true(sl_key_set_has(set, key));
    }
    assert_int_equal(number, SL_KEYS);
    assert_false(sl_key_set_has(set, key_of(SL_KEYS, text, sizeof(text))));
    sl_key_set_free(set);
}

static void keys_are_bytes(void **state)
{
    struct sl_key_set *set = sl_key_set_new();

    (void)state;
    assert_int_equal(sl_key_set_add(set, sl_span_make("a\0b", 3)), SL_OK);
    assert_int_equal(sl_key_set_add(set, sl_span_make("a\0c", 3)), SL_OK);
    assert_int_equal(sl_key_set_add(set, sl_span_make("a", 1)), SL_OK);
    assert_int_equal(sl_key_set_add(set, sl_span_make("", 0)), SL_OK);
    assert_int_equal(sl_key_set_add(set, sl_span_make(NULL, 0)), SL_DONE);
    assert_true(sl_key_set_has(set, sl_span_make("a\0c", 3)));
    assert_false(sl_key_set_has(set, sl_span_make("a\0d", 3)));
    sl_key_set_free(set);
}

static void memory_is_told(void **state)
{
    struct sl_key_set *set = sl_key_set_new();
    size_t before = sl_key_set_bytes(set);
    char text[32];

    (void)state;
    for (int i = 0; i < SL_KEYS; i++) {
        assert_int_equal(sl_key_set_add(set, key_of(i, text, sizeof(text))), SL_OK);
    }
    assert_true(sl_key_set_bytes(set) - before >= (size_t)SL_KEYS * (4 + 12));
    assert_true(sl_key_set_bytes(set) - before <= (size_t)SL_KEYS * 80);
    sl_key_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_kept_once_and_in_order),
        cmocka_unit_test(keys_are_bytes),
        cmocka_unit_test(memory_is_told),
    };

    return cmocka_run_group_tests_name("key_set", tests, NULL, NULL);
}
