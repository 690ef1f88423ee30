#include "tests/support/check.h"

#include <pthread.h>

#include "filters/mapper.h"
#include "filters/table_regex.h"
#include "tests/support/table.h"

static const struct sl_table_rule hash_rule[] = {{.pattern = "shop.t",
                                                  .db_pattern = "shop",
                                                  .table_pattern = "t",
                                                  .key_template = "{db}:{table}:{pk}"}};
static const struct sl_table_rule json_rule[] = {{.pattern = "shop.*",
                                                  .db_pattern = "shop",
                                                  .table_pattern = "*",
                                                  .key_template = "j:{id}",
                                                  .value = SL_VALUE_JSON}};

struct fixture {
    struct sl_test_table test;
    struct sl_mapper *mapper;
    struct sl_batch *batch;
    struct sl_err err;
    struct sl_rereads *rereads; /* NULL: nobody can be asked */
    struct sl_buf text;
};

static void init(struct fixture *fix, const struct sl_table_rule *rules, const char *spec,
                 bool can_reread)
{
    const struct sl_rereads_options options = {
        .hash_key = "again", .state_key = "loads", .limit = 4096};

    *fix = (struct fixture){0};
    sl_test_table_init(&fix->test, "shop", "t", spec);
    if (can_reread) {
        fix->rereads = sl_rereads_new(&options);
        assert_non_null(fix->rereads);
        sl_rereads_end_look(fix->rereads, 1);
    }
    fix->mapper = sl_rule_mapper_new(rules, 1, fix->rereads);
    fix->batch = sl_batch_new();
    assert_true(fix->mapper->ops->wants(fix->mapper, fix->test.table.db, fix->test.table.name));
    assert_ok(fix->mapper->ops->table(fix->mapper, &fix->test.table, &fix->err), &fix->err);
}

static void release(struct fixture *fix)
{
    sl_test_table_release(&fix->test);
    fix->mapper->ops->free(fix->mapper);
    sl_rereads_free(fix->rereads);
    sl_batch_free(fix->batch);
    sl_buf_release(&fix->text);
}

static bool is_full(const struct fixture *fix, const struct sl_cell *cells)
{
    for (uint32_t i = 0; cells != NULL && i < fix->test.table.column_count; i++) {
        if (cells[i].state == SL_CELL_ABSENT) {
            return false;
        }
    }
    return cells != NULL;
}

static int map(struct fixture *fix, const struct sl_cell *before, const struct sl_cell *after)
{
    const struct sl_row_change change = {
        .op = before == NULL  ? SL_OP_INSERT
              : after == NULL ? SL_OP_DELETE
                              : SL_OP_UPDATE,
        .table = &fix->test.table,
        .before = before,
        .after = after,
        .before_is_full = is_full(fix, before),
        .after_is_full = is_full(fix, after),
    };

    return fix->mapper->ops->row(fix->mapper, &change, fix->batch, &fix->err);
}

static void must_map(struct fixture *fix, const struct sl_cell *before, const struct sl_cell *after)
{
    assert_ok(map(fix, before, after), &fix->err);
}

static struct sl_span take_argument(struct sl_span *rest)
{
    struct sl_span text;
    size_t len = (size_t)strtoul((const char *)rest->data + 1, NULL, 10);

    while (rest->data[0] != '\n') {
        assert_int_equal(sl_span_skip(rest, 1), SL_OK);
    }
    assert_int_equal(sl_span_skip(rest, 1), SL_OK);
    assert_int_equal(sl_span_take(rest, len, &text), SL_OK);
    assert_int_equal(sl_span_skip(rest, 2), SL_OK);
    return text;
}

/* The live commands of the batch, "HSET k f v; DEL k", scripts left out. */
static const char *commands(struct fixture *fix)
{
    struct sl_span rest;

    sl_batch_seal(fix->batch);
    rest = sl_span_make(fix->batch->data.data, fix->batch->data.len);
    sl_buf_clear(&fix->text);
    while (rest.len > 0) {
        unsigned long count = strtoul((const char *)rest.data + 1, NULL, 10);

        assert_int_equal(rest.data[0], '*');
        while (rest.data[0] != '\n') {
            assert_int_equal(sl_span_skip(&rest, 1), SL_OK);
        }
        assert_int_equal(sl_span_skip(&rest, 1), SL_OK);
        for (unsigned long i = 0; i < count; i++) {
            struct sl_span text = take_argument(&rest);

            if (text.len < 100) {
                assert_int_equal(sl_buf_add(&fix->text, text.data, text.len), SL_OK);
                assert_int_equal(sl_buf_add_byte(&fix->text, ' '), SL_OK);
            }
        }
        fix->text.len -= 1;
        assert_int_equal(sl_buf_add_str(&fix->text, "; "), SL_OK);
    }
    fix->text.len -= fix->text.len > 0 ? 2 : 0;
    return sl_buf_cstr(&fix->text);
}

static void rows_are_written_and_removed(void **state)
{
    const struct sl_cell one[] = {sl_test_cell("1"), sl_test_cell("a")};
    const struct sl_cell changed[] = {sl_test_cell("1"), sl_test_cell("b")};
    const struct sl_cell two[] = {sl_test_cell("2"), SL_NULL_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, hash_rule, "id int key,name text", false);
    must_map(&fix, NULL, two);
    must_map(&fix, NULL, one);
    must_map(&fix, one, changed);
    assert_int_equal(fix.batch->rows, 3);
    assert_string_equal(commands(&fix), "HSET shop:t:2 id 2; HDEL shop:t:2 name; "
                                        "HSET shop:t:1 id 1 name b");
    release(&fix);
    init(&fix, json_rule, "id int key,name text", false);
    must_map(&fix, NULL, one);
    must_map(&fix, two, NULL);
    assert_string_equal(commands(&fix), "SET j:1 {\"id\":1,\"name\":\"a\"}; DEL j:2");
    release(&fix);
}

