/* Whether a template tells the rows of a table apart. */
#include "tests/support/check.h"

#include "filters/key_unique.h"
#include "tests/support/table.h"

enum { PRIMARY = 1, EMAIL = 2, PLACE = 4 };

/* id is the primary key; email is unique, and so are town and street together. */
static void make_table(struct sl_test_table *test)
{
    sl_test_table_init(test, "shop", "users", "id int key,email text,town text,street text");
    test->columns[0].unique_in = PRIMARY;
    test->columns[1].unique_in = EMAIL;
    test->columns[2].unique_in = PLACE;
    test->columns[3].unique_in = PLACE;
    test->table.uniques = PRIMARY | EMAIL | PLACE;
}

static int check(const struct sl_test_table *test, const char *key_template, struct sl_err *err)
{
    const struct sl_table_rule rule = {.pattern = "shop.*", .key_template = key_template};
    struct sl_shape *shape = NULL;
    int rc;

    assert_ok(sl_shape_new(&rule, &test->table, &shape, err), err);
    rc = sl_key_check_unique(shape, err);
    sl_shape_free(shape);
    return rc;
}

static void a_template_needs_all_columns_of_an_index(void **state)
{
    static const struct {
        const char *key_template;
        int want;
    } cases[] = {
        {"{db}:{table}:{pk}", SL_OK},    {"{id}", SL_OK},
        {"{town}:{id}", SL_OK},          {"user:{email}", SL_OK},
        {"{street}:{town}", SL_OK},      {"{town}", SL_EINVAL},
        {"{table}:{street}", SL_EINVAL},
    };
    struct sl_test_table test;

    (void)state;
    make_table(&test);
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_err err = {0};

        assert_int_equal(check(&test, cases[i].key_template, &err), cases[i].want);
        if (cases[i].want != SL_OK) {
            assert_non_null(strstr(err.text, cases[i].key_template));
            assert_non_null(strstr(err.text, "shop.users"));
        }
    }
}

static void an_index_that_may_hold_null_does_not_count(void **state)
{
    struct sl_test_table test;
    struct sl_err err = {0};

    (void)state;
    make_table(&test);
    test.table.uniques = PRIMARY | PLACE;
    assert_int_equal(check(&test, "user:{email}", &err), SL_EINVAL);
}

static void indexes_that_are_not_known_are_not_judged(void **state)
{
    struct sl_test_table test;
    struct sl_err err = {0};

    (void)state;
    make_table(&test);
    test.table.uniques = 0;
    assert_int_equal(check(&test, "{town}", &err), SL_OK);
}

static void values_that_run_together_are_told(void **state)
{
    static const struct {
        const char *key_template;
        bool want;
    } cases[] = {
        {"{id}{n}", true},   {"{id}:{n}", false}, {"{id}-{n}", false}, {"{id}7{n}", true},
        {"{a}-{b}", true},   {"{a}:{b}", false},  {"{a}-:{b}", false}, {"{a}{{{b}", false},
        {"{id}-{a}", false}, {"{a}-{id}", true},  {"x-{a}-y", false},
    };
    struct sl_test_table test;

    (void)state;
    sl_test_table_init(&test, "shop", "t", "id int key,n int,a text,b text");
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_key key = {0};
        struct sl_err err = {0};

        assert_ok(sl_key_compile(cases[i].key_template, &test.table, &key, &err), &err);
        if (sl_key_runs_together(&key, &test.table) != cases[i].want) {
            fail_msg("%s: due was %d", cases[i].key_template, cases[i].want);
        }
        sl_key_release(&key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_template_needs_all_columns_of_an_index),
        cmocka_unit_test(an_index_that_may_hold_null_does_not_count),
        cmocka_unit_test(indexes_that_are_not_known_are_not_judged),
        cmocka_unit_test(values_that_run_together_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
