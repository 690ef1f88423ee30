/*
 * charset_tables.h - how to read the generated mappings in charset_tables.c. They say which
 * character a well-formed sequence stands for; what becomes of any other is decided in the
 * decoders.
 */
#ifndef SLUICE_CDC_CHARSET_TABLES_H
#define SLUICE_CDC_CHARSET_TABLES_H

#include <stddef.h>
#include <stdint.h>
#include <uchar.h>

/* Every character set: X(upper-case name, lower-case name). */
#define SL_CHARSET_SINGLE_LIST(X) \
    X(ARMSCII8, armscii8)         \
    X(ASCII, ascii)               \
    X(CP1250, cp1250)             \
    X(CP1251, cp1251)             \
    X(CP1256, cp1256)             \
    X(CP1257, cp1257)             \
    X(CP850, cp850)               \
    X(CP852, cp852)               \
    X(CP866, cp866)               \
    X(DEC8, dec8)                 \
    X(GEOSTD8, geostd8)           \
    X(GREEK, greek)               \
    X(HEBREW, hebrew)             \
    X(HP8, hp8)                   \
    X(KEYBCS2, keybcs2)           \
    X(KOI8R, koi8r)               \
    X(KOI8U, koi8u)               \
    X(LATIN1, latin1)             \
    X(LATIN2, latin2)             \
    X(LATIN5, latin5)             \
    X(LATIN7, latin7)             \
    X(MACCE, macce)               \
    X(MACROMAN, macroman)         \
    X(TIS620, tis620)
#define SL_CHARSET_OTHER_LIST(X) \
    X(BIG5, big5)                \
    X(BINARY, binary)            \
    X(CP932, cp932)              \
    X(EUCJPMS, eucjpms)          \
    X(EUCKR, euckr)              \
    X(GB18030, gb18030)          \
    X(GB2312, gb2312)            \
    X(GBK, gbk)                  \
    X(SWE7, swe7)                \
    X(SJIS, sjis)                \
    X(UCS2, ucs2)                \
    X(UJIS, ujis)                \
    X(UTF16, utf16)              \
    X(UTF16LE, utf16le)          \
    X(UTF32, utf32)              \
    X(UTF8MB3, utf8mb3)          \
    X(UTF8MB4, utf8mb4)

enum sl_cs {

#define SL_CHARSET_ENUM(upper, lower) SL_CS_##upper,
    SL_CHARSET_SINGLE_LIST(SL_CHARSET_ENUM) SL_CHARSET_OTHER_LIST(SL_CHARSET_ENUM)
#undef SL_CHARSET_ENUM
        SL_CS_COUNT
};

/*
 * Single-byte sets: the characters of bytes 0x80 to 0xff, '?' for none (what the servers give);
 * the lower half is ASCII (swe7 has its own). The last element is the literal's terminator.
 */
#define SL_CHARSET_DECLARE(upper, lower) extern const char16_t sl_charset_##lower##_high[129];
SL_CHARSET_SINGLE_LIST(SL_CHARSET_DECLARE)
#undef SL_CHARSET_DECLARE
extern const char16_t sl_charset_swe7_low[129];
extern const char16_t sl_charset_swe7_high[129];

/* Pairs of bytes: one row of WIDTH cells a lead byte; a cell of ' ' or less holds no character. */
struct sl_charset_grid {
    const char16_t *cells;
    size_t width; /* one more than there are trail bytes, for the literals' terminators */
    uint8_t lead_first;
    uint8_t lead_last;
    uint8_t trail_first;
    uint8_t trail_last;
};

extern const struct sl_charset_grid sl_charset_big5_grid;
extern const struct sl_charset_grid sl_charset_cp932_grid;
extern const struct sl_charset_grid sl_charset_euckr_grid;
extern const struct sl_charset_grid sl_charset_eucjpms_grid;
extern const struct sl_charset_grid sl_charset_eucjpms_x0212_grid; /* behind 0x8f */
extern const struct sl_charset_grid sl_charset_gb2312_grid;
extern const struct sl_charset_grid sl_charset_gbk_grid;
extern const struct sl_charset_grid sl_charset_sjis_grid;
extern const struct sl_charset_grid sl_charset_ujis_grid;
extern const struct sl_charset_grid sl_charset_ujis_x0212_grid; /* behind 0x8f */

/* Codes FIRST to LAST are the characters from UNICODE up; sorted, without overlap. */
struct sl_charset_run {
    uint32_t first;
    uint32_t last;
    uint32_t unicode;
};

extern const struct sl_charset_run sl_charset_gb18030_two_runs[];
extern const size_t sl_charset_gb18030_two_run_count;
extern const struct sl_charset_run sl_charset_gb18030_four_runs[];
extern const size_t sl_charset_gb18030_four_run_count;

/* Collation ids FIRST to LAST are of character set CHARSET; sorted, without overlap. */
struct sl_charset_ids {
    uint16_t first;
    uint16_t last;
    uint16_t charset; /* enum sl_cs */
};

extern const struct sl_charset_ids sl_charset_mysql_collations[];
extern const size_t sl_charset_mysql_collations_count;
extern const struct sl_charset_ids sl_charset_mariadb_collations[]; /* below 2048 */
extern const size_t sl_charset_mariadb_collations_count;

/* MariaDB's ids from 2048 up: the character set (enum sl_cs) of each block of 256 ids. */
extern const uint8_t sl_charset_uca1400_groups[];
extern const size_t sl_charset_uca1400_group_count;

#endif