static void a_moved_key_is_removed_before_the_new_one_is_written(void **state)
{
    const struct sl_cell old[] = {sl_test_cell("1"), sl_test_cell("a")};
    const struct sl_cell new[] = {sl_test_cell("2"), sl_test_cell("a")};
    struct fixture fix;

    (void)state;
    init(&fix, json_rule, "id int key,name text", false);
    must_map(&fix, old, new);
    assert_string_equal(commands(&fix), "DEL j:1; SET j:2 {\"id\":2,\"name\":\"a\"}");
    release(&fix);
}

static void an_update_of_other_columns_writes_nothing(void **state)
{
    static const char *const columns[] = {"id", "name"};
    struct sl_table_rule rule = hash_rule[0];
    const struct sl_cell before[] = {sl_test_bytes("\1\0\0\0", 4), sl_test_bytes("a", 1),
                                     sl_test_bytes("x", 1)};
    const struct sl_cell null[] = {before[0], SL_NULL_CELL, before[2]};
    const struct sl_cell absent[] = {before[0], SL_ABSENT_CELL, before[2]};

    const struct {
        const struct sl_cell *before;
        struct sl_cell after[3];
        bool writes;
    } cases[] = {
        {before, {before[0], before[1], sl_test_bytes("y", 1)}, false},
        {before, {before[0], before[1], SL_NULL_CELL}, false},
        {before, {before[0], before[1], SL_ABSENT_CELL}, false},
        {null, {before[0], SL_NULL_CELL, sl_test_bytes("y", 1)}, false},
        {before, {before[0], sl_test_bytes("b", 1), before[2]}, true},
        {before, {before[0], sl_test_bytes("ab", 2), before[2]}, true},
        {before, {before[0], sl_test_bytes("", 0), before[2]}, true},
        {before, {before[0], SL_NULL_CELL, before[2]}, true},
        {null, {before[0], before[1], before[2]}, true},
        {before, {before[0], SL_ABSENT_CELL, before[2]}, true}, /* a part that is not there */
        {absent, {before[0], SL_ABSENT_CELL, before[2]}, true},
        {before, {sl_test_bytes("\2\0\0\0", 4), before[1], before[2]}, true},
    };

    (void)state;
    rule.columns = columns;
    rule.column_count = 2;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct fixture fix;

        init(&fix, &rule, "id int key,name text,note text", false);
        must_map(&fix, cases[i].before, cases[i].after);
        if ((fix.batch->entry_count > 0) != cases[i].writes ||
            (fix.mapper->stats.unchanged == 0) != cases[i].writes) {
            fail_msg("case %zu: %u entries, %lu unchanged", i, (unsigned)fix.batch->entry_count,
                     (unsigned long)fix.mapper->stats.unchanged);
        }
        release(&fix);
    }
}

static void a_time_to_live_is_renewed_by_every_update(void **state)
{
    static const char *const columns[] = {"id"};
    struct sl_table_rule rule = hash_rule[0];
    const struct sl_cell before[] = {sl_test_cell("1"), sl_test_bytes("a", 1)};
    const struct sl_cell after[] = {sl_test_cell("1"), sl_test_bytes("b", 1)};
    struct fixture fix;

    (void)state;
    rule.columns = columns;
    rule.column_count = 1;
    rule.ttl_s = 60;
    init(&fix, &rule, "id int key,name text", false);
    must_map(&fix, before, after);
    assert_string_equal(commands(&fix), "HSET shop:t:1 id 1; EXPIRE shop:t:1 60");
    assert_int_equal(fix.mapper->stats.unchanged, 0);
    release(&fix);
}

/* ---- where ---- */

static const struct sl_table_rule where_rule[] = {{.pattern = "shop.t",
                                                   .db_pattern = "shop",
                                                   .table_pattern = "t",
                                                   .key_template = "{db}:{table}:{pk}",
                                                   .where = "state ~= 'draft'"}};

/* A row's texts, NULL: the image lacks it. */
struct image {
    const char *id;
    const char *state;
    const char *v;
};

static const struct sl_cell *cells_of(const struct image *image, struct sl_cell *cells)
{
    const char *const texts[] = {image->id, image->state, image->v};

    for (size_t i = 0; i < SL_COUNT(texts); i++) {
        cells[i] = texts[i] != NULL ? sl_test_cell(texts[i]) : SL_ABSENT_CELL;
    }
    return image->id != NULL || image->state != NULL || image->v != NULL ? cells : NULL;
}

struct where_case {
    struct image before;
    struct image after;
    const char *want;
};

static void check_where(const struct where_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sl_cell before[3];
        struct sl_cell after[3];
        struct fixture fix;
        const char *have;

        init(&fix, where_rule, "id int key,state text,v text not", true);
        must_map(&fix, cells_of(&cases[i].before, before), cells_of(&cases[i].after, after));
        have = commands(&fix);
        if (strcmp(have, cases[i].want) != 0) {
            fail_msg("case %zu: \"%s\" instead of \"%s\"", i, have, cases[i].want);
        }
        release(&fix);
    }
}

