/* Every allocation of the modules on the way of a row fails once: nothing leaks, nothing crashes.
 */
#include "tests/support/check.h"

#include "cdc/reader.h"
#include "cdc/xa_hold.h"
#include "filters/encode.h"
#include "filters/expect.h"
#include "filters/key_owner.h"
#include "filters/mapper.h"
#include "filters/unpack.h"
#include "sinks/checkpoint.h"
#include "sinks/flight.h"
#include "sinks/heartbeat.h"
#include "tests/support/fail_alloc.h"
#include "tests/support/script_source.h"
#include "tests/support/table.h"

static int put(struct sl_batch *batch, unsigned key)
{
    uint32_t offset;
    int rc;

    sl_batch_begin(batch, &offset);
    rc = sl_buf_add_format(&batch->data, "%06u", key);
    if (rc == SL_OK) {
        rc = sl_batch_end(batch, offset, offset, 6, 1, SL_WRITE_WHOLE);
    }
    if (rc != SL_OK) {
        sl_batch_abandon(batch, offset);
    }
    return rc;
}

/* Whatever failed: a rollback leads back to the state at the mark. */
static int fill_batch(struct sl_batch *batch, struct sl_batch *other)
{
    int rc = SL_OK;

    for (unsigned i = 0; rc == SL_OK && i < 1500; i++) {
        rc = put(batch, i);
    }
    if (rc != SL_OK) {
        return rc;
    }
    batch->begin = sl_batch_here(batch);
    for (unsigned i = 0; rc == SL_OK && i < 1500; i += 3) {
        rc = put(batch, i);
    }
    if (rc == SL_OK) {
        rc = sl_batch_append(other, batch, batch->begin, NULL);
    }
    sl_batch_rollback(batch, batch->begin);
    assert_int_equal(batch->entry_count, 1500);
    assert_int_equal(batch->dead_count + batch->dead_bytes, 0);
    assert_int_equal(sl_batch_commands(batch), 1500);
    return rc;
}

static int use_batch(void *user)
{
    struct sl_batch *batch = sl_batch_new();
    struct sl_batch *other = batch != NULL ? sl_batch_new() : NULL;
    int rc = other != NULL ? fill_batch(batch, other) : SL_ENOMEM;

    (void)user;
    if (rc == SL_OK) {
        sl_batch_seal(other);
        sl_batch_clear(other);
    }
    sl_batch_free(batch);
    sl_batch_free(other);
    return rc;
}

static void a_batch_survives_want_of_memory(void **state)
{
    (void)state;
    assert_in_range(sl_fail_alloc_each(use_batch, NULL, false), 10, 100);
}

static int hold_rows(void *user)
{
    struct sl_xa_hold *hold = sl_xa_hold_new(1000);
    struct sl_batch *batch = hold != NULL ? sl_batch_new() : NULL;
    int rc = batch != NULL ? put(batch, 1) : SL_ENOMEM;

    (void)user;
    if (rc == SL_OK) {
        rc = sl_xa_hold_add(hold, sl_check_span("X'61',X'',1"), batch, NULL);
    }
    if (rc == SL_OK) {
        rc = sl_xa_hold_add(hold, sl_check_span("X'62',X'',1"), batch, NULL);
    }
    if (rc == SL_OK) {
        rc = sl_xa_hold_take(hold, sl_check_span("X'61',X'',1"), batch);
    }
    sl_xa_hold_free(hold);
    sl_batch_free(batch);
    return rc;
}

static void held_rows_survive_want_of_memory(void **state)
{
    (void)state;
    assert_in_range(sl_fail_alloc_each(hold_rows, NULL, false), 5, 100);
}

static const struct sl_table_rule rules[] = {
    {.pattern = "shop.*",
     .db_pattern = "shop",
     .table_pattern = "*",
     .key_template = "{{x}}:{db}:{table}:{pk}:{id}",
     .ttl_s = 60},
    {.pattern = "shop.*",
     .db_pattern = "shop",
     .table_pattern = "*",
     .key_template = "{pk}",
     .value = SL_VALUE_JSON,
     .where = "name ~= 'x' and row.id ~= 2"},
};

/* Compiles an expression and judges a row. */
static int use_where(void *user)
{
    const struct sl_test_table *test = user;
    const struct sl_cell cells[] = {sl_test_cell("1"), sl_test_cell("a:\"b\""), SL_NULL_CELL,
                                    sl_test_bytes("\x00\x01", 2)};
    struct sl_where_columns columns = {0};
    const struct sl_where_row row = {.table = &test->table, .columns = &columns, .cells = cells};
    enum sl_verdict verdict = SL_ROW_UNCLEAR;
    struct sl_where *where = NULL;
    int rc = sl_where_new(rules[1].where, &where, NULL);

    if (rc == SL_OK) {
        rc = sl_where_columns_find(rules[1].where, &test->table, &columns, NULL);
    }
    if (rc == SL_OK) {
        rc = sl_where_test(where, &row, &verdict, NULL);
    }
    assert_true(rc != SL_OK || verdict == SL_ROW_MATCHES);
    sl_where_free(where);
    sl_where_columns_release(&columns);
    return rc;
}

