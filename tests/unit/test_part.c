/* Rows of several keys: what their names make of a template, what changes of rows do to them, and
 * how they are found again. */
#include "tests/support/check.h"

#include <stdlib.h>

#include "filters/facet.h"
#include "filters/key_part.h"
#include "filters/mapper.h"
#include "tests/support/table.h"

/* A row in state "draft" is in no cache; one without a name has no part but its state. */
#define FUNCTION                                                 \
    "function(row) if row.state == 'draft' then return nil end " \
    "local parts = { name = row.name and { name = row.name } } " \
    "if row.state then parts[row.state] = { n = row.n or null } end return parts end"

#define ROWS                                                                             \
    .pattern = "shop.t", .db_pattern = "shop", .table_pattern = "t",                     \
    .key_template = "u:{id}:", .part_template = "u:{id}:{part}", .value = SL_VALUE_JSON, \
    .transform = FUNCTION

static const struct sl_row_index index_of_n[] = {{.key = "n:{n}", .value = "{id}"}};

static const struct sl_table_rule json_rule[] = {{ROWS}};
static const struct sl_table_rule where_rule[] = {{ROWS, .where = "n ~= 9"}};
static const struct sl_table_rule ttl_rule[] = {{ROWS, .ttl_s = 60}};
static const struct sl_table_rule index_rule[] = {{ROWS, .indexes = index_of_n, .index_count = 1}};

static const char columns[] = "id int key,name text,state text,n int";

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
        } else {
            cells[i] = strcmp(texts[i], "NULL") == 0 ? SL_NULL_CELL : sl_test_cell(texts[i]);
        }
    }
}

static int try_map(struct fixture *fix, const char *const *before, const char *const *after)
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
    return fix->mapper->ops->row(fix->mapper, &change, fix->batch, &fix->err);
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

/* "SET u:1:name {"name":"a"}; DEL u:1:old" */
static const char *flat(struct sl_buf *out, struct sl_span rest)
{
    sl_buf_clear(out);
    while (rest.len > 0) {
        unsigned long count = strtoul((const char *)rest.data + 1, NULL, 10);

        while (rest.data[0] != '\n') {
            assert_int_equal(sl_span_skip(&rest, 1), SL_OK);
        }
        assert_int_equal(sl_span_skip(&rest, 1), SL_OK);
        for (unsigned long i = 0; i < count; i++) {
            struct sl_span text = take_argument(&rest);

            assert_int_equal(sl_buf_add(out, text.data, text.len), SL_OK);
            assert_int_equal(sl_buf_add_str(out, i + 1 < count ? " " : "; "), SL_OK);
        }
    }
    out->len -= out->len > 0 ? 2 : 0;
    return sl_buf_cstr(out);
}

static const char *commands(struct fixture *fix)
{
    sl_batch_seal(fix->batch);
    return flat(&fix->text, sl_span_make(fix->batch->data.data, fix->batch->data.len));
}

/* ---- templates ---- */