static void rows_come_and_go_with_where(void **state)
{
    static const struct where_case cases[] = {
        {.after = {"1", "open", "x"}, .want = "HSET shop:t:1 id 1 state open v x"},
        {.after = {"1", "draft", "x"}, .want = "DEL shop:t:1"},
        {{"1", "draft", "x"}, {"1", "open", "x"}, "HSET shop:t:1 id 1 state open v x"},
        {{"1", "open", "x"}, {"1", "open", "y"}, "HSET shop:t:1 id 1 state open v y"},
        {{"1", "open", "x"}, {"1", "draft", "x"}, "DEL shop:t:1"},
        {{"1", "draft", "x"}, {"1", "draft", "y"}, "DEL shop:t:1"},
        {{"1", "open", "x"}, {"2", "open", "x"}, "DEL shop:t:1; HSET shop:t:2 id 2 state open v x"},
        {{"1", "open", "x"}, {"2", "draft", "x"}, "DEL shop:t:1; DEL shop:t:2"},
        {.before = {"1", "open", "x"}, .want = "DEL shop:t:1"},
        {.before = {"1", NULL, NULL}, .want = "DEL shop:t:1"},
    };

    (void)state;
    check_where(cases, SL_COUNT(cases));
}

static void a_part_is_added_only_to_a_row_that_matched(void **state)
{
    static const struct where_case cases[] = {
        /* MINIMAL: what state was, or is, nobody knows. */
        {{"1", NULL, NULL}, {NULL, NULL, "y"}, "HSET again shop.t shop:t:1 id=1"},
        {{"1", NULL, NULL}, {NULL, "open", NULL}, "HSET again shop.t shop:t:1 id=1"},
        {{"1", NULL, NULL}, {NULL, "draft", NULL}, "DEL shop:t:1"},
        {{"1", "draft", NULL}, {NULL, "open", NULL}, "HSET again shop.t shop:t:1 id=1"},
        {{"1", "open", NULL}, {NULL, "other", NULL}, "EVAL 1 shop:t:1 1 state other"},
        {.after = {"1", NULL, "x"}, .want = "HSET again shop.t shop:t:1 id=1"},
        {.after = {"1", "open", NULL}, .want = "HSET again shop.t shop:t:1 id=1"},
    };

    (void)state;
    check_where(cases, SL_COUNT(cases));
}

static void selected_rows_obey_where(void **state)
{
    const struct sl_cell open[] = {sl_test_cell("1"), sl_test_cell("open"), sl_test_cell("x")};
    const struct sl_cell draft[] = {sl_test_cell("2"), sl_test_cell("draft"), sl_test_cell("x")};
    struct sl_loaded_row row = {.cells = open, .write = SL_WRITE_REPLACE};
    struct fixture fix;

    (void)state;
    init(&fix, where_rule, "id int key,state text,v text not", false);
    row.table = &fix.test.table;
    assert_ok(fix.mapper->ops->load_row(fix.mapper, &row, fix.batch, &fix.err), &fix.err);
    row.cells = draft;
    assert_ok(fix.mapper->ops->load_row(fix.mapper, &row, fix.batch, &fix.err), &fix.err);
    assert_string_equal(commands(&fix), "DEL shop:t:1; HSET shop:t:1 id 1 state open v x; "
                                        "DEL shop:t:2");
    release(&fix);
}

static void a_selected_row_is_put_under_a_key_that_is_known(void **state)
{
    const struct sl_cell open[] = {sl_test_cell("1"), sl_test_cell("open"), sl_test_cell("x")};
    const struct sl_cell draft[] = {sl_test_cell("2"), sl_test_cell("draft"), sl_test_cell("x")};
    struct sl_loaded_row row = {.cells = open, .key = sl_check_span("k1"), .write = SL_WRITE_WHOLE};
    struct fixture fix;

    (void)state;
    init(&fix, where_rule, "id int key,state text,v text not", false);
    row.table = &fix.test.table;
    assert_ok(fix.mapper->ops->put_row(fix.mapper, &row, fix.batch, &fix.err), &fix.err);
    row.cells = draft;
    row.key = sl_check_span("k2");
    assert_ok(fix.mapper->ops->put_row(fix.mapper, &row, fix.batch, &fix.err), &fix.err);
    assert_string_equal(commands(&fix), "HSET k1 id 1 state open v x; DEL k2");
    release(&fix);
}

/* The mapper's thread judges rows of its own meanwhile. */
static void *judge_rows(void *user)
{
    const struct sl_cell draft[] = {sl_test_cell("2"), sl_test_cell("draft"), sl_test_cell("x")};
    struct fixture *fix = user;
    struct sl_batch *batch = sl_batch_new();
    const struct sl_loaded_row row = {
        .table = &fix->test.table, .cells = draft, .key = sl_check_span("k")};

    for (int i = 0; i < 2000; i++) {
        assert_int_equal(fix->mapper->ops->put_row(fix->mapper, &row, batch, NULL), SL_OK);
        assert_int_equal(sl_batch_commands(batch), 1);
    }
    assert_memory_equal(batch->data.data, "*2\r\n$3\r\nDEL", 11);
    sl_batch_free(batch);
    return NULL;
}

static void rows_are_put_by_two_threads(void **state)
{
    struct fixture fix;
    pthread_t thread;

    (void)state;
    init(&fix, where_rule, "id int key,state text,v text not", false);
    assert_int_equal(pthread_create(&thread, NULL, judge_rows, &fix), 0);
    (void)judge_rows(&fix);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(fix.mapper->stats.filtered, 4000);
    release(&fix);
}

