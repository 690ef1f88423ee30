#include "tests/support/check.h"

#include "filters/encode.h"
#include "filters/mask.h"
#include "tests/support/table.h"

static void check(const struct sl_column_mask *mask, struct sl_span text, const char *want)
{
    struct sl_buf out = {0};

    assert_int_equal(sl_buf_add_str(&out, "before:"), SL_OK);
    assert_int_equal(sl_buf_add(&out, text.data, text.len), SL_OK);
    assert_int_equal(sl_mask_tail(mask, &out, 7), SL_OK);
    assert_bytes(out.data, 7, "before:");
    assert_bytes(out.data + 7, out.len - 7, want);
    sl_buf_release(&out);
}

/* RFC 4231, test case 2. */
static void a_hash_is_a_keyed_one(void **state)
{
    const struct sl_column_mask mask = {.kind = SL_MASK_SHA256, .text = "Jefe"};

    (void)state;
    check(&mask, sl_check_span("what do ya want for nothing?"),
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    check(&mask, sl_check_span(""),
          "923598ca6d64af2a5dba79dcd021a8a0fe5c5f557519adaaf0ad532d4506dd30");
}

static void the_last_characters_stay(void **state)
{
    static const struct {
        uint32_t last;
        const char *text;
        const char *want;
    } cases[] = {
        {4, "4111111111111234", "************1234"},
        {4, "12345", "*2345"},
        {4, "1234", "****"}, /* nothing of what would be shown whole */
        {4, "12", "**"},
        {4, "", ""},
        {1, "\xc3\xa4\xc3\xb6\xe4\xb8\xad", "**\xe4\xb8\xad"},
        {2, "a\xffz\xfe", "**z\xfe"}, /* no UTF-8: a byte is a character */
        {1000, "abc", "***"},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        const struct sl_column_mask mask = {.kind = SL_MASK_LAST, .last = cases[i].last};

        check(&mask, sl_check_span(cases[i].text), cases[i].want);
    }
}

static void a_text_stands_for_every_value(void **state)
{
    const struct sl_column_mask mask = {.kind = SL_MASK_TEXT, .text = "[hidden]"};
    const struct sl_column_mask empty = {.kind = SL_MASK_TEXT, .text = ""};

    (void)state;
    check(&mask, sl_check_span("a"), "[hidden]");
    check(&mask, sl_check_span("a much longer text"), "[hidden]");
    check(&empty, sl_check_span("a"), "");
}

/* ---- rows ---- */

static const struct sl_column_mask masks[] = {
    {.column = "n", .kind = SL_MASK_TEXT, .text = "\"x\""},
    {.column = "gone", .kind = SL_MASK_NULL},
    {.column = "data", .kind = SL_MASK_LAST, .last = 1},
    {.column = "null", .kind = SL_MASK_TEXT, .text = "never"},
};

static struct sl_table_rule rule_of(enum sl_value_kind value)
{
    return (struct sl_table_rule){.pattern = "shop.t",
                                  .key_template = "{pk}",
                                  .value = value,
                                  .masks = masks,
                                  .mask_count = SL_COUNT(masks)};
}

static void put(enum sl_value_kind value, const struct sl_cell *cells, struct sl_buf *out)
{
    struct sl_table_rule rule = rule_of(value);
    struct sl_test_table test;
    struct sl_shape *shape = NULL;
    struct sl_err err = {0};
    uint32_t key_at;
    uint16_t commands;

    sl_test_table_init(&test, "shop", "t", "id int key,n int,gone text,data blob,null text");
    assert_ok(sl_shape_new(&rule, &test.table, &shape, &err), &err);
    assert_ok(sl_encode_put(shape, (struct sl_row){.cells = cells}, sl_check_span("k"), out,
                            &key_at, &commands, &err),
              &err);
    sl_shape_free(shape);
}

static void masked_columns_are_not_in_the_command(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("1"), sl_test_cell("42"), sl_test_cell("secret"),
                                    sl_test_cell("abc"), SL_NULL_CELL};
    struct sl_buf out = {0};

    (void)state;
    put(SL_VALUE_HASH, cells, &out);
    assert_buf(&out,
               "*8\r\n$4\r\nHSET\r\n$1\r\nk\r\n$2\r\nid\r\n$1\r\n1\r\n$1\r\nn\r\n$3\r\n\"x\"\r\n"
               "$4\r\ndata\r\n$3\r\n**c\r\n*4\r\n$4\r\nHDEL\r\n$1\r\nk\r\n$4\r\ngone\r\n"
               "$4\r\nnull\r\n");
    sl_buf_clear(&out);
    put(SL_VALUE_JSON, cells, &out);
    assert_non_null(strstr(sl_buf_cstr(&out), "{\"id\":1,\"n\":\"\\\"x\\\"\",\"gone\":null,"
                                              "\"data\":\"**c\",\"null\":null}"));
    sl_buf_release(&out);
}

static void masks_that_do_not_fit_are_refused(void **state)
{
    static const struct sl_column_mask in_key[] = {{.column = "id", .kind = SL_MASK_NULL}};
    static const struct sl_column_mask unknown[] = {{.column = "nothing", .kind = SL_MASK_NULL}};
    struct sl_table_rule rule = rule_of(SL_VALUE_HASH);
    struct sl_shape *shape = NULL;
    struct sl_test_table test;
    struct sl_err err = {0};

    (void)state;
    sl_test_table_init(&test, "shop", "t", "id int key,n int");
    rule.masks = in_key;
    rule.mask_count = 1;
    assert_int_equal(sl_shape_new(&rule, &test.table, &shape, &err), SL_EINVAL);
    assert_non_null(strstr(err.text, "masks the column id, of which the keys of table shop.t are"));
    rule.masks = unknown;
    assert_int_equal(sl_shape_new(&rule, &test.table, &shape, &err), SL_EINVAL);
    assert_non_null(strstr(err.text, "masks the column nothing"));
    assert_null(shape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_is_a_keyed_one),
        cmocka_unit_test(the_last_characters_stay),
        cmocka_unit_test(a_text_stands_for_every_value),
        cmocka_unit_test(masked_columns_are_not_in_the_command),
        cmocka_unit_test(masks_that_do_not_fit_are_refused),
    };

    return cmocka_run_group_tests_name("mask", tests, NULL, NULL);
}
