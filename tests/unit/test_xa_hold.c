#include "tests/support/check.h"

#include "cdc/xa_hold.h"

static void put(struct sl_batch *batch, const char *key)
{
    uint32_t offset;

    sl_batch_begin(batch, &offset);
    assert_int_equal(sl_buf_add_str(&batch->data, key), SL_OK);
    assert_int_equal(sl_batch_end(batch, offset, offset, (uint32_t)strlen(key), 1, SL_WRITE_WHOLE),
                     SL_OK);
}

static void prepared_rows_come_back_once(void **state)
{
    struct sl_xa_hold *hold = sl_xa_hold_new(1000);
    struct sl_batch *from = sl_batch_new();
    struct sl_batch *to = sl_batch_new();
    struct sl_err err = {0};

    (void)state;
    put(from, "before");
    from->begin = sl_batch_here(from);
    put(from, "row1");
    put(from, "row2");
    assert_ok(sl_xa_hold_add(hold, sl_check_span("X'61',X'',1"), from, &err), &err);
    sl_batch_rollback(from, from->begin);
    put(from, "other");
    put(to, "earlier");
    assert_int_equal(sl_xa_hold_take(hold, sl_check_span("X'61',X'',2"), to), SL_DONE);
    assert_int_equal(sl_xa_hold_take(hold, sl_check_span("X'61',X'',1"), to), SL_OK);
    assert_buf(&to->data, "earlierrow1row2");
    assert_int_equal(sl_batch_commands(to), 3);
    assert_int_equal(sl_xa_hold_take(hold, sl_check_span("X'61',X'',1"), to), SL_DONE);
    sl_xa_hold_free(hold);
    sl_batch_free(from);
    sl_batch_free(to);
}

static void dropped_rows_are_gone(void **state)
{
    struct sl_xa_hold *hold = sl_xa_hold_new(1000);
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    put(batch, "row");
    assert_int_equal(sl_xa_hold_add(hold, sl_check_span("a"), batch, NULL), SL_OK);
    assert_int_equal(sl_xa_hold_add(hold, sl_check_span("b"), batch, NULL), SL_OK);
    sl_xa_hold_drop(hold, sl_check_span("c"));
    sl_xa_hold_drop(hold, sl_check_span("a"));
    assert_int_equal(sl_xa_hold_take(hold, sl_check_span("a"), batch), SL_DONE);
    assert_int_equal(sl_xa_hold_take(hold, sl_check_span("b"), batch), SL_OK);
    sl_xa_hold_free(hold);
    sl_xa_hold_free(NULL);
    sl_batch_free(batch);
}

static void an_identifier_may_be_used_again(void **state)
{
    struct sl_xa_hold *hold = sl_xa_hold_new(1000);
    struct sl_batch *first = sl_batch_new();
    struct sl_batch *second = sl_batch_new();
    struct sl_batch *to = sl_batch_new();

    (void)state;
    put(first, "first");
    put(second, "second");
    assert_int_equal(sl_xa_hold_add(hold, sl_check_span("x"), first, NULL), SL_OK);
    assert_int_equal(sl_xa_hold_add(hold, sl_check_span("x"), second, NULL), SL_OK);
    assert_int_equal(sl_xa_hold_take(hold, sl_check_span("x"), to), SL_OK);
    assert_buf(&to->data, "second");
    assert_int_equal(sl_xa_hold_take(hold, sl_check_span("x"), to), SL_DONE);
    sl_xa_hold_free(hold);
    sl_batch_free(first);
    sl_batch_free(second);
    sl_batch_free(to);
}

static void a_prepared_transaction_may_hold_no_rows(void **state)
{
    struct sl_xa_hold *hold = sl_xa_hold_new(1000);
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    assert_int_equal(sl_xa_hold_add(hold, sl_check_span("x"), batch, NULL), SL_OK);
    assert_int_equal(sl_xa_hold_take(hold, sl_check_span("x"), batch), SL_OK);
    assert_int_equal(batch->entry_count, 0);
    sl_xa_hold_free(hold);
    sl_batch_free(batch);
}

static void the_limit_counts_all_that_is_held(void **state)
{
    struct sl_xa_hold *hold = sl_xa_hold_new(10);
    struct sl_batch *batch = sl_batch_new();
    struct sl_err err = {0};

    (void)state;
    put(batch, "123456");
    for (int round = 0; round < 5; round++) {
        assert_ok(sl_xa_hold_add(hold, sl_check_span("a"), batch, &err), &err);
        assert_int_equal(sl_xa_hold_add(hold, sl_check_span("b"), batch, &err), SL_ELIMIT);
        assert_non_null(strstr(err.text, "memory_limit"));
        sl_err_clear(&err);
        if (round % 2 == 0) {
            sl_xa_hold_drop(hold, sl_check_span("a"));
        } else {
            struct sl_batch *to = sl_batch_new();

            assert_int_equal(sl_xa_hold_take(hold, sl_check_span("a"), to), SL_OK);
            sl_batch_free(to);
        }
    }
    sl_xa_hold_free(hold);
    sl_batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prepared_rows_come_back_once),
        cmocka_unit_test(dropped_rows_are_gone),
        cmocka_unit_test(an_identifier_may_be_used_again),
        cmocka_unit_test(a_prepared_transaction_may_hold_no_rows),
        cmocka_unit_test(the_limit_counts_all_that_is_held),
    };

    return cmocka_run_group_tests_name("xa_hold", tests, NULL, NULL);
}
