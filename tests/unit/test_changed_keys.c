/* Which keys a stretch of the log speaks of, and when a table counts as changed as a whole. */
#include "tests/support/check.h"

#include "cdc/source_file.h"
#include "filters/changed_keys.h"
#include "tests/support/table.h"

static const struct sl_table_rule rules[] = {
    {.pattern = "shop.secret",
     .db_pattern = "shop",
     .table_pattern = "secret",
     .key_template = "s:{pk}",
     .skip = true},
    {.pattern = "shop.*",
     .db_pattern = "shop",
     .table_pattern = "*",
     .key_template = "{table}:{pk}"},
};

static struct sl_changed_options defaults(void)
{
    return (struct sl_changed_options){
        .rules = rules, .rule_count = SL_COUNT(rules), .bytes_max = 1 << 20};
}

static struct sl_span text(const char *string)
{
    return sl_check_span(string);
}

/* "a:1 a:2", or why as a whole. */
static void assert_items(const struct sl_changed_keys *changed, const char *table, uint32_t facet,
                         const char *want)
{
    struct sl_changed_table found = sl_changed_keys_find(changed, text("shop"), text(table));
    const struct sl_key_set *keys = sl_changed_keys_of(&found, facet);
    struct sl_buf have = {0};
    struct sl_span key;
    size_t at = 0;

    if (found.whole != NULL) {
        assert_int_equal(sl_buf_add_str(&have, found.whole), SL_OK);
    }
    while (found.whole == NULL && keys != NULL && sl_key_set_next(keys, &at, &key)) {
        assert_int_equal(sl_buf_add_format(&have, "%s%.*s", have.len > 0 ? " " : "", (int)key.len,
                                           (const char *)key.data),
                         SL_OK);
    }
    assert_buf(&have, want);
    sl_buf_release(&have);
}

static void assert_changed(const struct sl_changed_keys *changed, const char *table,
                           const char *want)
{
    assert_items(changed, table, 0, want);
}

/* ---- golden logs ---- */

/* The columns of shop.img, which its events do not name. */
static int img_schema(void *user, struct sl_span db, struct sl_span table,
                      const struct sl_position *at, const struct sl_schema **schema,
                      struct sl_err *err)
{
    static struct sl_schema_column columns[] = {
        {.key_part = 1}, {.is_nullable = true}, {.is_nullable = true}, {.key_part = 0}};
    static struct sl_schema img = {
        .columns = columns, .count = 4, .key_is_primary = true, .is_current = true};
    static const char *const words[][2] = {
        {"id", "int"}, {"name", "varchar"}, {"note", "text"}, {"n", "int"}};

    (void)user;
    (void)db;
    (void)at;
    (void)err;
    if (!sl_span_equals(table, "img")) {
        return SL_DONE;
    }
    for (size_t i = 0; i < SL_COUNT(columns); i++) {
        columns[i].name = text(words[i][0]);
        columns[i].data_type = text(words[i][1]);
        columns[i].column_type = text(words[i][1]);
    }
    *schema = &img;
    return SL_OK;
}

static int feed_all(struct sl_source *source, struct sl_stream *stream, struct sl_err *err)
{
    struct sl_span event;
    int rc = SL_OK;

    while (rc == SL_OK) {
        rc = source->ops->next(source, &event, err);
        rc = rc == SL_OK ? sl_stream_feed(stream, event, err) : rc;
    }
    return rc;
}

static struct sl_changed_keys *
read_golden(const char *name, const struct sl_changed_options *options, sl_schema_fn schema)
{
    struct sl_changed_keys *changed = sl_changed_keys_new(options);
    const struct sl_stream_options stream_options = {.verify_checksum = true,
                                                     .wants = sl_changed_keys_wants,
                                                     .wants_user = changed,
                                                     .schema = schema};
    struct sl_stream_handler handler = sl_changed_keys_handler(changed);
    struct sl_position start = {.offset = 0};
    struct sl_source *source = NULL;
    struct sl_stream *stream;
    struct sl_err err = {0};
    char path[512];
    const char *paths[] = {path};
    int rc;

    (void)snprintf(path, sizeof(path), "%s/golden/%s/capture.binlog", getenv("SLUICE_TEST_DATA"),
                   name);
    assert_ok(sl_source_file_new(paths, 1, &source, &err), &err);
    assert_ok(source->ops->open(source, SL_START_EARLIEST, &start, &err), &err);
    stream = sl_stream_new(&stream_options, &handler, &start);
    sl_changed_keys_attach(changed, stream);
    rc = feed_all(source, stream, &err);
    if (rc != SL_DONE) {
        fail_msg("%s: %s", name, err.text);
    }
    sl_stream_free(stream);
    source->ops->free(source);
    sl_position_release(&start);
    return changed;
}

