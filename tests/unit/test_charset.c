/*
 * The expected bytes are what `SELECT HEX(CONVERT(CONVERT(UNHEX('…') USING set) USING utf8mb4))`
 * gave on MySQL 9.7.4 and MariaDB 10.11.19; those of unreadable text, which that expression
 * refuses, are what SELECT of a MyISAM column sent that such bytes had been put into behind the
 * server's back. tests/integration/check_charsets.py does it for every sequence against a live
 * server; it runs this program as `test_charset --convert FLAVOR SET`, a filter from hex lines to
 * hex lines.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/charset.h"

static size_t from_hex(const char *hex, uint8_t *bytes, size_t room)
{
    size_t len = 0;

    while (len < room && isxdigit((unsigned char)hex[2 * len])) {
        const char digits[] = {hex[2 * len], hex[2 * len + 1], '\0'};

        bytes[len++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return len;
}

static void convert_text(enum sl_flavor flavor, const char *set, struct sl_span text,
                         struct sl_buf *out)
{
    const struct sl_charset *charset = sl_charset_named(flavor, sl_span_make(set, strlen(set)));

    assert_non_null(charset);
    assert_int_equal(sl_charset_to_utf8(charset, text, out, NULL), SL_OK);
}

static void check(enum sl_flavor flavor, const char *set, const char *hex, const char *want)
{
    uint8_t bytes[64];
    struct sl_buf out = {0};
    size_t len = from_hex(hex, bytes, sizeof(bytes));

    convert_text(flavor, set, sl_span_make(bytes, len), &out);
    if (out.len != strlen(want) || memcmp(sl_buf_cstr(&out), want, out.len) != 0) {
        print_error("%s %s: got \"%s\", want \"%s\"\n", set, hex, sl_buf_cstr(&out), want);
        fail();
    }
    sl_buf_release(&out);
}

static void well_formed_text_is_converted_alike_for_both_servers(void **state)
{
    static const struct {
        const char *set;
        const char *hex;
        const char *want;
    } cases[] = {
        {"armscii8", "b2b3", "Աա"},
        {"big5", "a440a140f9dc41", "一\u3000嫺A"},
        {"binary", "ff41",
         "\xff"
         "A"},
        {"cp1250", "8a9e", "Šž"},
        {"cp1251", "cff0e8", "При"},
        {"cp1256", "81c8", "پب"},
        {"cp1257", "e0", "ą"},
        {"cp850", "8184", "üä"},
        {"cp852", "a5", "ą"},
        {"cp866", "8fe0a8", "При"},
        {"cp932", "82a0b1815f8160f040fc4b", "あｱ＼～\uE000黑"},
        {"dec8", "e9", "é"},
        {"eucjpms", "a4a28eb1a1c18fb0a18ff3f3", "あｱ～丂ⅰ"},
        {"euckr", "b0a18141c8fe41", "가갂힝A"},
        {"gb18030", "81308130b0a1a2e390308130e3329a358130813041",
         "\xC2\x80啊€\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\xC2\x80"
         "A"},
        {"gb2312", "b0a1a1aa", "啊―"},
        {"gbk", "b0a1814041", "啊丂A"},
        {"geostd8", "c0", "ა"},
        {"greek", "e1", "α"},
        {"hebrew", "e0", "א"},
        {"hp8", "c5", "é"},
        {"keybcs2", "84", "ä"},
        {"koi8r", "f0d2c9", "При"},
        {"koi8u", "a4", "є"},
        {"latin1", "80e981", "€é\xC2\x81"},
        {"latin2", "b1", "ą"},
        {"latin5", "f0", "ğ"},
        {"latin7", "e0", "ą"},
        {"macce", "88", "ą"},
        {"macroman", "8e", "é"},
        {"sjis", "82a0b1815f8160", "あｱ\\〜"},
        {"swe7", "407b7c7d41",
         "Éäöå"
         "A"},
        {"tis620", "a1", "ก"},
        {"ucs2", "30420041", "あA"},
        {"ujis", "a4a28eb1a1c0a1c18fb0a1", "あｱ\\〜丂"},
        {"utf16", "3042d83dde00dbffdfff0041", "あ😀\U0010FFFFA"},
        {"utf16le", "42303dd800de4100", "あ😀A"},
        {"utf32", "000030420001f600", "あ😀"},
        {"utf8mb3", "e38182", "あ"},
        {"utf8mb4", "f09f9880", "😀"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check(SL_FLAVOR_MYSQL, cases[i].set, cases[i].hex, cases[i].want);
        check(SL_FLAVOR_MARIADB, cases[i].set, cases[i].hex, cases[i].want);
    }
}

static void unreadable_bytes_become_question_marks_as_on_each_server(void **state)
{
    static const struct {
        const char *set;
        const char *hex;
        const char *mysql;
        const char *mariadb;
    } cases[] = {
        /* ends within a character */
        {"big5", "41a4", "A", "A?"},
        {"cp932", "4181", "A", "A?"},
        {"gbk", "4181", "A", "A?"},
        {"ujis", "418fa1", "A", "A??"},
        {"sjis", "80", "", "?"},
        {"ucs2", "004100", "A", "A?"},
        {"utf16", "0041d83d", "A", "A??"},
        {"utf16", "0041d83dde", "A", "A?㷞"},
        {"utf16le", "41003d", "A", "A?"},
        {"utf32", "00000041000000", "A", "A???"},
        /* a lead byte and an impossible second byte */
        {"big5", "a4204141", "?AA", "? AA"},
        {"euckr", "b0304141", "?AA", "?0AA"},
        {"gb2312", "b0ff4141", "?AA", "??AA"},
        {"gb2312", "b0214141", "啊AA", "?!AA"},
        {"gbk", "81394141", "?AA", "?9AA"},
        {"sjis", "81204141", "? AA", "? AA"},
        {"ujis", "a1414141", "?AAA", "?AAA"},
        {"ujis", "8e414141", "?AAA", "?AAA"},
        {"eucjpms", "8fa14141", "??AA", "??AA"},
        {"eucjpms", "8f0041", "A", "A"},
        /* well-formed and without a character */
        {"big5", "a3fe41", "?A", "?A"},
        {"sjis", "85a041", "?A", "?A"},
        {"ujis", "a9a141", "?A", "?A"},
        {"ujis", "8fa1a141", "?A", "?A"},
        {"gb18030", "e3329a3641", "?A", "?A"}, /* the code behind U+10FFFF */
        {"gb18030", "8431a53041", "?A", "?A"}, /* the code behind U+FFFF */
        {"gb18030", "81308120", "?0? ", "?0? "},
        /* surrogates */
        {"utf16", "de00410042", "?AB", "?AB"},
        {"utf16", "d83d00410042", "?\u3D00䄀", "?\u3D00䄀?"},
        {"utf16", "dc01dc0141", "?ǜŁ", "?ǜŁ"},
        {"utf16", "d83dd83d41", "?㷘㵁", "?㷘㵁"},
        {"utf16le", "01dc01dc41", "?ǜ䇜", "?ǜ䇜"},
        {"ucs2", "d83d", "\xed\xa0\xbd", "\xed\xa0\xbd"},
        {"utf32", "0000d83d", "\xed\xa0\xbd", "\xed\xa0\xbd"},
        /* beyond Unicode */
        {"utf32", "0011b27200000041",
         "\xf4\x9b\x89\xb2"
         "A",
         "????A"},
        {"utf32", "5d6ac2f200000041", "?A", "????A"},
        /* single bytes without a character */
        {"ascii", "4180ff", "A??", "A??"},
        {"cp1257", "81a1", "??", "??"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check(SL_FLAVOR_MYSQL, cases[i].set, cases[i].hex, cases[i].mysql);
        check(SL_FLAVOR_MARIADB, cases[i].set, cases[i].hex, cases[i].mariadb);
    }
}

