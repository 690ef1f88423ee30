#include "tests/support/check.h"

#include "cdc/base/xrand.h"
#include "cdc/batch.h"
#include "cdc/resp.h"

/* Adds an entry of COMMANDS commands "[KEY=VALUE]" (not RESP: the batch does not look inside). */
static void put(struct sl_batch *batch, const char *key, const char *value, uint16_t commands,
                enum sl_write write)
{
    uint32_t offset;
    uint32_t key_at;

    sl_batch_begin(batch, &offset);
    assert_int_equal(sl_buf_add_byte(&batch->data, '['), SL_OK);
    key_at = (uint32_t)batch->data.len;
    assert_int_equal(sl_buf_add_str(&batch->data, key), SL_OK);
    assert_int_equal(sl_buf_add_format(&batch->data, "=%s]", value), SL_OK);
    assert_int_equal(sl_batch_end(batch, offset, key_at, (uint32_t)strlen(key), commands, write),
                     SL_OK);
}

/* A raw entry "COMMANDS KEY=VALUE" becomes "[KEY=VALUE]", unless that is to fail. */
static bool may_not_render;
static unsigned rendered;

static int render(struct sl_span raw, struct sl_span key, struct sl_buf *out, uint32_t *key_at,
                  uint16_t *commands, struct sl_err *err)
{
    size_t before = out->len;

    assert_memory_equal(raw.data + 1, key.data, key.len);
    assert_int_equal(sl_buf_add_byte(out, '['), SL_OK);
    *key_at = (uint32_t)out->len;
    *commands = (uint16_t)(raw.data[0] - '0');
    assert_int_equal(sl_buf_add(out, raw.data + 1, raw.len - 1), SL_OK);
    assert_int_equal(sl_buf_add_byte(out, ']'), SL_OK);
    rendered++;
    if (may_not_render && sl_span_equals(key, "bad")) {
        out->len = before;
        return sl_err_set(err, SL_EFORMAT, "the value is bad");
    }
    return SL_OK;
}

static void put_raw(struct sl_batch *batch, const char *key, const char *value, uint16_t commands)
{
    struct sl_batch_place place;
    uint32_t offset;

    assert_int_equal(sl_batch_find(batch, sl_span_make(key, strlen(key)), &place), SL_OK);
    sl_batch_begin(batch, &offset);
    assert_int_equal(sl_buf_add_format(&batch->data, "%u%s=%s", commands, key, value), SL_OK);
    sl_batch_add_raw(batch, &place, offset, offset + 1, render);
}

static void raw(struct sl_batch *batch, const char *key, const char *value)
{
    put_raw(batch, key, value, 1);
}

static void whole(struct sl_batch *batch, const char *key, const char *value)
{
    put(batch, key, value, 1, SL_WRITE_WHOLE);
}

static void partial(struct sl_batch *batch, const char *key, const char *value)
{
    put(batch, key, value, 1, SL_WRITE_PARTIAL);
}

static void later(struct sl_batch *batch, const char *key, const char *value)
{
    put(batch, key, value, 1, SL_WRITE_LATER);
}

static void last_whole_write_of_a_key_is_sent(void **state)
{
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    whole(batch, "a", "1");
    whole(batch, "b", "1");
    whole(batch, "a", "2");
    whole(batch, "a", "3");
    assert_int_equal(sl_batch_live_bytes(batch), 10);
    assert_int_equal(sl_batch_commands(batch), 2);
    assert_int_equal(batch->rows, 4);
    sl_batch_seal(batch);
    assert_buf(&batch->data, "[b=1][a=3]");
    assert_int_equal(batch->entry_count, 2);
    assert_int_equal(batch->rows, 4);
    sl_batch_free(batch);
}

static void partial_writes_keep_what_came_before(void **state)
{
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    whole(batch, "a", "1");
    partial(batch, "a", "+1");
    partial(batch, "a", "+2");
    whole(batch, "b", "1");
    sl_batch_seal(batch);
    assert_buf(&batch->data, "[a=1][a=+1][a=+2][b=1]");
    sl_batch_clear(batch);
    whole(batch, "a", "1");
    partial(batch, "a", "+1");
    whole(batch, "a", "2");
    partial(batch, "a", "+3");
    sl_batch_seal(batch);
    assert_buf(&batch->data, "[a=2][a=+3]");
    sl_batch_free(batch);
}

