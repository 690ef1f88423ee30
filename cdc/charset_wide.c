/*
 * charset_wide.c - ucs2, utf16, utf16le and utf32. No server refuses a lone surrogate in ucs2 and
 * utf32; they come out as three bytes that are no valid UTF-8, and so they do here.
 */
#include "cdc/base/span.h"
#include "cdc/charset_convert.h"

static inline bool is_surrogate(uint32_t unit)
{
    return (unit & 0xf800) == 0xd800;
}

static inline int decode_ucs2(const struct sl_charset *charset, const uint8_t *pos,
                              const uint8_t *end, uint32_t *character)
{
    (void)charset;
    if (end - pos < 2) {
        return SL_CUT_OFF;
    }
    *character = (uint32_t)sl_load_be(pos, 2);
    return 2;
}

static inline __attribute__((always_inline)) int
decode_units(const uint8_t *pos, const uint8_t *end, uint64_t (*load)(const uint8_t *, size_t),
             uint32_t *character)
{
    uint32_t high;
    uint32_t low;

    if (end - pos < 2) {
        return SL_CUT_OFF;
    }
    high = (uint32_t)load(pos, 2);
    if (!is_surrogate(high)) {
        *character = high;
        return 2;
    }
    if (high >= 0xdc00) {
        return SL_UNREADABLE;
    }
    if (end - pos < 4) {
        return SL_CUT_OFF;
    }
    low = (uint32_t)load(pos + 2, 2);
    if (!is_surrogate(low) || low < 0xdc00) {
        return SL_UNREADABLE;
    }
    *character = 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff));
    return 4;
}

static inline int decode_utf16(const struct sl_charset *charset, const uint8_t *pos,
                               const uint8_t *end, uint32_t *character)
{
    (void)charset;
    return decode_units(pos, end, sl_load_be, character);
}

static inline int decode_utf16le(const struct sl_charset *charset, const uint8_t *pos,
                                 const uint8_t *end, uint32_t *character)
{
    (void)charset;
    return decode_units(pos, end, sl_load_le, character);
}

/* MariaDB alone checks the range; MySQL leaves that to the encoder (see sl_charset_put()). */
static inline int decode_utf32(const struct sl_charset *charset, const uint8_t *pos,
                               const uint8_t *end, uint32_t *character)
{
    if (end - pos < 4) {
        return SL_CUT_OFF;
    }
    *character = (uint32_t)sl_load_be(pos, 4);
    if (*character > 0x10ffff && !charset->drops_tail) {
        return SL_UNREADABLE;
    }
    return 4;
}

uint8_t *sl_charset_convert_ucs2(const struct sl_charset *charset, struct sl_charset_text *text,
                                 uint8_t *out)
{
    return sl_charset_loop(charset, text, out, false, decode_ucs2);
}

uint8_t *sl_charset_convert_utf16(const struct sl_charset *charset, struct sl_charset_text *text,
                                  uint8_t *out)
{
    return sl_charset_loop(charset, text, out, false, decode_utf16);
}

uint8_t *sl_charset_convert_utf16le(const struct sl_charset *charset, struct sl_charset_text *text,
                                    uint8_t *out)
{
    return sl_charset_loop(charset, text, out, false, decode_utf16le);
}

uint8_t *sl_charset_convert_utf32(const struct sl_charset *charset, struct sl_charset_text *text,
                                  uint8_t *out)
{
    return sl_charset_loop(charset, text, out, false, decode_utf32);
}