static void a_collation_id_gives_the_character_set_of_its_server(void **state)
{
    static const struct {
        uint32_t collation;
        const char *mysql;
        const char *mariadb;
    } cases[] = {
        {0, NULL, NULL},
        {1, "big5", "big5"},
        {8, "latin1", "latin1"},
        {17, NULL, NULL},
        {33, "utf8mb3", "utf8mb3"},
        {45, "utf8mb4", "utf8mb4"},
        {56, "utf16le", "utf16le"},
        {63, "binary", "binary"},
        {83, "utf8mb3", "utf8mb3"},
        {98, "eucjpms", "eucjpms"},
        {247, "utf8mb4", "utf8mb4"},
        {249, "gb18030", NULL},
        {255, "utf8mb4", NULL},
        {323, "utf8mb4", NULL},
        {324, NULL, NULL},
        {576, NULL, "utf8mb3"},
        {738, NULL, "utf32"},
        {739, NULL, NULL},
        {1032, NULL, "latin1"},
        {1270, NULL, "utf8mb4"},
        {1271, NULL, NULL},
        {2047, NULL, NULL},
        {2048, NULL, "utf8mb3"},
        {2304, NULL, "utf8mb4"},
        {2503, NULL, "utf8mb4"},
        {2560, NULL, "ucs2"},
        {2816, NULL, "utf16"},
        {3072, NULL, "utf32"},
        {3271, NULL, "utf32"},
        {3328, NULL, NULL},
        {UINT32_MAX, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct sl_charset *mysql = sl_charset_of(SL_FLAVOR_MYSQL, cases[i].collation);
        const struct sl_charset *mariadb = sl_charset_of(SL_FLAVOR_MARIADB, cases[i].collation);
        const struct sl_charset *any = sl_charset_of_collation(cases[i].collation);
        const char *either = cases[i].mysql != NULL ? cases[i].mysql : cases[i].mariadb;

        assert_string_equal(mysql != NULL ? sl_charset_name(mysql) : "unknown",
                            cases[i].mysql != NULL ? cases[i].mysql : "unknown");
        assert_string_equal(mariadb != NULL ? sl_charset_name(mariadb) : "unknown",
                            cases[i].mariadb != NULL ? cases[i].mariadb : "unknown");
        assert_string_equal(any != NULL ? sl_charset_name(any) : "unknown",
                            either != NULL ? either : "unknown");
    }
}

static void names_are_known_with_the_old_name_of_utf8mb3(void **state)
{
    (void)state;
    assert_string_equal(sl_charset_name(sl_charset_by_name("utf8")), "utf8mb3");
    assert_string_equal(sl_charset_name(sl_charset_by_name("koi8r")), "koi8r");
    assert_null(sl_charset_by_name("utf7"));
    assert_null(sl_charset_by_name(""));
}

static void only_utf8_and_binary_are_taken_as_they_are(void **state)
{
    (void)state;
    assert_true(sl_charset_is_utf8(sl_charset_by_name("utf8mb3")));
    assert_true(sl_charset_is_utf8(sl_charset_by_name("utf8mb4")));
    assert_true(sl_charset_is_utf8(sl_charset_by_name("binary")));
    assert_false(sl_charset_is_utf8(sl_charset_by_name("ascii")));
    assert_false(sl_charset_is_utf8(sl_charset_by_name("latin1")));
}

static void the_shortest_character_has_1_2_or_4_bytes(void **state)
{
    (void)state;
    assert_int_equal(sl_charset_min_bytes(sl_charset_by_name("gb18030")), 1);
    assert_int_equal(sl_charset_min_bytes(sl_charset_by_name("ucs2")), 2);
    assert_int_equal(sl_charset_min_bytes(sl_charset_by_name("utf16")), 2);
    assert_int_equal(sl_charset_min_bytes(sl_charset_by_name("utf16le")), 2);
    assert_int_equal(sl_charset_min_bytes(sl_charset_by_name("utf32")), 4);
}

/* Runs of ASCII are copied in words: a character may follow at any distance. */
static void a_character_is_found_behind_any_run_of_ascii(void **state)
{
    (void)state;
    for (size_t run = 0; run < 40; run++) {
        uint8_t text[64];
        struct sl_buf out = {0};

        memset(text, 'a', sizeof(text));
        text[run] = 0xe9;
        convert_text(SL_FLAVOR_MYSQL, "latin1", sl_span_make(text, run + 10), &out);
        assert_int_equal(out.len, run + 11);
        assert_memory_equal(out.data, text, run);
        assert_memory_equal(out.data + run,
                            "\xc3\xa9"
                            "aaaaaaaaa",
                            11);
        sl_buf_release(&out);
    }
}

/* Long texts are converted in pieces, whose borders may fall within a character. */
static void a_long_text_is_converted_whole_wherever_its_pieces_end(void **state)
{
    enum { SL_TEXT_CHARS = 5000 };

    static const uint8_t first[] = {0x90, 0x30, 0x81, 0x30}; /* U+10000 */
    static uint8_t text[4 * SL_TEXT_CHARS + 4];

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        struct sl_buf out = {0};

        memset(text, 'a', shift);
        for (size_t i = 0; i < SL_TEXT_CHARS; i++) {
            memcpy(text + shift + 4 * i, first, sizeof(first));
        }
        convert_text(SL_FLAVOR_MYSQL, "gb18030",
                     sl_span_make(text, shift + (size_t)4 * SL_TEXT_CHARS), &out);
        assert_int_equal(out.len, shift + (size_t)4 * SL_TEXT_CHARS);
        for (size_t i = 0; i < SL_TEXT_CHARS; i++) {
            assert_memory_equal(out.data + shift + 4 * i, "\xf0\x90\x80\x80", 4);
        }
        sl_buf_release(&out);
    }
}