/* Want of memory is no failure of the expression: a row must not be removed for it. */
static void expressions_survive_want_of_memory(void **state)
{
    struct sl_test_table test;

    (void)state;
    sl_test_table_init(&test, "shop", "t", "id int key,name text key,note text,data blob");
    assert_in_range(sl_fail_alloc_each(use_where, &test, true), 50, 2000);
}

/* Compiles a function and encodes what it makes of a row. */
static int use_transform(void *user)
{
    static const struct sl_table_rule rule = {
        .pattern = "shop.t",
        .db_pattern = "shop",
        .table_pattern = "t",
        .key_template = "{pk}",
        .value = SL_VALUE_JSON,
        .on_error = SL_RULE_QUARANTINE,
        .transform =
            "function(row) row.x = {a = {row.id, row.name:upper()}, b = 'b'} row.name = nil "
            "return row end"};
    struct sl_mapper *mapper = sl_rule_mapper_new(&rule, 1, NULL);
    const struct sl_cell cells[] = {sl_test_cell("1"), sl_test_cell("a")};
    struct sl_expect expect = {0};
    struct sl_test_table test;
    int rc = mapper != NULL ? SL_OK : SL_ENOMEM;

    (void)user;
    sl_test_table_init(&test, "shop", "t", "id int key,name text");
    rc = rc == SL_OK ? mapper->ops->table(mapper, &test.table, NULL) : rc;
    rc =
        rc == SL_OK ? sl_expect_row(&expect, test.table.user, cells, sl_check_span("k"), NULL) : rc;
    assert_true(rc != SL_OK || expect.held.kind == SL_HELD_TEXT);
    sl_expect_release(&expect);
    sl_test_table_release(&test);
    if (mapper != NULL) {
        mapper->ops->free(mapper);
    }
    return rc;
}

/* Nor of a function: quarantine would remove the row. */
static void functions_survive_want_of_memory(void **state)
{
    (void)state;
    assert_in_range(sl_fail_alloc_each(use_transform, NULL, true), 50, 2000);
}

static int use_shape(void *user)
{
    const struct sl_test_table *test = user;
    const struct sl_cell cells[] = {sl_test_cell("1"), sl_test_cell("a:\"b\""), SL_NULL_CELL,
                                    sl_test_bytes("\x00\x01", 2)};
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < SL_COUNT(rules); i++) {
        struct sl_shape *shape = NULL;
        struct sl_buf key = {0};
        struct sl_buf out = {0};
        uint32_t key_at;
        uint16_t commands;

        rc = sl_shape_new(&rules[i], &test->table, &shape, NULL);
        if (rc == SL_OK) {
            rc = sl_key_render(&shape->key, &test->table, cells, NULL, &key, NULL);
        }
        if (rc == SL_OK) {
            rc = sl_encode_put(shape, (struct sl_row){.cells = cells},
                               sl_span_make(key.data, key.len), &out, &key_at, &commands, NULL);
        }
        sl_shape_free(shape);
        sl_buf_release(&key);
        sl_buf_release(&out);
    }
    return rc;
}

/* Rows packed as they are written, and unpacked again. */
static int use_packed_rows(const struct sl_test_table *test)
{
    static const struct sl_cell cells[] = {
        {.data = (const uint8_t *)"1", .len = 1, .state = SL_CELL_TEXT},
        {.data = (const uint8_t *)"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         .len = 39,
         .state = SL_CELL_TEXT},
        {.state = SL_CELL_NULL},
        {.data = (const uint8_t *)"\x28\xb5\x2f\xfd", .len = 4, .state = SL_CELL_TEXT}};
    struct sl_unpacker *unpacker = sl_unpacker_new(NULL, NULL);
    struct sl_unpacked unpacked = {0};
    struct sl_expect expect = {0};
    struct sl_span key = sl_span_make("k", 1);
    int rc = unpacker != NULL ? SL_OK : SL_ENOMEM;

    if (rc == SL_OK) {
        rc = sl_expect_row(&expect, test->table.user, cells, key, NULL);
    }
    if (rc == SL_OK) {
        rc = sl_unpack_held(unpacker, &expect.held, &unpacked, NULL);
    }
    if (rc == SL_OK) {
        assert_false(unpacked.held.is_damaged);
    }
    sl_unpacker_free(unpacker);
    sl_unpacked_release(&unpacked);
    sl_expect_release(&expect);
    return rc;
}