static void what_where_looks_at_is_no_idle_change(void **state)
{
    static const char *const columns[] = {"id", "v"};
    struct sl_table_rule rule = where_rule[0];
    const struct sl_cell open[] = {sl_test_bytes("\1\0\0\0", 4), sl_test_bytes("open", 4),
                                   sl_test_bytes("x", 1), sl_test_bytes("a", 1)};
    const struct sl_cell draft[] = {open[0], sl_test_bytes("draft", 5), open[2], open[3]};
    const struct sl_cell note[] = {open[0], open[1], open[2], sl_test_bytes("b", 1)};
    struct fixture fix;

    (void)state;
    rule.columns = columns;
    rule.column_count = 2;
    init(&fix, &rule, "id int key,state text,v text,note text", false);
    must_map(&fix, open, note);
    assert_int_equal(fix.mapper->stats.unchanged, 1);
    must_map(&fix, open, draft);
    assert_string_equal(commands(&fix), "DEL shop:t:1");
    release(&fix);
}

/* ---- a where that fails ---- */

struct notices {
    unsigned count;
    char last[512];
};

static void on_notice(void *user, bool is_warning, const char *text)
{
    struct notices *notices = user;

    assert_true(is_warning);
    notices->count++;
    (void)snprintf(notices->last, sizeof(notices->last), "%s", text);
}

static void a_where_that_fails_stops_and_shows_no_row(void **state)
{
    struct sl_table_rule rule = where_rule[0];
    const struct sl_cell row[] = {sl_test_cell("1"), sl_test_cell("secret"), sl_test_cell("x")};
    struct fixture fix;

    (void)state;
    rule.where = "state < 5";
    init(&fix, &rule, "id int key,state text,v text", false);
    assert_int_equal(map(&fix, NULL, row), SL_ERULE);
    assert_non_null(strstr(fix.err.text, "table shop.t fails on a row: attempt to compare string "
                                         "with number"));
    assert_null(strstr(fix.err.text, "secret"));
    assert_int_equal(fix.batch->entry_count, 0);
    release(&fix);
}

static void a_row_in_quarantine_is_removed_and_told_once(void **state)
{
    struct sl_table_rule rule = where_rule[0];
    const struct sl_cell row[] = {sl_test_cell("1"), sl_test_cell("secret"), sl_test_cell("x")};
    const struct sl_cell null[] = {sl_test_cell("2"), SL_NULL_CELL, sl_test_cell("x")};
    struct notices notices = {0};
    struct fixture fix;

    (void)state;
    rule.where = "state < 5";
    rule.on_error = SL_RULE_QUARANTINE;
    init(&fix, &rule, "id int key,state text,v text", false);
    sl_rule_mapper_on_notice(fix.mapper, on_notice, &notices);
    must_map(&fix, NULL, row);
    must_map(&fix, NULL, null);
    assert_string_equal(commands(&fix), "DEL shop:t:1; DEL shop:t:2");
    assert_int_equal(fix.mapper->stats.quarantined, 2);
    assert_int_equal(fix.mapper->stats.filtered, 0);
    assert_int_equal(notices.count, 1);
    assert_non_null(strstr(notices.last, "table shop.t"));
    assert_null(strstr(notices.last, "secret"));
    release(&fix);
}

static void a_where_with_a_misspelt_column_is_refused_with_its_table(void **state)
{
    struct sl_table_rule rule = where_rule[0];
    struct sl_test_table test;
    struct sl_mapper *mapper;
    struct sl_err err = {0};

    (void)state;
    rule.where = "sttae ~= 'draft'";
    mapper = sl_rule_mapper_new(&rule, 1, NULL);
    sl_test_table_init(&test, "shop", "t", "id int key,state text");
    assert_int_equal(mapper->ops->table(mapper, &test.table, &err), SL_EINVAL);
    assert_non_null(strstr(err.text, "shop.t uses sttae"));
    mapper->ops->free(mapper);
}

/* UPDATE t SET id = 3 - id, by way of a third number: each row must end under its new key. */
static void two_rows_may_swap_their_keys(void **state)
{
    const struct sl_cell a1[] = {sl_test_cell("1"), sl_test_cell("a")};
    const struct sl_cell a3[] = {sl_test_cell("3"), sl_test_cell("a")};
    const struct sl_cell b2[] = {sl_test_cell("2"), sl_test_cell("b")};
    const struct sl_cell b1[] = {sl_test_cell("1"), sl_test_cell("b")};
    const struct sl_cell a2[] = {sl_test_cell("2"), sl_test_cell("a")};
    struct fixture fix;

    (void)state;
    init(&fix, json_rule, "id int key,name text", false);
    must_map(&fix, a1, a3);
    must_map(&fix, b2, b1);
    must_map(&fix, a3, a2);
    assert_string_equal(commands(&fix), "SET j:1 {\"id\":1,\"name\":\"b\"}; DEL j:3; "
                                        "SET j:2 {\"id\":2,\"name\":\"a\"}");
    release(&fix);
}

static void a_partial_hash_image_is_merged(void **state)
{
    const struct sl_cell before[] = {sl_test_cell("1"), SL_ABSENT_CELL, SL_ABSENT_CELL};
    const struct sl_cell after[] = {SL_ABSENT_CELL, sl_test_cell("b"), SL_ABSENT_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, hash_rule, "id int key,name text,note text", false);
    must_map(&fix, before, after);
    assert_int_equal(fix.batch->entries[0].write, SL_WRITE_PARTIAL);
    assert_string_equal(commands(&fix), "EVAL 1 shop:t:1 1 name b");
    release(&fix);
}

