#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cdc/event.h"
#include "cdc/source_file.h"

static char folder[] = "/tmp/sluice-source-XXXXXX";

static void put(char path[256], const char *name, const void *data, size_t len)
{
    FILE *file;

    (void)snprintf(path, 256, "%s/%s", folder, name);
    file = fopen(path, "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* A log of two events: a format description of 30 bytes and an XID event of 27. */
static size_t two_events(uint8_t out[128])
{
    static const uint8_t magic[] = {0xfe, 'b', 'i', 'n'};

    memset(out, 0, 128);
    memcpy(out, magic, sizeof(magic));
    out[4 + 4] = SL_EVENT_FORMAT_DESCRIPTION;
    out[4 + 9] = 30;
    out[34 + 4] = SL_EVENT_XID;
    out[34 + 9] = 27;
    return 61;
}

static struct sl_source *open_one(const char *path, uint64_t offset, struct sl_err *err)
{
    const char *paths[] = {path};
    struct sl_source *source = NULL;
    struct sl_position start;
    int rc;

    sl_position_init(&start);
    assert_int_equal(sl_position_set_file(&start, strrchr(path, '/') + 1,
                                          strlen(strrchr(path, '/') + 1), offset),
                     SL_OK);
    assert_int_equal(sl_source_file_new(paths, 1, &source, err), SL_OK);
    rc = source->ops->open(source, SL_START_AT, &start, err);
    err->status = rc;
    return source;
}

static void expect(struct sl_source *source, uint8_t type, size_t len)
{
    struct sl_span event;

    assert_int_equal(source->ops->next(source, &event, NULL), SL_OK);
    assert_int_equal(event.data[4], type);
    assert_int_equal(event.len, len);
}

static void files_follow_one_another_with_rotates(void **state)
{
    uint8_t log[128];
    size_t len = two_events(log);
    char first[256];
    char second[256];
    const char *paths[2] = {first, second};
    struct sl_source *source = NULL;
    struct sl_position start;
    struct sl_span event;

    (void)state;
    put(first, "log.000001", log, len);
    put(second, "log.000002", log, len);
    sl_position_init(&start);
    assert_int_equal(sl_source_file_new(paths, 2, &source, NULL), SL_OK);
    assert_int_equal(source->ops->open(source, SL_START_EARLIEST, &start, NULL), SL_OK);
    assert_string_equal(start.file, "log.000001");
    assert_int_equal(start.offset, 4);
    assert_int_equal(source->flavor, SL_FLAVOR_MYSQL);
    for (int i = 0; i < 2; i++) {
        expect(source, SL_EVENT_ROTATE, 19 + 8 + 10);
        expect(source, SL_EVENT_FORMAT_DESCRIPTION, 30);
        expect(source, SL_EVENT_XID, 27);
    }
    assert_int_equal(source->ops->next(source, &event, NULL), SL_DONE);
    source->ops->free(source);
}

static void start_inside_of_a_file_still_gives_its_format(void **state)
{
    uint8_t log[128];
    size_t len = two_events(log);
    char path[256];
    struct sl_source *source;
    struct sl_span event;
    struct sl_err err = {0};

    (void)state;
    put(path, "log.000001", log, len);
    source = open_one(path, 34, &err);
    assert_int_equal(err.status, SL_OK);
    assert_int_equal(source->ops->next(source, &event, NULL), SL_OK);
    assert_int_equal(event.data[19], 34);
    expect(source, SL_EVENT_FORMAT_DESCRIPTION, 30);
    expect(source, SL_EVENT_XID, 27);
    assert_int_equal(source->ops->next(source, &event, NULL), SL_DONE);
    source->ops->free(source);
}

static void start_behind_the_end_is_a_gap(void **state)
{
    uint8_t log[128];
    size_t len = two_events(log);
    char path[256];
    struct sl_err err = {0};
    struct sl_source *source;

    (void)state;
    put(path, "log.000001", log, len);
    source = open_one(path, 62, &err);
    source->ops->free(source);
    assert_int_equal(err.status, SL_EGAP);
}

static void cut_tail_is_refused_with_its_offset(void **state)
{
    uint8_t log[128];
    size_t whole = two_events(log);
    char path[256];

    (void)state;
    for (size_t len = 35; len < whole; len++) {
        struct sl_err err = {0};
        struct sl_source *source;
        struct sl_span event;

        put(path, "log.000001", log, len);
        source = open_one(path, 4, &err);
        assert_int_equal(err.status, SL_OK);
        expect(source, SL_EVENT_ROTATE, 19 + 8 + 10);
        expect(source, SL_EVENT_FORMAT_DESCRIPTION, 30);
        assert_int_equal(source->ops->next(source, &event, &err), SL_ETRUNC);
        assert_non_null(strstr(err.text, "offset 34"));
        source->ops->free(source);
    }
}

static void what_is_no_binary_log_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        int status;
    } cases[] = {
        {"", 0, SL_ETRUNC},
        {"\xfe"
         "bi",
         3, SL_ETRUNC},
        {"SELECT 1", 8, SL_EFORMAT},
        {"\xfd"
         "bin....",
         8, SL_EUNSUPPORTED},
    };

    char path[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_err err = {0};
        struct sl_source *source;

        put(path, "no.log", cases[i].bytes, cases[i].len);
        source = open_one(path, 0, &err);
        assert_int_equal(err.status, cases[i].status);
        source->ops->free(source);
    }
}

static void event_without_a_size_is_refused(void **state)
{
    uint8_t log[128];
    size_t len = two_events(log);
    char path[256];
    struct sl_err err = {0};
    struct sl_source *source;
    struct sl_span event;

    (void)state;
    log[34 + 9] = 18;
    put(path, "log.000001", log, len);
    source = open_one(path, 34, &err);
    expect(source, SL_EVENT_ROTATE, 19 + 8 + 10);
    expect(source, SL_EVENT_FORMAT_DESCRIPTION, 30);
    assert_int_equal(source->ops->next(source, &event, NULL), SL_EFORMAT);
    source->ops->free(source);
}

static void missing_file_and_interruption_are_told(void **state)
{
    uint8_t log[128];
    size_t len = two_events(log);
    char path[256];
    struct sl_err err = {0};
    struct sl_source *source;
    struct sl_span event;

    (void)state;
    source = open_one("/nowhere/log.000001", 4, &err);
    assert_int_equal(err.status, SL_EIO);
    assert_non_null(strstr(err.text, "/nowhere/log.000001"));
    source->ops->free(source);
    put(path, "log.000001", log, len);
    source = open_one(path, 4, &err);
    source->ops->interrupt(source);
    assert_int_equal(source->ops->next(source, &event, NULL), SL_ESTOPPED);
    source->ops->free(source);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"log.000001", "log.000002", "no.log"};
    char path[256];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_follow_one_another_with_rotates),
        cmocka_unit_test(start_inside_of_a_file_still_gives_its_format),
        cmocka_unit_test(start_behind_the_end_is_a_gap),
        cmocka_unit_test(cut_tail_is_refused_with_its_offset),
        cmocka_unit_test(what_is_no_binary_log_is_refused),
        cmocka_unit_test(event_without_a_size_is_refused),
        cmocka_unit_test(missing_file_and_interruption_are_told),
    };

    return cmocka_run_group_tests_name("source file", tests, make_folder, remove_folder);
}
