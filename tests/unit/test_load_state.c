#include "tests/support/check.h"

#include "cdc/load_state.h"

static void set(struct sl_buf *buf, const char *text)
{
    sl_buf_clear(buf);
    assert_int_equal(sl_buf_add_str(buf, text), SL_OK);
}

/* ---- states ---- */

static void a_state_comes_back_as_it_was_written(void **state)
{
    struct sl_load_state from = {.phase = SL_LOAD_LOADING,
                                 .rows = 120000,
                                 .estimate = UINT64_MAX,
                                 .removed = 3,
                                 .may_have_orphans = true,
                                 .rate = 500,
                                 .began_ms = 1700000000123,
                                 .changed_ms = 1700000000456,
                                 .id = "start"};
    struct sl_load_state to = {0};
    struct sl_buf text = {0};

    (void)state;
    assert_int_equal(sl_buf_add(&from.after, "\x00\xff=", 3), SL_OK);
    set(&from.where, "id > 3");
    set(&from.reason, "");
    assert_int_equal(sl_load_state_format(&from, &text), SL_OK);
    assert_buf(&text, "phase=loading rows=120000 estimate=18446744073709551615 removed=3 orphans=1 "
                      "rate=500 began=1700000000123 changed=1700000000456 id=start after=00ff3d "
                      "where=6964203e2033");
    assert_int_equal(sl_load_state_parse(&to, sl_span_make(text.data, text.len)), SL_OK);
    assert_int_equal(to.phase, SL_LOAD_LOADING);
    assert_int_equal(to.rows, 120000);
    assert_true(to.estimate == UINT64_MAX);
    assert_int_equal(to.removed, 3);
    assert_true(to.may_have_orphans);
    assert_int_equal(to.rate, 500);
    assert_int_equal(to.began_ms, 1700000000123);
    assert_int_equal(to.changed_ms, 1700000000456);
    assert_string_equal(to.id, "start");
    assert_memory_equal(to.after.data, "\x00\xff=", 3);
    assert_buf(&to.where, "id > 3");
    assert_int_equal(to.reason.len, 0);
    sl_load_state_release(&from);
    sl_load_state_release(&to);
    sl_buf_release(&text);
}

static void every_phase_has_a_name(void **state)
{
    struct sl_load_state to = {0};

    (void)state;
    for (int phase = SL_LOAD_WAITING; phase <= SL_LOAD_FAILED; phase++) {
        struct sl_load_state from = {.phase = (enum sl_load_phase)phase};
        struct sl_buf text = {0};

        assert_int_equal(sl_load_state_format(&from, &text), SL_OK);
        assert_int_equal(sl_load_state_parse(&to, sl_span_make(text.data, text.len)), SL_OK);
        assert_int_equal(to.phase, phase);
        assert_non_null(strstr(sl_buf_cstr(&text), sl_load_phase_name((enum sl_load_phase)phase)));
        sl_buf_release(&text);
    }
    sl_load_state_release(&to);
}

static void unknown_members_are_passed_over(void **state)
{
    struct sl_load_state to = {0};

    (void)state;
    assert_int_equal(
        sl_load_state_parse(&to, sl_check_span("  newer=x  phase=waiting reason=6869  =  ")),
        SL_OK);
    assert_int_equal(to.phase, SL_LOAD_WAITING);
    assert_buf(&to.reason, "hi");
    sl_load_state_release(&to);
}

static void a_corrupt_state_is_refused_and_changes_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "rows=1",
        "phase",
        "phase=",
        "phase=loadin",
        "phase=Loading",
        "phase=waiting rows=",
        "phase=waiting rows=-1",
        "phase=waiting rows=1x",
        "phase=waiting rows=18446744073709551616",
        "phase=waiting orphans=yes",
        "phase=waiting after=0",
        "phase=waiting after=0g",
        "phase=waiting where=zz",
        "phase=waiting id=a/b",
        "phase=waiting id=0123456789012345678901234567890123456789",
        "phase=waiting stray",
    };
    struct sl_load_state to = {.rows = 7};

    (void)state;
    set(&to.where, "kept");
    for (size_t i = 0; i < SL_COUNT(bad); i++) {
        assert_int_equal(sl_load_state_parse(&to, sl_check_span(bad[i])), SL_EFORMAT);
        assert_int_equal(to.rows, 7);
        assert_buf(&to.where, "kept");
    }
    sl_load_state_release(&to);
}

