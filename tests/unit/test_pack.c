/* Values as zstd frames, and back; the other side of every check is zstd itself. */
#include "tests/support/check.h"

#include <pthread.h>
#include <stdlib.h>

#include <zstd.h>

#include "filters/encode.h"
#include "filters/expect.h"
#include "filters/mapper.h"
#include "filters/pack.h"
#include "filters/unpack.h"
#include "tests/support/table.h"

#define SL_MAGIC "\x28\xb5\x2f\xfd"

static void must_pack(const struct sl_pack *pack, const char *text, size_t len, struct sl_buf *out)
{
    sl_buf_clear(out);
    assert_int_equal(sl_buf_add(out, "head", 4), SL_OK);
    assert_int_equal(sl_buf_add(out, text, len), SL_OK);
    assert_int_equal(sl_pack_tail(pack, out, 4), SL_OK);
    assert_memory_equal(out->data, "head", 4);
}

static struct sl_span tail(const struct sl_buf *buf)
{
    return sl_span_make(buf->data + 4, buf->len - 4);
}

static void assert_holds(struct sl_span frame, const char *text, size_t len)
{
    char *plain = malloc(len + 1);

    assert_non_null(plain);
    assert_true(sl_is_frame(frame));
    assert_int_equal(ZSTD_getFrameContentSize(frame.data, frame.len), len);
    assert_int_equal(ZSTD_decompress(plain, len + 1, frame.data, frame.len), len);
    assert_memory_equal(plain, text, len);
    free(plain);
}

static char *repeated(size_t len)
{
    char *text = malloc(len + 1);

    assert_non_null(text);
    for (size_t i = 0; i < len; i++) {
        text[i] = "the same again, "[i % 16];
    }
    text[len] = '\0';
    return text;
}

static void a_long_value_is_a_frame(void **state)
{
    static const int levels[] = {1, 3, 9, 19};
    static const size_t lens[] = {200, 5000, 3000000};
    struct sl_buf out = {0};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(levels); i++) {
        struct sl_pack pack = {.packer = sl_packer_new(), .level = levels[i], .min_bytes = 64};

        for (size_t j = 0; j < SL_COUNT(lens); j++) {
            char *text = repeated(lens[j]);

            must_pack(&pack, text, lens[j], &out);
            assert_holds(tail(&out), text, lens[j]);
            assert_true(out.len - 4 < lens[j] / 2);
            free(text);
        }
        sl_packer_free(pack.packer);
    }
    sl_buf_release(&out);
}

static void what_is_short_or_gets_no_shorter_stays(void **state)
{
    struct sl_pack pack = {.packer = sl_packer_new(), .level = 3, .min_bytes = 64};
    char *text = repeated(64);
    char noise[100];
    struct sl_buf out = {0};
    uint32_t seed = 1;

    (void)state;
    for (size_t i = 0; i < sizeof(noise); i++) {
        seed = seed * 1664525 + 1013904223;
        noise[i] = (char)(seed >> 24);
    }
    must_pack(&pack, text, 63, &out);
    assert_span(tail(&out), "the same again, the same again, the same again, the same again,");
    must_pack(&pack, text, 64, &out);
    assert_true(sl_is_frame(tail(&out)));
    must_pack(&pack, noise, sizeof(noise), &out);
    assert_int_equal(out.len, 4 + sizeof(noise));
    assert_memory_equal(out.data + 4, noise, sizeof(noise));
    must_pack(&pack, "", 0, &out);
    assert_int_equal(out.len, 4);
    free(text);
    sl_packer_free(pack.packer);
    sl_buf_release(&out);
}

static void a_value_that_begins_as_a_frame_is_wrapped(void **state)
{
    static const char *const cases[] = {SL_MAGIC, SL_MAGIC "x", SL_MAGIC "\x20 not a frame"};
    struct sl_pack pack = {.packer = sl_packer_new(), .level = 3, .min_bytes = 64};
    struct sl_buf out = {0};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        must_pack(&pack, cases[i], strlen(cases[i]), &out);
        assert_holds(tail(&out), cases[i], strlen(cases[i]));
    }
    must_pack(&pack, "\x28\xb5\x2f", 3, &out);
    assert_span(tail(&out), "\x28\xb5\x2f");
    sl_packer_free(pack.packer);
    sl_buf_release(&out);
}

