#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cdc/base/buf.h"
#include "cdc/json_binary.h"
#include "tests/support/json_cases.h"

enum { SL_SMALL_ENOUGH = 4096 }; /* bytes of a document that is cut at every one of them */

/* Prints LEN bytes of DATA, copied to their exact size, into OUT. */
static int print(const void *data, size_t len, struct sl_buf *out, struct sl_err *err)
{
    uint8_t *copy = sl_json_copy(sl_span_make(data, len));
    int rc = sl_json_text(sl_span_make(copy, len), out, err);

    free(copy);
    return rc;
}

static void expect_text(const void *data, size_t len, const char *want)
{
    struct sl_buf out = {0};
    struct sl_err err = {0};

    assert_int_equal(print(data, len, &out, &err), SL_OK);
    assert_string_equal(sl_buf_cstr(&out), want);
    sl_buf_release(&out);
}

/* What fails leaves the output alone and says why. */
static void expect_failure(const void *data, size_t len, int want, const char *reason)
{
    struct sl_buf out = {0};
    struct sl_err err = {0};

    assert_int_equal(sl_buf_add_str(&out, "before"), SL_OK);
    assert_int_equal(print(data, len, &out, &err), want);
    assert_int_equal(err.status, want);
    if (strstr(err.text, reason) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, reason);
    }
    assert_string_equal(sl_buf_cstr(&out), "before");
    sl_buf_release(&out);
}

static void check_text(const struct sl_json_case *item)
{
    struct sl_buf out = {0};
    struct sl_err err = {0};

    if (item->diff.data != NULL) {
        return;
    }
    if (sl_json_text(item->before, &out, &err) != SL_OK) {
        fail_msg("%s: %s", item->sql, err.text);
    }
    if (strcmp(sl_buf_cstr(&out), item->text) != 0) {
        fail_msg("%s\n  prints %.300s\n  wanted %.300s", item->sql, (const char *)out.data,
                 item->text);
    }
    sl_buf_release(&out);
}

static void prints_what_select_prints(void **state)
{
    (void)state;
    sl_json_cases_each(check_text);
}

static void check_truncation(const struct sl_json_case *item)
{
    if (item->before.len > SL_SMALL_ENOUGH) {
        return;
    }
    for (size_t len = 1; len < item->before.len; len++) {
        expect_failure(item->before.data, len, SL_ETRUNC, "binary JSON: ");
    }
}

static void truncation_at_every_byte_is_noticed(void **state)
{
    (void)state;
    sl_json_cases_each(check_truncation);
}

static void bytes_behind_a_document_are_ignored_like_in_the_server(void **state)
{
    (void)state;
    expect_text("\x05\x01\x00junk", 7, "1");
}

static void empty_document_is_null(void **state)
{
    (void)state;
    expect_text("", 0, "null");
}

/* A 9.7 server that was given these bytes by a BINLOG statement printed these texts. */
static void opaque_types_that_new_servers_no_longer_write(void **state)
{
    (void)state;
    expect_text("\x02\x01\x00\x0b\x00\x0f\x07\x00\xfd\x02\x61\"", 12, "[\"a\\\"\"]");
    expect_text("\x02\x01\x00\x0b\x00\x0f\x07\x00\xff\x02\x61\x62", 12,
                "[\"base64:type255:YWI=\"]");
    expect_text("\x0f\x0b\x08\x00\x00\x00\x00\x80\x3e\x00\x00", 11, "\"1000:00:00.000000\"");
    expect_text("\x0f\xf6\x04\x03\x02\x7f\xff", 7, "-0.00");
}