static void notes_leave_writes_alone_and_go_before_them(void **state)
{
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    whole(batch, "a", "1");
    partial(batch, "a", "+1");
    later(batch, "a", "n1");
    later(batch, "b", "n1");
    later(batch, "a", "n2");
    assert_int_equal(sl_batch_commands(batch), 4);
    sl_batch_seal(batch);
    assert_buf(&batch->data, "[a=1][a=+1][b=n1][a=n2]");
    sl_batch_clear(batch);
    whole(batch, "a", "1");
    later(batch, "a", "n1");
    later(batch, "a", "n2");
    whole(batch, "a", "2");
    sl_batch_seal(batch);
    assert_buf(&batch->data, "[a=2]");
    sl_batch_free(batch);
}

/* The newer note of a key that comes to nothing must not take the older one along. */
static void a_note_that_was_replaced_lives_again(void **state)
{
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    whole(batch, "a", "1");
    later(batch, "a", "n1");
    batch->begin = sl_batch_here(batch);
    later(batch, "a", "n2");
    whole(batch, "a", "2");
    sl_batch_rollback(batch, batch->begin);
    assert_int_equal(sl_batch_commands(batch), 2);
    later(batch, "a", "n3");
    sl_batch_seal(batch);
    assert_buf(&batch->data, "[a=1][a=n3]");
    sl_batch_free(batch);
}

static void abandoned_bytes_leave_no_trace(void **state)
{
    struct sl_batch *batch = sl_batch_new();
    uint32_t offset;

    (void)state;
    whole(batch, "a", "1");
    sl_batch_begin(batch, &offset);
    assert_int_equal(sl_buf_add_str(&batch->data, "half of a comm"), SL_OK);
    sl_batch_abandon(batch, offset);
    whole(batch, "b", "2");
    assert_buf(&batch->data, "[a=1][b=2]");
    sl_batch_free(batch);
}

static void rollback_revives_what_the_transaction_replaced(void **state)
{
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    whole(batch, "a", "0");
    whole(batch, "a", "1");
    partial(batch, "a", "+1");
    whole(batch, "b", "1");
    batch->begin = sl_batch_here(batch);
    whole(batch, "a", "2");
    whole(batch, "c", "1");
    whole(batch, "a", "3");
    whole(batch, "b", "4");
    sl_batch_rollback(batch, batch->begin);
    assert_int_equal(batch->rows, 4);
    assert_int_equal(sl_batch_commands(batch), 3);
    /* Slots point to the revived entries again: a new write kills them. */
    whole(batch, "b", "9");
    sl_batch_seal(batch);
    assert_buf(&batch->data, "[a=1][a=+1][b=9]");
    sl_batch_free(batch);
}

static void rollback_twice_is_rollback_once(void **state)
{
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    whole(batch, "a", "1");
    batch->begin = sl_batch_here(batch);
    whole(batch, "a", "2");
    sl_batch_rollback(batch, batch->begin);
    sl_batch_rollback(batch, batch->begin);
    whole(batch, "a", "3");
    sl_batch_rollback(batch, batch->begin);
    assert_int_equal(batch->dead_count, 0);
    assert_int_equal(batch->dead_bytes, 0);
    assert_int_equal(batch->rows, 1);
    assert_buf(&batch->data, "[a=1]");
    sl_batch_free(batch);
}

static void append_copies_live_entries_behind_the_mark(void **state)
{
    struct sl_batch *from = sl_batch_new();
    struct sl_batch *to = sl_batch_new();

    (void)state;
    whole(from, "a", "1");
    from->begin = sl_batch_here(from);
    whole(from, "b", "1");
    whole(from, "b", "2");
    put(from, "c", "1", 3, SL_WRITE_PARTIAL);
    whole(to, "b", "0");
    assert_int_equal(sl_batch_append(to, from, from->begin, NULL), SL_OK);
    assert_int_equal(sl_batch_commands(to), 4);
    sl_batch_seal(to);
    assert_buf(&to->data, "[b=2][c=1]");
    assert_span(sl_batch_key_of_command(to, 3), "c");
    sl_batch_clear(to);
    assert_int_equal(sl_batch_append(to, from, (struct sl_batch_mark){0}, NULL), SL_OK);
    sl_batch_seal(to);
    assert_buf(&to->data, "[a=1][b=2][c=1]");
    assert_buf(&from->data, "[a=1][b=1][b=2][c=1]");
    sl_batch_free(from);
    sl_batch_free(to);
}

/* ---- raw entries ---- */

