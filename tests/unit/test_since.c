/* The words of --since, and the search for the file of a moment. */
#include "tests/support/check.h"

#include <time.h>

#include "cdc/since.h"

#define NOW UINT64_C(1795255200) /* 2026-11-21T10:00:00Z */

static void times_and_spans_become_a_moment(void **state)
{
    static const struct {
        const char *text;
        uint32_t time;
    } cases[] = {
        {"2026-11-21T10:00:00Z", 1795255200},
        {"2026-11-21 09:59:59Z", 1795255199},
        {"2026-11-21T09:59Z", 1795255140},
        {"1970-01-01T00:00:01Z", 1},
        {"2024-02-29T23:59:59Z", 1709251199},
        {"2026-11-21T11:30:00", 1795253400},
        {"2026-11-21 11:30", 1795253400},
        {"2026-07-01 12:00:00", 1782896400},
        {"90s", 1795255110},
        {"90m", 1795249800},
        {"2h", 1795248000},
        {"3d", 1794996000},
        {"0001h", 1795251600},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_since since = {.kind = SL_SINCE_PLACE};
        struct sl_err err = {0};

        assert_ok(sl_since_parse(&since, cases[i].text, NOW, &err), &err);
        assert_int_equal(since.kind, SL_SINCE_TIME);
        if (since.time != cases[i].time) {
            fail_msg("%s is %u, due was %u", cases[i].text, since.time, cases[i].time);
        }
        sl_since_release(&since);
    }
}

static void places_are_positions(void **state)
{
    struct sl_since since = {.kind = SL_SINCE_TIME, .time = 7};
    struct sl_err err = {0};

    (void)state;
    assert_ok(sl_since_parse(&since, "binlog.000042:1234", NOW, &err), &err);
    assert_int_equal(since.kind, SL_SINCE_PLACE);
    assert_int_equal(since.time, 0);
    assert_string_equal(since.place.file, "binlog.000042");
    assert_int_equal(since.place.offset, 1234);
    assert_ok(sl_since_parse(&since, "0-1-100,1-1-42", NOW, &err), &err);
    assert_int_equal(since.place.mgtids.count, 2);
    assert_ok(sl_since_parse(&since, "2026-11-21", NOW, &err), &err); /* a GTID, too */
    assert_int_equal(since.place.mgtids.count, 1);
    assert_ok(sl_since_parse(&since, "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5", NOW, &err), &err);
    assert_int_equal(since.place.gtids.count, 1);
    assert_true(since.place.has_gtid);
    sl_since_release(&since);
}

static void what_is_no_beginning_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "now",
        "yesterday",
        "90",
        "m",
        "90x",
        "90mm",
        "-90m",
        "0m",
        "99999999999999999999d",
        "4294967296s",
        "30000d",
        "2026-11-21T10:00:01Z",
        "2026-11-21T25:00:00Z",
        "2026-11-21T10:60:00Z",
        "2026-11-21T10:00:60Z",
        "2026-02-29T10:00:00Z",
        "2026-00-01T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "2026-01-00T10:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00Z",
        "2026-11-21T10:00:00z",
        "2026-11-21T10:00:00ZZ",
        "2026-11-21T10:00:0",
        "2026-11-21T10:00:00+01:00",
        "binlog.000042",
        "binlog.000042:x",
        "3e11fa47-71ca-11e1-9e33-c80aa9429562:0",
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_since since = {.kind = SL_SINCE_TIME, .time = 7};
        struct sl_err err = {0};

        if (sl_since_parse(&since, cases[i], NOW, &err) != SL_EINVAL || err.text[0] == '\0') {
            fail_msg("\"%s\" is not refused: %s", cases[i], err.text);
        }
        assert_int_equal(since.kind, SL_SINCE_TIME);
        assert_int_equal(since.time, 7);
    }
}

/* ---- files ---- */

struct files {
    const uint32_t *begins;
    unsigned asked;
    size_t fails_at;
};

static int first_of(void *user, size_t number, uint32_t *time, struct sl_err *err)
{
    struct files *files = user;

    files->asked++;
    *time = files->begins[number];
    return number == files->fails_at ? sl_err_set(err, SL_EIO, "no") : SL_OK;
}

static void the_file_is_the_last_one_that_begins_before(void **state)
{
    static const uint32_t begins[] = {100, 200, 200, 300, 400};

    static const struct {
        uint32_t time;
        int rc;
        size_t found;
    } cases[] = {{50, SL_DONE, 0}, {100, SL_DONE, 0}, {101, SL_OK, 0},
                 {200, SL_OK, 0},  {201, SL_OK, 2},   {300, SL_OK, 2},
                 {301, SL_OK, 3},  {400, SL_OK, 3},   {40000, SL_OK, 4}};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct files files = {.begins = begins, .fails_at = 99};
        size_t found = 77;

        assert_int_equal(
            sl_since_search(SL_COUNT(begins), cases[i].time, first_of, &files, &found, NULL),
            cases[i].rc);
        assert_int_equal(found, cases[i].found);
        assert_true(files.asked <= 3);
    }
}

static void a_file_that_cannot_be_read_ends_the_search(void **state)
{
    static const uint32_t begins[] = {100, 200, 300};
    struct files files = {.begins = begins, .fails_at = 1};
    struct sl_err err = {0};
    size_t found = 0;

    (void)state;
    assert_int_equal(sl_since_search(3, 250, first_of, &files, &found, &err), SL_EIO);
    assert_int_equal(err.status, SL_EIO);
    assert_int_equal(sl_since_search(0, 250, first_of, &files, &found, &err), SL_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_and_spans_become_a_moment),
        cmocka_unit_test(places_are_positions),
        cmocka_unit_test(what_is_no_beginning_is_refused),
        cmocka_unit_test(the_file_is_the_last_one_that_begins_before),
        cmocka_unit_test(a_file_that_cannot_be_read_ends_the_search),
    };

    /* Two hours ahead of UTC in winter, too, with a summer time. */
    assert_int_equal(setenv("TZ", "EET-2EEST,M3.5.0/3,M10.5.0/4", 1), 0);
    tzset();
    return cmocka_run_group_tests_name("since", tests, NULL, NULL);
}