static void other_partial_images_are_noted(void **state)
{
    const struct sl_cell before[] = {sl_test_cell("1"), SL_ABSENT_CELL, SL_ABSENT_CELL};
    const struct sl_cell after[] = {SL_ABSENT_CELL, sl_test_cell("b"), SL_ABSENT_CELL};
    const struct sl_cell moved[] = {sl_test_cell("2"), SL_ABSENT_CELL, SL_ABSENT_CELL};
    const struct sl_cell inserted[] = {sl_test_cell("1"), sl_test_cell("b"), SL_ABSENT_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, json_rule, "id int key,name text,note text", true);
    must_map(&fix, before, after);
    assert_int_equal(fix.batch->entries[0].write, SL_WRITE_LATER);
    must_map(&fix, before, after);
    assert_string_equal(commands(&fix), "HSET again shop.t j:1 id=1"); /* once */
    release(&fix);
    init(&fix, json_rule, "id int key,name text,note text", true);
    must_map(&fix, before, after);
    must_map(&fix, before, moved);
    assert_string_equal(commands(&fix), "DEL j:1; HSET again shop.t j:2 id=2");
    release(&fix);
    init(&fix, hash_rule, "id int key,name text,note text", true);
    must_map(&fix, NULL, inserted);
    assert_string_equal(commands(&fix), "HSET again shop.t shop:t:1 id=1");
    release(&fix);
}

static void a_whole_row_behind_it_makes_a_note_superfluous(void **state)
{
    const struct sl_cell before[] = {sl_test_cell("1"), SL_ABSENT_CELL};
    const struct sl_cell after[] = {SL_ABSENT_CELL, sl_test_cell("b")};
    const struct sl_cell whole[] = {sl_test_cell("1"), sl_test_cell("c")};
    struct fixture fix;

    (void)state;
    init(&fix, json_rule, "id int key,name text", true);
    must_map(&fix, NULL, whole);
    must_map(&fix, before, after);
    assert_string_equal(commands(&fix), "SET j:1 {\"id\":1,\"name\":\"c\"}; "
                                        "HSET again shop.t j:1 id=1");
    release(&fix);
    init(&fix, json_rule, "id int key,name text", true);
    must_map(&fix, before, after);
    must_map(&fix, NULL, whole);
    assert_string_equal(commands(&fix), "SET j:1 {\"id\":1,\"name\":\"c\"}");
    release(&fix);
}

/* It would be added to a row that is older than the part before. */
static void a_part_of_a_row_that_waits_is_not_added(void **state)
{
    const struct sl_cell unclear[] = {sl_test_cell("1"), SL_ABSENT_CELL, SL_ABSENT_CELL};
    const struct sl_cell open[] = {sl_test_cell("1"), sl_test_cell("open"), SL_ABSENT_CELL};
    const struct sl_cell after[] = {SL_ABSENT_CELL, SL_ABSENT_CELL, sl_test_cell("y")};
    const struct sl_cell part[] = {SL_ABSENT_CELL, sl_test_cell("done"), SL_ABSENT_CELL};
    struct sl_reread_note note = {.scope = sl_check_span("shop.t"),
                                  .key = sl_check_span("shop:t:1"),
                                  .cells = sl_check_span("id=1")};
    struct fixture fix;

    (void)state;
    init(&fix, where_rule, "id int key,state text,v text not", true);
    must_map(&fix, unclear, after);
    must_map(&fix, open, part);
    assert_string_equal(commands(&fix), "HSET again shop.t shop:t:1 id=1");
    sl_batch_clear(fix.batch);
    must_map(&fix, open, part);
    assert_string_equal(commands(&fix), "EVAL 1 shop:t:1 1 state done");
    sl_batch_clear(fix.batch);
    assert_int_equal(sl_rereads_add(fix.rereads, &note), SL_OK);
    must_map(&fix, open, part);
    assert_string_equal(commands(&fix), "HSET again shop.t shop:t:1 id=1");
    release(&fix);
}

/* Before the notes of earlier lives are known a part may be of a row that waits. */
static void parts_are_noted_until_all_notes_are_known(void **state)
{
    const struct sl_cell before[] = {sl_test_cell("1"), SL_ABSENT_CELL, SL_ABSENT_CELL};
    const struct sl_cell after[] = {SL_ABSENT_CELL, sl_test_cell("b"), SL_ABSENT_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, hash_rule, "id int key,name text,note text", true);
    sl_rereads_end_look(fix.rereads, 0);
    must_map(&fix, before, after);
    assert_string_equal(commands(&fix), "HSET again shop.t shop:t:1 id=1");
    release(&fix);
}

static void a_table_that_waits_to_be_loaded_needs_no_notes(void **state)
{
    const struct sl_cell before[] = {sl_test_cell("1"), SL_ABSENT_CELL};
    const struct sl_cell after[] = {SL_ABSENT_CELL, sl_test_cell("b")};
    struct sl_reread_note note = {.scope = sl_check_span("shop.t"),
                                  .key = sl_check_span("j:5"),
                                  .cells = sl_check_span("id=5")};
    struct fixture fix;

    (void)state;
    init(&fix, json_rule, "id int key,name text", true);
    assert_int_equal(sl_rereads_add(fix.rereads, &note), SL_OK);
    sl_rereads_make_whole(fix.rereads, sl_rereads_tables(fix.rereads));
    must_map(&fix, before, after);
    assert_int_equal(fix.batch->entry_count, 0);
    sl_rereads_begin(fix.rereads, true); /* nobody knows how long XA lasts */
    must_map(&fix, before, after);
    assert_int_equal(fix.batch->entry_count, 1);
    release(&fix);
}

