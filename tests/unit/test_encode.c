#include "tests/support/check.h"

#include "filters/encode.h"
#include "tests/support/table.h"

struct fixture {
    struct sl_test_table test;
    struct sl_table_rule rule;
    struct sl_shape *shape;
    struct sl_buf out;
    struct sl_err err;
    uint32_t key_at;
    uint16_t commands;
};

static const char *const columns[] = {"name", "note"};

static void init(struct fixture *fix, const char *spec, enum sl_value_kind value, uint64_t ttl)
{
    *fix = (struct fixture){.rule = {.pattern = "shop.t",
                                     .db_pattern = "shop",
                                     .table_pattern = "t",
                                     .key_template = "{pk}",
                                     .value = value,
                                     .ttl_s = ttl}};
    sl_test_table_init(&fix->test, "shop", "t", spec);
    assert_ok(sl_shape_new(&fix->rule, &fix->test.table, &fix->shape, &fix->err), &fix->err);
}

static void release(struct fixture *fix)
{
    sl_shape_free(fix->shape);
    sl_buf_release(&fix->out);
}

/* "*3 $4 HSET …" with each "\r\n" as a space, so that a command can be read. */
static const char *flat(struct sl_buf *out)
{
    static char text[2048];
    size_t len = 0;

    for (size_t i = 0; i < out->len && len < sizeof(text) - 1; i++) {
        if (out->data[i] == '\r') {
            i++;
            text[len++] = ' ';
        } else {
            text[len++] = (char)out->data[i];
        }
    }
    text[len > 0 ? len - 1 : 0] = '\0';
    return text;
}

static void put(struct fixture *fix, const struct sl_cell *cells)
{
    const struct sl_row row = {.cells = cells};

    sl_buf_clear(&fix->out);
    assert_ok(sl_encode_put(fix->shape, row, sl_check_span("k:1"), &fix->out, &fix->key_at,
                            &fix->commands, &fix->err),
              &fix->err);
    assert_bytes(fix->out.data + fix->key_at, 3, "k:1");
}

static void a_hash_holds_a_field_a_column(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("1"), sl_test_cell("bob"), sl_test_cell("")};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,name text,note text", SL_VALUE_HASH, 0);
    put(&fix, cells);
    assert_string_equal(flat(&fix.out), "*8 $4 HSET $3 k:1 $2 id $1 1 $4 name $3 bob $4 note $0 ");
    assert_int_equal(fix.commands, 1);
    release(&fix);
}

static void nulls_are_removed_fields(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("1"), SL_NULL_CELL, SL_NULL_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,name text,note text", SL_VALUE_HASH, 0);
    put(&fix, cells);
    assert_string_equal(flat(&fix.out),
                        "*4 $4 HSET $3 k:1 $2 id $1 1 *4 $4 HDEL $3 k:1 $4 name $4 note");
    assert_int_equal(fix.commands, 2);
    release(&fix);
}

static void a_hash_of_nulls_is_no_key(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("1"), SL_NULL_CELL, SL_NULL_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,name text,note text", SL_VALUE_HASH, 60);
    sl_shape_free(fix.shape);
    fix.rule.columns = columns;
    fix.rule.column_count = 2;
    assert_ok(sl_shape_new(&fix.rule, &fix.test.table, &fix.shape, &fix.err), &fix.err);
    put(&fix, cells);
    assert_string_equal(flat(&fix.out), "*2 $3 DEL $3 k:1");
    assert_int_equal(fix.commands, 1);
    release(&fix);
}

static void a_time_to_live_comes_with_the_value(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("1"), SL_NULL_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,name text", SL_VALUE_HASH, 86400);
    put(&fix, cells);
    assert_string_equal(flat(&fix.out), "*4 $4 HSET $3 k:1 $2 id $1 1 *3 $4 HDEL $3 k:1 $4 name "
                                        "*3 $6 EXPIRE $3 k:1 $5 86400");
    assert_int_equal(fix.commands, 3);
    release(&fix);
    init(&fix, "id int key,name text", SL_VALUE_JSON, 86400);
    put(&fix, cells);
    assert_string_equal(flat(&fix.out),
                        "*5 $3 SET $3 k:1 $20 {\"id\":1,\"name\":null} $2 EX $5 86400");
    assert_int_equal(fix.commands, 1);
    release(&fix);
}