static void keys_are_those_before_and_behind_in_any_image(void **state)
{
    const struct sl_changed_options options = defaults();
    struct sl_changed_keys *changed = read_golden("mysql-images", &options, img_schema);

    (void)state;
    assert_changed(changed, "img", "img:1 img:2 img:3 img:4 img:5");
    assert_changed(changed, "nokey", ""); /* a table that is gone */
    assert_int_equal(sl_changed_keys_count(changed), 5);
    sl_changed_keys_free(changed);
}

static void a_layout_that_is_not_known_is_the_whole_table(void **state)
{
    const struct sl_changed_options options = defaults();
    struct sl_changed_keys *changed = read_golden("mysql-images", &options, NULL);

    (void)state;
    assert_changed(changed, "img", "its layout at that place of the log is not known");
    sl_changed_keys_free(changed);
}

static void what_a_statement_wrote_is_the_whole_table(void **state)
{
    const struct sl_changed_options options = defaults();
    struct sl_changed_keys *changed = read_golden("mysql-transactions", &options, NULL);

    (void)state;
    assert_changed(changed, "a", "a statement changed it as a whole");
    assert_changed(changed, "my", "my:1 my:2");
    assert_changed(changed, "part", "part:1 part:2 part:3 part:4");
    sl_changed_keys_free(changed);
}

static void a_time_passes_over_what_lies_before_it(void **state)
{
    struct sl_changed_options options = defaults();
    struct sl_changed_keys *changed;

    (void)state;
    options.from_time = 1700000000;
    changed = read_golden("mariadb-xa", &options, NULL);
    assert_changed(changed, "x", "x:1 x:2 x:3 x:4 x:5 x:6 x:8");
    sl_changed_keys_free(changed);
    options.from_time = 1900000000;
    changed = read_golden("mariadb-xa", &options, NULL);
    assert_changed(changed, "x", "");
    sl_changed_keys_free(changed);
}

static void what_was_prepared_before_is_not_known(void **state)
{
    struct sl_changed_options options = defaults();
    struct sl_changed_keys *changed;

    (void)state;
    options.from_time = 1700000001;
    changed = read_golden("mariadb-xa", &options, NULL);
    assert_changed(changed, "x", "an XA transaction was committed that had been prepared before");
    assert_changed(changed, "y", "an XA transaction was committed that had been prepared before");
    assert_false(sl_changed_keys_wants(changed, text("shop"), text("x")));
    sl_changed_keys_free(changed);
}

/* ---- calls by hand ---- */

static void call_ddl(struct sl_changed_keys *changed, enum sl_ddl_kind kind, const char *table,
                     const char *to)
{
    struct sl_stream_handler handler = sl_changed_keys_handler(changed);
    struct sl_ddl ddl = {.kind = kind, .db = text("shop"), .table = text(table)};

    if (to != NULL) {
        ddl.to_db = text("shop");
        ddl.to_table = text(to);
    }
    assert_int_equal(handler.ddl(changed, &ddl, NULL), SL_OK);
}

static void statements_about_tables_are_told_apart(void **state)
{
    static const char why[] = "a statement changed it as a whole";
    const struct sl_changed_options options = defaults();
    struct sl_changed_keys *changed = sl_changed_keys_new(&options);

    (void)state;
    call_ddl(changed, SL_DDL_TRUNCATE, "t", NULL);
    call_ddl(changed, SL_DDL_DROP_TABLE, "d", NULL);
    call_ddl(changed, SL_DDL_ALTER_TABLE, "a", NULL);
    call_ddl(changed, SL_DDL_RENAME_TABLE, "r", "s");
    call_ddl(changed, SL_DDL_DML, "w", NULL);
    call_ddl(changed, SL_DDL_CREATE_TABLE, "c", NULL);
    call_ddl(changed, SL_DDL_OTHER, "", NULL);
    call_ddl(changed, SL_DDL_TRUNCATE, "secret", NULL);
    assert_changed(changed, "t", why);
    assert_changed(changed, "d", why);
    assert_changed(changed, "a", why);
    assert_changed(changed, "r", why);
    assert_changed(changed, "s", why);
    assert_changed(changed, "w", why);
    assert_changed(changed, "c", "");
    assert_changed(changed, "secret", "");
    assert_false(sl_changed_keys_wants(changed, text("shop"), text("t")));
    assert_true(sl_changed_keys_wants(changed, text("shop"), text("c")));
    assert_false(sl_changed_keys_wants(changed, text("shop"), text("secret")));
    call_ddl(changed, SL_DDL_DROP_DATABASE, "", NULL);
    assert_changed(changed, "c", why);
    sl_changed_keys_free(changed);
}