/* ---- back ---- */

static void frames_of_others_are_unpacked(void **state)
{
    struct sl_unpacker *unpacker = sl_unpacker_new(NULL, NULL);
    size_t len = 700000;
    char *text = repeated(len);
    struct sl_buf frame = {0};
    struct sl_buf out = {0};
    struct sl_err err = {0};
    ZSTD_CCtx *engine = ZSTD_createCCtx();

    (void)state;
    assert_int_equal(sl_buf_reserve(&frame, ZSTD_compressBound(len)), SL_OK);
    for (int has_size = 0; has_size < 2; has_size++) {
        for (int has_sum = 0; has_sum < 2; has_sum++) {
            (void)ZSTD_CCtx_setParameter(engine, ZSTD_c_contentSizeFlag, has_size);
            (void)ZSTD_CCtx_setParameter(engine, ZSTD_c_checksumFlag, has_sum);
            frame.len = ZSTD_compress2(engine, frame.data, frame.cap, text, len);
            sl_buf_clear(&out);
            assert_int_equal(sl_buf_add(&out, "head", 4), SL_OK);
            assert_ok(sl_unpack(unpacker, sl_span_make(frame.data, frame.len), &out, &err), &err);
            assert_int_equal(out.len, 4 + len);
            assert_memory_equal(out.data + 4, text, len);
        }
    }
    sl_buf_clear(&out);
    assert_ok(sl_unpack(unpacker, sl_check_span("plain"), &out, &err), &err);
    assert_span(sl_span_make(out.data, out.len), "plain");
    (void)ZSTD_freeCCtx(engine);
    sl_unpacker_free(unpacker);
    sl_buf_release(&frame);
    sl_buf_release(&out);
    free(text);
}

static void assert_refused(struct sl_unpacker *unpacker, const void *data, size_t len)
{
    struct sl_buf out = {0};
    struct sl_err err = {0};
    uint8_t *copy = malloc(len);

    assert_non_null(copy);
    memcpy(copy, data, len);
    assert_int_equal(sl_buf_add(&out, "x", 1), SL_OK);
    assert_int_equal(sl_unpack(unpacker, sl_span_make(copy, len), &out, &err), SL_EFORMAT);
    assert_non_null(strstr(err.text, "sluice bootstrap --table"));
    assert_int_equal(out.len, 1);
    free(copy);
    sl_buf_release(&out);
}

