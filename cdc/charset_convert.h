/*
 * charset_convert.h - what the decoders of the character sets share: the loop over a text, the
 * run of ASCII that most text is, UTF-8 output and the servers' rules for unreadable bytes.
 * Internal to charset*.c.
 *
 * The rules are those of my_convert() in strings/ctype.c(c) of both servers. A decoder answers
 *   n > 0             a character of n bytes
 *   SL_UNREADABLE     no sequence of this set begins here: '?' for one byte
 *   -n, n from 2 to 4 a well-formed sequence of n bytes without a character: one '?' for all
 *   SL_CUT_OFF        the text ends within a character: MySQL ends the value before it,
 *                     MariaDB gives '?' for one byte and goes on
 */
#ifndef SLUICE_CDC_CHARSET_CONVERT_H
#define SLUICE_CDC_CHARSET_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cdc/charset_tables.h"

enum {
    SL_UNREADABLE = 0,
    SL_CUT_OFF = -100,
    SL_CHARSET_GROWTH = 3, /* bytes of UTF-8 at most for a byte of text (a kana of sjis) … */
    SL_CHARSET_SLACK =
        4, /* … and more for a character that begins before STOP and ends behind it */
};

struct sl_charset;

/* The text being converted; POS moves. */
struct sl_charset_text {
    const uint8_t *pos;
    const uint8_t *stop; /* characters that begin before it are converted in this call */
    const uint8_t *end;
};

/*
 * Converts and returns the end of what was written at OUT, where there is room for
 * SL_CHARSET_GROWTH * (stop - pos) + SL_CHARSET_SLACK bytes. Afterwards POS is at STOP or behind
 * it.
 */
typedef uint8_t *(*sl_charset_convert_fn)(const struct sl_charset *charset,
                                          struct sl_charset_text *text, uint8_t *out);

/* Which bytes make a pair, whether or not it has a character; inclusive bounds. */
struct sl_charset_shape {
    uint8_t lead[2][2];
    uint8_t trail[3][2];
};

struct sl_charset {
    const char *name;
    sl_charset_convert_fn convert;        /* NULL: taken as it is */
    const char16_t *low;                  /* single-byte sets; NULL: ASCII (all but swe7) */
    const char16_t *high;                 /* single-byte sets */
    const struct sl_charset_grid *grid;   /* two-byte sets */
    const struct sl_charset_grid *x0212;  /* behind 0x8f in ujis and eucjpms */
    const struct sl_charset_shape *shape; /* NULL: any two bytes are a pair */
    uint8_t min_bytes;
    uint8_t
        trail_bits;  /* set in a trail byte before it is looked up: see charset_sets.c on gb2312 */
    bool drops_tail; /* what SL_CUT_OFF does: true for MySQL */
};

typedef int (*sl_charset_decode_fn)(const struct sl_charset *charset, const uint8_t *pos,
                                    const uint8_t *end, uint32_t *character);

/*
 * As the servers encode utf8mb4: surrogates and what lies above U+10FFFF, which ucs2 and utf32 may
 * hold, as if they were characters (my_wc_mb_utf8mb4() looks at the size only).
 */
static inline uint8_t *sl_charset_put(uint8_t *out, uint32_t character)
{
    if (character < 0x80) {
        *out++ = (uint8_t)character;
    } else if (character < 0x800) {
        *out++ = (uint8_t)(0xc0 | character >> 6);
        *out++ = (uint8_t)(0x80 | (character & 0x3f));
    } else if (character < 0x10000) {
        *out++ = (uint8_t)(0xe0 | character >> 12);
        *out++ = (uint8_t)(0x80 | (character >> 6 & 0x3f));
        *out++ = (uint8_t)(0x80 | (character & 0x3f));
    } else if (character < 0x200000) {
        *out++ = (uint8_t)(0xf0 | character >> 18);
        *out++ = (uint8_t)(0x80 | (character >> 12 & 0x3f));
        *out++ = (uint8_t)(0x80 | (character >> 6 & 0x3f));
        *out++ = (uint8_t)(0x80 | (character & 0x3f));
    } else {
        *out++ = '?';
    }
    return out;
}

/* Copies the ASCII bytes in front, eight at a time; *POS then is STOP or at another byte. */
static inline uint8_t *sl_charset_copy_ascii(const uint8_t **pos, const uint8_t *stop, uint8_t *out)
{
    const uint8_t *from = *pos;

    while (stop - from >= 8) {
        uint64_t eight;

        memcpy(&eight, from, 8);
        if ((eight & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
        memcpy(out, &eight, 8);
        from += 8;
        out += 8;
    }
    while (from < stop && *from < 0x80) {
        *out++ = *from++;
    }
    *pos = from;
    return out;
}

/*
 * The loop of every set. Inlined with a DECODE that is known, so that there is no call a character.
 * ASCII: bytes below 0x80 stand for themselves, and DECODE never sees one in front.
 */
static inline __attribute__((always_inline)) uint8_t *
sl_charset_loop(const struct sl_charset *charset, struct sl_charset_text *text, uint8_t *out,
                bool ascii, sl_charset_decode_fn decode)
{
    const uint8_t *pos = text->pos;

    while (pos < text->stop) {
        uint32_t character = '?';
        int used;

        if (ascii && *pos < 0x80) {
            out = sl_charset_copy_ascii(&pos, text->stop, out);
            continue;
        }
        used = decode(charset, pos, text->end, &character);
        if (used == SL_CUT_OFF && charset->drops_tail) {
            pos = text->end;
            break;
        }
        if (used <= 0) {
            character = '?';
            used = used == SL_CUT_OFF || used == SL_UNREADABLE ? 1 : -used;
        }
        out = sl_charset_put(out, character);
        pos += used;
    }
    text->pos = pos;
    return out;
}

/* The register, by enum sl_cs. */
extern const struct sl_charset sl_charset_mysql[SL_CS_COUNT];
extern const struct sl_charset sl_charset_mariadb[SL_CS_COUNT];

uint8_t *sl_charset_convert_single(const struct sl_charset *charset, struct sl_charset_text *text,
                                   uint8_t *out);
uint8_t *sl_charset_convert_pairs(const struct sl_charset *charset, struct sl_charset_text *text,
                                  uint8_t *out);
uint8_t *sl_charset_convert_sjis(const struct sl_charset *charset, struct sl_charset_text *text,
                                 uint8_t *out);
uint8_t *sl_charset_convert_euc(const struct sl_charset *charset, struct sl_charset_text *text,
                                uint8_t *out);
uint8_t *sl_charset_convert_gb18030(const struct sl_charset *charset, struct sl_charset_text *text,
                                    uint8_t *out);
uint8_t *sl_charset_convert_ucs2(const struct sl_charset *charset, struct sl_charset_text *text,
                                 uint8_t *out);
uint8_t *sl_charset_convert_utf16(const struct sl_charset *charset, struct sl_charset_text *text,
                                  uint8_t *out);
uint8_t *sl_charset_convert_utf16le(const struct sl_charset *charset, struct sl_charset_text *text,
                                    uint8_t *out);
uint8_t *sl_charset_convert_utf32(const struct sl_charset *charset, struct sl_charset_text *text,
                                  uint8_t *out);

#endif