static void statements_that_name_no_table_are_all_tables(void **state)
{
    const struct sl_changed_options options = defaults();
    struct sl_changed_keys *changed = sl_changed_keys_new(&options);

    (void)state;
    call_ddl(changed, SL_DDL_DML, "", NULL);
    assert_changed(changed, "c", "a statement changed it as a whole");
    sl_changed_keys_free(changed);
    changed = sl_changed_keys_new(&options);
    call_ddl(changed, SL_DDL_UNPARSED, "", NULL);
    assert_changed(changed, "c", "a statement about tables could not be read");
    sl_changed_keys_free(changed);
}

static void call_rows(struct sl_changed_keys *changed, const char *name, int count)
{
    struct sl_stream_handler handler = sl_changed_keys_handler(changed);
    struct sl_test_table table;
    bool skip = true;
    char number[16];

    sl_test_table_init(&table, "shop", name, "id int key, v text");
    table.table.has_names = true;
    assert_int_equal(handler.table(changed, &table.table, &skip, NULL), SL_OK);
    for (int i = 0; !skip && i < count; i++) {
        struct sl_cell cells[] = {sl_test_cell(number), sl_test_cell("v")};
        const struct sl_row_change change = {
            .op = SL_OP_INSERT, .table = &table.table, .after = cells};

        (void)snprintf(number, sizeof(number), "%d", i);
        cells[0] = sl_test_cell(number);
        assert_int_equal(handler.row(changed, &change, NULL), SL_OK);
    }
    sl_test_table_release(&table);
}

static void call_cells(struct sl_changed_keys *changed, enum sl_op op, const struct sl_cell *old,
                       const struct sl_cell *new)
{
    struct sl_stream_handler handler = sl_changed_keys_handler(changed);
    struct sl_row_change change = {.op = op};
    struct sl_test_table table;
    bool skip = true;

    sl_test_table_init(&table, "shop", "t", "id int key, v text");
    table.table.has_names = true;
    change.table = &table.table;
    change.before = op != SL_OP_INSERT ? old : NULL;
    change.after = op != SL_OP_DELETE ? new : NULL;
    assert_int_equal(handler.table(changed, &table.table, &skip, NULL), SL_OK);
    assert_false(skip);
    assert_int_equal(handler.row(changed, &change, NULL), SL_OK);
    sl_test_table_release(&table);
}

static void call_change(struct sl_changed_keys *changed, enum sl_op op, const char *before,
                        const char *after)
{
    const struct sl_cell old[] = {sl_test_cell(before), sl_test_cell("v")};
    const struct sl_cell new[] = {sl_test_cell(after), sl_test_cell("w")};

    call_cells(changed, op, old, new);
}

static void old_and_new_keys_and_those_of_deleted_rows_are_taken(void **state)
{
    const struct sl_changed_options options = defaults();
    struct sl_changed_keys *changed = sl_changed_keys_new(&options);

    (void)state;
    call_change(changed, SL_OP_INSERT, "", "1");
    call_change(changed, SL_OP_UPDATE, "2", "2");
    call_change(changed, SL_OP_UPDATE, "3", "4");
    call_change(changed, SL_OP_DELETE, "5", "");
    assert_changed(changed, "t", "t:1 t:2 t:3 t:4 t:5");
    sl_changed_keys_free(changed);
}