static void a_frame_that_is_cut_or_followed_is_refused(void **state)
{
    struct sl_unpacker *unpacker = sl_unpacker_new(NULL, NULL);
    struct sl_pack pack = {.packer = sl_packer_new(), .level = 3};
    char *text = repeated(3000);
    struct sl_buf out = {0};

    (void)state;
    must_pack(&pack, text, 3000, &out);
    for (size_t len = 4; len < out.len - 4; len++) {
        assert_refused(unpacker, out.data + 4, len);
    }
    assert_int_equal(sl_buf_add(&out, "x", 1), SL_OK);
    assert_refused(unpacker, out.data + 4, out.len - 4);
    assert_refused(unpacker, SL_MAGIC "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 14);
    free(text);
    sl_packer_free(pack.packer);
    sl_unpacker_free(unpacker);
    sl_buf_release(&out);
}

/* A head that promises 2 GiB and brings nothing. */
static void what_a_frame_says_is_not_allocated(void **state)
{
    static const char head[] = SL_MAGIC "\xa0\x00\x00\x00\x80\x01\x00\x00";
    struct sl_unpacker *unpacker = sl_unpacker_new(NULL, NULL);
    struct sl_buf out = {.limit = 1024 * 1024};
    struct sl_err err = {0};

    (void)state;
    assert_int_equal(ZSTD_getFrameContentSize(head, sizeof(head) - 1), 0x80000000);
    assert_int_equal(sl_unpack(unpacker, sl_span_make(head, sizeof(head) - 1), &out, &err),
                     SL_EFORMAT);
    sl_unpacker_free(unpacker);
    sl_buf_release(&out);
}

/* ---- rows ---- */

struct fixture {
    struct sl_test_table test;
    struct sl_table_rule rule;
    struct sl_mapper *mapper;
    struct sl_unpacker *unpacker;
    struct sl_batch *batch;
    struct sl_expect expect;
    struct sl_expect written;
    struct sl_err err;
};

static void init(struct fixture *fix, const char *spec, enum sl_value_kind value)
{
    *fix = (struct fixture){.rule = {.pattern = "shop.t",
                                     .db_pattern = "shop",
                                     .table_pattern = "t",
                                     .key_template = "{pk}",
                                     .value = value,
                                     .compress = SL_COMPRESS_ZSTD,
                                     .compress_level = 3,
                                     .min_bytes = 64}};
    sl_test_table_init(&fix->test, "shop", "t", spec);
    fix->mapper = sl_rule_mapper_new(&fix->rule, 1, NULL);
    fix->unpacker = sl_unpacker_new(NULL, NULL);
    fix->batch = sl_batch_new();
    assert_ok(fix->mapper->ops->table(fix->mapper, &fix->test.table, &fix->err), &fix->err);
}

static void release(struct fixture *fix)
{
    sl_test_table_release(&fix->test);
    fix->mapper->ops->free(fix->mapper);
    sl_unpacker_free(fix->unpacker);
    sl_batch_free(fix->batch);
    sl_expect_release(&fix->expect);
    sl_expect_release(&fix->written);
}

/* What the key holds when the row was written. */
static const struct sl_held *write_row(struct fixture *fix, const struct sl_cell *cells)
{
    struct sl_shape *shape = fix->test.table.user;
    uint32_t key_at;
    uint16_t commands;

    sl_buf_clear(&fix->written.commands);
    assert_ok(sl_encode_put(shape, (struct sl_row){.cells = cells}, sl_check_span("7"),
                            &fix->written.commands, &key_at, &commands, &fix->err),
              &fix->err);
    assert_int_equal(sl_expect_commands(&fix->written, sl_span_make(fix->written.commands.data,
                                                                    fix->written.commands.len)),
                     SL_OK);
    return &fix->written.held;
}

/* What reconcile expects of it. */
static const struct sl_held *expect(struct fixture *fix, const struct sl_cell *cells)
{
    struct sl_shape *shape = fix->test.table.user;
    struct sl_pack pack = shape->pack;

    shape->pack = (struct sl_pack){0};
    assert_ok(sl_expect_row(&fix->expect, shape, cells, sl_check_span("7"), &fix->err), &fix->err);
    shape->pack = pack;
    return &fix->expect.held;
}

static void long_fields_of_a_hash_are_frames(void **state)
{
    char *text = repeated(300);
    const struct sl_cell cells[] = {sl_test_cell("7"), sl_test_cell("short"), sl_test_cell(text),
                                    sl_test_cell(SL_MAGIC "zz"), SL_NULL_CELL};
    const struct sl_held *held;
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text,b text,c text,d text", SL_VALUE_HASH);
    held = write_row(&fix, cells);
    assert_int_equal(held->field_count, 4);
    assert_span(held->fields[1].value, "short");
    assert_holds(held->fields[2].value, text, 300);
    assert_holds(held->fields[3].value, SL_MAGIC "zz", 6);
    release(&fix);
    free(text);
}

static void a_json_row_is_one_frame(void **state)
{
    char *text = repeated(40);
    const struct sl_cell cells[] = {sl_test_cell("7"), sl_test_cell(text), sl_test_cell(text)};
    struct sl_buf plain = {0};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text,b text", SL_VALUE_JSON);
    assert_true(sl_is_frame(write_row(&fix, cells)->text));
    assert_ok(sl_unpack(fix.unpacker, fix.written.held.text, &plain, &fix.err), &fix.err);
    assert_int_equal(expect(&fix, cells)->kind, SL_HELD_TEXT);
    assert_int_equal(plain.len, fix.expect.held.text.len);
    assert_memory_equal(plain.data, fix.expect.held.text.data, plain.len);
    sl_buf_release(&plain);
    release(&fix);
    free(text);
}

static enum sl_drift compare(struct fixture *fix, const struct sl_cell *cells,
                             const struct sl_held *have)
{
    struct sl_unpacked unpacked = {0};
    const struct sl_held *want = expect(fix, cells);
    enum sl_drift drift;

    assert_ok(sl_unpack_held(fix->unpacker, have, &unpacked, &fix->err), &fix->err);
    drift = sl_held_compare(want, &unpacked.held);
    if (drift == SL_DRIFT_NONE) {
        assert_int_equal(sl_held_hash(want, 5), sl_held_hash(&unpacked.held, 5));
    } else {
        assert_true(sl_held_hash(want, 5) != sl_held_hash(&unpacked.held, 5));
    }
    sl_unpacked_release(&unpacked);
    return drift;
}

/* However the bytes came about: what they stand for counts. */
static void rows_are_compared_unpacked(void **state)
{
    char *text = repeated(300);
    const struct sl_cell cells[] = {sl_test_cell("7"), sl_test_cell(text), sl_test_cell(text)};
    struct fixture fix;

    (void)state;
    for (int value = SL_VALUE_HASH; value <= SL_VALUE_JSON; value++) {
        struct sl_shape *shape;

        init(&fix, "id int key,a text,b text", (enum sl_value_kind)value);
        shape = fix.test.table.user;
        for (int level = 1; level <= 19; level += 6) {
            shape->pack.level = level;
            assert_int_equal(compare(&fix, cells, write_row(&fix, cells)), SL_DRIFT_NONE);
        }
        shape->pack.min_bytes = 100000;
        assert_int_equal(compare(&fix, cells, write_row(&fix, cells)), SL_DRIFT_NONE);
        release(&fix);
    }
    free(text);
}

static void a_damaged_frame_differs(void **state)
{
    char *text = repeated(300);
    const struct sl_cell cells[] = {sl_test_cell("7"), sl_test_cell(text), SL_NULL_CELL};
    struct fixture fix;

    (void)state;
    for (int value = SL_VALUE_HASH; value <= SL_VALUE_JSON; value++) {
        const struct sl_held *held;
        struct sl_span frame;
        uint8_t *bytes;

        init(&fix, "id int key,a text,b text", (enum sl_value_kind)value);
        held = write_row(&fix, cells);
        frame = value == SL_VALUE_HASH ? held->fields[1].value : held->text;
        bytes = fix.written.commands.data + (frame.data - fix.written.commands.data);
        for (size_t i = 4; i < frame.len; i++) {
            bytes[i] ^= 0x55;
            assert_int_equal(compare(&fix, cells, held), SL_DRIFT_DIFFERENT);
            bytes[i] ^= 0x55;
        }
        assert_int_equal(compare(&fix, cells, held), SL_DRIFT_NONE);
        release(&fix);
    }
    free(text);
}

/* Readers would take it for a frame, so it is none of what the row should be. */
static void a_value_that_should_have_been_wrapped_differs(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("7"), sl_test_cell(SL_MAGIC "zz")};
    const struct sl_held_field fields[] = {
        {.name = sl_span_make("id", 2), .value = sl_span_make("7", 1)},
        {.name = sl_span_make("a", 1), .value = sl_span_make(SL_MAGIC "zz", 6)}};
    const struct sl_held raw = {.kind = SL_HELD_FIELDS, .fields = fields, .field_count = 2};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text", SL_VALUE_HASH);
    assert_int_equal(compare(&fix, cells, write_row(&fix, cells)), SL_DRIFT_NONE);
    assert_int_equal(compare(&fix, cells, &raw), SL_DRIFT_DIFFERENT);
    release(&fix);
}