static void nothing_is_guessed_when_nobody_can_be_asked(void **state)
{
    const struct sl_cell before[] = {sl_test_cell("1"), SL_ABSENT_CELL};
    const struct sl_cell after[] = {SL_ABSENT_CELL, sl_test_cell("b")};
    struct fixture fix;

    (void)state;
    init(&fix, json_rule, "id int key,name text", false);
    assert_int_equal(map(&fix, before, after), SL_EUNSUPPORTED);
    assert_non_null(strstr(fix.err.text, "binlog_row_image"));
    assert_int_equal(fix.batch->entry_count + fix.batch->data.len, 0);
    release(&fix);
}

/*
 * A row whose cached columns are all NULL has no key in Redis; a part of it cannot be told from a
 * part of a row that was never cached.
 */
static void a_part_of_a_row_that_may_have_no_key_is_read_again(void **state)
{
    static const char *const chosen[] = {"name", "note"};
    const struct sl_table_rule rule = {.pattern = "shop.t",
                                       .db_pattern = "shop",
                                       .table_pattern = "t",
                                       .key_template = "{pk}",
                                       .columns = chosen,
                                       .column_count = 2};
    const struct sl_cell before[] = {sl_test_cell("1"), SL_ABSENT_CELL, SL_ABSENT_CELL};
    const struct sl_cell after[] = {SL_ABSENT_CELL, sl_test_cell("b"), SL_ABSENT_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, &rule, "id int key,name text,note text", true);
    must_map(&fix, before, after);
    assert_string_equal(commands(&fix), "HSET again shop.t 1 id=1");
    release(&fix);
    init(&fix, &rule, "id int key,name text not,note text", true);
    must_map(&fix, before, after);
    assert_string_equal(commands(&fix), "EVAL 1 1 1 name b");
    release(&fix);
}

static void an_unchosen_column_may_be_absent(void **state)
{
    static const char *const chosen[] = {"name"};
    const struct sl_table_rule rule = {.pattern = "shop.t",
                                       .db_pattern = "shop",
                                       .table_pattern = "t",
                                       .key_template = "{pk}",
                                       .value = SL_VALUE_JSON,
                                       .columns = chosen,
                                       .column_count = 1};
    const struct sl_cell before[] = {sl_test_cell("1"), SL_ABSENT_CELL, SL_ABSENT_CELL};
    const struct sl_cell after[] = {SL_ABSENT_CELL, sl_test_cell("b"), SL_ABSENT_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, &rule, "id int key,name text,note text", false);
    must_map(&fix, before, after);
    assert_string_equal(commands(&fix), "SET 1 {\"name\":\"b\"}");
    release(&fix);
}

static void a_json_diff_without_its_document_is_read_again(void **state)
{
    const struct sl_cell before[] = {sl_test_cell("1"), SL_NULL_CELL};
    const struct sl_cell after[] = {sl_test_cell("1"), {.state = SL_CELL_JSON_DIFF}};
    struct fixture fix;

    (void)state;
    init(&fix, json_rule, "id int key,doc json", true);
    must_map(&fix, before, after);
    assert_string_equal(commands(&fix), "HSET again shop.t j:1 id=1");
    release(&fix);
}

static void a_key_column_that_no_image_has_is_an_error(void **state)
{
    const struct sl_table_rule rule = {.pattern = "shop.t",
                                       .db_pattern = "shop",
                                       .table_pattern = "t",
                                       .key_template = "u:{name}"};
    const struct sl_cell before[] = {sl_test_cell("1"), SL_ABSENT_CELL};
    const struct sl_cell after[] = {SL_ABSENT_CELL, sl_test_cell("b")};
    struct fixture fix;

    (void)state;
    init(&fix, &rule, "id int key,name text", true);
    assert_int_equal(map(&fix, before, after), SL_ESCHEMA);
    assert_int_equal(map(&fix, before, NULL), SL_ESCHEMA);
    assert_int_equal(fix.batch->entry_count, 0);
    release(&fix);
}

/* ---- statements ---- */

static int judge(struct fixture *fix, struct sl_ddl ddl, unsigned nth, struct sl_effect *effect)
{
    sl_err_clear(&fix->err);
    return fix->mapper->ops->ddl(fix->mapper, &ddl, nth, effect, &fix->err);
}

static struct sl_ddl on_table(enum sl_ddl_kind kind, const char *table)
{
    return (struct sl_ddl){
        .kind = kind, .db = sl_check_span("shop"), .table = sl_check_span(table)};
}

static void check_purge(struct sl_effect *effect, const char *mine, const char *foreign)
{
    assert_int_equal(effect->kind, SL_EFFECT_PURGE);
    assert_true(effect->purge->matches(effect->purge, sl_check_span(mine)));
    assert_false(effect->purge->matches(effect->purge, sl_check_span(foreign)));
    effect->purge->free(effect->purge);
}