static void the_text_is_appended_and_nothing_when_it_does_not_fit(void **state)
{
    static const uint8_t text[] = {0xe9, 0xe9};
    static uint8_t large[10000];
    const struct sl_charset *latin1 = sl_charset_by_name("latin1");
    struct sl_buf out = {.limit = 20000};
    struct sl_err err = {0};

    (void)state;
    assert_int_equal(sl_buf_add_str(&out, "x="), SL_OK);
    assert_int_equal(sl_charset_to_utf8(latin1, sl_span_make(NULL, 0), &out, NULL), SL_OK);
    assert_int_equal(sl_charset_to_utf8(latin1, sl_span_make(text, 2), &out, NULL), SL_OK);
    assert_string_equal(sl_buf_cstr(&out), "x=éé");
    memset(large, 0xe9, sizeof(large));
    assert_int_equal(sl_charset_to_utf8(latin1, sl_span_make(large, sizeof(large)), &out, &err),
                     SL_ELIMIT);
    assert_non_null(strstr(err.text, "latin1"));
    assert_string_equal(sl_buf_cstr(&out), "x=éé");
    sl_buf_release(&out);
}

/* The filter for check_charsets.py: see the head of this file. */
static int convert_lines(const char *flavor, const char *name)
{
    const struct sl_charset *charset =
        sl_charset_named(strcmp(flavor, "mariadb") == 0 ? SL_FLAVOR_MARIADB : SL_FLAVOR_MYSQL,
                         sl_span_make(name, strlen(name)));
    struct sl_buf out = {0};
    char line[256];

    while (charset != NULL && fgets(line, sizeof(line), stdin) != NULL) {
        uint8_t bytes[sizeof(line) / 2];
        size_t len = from_hex(line, bytes, sizeof(bytes));

        sl_buf_clear(&out);
        if (sl_charset_to_utf8(charset, sl_span_make(bytes, len), &out, NULL) != SL_OK) {
            break;
        }
        for (size_t i = 0; i < out.len; i++) {
            (void)printf("%02x", out.data[i]);
        }
        (void)putchar('\n');
    }
    sl_buf_release(&out);
    return charset != NULL && feof(stdin) != 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_text_is_converted_alike_for_both_servers),
        cmocka_unit_test(unreadable_bytes_become_question_marks_as_on_each_server),
        cmocka_unit_test(a_collation_id_gives_the_character_set_of_its_server),
        cmocka_unit_test(names_are_known_with_the_old_name_of_utf8mb3),
        cmocka_unit_test(only_utf8_and_binary_are_taken_as_they_are),
        cmocka_unit_test(the_shortest_character_has_1_2_or_4_bytes),
        cmocka_unit_test(a_character_is_found_behind_any_run_of_ascii),
        cmocka_unit_test(a_long_text_is_converted_whole_wherever_its_pieces_end),
        cmocka_unit_test(the_text_is_appended_and_nothing_when_it_does_not_fit),
    };

    if (argc == 4 && strcmp(argv[1], "--convert") == 0) {
        return convert_lines(argv[2], argv[3]);
    }
    return cmocka_run_group_tests_name("charset", tests, NULL, NULL);
}
