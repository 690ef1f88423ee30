/* Dictionaries: trained, given to tables, kept in a real Redis. */
#include "tests/support/check.h"

#include <stdio.h>

#include <zstd.h>

#include "filters/expect.h"
#include "filters/mapper.h"
#include "filters/pack.h"
#include "filters/train.h"
#include "filters/unpack.h"
#include "sinks/redis_dictionary.h"
#include "tests/support/redis_server.h"
#include "tests/support/table.h"

static struct sl_span text_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

static void make_value(unsigned number, char *out, size_t size)
{
    (void)snprintf(out, size,
                   "{\"id\":%u,\"status\":\"shipped\",\"customer\":\"customer %u\","
                   "\"street\":\"%u Long Street\"}",
                   number, number * 7919 % 100003, number * 31 % 997);
}

static void sample(struct sl_samples *samples, unsigned from, unsigned count)
{
    char value[200];

    for (unsigned i = from; i < from + count; i++) {
        make_value(i, value, sizeof(value));
        assert_int_equal(sl_samples_add(samples, sl_span_make(value, strlen(value))), SL_OK);
    }
}

static void train(struct sl_dictionaries *known, const char *table, unsigned from)
{
    struct sl_dictionary *dictionary = sl_dictionaries_add(known);
    struct sl_samples samples = {0};
    struct sl_err err = {0};

    assert_non_null(dictionary);
    assert_int_equal(sl_buf_add_str(&dictionary->db, "shop"), SL_OK);
    assert_int_equal(sl_buf_add_str(&dictionary->table, table), SL_OK);
    sample(&samples, from, 2000);
    assert_ok(sl_train(&samples, 2048, &dictionary->bytes, &dictionary->id, &err), &err);
    sl_samples_release(&samples);
}

static void a_dictionary_wins_on_values_it_was_not_made_of(void **state)
{
    struct sl_dictionaries known = {0};
    struct sl_samples others = {0};
    struct sl_gain gain = {0};
    struct sl_gain idle = {0};
    const struct sl_dictionary *dictionary;

    (void)state;
    train(&known, "t", 1);
    dictionary = sl_dictionaries_find(&known, sl_check_span("shop"), sl_check_span("t"));
    assert_non_null(dictionary);
    assert_in_range(dictionary->id, 32768, (1U << 31) - 1);
    assert_in_range(dictionary->bytes.len, 256, 2048);
    sample(&others, 50000, 500);
    assert_int_equal(sl_train_gain(&others, text_of(&dictionary->bytes), 3, 0, &gain), SL_OK);
    assert_int_equal(gain.raw, others.bytes.len);
    assert_true(gain.zstd <= gain.raw && gain.dictionary < gain.zstd / 2);
    assert_int_equal(sl_train_gain(&others, text_of(&dictionary->bytes), 3, 1000, &idle), SL_OK);
    assert_int_equal(idle.dictionary, gain.raw);
    assert_null(sl_dictionaries_find(&known, sl_check_span("shop"), sl_check_span("tt")));
    assert_null(sl_dictionaries_find(&known, sl_check_span("shop2"), sl_check_span("t")));
    sl_samples_release(&others);
    sl_dictionaries_release(&known);
}

static void nothing_is_made_of_nothing(void **state)
{
    struct sl_samples samples = {0};
    struct sl_buf out = {0};
    struct sl_err err = {0};
    uint32_t id;

    (void)state;
    assert_int_equal(sl_train(&samples, 2048, &out, &id, &err), SL_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "0 values with 0 bytes: sample more rows"));
    sample(&samples, 1, 2);
    assert_int_equal(sl_train(&samples, 2048, &out, &id, &err), SL_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "2 values with"));
    sl_samples_release(&samples);
    sl_buf_release(&out);
}

/* ---- tables ---- */

struct fixture {
    struct sl_test_table test;
    struct sl_mapper *mapper;
    struct sl_dictionaries known;
    struct sl_unpacker *unpacker;
    struct sl_expect written;
    unsigned notices;
    char notice[1280];
    unsigned finds;
};