static void a_template_without_its_part_names_the_row(void **state)
{
    static const struct {
        const char *text;
        const char *want; /* what is left, or a piece of the sentence */
        int rc;
    } cases[] = {
        {"o:{id}:{part}", "o:{id}:", SL_OK},
        {"{part}:o:{id}", ":o:{id}", SL_OK},
        {"{{{id}}}:{part}", "{{{id}}}:", SL_OK},
        {"o:{{{part}}}{id}", "o:{{}}{id}", SL_OK},
        {"{table:/_[0-9]{2}$//}:{id}:{part}", "{table:/_[0-9]{2}$//}:{id}:", SL_OK},
        {"{a}{b}:{part}", "{a}{b}:", SL_OK},
        {"o:{id}", "", SL_DONE},
        {"o:{{part}}:{id}", "", SL_DONE},
        {"{id}:{part}:{part}", "twice: remove one", SL_EINVAL},
        {"{id}{part}", "is not parted from other placeholders", SL_EINVAL},
        {"{id}-{part}", "is not parted from other placeholders", SL_EINVAL},
        {"{part}%{id}", "is not parted from other placeholders", SL_EINVAL},
        {"{db}{part}:{id}", "put \":\" between them", SL_EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_buf out = {0};
        struct sl_err err = {0};
        int rc = sl_key_without_part(cases[i].text, &out, &err);

        if (rc != cases[i].rc) {
            fail_msg("%s: %d, %s", cases[i].text, rc, err.text);
        }
        if (rc == SL_OK) {
            assert_string_equal(sl_buf_cstr(&out), cases[i].want);
        } else if (rc == SL_EINVAL) {
            assert_non_null(strstr(err.text, cases[i].want));
        }
        sl_buf_release(&out);
    }
}

static void a_key_tells_its_row_but_not_what_is_no_part(void **state)
{
    static const struct {
        const char *key;
        int rc;
        const char *id;
    } cases[] = {
        {"u:7:head", SL_OK, "7"},     {"u:7:a%3Ab", SL_OK, "7"}, {"u:-1:%25N", SL_OK, "-1"},
        {"u:7:", SL_DONE, NULL},      {"u:7", SL_DONE, NULL},    {"u:7:%N", SL_DONE, NULL},
        {"u:7:a:b", SL_DONE, NULL},   {"u:x:a", SL_DONE, NULL},  {"u:7:100%", SL_DONE, NULL},
        {"u:%N:head", SL_OK, "NULL"},
    };
    struct fixture fix;

    (void)state;
    init(&fix, index_rule);
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_arena arena = {0};
        struct sl_cell cells[4];
        int rc = fix.mapper->ops->parse_key(fix.mapper, &fix.test.table, 2,
                                            sl_check_span(cases[i].key), &arena, cells);

        assert_int_equal(rc, cases[i].rc);
        if (rc == SL_OK && strcmp(cases[i].id, "NULL") == 0) {
            assert_int_equal(cells[0].state, SL_CELL_NULL);
        } else if (rc == SL_OK) {
            assert_int_equal(cells[0].len, strlen(cases[i].id));
            assert_memory_equal(cells[0].data, cases[i].id, cells[0].len);
        }
        sl_arena_release(&arena);
    }
    release(&fix);
}

/* ---- changes ---- */

struct change_case {
    const char *before[4];
    const char *after[4];
    const char *want;
};

static void check_changes(const struct sl_table_rule *rule, const struct change_case *cases,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct fixture fix;

        init(&fix, rule);
        assert_ok(try_map(&fix, cases[i].before[0] != NULL ? cases[i].before : NULL,
                          cases[i].after[0] != NULL ? cases[i].after : NULL),
                  &fix.err);
        assert_string_equal(commands(&fix), cases[i].want);
        release(&fix);
    }
}

#define LOAD "HSET again shop.t shop.t "

static void parts_come_change_and_go_with_their_rows(void **state)
{
    static const struct change_case cases[] = {
        {.after = {"1", "a", "new", "3"},
         .want = "SET u:1:name {\"name\":\"a\"}; SET u:1:new {\"n\":3}; DEL u:1:"},
        {.after = {"1", "NULL", "NULL", "3"}, .want = "DEL u:1:"},
        {.after = {"1", "a", "draft", "3"}, .want = "DEL u:1:"},
        /* What stays the same is not written. */
        {.before = {"1", "a", "new", "3"},
         .after = {"1", "a", "new", "4"},
         .want = "SET u:1:new {\"n\":4}; DEL u:1:"},
        {.before = {"1", "a", "new", "3"},
         .after = {"1", "a", "x:%{}", "3"},
         .want = "DEL u:1:new; SET u:1:x%3A%25%7B%7D {\"n\":3}; DEL u:1:"},
        {.before = {"1", "a", "new", "3"},
         .after = {"1", "a", "draft", "3"},
         .want = "DEL u:1:name; DEL u:1:new; DEL u:1:"},
        {.before = {"1", "a", "draft", "3"},
         .after = {"1", "a", "new", "NULL"},
         .want = "SET u:1:name {\"name\":\"a\"}; SET u:1:new {\"n\":null}; DEL u:1:"},
        {.before = {"1", "a", "new", "3"},
         .after = {"2", "a", "new", "3"},
         .want = "DEL u:1:; DEL u:1:name; DEL u:1:new; SET u:2:name {\"name\":\"a\"}; "
                 "SET u:2:new {\"n\":3}; DEL u:2:"},
        {.before = {"1", "a", "new", "3"}, .want = "DEL u:1:; DEL u:1:name; DEL u:1:new"},
        /* A column's value may be the name of another part, too: the later one stays. */
        {.after = {"1", "a", "name", "3"}, .want = "SET u:1:name {\"n\":3}; DEL u:1:"},
    };

    (void)state;
    check_changes(json_rule, cases, SL_COUNT(cases));
}

