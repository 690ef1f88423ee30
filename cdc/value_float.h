/*
 * value_float.h - binary floating point to the shortest decimal that reads back to the same
 * number; of several such, the one closest to it.
 *
 * Form, as both servers print a DOUBLE (strings/dtoa.cc: my_gcvt): with its value written as
 * 0.DIGITS * 10^POINT, a number is written plain if POINT is -14 to 15 ("1.5", "100000000000000",
 * "0.000001") or above that with digits after the point ("4503599627370495.5"), else with an
 * exponent without plus or padding ("1e15", "1.5e-300"). Never trailing zeros after a point;
 * negative zero is "-0". Every text is a JSON number.
 */
#ifndef SLUICE_CDC_VALUE_FLOAT_H
#define SLUICE_CDC_VALUE_FLOAT_H

#include <stddef.h>
#include <stdint.h>

enum { SL_FLOAT_TEXT_MAX = 40 };

/*
 * Write the number of these IEEE 754 bits at OUT, where SL_FLOAT_TEXT_MAX bytes must be, and return
 * how many that took; 0 for infinities and NaN, which are no column values and no JSON.
 */
size_t sl_float_format_double(uint64_t bits, uint8_t *out);
size_t sl_float_format_float(uint32_t bits, uint8_t *out);

/* Upper 128 bits of 10^EXPONENT, rounded up, the highest bit set; [0] is the high half (generated).
 */
enum { SL_FLOAT_POWER_MIN = -292, SL_FLOAT_POWER_MAX = 324 };

extern const uint64_t sl_float_powers[SL_FLOAT_POWER_MAX - SL_FLOAT_POWER_MIN + 1][2];

#endif
