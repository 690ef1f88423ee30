/*
 * charset_sets.c - the register: how each character set is decoded. Each is there twice, as MySQL
 * and as MariaDB treat it: they agree on every well-formed text, and differ in what they make of
 * other bytes (which they refuse to store today, but tables from old versions hold).
 */
#include "cdc/charset_convert.h"

/* clang-format off */
static const struct sl_charset_shape shape_big5 = {
    .lead = {{0xa1, 0xf9}, {1, 0}}, .trail = {{0x40, 0x7e}, {0xa1, 0xfe}, {1, 0}}};
static const struct sl_charset_shape shape_euckr = {
    .lead = {{0x81, 0xfe}, {1, 0}}, .trail = {{0x41, 0x5a}, {0x61, 0x7a}, {0x81, 0xfe}}};
static const struct sl_charset_shape shape_gb2312 = {
    .lead = {{0xa1, 0xf7}, {1, 0}}, .trail = {{0xa1, 0xfe}, {1, 0}, {1, 0}}};
static const struct sl_charset_shape shape_gbk = {
    .lead = {{0x81, 0xfe}, {1, 0}}, .trail = {{0x40, 0x7e}, {0x80, 0xfe}, {1, 0}}};
static const struct sl_charset_shape shape_sjis = {
    .lead = {{0x81, 0x9f}, {0xe0, 0xfc}}, .trail = {{0x40, 0x7e}, {0x80, 0xfc}, {1, 0}}};

/* SET(member of the enum, name, bytes of the shortest character, designated initializers …) */
#define SET(upper, lower, least, ...) \
    [SL_CS_##upper] = {.name = #lower, .min_bytes = (least), __VA_ARGS__}
#define SINGLE(upper, lower) \
    SET(upper, lower, 1, .high = sl_charset_##lower##_high, .convert = sl_charset_convert_single),
#define PAIRS(upper, lower, ...) \
    SET(upper, lower, 1, .grid = &sl_charset_##lower##_grid, __VA_ARGS__)
#define EUC(upper, lower, ...) \
    PAIRS(upper, lower, .x0212 = &sl_charset_##lower##_x0212_grid, \
          .convert = sl_charset_convert_euc, __VA_ARGS__)
#define WIDE(upper, lower, least, ...) \
    SET(upper, lower, least, .convert = sl_charset_convert_##lower, __VA_ARGS__)
#define AS_IS(upper, lower) SET(upper, lower, 1, .convert = NULL)

/* What both servers have in common; DROPS says what they do at an end within a character. */
#define COMMON_SETS(drops) \
    AS_IS(BINARY, binary), \
    AS_IS(UTF8MB3, utf8mb3), \
    AS_IS(UTF8MB4, utf8mb4), \
    SET(SWE7, swe7, 1, .low = sl_charset_swe7_low, .high = sl_charset_swe7_high, \
        .convert = sl_charset_convert_single), \
    EUC(UJIS, ujis, .drops_tail = (drops)), \
    EUC(EUCJPMS, eucjpms, .drops_tail = (drops)), \
    PAIRS(SJIS, sjis, .convert = sl_charset_convert_sjis, .shape = &shape_sjis, \
          .drops_tail = (drops)), \
    PAIRS(CP932, cp932, .convert = sl_charset_convert_sjis, .shape = &shape_sjis, \
          .drops_tail = (drops)), \
    SET(GB18030, gb18030, 1, .convert = sl_charset_convert_gb18030, \
        .grid = &sl_charset_gbk_grid, .shape = &shape_gbk, .drops_tail = (drops)), \
    WIDE(UCS2, ucs2, 2, .drops_tail = (drops)), \
    WIDE(UTF16, utf16, 2, .drops_tail = (drops)), \
    WIDE(UTF16LE, utf16le, 2, .drops_tail = (drops)), \
    WIDE(UTF32, utf32, 4, .drops_tail = (drops))

/*
 * MySQL looks any two bytes up in these sets and takes them for a pair even when they are none (so
 * no shape), and in gb2312 it ignores the highest bit of the second.
 */
const struct sl_charset sl_charset_mysql[SL_CS_COUNT] = {
    SL_CHARSET_SINGLE_LIST(SINGLE)
    COMMON_SETS(true),
    PAIRS(BIG5, big5, .convert = sl_charset_convert_pairs, .drops_tail = true),
    PAIRS(EUCKR, euckr, .convert = sl_charset_convert_pairs, .drops_tail = true),
    PAIRS(GB2312, gb2312, .convert = sl_charset_convert_pairs, .drops_tail = true,
          .trail_bits = 0x80),
    PAIRS(GBK, gbk, .convert = sl_charset_convert_pairs, .drops_tail = true),
};

const struct sl_charset sl_charset_mariadb[SL_CS_COUNT] = {
    SL_CHARSET_SINGLE_LIST(SINGLE)
    COMMON_SETS(false),
    PAIRS(BIG5, big5, .convert = sl_charset_convert_pairs, .shape = &shape_big5),
    PAIRS(EUCKR, euckr, .convert = sl_charset_convert_pairs, .shape = &shape_euckr),
    PAIRS(GB2312, gb2312, .convert = sl_charset_convert_pairs, .shape = &shape_gb2312),
    PAIRS(GBK, gbk, .convert = sl_charset_convert_pairs, .shape = &shape_gbk),
};
/* clang-format on */
