/*
 * charset_multi.c - the East Asian character sets. Which sequence is which character is in the
 * generated tables; here is how long a sequence is, and what becomes of one that has none.
 */
#include "cdc/charset_convert.h"

enum {
    SL_KANA_FIRST = 0xa1, /* half-width katakana: one byte in sjis, behind 0x8e in ujis */
    SL_KANA_LAST = 0xdf,
    SL_KANA_UNICODE = 0xff61,
    SL_GB18030_SUPPLEMENTARY = 189000, /* number of 90308130, which is U+10000 */
};

static inline bool is_within(uint8_t byte, uint8_t first, uint8_t last)
{
    return byte >= first && byte <= last;
}

/* The character of the pair at POS, or 0; the caller has checked that there are two bytes. */
static inline uint32_t find_pair(const struct sl_charset_grid *grid, uint8_t lead, uint8_t trail)
{
    uint32_t character;

    if (!is_within(lead, grid->lead_first, grid->lead_last) ||
        !is_within(trail, grid->trail_first, grid->trail_last)) {
        return 0;
    }
    character = grid->cells[(size_t)(lead - grid->lead_first) * grid->width +
                            (size_t)(trail - grid->trail_first)];
    return character > ' ' ? character : 0;
}

static bool is_pair(const struct sl_charset_shape *shape, uint8_t lead, uint8_t trail)
{
    bool lead_ok = false;
    bool trail_ok = false;

    for (size_t i = 0; i < sizeof(shape->lead) / sizeof(shape->lead[0]); i++) {
        lead_ok = lead_ok || is_within(lead, shape->lead[i][0], shape->lead[i][1]);
    }
    for (size_t i = 0; i < sizeof(shape->trail) / sizeof(shape->trail[0]); i++) {
        trail_ok = trail_ok || is_within(trail, shape->trail[i][0], shape->trail[i][1]);
    }
    return lead_ok && trail_ok;
}

/* big5, euckr, gb2312, gbk */
static inline int decode_pair(const struct sl_charset *charset, const uint8_t *pos,
                              const uint8_t *end, uint32_t *character)
{
    if (end - pos < 2) {
        return SL_CUT_OFF;
    }
    *character = find_pair(charset->grid, pos[0], pos[1] | charset->trail_bits);
    if (*character != 0) {
        return 2;
    }
    return charset->shape == NULL || is_pair(charset->shape, pos[0], pos[1]) ? -2 : SL_UNREADABLE;
}

static inline int decode_sjis(const struct sl_charset *charset, const uint8_t *pos,
                              const uint8_t *end, uint32_t *character)
{
    if (is_within(pos[0], SL_KANA_FIRST, SL_KANA_LAST)) {
        *character = SL_KANA_UNICODE + (uint32_t)(pos[0] - SL_KANA_FIRST);
        return 1;
    }
    return decode_pair(charset, pos, end, character);
}

static inline bool is_euc_byte(uint8_t byte)
{
    return is_within(byte, 0xa1, 0xfe);
}

static inline int decode_euc_x0212(const struct sl_charset *charset, const uint8_t *pos,
                                   const uint8_t *end, uint32_t *character)
{
    if (end - pos < 3) {
        return SL_CUT_OFF;
    }
    *character = find_pair(charset->x0212, pos[1], pos[2]);
    if (*character == 0 && pos[1] == 0 && pos[2] < 0x80) {
        *character = pos[2]; /* both servers' table of JIS X 0212 begins with a row of ASCII */
    }
    if (*character != 0) {
        return 3;
    }
    return is_euc_byte(pos[1]) && is_euc_byte(pos[2]) ? -3 : SL_UNREADABLE;
}

/* ujis, eucjpms */
static inline int decode_euc(const struct sl_charset *charset, const uint8_t *pos,
                             const uint8_t *end, uint32_t *character)
{
    if (pos[0] == 0x8f) {
        return decode_euc_x0212(charset, pos, end, character);
    }
    if (pos[0] != 0x8e && !is_euc_byte(pos[0])) {
        return SL_UNREADABLE;
    }
    if (end - pos < 2) {
        return SL_CUT_OFF;
    }
    if (pos[0] == 0x8e) {
        *character = SL_KANA_UNICODE + (uint32_t)(pos[1] - SL_KANA_FIRST);
        return is_within(pos[1], SL_KANA_FIRST, SL_KANA_LAST) ? 2 : SL_UNREADABLE;
    }
    *character = find_pair(charset->grid, pos[0], pos[1]);
    if (*character != 0) {
        return 2;
    }
    return is_euc_byte(pos[1]) ? -2 : SL_UNREADABLE;
}

static uint32_t find_run(const struct sl_charset_run *runs, size_t count, uint32_t code)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (code > runs[middle].last) {
            low = middle + 1;
        } else if (code < runs[middle].first) {
            high = middle;
        } else {
            return runs[middle].unicode + (code - runs[middle].first);
        }
    }
    return 0;
}

static int decode_gb18030_four(const uint8_t *pos, const uint8_t *end, uint32_t *character)
{
    uint32_t number;

    if (end - pos < 4) {
        return SL_CUT_OFF;
    }
    if (!is_within(pos[2], 0x81, 0xfe) || !is_within(pos[3], '0', '9')) {
        return SL_UNREADABLE;
    }
    number = (((uint32_t)(pos[0] - 0x81) * 10 + (uint32_t)(pos[1] - '0')) * 126 +
              (uint32_t)(pos[2] - 0x81)) *
                 10 +
             (uint32_t)(pos[3] - '0');
    *character =
        number < SL_GB18030_SUPPLEMENTARY
            ? find_run(sl_charset_gb18030_four_runs, sl_charset_gb18030_four_run_count, number)
            : number - SL_GB18030_SUPPLEMENTARY + 0x10000;
    return *character != 0 && *character <= 0x10ffff ? 4 : -4;
}

static inline int decode_gb18030(const struct sl_charset *charset, const uint8_t *pos,
                                 const uint8_t *end, uint32_t *character)
{
    if (!is_within(pos[0], 0x81, 0xfe)) {
        return SL_UNREADABLE;
    }
    if (end - pos < 2) {
        return SL_CUT_OFF;
    }
    if (is_within(pos[1], '0', '9')) {
        return decode_gb18030_four(pos, end, character);
    }
    *character = find_pair(charset->grid, pos[0], pos[1]);
    if (*character != 0) {
        return 2;
    }
    if (!is_pair(charset->shape, pos[0], pos[1])) {
        return SL_UNREADABLE;
    }
    *character = find_run(sl_charset_gb18030_two_runs, sl_charset_gb18030_two_run_count,
                          (uint32_t)pos[0] << 8 | pos[1]);
    return *character != 0 ? 2 : -2;
}

uint8_t *sl_charset_convert_pairs(const struct sl_charset *charset, struct sl_charset_text *text,
                                  uint8_t *out)
{
    return sl_charset_loop(charset, text, out, true, decode_pair);
}

uint8_t *sl_charset_convert_sjis(const struct sl_charset *charset, struct sl_charset_text *text,
                                 uint8_t *out)
{
    return sl_charset_loop(charset, text, out, true, decode_sjis);
}

uint8_t *sl_charset_convert_euc(const struct sl_charset *charset, struct sl_charset_text *text,
                                uint8_t *out)
{
    return sl_charset_loop(charset, text, out, true, decode_euc);
}

uint8_t *sl_charset_convert_gb18030(const struct sl_charset *charset, struct sl_charset_text *text,
                                    uint8_t *out)
{
    return sl_charset_loop(charset, text, out, true, decode_gb18030);
}