static void parts_come_and_go_with_where(void **state)
{
    static const struct change_case cases[] = {
        {.before = {"1", "a", "new", "9"},
         .after = {"1", "a", "new", "3"},
         .want = "SET u:1:name {\"name\":\"a\"}; SET u:1:new {\"n\":3}; DEL u:1:"},
        {.before = {"1", "a", "new", "3"},
         .after = {"1", "a", "new", "9"},
         .want = "DEL u:1:name; DEL u:1:new; DEL u:1:"},
        {.before = {"1", "a", "new", "9"}, .want = "DEL u:1:"},
        /* Nobody knows whether it matches. */
        {.before = {"1", "a", "NULL", "-"},
         .after = {"1", "b", "NULL", "-"},
         .want = "DEL u:1:name; HSET again shop.t u:1: id=1"},
    };

    (void)state;
    check_changes(where_rule, cases, SL_COUNT(cases));
}

static void parts_that_expire_are_written_with_every_change(void **state)
{
    static const struct change_case cases[] = {
        {.before = {"1", "a", "new", "3"},
         .after = {"1", "a", "new", "4"},
         .want = "SET u:1:name {\"name\":\"a\"} EX 60; SET u:1:new {\"n\":4} EX 60; DEL u:1:"},
    };

    (void)state;
    check_changes(ttl_rule, cases, SL_COUNT(cases));
}

static void images_that_are_not_whole_load_the_table_or_read_the_row(void **state)
{
    static const struct change_case cases[] = {
        {.before = {"1", "-", "-", "-"},
         .after = {"-", "b", "-", "-"},
         .want = LOAD "; HSET again shop.t u:1: id=1"},
        {.before = {"1", "-", "-", "-"}, .want = "DEL u:1:; " LOAD},
        {.before = {"1", "a", "NULL", "-"}, .want = "DEL u:1:; DEL u:1:name"},
        {.before = {"1", "-", "draft", "-"}, .want = "DEL u:1:"},
        {.after = {"1", "a", "-", "-"}, .want = "HSET again shop.t u:1: id=1"},
        {.before = {"1", "a", "new", "3"},
         .after = {"-", "-", "-", "4"},
         .want = "SET u:1:new {\"n\":4}; DEL u:1:"},
    };

    (void)state;
    check_changes(json_rule, cases, SL_COUNT(cases));
}

static void a_row_that_waits_gets_all_its_parts_with_its_next_change(void **state)
{
    static const char *const part[] = {"1", "a", "-", "-"};
    static const char *const before[] = {"1", "a", "new", "3"};
    static const char *const after[] = {"1", "a", "new", "4"};
    struct fixture fix;

    (void)state;
    init(&fix, json_rule);
    assert_ok(try_map(&fix, NULL, part), &fix.err);
    assert_ok(try_map(&fix, before, after), &fix.err);
    assert_string_equal(commands(&fix),
                        "SET u:1:name {\"name\":\"a\"}; SET u:1:new {\"n\":4}; DEL u:1:");
    release(&fix);
}

static void beside_a_load_all_parts_are_written(void **state)
{
    static const char *const before[] = {"1", "a", "new", "3"};
    static const char *const after[] = {"1", "a", "new", "4"};
    struct fixture fix;

    (void)state;
    init(&fix, json_rule);
    fix.mapper->writes_all = true;
    assert_ok(try_map(&fix, before, after), &fix.err);
    assert_string_equal(commands(&fix),
                        "SET u:1:name {\"name\":\"a\"}; SET u:1:new {\"n\":4}; DEL u:1:");
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
    row->table = &fix->test.table;
    row->cells = cells;
    assert_ok((is_piece ? ops->put_row : ops->load_row)(fix->mapper, row, fix->batch, &fix->err),
              &fix->err);
}

static bool is_name(void *user, struct sl_item_name name)
{
    (void)user;
    return name.bytes.len == 8 && memcmp(name.bytes.data, "u:1:name", 8) == 0;
}

