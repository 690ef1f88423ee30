/*
 * digits.h - integers to decimal text, two digits at a time. The callers
 * reserve SL_DIGITS_MAX bytes; nothing is terminated with a NUL.
 */
#ifndef SLUICE_CDC_BASE_DIGITS_H
#define SLUICE_CDC_BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>

enum { SL_DIGITS_MAX = 20 }; /* both "18446744073709551615" and "-9223372036854775808" */

/* Writes VALUE at OUT and returns how many bytes that took. */
size_t sl_digits_u64(uint8_t *out, uint64_t value);
size_t sl_digits_i64(uint8_t *out, int64_t value);

/* Writes VALUE with exactly WIDTH digits, zeros in front; higher digits are cut off. */
void sl_digits_fixed(uint8_t *out, uint64_t value, size_t width);

#endif
