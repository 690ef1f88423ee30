/*
 * hash.h - a fast, seedable 64-bit hash for the short keys of hash tables: each 8 bytes are
 * multiplied to 128 bits and folded, which mixes better a cycle than byte-wise hashes.
 *
 * The result is the same on every machine. It is no defence against somebody who picks keys to
 * collide: seed tables that hold foreign keys from sl_xrand_entropy().
 */
#ifndef SLUICE_CDC_BASE_HASH_H
#define SLUICE_CDC_BASE_HASH_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

__extension__ typedef unsigned __int128 sl_uint128; /* ISO C has no 128-bit integer */

/* The two halves of A * B, one over the other. */
static inline uint64_t sl_hash_fold(uint64_t a, uint64_t b)
{
    sl_uint128 product = (sl_uint128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The LEN (at most 8) bytes at DATA as a little-endian integer. */
static inline uint64_t sl_hash_load(const uint8_t *data, size_t len)
{
    uint64_t value = 0;

    memcpy(&value, data, len);
    return le64toh(value);
}

/* Hashes an integer; 0 is no special case. */
static inline uint64_t sl_hash_u64(uint64_t value, uint64_t seed)
{
    uint64_t hash = value ^ seed ^ UINT64_C(0x2d358dccaa6c78a5);

    /* A fold alone maps 0 to 0 and loses bits; the xor-shifts make this step a bijection's mix. */
    hash ^= hash >> 32;
    hash *= UINT64_C(0xd6e8feb86659fd93);
    hash ^= hash >> 32;
    hash *= UINT64_C(0xd6e8feb86659fd93);
    return hash ^ hash >> 32;
}

/* Hashes LEN bytes at DATA (may be NULL when LEN is 0). */
static inline uint64_t sl_hash_bytes(const void *data, size_t len, uint64_t seed)
{
    const uint8_t *bytes = data;
    uint64_t hash = seed ^ (uint64_t)len * UINT64_C(0x9fb21c651e98df25);

    for (; len >= 8; len -= 8, bytes += 8) {
        uint64_t word = sl_hash_load(bytes, 8);

        /* Adding the old state keeps it alive when a word happens to make the product 0. */
        hash +=
            sl_hash_fold(word ^ hash ^ UINT64_C(0x8bb84b93962eacc9), UINT64_C(0xe7037ed1a0b428db));
    }
    if (len > 0) {
        hash += sl_hash_fold(sl_hash_load(bytes, len) ^ hash, UINT64_C(0xa0761d6478bd642f));
    }
    return sl_hash_u64(hash, 0);
}

static inline uint64_t sl_hash_str(const char *text, uint64_t seed)
{
    return sl_hash_bytes(text, strlen(text), seed);
}

#endif
