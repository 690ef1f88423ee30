/* The names of what rows have in the sink. */
#include "tests/support/check.h"

#include "cdc/batch.h"
#include "cdc/item.h"
#include "cdc/table_watch.h"

static void a_member_is_named_by_its_arguments(void **state)
{
    struct sl_buf name = {0};
    struct sl_span key;
    struct sl_span member;

    (void)state;
    assert_int_equal(
        sl_item_format_member(sl_check_span("of:3"), sl_check_span("a\r\n$1\r\nb"), &name), SL_OK);
    assert_buf(&name, "$4\r\nof:3\r\n$8\r\na\r\n$1\r\nb");
    assert_int_equal(sl_item_split_member(sl_span_make(name.data, name.len), &key, &member), SL_OK);
    assert_span(key, "of:3");
    assert_span(member, "a\r\n$1\r\nb");
    assert_span(sl_item_redis_key(sl_item_member(sl_span_make(name.data, name.len))), "of:3");
    assert_span(sl_item_redis_key(sl_item_key(sl_check_span("of:3"))), "of:3");
    sl_buf_release(&name);
}

static void other_texts_are_no_members(void **state)
{
    static const char *const texts[] = {"",
                                        "$",
                                        "of:3",
                                        "$4\r\nof:3",
                                        "$4\r\nof:3\r\n",
                                        "$4\r\nof:3\r\n$1\r\n",
                                        "$4\r\nof:3\r\n$1\r\nab",
                                        "$4\r\nof:3ab$1\r\na",
                                        "$\r\n\r\n$1\r\na",
                                        "$4\nof:3\n$1\na",
                                        "$99999999999999999999\r\nof:3\r\n$1\r\na",
                                        "$4\r\nof:3\r\n$-1\r\na"};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(texts); i++) {
        struct sl_span key;
        struct sl_span member;

        assert_int_equal(sl_item_split_member(sl_check_span(texts[i]), &key, &member), SL_EFORMAT);
    }
}

static void add(struct sl_batch *batch, const char *name, bool is_member)
{
    uint32_t offset;
    uint32_t at;

    sl_batch_begin(batch, &offset);
    at = (uint32_t)batch->data.len;
    assert_int_equal(sl_buf_add_str(&batch->data, name), SL_OK);
    assert_int_equal((is_member ? sl_batch_end_member : sl_batch_end)(
                         batch, offset, at, (uint32_t)strlen(name), 1, SL_WRITE_WHOLE),
                     SL_OK);
}

/* The later of two writes of a member is enough, and none of a key of these bytes is one. */
static void members_have_entries_of_their_own(void **state)
{
    static const char name[] = "$1\r\na\r\n$1\r\nb";
    struct sl_batch *batch = sl_batch_new();
    struct sl_batch *copy = sl_batch_new();
    struct sl_batch_place place;

    (void)state;
    add(batch, name, true);
    add(batch, name, false);
    assert_int_equal(batch->dead_count, 0);
    add(batch, name, true);
    assert_int_equal(batch->dead_count, 1);
    assert_true(batch->entries[0].is_dead);
    assert_int_equal(sl_batch_append(copy, batch, (struct sl_batch_mark){0}, NULL), SL_OK);
    add(copy, name, true);
    assert_false(copy->entries[0].is_dead);
    assert_true(copy->entries[1].is_dead);
    assert_int_equal(sl_batch_find(batch, sl_check_span(name), &place), SL_OK);
    assert_int_equal(place.newest, 1);
    assert_int_equal(sl_batch_find_item(batch, sl_item_member(sl_check_span(name)), &place), SL_OK);
    assert_int_equal(place.newest, 2);
    sl_batch_seal(batch);
    assert_span(sl_batch_key_of_command(batch, 0), name);
    assert_span(sl_batch_key_of_command(batch, 1), "a");
    sl_batch_free(batch);
    sl_batch_free(copy);
}

static void commands_can_be_added_to_the_last_entry(void **state)
{
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    add(batch, "one", false);
    add(batch, "two", false);
    assert_int_equal(sl_buf_add_str(&batch->data, "more"), SL_OK);
    sl_batch_extend(batch, 2);
    assert_int_equal(sl_batch_commands(batch), 4);
    sl_batch_kill(batch, 0);
    sl_batch_seal(batch);
    assert_buf(&batch->data, "twomore");
    sl_batch_free(batch);
}

/* Who finds a key of the batch's former life would kill an entry that is not there. */
static void a_killed_entry_leaves_nothing_to_be_found_when_the_batch_is_used_again(void **state)
{
    struct sl_batch *batch = sl_batch_new();
    struct sl_batch_place place;

    (void)state;
    add(batch, "one", false);
    add(batch, "two", false);
    sl_batch_kill(batch, 0);
    sl_batch_seal(batch);
    sl_batch_clear(batch);
    for (uint32_t i = 0; i <= batch->slot_mask; i++) {
        assert_int_equal(batch->slots[i], 0);
    }
    add(batch, "one", false);
    assert_int_equal(sl_batch_find(batch, sl_check_span("one"), &place), SL_OK);
    assert_int_equal(place.newest, 0);
    assert_int_equal(batch->dead_count, 0);
    sl_batch_free(batch);
}

static void a_watch_tells_members_from_keys(void **state)
{
    struct sl_span name = sl_check_span("$1\r\na\r\n$1\r\nb");
    struct sl_table_watch *watch =
        sl_table_watch_new(sl_check_span("shop"), sl_check_span("t"), 4096);

    (void)state;
    sl_table_watch_begin(watch);
    sl_table_watch_note(watch, sl_item_member(name), SL_WRITE_WHOLE);
    assert_int_equal(sl_table_watch_find(watch, sl_item_key(name)), SL_TOUCH_NONE);
    assert_int_equal(sl_table_watch_find(watch, sl_item_member(name)), SL_TOUCH_WHOLE);
    sl_table_watch_free(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_is_named_by_its_arguments),
        cmocka_unit_test(other_texts_are_no_members),
        cmocka_unit_test(members_have_entries_of_their_own),
        cmocka_unit_test(commands_can_be_added_to_the_last_entry),
        cmocka_unit_test(a_killed_entry_leaves_nothing_to_be_found_when_the_batch_is_used_again),
        cmocka_unit_test(a_watch_tells_members_from_keys),
    };

    return cmocka_run_group_tests_name("item", tests, NULL, NULL);
}
