#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "cdc/base/hash.h"

/* Derived server ids depend on the hash: a change of it changes identities. */
static void the_hash_of_a_text_is_fixed_for_ever(void **state)
{
    (void)state;
    assert_true(sl_hash_bytes(NULL, 0, 0) == UINT64_C(0x51aabf958f4e1745));
    assert_true(sl_hash_str("shop.users:4711", 0) == UINT64_C(0xc130b9dd44d79f58));
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static void different_short_keys_do_not_collide(void **state)
{
    enum { SL_KEYS = 20000 };

    static uint64_t hashes[SL_KEYS];

    (void)state;
    for (int i = 0; i < SL_KEYS; i++) {
        char key[32];
        int len = snprintf(key, sizeof(key), "db:table:%d", i);

        hashes[i] = sl_hash_bytes(key, (size_t)len, 42);
    }
    qsort(hashes, SL_KEYS, sizeof(hashes[0]), compare);
    for (int i = 1; i < SL_KEYS; i++) {
        assert_true(hashes[i - 1] != hashes[i]);
    }
}

static void length_counts_even_when_the_bytes_are_zero(void **state)
{
    static const uint8_t zeros[64] = {0};
    uint64_t hashes[64];

    (void)state;
    for (size_t len = 0; len < 64; len++) {
        hashes[len] = sl_hash_bytes(zeros, len, 0);
        for (size_t i = 0; i < len; i++) {
            assert_true(hashes[i] != hashes[len]);
        }
    }
}

/* Each input bit and each seed bit turns about half of the 64 output bits. */
static void every_bit_of_key_and_seed_spreads(void **state)
{
    static const size_t lens[] = {1, 3, 7, 8, 9, 16, 23};

    (void)state;
    for (size_t n = 0; n < sizeof(lens) / sizeof(lens[0]); n++) {
        uint8_t key[24] = "the quick brown fox jum";
        uint64_t before = sl_hash_bytes(key, lens[n], 7);

        for (size_t bit = 0; bit < lens[n] * 8; bit++) {
            key[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_in_range(__builtin_popcountll(before ^ sl_hash_bytes(key, lens[n], 7)), 12, 52);
            key[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        for (size_t bit = 0; bit < 64; bit++) {
            uint64_t other = sl_hash_bytes(key, lens[n], 7 ^ UINT64_C(1) << bit);

            assert_in_range(__builtin_popcountll(before ^ other), 12, 52);
        }
    }
}

static void low_bits_of_small_integers_are_spread_over_buckets(void **state)
{
    unsigned buckets[64] = {0};

    (void)state;
    for (uint64_t i = 0; i < 6400; i++) {
        buckets[sl_hash_u64(i * 64, 0) % 64]++;
    }
    for (size_t i = 0; i < 64; i++) {
        assert_in_range(buckets[i], 60, 150);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_of_a_text_is_fixed_for_ever),
        cmocka_unit_test(different_short_keys_do_not_collide),
        cmocka_unit_test(length_counts_even_when_the_bytes_are_zero),
        cmocka_unit_test(every_bit_of_key_and_seed_spreads),
        cmocka_unit_test(low_bits_of_small_integers_are_spread_over_buckets),
    };

    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
