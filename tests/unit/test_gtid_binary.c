#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/gtid.h"

#define A "11111111-1111-1111-1111-111111111111"
#define B "22222222-2222-2222-2222-222222222222"

/* The binary forms of sets, byte for byte as sql/rpl_gtid_set.cc lays them out. */
#define UUID_A        "\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11"
#define UUID_B        "\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22"
#define U64(low)      low "\0\0\0\0\0\0\0"
#define TAGGED(count) "\x01" count "\0\0\0\0\0\x01"
#define BYTES(text)                                              \
    {                                                            \
        .data = (const uint8_t *)(text), .len = sizeof(text) - 1 \
    }

struct sl_case {
    const char *text;
    struct sl_span bytes;
};

static const struct sl_case forms[] = {
    {"", BYTES(U64("\0"))},
    {A ":1", BYTES(U64("\x01") UUID_A U64("\x01") U64("\x01") U64("\x02"))},
    {A ":1-5:7," B ":9", BYTES(U64("\x02") UUID_A U64("\x02") U64("\x01") U64("\x06") U64("\x07")
                                   U64("\x08") UUID_B U64("\x01") U64("\x09") U64("\x0a"))},
    {A ":1:tag:3-4", BYTES(TAGGED("\x02") UUID_A "\0" U64("\x01") U64("\x01") U64("\x02") UUID_A
                           "\x06"
                           "tag" U64("\x01") U64("\x03") U64("\x05"))},
};

static void set_is_encoded_as_the_server_encodes_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct sl_gtid_set set = {0};
        struct sl_buf out = {0};

        assert_int_equal(
            sl_gtid_set_parse(&set, sl_span_make(forms[i].text, strlen(forms[i].text)), NULL),
            SL_OK);
        assert_int_equal(sl_gtid_set_encode(&set, &out), SL_OK);
        assert_int_equal(out.len, forms[i].bytes.len);
        assert_memory_equal(out.data, forms[i].bytes.data, out.len);
        sl_gtid_set_release(&set);
        sl_buf_release(&out);
    }
}

static void encoded_set_is_decoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct sl_gtid_set set = {0};
        struct sl_buf out = {0};

        assert_int_equal(sl_gtid_set_decode(&set, forms[i].bytes, NULL), SL_OK);
        assert_int_equal(sl_gtid_set_format(&set, &out), SL_OK);
        assert_string_equal(sl_buf_cstr(&out), forms[i].text);
        sl_gtid_set_release(&set);
        sl_buf_release(&out);
    }
}

static void truncation_at_every_byte_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        for (size_t len = 0; len < forms[i].bytes.len; len++) {
            uint8_t *exact = malloc(len + 1); /* so that a read past the end is seen */
            struct sl_gtid_set set = {0};

            assert_non_null(exact);
            memcpy(exact, forms[i].bytes.data, len);
            assert_int_equal(sl_gtid_set_decode(&set, sl_span_make(exact, len), NULL), SL_ETRUNC);
            assert_null(set.sources);
            free(exact);
        }
    }
}

static void malformed_bytes_are_refused_and_change_nothing(void **state)
{
    static const struct {
        int want;
        struct sl_span bytes;
    } cases[] = {
        /* bytes behind the end */
        {SL_EFORMAT, BYTES(U64("\0") "\0")},
        /* unknown format */
        {SL_EFORMAT, BYTES("\x01\0\0\0\0\0\0\x02")},
        /* number 0 */
        {SL_EFORMAT, BYTES(U64("\x01") UUID_A U64("\x01") U64("\0") U64("\x02"))},
        /* empty interval */
        {SL_EFORMAT, BYTES(U64("\x01") UUID_A U64("\x01") U64("\x02") U64("\x02"))},
        /* interval that is adjacent to the one before */
        {SL_EFORMAT,
         BYTES(U64("\x01") UUID_A U64("\x02") U64("\x01") U64("\x03") U64("\x03") U64("\x04"))},
        /* end past the largest number */
        {SL_EFORMAT, BYTES(U64("\x01") UUID_A U64("\x01") U64("\x01") "\0\0\0\0\0\0\0\x80")},
        /* a count of intervals that no memory could hold */
        {SL_ETRUNC,
         BYTES(U64("\x01") UUID_A "\xff\xff\xff\xff\xff\xff\xff\xff" U64("\x01") U64("\x02"))},
        /* a count of sources that the bytes do not hold */
        {SL_ETRUNC,
         BYTES("\xff\xff\xff\xff\xff\xff\xff\0" UUID_A U64("\x01") U64("\x01") U64("\x02"))},
        /* tag that begins with a digit, tag of 33 bytes, length of two bytes */
        {SL_EFORMAT, BYTES(TAGGED("\x01") UUID_A "\x02"
                                                 "1" U64("\x01") U64("\x01") U64("\x02"))},
        {SL_EFORMAT, BYTES(TAGGED("\x01") UUID_A "\x42"
                                                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" U64("\0"))},
        {SL_EFORMAT, BYTES(TAGGED("\x01") UUID_A "\x03\0" U64("\0"))},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_gtid_set set = {0};
        struct sl_err err = {0};
        struct sl_gtid gtid = {.number = 5};

        assert_int_equal(sl_gtid_set_add(&set, &gtid), SL_OK);
        assert_int_equal(sl_gtid_set_decode(&set, cases[i].bytes, &err), cases[i].want);
        assert_int_equal(err.status, cases[i].want);
        assert_true(sl_gtid_set_contains(&set, &gtid));
        sl_gtid_set_release(&set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_is_encoded_as_the_server_encodes_it),
        cmocka_unit_test(encoded_set_is_decoded),
        cmocka_unit_test(truncation_at_every_byte_is_refused),
        cmocka_unit_test(malformed_bytes_are_refused_and_change_nothing),
    };

    return cmocka_run_group_tests_name("gtid_binary", tests, NULL, NULL);
}
