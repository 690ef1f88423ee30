/* What the daemon writes into the heartbeat, `sluice status` reads from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sinks/heartbeat.h"

static int read_text(const char *text, struct sl_heartbeat_seen *seen)
{
    return sl_heartbeat_read(sl_span_make(text, strlen(text)), seen);
}

static void what_is_written_is_read(void **state)
{
    struct sl_position position = {.offset = 4242, .event_time = 1700000000};
    const struct sl_heartbeat heartbeat = {
        .state = "streaming",
        .lag_seconds = 7,
        .wall_ms = 1700000009123,
        .position = &position,
        .has_lag_bytes = true,
        .lag_bytes = 65536,
        .rows = {.unchanged = 1, .filtered = UINT64_MAX, .quarantined = 3, .waiting = 4}};
    struct sl_heartbeat_seen seen;
    struct sl_buf command = {0};
    const char *json;
    const char *end;

    (void)state;
    strcpy(position.file, "odd\"name\\.000007");
    assert_int_equal(sl_heartbeat_write(&command, "key", &heartbeat), SL_OK);
    json = strchr(sl_buf_cstr(&command), '{');
    end = strrchr((const char *)command.data, '}');
    assert_int_equal(sl_heartbeat_read(sl_span_make(json, (size_t)(end + 1 - json)), &seen), SL_OK);
    assert_string_equal(seen.state, "streaming");
    assert_int_equal(seen.lag_seconds, 7);
    assert_int_equal(seen.source_time, 1700000000);
    assert_int_equal(seen.wall_ms, 1700000009123);
    assert_true(seen.has_lag_bytes);
    assert_int_equal(seen.lag_bytes, 65536);
    assert_int_equal(seen.rows.unchanged, 1);
    assert_true(seen.rows.filtered == UINT64_MAX);
    assert_int_equal(seen.rows.quarantined, 3);
    assert_int_equal(seen.rows.waiting, 4);
    sl_buf_release(&command);
}

static void unknown_members_are_passed_over(void **state)
{
    struct sl_heartbeat_seen seen;

    (void)state;
    assert_int_equal(read_text(" { \"new\" : null , \"lag_seconds\" : 3,\"state\":\"x\"} ", &seen),
                     SL_OK);
    assert_string_equal(seen.state, "x");
    assert_int_equal(seen.lag_seconds, 3);
    assert_false(seen.has_lag_bytes);
}

static void a_number_too_large_counts_as_none(void **state)
{
    struct sl_heartbeat_seen seen;

    (void)state;
    assert_int_equal(read_text("{\"state\":\"x\",\"lag_seconds\":18446744073709551616}", &seen),
                     SL_OK);
    assert_int_equal(seen.lag_seconds, 0);
}

static void a_state_that_is_too_long_is_cut(void **state)
{
    struct sl_heartbeat_seen seen;

    (void)state;
    assert_int_equal(read_text("{\"state\":\"0123456789012345678901234567890123456789\"}", &seen),
                     SL_OK);
    assert_int_equal(strlen(seen.state), sizeof(seen.state) - 1);
}

static void anything_else_is_refused_and_leaves_the_result_alone(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "[]",
        "x",
        "{\"state\"}",
        "{\"state\":}",
        "{\"state\":\"x\"",
        "{\"state\":\"x\",}",
        "{\"state\":\"x",
        "{\"state\":\"x\\",
        "{\"lag_seconds\":1}",
        "{\"state\":{\"a\":1}}",
    };
    struct sl_heartbeat_seen seen = {.lag_seconds = 99};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(read_text(bad[i], &seen), SL_EFORMAT);
        assert_int_equal(seen.lag_seconds, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(unknown_members_are_passed_over),
        cmocka_unit_test(a_number_too_large_counts_as_none),
        cmocka_unit_test(a_state_that_is_too_long_is_cut),
        cmocka_unit_test(anything_else_is_refused_and_leaves_the_result_alone),
    };

    return cmocka_run_group_tests_name("heartbeat", tests, NULL, NULL);
}
