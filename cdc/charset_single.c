/* charset_single.c - the single-byte character sets: a table a set. */
#include "cdc/charset_convert.h"

static inline int decode_high(const struct sl_charset *charset, const uint8_t *pos,
                              const uint8_t *end, uint32_t *character)
{
    (void)end;
    *character = charset->high[*pos - 0x80];
    return 1;
}

static inline int decode_any(const struct sl_charset *charset, const uint8_t *pos,
                             const uint8_t *end, uint32_t *character)
{
    (void)end;
    *character = *pos < 0x80 ? charset->low[*pos] : charset->high[*pos - 0x80];
    return 1;
}

uint8_t *sl_charset_convert_single(const struct sl_charset *charset, struct sl_charset_text *text,
                                   uint8_t *out)
{
    return charset->low == NULL ? sl_charset_loop(charset, text, out, true, decode_high)
                                : sl_charset_loop(charset, text, out, false, decode_any);
}