static void a_document_is_set_at_its_root(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("1"), SL_NULL_CELL};
    const struct sl_row row = {.cells = cells};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,name text", SL_VALUE_REJSON, 60);
    put(&fix, cells);
    assert_string_equal(flat(&fix.out), "*4 $8 JSON.SET $3 k:1 $1 $ $20 {\"id\":1,\"name\":null} "
                                        "*3 $6 EXPIRE $3 k:1 $2 60");
    assert_int_equal(fix.commands, 2);
    sl_buf_clear(&fix.out);
    assert_ok(sl_encode_replace(fix.shape, row, sl_check_span("k:1"), &fix.out, &fix.key_at,
                                &fix.commands, &fix.err),
              &fix.err);
    assert_non_null(strstr(flat(&fix.out), "*2 $3 DEL $3 k:1 *4 $8 JSON.SET "));
    assert_int_equal(fix.commands, 3);
    release(&fix);
}

/* The seconds that the last argument of the command says, for KEY. */
static unsigned long expiry_of(const char *key, enum sl_value_kind value)
{
    const struct sl_cell cells[] = {sl_test_cell("1"), sl_test_cell("x")};
    const struct sl_row row = {.cells = cells};
    struct fixture fix;
    unsigned long seconds;

    init(&fix, "id int key,name text", value, 1000);
    fix.rule.ttl_jitter_s = 9;
    assert_ok(sl_encode_put(fix.shape, row, sl_check_span(key), &fix.out, &fix.key_at,
                            &fix.commands, &fix.err),
              &fix.err);
    seconds = strtoul(strrchr(flat(&fix.out), ' ') + 1, NULL, 10);
    release(&fix);
    return seconds;
}

static void keys_that_are_written_together_do_not_expire_together(void **state)
{
    bool seen[10] = {false};
    size_t different = 0;

    (void)state;
    for (int i = 0; i < 200; i++) {
        char key[12];
        unsigned long seconds;

        (void)snprintf(key, sizeof(key), "k:%d", i);
        seconds = expiry_of(key, SL_VALUE_HASH);
        assert_in_range(seconds, 1000, 1009);
        assert_int_equal(seconds, expiry_of(key, SL_VALUE_JSON));
        different += !seen[seconds - 1000];
        seen[seconds - 1000] = true;
    }
    assert_int_equal(different, 10);
}

static void a_part_changes_what_is_there(void **state)
{
    const struct sl_cell cells[] = {SL_ABSENT_CELL, sl_test_cell("bob"), SL_NULL_CELL,
                                    SL_ABSENT_CELL};
    const struct sl_row row = {.cells = cells};
    struct fixture fix;
    const char *text;

    (void)state;
    init(&fix, "id int key,name text,note text,more text", SL_VALUE_HASH, 60);
    assert_ok(sl_encode_merge(fix.shape, row, sl_check_span("k:1"), &fix.out, &fix.key_at,
                              &fix.commands, &fix.err),
              &fix.err);
    assert_int_equal(fix.commands, 2);
    assert_bytes(fix.out.data + fix.key_at, 3, "k:1");
    text = flat(&fix.out);
    assert_memory_equal(text, "*8 $4 EVAL $", 12);
    assert_non_null(strstr(text, "return 1 $1 1 $3 k:1 $1 1 $4 name $3 bob $4 note "
                                 "*3 $6 EXPIRE $3 k:1 $2 60"));
    release(&fix);
}