/* ---- requests ---- */

static void round_trip(const struct sl_load_request *from, const char *want,
                       struct sl_load_request *to)
{
    struct sl_buf text = {0};

    assert_int_equal(sl_load_request_format(from, &text), SL_OK);
    assert_buf(&text, want);
    assert_int_equal(sl_load_request_parse(to, sl_span_make(text.data, text.len)), SL_OK);
    sl_buf_release(&text);
}

static void a_request_to_load_comes_back_as_it_was_written(void **state)
{
    struct sl_load_request from = {.rate = 12};
    struct sl_load_request to = {0};

    (void)state;
    round_trip(&from, "load * rate=12", &to);
    assert_int_equal(to.kind, SL_REQUEST_LOAD);
    assert_int_equal(to.rate, 12);
    assert_int_equal(to.db.len + to.table.len, 0);
    set(&from.db, "sh.op");
    set(&from.table, "us ers");
    set(&from.where, "a=1");
    round_trip(&from, "load 73682e6f70.757320657273 rate=12 where=613d31", &to);
    assert_buf(&to.db, "sh.op");
    assert_buf(&to.table, "us ers");
    assert_buf(&to.where, "a=1");
    sl_load_request_release(&from);
    sl_load_request_release(&to);
}

static void a_request_to_repair_comes_back_as_it_was_written(void **state)
{
    struct sl_load_item items[3] = {{0}, {0}, {.facet = 12}};
    struct sl_load_request from = {.kind = SL_REQUEST_REPAIR, .items = items, .item_count = 3};
    struct sl_load_request to = {0};

    (void)state;
    set(&from.db, "a");
    set(&from.table, "b");
    set(&items[0].name, "a:b:1");
    assert_int_equal(sl_buf_add(&items[1].name, "\x00 ", 2), SL_OK);
    set(&items[2].name, "z");
    round_trip(&from, "repair 61.62 613a623a31 0020 12/7a", &to);
    assert_int_equal(to.kind, SL_REQUEST_REPAIR);
    assert_int_equal(to.item_count, 3);
    assert_buf(&to.items[0].name, "a:b:1");
    assert_int_equal(to.items[0].facet, 0);
    assert_memory_equal(to.items[1].name.data, "\x00 ", 2);
    assert_buf(&to.items[2].name, "z");
    assert_int_equal(to.items[2].facet, 12);
    for (size_t i = 0; i < SL_COUNT(items); i++) {
        sl_buf_release(&items[i].name);
    }
    sl_buf_release(&from.db);
    sl_buf_release(&from.table);
    sl_load_request_release(&to);
}

static void a_corrupt_request_is_refused_and_changes_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        "load",
        "drop *",
        "Load *",
        "load shop.users",
        "load 61",
        "load .61",
        "load 61.",
        "load 6.62",
        "load 61.62.63",
        "load * rate",
        "load * rate=",
        "load * rate=x",
        "load * where=6",
        "repair",
        "repair *",
        "repair * 61",
        "repair 61.62",
        "repair 61.62 6",
        "repair 61.62 61 6x",
        "repair 61.62 0/61",
        "repair 61.62 /61",
        "repair 61.62 1/6",
        "repair 61.62 -1/61",
        "repair 61.62 4294967296/61",
    };
    struct sl_load_request to = {.rate = 7};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(bad); i++) {
        assert_int_equal(sl_load_request_parse(&to, sl_check_span(bad[i])), SL_EFORMAT);
        assert_int_equal(to.rate, 7);
    }
    sl_load_request_release(&to);
}

