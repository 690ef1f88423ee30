#include "tests/support/check.h"

#include "cmd/view.h"

static struct sl_views make(struct sl_view_of_sink *items, size_t count)
{
    return (struct sl_views){.pipeline = "shop",
                             .began_ms = 1700000000123,
                             .max_lag_s = 60,
                             .items = items,
                             .count = count};
}

static struct sl_view fresh_view(void)
{
    return (struct sl_view){.state = SL_VIEW_STREAMING, .has_acked = true, .acked_age_ms = 100};
}

static void assert_has(struct sl_buf *out, const char *line)
{
    const char *text = sl_buf_cstr(out);

    if (strstr(text, line) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", line, text);
    }
}

/* ---- freshness ---- */

static void a_stream_that_arrives_is_fresh(void **state)
{
    struct sl_view view = fresh_view();

    (void)state;
    view.lag_seconds = 60;
    assert_true(sl_view_is_fresh(&view, 60));
    view.lag_seconds = 61;
    assert_false(sl_view_is_fresh(&view, 60));
}

static void a_sink_that_does_not_answer_is_not_fresh(void **state)
{
    struct sl_view view = fresh_view();

    (void)state;
    view.acked_age_ms = SL_HEARTBEAT_TTL_MS;
    assert_false(sl_view_is_fresh(&view, 60));
    view = fresh_view();
    view.has_acked = false;
    assert_false(sl_view_is_fresh(&view, 60));
}

static void only_streaming_and_standing_by_are_fresh(void **state)
{
    struct sl_view view = fresh_view();

    (void)state;
    for (int i = 0; i < SL_VIEW_STATES; i++) {
        view.state = (enum sl_view_state)i;
        assert_int_equal(sl_view_is_fresh(&view, 60),
                         i == SL_VIEW_STREAMING || i == SL_VIEW_STANDBY);
    }
}

static void all_sinks_must_be_fresh(void **state)
{
    struct sl_view_of_sink items[2] = {{.view = fresh_view()}, {.view = fresh_view()}};
    struct sl_views views = make(items, 2);

    (void)state;
    assert_true(sl_views_are_fresh(&views));
    items[1].view.state = SL_VIEW_LOADING;
    assert_false(sl_views_are_fresh(&views));
}

/* ---- pages ---- */

static void figures_stand_under_their_sink(void **state)
{
    struct sl_view_of_sink items[2] = {{.sink = "main", .view = fresh_view()},
                                       {.sink = "far", .view = fresh_view()}};
    struct sl_views views = make(items, 2);
    struct sl_buf out = {0};

    (void)state;
    items[0].view.sink.rows = UINT64_MAX;
    items[1].view.loads.query_us = 1500000;
    items[1].view.failures[SL_VIEW_GAP] = 3;
    assert_int_equal(sl_metrics_write(&views, &out), SL_OK);
    assert_has(&out, "sluice_start_time_seconds 1700000000.123\n");
    assert_has(&out,
               "sluice_sink_rows_total{pipeline=\"shop\",sink=\"main\"} 18446744073709551615\n");
    assert_has(&out,
               "sluice_snapshot_query_seconds_total{pipeline=\"shop\",sink=\"far\"} 1.500000\n");
    assert_has(&out, "sluice_failures_total{pipeline=\"shop\",sink=\"far\",cause=\"gap\"} 3\n");
    assert_has(&out, "sluice_state{pipeline=\"shop\",sink=\"far\",state=\"streaming\"} 1\n");
    assert_has(&out, "sluice_state{pipeline=\"shop\",sink=\"far\",state=\"loading\"} 0\n");
    assert_has(&out, "sluice_fresh{pipeline=\"shop\",sink=\"main\"} 1\n");
    sl_buf_release(&out);
}

static void buckets_count_what_is_below_them_too(void **state)
{
    struct sl_view_of_sink item = {.sink = "main", .view = fresh_view()};
    struct sl_views views = make(&item, 1);
    struct sl_buf out = {0};

    (void)state;
    sl_histogram_add(&item.view.sink.exec, 100);
    sl_histogram_add(&item.view.sink.exec, 101);
    sl_histogram_add(&item.view.sink.exec, 60000000);
    assert_int_equal(sl_metrics_write(&views, &out), SL_OK);
    assert_has(&out, "bucket{pipeline=\"shop\",sink=\"main\",le=\"0.0001\"} 1\n");
    assert_has(&out, "bucket{pipeline=\"shop\",sink=\"main\",le=\"0.00025\"} 2\n");
    assert_has(&out, "bucket{pipeline=\"shop\",sink=\"main\",le=\"30\"} 2\n");
    assert_has(&out, "bucket{pipeline=\"shop\",sink=\"main\",le=\"+Inf\"} 3\n");
    assert_has(&out, "sluice_sink_exec_seconds_sum{pipeline=\"shop\",sink=\"main\"} 60.000201\n");
    assert_has(&out, "sluice_sink_exec_seconds_count{pipeline=\"shop\",sink=\"main\"} 3\n");
    sl_buf_release(&out);
}

static void the_status_is_an_object(void **state)
{
    struct sl_view_of_sink item = {.sink = "main", .url = "redis://127.0.0.1:6379/0"};
    struct sl_views views = make(&item, 1);
    struct sl_buf out = {0};

    (void)state;
    item.view = fresh_view();
    item.view.offset = 4242;
    (void)snprintf(item.view.file, sizeof(item.view.file), "bin\"log.000007");
    assert_int_equal(sl_buf_add_str(&item.view.gtid, "0-1-100"), SL_OK);
    assert_int_equal(sl_status_page_write(&views, &out), SL_OK);
    assert_buf(
        &out, "{\"version\":\"" SLUICE_VERSION "\",\"pipeline\":\"shop\",\"fresh\":true,\"sinks\":["
              "{\"name\":\"main\",\"url\":\"redis://127.0.0.1:6379/0\",\"state\":\"streaming\","
              "\"fresh\":true,\"lag_seconds\":0,\"acknowledged_age_ms\":100,\"transactions\":0,"
              "\"rows\":0,\"waiting\":0,\"position\":{\"file\":\"bin\\\"log.000007\",\"pos\":4242,"
              "\"gtid\":\"0-1-100\",\"event_time\":0}}]}\n");
    sl_buf_release(&out);
    sl_view_release(&item.view);
}

static void a_copy_is_independent(void **state)
{
    struct sl_view view = fresh_view();
    struct sl_view copy = {0};

    (void)state;
    assert_int_equal(sl_buf_add_str(&view.gtid, "0-1-100"), SL_OK);
    assert_int_equal(sl_view_copy(&copy, &view), SL_OK);
    sl_buf_clear(&view.gtid);
    assert_buf(&copy.gtid, "0-1-100");
    assert_int_equal(copy.state, SL_VIEW_STREAMING);
    sl_view_release(&view);
    sl_view_release(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_that_arrives_is_fresh),
        cmocka_unit_test(a_sink_that_does_not_answer_is_not_fresh),
        cmocka_unit_test(only_streaming_and_standing_by_are_fresh),
        cmocka_unit_test(all_sinks_must_be_fresh),
        cmocka_unit_test(figures_stand_under_their_sink),
        cmocka_unit_test(buckets_count_what_is_below_them_too),
        cmocka_unit_test(the_status_is_an_object),
        cmocka_unit_test(a_copy_is_independent),
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
