/* What changes of rows do to the keys and members that lead to them. */
#include "tests/support/check.h"

#include "filters/mapper.h"
#include "tests/support/table.h"

static const struct sl_row_index two[] = {
    {.key = "by_email:{email}", .value = "{id}"},
    {.key = "of:{team}", .value = "{id}", .is_set = true},
};

#define USERS                                                                                  \
    .pattern = "shop.t", .db_pattern = "shop", .table_pattern = "t", .key_template = "u:{id}", \
    .indexes = two, .index_count = SL_COUNT(two)

static const struct sl_table_rule plain_rule[] = {{USERS}};
static const struct sl_table_rule where_rule[] = {{USERS, .where = "state ~= 'draft'"}};
static const struct sl_table_rule transform_rule[] = {
    {USERS, .transform = "function(row) return row.state ~= 'draft' and {id = row.id} end"}};
static const struct sl_table_rule ttl_rule[] = {{USERS, .ttl_s = 60}};

static const char columns[] = "id int key,email text,team int,state text";

struct fixture {
    struct sl_test_table test;
    struct sl_mapper *mapper;
    struct sl_batch *batch;
    struct sl_rereads *rereads;
    struct sl_err err;
    struct sl_buf text;
};

static void init(struct fixture *fix, const struct sl_table_rule *rules)
{
    const struct sl_rereads_options options = {
        .hash_key = "again", .state_key = "loads", .limit = 4096};

    *fix = (struct fixture){0};
    sl_test_table_init(&fix->test, "shop", "t", columns);
    fix->rereads = sl_rereads_new(&options);
    assert_non_null(fix->rereads);
    sl_rereads_end_look(fix->rereads, 1);
    fix->mapper = sl_rule_mapper_new(rules, 1, fix->rereads);
    fix->batch = sl_batch_new();
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

/* "NULL" is NULL, "-" is a column that the image lacks. */
static void fill(struct sl_cell *cells, const char *const *texts, bool *is_full)
{
    *is_full = true;
    for (int i = 0; i < 4; i++) {
        if (strcmp(texts[i], "-") == 0) {
            cells[i] = (struct sl_cell){0};
            *is_full = false;
        } else if (strcmp(texts[i], "NULL") == 0) {
            cells[i] = SL_NULL_CELL;
        } else {
            cells[i] = sl_test_cell(texts[i]);
        }
    }
}

static void map(struct fixture *fix, const char *const *before, const char *const *after)
{
    struct sl_cell old[4];
    struct sl_cell new[4];
    struct sl_row_change change = {.op = before == NULL  ? SL_OP_INSERT
                                         : after == NULL ? SL_OP_DELETE
                                                         : SL_OP_UPDATE,
                                   .table = &fix->test.table};

    if (before != NULL) {
        fill(old, before, &change.before_is_full);
        change.before = old;
    }
    if (after != NULL) {
        fill(new, after, &change.after_is_full);
        change.after = new;
    }
    assert_ok(fix->mapper->ops->row(fix->mapper, &change, fix->batch, &fix->err), &fix->err);
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

/* The live commands but for those on rows: "SET by_email:a 1; SADD of:3 1". */
static const char *commands(struct fixture *fix)
{
    struct sl_span rest;

    sl_batch_seal(fix->batch);
    rest = sl_span_make(fix->batch->data.data, fix->batch->data.len);
    sl_buf_clear(&fix->text);
    while (rest.len > 0) {
        unsigned long count = strtoul((const char *)rest.data + 1, NULL, 10);
        size_t at = fix->text.len;

        while (rest.data[0] != '\n') {
            assert_int_equal(sl_span_skip(&rest, 1), SL_OK);
        }
        assert_int_equal(sl_span_skip(&rest, 1), SL_OK);
        for (unsigned long i = 0; i < count; i++) {
            struct sl_span text = take_argument(&rest);

            assert_int_equal(sl_buf_add(&fix->text, text.data, text.len), SL_OK);
            assert_int_equal(sl_buf_add_str(&fix->text, i + 1 < count ? " " : "; "), SL_OK);
        }
        if (strstr(sl_buf_cstr(&fix->text) + at, " u:") != NULL &&
            strstr(sl_buf_cstr(&fix->text) + at, "again") == NULL) {
            fix->text.len = at;
        }
    }
    fix->text.len -= fix->text.len > 0 ? 2 : 0;
    return sl_buf_cstr(&fix->text);
}

struct change_case {
    const char *before[4]; /* NULL: none */
    const char *after[4];
    const char *want;
};

static void check_changes(const struct sl_table_rule *rule, const struct change_case *cases,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct fixture fix;

        init(&fix, rule);
        map(&fix, cases[i].before[0] != NULL ? cases[i].before : NULL,
            cases[i].after[0] != NULL ? cases[i].after : NULL);
        assert_string_equal(commands(&fix), cases[i].want);
        release(&fix);
    }
}

#define LOAD "HSET again shop.t shop.t "

static void items_come_change_and_go_with_their_rows(void **state)
{
    static const struct change_case cases[] = {
        {.after = {"1", "a", "3", "x"}, .want = "SET by_email:a 1; SADD of:3 1"},
        {.after = {"1", "a:b", "NULL", "x"}, .want = "SET by_email:a%3Ab 1"},
        {.before = {"1", "a", "3", "x"},
         .after = {"1", "b", "3", "x"},
         .want = "DEL by_email:a; SET by_email:b 1"},
        {.before = {"1", "a", "3", "x"}, .after = {"1", "a", "3", "y"}, .want = ""},
        {.before = {"1", "a", "3", "x"}, .after = {"1", "a", "NULL", "x"}, .want = "SREM of:3 1"},
        {.before = {"1", "a", "NULL", "x"}, .after = {"1", "a", "4", "x"}, .want = "SADD of:4 1"},
        {.before = {"1", "a", "3", "x"},
         .after = {"2", "a", "3", "x"},
         .want = "SET by_email:a 2; SREM of:3 1; SADD of:3 2"},
        {.before = {"1", "a", "3", "x"}, .want = "DEL by_email:a; SREM of:3 1"},
        {.before = {"1", "NULL", "NULL", "x"}, .want = ""},
    };

    (void)state;
    check_changes(plain_rule, cases, SL_COUNT(cases));
}

static void items_come_and_go_with_where_and_transform(void **state)
{
    static const struct change_case cases[] = {
        {.after = {"1", "a", "3", "draft"}, .want = ""},
        {.before = {"1", "a", "3", "draft"},
         .after = {"1", "a", "3", "open"},
         .want = "SET by_email:a 1; SADD of:3 1"},
        {.before = {"1", "a", "3", "open"},
         .after = {"1", "b", "3", "draft"},
         .want = "DEL by_email:a; SREM of:3 1"},
        {.before = {"1", "a", "3", "draft"},
         .after = {"1", "b", "3", "open"},
         .want = "DEL by_email:a; SET by_email:b 1; SADD of:3 1"},
        /* Nobody knows whether it matches: what may be wrong goes. */
        {.before = {"1", "a", "3", "-"},
         .after = {"1", "b", "3", "-"},
         .want = "DEL by_email:a; HSET again shop.t u:1 id=1"},
    };

    (void)state;
    check_changes(where_rule, cases, SL_COUNT(cases));
    check_changes(transform_rule, cases, SL_COUNT(cases)); /* which keeps out the same rows */
}

static void keys_that_expire_are_written_with_every_change(void **state)
{
    static const struct change_case cases[] = {
        {.before = {"1", "a", "3", "x"},
         .after = {"1", "a", "3", "y"},
         .want = "SET by_email:a 1 EX 60"},
    };

    (void)state;
    check_changes(ttl_rule, cases, SL_COUNT(cases));
}

static void images_without_the_old_values_load_the_table(void **state)
{
    static const struct change_case cases[] = {
        {.before = {"1", "-", "-", "-"}, .after = {"-", "-", "-", "y"}, .want = ""},
        {.before = {"1", "-", "-", "-"},
         .after = {"-", "b", "-", "-"},
         .want = "SET by_email:b 1; " LOAD},
        {.before = {"1", "-", "-", "-"}, .want = LOAD},
        {.before = {"1", "a", "3", "-"}, .want = "DEL by_email:a; SREM of:3 1"},
        {.before = {"1", "a", "-", "-"},
         .after = {"-", "b", "-", "-"},
         .want = "DEL by_email:a; SET by_email:b 1"},
        /* Columns that have their defaults are not in the image. */
        {.after = {"1", "a", "-", "-"}, .want = "SET by_email:a 1; HSET again shop.t u:1 id=1"},
    };

    (void)state;
    check_changes(plain_rule, cases, SL_COUNT(cases));
}

static void two_rows_may_swap_what_they_are_found_by(void **state)
{
    static const char *const a[] = {"1", "a", "3", "x"};
    static const char *const b[] = {"2", "b", "4", "x"};
    static const char *const none[] = {"1", "tmp", "4", "x"};
    static const char *const b_as_a[] = {"2", "a", "3", "x"};
    static const char *const a_as_b[] = {"1", "b", "4", "x"};
    struct fixture fix;

    (void)state;
    init(&fix, plain_rule);
    map(&fix, NULL, a);
    map(&fix, NULL, b);
    map(&fix, a, none);
    map(&fix, b, b_as_a);
    map(&fix, none, a_as_b);
    assert_string_equal(commands(&fix), "SREM of:3 1; SADD of:4 1; SET by_email:a 2; SREM of:4 2; "
                                        "SADD of:3 2; DEL by_email:tmp; SET by_email:b 1");
    release(&fix);
}

static void a_row_that_waits_gets_all_its_items_with_its_next_change(void **state)
{
    static const char *const part[] = {"1", "-", "-", "-"};
    static const char *const before[] = {"1", "a", "3", "x"};
    static const char *const after[] = {"1", "a", "3", "y"};
    struct fixture fix;

    (void)state;
    init(&fix, plain_rule);
    map(&fix, NULL, part);
    map(&fix, before, after);
    assert_string_equal(commands(&fix), "SET by_email:a 1; SADD of:3 1");
    release(&fix);
}

/* ---- rows that were read ---- */

static void load(struct fixture *fix, struct sl_loaded_row *row, const char *const *texts,
                 bool is_piece)
{
    const struct sl_mapper_ops *ops = fix->mapper->ops;
    static struct sl_cell cells[4];
    bool is_full;

    fill(cells, texts, &is_full);
    for (int i = 0; i < 4; i++) {
        cells[i].state = cells[i].state == SL_CELL_VALUE ? SL_CELL_TEXT : cells[i].state;
    }
    row->table = &fix->test.table;
    row->cells = cells;
    assert_ok((is_piece ? ops->put_row : ops->load_row)(fix->mapper, row, fix->batch, &fix->err),
              &fix->err);
}

static void a_row_of_a_chunk_is_one_entry_with_its_items(void **state)
{
    static const char *const row_1[] = {"1", "a", "3", "open"};
    static const char *const row_2[] = {"2", "b", "3", "draft"};
    struct sl_loaded_row row = {.key = sl_check_span("u:1"), .write = SL_WRITE_REPLACE};
    struct fixture fix;

    (void)state;
    init(&fix, where_rule);
    load(&fix, &row, row_1, true);
    row.key = sl_check_span("u:2");
    load(&fix, &row, row_2, true);
    assert_int_equal(fix.batch->entry_count, 2);
    assert_int_equal(sl_batch_commands(fix.batch), 4 + 3);
    assert_string_equal(commands(&fix),
                        "SET by_email:a 1; SADD of:3 1; DEL by_email:b; SREM of:3 2");
    release(&fix);
}

static bool is_set(void *user, struct sl_item_name name)
{
    (void)user;
    return name.is_member;
}

static void items_of_a_row_that_was_read_again_are_entries_of_their_own(void **state)
{
    static const char *const text[] = {"1", "a", "3", "open"};
    static const char *const gone[] = {"1", "a", "3", "open"};
    struct sl_loaded_row row = {.write = SL_WRITE_REPLACE};
    struct fixture fix;

    (void)state;
    init(&fix, plain_rule);
    load(&fix, &row, text, false);
    assert_int_equal(fix.batch->entry_count, 3);
    assert_true(fix.batch->entries[2].is_member);
    map(&fix, gone, NULL);
    assert_string_equal(commands(&fix), "DEL by_email:a; SREM of:3 1");
    row.leaves = is_set;
    load(&fix, &row, text, false);
    assert_string_equal(commands(&fix), "DEL by_email:a; SREM of:3 1; SET by_email:a 1");
    release(&fix);
}

/* ---- facets ---- */

struct found {
    uint32_t count;
    struct sl_buf name;
    struct sl_buf value;
    bool is_member;
};

static int on_item(void *user, const struct sl_item *item)
{
    struct found *found = user;

    found->count++;
    found->is_member = item->name.is_member;
    sl_buf_clear(&found->name);
    sl_buf_clear(&found->value);
    assert_int_equal(sl_buf_add(&found->name, item->name.bytes.data, item->name.bytes.len), SL_OK);
    return sl_buf_add(&found->value, item->value.data, item->value.len);
}

static void items_lead_back_to_their_rows(void **state)
{
    static const char *const names[] = {"u:1", "by_email:a%3A", "$4\r\nof:3\r\n$1\r\n1"};
    static const char *const values[] = {"", "1", ""};
    static const uint32_t given[] = {0, 1, 2}; /* a column that the name tells */
    const struct sl_cell cells[] = {sl_test_cell("1"), sl_test_cell("a:"), sl_test_cell("3"),
                                    sl_test_cell("open")};
    const struct sl_mapper_ops *ops;
    struct sl_arena arena = {0};
    struct fixture fix;

    (void)state;
    init(&fix, where_rule);
    ops = fix.mapper->ops;
    assert_int_equal(ops->facets(fix.mapper, &fix.test.table), 3);
    for (uint32_t i = 0; i < 3; i++) {
        struct sl_cell parsed[4];
        struct found found = {0};

        assert_ok(ops->items(fix.mapper, &fix.test.table, i, cells, on_item, &found, &fix.err),
                  &fix.err);
        assert_int_equal(found.count, 1);
        assert_int_equal(found.is_member, i == 2);
        assert_int_equal(ops->has_members(fix.mapper, &fix.test.table, i), i == 2);
        assert_buf(&found.name, names[i]);
        assert_buf(&found.value, values[i]);
        assert_int_equal(ops->parse_key(fix.mapper, &fix.test.table, i,
                                        sl_span_make(found.name.data, found.name.len), &arena,
                                        parsed),
                         SL_OK);
        assert_int_equal(parsed[given[i]].state, SL_CELL_TEXT);
        assert_int_equal(parsed[3].state, SL_CELL_ABSENT);
        sl_buf_release(&found.name);
        sl_buf_release(&found.value);
    }
    sl_arena_release(&arena);
    release(&fix);
}

static void names_that_no_row_has_lead_nowhere(void **state)
{
    static const struct {
        uint32_t facet;
        const char *name;
    } cases[] = {
        {1, "by_email:%N"},
        {1, "of:3"},
        {2, "of:3"},
        {2, "$4\r\nof:x\r\n$1\r\n1"},
        {2, "$4\r\nof:3\r\n$1\r\nx"},
        {2, "$4\r\nof:3\r\n$1\r\n1 "},
        {2, "$5\r\nof:3\r\n$1\r\n1"},
    };
    struct sl_arena arena = {0};
    struct sl_cell parsed[4];
    struct fixture fix;

    (void)state;
    init(&fix, plain_rule);
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        assert_int_equal(fix.mapper->ops->parse_key(fix.mapper, &fix.test.table, cases[i].facet,
                                                    sl_check_span(cases[i].name), &arena, parsed),
                         SL_DONE);
    }
    sl_arena_release(&arena);
    release(&fix);
}