static void json_has_numbers_strings_and_nested_documents(void **state)
{
    static const uint8_t five[] = {5, 0, 0, 0};
    const struct sl_cell cells[] = {sl_test_bytes(five, 4), sl_test_cell("say \"hi\"\n"),
                                    sl_test_bytes("\x00\xff\x10", 3), sl_test_cell("{\"a\": [1]}"),
                                    SL_NULL_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,name text,data blob,doc json,more text", SL_VALUE_JSON, 0);
    assert_ok(sl_encode_json(fix.shape, (struct sl_row){.cells = cells}, &fix.out, &fix.err),
              &fix.err);
    assert_buf(&fix.out, "{\"id\":5,\"name\":\"say \\\"hi\\\"\\n\",\"data\":\"AP8Q\","
                         "\"doc\":{\"a\": [1]},\"more\":null}");
    release(&fix);
}

static void json_numbers_have_no_leading_zeros(void **state)
{
    static const struct {
        const char *year;
        const char *zerofill;
        const char *real;
        const char *want;
    } cases[] = {
        {"2024", "00042", "0.5", "{\"y\":2024,\"z\":42,\"f\":0.5}"},
        {"0000", "00000", "0", "{\"y\":0,\"z\":0,\"f\":0}"},
        {"1901", "12345", "-0.25", "{\"y\":1901,\"z\":12345,\"f\":-0.25}"},
        {"1901", "0", "1e-7", "{\"y\":1901,\"z\":0,\"f\":1e-7}"},
    };
    struct fixture fix;

    (void)state;
    init(&fix, "y year key,z zerofill,f float", SL_VALUE_JSON, 0);
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        const struct sl_cell cells[] = {sl_test_cell(cases[i].year),
                                        sl_test_cell(cases[i].zerofill),
                                        sl_test_cell(cases[i].real)};

        sl_buf_clear(&fix.out);
        assert_ok(sl_encode_json(fix.shape, (struct sl_row){.cells = cells}, &fix.out, &fix.err),
                  &fix.err);
        assert_buf(&fix.out, cases[i].want);
    }
    release(&fix);
}

static void stored_zerofill_and_year_become_json_numbers(void **state)
{
    static const uint8_t zero[] = {0};
    static const uint8_t number[] = {42, 0, 0, 0};
    static const uint8_t half[] = {0, 0, 0, 0x3f};
    const struct sl_cell cells[] = {sl_test_bytes(zero, 1), sl_test_bytes(number, 4),
                                    sl_test_bytes(half, 4)};
    struct fixture fix;

    (void)state;
    init(&fix, "y year key,z zerofill,f float", SL_VALUE_JSON, 0);
    assert_ok(sl_encode_json(fix.shape, (struct sl_row){.cells = cells}, &fix.out, &fix.err),
              &fix.err);
    assert_buf(&fix.out, "{\"y\":0,\"z\":42,\"f\":0.5}");
    release(&fix);
}

static void columns_are_in_table_order_and_only_those_chosen(void **state)
{
    static const char *const chosen[] = {"note", "na\"me"};
    const struct sl_cell cells[] = {sl_test_cell("1"), sl_test_cell("bob"), sl_test_cell("n")};
    const struct sl_cell absent[] = {sl_test_cell("1"), SL_ABSENT_CELL, SL_ABSENT_CELL};
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,na\"me text,note text", SL_VALUE_JSON, 0);
    sl_shape_free(fix.shape);
    fix.rule.columns = chosen;
    fix.rule.column_count = 2;
    assert_ok(sl_shape_new(&fix.rule, &fix.test.table, &fix.shape, &fix.err), &fix.err);
    assert_ok(sl_encode_json(fix.shape, (struct sl_row){.cells = cells}, &fix.out, &fix.err),
              &fix.err);
    assert_buf(&fix.out, "{\"na\\\"me\":\"bob\",\"note\":\"n\"}");
    sl_buf_clear(&fix.out);
    assert_ok(sl_encode_json(fix.shape, (struct sl_row){.cells = absent}, &fix.out, &fix.err),
              &fix.err);
    assert_buf(&fix.out, "{}");
    release(&fix);
}