static void a_row_of_a_chunk_is_one_entry_with_its_parts(void **state)
{
    static const char *const row_1[] = {"1", "a", "new", "3"};
    static const char *const row_2[] = {"2", "a", "draft", "3"};
    struct sl_loaded_row row = {.key = sl_check_span("u:1:"), .write = SL_WRITE_REPLACE};
    struct fixture fix;

    (void)state;
    init(&fix, json_rule);
    load(&fix, &row, row_1, true);
    row.key = sl_check_span("u:2:");
    load(&fix, &row, row_2, true);
    assert_int_equal(fix.batch->entry_count, 2);
    assert_int_equal(sl_batch_commands(fix.batch), 3 + 1);
    assert_string_equal(commands(&fix),
                        "DEL u:1:; SET u:1:name {\"name\":\"a\"}; SET u:1:new {\"n\":3}; DEL u:2:");
    release(&fix);
}

static void parts_of_a_row_that_was_read_again_are_entries_of_their_own(void **state)
{
    static const char *const text[] = {"1", "a", "new", "3"};
    struct sl_loaded_row row = {.write = SL_WRITE_REPLACE};
    struct fixture fix;

    (void)state;
    init(&fix, json_rule);
    load(&fix, &row, text, false);
    assert_int_equal(fix.batch->entry_count, 3);
    sl_batch_clear(fix.batch);
    row.leaves = is_name;
    load(&fix, &row, text, false);
    assert_string_equal(commands(&fix), "DEL u:1:; SET u:1:new {\"n\":3}");
    release(&fix);
}

/* ---- forms ---- */

/* What an INSERT of row 1, "a", "new", 3 writes under a rule like json_rule[0] but for this. */
static void must_write(struct sl_table_rule rule, const char *want)
{
    static const char *const row[] = {"1", "a", "new", "3"};
    struct fixture fix;

    init(&fix, &rule);
    assert_ok(try_map(&fix, NULL, row), &fix.err);
    assert_string_equal(commands(&fix), want);
    release(&fix);
}

static void parts_have_the_form_of_the_value(void **state)
{
    struct sl_table_rule rule = json_rule[0];

    (void)state;
    rule.transform =
        "function(row) return { z = { name = row.name, n = row.n }, none = {}, no = false, "
        "[2] = row } end";
    must_write(rule,
               "SET u:1:2 {\"id\":1,\"name\":\"a\",\"state\":\"new\",\"n\":3}; SET u:1:none {}; "
               "SET u:1:z {\"name\":\"a\",\"n\":3}; DEL u:1:");
    rule.ttl_s = 9;
    rule.value = SL_VALUE_HASH;
    must_write(rule, "DEL u:1:2; HSET u:1:2 id 1 name a state new n 3; EXPIRE u:1:2 9; "
                     "DEL u:1:z; HSET u:1:z name a n 3; EXPIRE u:1:z 9; DEL u:1:");
    rule.value = SL_VALUE_REJSON;
    rule.transform = "function(row) return { z = { n = row.n } } end";
    must_write(rule, "JSON.SET u:1:z $ {\"n\":3}; EXPIRE u:1:z 9; DEL u:1:");
}

static void a_document_that_is_loaded_replaces_whatever_was_there(void **state)
{
    static const char *const text[] = {"1", "a", "NULL", "3"};
    struct sl_table_rule rule = json_rule[0];
    struct sl_loaded_row row = {.write = SL_WRITE_WHOLE};
    struct fixture fix;

    (void)state;
    rule.value = SL_VALUE_REJSON;
    init(&fix, &rule);
    load(&fix, &row, text, false);
    assert_string_equal(commands(&fix),
                        "DEL u:1:; DEL u:1:name; JSON.SET u:1:name $ {\"name\":\"a\"}");
    release(&fix);
}