static void a_dropped_table_takes_the_keys_of_all_facets_along(void **state)
{
    static const char *const yes[] = {"u:1", "by_email:a", "of:3"};
    static const char *const no[] = {"v:1", "by_email:a:b", "of:%3a", "by_name:a"};
    const struct sl_ddl ddl = {
        .kind = SL_DDL_TRUNCATE, .db = sl_check_span("shop"), .table = sl_check_span("t")};
    struct sl_effect effect;
    struct fixture fix;

    (void)state;
    init(&fix, plain_rule);
    assert_ok(fix.mapper->ops->ddl(fix.mapper, &ddl, 0, &effect, &fix.err), &fix.err);
    assert_int_equal(effect.kind, SL_EFFECT_PURGE);
    assert_string_equal(effect.purge->glob, "*");
    for (size_t i = 0; i < SL_COUNT(yes); i++) {
        assert_true(effect.purge->matches(effect.purge, sl_check_span(yes[i])));
    }
    for (size_t i = 0; i < SL_COUNT(no); i++) {
        assert_false(effect.purge->matches(effect.purge, sl_check_span(no[i])));
    }
    effect.purge->free(effect.purge);
    release(&fix);
}

static void an_alter_of_an_indexed_column_empties_the_table_first(void **state)
{
    struct sl_ddl ddl = {.kind = SL_DDL_ALTER_TABLE,
                         .db = sl_check_span("shop"),
                         .table = sl_check_span("t"),
                         .text = sl_check_span("ALTER TABLE t MODIFY email VARBINARY(9)"),
                         .reshapes = true};
    struct sl_effect effect;
    struct fixture fix;

    (void)state;
    init(&fix, plain_rule);
    assert_ok(fix.mapper->ops->ddl(fix.mapper, &ddl, 0, &effect, &fix.err), &fix.err);
    assert_int_equal(effect.kind, SL_EFFECT_LOAD);
    assert_non_null(effect.purge);
    effect.purge->free(effect.purge);
    ddl.text = sl_check_span("ALTER TABLE t MODIFY state VARBINARY(9)");
    assert_ok(fix.mapper->ops->ddl(fix.mapper, &ddl, 0, &effect, &fix.err), &fix.err);
    assert_int_equal(effect.kind, SL_EFFECT_LOAD);
    assert_null(effect.purge);
    release(&fix);
}

