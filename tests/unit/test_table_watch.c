#include "tests/support/check.h"

#include "cdc/table_watch.h"

static struct sl_table_watch *make(size_t limit)
{
    struct sl_table_watch *watch =
        sl_table_watch_new(sl_check_span("shop"), sl_check_span("users"), limit);

    assert_non_null(watch);
    return watch;
}

static void note(struct sl_table_watch *watch, const char *key, enum sl_write write)
{
    sl_table_watch_note(watch, sl_item_key(sl_check_span(key)), write);
}

static enum sl_touch find(const struct sl_table_watch *watch, const char *key)
{
    return sl_table_watch_find(watch, sl_item_key(sl_check_span(key)));
}

static void a_watch_is_of_one_table(void **state)
{
    struct sl_table_watch *watch = make(1000);

    (void)state;
    assert_true(sl_table_watch_is_of(watch, sl_check_span("shop"), sl_check_span("users")));
    assert_true(sl_table_watch_is_of(watch, sl_check_span("shop"), sl_span_make(NULL, 0)));
    assert_false(sl_table_watch_is_of(watch, sl_check_span("shop"), sl_check_span("user")));
    assert_false(sl_table_watch_is_of(watch, sl_check_span("Shop"), sl_check_span("users")));
    assert_false(sl_table_watch_is_of(watch, sl_check_span("shop2"), sl_span_make(NULL, 0)));
    sl_table_watch_free(watch);
    sl_table_watch_free(NULL);
}

static void nothing_is_noted_before_begin_or_behind_end(void **state)
{
    struct sl_table_watch *watch = make(1000);

    (void)state;
    note(watch, "a", SL_WRITE_WHOLE);
    assert_int_equal(find(watch, "a"), SL_TOUCH_NONE);
    sl_table_watch_begin(watch);
    note(watch, "a", SL_WRITE_WHOLE);
    assert_int_equal(find(watch, "a"), SL_TOUCH_WHOLE);
    sl_table_watch_begin(watch);
    assert_int_equal(find(watch, "a"), SL_TOUCH_NONE);
    note(watch, "b", SL_WRITE_WHOLE);
    sl_table_watch_end(watch);
    assert_int_equal(find(watch, "b"), SL_TOUCH_NONE);
    note(watch, "b", SL_WRITE_WHOLE);
    assert_int_equal(find(watch, "b"), SL_TOUCH_NONE);
    sl_table_watch_free(watch);
}

static void the_last_write_counts(void **state)
{
    struct sl_table_watch *watch = make(1000);

    (void)state;
    sl_table_watch_begin(watch);
    note(watch, "a", SL_WRITE_WHOLE);
    note(watch, "a", SL_WRITE_PARTIAL);
    assert_int_equal(find(watch, "a"), SL_TOUCH_PART);
    note(watch, "a", SL_WRITE_REPLACE);
    assert_int_equal(find(watch, "a"), SL_TOUCH_WHOLE);
    note(watch, "", SL_WRITE_PARTIAL);
    assert_int_equal(find(watch, ""), SL_TOUCH_PART);
    assert_int_equal(find(watch, "b"), SL_TOUCH_NONE);
    sl_table_watch_free(watch);
}

/* A row that was read meanwhile may be older than what was written before the note. */
static void a_note_counts_where_nothing_was_written(void **state)
{
    struct sl_table_watch *watch = make(1000);

    (void)state;
    sl_table_watch_begin(watch);
    note(watch, "a", SL_WRITE_LATER);
    note(watch, "a", SL_WRITE_LATER);
    assert_int_equal(find(watch, "a"), SL_TOUCH_NOTED);
    note(watch, "a", SL_WRITE_WHOLE);
    assert_int_equal(find(watch, "a"), SL_TOUCH_WHOLE);
    note(watch, "a", SL_WRITE_LATER);
    assert_int_equal(find(watch, "a"), SL_TOUCH_PART);
    note(watch, "b", SL_WRITE_PARTIAL);
    note(watch, "b", SL_WRITE_LATER);
    assert_int_equal(find(watch, "b"), SL_TOUCH_PART);
    sl_table_watch_free(watch);
}