static void a_raw_entry_is_rendered_only_if_it_lives(void **state)
{
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    rendered = 0;
    whole(batch, "a", "1");
    raw(batch, "a", "2");
    raw(batch, "a", "3");
    raw(batch, "b", "1");
    whole(batch, "b", "2");
    whole(batch, "c", "1");
    raw(batch, "a", "4");
    assert_int_equal(batch->raw_count, 1);
    assert_int_equal(sl_batch_render(batch, NULL), SL_OK);
    assert_int_equal(rendered, 1);
    assert_buf(&batch->data, "[b=2][c=1][a=4]");
    assert_int_equal(sl_batch_commands(batch), 3);
    assert_span(sl_batch_key_of_command(batch, 2), "a");
    assert_false(batch->has_raw);
    sl_batch_seal(batch);
    assert_buf(&batch->data, "[b=2][c=1][a=4]");
    assert_int_equal(batch->rows, 7);
    sl_batch_free(batch);
}

/* Dead ones are no reason to render, but what they refer to is still needed: a rollback may revive
 * them. */
static void dead_raw_entries_are_sealed_away(void **state)
{
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    rendered = 0;
    raw(batch, "a", "1");
    batch->begin = sl_batch_here(batch);
    whole(batch, "a", "2");
    assert_int_equal(batch->raw_count, 0);
    assert_true(batch->has_raw);
    assert_int_equal(sl_batch_render(batch, NULL), SL_OK);
    sl_batch_rollback(batch, batch->begin);
    assert_int_equal(batch->raw_count, 1);
    whole(batch, "a", "3");
    assert_int_equal(sl_batch_render(batch, NULL), SL_OK);
    sl_batch_seal(batch);
    assert_buf(&batch->data, "[a=3]");
    assert_int_equal(rendered, 0);
    assert_false(batch->has_raw);
    sl_batch_free(batch);
}

static void a_failed_rendering_changes_nothing(void **state)
{
    struct sl_batch *batch = sl_batch_new();
    struct sl_batch *other = sl_batch_new();
    struct sl_err err = {0};

    (void)state;
    whole(batch, "z", "1");
    raw(batch, "a", "1");
    batch->begin = sl_batch_here(batch);
    raw(batch, "b", "2");
    raw(batch, "bad", "3");
    may_not_render = true;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sl_batch_render(batch, &err), SL_EFORMAT);
        assert_string_equal(err.text, "the value is bad");
        assert_buf(&batch->data, "[z=1]1a=11b=21bad=3");
        assert_int_equal(batch->raw_count, 3);
    }
    assert_int_equal(sl_batch_append(other, batch, (struct sl_batch_mark){0}, &err), SL_EFORMAT);
    assert_buf(&other->data, "[z=1][a=1][b=2]");
    may_not_render = false;
    sl_batch_rollback(batch, batch->begin);
    assert_int_equal(batch->raw_count, 1);
    assert_ok(sl_batch_render(batch, &err), &err);
    assert_buf(&batch->data, "[z=1][a=1]");
    sl_batch_free(batch);
    sl_batch_free(other);
}

static void append_renders_raw_entries_and_leaves_them_raw(void **state)
{
    struct sl_batch *from = sl_batch_new();
    struct sl_batch *to = sl_batch_new();

    (void)state;
    raw(from, "a", "1");
    from->begin = sl_batch_here(from);
    raw(from, "a", "2");
    put_raw(from, "b", "1", 2);
    assert_int_equal(sl_batch_append(to, from, from->begin, NULL), SL_OK);
    assert_buf(&to->data, "[a=2][b=1]");
    assert_int_equal(sl_batch_commands(to), 3);
    assert_false(to->has_raw);
    assert_int_equal(from->raw_count, 2);
    sl_batch_rollback(from, from->begin);
    assert_int_equal(sl_batch_render(from, NULL), SL_OK);
    assert_buf(&from->data, "[a=1]");
    sl_batch_free(from);
    sl_batch_free(to);
}

