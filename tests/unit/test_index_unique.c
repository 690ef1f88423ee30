/* When every item of an index is one row's alone. */
#include "tests/support/check.h"

#include "filters/index_unique.h"

struct unique_case {
    struct sl_row_index index;
    bool want;
};

static const struct sl_unique_column columns[] = {
    {"PRIMARY", "id", false}, {"by_email", "email", true}, {"pair", "a", false},
    {"pair", "b", true},      {"computed", NULL, false},
};

static bool is_unique(const struct sl_row_index *index, size_t count)
{
    struct sl_index_unique unique = {.index = index};

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(sl_index_unique_add(&unique, &columns[i]), SL_OK);
    }
    return sl_index_unique_end(&unique);
}

static void all_columns_of_a_unique_index_are_wanted(void **state)
{
    static const struct unique_case cases[] = {
        {{"by:{email}", "{id}", false}, true},
        {{"by:{name}", "{id}", false}, false},
        {{"by:{name}:{id}", "1", false}, true},
        {{"by:{a}", "{id}", false}, false},
        {{"by:{b}:{a}", "{id}", false}, true},
        {{"by:{pk}", "1", false}, true},
        {{"of:{name}", "{id}", true}, true},
        {{"of:{name}", "{pk}", true}, true},
        {{"of:{name}", "{name}", true}, false},
        {{"of:{a}", "{name}", true}, false},
        {{"all", "{id}", true}, true},
        /* Two rows may have NULL there, and then the same member. */
        {{"of:{name}", "{email}", true}, false},
        {{"of:{a}", "{b}", true}, false},
        {{"of:{b}", "{a}", true}, true},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        assert_int_equal(is_unique(&cases[i].index, SL_COUNT(columns)), cases[i].want);
    }
}

static void a_table_without_unique_indexes_has_none(void **state)
{
    static const struct sl_row_index index = {"by:{email}", "{id}", false};

    (void)state;
    assert_false(is_unique(&index, 0));
    assert_false(is_unique(&index, 1));
    assert_true(is_unique(&index, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_columns_of_a_unique_index_are_wanted),
        cmocka_unit_test(a_table_without_unique_indexes_has_none),
    };

    return cmocka_run_group_tests_name("index_unique", tests, NULL, NULL);
}
