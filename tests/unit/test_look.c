/* When a difference is drift: a clock that is moved by hand. */
#include "tests/support/check.h"

#include "cdc/look.h"

static void three_looks_that_count_are_drift(void **state)
{
    struct sl_look look;

    (void)state;
    sl_look_begin(&look, true, 1000);
    assert_true(look.due_ms > 1000);
    assert_false(sl_look_is_locked(&look));
    assert_int_equal(sl_look_take(&look, SL_LOOK_DIFFERENT, 1200), SL_LOOK_AGAIN);
    assert_true(look.due_ms >= 3200);
    assert_true(sl_look_is_locked(&look));
    assert_int_equal(sl_look_take(&look, SL_LOOK_DIFFERENT, 3200), SL_LOOK_DRIFT);
}

static void a_look_at_a_sink_that_is_behind_does_not_count(void **state)
{
    struct sl_look look;

    (void)state;
    sl_look_begin(&look, false, 1000);
    assert_int_equal(look.due_ms, 1000);
    assert_int_equal(sl_look_take(&look, SL_LOOK_DIFFERENT, 1000), SL_LOOK_AGAIN);
    assert_true(look.due_ms < 2000);
    assert_int_equal(sl_look_take(&look, SL_LOOK_DIFFERENT, 1200), SL_LOOK_AGAIN);
    assert_true(look.due_ms >= 3200);
    assert_int_equal(sl_look_take(&look, SL_LOOK_DIFFERENT, 3200), SL_LOOK_DRIFT);
}

static void one_equal_look_is_enough(void **state)
{
    struct sl_look look;

    (void)state;
    sl_look_begin(&look, true, 0);
    assert_int_equal(sl_look_take(&look, SL_LOOK_EQUAL, 200), SL_LOOK_FINE);
    sl_look_begin(&look, true, 0);
    assert_int_equal(sl_look_take(&look, SL_LOOK_DIFFERENT, 200), SL_LOOK_AGAIN);
    assert_int_equal(sl_look_take(&look, SL_LOOK_EQUAL, 2200), SL_LOOK_FINE);
}

static void a_row_that_moved_is_looked_at_again_ever_later(void **state)
{
    struct sl_look look;
    uint64_t now = 0;
    uint64_t last = 0;

    (void)state;
    sl_look_begin(&look, true, now);
    for (int i = 0; i < SL_LOOK_MOVES_MAX; i++) {
        now = look.due_ms;
        assert_int_equal(sl_look_take(&look, SL_LOOK_MOVED, now), SL_LOOK_AGAIN);
        assert_true(look.due_ms - now >= last);
        assert_true(look.due_ms - now <= 5000);
        last = look.due_ms - now;
    }
    assert_int_equal(sl_look_take(&look, SL_LOOK_MOVED, now), SL_LOOK_UNSETTLED);
}

static void looks_that_do_not_count_do_not_make_drift(void **state)
{
    struct sl_look look;

    (void)state;
    sl_look_begin(&look, true, 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(sl_look_take(&look, SL_LOOK_MOVED, 0), SL_LOOK_AGAIN);
        assert_false(sl_look_is_locked(&look));
    }
    assert_int_equal(sl_look_take(&look, SL_LOOK_DIFFERENT, 0), SL_LOOK_AGAIN);
    assert_int_equal(sl_look_take(&look, SL_LOOK_MOVED, 0), SL_LOOK_AGAIN);
    assert_true(sl_look_is_locked(&look));
    assert_int_equal(sl_look_take(&look, SL_LOOK_DIFFERENT, 0), SL_LOOK_DRIFT);
}

static void a_row_that_moves_at_every_look_is_locked(void **state)
{
    struct sl_look look;

    (void)state;
    sl_look_begin(&look, true, 0);
    for (int i = 0; i < SL_LOOK_MOVES_LOCK; i++) {
        assert_false(sl_look_is_locked(&look));
        assert_int_equal(sl_look_take(&look, SL_LOOK_MOVED, 0), SL_LOOK_AGAIN);
    }
    assert_true(sl_look_is_locked(&look));
    assert_int_equal(sl_look_take(&look, SL_LOOK_DIFFERENT, 0), SL_LOOK_AGAIN);
    assert_true(sl_look_is_locked(&look));
    assert_int_equal(sl_look_take(&look, SL_LOOK_DIFFERENT, 0), SL_LOOK_DRIFT);
}

static void a_sink_that_is_late_uses_up_no_look(void **state)
{
    struct sl_look look;
    uint64_t now = 0;

    (void)state;
    sl_look_begin(&look, true, now);
    for (int i = 0; i < 1000; i++) {
        now = look.due_ms;
        assert_int_equal(sl_look_take(&look, SL_LOOK_LATE, now), SL_LOOK_AGAIN);
        assert_true(look.due_ms > now && look.due_ms <= now + 1000);
    }
    assert_int_equal(look.counted, 1);
    assert_int_equal(look.moved, 0);
    assert_int_equal(sl_look_take(&look, SL_LOOK_VAIN, now), SL_LOOK_UNSETTLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_looks_that_count_are_drift),
        cmocka_unit_test(a_look_at_a_sink_that_is_behind_does_not_count),
        cmocka_unit_test(one_equal_look_is_enough),
        cmocka_unit_test(a_row_that_moved_is_looked_at_again_ever_later),
        cmocka_unit_test(looks_that_do_not_count_do_not_make_drift),
        cmocka_unit_test(a_row_that_moves_at_every_look_is_locked),
        cmocka_unit_test(a_sink_that_is_late_uses_up_no_look),
    };

    return cmocka_run_group_tests_name("look", tests, NULL, NULL);
}