static void on_notice(void *user, bool is_warning, const char *text)
{
    struct fixture *fix = user;

    assert_true(is_warning);
    fix->notices++;
    (void)snprintf(fix->notice, sizeof(fix->notice), "%s", text);
}

static int find(void *user, uint32_t id, struct sl_buf *out, struct sl_err *err)
{
    struct fixture *fix = user;

    (void)err;
    fix->finds++;
    for (size_t i = 0; i < fix->known.count; i++) {
        if (fix->known.items[i].id == id) {
            return sl_buf_add(out, fix->known.items[i].bytes.data, fix->known.items[i].bytes.len);
        }
    }
    return SL_DONE;
}

static const struct sl_table_rule rule = {.pattern = "shop.*",
                                          .db_pattern = "shop",
                                          .table_pattern = "*",
                                          .key_template = "{table}:{pk}",
                                          .value = SL_VALUE_JSON,
                                          .compress = SL_COMPRESS_DICT,
                                          .compress_level = 3};

static void init(struct fixture *fix)
{
    *fix = (struct fixture){0};
    fix->mapper = sl_rule_mapper_new(&rule, 1, NULL);
    fix->unpacker = sl_unpacker_new(find, fix);
    sl_rule_mapper_use_dictionaries(fix->mapper, &fix->known);
    sl_rule_mapper_on_notice(fix->mapper, on_notice, fix);
}

static void release(struct fixture *fix)
{
    fix->mapper->ops->free(fix->mapper);
    sl_unpacker_free(fix->unpacker);
    sl_expect_release(&fix->written);
    sl_dictionaries_release(&fix->known);
}

/* The id of the dictionary that a row of TABLE is compressed with. */
static unsigned write_row(struct fixture *fix, const char *table)
{
    static const struct sl_cell cells[] = {
        {.data = (const uint8_t *)"7", .len = 1, .state = SL_CELL_TEXT},
        {.data = (const uint8_t *)"shipped shipped shipped shipped shipped shipped",
         .len = 47,
         .state = SL_CELL_TEXT}};
    struct sl_err err = {0};
    struct sl_span frame;
    struct sl_buf plain = {0};
    unsigned id;

    sl_test_table_init(&fix->test, "shop", table, "id int key,status text");
    assert_ok(fix->mapper->ops->table(fix->mapper, &fix->test.table, &err), &err);
    assert_ok(sl_expect_row(&fix->written, fix->test.table.user, cells, sl_check_span("k"), &err),
              &err);
    frame = fix->written.held.text;
    assert_true(sl_is_frame(frame));
    id = ZSTD_getDictID_fromFrame(frame.data, frame.len);
    if (id == 0 || fix->known.items[0].bytes.len > 0) {
        assert_ok(sl_unpack(fix->unpacker, frame, &plain, &err), &err);
        assert_span(text_of(&plain),
                    "{\"id\":7,\"status\":\"shipped shipped shipped shipped shipped "
                    "shipped\"}");
    }
    sl_buf_release(&plain);
    sl_test_table_release(&fix->test);
    return id;
}

static void each_table_has_its_own(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix);
    train(&fix.known, "t", 1);
    train(&fix.known, "u", 5000);
    assert_true(fix.known.items[0].id != fix.known.items[1].id);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(write_row(&fix, "t"), fix.known.items[0].id);
        assert_int_equal(write_row(&fix, "u"), fix.known.items[1].id);
    }
    assert_int_equal(fix.notices, 0);
    assert_int_equal(fix.finds, 2);
    release(&fix);
}

static void a_table_without_one_is_spoken_of_once(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix);
    train(&fix.known, "t", 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(write_row(&fix, "u"), 0);
    }
    assert_int_equal(fix.notices, 1);
    assert_non_null(strstr(fix.notice, "run sluice train --table shop.u, then restart"));
    assert_int_equal(write_row(&fix, "uu"), 0);
    assert_int_equal(fix.notices, 2);
    assert_int_equal(write_row(&fix, "t"), fix.known.items[0].id);
    assert_int_equal(fix.notices, 2);
    release(&fix);
}