static void columns_that_are_left_out_are_not_there(void **state)
{
    static const char *const except[] = {"note", "id"};
    static const char *const all[] = {"note", "id", "name", "data"};
    const struct sl_cell cells[] = {sl_test_cell("1"), sl_test_cell("bob"), sl_test_cell("n"),
                                    SL_NULL_CELL};
    struct sl_shape *shape = NULL;
    struct fixture fix;

    (void)state;
    init(&fix, "id int key,name text,note text,data text", SL_VALUE_JSON, 0);
    sl_shape_free(fix.shape);
    fix.rule.except = except;
    fix.rule.except_count = 2;
    assert_ok(sl_shape_new(&fix.rule, &fix.test.table, &fix.shape, &fix.err), &fix.err);
    assert_ok(sl_encode_json(fix.shape, (struct sl_row){.cells = cells}, &fix.out, &fix.err),
              &fix.err);
    assert_buf(&fix.out, "{\"name\":\"bob\",\"data\":null}");
    fix.rule.except = all;
    fix.rule.except_count = 4;
    assert_int_equal(sl_shape_new(&fix.rule, &fix.test.table, &shape, &fix.err), SL_EINVAL);
    assert_non_null(strstr(fix.err.text, "leaves out every column of table shop.t"));
    assert_null(shape);
    release(&fix);
}

static void renamed_columns_have_other_fields_and_members(void **state)
{
    static const struct sl_column_name names[] = {{"id", "name"}, {"name", "ä\"b"}};
    static const struct sl_column_name twice[] = {{"id", "name"}};
    static const struct sl_column_name unknown[] = {{"nothing", "x"}};
    const struct sl_cell cells[] = {sl_test_cell("1"), sl_test_cell("bob"), SL_NULL_CELL};
    struct sl_shape *shape = NULL;
    struct fixture fix;

    (void)state;
    for (unsigned json = 0; json < 2; json++) {
        init(&fix, "id int key,name text,note text", json ? SL_VALUE_JSON : SL_VALUE_HASH, 0);
        sl_shape_free(fix.shape);
        fix.rule.renames = names;
        fix.rule.rename_count = 2;
        assert_ok(sl_shape_new(&fix.rule, &fix.test.table, &fix.shape, &fix.err), &fix.err);
        put(&fix, cells);
        assert_non_null(
            strstr(flat(&fix.out), json ? "{\"name\":1,\"ä\\\"b\":\"bob\",\"note\":null}"
                                        : "$4 name $1 1 $4 ä\"b $3 bob *3 $4 HDEL $3 k:1 $4 note"));
        release(&fix);
    }
    init(&fix, "id int key,name text,note text", SL_VALUE_HASH, 0);
    fix.rule.rename_count = 1;
    fix.rule.renames = twice;
    assert_int_equal(sl_shape_new(&fix.rule, &fix.test.table, &shape, &fix.err), SL_EINVAL);
    assert_non_null(strstr(fix.err.text, "gives two columns of table shop.t the name name"));
    fix.rule.renames = unknown;
    assert_int_equal(sl_shape_new(&fix.rule, &fix.test.table, &shape, &fix.err), SL_EINVAL);
    assert_non_null(strstr(fix.err.text, "renames the column nothing"));
    release(&fix);
}

static void long_documents_have_the_right_length(void **state)
{
    char text[5001];
    struct fixture fix;
    static const size_t lengths[] = {0, 1, 60, 70, 80, 81, 82, 83, 970, 980, 981, 982, 4999};

    (void)state;
    init(&fix, "id int key,name text", SL_VALUE_JSON, 0);
    for (size_t i = 0; i < SL_COUNT(lengths); i++) {
        struct sl_cell cells[] = {sl_test_cell("1"), SL_NULL_CELL};
        char want[64];

        memset(text, 'x', lengths[i]);
        text[lengths[i]] = '\0';
        cells[1] = sl_test_cell(text);
        put(&fix, cells);
        (void)snprintf(want, sizeof(want), "*3 $3 SET $3 k:1 $%zu {\"id\":1,\"name\":\"",
                       lengths[i] + 18);
        assert_memory_equal(flat(&fix.out), want, strlen(want));
    }
    release(&fix);
}

