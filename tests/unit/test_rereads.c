#include "tests/support/check.h"

#include <stdio.h>

#include "cdc/rereads.h"

static struct sl_rereads *make(size_t limit)
{
    const struct sl_rereads_options options = {
        .hash_key = "again", .state_key = "loads", .limit = limit};
    struct sl_rereads *rereads = sl_rereads_new(&options);

    assert_non_null(rereads);
    return rereads;
}

static void add(struct sl_rereads *rereads, const char *scope, const char *key, const char *cells)
{
    const struct sl_reread_note note = {
        .scope = sl_check_span(scope), .key = sl_check_span(key), .cells = sl_check_span(cells)};

    assert_int_equal(sl_rereads_add(rereads, &note), SL_OK);
}

static struct sl_reread *find(struct sl_rereads *rereads, const char *scope, const char *key)
{
    return sl_rereads_find(rereads, sl_check_span(scope), sl_check_span(key));
}

static void the_last_note_of_a_key_counts(void **state)
{
    struct sl_rereads *rereads = make(1 << 20);

    (void)state;
    add(rereads, "shop.a", "k", "id=1");
    add(rereads, "shop.b", "k", "id=2");
    add(rereads, "shop.a", "k", "id=1");
    add(rereads, "shop.a", "k", "id=3");
    assert_int_equal(sl_rereads_count(rereads), 2);
    assert_true(sl_span_equals(sl_reread_cells(find(rereads, "shop.a", "k")), "id=3"));
    assert_true(sl_span_equals(sl_reread_cells(find(rereads, "shop.b", "k")), "id=2"));
    assert_null(find(rereads, "shop.c", "k"));
    assert_null(find(rereads, "shop.a", "l"));
    sl_rereads_free(rereads);
    sl_rereads_free(NULL);
}

static void keys_have_their_turn_in_order(void **state)
{
    struct sl_rereads *rereads = make(1 << 20);
    struct sl_reread_table *table;
    char key[16];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        add(rereads, "shop.a", key, "id=1");
    }
    table = sl_rereads_tables(rereads);
    sl_rereads_move_back(find(rereads, "shop.a", "k0"));
    sl_rereads_remove(rereads, find(rereads, "shop.a", "k1"));
    sl_rereads_remove(rereads, find(rereads, "shop.a", "k500"));
    assert_true(sl_span_equals(sl_reread_key(table->first), "k2"));
    assert_true(sl_span_equals(sl_reread_key(table->last), "k0"));
    assert_int_equal(sl_rereads_count(rereads), 998);
    while (table->first != NULL) {
        sl_rereads_remove(rereads, table->first);
    }
    assert_null(table->last);
    assert_int_equal(table->bytes, 0);
    assert_int_equal(sl_rereads_count(rereads), 0);
    sl_rereads_free(rereads);
}

/* The largest table goes, and not the one that happened to come last. */
static void beyond_the_limit_the_largest_table_is_whole(void **state)
{
    struct sl_rereads *rereads = make(1500);
    char key[16];

    (void)state;
    for (int i = 0; i < 15; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        add(rereads, "shop.large", key, "id=1");
    }
    assert_null(sl_rereads_overrun(rereads));
    sl_rereads_end_look(rereads, sl_rereads_begin_look(rereads));
    assert_false(sl_rereads_must_look(rereads));
    for (int i = 0; i < 15; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        add(rereads, "shop.small", key, "id=1");
    }
    assert_non_null(sl_rereads_overrun(rereads));
    assert_true(sl_rereads_must_look(rereads)); /* what was not kept is in the sink alone */
    assert_memory_equal(sl_rereads_overrun(rereads)->scope.data, "shop.large", 10);
    assert_true(sl_rereads_wants(rereads, sl_check_span("shop.large"))); /* nobody knows yet */
    sl_rereads_make_whole(rereads, sl_rereads_overrun(rereads));
    assert_null(sl_rereads_overrun(rereads));
    assert_false(sl_rereads_wants(rereads, sl_check_span("shop.large")));
    assert_true(sl_rereads_wants(rereads, sl_check_span("shop.small")));
    assert_null(find(rereads, "shop.large", "k1"));
    assert_non_null(find(rereads, "shop.small", "k1"));
    sl_rereads_begin(rereads, true);
    assert_true(sl_rereads_wants(rereads, sl_check_span("shop.large")));
    sl_rereads_free(rereads);
}

static void a_key_may_wait_until_all_notes_are_known(void **state)
{
    const struct sl_span scope = sl_check_span("shop.a");
    struct sl_rereads *rereads = make(1 << 20);

    (void)state;
    assert_true(sl_rereads_must_look(rereads));
    assert_true(sl_rereads_has(rereads, scope, sl_check_span("k")));
    sl_rereads_end_look(rereads, sl_rereads_begin_look(rereads));
    assert_false(sl_rereads_has(rereads, scope, sl_check_span("k")));
    add(rereads, "shop.a", "k", "id=1");
    assert_true(sl_rereads_has(rereads, scope, sl_check_span("k")));
    assert_false(sl_rereads_has(rereads, scope, sl_check_span("l")));
    sl_rereads_make_whole(rereads, sl_rereads_tables(rereads));
    assert_true(sl_rereads_has(rereads, scope, sl_check_span("l")));
    sl_rereads_free(rereads);
}

/* Wanted while a look goes on: that one may have passed the place already. */
static void a_look_that_is_wanted_meanwhile_comes_after(void **state)
{
    struct sl_rereads *rereads = make(1 << 20);
    uint64_t look = sl_rereads_begin_look(rereads);

    (void)state;
    add(rereads, "shop.a", "k", "id=1");
    sl_rereads_make_whole(rereads, sl_rereads_tables(rereads));
    sl_rereads_end_look(rereads, look);
    assert_true(sl_rereads_must_look(rereads));
    sl_rereads_end_look(rereads, sl_rereads_begin_look(rereads));
    assert_false(sl_rereads_must_look(rereads));
    sl_rereads_free(rereads);
}

static void who_rings_first_is_heard(void **state)
{
    struct sl_rereads *rereads = make(1 << 20);

    (void)state;
    sl_rereads_ring(rereads);
    sl_rereads_ring(rereads);
    sl_rereads_wait(rereads, 1000 * 1000 * 1000); /* would take a test's time */
    sl_rereads_wait(rereads, 1);
    sl_rereads_free(rereads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_note_of_a_key_counts),
        cmocka_unit_test(keys_have_their_turn_in_order),
        cmocka_unit_test(beyond_the_limit_the_largest_table_is_whole),
        cmocka_unit_test(a_key_may_wait_until_all_notes_are_known),
        cmocka_unit_test(a_look_that_is_wanted_meanwhile_comes_after),
        cmocka_unit_test(who_rings_first_is_heard),
    };

    return cmocka_run_group_tests_name("rereads", tests, NULL, NULL);
}