static void what_is_no_table_of_rows_is_refused(void **state)
{
    static const struct {
        const char *function;
        const char *sentence;
    } cases[] = {
        {"function(row) return row end", "it returns the row, or what is no table of its own"},
        {"function(row) return 'a' end", "it returns a string and not a table, or nil"},
        {"function(row) return { a = 1 } end",
         "it returns a part that is a number and not a table"},
        {"function(row) return { a = true } end", "a part that is a boolean and not a table"},
        {"function(row) return { [''] = {} } end", "it returns a part without a name"},
        {"function(row) return { [1.5] = {} } end", "a number among the names of parts"},
        {"function(row) return { [1] = {}, ['1'] = {} } end", "two parts of one name"},
        {"function(row) return { a = { b = row } } end", "it gives a table that holds the row"},
        {"function(row) local t = {} for i = 1, 1001 do t[i] = {} end return t end",
         "it returns more than 1000 parts"},
    };

    static const char *const row[] = {"1", "a", "new", "3"};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_table_rule rule = json_rule[0];
        struct fixture fix;

        rule.transform = cases[i].function;
        init(&fix, &rule);
        assert_int_equal(try_map(&fix, NULL, row), SL_ERULE);
        if (strstr(fix.err.text, cases[i].sentence) == NULL) {
            fail_msg("%s: %s", cases[i].function, fix.err.text);
        }
        release(&fix);
        rule.on_error = SL_RULE_QUARANTINE;
        must_write(rule, "DEL u:1:");
    }
}

static void a_row_of_1000_parts_is_one_entry_of_a_chunk(void **state)
{
    static const char *const text[] = {"1", "a", "new", "3"};
    struct sl_table_rule rule = json_rule[0];
    struct sl_loaded_row row = {.key = sl_check_span("u:1:"), .write = SL_WRITE_REPLACE};
    struct fixture fix;

    (void)state;
    rule.value = SL_VALUE_HASH;
    rule.ttl_s = 5;
    rule.transform =
        "function(row) local t = {} for i = 1, 1000 do t[i] = {n = i} end return t end";
    init(&fix, &rule);
    load(&fix, &row, text, true);
    assert_int_equal(fix.batch->entry_count, 1);
    assert_int_equal(sl_batch_commands(fix.batch), 1 + 3 * 1000);
    release(&fix);
}

/* A row on which the function fails was in no cache before. */
static void what_failed_before_had_no_parts(void **state)
{
    static const char *const before[] = {"1", "a", "new", "NULL"};
    static const char *const after[] = {"1", "a", "new", "3"};
    struct sl_table_rule rule = json_rule[0];
    struct fixture fix;

    (void)state;
    rule.transform = "function(row) return { sum = { n = row.n + 1 } } end";
    init(&fix, &rule);
    assert_ok(try_map(&fix, before, after), &fix.err);
    assert_ok(try_map(&fix, before, NULL), &fix.err);
    assert_string_equal(commands(&fix), "SET u:1:sum {\"n\":4}; DEL u:1:");
    assert_int_equal(fix.mapper->stats.quarantined, 0);
    release(&fix);
}

static void indexes_follow_what_the_function_takes(void **state)
{
    static const struct change_case cases[] = {
        {.after = {"1", "NULL", "NULL", "3"}, .want = "SET n:3 1; DEL u:1:"},
        {.after = {"1", "a", "draft", "3"}, .want = "DEL u:1:"},
        {.before = {"1", "a", "NULL", "3"},
         .after = {"1", "a", "draft", "3"},
         .want = "DEL n:3; DEL u:1:name; DEL u:1:"},
        {.before = {"1", "a", "NULL", "3"}, .want = "DEL u:1:; DEL n:3; DEL u:1:name"},
    };

    (void)state;
    check_changes(index_rule, cases, SL_COUNT(cases));
}

/* ---- facets ---- */

static int add_item(void *user, const struct sl_item *item)
{
    struct fixture *fix = user;
    struct sl_buf one = {0};
    int rc = sl_buf_add(&fix->text, item->name.bytes.data, item->name.bytes.len);

    assert_false(item->name.is_member);
    rc = rc == SL_OK ? sl_buf_add_str(&fix->text, ": ") : rc;
    rc = rc == SL_OK ? sl_buf_add_str(&fix->text, flat(&one, item->commands)) : rc;
    sl_buf_release(&one);
    return rc == SL_OK ? sl_buf_add_str(&fix->text, "\n") : rc;
}