/* A value that cannot be rendered, and a buffer that is too small, leave nothing of the command. */
static void a_failure_leaves_the_buffer_as_it_was(void **state)
{
    const struct sl_cell bad[] = {
        sl_test_cell("1"), sl_test_cell("x"), {.state = SL_CELL_JSON_DIFF}};
    const struct sl_cell good[] = {sl_test_cell("1"), sl_test_cell("x"), SL_NULL_CELL};
    struct fixture fix;

    (void)state;
    for (int value = SL_VALUE_HASH; value <= SL_VALUE_JSON; value++) {
        init(&fix, "id int key,name text,doc json", (enum sl_value_kind)value, 60);
        assert_int_equal(sl_buf_add_str(&fix.out, "before"), SL_OK);
        assert_int_equal(sl_encode_put(fix.shape, (struct sl_row){.cells = bad}, sl_check_span("k"),
                                       &fix.out, &fix.key_at, &fix.commands, &fix.err),
                         SL_EUNSUPPORTED);
        assert_buf(&fix.out, "before");
        assert_int_equal(sl_encode_merge(fix.shape, (struct sl_row){.cells = bad},
                                         sl_check_span("k"), &fix.out, &fix.key_at, &fix.commands,
                                         &fix.err),
                         SL_EUNSUPPORTED);
        assert_buf(&fix.out, "before");
        for (size_t limit = 6; limit < 200; limit++) {
            struct sl_buf small = {.limit = limit};
            int rc;

            assert_int_equal(sl_buf_add_str(&small, "before"), SL_OK);
            rc = sl_encode_put(fix.shape, (struct sl_row){.cells = good}, sl_check_span("k"),
                               &small, &fix.key_at, &fix.commands, &fix.err);
            assert_true(rc == SL_OK || rc == SL_ELIMIT);
            assert_true((rc == SL_OK) == (small.len > 6));
            sl_buf_release(&small);
        }
        release(&fix);
    }
}

static void rules_that_do_not_fit_are_refused(void **state)
{
    static const char *const unknown[] = {"name", "nothing"};
    struct fixture fix;
    struct sl_shape *shape = NULL;

    (void)state;
    init(&fix, "id int key,name text", SL_VALUE_HASH, 0);
    fix.rule.columns = unknown;
    fix.rule.column_count = 2;
    assert_int_equal(sl_shape_new(&fix.rule, &fix.test.table, &shape, &fix.err), SL_EINVAL);
    assert_non_null(strstr(fix.err.text, "nothing"));
    fix.rule.columns = NULL;
    fix.rule.column_count = 0;
    fix.rule.except = unknown;
    fix.rule.except_count = 2;
    assert_int_equal(sl_shape_new(&fix.rule, &fix.test.table, &shape, &fix.err), SL_EINVAL);
    assert_non_null(strstr(fix.err.text, "leaves out the column nothing"));
    fix.test.table.has_names = false;
    assert_int_equal(sl_shape_new(&fix.rule, &fix.test.table, &shape, &fix.err), SL_ESCHEMA);
    assert_non_null(strstr(fix.err.text, "binlog_row_metadata"));
    assert_null(shape);
    sl_shape_free(NULL);
    release(&fix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_holds_a_field_a_column),
        cmocka_unit_test(nulls_are_removed_fields),
        cmocka_unit_test(a_hash_of_nulls_is_no_key),
        cmocka_unit_test(a_time_to_live_comes_with_the_value),
        cmocka_unit_test(a_document_is_set_at_its_root),
        cmocka_unit_test(keys_that_are_written_together_do_not_expire_together),
        cmocka_unit_test(a_part_changes_what_is_there),
        cmocka_unit_test(json_has_numbers_strings_and_nested_documents),
        cmocka_unit_test(json_numbers_have_no_leading_zeros),
        cmocka_unit_test(stored_zerofill_and_year_become_json_numbers),
        cmocka_unit_test(columns_are_in_table_order_and_only_those_chosen),
        cmocka_unit_test(columns_that_are_left_out_are_not_there),
        cmocka_unit_test(renamed_columns_have_other_fields_and_members),
        cmocka_unit_test(long_documents_have_the_right_length),
        cmocka_unit_test(a_failure_leaves_the_buffer_as_it_was),
        cmocka_unit_test(rules_that_do_not_fit_are_refused),
    };

    return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
