/*
 * utf8.h - recognises one UTF-8 character at a time (RFC 3629: no overlong forms, no surrogates,
 * nothing beyond U+10FFFF).
 */
#ifndef SLUICE_CDC_BASE_UTF8_H
#define SLUICE_CDC_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many bytes (1 to 4) the character at DATA takes; 0 when the LEFT bytes there begin with none.
 */
static inline size_t sl_utf8_char_len(const uint8_t *data, size_t left)
{
    size_t len;
    uint8_t low = 0x80; /* the range of the second byte: here overlong forms and surrogates end */
    uint8_t high = 0xbf;

    if (left == 0 || data[0] < 0x80) {
        return left == 0 ? 0 : 1;
    }
    if (data[0] < 0xc2 || data[0] > 0xf4) {
        return 0;
    }
    len = data[0] < 0xe0 ? 2 : data[0] < 0xf0 ? 3 : 4;
    low = data[0] == 0xe0 ? 0xa0 : data[0] == 0xf0 ? 0x90 : low;
    high = data[0] == 0xed ? 0x9f : data[0] == 0xf4 ? 0x8f : high;
    if (len > left || data[1] < low || data[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((data[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

#endif