static void items_of_old_and_new_rows_are_taken(void **state)
{
    static const struct sl_row_index indexes[] = {
        {.key = "at:{v}:{id}", .value = "{v}"}, {.key = "of:{v}", .value = "{id}", .is_set = true}};
    const struct sl_table_rule rule = {.pattern = "shop.*",
                                       .db_pattern = "shop",
                                       .table_pattern = "*",
                                       .key_template = "{table}:{pk}",
                                       .indexes = indexes,
                                       .index_count = SL_COUNT(indexes)};
    const struct sl_changed_options options = {
        .rules = &rule, .rule_count = 1, .bytes_max = 1 << 20};
    struct sl_changed_keys *changed = sl_changed_keys_new(&options);
    const struct sl_cell null[] = {sl_test_cell("3"), SL_NULL_CELL};
    const struct sl_cell a[] = {sl_test_cell("3"), sl_test_cell("a")};
    const struct sl_cell part[] = {sl_test_cell("3"), {.state = SL_CELL_ABSENT}};

    (void)state;
    call_change(changed, SL_OP_UPDATE, "1", "1");
    call_change(changed, SL_OP_DELETE, "2", "");
    call_cells(changed, SL_OP_UPDATE, null, a);
    assert_items(changed, "t", 0, "t:1 t:2 t:3");
    assert_items(changed, "t", 1, "at:v:1 at:w:1 at:v:2 at:a:3");
    assert_items(changed, "t", 2,
                 "$4\r\nof:v\r\n$1\r\n1 $4\r\nof:w\r\n$1\r\n1 $4\r\nof:v\r\n$1\r\n2 "
                 "$4\r\nof:a\r\n$1\r\n3");
    assert_int_equal(sl_changed_keys_count(changed), 3);
    call_cells(changed, SL_OP_UPDATE, a, part); /* what it lacks is as it was */
    assert_items(changed, "t", 1, "at:v:1 at:w:1 at:v:2 at:a:3");
    call_cells(changed, SL_OP_DELETE, part, NULL);
    assert_changed(changed, "t", "its row images lack columns that its indexes are made of");
    sl_changed_keys_free(changed);
}

static void a_table_whose_rows_have_parts_changes_as_a_whole(void **state)
{
    static const struct sl_table_rule rule = {.pattern = "shop.t",
                                              .db_pattern = "shop",
                                              .table_pattern = "t",
                                              .key_template = "t:{id}:",
                                              .part_template = "t:{id}:{part}",
                                              .transform = "function(row) return { a = row } end"};
    struct sl_changed_options options = defaults();
    struct sl_changed_keys *changed;

    (void)state;
    options.rules = &rule;
    options.rule_count = 1;
    changed = sl_changed_keys_new(&options);
    call_rows(changed, "t", 2);
    assert_changed(changed, "t", "a function names the keys of its rows");
    sl_changed_keys_free(changed);
}

static void too_many_keys_make_the_largest_table_whole(void **state)
{
    static const char why[] = "more of its keys changed than are remembered";
    struct sl_changed_options options = defaults();
    struct sl_changed_keys *changed;

    (void)state;
    options.bytes_max = 20000;
    changed = sl_changed_keys_new(&options);
    call_rows(changed, "few", 3);
    call_rows(changed, "many", 3000);
    call_rows(changed, "three", 3);
    assert_changed(changed, "many", why);
    assert_changed(changed, "few", "few:0 few:1 few:2");
    assert_changed(changed, "three", "three:0 three:1 three:2");
    call_rows(changed, "many", 3);
    assert_changed(changed, "many", why);
    assert_int_equal(sl_changed_keys_count(changed), 6);
    sl_changed_keys_free(changed);
}

static bool only_few(void *user, struct sl_span db, struct sl_span table)
{
    assert_ptr_equal(user, rules);
    assert_span(db, "shop");
    return sl_span_equals(table, "few");
}

static void tables_that_nobody_asks_for_are_passed_over(void **state)
{
    struct sl_changed_options options = defaults();
    struct sl_changed_keys *changed;

    (void)state;
    options.is_asked = only_few;
    options.user = (void *)(uintptr_t)rules;
    changed = sl_changed_keys_new(&options);
    assert_true(sl_changed_keys_wants(changed, text("shop"), text("few")));
    assert_false(sl_changed_keys_wants(changed, text("shop"), text("many")));
    assert_int_equal(sl_changed_keys_add_whole(changed, text("shop"), text("few"), "so it is"),
                     SL_OK);
    assert_changed(changed, "few", "so it is");
    sl_changed_keys_free(changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_those_before_and_behind_in_any_image),
        cmocka_unit_test(a_layout_that_is_not_known_is_the_whole_table),
        cmocka_unit_test(what_a_statement_wrote_is_the_whole_table),
        cmocka_unit_test(a_time_passes_over_what_lies_before_it),
        cmocka_unit_test(what_was_prepared_before_is_not_known),
        cmocka_unit_test(statements_about_tables_are_told_apart),
        cmocka_unit_test(statements_that_name_no_table_are_all_tables),
        cmocka_unit_test(old_and_new_keys_and_those_of_deleted_rows_are_taken),
        cmocka_unit_test(items_of_old_and_new_rows_are_taken),
        cmocka_unit_test(a_table_whose_rows_have_parts_changes_as_a_whole),
        cmocka_unit_test(too_many_keys_make_the_largest_table_whole),
        cmocka_unit_test(tables_that_nobody_asks_for_are_passed_over),
    };

    return cmocka_run_group_tests_name("changed_keys", tests, NULL, NULL);
}