static int use_packing(void *user)
{
    static const struct sl_table_rule rule = {.pattern = "shop.t",
                                              .db_pattern = "shop",
                                              .table_pattern = "t",
                                              .key_template = "{pk}",
                                              .compress = SL_COMPRESS_ZSTD};
    struct sl_mapper *mapper = sl_rule_mapper_new(&rule, 1, NULL);
    struct sl_test_table test;
    int rc = mapper != NULL ? SL_OK : SL_ENOMEM;

    (void)user;
    sl_test_table_init(&test, "shop", "t", "id int key,a text,b int,c text");
    rc = rc == SL_OK ? mapper->ops->table(mapper, &test.table, NULL) : rc;
    rc = rc == SL_OK ? use_packed_rows(&test) : rc;
    sl_test_table_release(&test);
    if (mapper != NULL) {
        mapper->ops->free(mapper);
    }
    return rc;
}

static void packed_rows_survive_want_of_memory(void **state)
{
    (void)state;
    assert_in_range(sl_fail_alloc_each(use_packing, NULL, false), 10, 100);
}

static void shapes_survive_want_of_memory(void **state)
{
    struct sl_test_table test;

    (void)state;
    sl_test_table_init(&test, "shop", "t", "id int key,name text key,note text,data blob");
    assert_in_range(sl_fail_alloc_each(use_shape, &test, false), 10, 200);
}

static int use_pattern(void *user)
{
    struct sl_key_pattern *pattern = sl_key_pattern_new(
        "{{x}}:{db}:{table}:{pk}:{id}", sl_check_span("shop"), sl_check_span("t"), 3);

    (void)user;
    if (pattern == NULL) {
        return SL_ENOMEM;
    }
    pattern->free(pattern);
    return SL_OK;
}

static int use_pattern_of_tables(void *user)
{
    const struct sl_key_tables tables = {
        .rules = rules, .count = SL_COUNT(rules), .rule = &rules[0], .db = sl_check_span("shop")};
    struct sl_key_pattern *pattern = sl_key_pattern_of_tables(&tables);

    (void)user;
    if (pattern == NULL) {
        return SL_ENOMEM;
    }
    pattern->free(pattern);
    return SL_OK;
}

static int use_owner_pattern(void *user)
{
    const struct sl_table table = {
        .db = sl_check_span("shop"), .name = sl_check_span("t"), .key_count = 1};
    struct sl_key_pattern *pattern =
        sl_key_owner_pattern(rules, SL_COUNT(rules), &rules[0], 0, &table);

    (void)user;
    if (pattern == NULL) {
        return SL_ENOMEM;
    }
    pattern->free(pattern);
    return SL_OK;
}

static void key_patterns_survive_want_of_memory(void **state)
{
    (void)state;
    assert_in_range(sl_fail_alloc_each(use_pattern, NULL, false), 5, 100);
    assert_in_range(sl_fail_alloc_each(use_pattern_of_tables, NULL, false), 5, 100);
    assert_in_range(sl_fail_alloc_each(use_owner_pattern, NULL, false), 5, 100);
}

static int use_sink_parts(void *user)
{
    struct sl_position position = {.file = "log.000001", .offset = 4};
    const struct sl_redis_life life = {.run_id = "abc", .errors = 1};
    const struct sl_heartbeat heartbeat = {.state = "streaming", .position = &position};
    struct sl_flights flights = {0};
    struct sl_flight *flight = sl_flights_new(&flights);
    int rc = flight != NULL ? SL_OK : SL_ENOMEM;

    (void)user;
    if (rc == SL_OK) {
        flight->batch = sl_batch_new();
        rc = flight->batch != NULL ? SL_OK : SL_ENOMEM;
        sl_flights_add(&flights, flight);
    }
    if (rc == SL_OK) {
        rc = sl_checkpoint_write(&flight->head, "k", &position, &position, &life);
    }
    if (rc == SL_OK) {
        rc = sl_heartbeat_write(&flight->tail, "k", &heartbeat);
    }
    sl_flights_release(&flights);
    return rc;
}

static void what_the_sink_writes_survives_want_of_memory(void **state)
{
    (void)state;
    assert_in_range(sl_fail_alloc_each(use_sink_parts, NULL, false), 5, 100);
}

/* ---- the stream, and the whole reader ---- */

static int on_begin(void *user, bool is_xa, struct sl_err *err)
{
    (void)user;
    (void)is_xa;
    (void)err;
    return SL_OK;
}

static int on_table(void *user, struct sl_table *table, bool *skip, struct sl_err *err)
{
    (void)user;
    (void)table;
    (void)err;
    *skip = false;
    return SL_OK;
}

static int on_row(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    (void)user;
    (void)change;
    (void)err;
    return SL_OK;
}

static int on_end(void *user, struct sl_err *err)
{
    (void)user;
    (void)err;
    return SL_OK;
}

