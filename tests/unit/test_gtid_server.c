/*
 * test_gtid_server.c - compares with what a real server made of random sets:
 * golden/gtid/server.tsv, written by golden/gtid/generate.py from MySQL 9.7.4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/gtid.h"

enum { SL_FIELDS = 6 };

static unsigned compared_binary; /* byte for byte */

static struct sl_gtid_set parse(const char *text)
{
    struct sl_gtid_set set = {0};
    struct sl_err err = {0};

    if (sl_gtid_set_parse(&set, sl_span_make(text, strlen(text)), &err) != SL_OK) {
        fail_msg("%s: %s", text, err.text);
    }
    return set;
}

static void assert_text(const struct sl_gtid_set *set, const char *want)
{
    struct sl_buf out = {0};

    assert_int_equal(sl_gtid_set_format(set, &out), SL_OK);
    assert_string_equal(sl_buf_cstr(&out), want);
    sl_buf_release(&out);
}

static void check_sets(char *const *fields)
{
    struct sl_gtid_set a = parse(fields[1]);
    struct sl_gtid_set b = parse(fields[2]);
    struct sl_gtid_set left = {0};

    assert_text(&a, fields[3]);
    assert_int_equal(sl_gtid_set_subtract(&a, &b, &left), SL_OK);
    assert_text(&left, fields[4]);
    assert_int_equal(sl_gtid_set_covers(&b, &a), fields[5][0] == '1');
    sl_gtid_set_release(&a);
    sl_gtid_set_release(&b);
    sl_gtid_set_release(&left);
}

static void unhex(const char *hex, struct sl_buf *out)
{
    assert_int_equal(sl_buf_reserve(out, 1), SL_OK);
    for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        const char digits[] = {hex[0], hex[1], '\0'};

        assert_int_equal(sl_buf_add_byte(out, (uint8_t)strtoul(digits, NULL, 16)), SL_OK);
    }
}

/*
 * A server that has seen a tag writes the tagged form for sets without one, too; else the bytes
 * must be the same.
 */
static void check_binary(char *const *fields)
{
    struct sl_gtid_set set = parse(fields[1]);
    struct sl_gtid_set decoded = {0};
    struct sl_buf want = {0};
    struct sl_buf got = {0};

    unhex(fields[2], &want);
    assert_int_equal(sl_gtid_set_decode(&decoded, sl_span_make(want.data, want.len), NULL), SL_OK);
    assert_true(sl_gtid_set_covers(&set, &decoded) && sl_gtid_set_covers(&decoded, &set));
    assert_int_equal(sl_gtid_set_encode(&set, &got), SL_OK);
    assert_true(got.len >= 8 && want.len >= 8);
    if (got.data != NULL && want.data != NULL && got.data[7] == want.data[7]) {
        compared_binary++;
        assert_int_equal(got.len, want.len);
        assert_memory_equal(got.data, want.data, got.len);
    }
    sl_gtid_set_release(&set);
    sl_gtid_set_release(&decoded);
    sl_buf_release(&want);
    sl_buf_release(&got);
}

/* Checks the lines of KIND and returns how many there were. */
static unsigned check_lines(const char *kind, void (*check)(char *const *fields))
{
    const char *root = getenv("SLUICE_TEST_DATA"); /* NOLINT(concurrency-mt-unsafe): one thread */
    char path[4096];
    char line[8192];
    unsigned count = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/golden/gtid/server.tsv", root != NULL ? root : "tests");
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        char *fields[SL_FIELDS];
        char *rest = line;

        line[strcspn(line, "\n")] = '\0';
        for (size_t i = 0; i < SL_FIELDS; i++) {
            fields[i] = rest != NULL ? strsep(&rest, "\t") : line + strlen(line);
        }
        if (strcmp(fields[0], kind) == 0) {
            check(fields);
            count++;
        }
    }
    (void)fclose(file);
    return count;
}

static void sets_are_read_compared_and_subtracted_as_by_the_server(void **state)
{
    (void)state;
    assert_true(check_lines("sets", check_sets) >= 200);
}

static void binary_form_is_what_the_server_writes(void **state)
{
    (void)state;
    assert_true(check_lines("binary", check_binary) >= 10);
    assert_true(compared_binary >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_are_read_compared_and_subtracted_as_by_the_server),
        cmocka_unit_test(binary_form_is_what_the_server_writes),
    };

    return cmocka_run_group_tests_name("gtid_server", tests, NULL, NULL);
}