static void more_keys_than_a_request_may_have_are_refused(void **state)
{
    struct sl_load_request to = {0};
    struct sl_buf text = {0};

    (void)state;
    assert_int_equal(sl_buf_add_str(&text, "repair 61.62"), SL_OK);
    for (int i = 0; i < SL_LOAD_KEYS_MAX; i++) {
        assert_int_equal(sl_buf_add_str(&text, " 61"), SL_OK);
    }
    assert_int_equal(sl_load_request_parse(&to, sl_span_make(text.data, text.len)), SL_OK);
    assert_int_equal(to.item_count, SL_LOAD_KEYS_MAX);
    assert_int_equal(sl_buf_add_str(&text, " 61"), SL_OK);
    assert_int_equal(sl_load_request_parse(&to, sl_span_make(text.data, text.len)), SL_EFORMAT);
    sl_load_request_release(&to);
    sl_buf_release(&text);
}

/* ---- ids and fields ---- */

static void ids_have_no_bytes_that_mean_something(void **state)
{
    (void)state;
    assert_true(sl_load_id_is_valid(sl_check_span("repair-1.2_x:Y9")));
    assert_true(sl_load_id_is_valid(sl_check_span("012345678901234567890123456789012345678")));
    assert_false(sl_load_id_is_valid(sl_check_span("0123456789012345678901234567890123456789")));
    assert_false(sl_load_id_is_valid(sl_check_span("a b")));
    assert_false(sl_load_id_is_valid(sl_check_span("a=b")));
    assert_false(sl_load_id_is_valid(sl_span_make("a\0", 2)));
}

static void a_field_names_one_table(void **state)
{
    static const struct {
        const char *db;
        const char *table;
        const char *field;
    } cases[] = {
        {"shop", "users", "shop.users"},
        {"sh.op", "us.ers", "sh%2eop.us.ers"},
        {"100%", "%2e", "100%25.%2e"},
    };
    struct sl_buf db = {0};
    struct sl_buf table = {0};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_buf field = {0};

        assert_int_equal(
            sl_load_field_format(sl_check_span(cases[i].db), sl_check_span(cases[i].table), &field),
            SL_OK);
        assert_buf(&field, cases[i].field);
        assert_int_equal(sl_load_field_parse(sl_span_make(field.data, field.len), &db, &table),
                         SL_OK);
        assert_buf(&db, cases[i].db);
        assert_buf(&table, cases[i].table);
        sl_buf_release(&field);
    }
    sl_buf_release(&db);
    sl_buf_release(&table);
}

static void what_names_no_table_is_refused(void **state)
{
    static const char *const bad[] = {"",      "*",       "shop",   ".users",
                                      "shop.", "sh%op.x", "sh%2.x", "%.x"};
    struct sl_buf db = {0};
    struct sl_buf table = {0};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(bad); i++) {
        assert_int_equal(sl_load_field_parse(sl_check_span(bad[i]), &db, &table), SL_EFORMAT);
    }
    sl_buf_release(&db);
    sl_buf_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_comes_back_as_it_was_written),
        cmocka_unit_test(every_phase_has_a_name),
        cmocka_unit_test(unknown_members_are_passed_over),
        cmocka_unit_test(a_corrupt_state_is_refused_and_changes_nothing),
        cmocka_unit_test(a_request_to_load_comes_back_as_it_was_written),
        cmocka_unit_test(a_request_to_repair_comes_back_as_it_was_written),
        cmocka_unit_test(a_corrupt_request_is_refused_and_changes_nothing),
        cmocka_unit_test(more_keys_than_a_request_may_have_are_refused),
        cmocka_unit_test(ids_have_no_bytes_that_mean_something),
        cmocka_unit_test(a_field_names_one_table),
        cmocka_unit_test(what_names_no_table_is_refused),
    };

    return cmocka_run_group_tests_name("load_state", tests, NULL, NULL);
}
