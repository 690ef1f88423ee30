/* What a key is thought to take in Redis. */
#include "tests/support/check.h"

#include "sinks/redis_memory.h"

static struct sl_held text_of(const char *bytes, size_t len)
{
    return (struct sl_held){.kind = SL_HELD_TEXT, .text = sl_span_make(bytes, len)};
}

/* Allocations by hand: place 32 + 12, key "it:t:1" 8, embedded string 16 + 3 + 2 + 1 = 22. */
static void a_short_string_is_one_allocation(void **state)
{
    const struct sl_held held = text_of("{}", 2);

    (void)state;
    assert_int_equal(sl_redis_memory(6, &held), 32 + 12 + 8 + 32);
}

/* 300 bytes: robj 16, sds 5 + 300 + 1 = 306, rounded up to 320. */
static void a_long_string_is_two(void **state)
{
    static const char bytes[300] = {'x'};
    const struct sl_held held = text_of(bytes, sizeof(bytes));

    (void)state;
    assert_int_equal(sl_redis_memory(6, &held), 32 + 12 + 8 + 16 + 320);
}

static void a_time_to_live_takes_another_place(void **state)
{
    struct sl_held held = text_of("{}", 2);
    uint64_t without = sl_redis_memory(6, &held);

    (void)state;
    held.expires = true;
    assert_int_equal(sl_redis_memory(6, &held), without + 32 + 12);
}

/* Listpack: 7, "id" 2 + 1 + 1, 7 as a number 1 + 1, "name" 4 + 1 + 1, "Ada" 3 + 1 + 1: 24. */
static void a_small_hash_is_a_listpack(void **state)
{
    const struct sl_held_field fields[] = {{sl_check_span("id"), sl_check_span("7")},
                                           {sl_check_span("name"), sl_check_span("Ada")}};
    const struct sl_held held = {.kind = SL_HELD_FIELDS, .fields = fields, .field_count = 2};

    (void)state;
    assert_int_equal(sl_redis_memory(6, &held), 32 + 12 + 8 + 16 + 32);
}

/* One value of 65 bytes is enough: robj 16, dict 64, 4 buckets 32, and an entry, 32 + 8 + 80. */
static void a_long_value_makes_a_table_of_a_hash(void **state)
{
    static const char bytes[65] = {'x'};
    struct sl_held_field field = {sl_check_span("note"), sl_span_make(bytes, 65)};
    const struct sl_held held = {.kind = SL_HELD_FIELDS, .fields = &field, .field_count = 1};

    (void)state;
    assert_int_equal(sl_redis_memory(6, &held), 32 + 12 + 8 + 16 + 64 + 32 + 32 + 8 + 80);
    field.value.len = 64;
    assert_true(sl_redis_memory(6, &held) < 32 + 12 + 8 + 16 + 64 + 32);
}

static void no_key_takes_nothing(void **state)
{
    const struct sl_held held = {.kind = SL_HELD_NOTHING};

    (void)state;
    assert_int_equal(sl_redis_memory(6, &held), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_string_is_one_allocation),
        cmocka_unit_test(a_long_string_is_two),
        cmocka_unit_test(a_time_to_live_takes_another_place),
        cmocka_unit_test(a_small_hash_is_a_listpack),
        cmocka_unit_test(a_long_value_makes_a_table_of_a_hash),
        cmocka_unit_test(no_key_takes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