static void dropped_and_truncated_tables_are_purged(void **state)
{
    static const enum sl_ddl_kind kinds[] = {SL_DDL_DROP_TABLE, SL_DDL_TRUNCATE};
    struct sl_effect effect;
    struct fixture fix;

    (void)state;
    init(&fix, hash_rule, "id int key,name text", false);
    for (size_t i = 0; i < SL_COUNT(kinds); i++) {
        assert_int_equal(judge(&fix, on_table(kinds[i], "t"), 0, &effect), SL_OK);
        check_purge(&effect, "shop:t:1", "shop:t2:1");
        assert_int_equal(judge(&fix, on_table(kinds[i], "t"), 1, &effect), SL_DONE);
        assert_int_equal(judge(&fix, on_table(kinds[i], "other"), 0, &effect), SL_OK);
        assert_int_equal(effect.kind, SL_EFFECT_NONE);
    }
    release(&fix);
}

static void a_dropped_database_is_purged_rule_by_rule(void **state)
{
    static const struct sl_table_rule rules[] = {
        {.db_pattern = "shop", .table_pattern = "t", .key_template = "{db}:{table}:{pk}"},
        {.db_pattern = "other", .table_pattern = "t", .key_template = "{pk}"},
        {.db_pattern = "sh*", .table_pattern = "order_*", .key_template = "{db}/{table}:{pk}"},
    };
    struct sl_mapper *mapper = sl_rule_mapper_new(rules, SL_COUNT(rules), NULL);
    const struct sl_ddl ddl = {.kind = SL_DDL_DROP_DATABASE, .db = sl_check_span("shop")};
    struct sl_effect effect;

    (void)state;
    assert_int_equal(mapper->ops->ddl(mapper, &ddl, 0, &effect, NULL), SL_OK);
    check_purge(&effect, "shop:t:1", "shop:t2:1");
    assert_int_equal(mapper->ops->ddl(mapper, &ddl, 1, &effect, NULL), SL_OK);
    assert_int_equal(effect.kind, SL_EFFECT_NONE);
    assert_int_equal(mapper->ops->ddl(mapper, &ddl, 2, &effect, NULL), SL_OK);
    check_purge(&effect, "shop/order_1:1", "shop2/order_1:1");
    assert_int_equal(mapper->ops->ddl(mapper, &ddl, 3, &effect, NULL), SL_DONE);
    mapper->ops->free(mapper);
}

/* A wildcard takes no keys that look like a table's which the rule does not choose. */
static void a_dropped_database_takes_the_keys_of_chosen_tables_only(void **state)
{
    struct sl_table_rule rules[] = {
        {.db_pattern = "shop", .table_pattern = "*_log", .skip = true},
        {.db_pattern = "shop", .table_pattern = "order_*", .key_template = "{db}:{table}:{pk}"},
        {.db_pattern = "*", .table_pattern = "*", .key_template = "{db}/{table}/{pk}"},
    };
    const struct sl_ddl ddl = {.kind = SL_DDL_DROP_DATABASE, .db = sl_check_span("shop")};
    struct sl_mapper *mapper;
    struct sl_effect effect;
    struct sl_err err = {0};

    (void)state;
    assert_ok(sl_table_regex_new("/shop\\.(a:b|c)/", &rules[2].regex, &err), &err);
    mapper = sl_rule_mapper_new(rules, SL_COUNT(rules), NULL);
    assert_int_equal(mapper->ops->ddl(mapper, &ddl, 0, &effect, NULL), SL_OK);
    assert_int_equal(effect.kind, SL_EFFECT_NONE);
    assert_int_equal(mapper->ops->ddl(mapper, &ddl, 1, &effect, NULL), SL_OK);
    check_purge(&effect, "shop:order_1:1:2", "shop:session:1");
    assert_int_equal(mapper->ops->ddl(mapper, &ddl, 1, &effect, NULL), SL_OK);
    check_purge(&effect, "shop:order_%25:1", "shop:order_log:1");
    assert_int_equal(mapper->ops->ddl(mapper, &ddl, 1, &effect, NULL), SL_OK);
    check_purge(&effect, "shop:order_:1", "shop::1");
    assert_int_equal(mapper->ops->ddl(mapper, &ddl, 2, &effect, NULL), SL_OK);
    check_purge(&effect, "shop/a%3Ab/1", "shop/a:b/1");
    assert_int_equal(mapper->ops->ddl(mapper, &ddl, 2, &effect, NULL), SL_OK);
    check_purge(&effect, "shop/c/1/2", "shop/d/1");
    assert_int_equal(mapper->ops->ddl(mapper, &ddl, 3, &effect, NULL), SL_DONE);
    mapper->ops->free(mapper);
    sl_table_regex_free(rules[2].regex);
}

/* The table's first layout says it: leaving the table out in silence would be a gap. */
static void a_regex_that_gives_up_is_said_with_the_table(void **state)
{
    struct sl_table_rule rules[] = {
        {.pattern = "/(a+)+b/", .db_pattern = "*", .table_pattern = "*"}};
    struct sl_mapper *mapper;
    struct sl_test_table test;
    struct sl_err err = {0};
    char name[61] = {0};

    (void)state;
    memset(name, 'a', sizeof(name) - 1);
    assert_ok(sl_table_regex_new("/(a+)+b\\.t/", &rules[0].regex, &err), &err);
    mapper = sl_rule_mapper_new(rules, 1, NULL);
    sl_test_table_init(&test, name, "t", "id int key");
    assert_true(mapper->ops->wants(mapper, test.table.db, test.table.name));
    assert_int_equal(mapper->ops->table(mapper, &test.table, &err), SL_EINVAL);
    mapper->ops->free(mapper);
    sl_table_regex_free(rules[0].regex);
}

