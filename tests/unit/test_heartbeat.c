#include "tests/support/check.h"

#include "sinks/heartbeat.h"

static void without_a_position_there_is_none_in_it(void **state)
{
    const struct sl_heartbeat heartbeat = {
        .state = "reconnecting", .lag_seconds = 7, .wall_ms = 1700000000123};
    struct sl_buf out = {0};

    (void)state;
    assert_int_equal(sl_heartbeat_write(&out, "k", &heartbeat), SL_OK);
    assert_buf(&out, "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$77\r\n"
                     "{\"state\":\"reconnecting\",\"lag_seconds\":7,\"source_time\":0,"
                     "\"time\":1700000000123}\r\n$2\r\nPX\r\n$4\r\n5000\r\n");
    sl_buf_release(&out);
}

static void position_and_source_time_are_in_it(void **state)
{
    struct sl_position position = {0};
    const struct sl_heartbeat heartbeat = {
        .state = "streaming", .wall_ms = 5, .position = &position};
    struct sl_buf out = {0};
    struct sl_err err = {0};

    (void)state;
    assert_ok(sl_position_parse(&position, "0-1-100", &err), &err);
    assert_int_equal(
        sl_position_set_file(&position, "bin\"log\\.000007", strlen("bin\"log\\.000007"), 4242),
        SL_OK);
    position.event_time = 99;
    assert_int_equal(sl_heartbeat_write(&out, "k", &heartbeat), SL_OK);
    assert_non_null(strstr(sl_buf_cstr(&out),
                           "{\"state\":\"streaming\",\"lag_seconds\":0,\"source_time\":99,"
                           "\"time\":5,\"file\":\"bin\\\"log\\\\.000007\",\"pos\":4242,"
                           "\"gtid\":\"0-1-100\"}\r\n"));
    sl_buf_release(&out);
    sl_position_release(&position);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_position_there_is_none_in_it),
        cmocka_unit_test(position_and_source_time_are_in_it),
    };

    return cmocka_run_group_tests_name("heartbeat", tests, NULL, NULL);
}
