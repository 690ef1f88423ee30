/*
 * json_double.h - a double as MySQL prints it in JSON: the shortest decimal that reads back to the
 * same number, in my_gcvt()'s choice of notation (strings/dtoa.cc), always with a point or an
 * exponent (sql-common/json_dom.cc). Private to json_*.c.
 */
#ifndef SLUICE_CDC_JSON_DOUBLE_H
#define SLUICE_CDC_JSON_DOUBLE_H

#include <stddef.h>
#include <stdint.h>

/* "-0." with 14 zeros and 17 digits is the longest. */
enum { SL_JSON_DOUBLE_MAX = 40 };

/* Writes VALUE, which is finite, at OUT (SL_JSON_DOUBLE_MAX bytes) and returns the length. */
size_t sl_json_double(uint8_t *out, double value);

#endif