/* For the bounds of a batch a raw entry is as long as the one that it replaces, or as it is. */
static void a_raw_entry_counts_as_its_commands_would(void **state)
{
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    whole(batch, "a", "a long value");
    raw(batch, "a", "2");
    assert_int_equal(sl_batch_live_bytes(batch), strlen("[a=a long value]"));
    batch->begin = sl_batch_here(batch);
    raw(batch, "a", "3");
    assert_int_equal(sl_batch_live_bytes(batch), strlen("[a=a long value]"));
    raw(batch, "a", "a value that is longer than it was");
    assert_int_equal(sl_batch_live_bytes(batch), strlen("1a=a value that is longer than it was"));
    sl_batch_rollback(batch, batch->begin);
    assert_int_equal(sl_batch_live_bytes(batch), strlen("[a=a long value]"));
    assert_int_equal(sl_batch_render(batch, NULL), SL_OK);
    assert_int_equal(sl_batch_live_bytes(batch), strlen("[a=2]"));
    raw(batch, "a", "9");
    sl_batch_clear(batch);
    assert_int_equal(sl_batch_live_bytes(batch), 0);
    assert_int_equal(batch->raw_count, 0);
    assert_false(batch->has_raw);
    sl_batch_free(batch);
}

static void commands_know_their_keys(void **state)
{
    struct sl_batch *batch = sl_batch_new();
    static const char *const want[] = {"b", "b", "a", "a", "a", "c"};

    (void)state;
    put(batch, "a", "1", 7, SL_WRITE_WHOLE);
    put(batch, "b", "1", 2, SL_WRITE_WHOLE);
    put(batch, "a", "2", 3, SL_WRITE_WHOLE);
    put(batch, "c", "3", 1, SL_WRITE_WHOLE);
    for (int sealed = 0; sealed < 2; sealed++) {
        for (size_t i = 0; i < SL_COUNT(want); i++) {
            assert_span(sl_batch_key_of_command(batch, i), want[i]);
        }
        assert_int_equal(sl_batch_key_of_command(batch, 6).len, 0);
        assert_int_equal(sl_batch_key_of_command(batch, UINT64_MAX).len, 0);
        sl_batch_seal(batch);
    }
    sl_batch_free(batch);
}

static void an_entry_that_is_killed_is_not_sent(void **state)
{
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    put(batch, "a", "1", 1, SL_WRITE_WHOLE);
    put(batch, "b", "2", 1, SL_WRITE_WHOLE);
    put(batch, "c", "3", 2, SL_WRITE_WHOLE);
    sl_batch_kill(batch, 1);
    assert_int_equal(sl_batch_live_bytes(batch), strlen("[a=1][c=3]"));
    assert_int_equal(sl_batch_add_commands(batch, sl_check_span("K"), sl_check_span("<K>"), 1),
                     SL_OK);
    assert_int_equal(sl_batch_add_commands(batch, sl_check_span("K"), sl_check_span("none"), 1),
                     SL_EINVAL);
    sl_batch_seal(batch);
    assert_int_equal(batch->data.len, strlen("[a=1][c=3]<K>"));
    assert_memory_equal(batch->data.data, "[a=1][c=3]<K>", batch->data.len);
    assert_int_equal(sl_batch_commands(batch), 4);
    sl_batch_free(batch);
}

static void keys_of_any_bytes_are_told_apart(void **state)
{
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    whole(batch, "", "1");
    whole(batch, "a", "1");
    whole(batch, "aa", "1");
    whole(batch, "", "2");
    sl_batch_seal(batch);
    assert_buf(&batch->data, "[a=1][aa=1][=2]");
    sl_batch_free(batch);
}

static bool never(const struct sl_key_pattern *pattern, struct sl_span key)
{
    (void)pattern;
    (void)key;
    return false;
}

static unsigned freed;

static void count_free(struct sl_key_pattern *pattern)
{
    (void)pattern;
    freed++;
}

static void clear_makes_it_as_new(void **state)
{
    struct sl_batch *batch = sl_batch_new();
    struct sl_key_pattern pattern = {.glob = "*", .matches = never, .free = count_free};

    (void)state;
    freed = 0;
    whole(batch, "a", "1");
    batch->begin = sl_batch_here(batch);
    whole(batch, "a", "2");
    batch->purge = &pattern;
    batch->task = SL_TASK_PURGE;
    batch->begins_group = batch->ends_group = batch->has_position = batch->discards_group = true;
    batch->transactions = 3;
    sl_batch_clear(batch);
    assert_int_equal(freed, 1);
    assert_int_equal(batch->task, SL_TASK_ROWS);
    assert_false(batch->begins_group || batch->ends_group || batch->has_position ||
                 batch->discards_group);
    assert_int_equal(batch->rows + batch->transactions + batch->entry_count + batch->dead_count, 0);
    whole(batch, "a", "3");
    sl_batch_rollback(batch, batch->begin);
    assert_int_equal(batch->data.len, 0);
    batch->purge = &pattern;
    sl_batch_free(batch);
    assert_int_equal(freed, 2);
    sl_batch_free(NULL);
}

