/*
 * Raw entries against the same rows encoded at once: every row of captured logs is mapped twice, so
 * that the second time its key is in the batch already, and what is rendered of that must be what
 * one time makes.
 */
#include "tests/support/check.h"

#include "cdc/stream.h"
#include "filters/mapper.h"
#include "tests/support/script_source.h"

struct fixture {
    struct sl_table_rule rule;
    struct sl_mapper *mapper;
    struct sl_batch *once;
    struct sl_batch *twice;
    struct sl_stream *stream;
    unsigned raw; /* how many entries were */
    unsigned rows;
};

static bool keep(void *user)
{
    (void)user;
    return true;
}

static int on_table(void *user, struct sl_table *table, bool *skip, struct sl_err *err)
{
    struct fixture *fix = user;

    *skip = fix->mapper->ops->table(fix->mapper, table, err) != SL_OK; /* no key, no names */
    sl_err_clear(err);
    return SL_OK;
}

static int on_row(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    struct fixture *fix = user;
    const struct sl_mapper_ops *ops = fix->mapper->ops;
    struct sl_row_change plain = *change;
    uint32_t before;

    plain.after_image = (struct sl_span){0}; /* without it nothing is raw */
    if (ops->row(fix->mapper, &plain, fix->once, err) != SL_OK) {
        sl_err_clear(err); /* an image that would have to be read again: other tests */
        return SL_OK;
    }
    assert_ok(ops->row(fix->mapper, change, fix->twice, err), err);
    before = fix->twice->entry_count;
    assert_ok(ops->row(fix->mapper, change, fix->twice, err), err);
    for (; before < fix->twice->entry_count; before++) {
        fix->raw += fix->twice->entries[before].is_raw;
    }
    fix->rows++;
    return SL_OK;
}

/* Plays the log NAME into both batches. */
static void play(struct fixture *fix, const char *name, enum sl_value_kind value,
                 enum sl_compression compress)
{
    const struct sl_stream_handler handler = {
        .table = on_table, .row = on_row, .keeps_tables = keep, .user = fix};
    struct sl_stream_options options = {.verify_checksum = true};
    struct sl_position start = {0};
    struct sl_script script;
    struct sl_err err = {0};

    *fix = (struct fixture){.rule = {.pattern = "*.*",
                                     .db_pattern = "*",
                                     .table_pattern = "*",
                                     .key_template = "{db}:{table}:{pk}",
                                     .value = value,
                                     .compress = compress}};
    sl_script_load(&script, name);
    options.flavor = script.base.flavor;
    fix->mapper = sl_rule_mapper_new(&fix->rule, 1, NULL);
    fix->once = sl_batch_new();
    fix->twice = sl_batch_new();
    fix->stream = sl_stream_new(&options, &handler, &start);
    for (size_t i = 0; i < script.count; i++) {
        const struct sl_buf *event = &script.events[i];

        assert_ok(sl_stream_feed(fix->stream, sl_span_make(event->data, event->len), &err), &err);
    }
    sl_script_release(&script);
}

static void release(struct fixture *fix)
{
    sl_stream_free(fix->stream);
    fix->mapper->ops->free(fix->mapper);
    sl_batch_free(fix->once);
    sl_batch_free(fix->twice);
}

static void same_when_rendered(const char *name, enum sl_value_kind value,
                               enum sl_compression compress)
{
    struct fixture fix;
    struct sl_err err = {0};

    play(&fix, name, value, compress);
    assert_true(fix.raw > 0 && fix.rows >= fix.raw);
    assert_ok(sl_batch_render(fix.twice, &err), &err);
    sl_batch_seal(fix.twice);
    sl_batch_seal(fix.once);
    assert_int_equal(fix.twice->data.len, fix.once->data.len);
    assert_memory_equal(fix.twice->data.data, fix.once->data.data, fix.once->data.len);
    assert_int_equal(sl_batch_commands(fix.twice), sl_batch_commands(fix.once));
    for (uint32_t i = 0; i < fix.once->entry_count; i++) {
        struct sl_span key = sl_batch_key(fix.once, &fix.once->entries[i]);
        struct sl_span same = sl_batch_key(fix.twice, &fix.twice->entries[i]);

        assert_int_equal(key.len, same.len);
        assert_memory_equal(key.data, same.data, key.len);
    }
    release(&fix);
}

static void rendered_later_rows_are_the_same(void **state)
{
    static const char *const names[] = {"mysql-types", "mariadb-types", "mysql-transactions",
                                        "mysql-payload", "mysql-json"};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(names); i++) {
        same_when_rendered(names[i], SL_VALUE_HASH, SL_COMPRESS_NONE);
        same_when_rendered(names[i], SL_VALUE_JSON, SL_COMPRESS_NONE);
        same_when_rendered(names[i], SL_VALUE_HASH, SL_COMPRESS_ZSTD);
        same_when_rendered(names[i], SL_VALUE_JSON, SL_COMPRESS_ZSTD);
    }
}

/* The bytes of a raw entry are split by the same checks as an event. */
static void a_cut_image_is_refused_at_every_byte(void **state)
{
    struct fixture fix;
    const struct sl_batch_entry *entry = NULL;
    struct sl_buf out = {0};
    struct sl_buf copy = {0};
    struct sl_err err = {0};
    uint16_t commands;
    uint32_t key_at;
    struct sl_span key;

    (void)state;
    play(&fix, "mysql-types", SL_VALUE_HASH, SL_COMPRESS_NONE);
    for (uint32_t i = 0; i < fix.twice->entry_count; i++) {
        if (fix.twice->entries[i].is_raw) {
            entry = &fix.twice->entries[i];
        }
    }
    assert_non_null(entry);
    key = sl_batch_key(fix.twice, entry);
    for (uint32_t len = 0; len < entry->len; len++) {
        uint8_t *end = malloc(len + 1); /* for the sanitizer to see a byte too many */

        memcpy(end, fix.twice->data.data + entry->offset, len);
        assert_int_not_equal(
            fix.twice->render(sl_span_make(end, len), key, &out, &key_at, &commands, &err), SL_OK);
        assert_int_equal(out.len, 0);
        free(end);
    }
    assert_int_equal(sl_buf_add(&copy, fix.twice->data.data + entry->offset, entry->len), SL_OK);
    assert_ok(
        fix.twice->render(sl_span_make(copy.data, copy.len), key, &out, &key_at, &commands, &err),
        &err);
    assert_int_equal(sl_buf_add_byte(&copy, 0), SL_OK);
    assert_int_equal(
        fix.twice->render(sl_span_make(copy.data, copy.len), key, &out, &key_at, &commands, &err),
        SL_EFORMAT);
    sl_buf_release(&copy);
    sl_buf_release(&out);
    release(&fix);
}

/* What cannot be split again by itself, or is large, is encoded at once. */
static void parts_and_diffs_are_never_raw(void **state)
{
    struct fixture fix;

    (void)state;
    play(&fix, "mysql-images", SL_VALUE_HASH, SL_COMPRESS_NONE);
    for (uint32_t i = 0; i < fix.twice->entry_count; i++) {
        const struct sl_batch_entry *entry = &fix.twice->entries[i];

        assert_false(entry->is_raw && entry->write != SL_WRITE_WHOLE);
        assert_true(entry->is_raw || entry->commands > 0);
    }
    release(&fix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rendered_later_rows_are_the_same),
        cmocka_unit_test(a_cut_image_is_refused_at_every_byte),
        cmocka_unit_test(parts_and_diffs_are_never_raw),
    };

    return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
