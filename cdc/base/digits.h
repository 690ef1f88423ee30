/*
 * digits.h - integers to decimal text, two digits at a time. The callers
 * reserve SL_DIGITS_MAX bytes; nothing is terminated with a NUL.
 */
#ifndef SLUICE_CDC_BASE_DIGITS_H
#define SLUICE_CDC_BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SL_DIGITS_MAX = 20 }; /* both "18446744073709551615" and "-9223372036854775808" */

extern const char sl_digits_pairs[201];     /* "00" to "99" */
extern const uint64_t sl_digits_powers[20]; /* of ten; 0 for the lowest, as 0 has a digit, too */

/* How many digits VALUE has. 1233 / 4096 is a little more than log10(2): off by one at most. */
static inline size_t sl_digits_count(uint64_t value)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    unsigned guess = bits * 1233 >> 12;

    return guess + (value >= sl_digits_powers[guess]);
}

/* Writes VALUE, at most 99, as two digits. */
static inline void sl_digits_two(uint8_t *out, uint32_t value)
{
    memcpy(out, sl_digits_pairs + 2 * (size_t)value, 2);
}

/* Writes VALUE at OUT and returns how many bytes that took. */
size_t sl_digits_u64(uint8_t *out, uint64_t value);
size_t sl_digits_i64(uint8_t *out, int64_t value);

/* Writes VALUE with exactly WIDTH digits, zeros in front; higher digits are cut off. */
void sl_digits_fixed(uint8_t *out, uint64_t value, size_t width);

#endif