/* Its id is noted, and nothing, or something else, is there. */
static void one_that_is_gone_is_not_used(void **state)
{
    struct fixture fix;
    char id[16];

    (void)state;
    for (int i = 0; i < 3; i++) {
        init(&fix);
        train(&fix.known, "t", 1);
        (void)snprintf(id, sizeof(id), "%u", (unsigned)fix.known.items[0].id);
        if (i == 0) {
            sl_buf_clear(&fix.known.items[0].bytes);
        } else if (i == 1) {
            fix.known.items[0].bytes.data[4] ^= 1; /* another id */
        } else {
            fix.known.items[0].bytes.data[0] ^= 1; /* no dictionary */
        }
        assert_int_equal(write_row(&fix, "t"), 0);
        assert_int_equal(write_row(&fix, "t"), 0);
        assert_int_equal(fix.notices, 1);
        assert_non_null(strstr(fix.notice, id));
        assert_non_null(strstr(fix.notice, "gone from Redis"));
        assert_non_null(strstr(fix.notice, "sluice bootstrap --table shop.t"));
        release(&fix);
    }
}

static void a_frame_without_its_dictionary_is_refused(void **state)
{
    struct fixture fix;
    struct sl_buf frame = {0};
    struct sl_buf out = {0};
    struct sl_err err = {0};

    (void)state;
    init(&fix);
    train(&fix.known, "t", 1);
    (void)write_row(&fix, "t");
    assert_int_equal(sl_buf_add(&frame, fix.written.held.text.data, fix.written.held.text.len),
                     SL_OK);
    sl_unpacker_free(fix.unpacker);
    fix.unpacker = sl_unpacker_new(find, &fix);
    fix.known.items[0].id++;
    fix.finds = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sl_unpack(fix.unpacker, text_of(&frame), &out, &err), SL_EUNSUPPORTED);
        assert_non_null(strstr(err.text, "which is not in Redis any more"));
    }
    assert_int_equal(fix.finds, 1);
    fix.known.items[0].id--;
    fix.known.items[0].bytes.data[4] ^= 1; /* what is there is another one */
    sl_unpacker_free(fix.unpacker);
    fix.unpacker = sl_unpacker_new(find, &fix);
    assert_int_equal(sl_unpack(fix.unpacker, text_of(&frame), &out, &err), SL_EUNSUPPORTED);
    assert_int_equal(out.len, 0);
    sl_buf_release(&frame);
    sl_buf_release(&out);
    release(&fix);
}

/* ---- Redis ---- */

static struct sl_test_redis redis;
static struct sl_redis_options options;
static struct sl_redis_dictionaries place;

static int start(void **state)
{
    (void)state;
    sl_test_redis_start(&redis);
    options = (struct sl_redis_options){.scheme = SL_REDIS_TCP,
                                        .host = "127.0.0.1",
                                        .port = redis.port,
                                        .connect_timeout_ms = 5000};
    place = (struct sl_redis_dictionaries){.options = &options, .pipeline = "shop"};
    return 0;
}

static int stop(void **state)
{
    (void)state;
    sl_test_redis_stop(&redis);
    return 0;
}

static void store(const struct sl_dictionary *dictionary)
{
    struct sl_err err = {0};

    assert_ok(sl_redis_dictionary_store(&place, dictionary, &err), &err);
}