static void parts_are_the_last_facet(void **state)
{
    static const char *const text[] = {"1", "a", "new", "3"};
    struct sl_cell cells[4];
    struct sl_key_pattern *pattern;
    struct sl_key_pattern *owned;
    struct fixture fix;
    bool is_full;

    (void)state;
    init(&fix, index_rule);
    fill(cells, text, &is_full);
    assert_int_equal(fix.mapper->ops->facets(fix.mapper, &fix.test.table), 3);
    assert_true(fix.mapper->ops->holds_nothing(fix.mapper, &fix.test.table, 0));
    assert_false(fix.mapper->ops->holds_nothing(fix.mapper, &fix.test.table, 2));
    assert_false(fix.mapper->ops->has_members(fix.mapper, &fix.test.table, 2));
    assert_ok(
        fix.mapper->ops->items(fix.mapper, &fix.test.table, 2, cells, add_item, &fix, &fix.err),
        &fix.err);
    assert_string_equal(sl_buf_cstr(&fix.text), "u:1:name: SET u:1:name {\"name\":\"a\"}\n"
                                                "u:1:new: SET u:1:new {\"n\":3}\n");
    pattern = fix.mapper->ops->pattern(fix.mapper, &fix.test.table, 2);
    owned = fix.mapper->ops->owner_pattern(fix.mapper, &fix.test.table, 2);
    assert_true(pattern->matches(pattern, sl_check_span("u:1:any")));
    assert_true(owned->matches(owned, sl_check_span("u:1:any")));
    assert_false(owned->matches(owned, sl_check_span("u:1:"))); /* that is the row's own key */
    assert_false(owned->matches(owned, sl_check_span("u:1:a:b")));
    assert_string_equal(pattern->glob, "u:*:*");
    pattern->free(pattern);
    owned->free(owned);
    release(&fix);
}

/* ---- statements ---- */

static void a_statement_takes_the_keys_of_all_parts_along(void **state)
{
    struct sl_ddl ddl = {
        .kind = SL_DDL_TRUNCATE, .db = sl_check_span("shop"), .table = sl_check_span("t")};
    struct sl_effect effect;
    struct fixture fix;

    (void)state;
    init(&fix, index_rule);
    assert_ok(fix.mapper->ops->ddl(fix.mapper, &ddl, 0, &effect, &fix.err), &fix.err);
    assert_int_equal(effect.kind, SL_EFFECT_PURGE);
    assert_true(effect.purge->matches(effect.purge, sl_check_span("u:1:any")));
    assert_true(effect.purge->matches(effect.purge, sl_check_span("n:3")));
    assert_false(effect.purge->matches(effect.purge, sl_check_span("u:1:a:b")));
    effect.purge->free(effect.purge);
    /* Of any column a function may make another part. */
    ddl.kind = SL_DDL_ALTER_TABLE;
    ddl.text = sl_check_span("ALTER TABLE t MODIFY state VARBINARY(9)");
    ddl.reshapes = true;
    assert_ok(fix.mapper->ops->ddl(fix.mapper, &ddl, 0, &effect, &fix.err), &fix.err);
    assert_int_equal(effect.kind, SL_EFFECT_LOAD);
    assert_non_null(effect.purge);
    effect.purge->free(effect.purge);
    release(&fix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_template_without_its_part_names_the_row),
        cmocka_unit_test(a_key_tells_its_row_but_not_what_is_no_part),
        cmocka_unit_test(parts_come_change_and_go_with_their_rows),
        cmocka_unit_test(parts_come_and_go_with_where),
        cmocka_unit_test(parts_that_expire_are_written_with_every_change),
        cmocka_unit_test(images_that_are_not_whole_load_the_table_or_read_the_row),
        cmocka_unit_test(a_row_that_waits_gets_all_its_parts_with_its_next_change),
        cmocka_unit_test(beside_a_load_all_parts_are_written),
        cmocka_unit_test(a_row_of_a_chunk_is_one_entry_with_its_parts),
        cmocka_unit_test(parts_of_a_row_that_was_read_again_are_entries_of_their_own),
        cmocka_unit_test(parts_have_the_form_of_the_value),
        cmocka_unit_test(a_document_that_is_loaded_replaces_whatever_was_there),
        cmocka_unit_test(what_is_no_table_of_rows_is_refused),
        cmocka_unit_test(a_row_of_1000_parts_is_one_entry_of_a_chunk),
        cmocka_unit_test(what_failed_before_had_no_parts),
        cmocka_unit_test(indexes_follow_what_the_function_takes),
        cmocka_unit_test(parts_are_the_last_facet),
        cmocka_unit_test(a_statement_takes_the_keys_of_all_parts_along),
    };

    return cmocka_run_group_tests_name("part", tests, NULL, NULL);
}