static void corrupt_scalars_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *reason;
    } cases[] = {
        {"\x0d\x00", 2, "unknown type"},
        {"\xff\x00", 2, "unknown type"},
        {"\x04\x03", 2, "neither null"},
        {"\x0b\x00\x00\x00\x00\x00\x00\xf0\x7f", 9, "infinite"},
        {"\x0b\x00\x00\x00\x00\x00\x00\xf8\xff", 9, "infinite"},
        {"\x0c\x80\x80\x80\x80\x80\x00", 7, "string or opaque"}, /* a sixth byte of length */
        {"\x0c\xff\xff\xff\xff\x7f", 6, "string or opaque"},     /* 2^35 - 1 bytes */
        {"\x0f\xf6\x01\x05", 4, "precision"},
        {"\x0f\xf6\x03\x42\x00\x80", 6, "precision"}, /* 66 digits */
        {"\x0f\xf6\x03\x03\x04\x80", 6, "precision"}, /* more behind the point than in all */
        {"\x0f\xf6\x03\x41\x1f\x80", 6, "precision"}, /* 31 behind the point */
        {"\x0f\xf6\x03\x05\x00\x80", 6, "shorter or longer"},
        {"\x0f\xf6\x04\x03\x02\x80\xff", 7, "something else"}, /* 255 in two digits */
        {"\x0f\x0a\x07\x00\x00\x00\x00\x00\x00\x00", 10, "eight bytes"},
        {"\x0f\x0c\x08\x00\x00\x00\x00\x80\x01\x00\x00", 11, "out of range"}, /* 24 h */
        {"\x0f\x0b\x08\x00\x00\x00\x3c\x00\x00\x00\x00", 11, "out of range"}, /* 60 s */
        {"\x0f\x0b\x08\x00\x00\x00\x00\x0f\x00\x00\x00", 11, "out of range"}, /* 60 min */
        {"\x0f\x0b\x08\x40\x42\x0f\x00\x00\x00\x00\x00", 11, "out of range"}, /* 1000000 us */
        {"\x0f\x0a\x08\x00\x00\x00\x00\x00\x00\x00\xff", 11, "out of range"}, /* a date below 0 */
        {"\x0f\x0a\x08\x00\x00\x00\x00\x00\x00\x00\x7f", 11, "out of range"}, /* the year 20000 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_failure(cases[i].bytes, cases[i].len, SL_EFORMAT, cases[i].reason);
    }
}

static void corrupt_containers_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        int status;
        const char *reason;
    } cases[] = {
        {"\x02\x02\x00\x04\x00", 5, SL_EFORMAT, "more entries than bytes"},
        {"\x03\xff\xff\xff\xff\x08\x00\x00\x00", 9, SL_EFORMAT, "more entries than bytes"},
        {"\x02\x00\x00\x05\x00", 5, SL_ETRUNC, "longer than what is left"},
        /* an array that contains itself */
        {"\x02\x01\x00\x07\x00\x02\x00\x00", 8, SL_EFORMAT, "lies outside its container"},
        /* a value that begins inside of its own entry */
        {"\x02\x01\x00\x07\x00\x0c\x06\x00", 8, SL_EFORMAT, "lies outside its container"},
        {"\x02\x01\x00\x07\x00\x0c\x08\x00\x01\x61", 10, SL_EFORMAT, "lies outside its container"},
        /* a string whose bytes lie behind the end of its array, but in the document */
        {"\x02\x01\x00\x08\x00\x0c\x07\x00\x01\x61", 10, SL_ETRUNC, "runs past its container"},
        {"\x02\x01\x00\x08\x00\x07\x07\x00\x01\x61\x61\x61", 12, SL_ETRUNC, "runs past"},
        {"\x02\x01\x00\x07\x00\x04\x09\x00", 8, SL_EFORMAT, "neither null"},
        /* keys: in the header, behind the end, too long */
        {"\x00\x01\x00\x0c\x00\x0a\x00\x01\x00\x04\x00\x00\x61", 13, SL_EFORMAT, "a key"},
        {"\x00\x01\x00\x0c\x00\x0d\x00\x00\x00\x04\x00\x00\x61", 13, SL_EFORMAT, "a key"},
        {"\x00\x01\x00\x0c\x00\x0b\x00\x02\x00\x04\x00\x00\x61", 13, SL_EFORMAT, "a key"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_failure(cases[i].bytes, cases[i].len, cases[i].status, cases[i].reason);
    }
}

static void corrupt_values_that_share_bytes_are_refused(void **state)
{
    /* two elements, one string; two members, one key */
    static const char strings[] =
        "\x02\x02\x00\x0f\x00\x0c\x0a\x00\x0c\x0a\x00\x04\x61\x61\x61\x61";
    static const char keys[] = "\x00\x02\x00\x16\x00\x12\x00\x04\x00\x12\x00\x04\x00\x04\x00\x00"
                               "\x04\x00\x00\x61\x61\x61\x61";

    (void)state;
    expect_failure(strings, sizeof(strings) - 1, SL_EFORMAT, "overlap");
    expect_failure(keys, sizeof(keys) - 1, SL_EFORMAT, "overlap");
}

/* Writes LEVELS arrays inside each other, each with COUNT entries for the same next array. */
static size_t nest(uint8_t *out, unsigned levels, unsigned count)
{
    size_t step = 4 + 3 * (size_t)count;
    size_t len = 0;

    out[len++] = 2;
    for (unsigned level = 1; level <= levels; level++) {
        unsigned entries = level == levels ? 0 : count;
        size_t left = (levels - level) * step + 4;

        out[len++] = (uint8_t)entries;
        out[len++] = 0;
        out[len++] = (uint8_t)left;
        out[len++] = (uint8_t)(left >> 8);
        for (unsigned i = 0; i < entries; i++) {
            out[len++] = 2;
            out[len++] = (uint8_t)step;
            out[len++] = 0;
        }
    }
    return len;
}

static void corrupt_document_cannot_unfold_exponentially(void **state)
{
    uint8_t bytes[1024]; /* would be 2^89 arrays */

    (void)state;
    expect_failure(bytes, nest(bytes, 90, 2), SL_EFORMAT, "overlap");
}

static void a_hundred_levels_are_allowed_and_one_more_is_not(void **state)
{
    uint8_t bytes[1024];
    char want[201];

    (void)state;
    memset(want, '[', 100);
    memset(want + 100, ']', 100);
    want[200] = '\0';
    expect_text(bytes, nest(bytes, 100, 1), want);
    expect_failure(bytes, nest(bytes, 101, 1), SL_EFORMAT, "100 levels");
}

static void output_limit_is_kept(void **state)
{
    struct sl_buf out = {.limit = 300};
    struct sl_err err = {0};
    uint8_t text[260] = {0x0c, 0xff, 0x01}; /* 255 NULs: \u0000 each */

    (void)state;
    assert_int_equal(sl_json_text(sl_span_make(text, 3 + 255), &out, &err), SL_ELIMIT);
    assert_int_equal(err.status, SL_ELIMIT);
    assert_int_equal(out.len, 0);
    sl_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_what_select_prints),
        cmocka_unit_test(truncation_at_every_byte_is_noticed),
        cmocka_unit_test(bytes_behind_a_document_are_ignored_like_in_the_server),
        cmocka_unit_test(empty_document_is_null),
        cmocka_unit_test(opaque_types_that_new_servers_no_longer_write),
        cmocka_unit_test(corrupt_scalars_are_refused),
        cmocka_unit_test(corrupt_containers_are_refused),
        cmocka_unit_test(corrupt_values_that_share_bytes_are_refused),
        cmocka_unit_test(corrupt_document_cannot_unfold_exponentially),
        cmocka_unit_test(a_hundred_levels_are_allowed_and_one_more_is_not),
        cmocka_unit_test(output_limit_is_kept),
    };

    return cmocka_run_group_tests_name("json_binary", tests, NULL, NULL);
}