/* Redis would end the connection. */
static void a_value_longer_than_redis_takes_is_refused(void **state)
{
    char *text = repeated(3000);
    char noise[1200];
    const struct sl_cell packed[] = {sl_test_cell("7"), sl_test_cell(text)};
    struct sl_cell raw[] = {sl_test_cell("7"), {0}};
    struct sl_buf out = {0};
    struct fixture fix;
    uint32_t seed = 1;
    uint32_t key_at;
    uint16_t commands;

    (void)state;
    for (size_t i = 0; i < sizeof(noise); i++) {
        seed = seed * 1664525 + 1013904223;
        noise[i] = (char)('a' + (seed >> 24) % 64);
    }
    raw[1] = (struct sl_cell){
        .data = (const uint8_t *)noise, .len = sizeof(noise), .state = SL_CELL_TEXT};
    for (int value = SL_VALUE_HASH; value <= SL_VALUE_JSON; value++) {
        struct sl_shape *shape;

        init(&fix, "id int key,a text", (enum sl_value_kind)value);
        shape = fix.test.table.user;
        assert_int_equal(shape->value_max_bytes, 536870912);
        shape->value_max_bytes = 800;
        (void)write_row(&fix, packed); /* it is compressed that counts */
        assert_int_equal(sl_encode_put(shape, (struct sl_row){.cells = raw}, sl_check_span("7"),
                                       &out, &key_at, &commands, &fix.err),
                         SL_ELIMIT);
        assert_non_null(strstr(fix.err.text, "of table shop.t"));
        assert_non_null(strstr(fix.err.text, "no more than 800"));
        assert_int_equal(out.len, 0);
        release(&fix);
    }
    sl_buf_release(&out);
    free(text);
}