/* ---- what does not fit ---- */

static void check_refused(const struct sl_row_index *index, const struct sl_column_mask *mask,
                          const char *want)
{
    const struct sl_table_rule rule = {.pattern = "shop.t",
                                       .db_pattern = "shop",
                                       .table_pattern = "t",
                                       .key_template = "u:{id}",
                                       .masks = mask,
                                       .mask_count = mask != NULL,
                                       .indexes = index,
                                       .index_count = 1};
    struct sl_mapper *mapper = sl_rule_mapper_new(&rule, 1, NULL);
    struct sl_test_table test;
    struct sl_err err = {0};

    sl_test_table_init(&test, "shop", "t", columns);
    assert_int_equal(mapper->ops->table(mapper, &test.table, &err), SL_EINVAL);
    assert_non_null(strstr(err.text, want));
    sl_test_table_release(&test);
    mapper->ops->free(mapper);
}

static void columns_that_cannot_be_in_an_index_are_refused(void **state)
{
    static const struct sl_row_index unknown = {.key = "by:{mail}", .value = "{id}"};
    static const struct sl_row_index unknown_value = {.key = "by:{email}", .value = "{uid}"};
    static const struct sl_row_index masked = {.key = "by:{email}", .value = "{id}"};
    static const struct sl_column_mask mask = {.column = "email", .kind = SL_MASK_NULL};

    (void)state;
    check_refused(&unknown, NULL,
                  "index \"by:{mail}\": the key template of table shop.t names the "
                  "column mail");
    check_refused(&unknown_value, NULL, "names the column uid");
    check_refused(&masked, &mask, "which the rule masks");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_change_and_go_with_their_rows),
        cmocka_unit_test(items_come_and_go_with_where_and_transform),
        cmocka_unit_test(keys_that_expire_are_written_with_every_change),
        cmocka_unit_test(images_without_the_old_values_load_the_table),
        cmocka_unit_test(two_rows_may_swap_what_they_are_found_by),
        cmocka_unit_test(a_row_that_waits_gets_all_its_items_with_its_next_change),
        cmocka_unit_test(a_row_of_a_chunk_is_one_entry_with_its_items),
        cmocka_unit_test(items_of_a_row_that_was_read_again_are_entries_of_their_own),
        cmocka_unit_test(items_lead_back_to_their_rows),
        cmocka_unit_test(names_that_no_row_has_lead_nowhere),
        cmocka_unit_test(a_dropped_table_takes_the_keys_of_all_facets_along),
        cmocka_unit_test(an_alter_of_an_indexed_column_empties_the_table_first),
        cmocka_unit_test(columns_that_cannot_be_in_an_index_are_refused),
    };

    return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