static void changes_by_statement_are_a_gap(void **state)
{
    struct sl_ddl ddl = on_table(SL_DDL_DML, "t");
    struct sl_effect effect;
    struct fixture fix;

    (void)state;
    init(&fix, hash_rule, "id int key,name text", false);
    assert_int_equal(judge(&fix, ddl, 0, &effect), SL_EGAP);
    assert_non_null(strstr(fix.err.text, "binlog_format"));
    ddl.table = sl_check_span("unwanted");
    assert_int_equal(judge(&fix, ddl, 0, &effect), SL_OK);
    ddl.table = sl_span_make(NULL, 0); /* a statement whose tables are not known */
    assert_int_equal(judge(&fix, ddl, 0, &effect), SL_EGAP);
    ddl.db = sl_check_span("elsewhere");
    assert_int_equal(judge(&fix, ddl, 0, &effect), SL_OK);
    release(&fix);
}

static void keys_come_from_rows_and_lead_back(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("7"), sl_test_cell("a:b"), sl_test_cell("x")};
    struct sl_key_pattern *pattern;
    struct sl_cell parsed[3];
    struct sl_arena arena = {0};
    struct sl_buf key = {0};
    const struct sl_mapper_ops *ops;
    struct fixture fix;

    (void)state;
    init(&fix, hash_rule, "id int key,name text key,note text", false);
    ops = fix.mapper->ops;
    assert_int_equal(sl_buf_add_str(&key, "old"), SL_OK);
    assert_ok(ops->key(fix.mapper, &fix.test.table, cells, &key, &fix.err), &fix.err);
    assert_buf(&key, "shop:t:7:a%3Ab");
    assert_int_equal(ops->parse_key(fix.mapper, &fix.test.table, 0, sl_span_make(key.data, key.len),
                                    &arena, parsed),
                     SL_OK);
    assert_bytes(parsed[1].data, parsed[1].len, "a:b");
    assert_int_equal(parsed[2].state, SL_CELL_ABSENT);
    pattern = ops->pattern(fix.mapper, &fix.test.table, 0);
    assert_non_null(pattern);
    assert_true(pattern->matches(pattern, sl_span_make(key.data, key.len)));
    assert_false(pattern->matches(pattern, sl_check_span("shop:t:7")));
    pattern->free(pattern);
    sl_arena_release(&arena);
    sl_buf_release(&key);
    release(&fix);
}

static void a_key_is_removed(void **state)
{
    const struct sl_cell row[] = {sl_test_cell("7"), sl_test_cell("x")};
    struct fixture fix;

    (void)state;
    init(&fix, hash_rule, "id int key,name text", false);
    must_map(&fix, NULL, row);
    assert_int_equal(
        fix.mapper->ops->remove(fix.mapper, sl_item_key(sl_check_span("shop:t:7")), fix.batch),
        SL_OK);
    assert_string_equal(commands(&fix), "DEL shop:t:7");
    release(&fix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_written_and_removed),
        cmocka_unit_test(a_moved_key_is_removed_before_the_new_one_is_written),
        cmocka_unit_test(an_update_of_other_columns_writes_nothing),
        cmocka_unit_test(a_time_to_live_is_renewed_by_every_update),
        cmocka_unit_test(rows_come_and_go_with_where),
        cmocka_unit_test(a_part_is_added_only_to_a_row_that_matched),
        cmocka_unit_test(selected_rows_obey_where),
        cmocka_unit_test(a_selected_row_is_put_under_a_key_that_is_known),
        cmocka_unit_test(rows_are_put_by_two_threads),
        cmocka_unit_test(what_where_looks_at_is_no_idle_change),
        cmocka_unit_test(a_where_that_fails_stops_and_shows_no_row),
        cmocka_unit_test(a_row_in_quarantine_is_removed_and_told_once),
        cmocka_unit_test(a_where_with_a_misspelt_column_is_refused_with_its_table),
        cmocka_unit_test(two_rows_may_swap_their_keys),
        cmocka_unit_test(a_partial_hash_image_is_merged),
        cmocka_unit_test(other_partial_images_are_noted),
        cmocka_unit_test(a_whole_row_behind_it_makes_a_note_superfluous),
        cmocka_unit_test(a_part_of_a_row_that_waits_is_not_added),
        cmocka_unit_test(parts_are_noted_until_all_notes_are_known),
        cmocka_unit_test(a_table_that_waits_to_be_loaded_needs_no_notes),
        cmocka_unit_test(nothing_is_guessed_when_nobody_can_be_asked),
        cmocka_unit_test(a_part_of_a_row_that_may_have_no_key_is_read_again),
        cmocka_unit_test(an_unchosen_column_may_be_absent),
        cmocka_unit_test(a_json_diff_without_its_document_is_read_again),
        cmocka_unit_test(a_key_column_that_no_image_has_is_an_error),
        cmocka_unit_test(dropped_and_truncated_tables_are_purged),
        cmocka_unit_test(a_dropped_database_is_purged_rule_by_rule),
        cmocka_unit_test(a_dropped_database_takes_the_keys_of_chosen_tables_only),
        cmocka_unit_test(a_regex_that_gives_up_is_said_with_the_table),
        cmocka_unit_test(changes_by_statement_are_a_gap),
        cmocka_unit_test(keys_come_from_rows_and_lead_back),
        cmocka_unit_test(a_key_is_removed),
    };

    return cmocka_run_group_tests_name("mapper", tests, NULL, NULL);
}
