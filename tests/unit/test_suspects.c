#include "tests/support/check.h"

#include "cdc/suspects.h"

static struct sl_suspect *add(struct sl_suspects *suspects, const char *key, uint64_t due_ms)
{
    struct sl_suspect *made = NULL;

    assert_int_equal(sl_suspects_add(suspects, 0, sl_check_span(key), &made), SL_OK);
    made->look.due_ms = due_ms;
    return made;
}

static void a_key_is_kept_once(void **state)
{
    struct sl_suspects *suspects = sl_suspects_new(10, 100000);
    struct sl_suspect *first = add(suspects, "a", 1);
    struct sl_suspect *again = NULL;

    (void)state;
    assert_span(sl_suspect_key(first), "a");
    assert_int_equal(sl_suspects_add(suspects, 0, sl_check_span("a"), &again), SL_DONE);
    assert_ptr_equal(first, again);
    assert_int_equal(sl_suspects_count(suspects), 1);
    sl_suspects_remove(suspects, first);
    assert_int_equal(sl_suspects_count(suspects), 0);
    add(suspects, "a", 1);
    sl_suspects_free(suspects);
}

static void there_are_not_more_than_may_be(void **state)
{
    struct sl_suspects *few = sl_suspects_new(2, 100000);
    struct sl_suspects *small = sl_suspects_new(1000, 1000);
    struct sl_suspect *made = NULL;
    char key[16];
    int rc = SL_OK;
    int count = 0;

    (void)state;
    add(few, "a", 1);
    add(few, "b", 1);
    assert_int_equal(sl_suspects_add(few, 0, sl_check_span("c"), &made), SL_ELIMIT);
    while (rc == SL_OK && count < 1000) {
        (void)snprintf(key, sizeof(key), "%d", count++);
        rc = sl_suspects_add(small, 0, sl_check_span(key), &made);
    }
    assert_int_equal(rc, SL_ELIMIT);
    assert_true(count < 20);
    sl_suspects_remove(small, made);
    assert_int_equal(sl_suspects_add(small, 0, sl_check_span("x"), &made), SL_OK);
    sl_suspects_free(few);
    sl_suspects_free(small);
}

static void many_keys_are_found_again(void **state)
{
    struct sl_suspects *suspects = sl_suspects_new(100000, 1 << 30);
    struct sl_suspect *made = NULL;
    char key[16];

    (void)state;
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(key, sizeof(key), "key:%d", i);
        add(suspects, key, 1);
    }
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(key, sizeof(key), "key:%d", i);
        assert_int_equal(sl_suspects_add(suspects, 0, sl_check_span(key), &made), SL_DONE);
        assert_span(sl_suspect_key(made), key);
        sl_suspects_remove(suspects, made);
    }
    assert_int_equal(sl_suspects_count(suspects), 0);
    assert_true(sl_suspects_next_due(suspects) == UINT64_MAX);
    sl_suspects_free(suspects);
}

static void what_is_due_comes_in_batches_of_one_kind(void **state)
{
    struct sl_suspects *suspects = sl_suspects_new(10, 100000);
    struct sl_suspect *due[10];
    struct sl_suspect *last = add(suspects, "last", 5);

    (void)state;
    last->look.counted = SL_LOOKS - 1;
    add(suspects, "a", 5);
    add(suspects, "b", 7);
    add(suspects, "later", 100);
    assert_int_equal(sl_suspects_due(suspects, 4, 1000, due, 10), 0);
    assert_true(sl_suspects_next_due(suspects) == 5);
    for (int i = 0; i < 2; i++) {
        size_t count = sl_suspects_due(suspects, 10, 1000, due, 10);

        assert_int_equal(count, sl_look_is_locked(&due[0]->look) ? 1 : 2);
        while (count > 0) {
            sl_suspects_remove(suspects, due[--count]);
        }
    }
    assert_int_equal(sl_suspects_count(suspects), 1);
    sl_suspects_free(suspects);
}

static void the_same_name_in_two_facets_is_two_suspects(void **state)
{
    struct sl_suspects *suspects = sl_suspects_new(10, 100000);
    struct sl_suspect *due[10];
    struct sl_suspect *made = NULL;

    (void)state;
    for (uint32_t facet = 0; facet < 3; facet++) {
        assert_int_equal(sl_suspects_add(suspects, facet, sl_check_span("a"), &made), SL_OK);
        assert_int_equal(made->facet, facet);
        assert_int_equal(sl_suspects_add(suspects, facet, sl_check_span("a"), &made), SL_DONE);
        assert_int_equal(sl_suspects_add(suspects, facet, sl_check_span("b"), &made), SL_OK);
    }
    for (size_t left = 6; left > 0; left -= 2) {
        assert_int_equal(sl_suspects_count(suspects), left);
        assert_int_equal(sl_suspects_due(suspects, 1, 1000, due, 10), 2);
        assert_int_equal(due[0]->facet, due[1]->facet);
        sl_suspects_remove(suspects, due[0]);
        sl_suspects_remove(suspects, due[1]);
    }
    sl_suspects_free(suspects);
}

static void a_batch_is_bounded_in_bytes_but_never_empty(void **state)
{
    struct sl_suspects *suspects = sl_suspects_new(10, 100000);
    struct sl_suspect *due[10];

    (void)state;
    for (int i = 0; i < 5; i++) {
        char key[2] = {(char)('a' + i), '\0'};

        add(suspects, key, 1)->row_bytes = 400;
    }
    assert_int_equal(sl_suspects_due(suspects, 1, 1000, due, 10), 2);
    assert_int_equal(sl_suspects_due(suspects, 1, 100, due, 10), 1);
    assert_int_equal(sl_suspects_due(suspects, 1, 100000, due, 3), 3);
    sl_suspects_free(suspects);
}

static void what_a_row_was_before_is_stale(void **state)
{
    struct sl_suspect suspect = {.image_count = 0};

    (void)state;
    assert_false(sl_suspect_was(&suspect, 1));
    sl_suspect_note_image(&suspect, 1);
    assert_false(sl_suspect_was(&suspect, 1)); /* it is that now */
    sl_suspect_note_image(&suspect, 1);
    sl_suspect_note_image(&suspect, 2);
    assert_true(sl_suspect_was(&suspect, 1));
    assert_false(sl_suspect_was(&suspect, 2));
    sl_suspect_note_image(&suspect, 1);
    assert_false(sl_suspect_was(&suspect, 1));
    for (uint64_t i = 3; i < 3 + SL_SUSPECT_IMAGES; i++) {
        sl_suspect_note_image(&suspect, i);
    }
    assert_false(sl_suspect_was(&suspect, 1)); /* forgotten */
    assert_true(sl_suspect_was(&suspect, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_kept_once),
        cmocka_unit_test(there_are_not_more_than_may_be),
        cmocka_unit_test(many_keys_are_found_again),
        cmocka_unit_test(what_is_due_comes_in_batches_of_one_kind),
        cmocka_unit_test(the_same_name_in_two_facets_is_two_suspects),
        cmocka_unit_test(a_batch_is_bounded_in_bytes_but_never_empty),
        cmocka_unit_test(what_a_row_was_before_is_stale),
    };

    return cmocka_run_group_tests_name("suspects", tests, NULL, NULL);
}