static void who_compares_gets_plain_values(void **state)
{
    char *text = repeated(300);
    const struct sl_cell cells[] = {sl_test_cell("7"), sl_test_cell(text)};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,a text", SL_VALUE_HASH);
    sl_test_table_release(&fix.test);
    fix.test.table.user = NULL;
    sl_test_table_init(&fix.test, "shop", "t", "id int key,a text");
    sl_rule_mapper_leave_unpacked(fix.mapper);
    assert_ok(fix.mapper->ops->table(fix.mapper, &fix.test.table, &fix.err), &fix.err);
    assert_span(write_row(&fix, cells)->fields[1].value, text);
    release(&fix);
    free(text);
}

/* The reader's thread and one that loads a table. */
static void *pack_many(void *user)
{
    const struct sl_pack *pack = user;
    char *text = repeated(3000);
    struct sl_buf out = {0};

    for (int i = 0; i < 300; i++) {
        must_pack(pack, text, 3000, &out);
        assert_holds(tail(&out), text, 3000);
    }
    sl_buf_release(&out);
    free(text);
    return NULL;
}

static void threads_take_turns(void **state)
{
    struct sl_pack pack = {.packer = sl_packer_new(), .level = 1, .min_bytes = 64};
    pthread_t thread;

    (void)state;
    assert_non_null(pack.packer);
    assert_int_equal(pthread_create(&thread, NULL, pack_many, &pack), 0);
    (void)pack_many(&pack);
    assert_int_equal(pthread_join(thread, NULL), 0);
    sl_packer_free(pack.packer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_value_is_a_frame),
        cmocka_unit_test(threads_take_turns),
        cmocka_unit_test(what_is_short_or_gets_no_shorter_stays),
        cmocka_unit_test(a_value_that_begins_as_a_frame_is_wrapped),
        cmocka_unit_test(frames_of_others_are_unpacked),
        cmocka_unit_test(a_frame_that_is_cut_or_followed_is_refused),
        cmocka_unit_test(what_a_frame_says_is_not_allocated),
        cmocka_unit_test(long_fields_of_a_hash_are_frames),
        cmocka_unit_test(a_json_row_is_one_frame),
        cmocka_unit_test(rows_are_compared_unpacked),
        cmocka_unit_test(a_damaged_frame_differs),
        cmocka_unit_test(a_value_that_should_have_been_wrapped_differs),
        cmocka_unit_test(a_value_longer_than_redis_takes_is_refused),
        cmocka_unit_test(who_compares_gets_plain_values),
    };

    return cmocka_run_group_tests_name("packed values", tests, NULL, NULL);
}