/* ---- against a naive model ---- */

enum { MODEL_MAX = 6000, MODEL_KEYS = 40 };

struct model_entry {
    unsigned key;
    unsigned value;
    uint16_t commands;
    bool is_whole;
};

struct model {
    struct model_entry entries[MODEL_MAX];
    size_t count;
    size_t mark;
};

/* An entry is dead when a whole write of its key follows: nothing else is remembered. */
static bool is_dead(const struct model *model, size_t number)
{
    for (size_t i = number + 1; i < model->count; i++) {
        if (model->entries[i].key == model->entries[number].key && model->entries[i].is_whole) {
            return true;
        }
    }
    return false;
}

/* Short keys of which some are prefixes of others. */
static void name_key(unsigned key, char out[16])
{
    (void)snprintf(out, 16, "%.*s%u", (int)(key % 5), "kkkkk", key / 3);
}

/* Raw or not, an entry says which key it is of. */
static void compare_keys(const struct sl_batch *batch, const struct model *model)
{
    assert_int_equal(batch->entry_count, model->count);
    for (size_t i = 0; i < model->count; i++) {
        char key[16];

        name_key(model->entries[i].key, key);
        assert_span(sl_batch_key(batch, &batch->entries[i]), key);
        assert_int_equal(batch->entries[i].is_dead, is_dead(model, i));
        assert_int_equal(batch->entries[i].write,
                         model->entries[i].is_whole ? SL_WRITE_WHOLE : SL_WRITE_PARTIAL);
    }
}

static void compare(const struct sl_batch *batch, const struct model *model, size_t from)
{
    struct sl_buf want = {0};
    uint64_t command = 0;

    if (batch->raw_count > 0) {
        compare_keys(batch, model);
        return;
    }

    for (size_t i = from; i < model->count; i++) {
        const struct model_entry *entry = &model->entries[i];
        char key[16];

        if (is_dead(model, i)) {
            continue;
        }
        name_key(entry->key, key);
        assert_int_equal(sl_buf_add_format(&want, "[%s=%u]", key, entry->value), SL_OK);
        assert_span(sl_batch_key_of_command(batch, command), key);
        command += entry->commands;
        assert_span(sl_batch_key_of_command(batch, command - 1), key);
    }
    assert_true(sl_batch_commands(batch) == command);
    assert_int_equal(sl_batch_live_bytes(batch), want.len);
    assert_int_equal(sl_batch_key_of_command(batch, command).len, 0);
    sl_buf_release(&want);
}

static void compare_sealed(const struct sl_batch *batch, const struct model *model)
{
    struct sl_buf want = {0};

    for (size_t i = 0; i < model->count; i++) {
        char key[16];

        if (!is_dead(model, i)) {
            name_key(model->entries[i].key, key);
            assert_int_equal(sl_buf_add_format(&want, "[%s=%u]", key, model->entries[i].value),
                             SL_OK);
        }
    }
    assert_buf(&batch->data, want.len > 0 ? sl_buf_cstr(&want) : "");
    sl_buf_release(&want);
}

static void random_put(struct sl_xrand *rand, struct sl_batch *batch, struct model *model,
                       unsigned keys)
{
    struct model_entry entry = {
        .key = (unsigned)sl_xrand_below(rand, keys),
        .value = (unsigned)sl_xrand_below(rand, 100000),
        .commands = (uint16_t)(1 + sl_xrand_below(rand, 3)),
        .is_whole = sl_xrand_below(rand, 4) != 0,
    };
    char key[16];
    char value[16];

    name_key(entry.key, key);
    (void)snprintf(value, sizeof(value), "%u", entry.value);
    if (entry.is_whole && sl_xrand_below(rand, 2) == 0) {
        put_raw(batch, key, value, entry.commands);
    } else {
        put(batch, key, value, entry.commands, entry.is_whole ? SL_WRITE_WHOLE : SL_WRITE_PARTIAL);
    }
    model->entries[model->count++] = entry;
}

/* Copies what lies behind the mark into a batch of its own and rolls it back, as a large
 * transaction does. */
