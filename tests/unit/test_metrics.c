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
    sl_histogram_add(&item.view.sink.exec, SL_SCALE_US, 100);
    sl_histogram_add(&item.view.sink.exec, SL_SCALE_US, 101);
    sl_histogram_add(&item.view.sink.exec, SL_SCALE_US, 60000000);
    assert_int_equal(sl_metrics_write(&views, &out), SL_OK);
    assert_has(&out, "bucket{pipeline=\"shop\",sink=\"main\",le=\"0.0001\"} 1\n");
    assert_has(&out, "bucket{pipeline=\"shop\",sink=\"main\",le=\"0.00025\"} 2\n");
    assert_has(&out, "bucket{pipeline=\"shop\",sink=\"main\",le=\"30\"} 2\n");
    assert_has(&out, "bucket{pipeline=\"shop\",sink=\"main\",le=\"+Inf\"} 3\n");
    assert_has(&out, "sluice_sink_exec_seconds_sum{pipeline=\"shop\",sink=\"main\"} 60.000201\n");
    assert_has(&out, "sluice_sink_exec_seconds_count{pipeline=\"shop\",sink=\"main\"} 3\n");
    sl_buf_release(&out);
}

static void a_figure_that_is_not_known_is_absent(void **state)
{
    struct sl_view_of_sink item = {.sink = "main", .view = fresh_view()};
    struct sl_views views = make(&item, 1);
    struct sl_buf out = {0};

    (void)state;
    assert_int_equal(sl_metrics_write(&views, &out), SL_OK);
    assert_null(strstr(sl_buf_cstr(&out), "sluice_lag_bytes{"));
    assert_null(strstr(sl_buf_cstr(&out), "sluice_checkpoint_age_seconds{"));
    assert_null(strstr(sl_buf_cstr(&out), "sluice_snapshot_tables{"));
    assert_null(strstr(sl_buf_cstr(&out), "sluice_last_reconcile_rows{"));
    item.observed.has_acked = true;
    item.observed.reconciled.last[SL_SCOPE_CHANGED] =
        (struct sl_reconcile_result){.ended_ms = 1700000000500, .rows = 7};
    item.view.has_checkpoint = true;
    item.view.checkpoint_age_ms = 1500;
    sl_buf_clear(&out);
    assert_int_equal(sl_metrics_write(&views, &out), SL_OK);
    assert_has(&out,
               "sluice_lag_bytes{pipeline=\"shop\",sink=\"main\",position=\"acknowledged\"} 0\n");
    assert_null(strstr(sl_buf_cstr(&out), "position=\"read\""));
    assert_has(&out, "sluice_checkpoint_age_seconds{pipeline=\"shop\",sink=\"main\"} 1.500000\n");
    assert_has(&out, "sluice_last_reconcile_timestamp_seconds{pipeline=\"shop\",sink=\"main\","
                     "scope=\"changed\"} 1700000000.500000\n");
    assert_has(&out,
               "sluice_last_reconcile_rows{pipeline=\"shop\",sink=\"main\",scope=\"changed\"} 7\n");
    assert_null(strstr(sl_buf_cstr(&out), "scope=\"all\""));
    sl_buf_release(&out);
}

/* ---- tables ---- */

static struct sl_span text(const char *value)
{
    return sl_span_make(value, strlen(value));
}

static void rows_are_counted_by_table_and_operation(void **state)
{
    struct sl_view_of_sink item = {.sink = "main", .view = fresh_view()};
    struct sl_views views = make(&item, 1);
    struct sl_table_counts *counts = sl_table_counts_new();
    struct sl_table_count *users = sl_table_counts_find(counts, text("shop"), text("us\"er\\s"));
    struct sl_buf out = {0};

    (void)state;
    assert_ptr_equal(sl_table_counts_find(counts, text("shop"), text("us\"er\\s")), users);
    sl_table_count_row(users, SL_OP_INSERT, 1);
    sl_table_count_row(users, SL_OP_INSERT, 1);
    sl_table_count_row(users, SL_OP_DELETE, 2);
    item.tables = counts;
    assert_int_equal(sl_metrics_write(&views, &out), SL_OK);
    assert_has(&out, "sluice_rows_total{pipeline=\"shop\",sink=\"main\",table=\"shop."
                     "us\\\"er\\\\s\",operation=\"insert\"} 2\n");
    assert_has(&out, "operation=\"delete\"} 1\n");
    assert_null(strstr(sl_buf_cstr(&out), "operation=\"update\""));
    assert_has(&out, "sluice_transactions_total{pipeline=\"shop\",sink=\"main\",table=\"shop."
                     "us\\\"er\\\\s\"} 2\n");
    sl_buf_release(&out);
    sl_table_counts_free(counts);
}

