/*
 * Feeds every binary log of tests/golden/ through a stream and compares what the handler is told
 * with expected.txt. SLUICE_GOLDEN_WRITE=1 writes expected.txt anew: read the difference before
 * committing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/event_builder.h"
#include "tests/support/stream_dump.h"

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rbe");
    char *text = NULL;
    long size;

    if (file == NULL) {
        return NULL;
    }
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0) {
        rewind(file);
        text = calloc(1, (size_t)size + 1);
        if (text != NULL && fread(text, 1, (size_t)size, file) != (size_t)size) {
            free(text);
            text = NULL;
        }
    }
    (void)fclose(file);
    return text;
}

static void write_file(const char *path, const struct sl_buf *text)
{
    FILE *file = fopen(path, "wbe");

    assert_non_null(file);
    assert_int_equal(fwrite(text->data, 1, text->len, file), text->len);
    assert_int_equal(fclose(file), 0);
}

static void dump_equals_golden(void **state)
{
    const char *name = *state;
    const struct sl_stream_options options = {.verify_checksum = true};
    struct sl_stream_dump dump = {0};
    struct sl_err err = {0};
    char log[SL_GOLDEN_PATH_MAX];
    char expected[SL_GOLDEN_PATH_MAX];
    const char *paths[] = {log};
    char *want;

    sl_golden_path(log, name, "capture.binlog");
    sl_golden_path(expected, name, "expected.txt");
    if (sl_stream_dump_files(&dump, paths, 1, &options, &err) != SL_OK) {
        fail_msg("%s", err.text);
    }
    if (getenv("SLUICE_GOLDEN_WRITE") != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        write_file(expected, &dump.text);
    }
    want = read_file(expected);
    assert_non_null(want);
    assert_string_equal(sl_buf_cstr(&dump.text), want);
    free(want);
    sl_buf_release(&dump.text);
}

/* Logs with and without checksums of two servers, one behind another: only the events count. */
static void files_of_any_kind_follow_one_another(void **state)
{
    static const char *const names[] = {"mysql-types", "mysql-anonymous", "mysql-xa", "mariadb-xa"};
    const struct sl_stream_options options = {.verify_checksum = true};
    struct sl_stream_dump dump = {0};
    struct sl_err err = {0};
    char logs[4][SL_GOLDEN_PATH_MAX];
    const char *paths[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        sl_golden_path(logs[i], names[i], "capture.binlog");
        paths[i] = logs[i];
    }
    if (sl_stream_dump_files(&dump, paths, 4, &options, &err) != SL_OK) {
        fail_msg("%s", err.text);
    }
    assert_non_null(strstr(sl_buf_cstr(&dump.text), "insert shop.x (8|last)"));
    sl_buf_release(&dump.text);
}

#define GOLDEN(name)                                                    \
    {                                                                   \
        name, dump_equals_golden, NULL, NULL, (void *)(uintptr_t)(name) \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        GOLDEN("mysql-anonymous"),
        GOLDEN("mysql-ddl"),
        GOLDEN("mysql-images"),
        GOLDEN("mysql-json"),
        GOLDEN("mysql-payload"),
        GOLDEN("mysql-transactions"),
        GOLDEN("mysql-types"),
        GOLDEN("mysql-xa"),
        GOLDEN("mariadb-compressed"),
        GOLDEN("mariadb-ddl"),
        GOLDEN("mariadb-nolog"),
        GOLDEN("mariadb-transactions"),
        GOLDEN("mariadb-types"),
        GOLDEN("mariadb-xa"),
        cmocka_unit_test(files_of_any_kind_follow_one_another),
    };

    return cmocka_run_group_tests_name("stream golden", tests, NULL, NULL);
}