static void what_was_undone_is_to_be_read_again(void **state)
{
    struct sl_table_watch *watch = make(1000);

    (void)state;
    sl_table_watch_begin(watch);
    note(watch, "a", SL_WRITE_WHOLE);
    note(watch, "b", SL_WRITE_WHOLE);
    sl_table_watch_undo(watch, sl_item_key(sl_check_span("a")));
    sl_table_watch_undo(watch, sl_item_key(sl_check_span("c")));
    assert_int_equal(find(watch, "a"), SL_TOUCH_PART);
    assert_int_equal(find(watch, "b"), SL_TOUCH_WHOLE);
    assert_int_equal(find(watch, "c"), SL_TOUCH_PART);
    sl_table_watch_undo_all(watch);
    assert_int_equal(find(watch, "b"), SL_TOUCH_PART);
    assert_int_equal(find(watch, "d"), SL_TOUCH_NONE);
    sl_table_watch_free(watch);
}

static void undoing_all_of_nothing_is_nothing(void **state)
{
    struct sl_table_watch *watch = make(1000);

    (void)state;
    sl_table_watch_undo_all(watch);
    sl_table_watch_begin(watch);
    sl_table_watch_undo_all(watch);
    assert_int_equal(find(watch, "a"), SL_TOUCH_NONE);
    sl_table_watch_free(watch);
}

static void many_keys_are_told_apart(void **state)
{
    struct sl_table_watch *watch = make(10 << 20);
    char key[32];

    (void)state;
    sl_table_watch_begin(watch);
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(key, sizeof(key), "key:%d", i);
        note(watch, key, i % 2 == 0 ? SL_WRITE_WHOLE : SL_WRITE_PARTIAL);
    }
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(key, sizeof(key), "key:%d", i);
        assert_int_equal(find(watch, key), i % 2 == 0 ? SL_TOUCH_WHOLE : SL_TOUCH_PART);
    }
    assert_int_equal(find(watch, "key:20000"), SL_TOUCH_NONE);
    assert_false(sl_table_watch_is_overrun(watch));
    sl_table_watch_free(watch);
}

static void beyond_its_limit_a_watch_is_overrun_until_it_begins_again(void **state)
{
    struct sl_table_watch *watch = make(200);
    char key[32];

    (void)state;
    sl_table_watch_begin(watch);
    for (int i = 0; i < 50; i++) {
        (void)snprintf(key, sizeof(key), "key:%d", i);
        note(watch, key, SL_WRITE_WHOLE);
    }
    assert_true(sl_table_watch_is_overrun(watch));
    sl_table_watch_begin(watch);
    assert_false(sl_table_watch_is_overrun(watch));
    /* The same key again takes no more. */
    for (int i = 0; i < 50; i++) {
        note(watch, "key", SL_WRITE_WHOLE);
    }
    assert_false(sl_table_watch_is_overrun(watch));
    sl_table_watch_free(watch);
}

static void an_altered_table_stays_altered(void **state)
{
    struct sl_table_watch *watch = make(200);

    (void)state;
    assert_false(sl_table_watch_is_altered(watch));
    sl_table_watch_alter(watch);
    sl_table_watch_begin(watch);
    sl_table_watch_end(watch);
    assert_true(sl_table_watch_is_altered(watch));
    sl_table_watch_free(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_is_of_one_table),
        cmocka_unit_test(nothing_is_noted_before_begin_or_behind_end),
        cmocka_unit_test(the_last_write_counts),
        cmocka_unit_test(a_note_counts_where_nothing_was_written),
        cmocka_unit_test(what_was_undone_is_to_be_read_again),
        cmocka_unit_test(undoing_all_of_nothing_is_nothing),
        cmocka_unit_test(many_keys_are_told_apart),
        cmocka_unit_test(beyond_its_limit_a_watch_is_overrun_until_it_begins_again),
        cmocka_unit_test(an_altered_table_stays_altered),
    };

    return cmocka_run_group_tests_name("table_watch", tests, NULL, NULL);
}