static int on_xid(void *user, struct sl_span xid, struct sl_err *err)
{
    (void)user;
    (void)xid;
    (void)err;
    return SL_OK;
}

static int on_ddl(void *user, const struct sl_ddl *ddl, struct sl_err *err)
{
    (void)user;
    (void)ddl;
    (void)err;
    return SL_OK;
}

static int use_stream(void *user)
{
    const struct sl_script *script = user;
    const struct sl_stream_options options = {
        .verify_checksum = true, .max_event_bytes = 1 << 20, .flavor = script->base.flavor};
    const struct sl_stream_handler handler = {.begin = on_begin,
                                              .table = on_table,
                                              .row = on_row,
                                              .commit = on_end,
                                              .rollback = on_end,
                                              .xa_prepare = on_xid,
                                              .xa_commit = on_xid,
                                              .xa_rollback = on_xid,
                                              .ddl = on_ddl,
                                              .idle = on_end};
    struct sl_position start = {.file = "capture.binlog", .offset = 4};
    struct sl_stream *stream = sl_stream_new(&options, &handler, &start);
    struct sl_err err = {0};
    int rc = stream != NULL ? SL_OK : SL_ENOMEM;

    for (size_t i = 0; rc == SL_OK && i < script->count; i++) {
        rc = sl_stream_feed(stream, sl_span_make(script->events[i].data, script->events[i].len),
                            &err);
    }
    sl_stream_free(stream);
    return rc;
}

static void for_each_capture(sl_fail_alloc_fn work)
{
    static const char *const names[] = {"mysql-transactions", "mysql-ddl",   "mysql-xa",
                                        "mysql-payload",      "mysql-types", "mysql-json",
                                        "mariadb-compressed", "mariadb-xa",  "mariadb-types"};

    for (size_t i = 0; i < SL_COUNT(names); i++) {
        struct sl_script script;

        sl_script_load(&script, names[i]);
        assert_in_range(sl_fail_alloc_each(work, &script, true), 5, 2000);
        sl_script_release(&script);
    }
}

static void the_stream_survives_want_of_memory(void **state)
{
    (void)state;
    for_each_capture(use_stream);
}

static void ignore(void *user)
{
    (void)user;
}

static int run_reader(struct sl_script *script, struct sl_handoff *handoff,
                      struct sl_mapper *mapper)
{
    const struct sl_reader_options options = {.batch_bytes = 1,
                                              .max_transaction_bytes = 1 << 20,
                                              .max_held_bytes = 1 << 20,
                                              .max_event_bytes = 1 << 20,
                                              .changed = ignore};
    struct sl_position start = {0};
    struct sl_reader *reader = sl_reader_new(&options, &script->base, mapper, handoff);
    int rc = reader != NULL ? SL_OK : SL_ENOMEM;

    if (rc == SL_OK) {
        rc = sl_reader_start(reader, SL_START_EARLIEST, &start, NULL);
    }
    if (rc == SL_OK) {
        rc = sl_reader_join(reader, NULL);
    }
    sl_reader_free(reader);
    return rc == SL_DONE ? SL_OK : rc;
}

static int use_reader(void *user)
{
    struct sl_mapper *mapper = sl_rule_mapper_new(rules, 1, NULL);
    struct sl_handoff handoff;
    int rc = mapper != NULL ? SL_OK : SL_ENOMEM;

    if (rc == SL_OK && (rc = sl_handoff_init(&handoff, 1 << 24, ignore, NULL)) == SL_OK) {
        rc = run_reader(user, &handoff, mapper);
        sl_handoff_release(&handoff);
    }
    if (mapper != NULL) {
        mapper->ops->free(mapper);
    }
    return rc;
}

static void the_reader_survives_want_of_memory(void **state)
{
    struct sl_script script;

    (void)state;
    sl_script_load(&script, "mysql-transactions");
    sl_script_cut(&script, script.count - 12, 12); /* from the first change by statement on */
    assert_in_range(sl_fail_alloc_each(use_reader, &script, true), 50, 2000);
    sl_script_release(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_survives_want_of_memory),
        cmocka_unit_test(held_rows_survive_want_of_memory),
        cmocka_unit_test(expressions_survive_want_of_memory),
        cmocka_unit_test(functions_survive_want_of_memory),
        cmocka_unit_test(shapes_survive_want_of_memory),
        cmocka_unit_test(packed_rows_survive_want_of_memory),
        cmocka_unit_test(key_patterns_survive_want_of_memory),
        cmocka_unit_test(what_the_sink_writes_survives_want_of_memory),
        cmocka_unit_test(the_stream_survives_want_of_memory),
        cmocka_unit_test(the_reader_survives_want_of_memory),
    };

    return cmocka_run_group_tests_name("allocation failures", tests, NULL, NULL);
}
