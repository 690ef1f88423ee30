#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/position.h"

#define BAD_SET "11111111-1111-1111-1111-111111111111:x"
#define SET     "11111111-1111-1111-1111-111111111111:1-5"

static void text_is_told_apart(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"mysql-bin.000001:4", "mysql-bin.000001:4"},
        {" b.1:18446744073709551615", "b.1:18446744073709551615"},
        {"odd:name.000001:4", "odd:name.000001:4"},
        {"11111111-1111:4", "11111111-1111:4"},
        {SET, "GTID " SET},
        {"\n" SET ":tag:7 ", "GTID " SET ":tag:7"},
        {"0-1-100, 1-1-42", "GTID 0-1-100,1-1-42"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_position position = {0};
        struct sl_buf out = {0};

        assert_int_equal(sl_position_parse(&position, cases[i].text, NULL), SL_OK);
        assert_int_equal(sl_position_format(&position, &out), SL_OK);
        assert_string_equal(sl_buf_cstr(&out), cases[i].want);
        sl_position_release(&position);
        sl_buf_release(&out);
    }
}

static void malformed_text_is_refused_and_changes_nothing(void **state)
{
    char long_name[SL_BINLOG_NAME_MAX + 3];
    const char *const cases[] = {
        "",
        " ",
        "now",
        "binlog.000001",
        "binlog.000001:",
        ":4",
        "binlog.000001:4x",
        "binlog.000001:-4",
        "binlog.000001:18446744073709551616",
        "0-1",
        BAD_SET,
        long_name,
    };

    (void)state;
    memset(long_name, 'a', SL_BINLOG_NAME_MAX);
    memcpy(long_name + SL_BINLOG_NAME_MAX, ":4", 3);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_position position = {0};
        struct sl_err err = {0};

        assert_int_equal(sl_position_set_file(&position, "f.1", 3, 7), SL_OK);
        if (sl_position_parse(&position, cases[i], &err) != SL_EINVAL) {
            fail_msg("accepted: %s", cases[i]);
        }
        assert_true(err.text[0] != '\0');
        assert_string_equal(position.file, "f.1");
        assert_true(position.offset == 7);
        sl_position_release(&position);
    }
}

static void file_name_that_does_not_fit_is_refused(void **state)
{
    char name[SL_BINLOG_NAME_MAX];
    struct sl_position position = {0};

    (void)state;
    memset(name, 'a', sizeof(name));
    assert_int_equal(sl_position_set_file(&position, name, sizeof(name), 4), SL_ELIMIT);
    assert_string_equal(position.file, "");
    assert_int_equal(sl_position_set_file(&position, name, sizeof(name) - 1, 4), SL_OK);
    assert_int_equal(strlen(position.file), sizeof(name) - 1);
}

static void files_are_ordered_by_number_not_by_letters(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        int want;
    } cases[] = {
        {"b.000001:4", "b.000001:4", 0},
        {"b.000001:4", "b.000001:5", -1},
        {"b.000002:4", "b.000001:5", 1},
        {"b.999999:4", "b.1000000:4", -1},
        {"b.2:4", "b.10:4", -1},
        {"b.000001:4294967296", "b.000001:4", 1},
        {"b.99999999999999999999:4", "b.18446744073709551615:4", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_position a = {0};
        struct sl_position b = {0};

        assert_int_equal(sl_position_parse(&a, cases[i].a, NULL), SL_OK);
        assert_int_equal(sl_position_parse(&b, cases[i].b, NULL), SL_OK);
        assert_int_equal(sl_position_compare_file(&a, &b), cases[i].want);
        assert_int_equal(sl_position_compare_file(&b, &a), -cases[i].want);
    }
}

static void copy_takes_everything_and_stands_alone(void **state)
{
    struct sl_position from = {0};
    struct sl_position to = {0};
    struct sl_buf out = {0};

    (void)state;
    assert_int_equal(sl_position_parse(&from, SET, NULL), SL_OK);
    assert_int_equal(sl_position_set_file(&from, "b.000003", 8, 99), SL_OK);
    strcpy(from.server_uuid, "server_id:7");
    from.event_time = 12;
    assert_int_equal(sl_position_copy(&to, &from), SL_OK);
    sl_position_release(&from);
    assert_int_equal(sl_position_format(&to, &out), SL_OK);
    assert_string_equal(sl_buf_cstr(&out), "b.000003:99 (GTID " SET ")");
    assert_string_equal(to.server_uuid, "server_id:7");
    assert_int_equal(to.event_time, 12);
    sl_buf_release(&out);
    sl_position_release(&to);
}

static void nothing_known_is_said_so(void **state)
{
    struct sl_position position;
    struct sl_buf out = {0};

    (void)state;
    sl_position_init(&position);
    assert_int_equal(sl_position_format_gtid(&position, &out), SL_OK);
    assert_int_equal(out.len, 0);
    assert_int_equal(sl_position_format(&position, &out), SL_OK);
    assert_string_equal(sl_buf_cstr(&out), "unknown position");
    sl_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_told_apart),
        cmocka_unit_test(malformed_text_is_refused_and_changes_nothing),
        cmocka_unit_test(file_name_that_does_not_fit_is_refused),
        cmocka_unit_test(files_are_ordered_by_number_not_by_letters),
        cmocka_unit_test(copy_takes_everything_and_stands_alone),
        cmocka_unit_test(nothing_known_is_said_so),
    };

    return cmocka_run_group_tests_name("position", tests, NULL, NULL);
}