static void split(struct sl_batch *batch, struct model *model, struct model *tail)
{
    struct sl_batch *other = sl_batch_new();

    tail->count = model->count - model->mark;
    memcpy(tail->entries, model->entries + model->mark, tail->count * sizeof(tail->entries[0]));
    assert_int_equal(sl_batch_append(other, batch, batch->begin, NULL), SL_OK);
    compare(other, tail, 0);
    sl_batch_seal(other);
    compare_sealed(other, tail);
    sl_batch_free(other);
    sl_batch_rollback(batch, batch->begin);
    model->count = model->mark;
}

static void play(struct sl_batch *batch, struct sl_xrand *rand, struct model *model,
                 struct model *tail)
{
    size_t steps = sl_xrand_below(rand, sl_xrand_below(rand, 4) == 0 ? 1500 : 60);
    unsigned keys = 1 + (unsigned)sl_xrand_below(rand, MODEL_KEYS * (1 + steps / 8));

    model->count = 0;
    model->mark = 0;
    for (size_t i = 0; i < steps; i++) {
        switch (sl_xrand_below(rand, 40)) {
        case 0:
            sl_batch_rollback(batch, batch->begin);
            model->count = model->mark;
            break;
        case 1:
        case 2:
            batch->begin = sl_batch_here(batch);
            model->mark = model->count;
            break;
        case 3:
            split(batch, model, tail);
            break;
        default:
            random_put(rand, batch, model, keys);
        }
        if (i % 16 == 0 && model->count < 300) {
            compare(batch, model, 0);
        }
        assert_int_equal(batch->rows, model->count);
    }
    compare(batch, model, 0);
    assert_int_equal(sl_batch_render(batch, NULL), SL_OK);
    sl_batch_seal(batch);
    compare(batch, model, 0);
    compare_sealed(batch, model);
    sl_batch_clear(batch);
}

static void random_batches_equal_a_naive_model(void **state)
{
    const char *given = getenv("SLUICE_TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : sl_xrand_entropy();
    struct sl_xrand rand = {.state = seed};
    struct sl_batch *batch = sl_batch_new();
    struct model *model = calloc(1, sizeof(*model));
    struct model *tail = calloc(1, sizeof(*tail));

    (void)state;
    print_message("SLUICE_TEST_SEED=%llu\n", (unsigned long long)seed);
    for (int round = 0; round < 150; round++) {
        play(batch, &rand, model, tail);
    }
    sl_batch_free(batch);
    free(model);
    free(tail);
}

/* A recycled batch forgets every key, whether its slots are cleared one by one or all at once. */
static void recycled_batch_remembers_no_key(void **state)
{
    struct sl_batch *batch = sl_batch_new();

    (void)state;
    for (unsigned round = 0; round < 40; round++) {
        unsigned count = round % 4 == 3 ? 5000 : round;

        for (unsigned i = 0; i < count; i++) {
            char key[16];

            (void)snprintf(key, sizeof(key), "%u", i % 997);
            whole(batch, key, "v");
        }
        if (round % 2 == 0) {
            sl_batch_seal(batch);
        }
        sl_batch_clear(batch);
        for (uint32_t i = 0; i <= batch->slot_mask; i++) {
            assert_int_equal(batch->slots[i], 0);
        }
    }
    sl_batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_whole_write_of_a_key_is_sent),
        cmocka_unit_test(partial_writes_keep_what_came_before),
        cmocka_unit_test(notes_leave_writes_alone_and_go_before_them),
        cmocka_unit_test(a_note_that_was_replaced_lives_again),
        cmocka_unit_test(abandoned_bytes_leave_no_trace),
        cmocka_unit_test(rollback_revives_what_the_transaction_replaced),
        cmocka_unit_test(rollback_twice_is_rollback_once),
        cmocka_unit_test(append_copies_live_entries_behind_the_mark),
        cmocka_unit_test(a_raw_entry_is_rendered_only_if_it_lives),
        cmocka_unit_test(dead_raw_entries_are_sealed_away),
        cmocka_unit_test(a_failed_rendering_changes_nothing),
        cmocka_unit_test(append_renders_raw_entries_and_leaves_them_raw),
        cmocka_unit_test(a_raw_entry_counts_as_its_commands_would),
        cmocka_unit_test(commands_know_their_keys),
        cmocka_unit_test(an_entry_that_is_killed_is_not_sent),
        cmocka_unit_test(keys_of_any_bytes_are_told_apart),
        cmocka_unit_test(clear_makes_it_as_new),
        cmocka_unit_test(random_batches_equal_a_naive_model),
        cmocka_unit_test(recycled_batch_remembers_no_key),
    };

    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