static void tables_beyond_the_limit_share_a_series(void **state)
{
    struct sl_table_counts *counts = sl_table_counts_new();
    struct sl_table_count *last = NULL;

    (void)state;
    for (int i = 0; i < SL_TABLE_COUNTS_MAX; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "t%d", i);
        last = sl_table_counts_find(counts, text("shop"), text(name));
    }
    assert_string_equal(last->name, "shop.t199");
    assert_string_equal(sl_table_counts_find(counts, text("shop"), text("more"))->name, "other");
    assert_ptr_equal(sl_table_counts_find(counts, text("shop"), text("t199")), last);
    assert_int_equal(sl_table_counts_len(counts), SL_TABLE_COUNTS_MAX + 1);
    sl_table_counts_free(counts);
}

static void loads_are_shown_while_they_last(void **state)
{
    static const char *const loads[][2] = {
        {"*", "phase=waiting rows=0"},
        {"shop.users", "phase=loading rows=12 estimate=100 id=start"},
        {"shop.old", "phase=done rows=5 estimate=5 id=start"},
        {"shop.bad", "phase=failed rows=0 id=start"},
        {"shop.what", "?"},
    };
    struct sl_view_of_sink item = {.sink = "main", .view = fresh_view()};
    struct sl_views views = make(&item, 1);
    struct sl_observed copy = {0};
    struct sl_buf out = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        assert_int_equal(sl_observed_note_load(&copy, text(loads[i][0]), text(loads[i][1])), SL_OK);
    }
    copy.has_sink = true;
    assert_int_equal(sl_observed_copy(&item.observed, &copy), SL_OK);
    sl_observed_release(&copy);
    assert_int_equal(sl_metrics_write(&views, &out), SL_OK);
    assert_has(&out,
               "sluice_snapshot_tables{pipeline=\"shop\",sink=\"main\",phase=\"waiting\"} 1\n");
    assert_has(&out, "phase=\"failed\"} 1\n");
    assert_has(&out, "phase=\"sweeping\"} 0\n");
    assert_has(
        &out,
        "sluice_snapshot_table_rows{pipeline=\"shop\",sink=\"main\",table=\"shop.users\"} 12\n");
    assert_has(&out, "sluice_snapshot_table_estimated_rows{pipeline=\"shop\",sink=\"main\",table="
                     "\"shop.users\"} 100\n");
    assert_null(strstr(sl_buf_cstr(&out), "shop.old"));
    sl_buf_release(&out);
    sl_observed_release(&item.observed);
}

/* ---- the manual ---- */

/* docs/metrics.md, as it is beside the tests. */
static char *read_manual(void)
{
    char path[4096];
    char *page = calloc(1, 65536);
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/../docs/metrics.md", getenv("SLUICE_TEST_DATA"));
    file = fopen(path, "re");
    assert_non_null(file);
    assert_in_range(fread(page, 1, 65535, file), 1, 65534);
    (void)fclose(file);
    return page;
}

/* The manual's row of the metric that LINE, "# TYPE NAME KIND", declares. */
static void assert_documented(const char *page, const char *line)
{
    char name[64];
    char kind[16];
    char row[128];

    assert_int_equal(sscanf(line, "# TYPE %63s %15s", name, kind), 2);
    (void)snprintf(row, sizeof(row), "| `%s` | %s |", name, kind);
    if (strstr(page, row) == NULL) {
        fail_msg("docs/metrics.md has no row %s", row);
    }
}

static void every_metric_is_documented_and_no_other(void **state)
{
    struct sl_view_of_sink item = {.sink = "main", .view = fresh_view()};
    struct sl_views views = make(&item, 1);
    struct sl_buf out = {0};
    char *page = read_manual();
    int shown = 0;
    int documented = 0;

    (void)state;
    assert_int_equal(sl_metrics_write(&views, &out), SL_OK);
    for (const char *at = sl_buf_cstr(&out); (at = strstr(at, "# TYPE ")) != NULL; at++) {
        assert_documented(page, at);
        shown++;
    }
    /* What is written to a file has no type there. */
    for (const char *at = page; (at = strstr(at, "\n| `sluice_")) != NULL; at++) {
        const char *type = strstr(at, "` | ");

        documented += type != NULL && strchr("gch", type[4]) != NULL;
    }
    assert_true(shown > 40);
    assert_int_equal(documented, shown);
    free(page);
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
        cmocka_unit_test(a_figure_that_is_not_known_is_absent),
        cmocka_unit_test(rows_are_counted_by_table_and_operation),
        cmocka_unit_test(tables_beyond_the_limit_share_a_series),
        cmocka_unit_test(loads_are_shown_while_they_last),
        cmocka_unit_test(every_metric_is_documented_and_no_other),
        cmocka_unit_test(the_status_is_an_object),
        cmocka_unit_test(a_copy_is_independent),
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