static void what_is_stored_comes_back(void **state)
{
    struct sl_dictionaries known = {0};
    struct sl_dictionaries read = {0};
    struct sl_buf bytes = {0};
    struct sl_err err = {0};
    char id[16];

    (void)state;
    sl_test_redis_do(&redis, "FLUSHALL");
    train(&known, "t", 1);
    train(&known, "a.b", 5000);
    train(&known, "t", 9000);
    for (size_t i = 0; i < known.count; i++) {
        store(&known.items[i]);
        store(&known.items[i]); /* again is fine */
    }
    (void)snprintf(id, sizeof(id), "%u", (unsigned)known.items[2].id);
    assert_string_equal(sl_test_redis_text(&redis, "HGET sluice:{shop}:dicts shop.t"), id);
    assert_int_equal(sl_test_redis_int(&redis, "DBSIZE"), 4); /* versions stay */
    sl_test_redis_do(&redis, "HSET sluice:{shop}:dicts nodot 1 shop.x none");
    assert_ok(sl_redis_dictionaries_read(&place, &read, &err), &err);
    for (size_t i = 1; i < known.count; i++) {
        const struct sl_dictionary *item = &known.items[i];
        const struct sl_dictionary *got =
            sl_dictionaries_find(&read, text_of(&item->db), text_of(&item->table));

        assert_non_null(got);
        assert_int_equal(got->id, item->id);
        assert_int_equal(got->bytes.len, item->bytes.len);
        assert_memory_equal(got->bytes.data, item->bytes.data, item->bytes.len);
    }
    assert_int_equal(sl_redis_dictionary_find(&place, known.items[0].id, &bytes, &err), SL_OK);
    assert_memory_equal(bytes.data, known.items[0].bytes.data, known.items[0].bytes.len);
    assert_int_equal(sl_redis_dictionary_find(&place, 77, &bytes, &err), SL_DONE);
    sl_buf_release(&bytes);
    sl_dictionaries_release(&read);
    sl_dictionaries_release(&known);
}

static void a_note_without_its_dictionary_is_kept(void **state)
{
    struct sl_dictionaries read = {0};
    const struct sl_dictionary *got;
    struct sl_err err = {0};

    (void)state;
    sl_test_redis_do(&redis, "FLUSHALL");
    assert_ok(sl_redis_dictionaries_read(&place, &read, &err), &err);
    assert_int_equal(read.count, 0);
    sl_test_redis_do(&redis, "HSET sluice:{shop}:dicts shop.t 40000");
    assert_ok(sl_redis_dictionaries_read(&place, &read, &err), &err);
    got = sl_dictionaries_find(&read, sl_check_span("shop"), sl_check_span("t"));
    assert_non_null(got);
    assert_int_equal(got->id, 40000);
    assert_int_equal(got->bytes.len, 0);
    sl_dictionaries_release(&read);
}

/* It would be the end of all values of the first. */
static void another_of_the_same_id_is_refused(void **state)
{
    struct sl_dictionaries known = {0};
    struct sl_err err = {0};

    (void)state;
    sl_test_redis_do(&redis, "FLUSHALL");
    train(&known, "t", 1);
    store(&known.items[0]);
    known.items[0].bytes.data[100] ^= 1;
    assert_int_equal(sl_redis_dictionary_store(&place, &known.items[0], &err), SL_EINVAL);
    assert_non_null(strstr(err.text, "another dictionary with the id"));
    sl_dictionaries_release(&known);
}

static void a_redis_that_refuses_is_said(void **state)
{
    struct sl_dictionaries known = {0};
    struct sl_dictionaries read = {0};
    struct sl_err err = {0};

    (void)state;
    sl_test_redis_do(&redis, "FLUSHALL");
    sl_test_redis_do(&redis, "SET sluice:{shop}:dicts x");
    train(&known, "t", 1);
    assert_true(sl_redis_dictionaries_read(&place, &read, &err) < 0);
    assert_non_null(strstr(err.text, "cannot read a dictionary"));
    sl_err_clear(&err);
    assert_true(sl_redis_dictionary_store(&place, &known.items[0], &err) < 0);
    assert_non_null(strstr(err.text, "cannot store a dictionary"));
    sl_dictionaries_release(&known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dictionary_wins_on_values_it_was_not_made_of),
        cmocka_unit_test(nothing_is_made_of_nothing),
        cmocka_unit_test(each_table_has_its_own),
        cmocka_unit_test(a_table_without_one_is_spoken_of_once),
        cmocka_unit_test(one_that_is_gone_is_not_used),
        cmocka_unit_test(a_frame_without_its_dictionary_is_refused),
        cmocka_unit_test(what_is_stored_comes_back),
        cmocka_unit_test(a_note_without_its_dictionary_is_kept),
        cmocka_unit_test(another_of_the_same_id_is_refused),
        cmocka_unit_test(a_redis_that_refuses_is_said),
    };

    return cmocka_run_group_tests_name("dictionaries", tests, start, stop);
}
