/* test_key_union.c - several patterns as one. */
#include "tests/support/check.h"

#include "cdc/key_union.h"
#include "filters/key.h"

static struct sl_key_pattern *pattern(const char *text)
{
    struct sl_key_pattern *made =
        sl_key_pattern_new(text, sl_check_span("shop"), sl_check_span("users"), 0);

    assert_non_null(made);
    return made;
}

static void a_union_matches_what_any_part_matches(void **state)
{
    struct sl_key_pattern *all = sl_key_pattern_join(NULL, pattern("shop:a:{id}"));

    (void)state;
    assert_string_equal(all->glob, "shop:a:*");
    all = sl_key_pattern_join(all, pattern("shop:b:{id}"));
    assert_string_equal(all->glob, "shop:*");
    all = sl_key_pattern_join(all, pattern("shop:b:{id}:x"));
    assert_string_equal(all->glob, "shop:*");
    assert_true(all->matches(all, sl_check_span("shop:a:1")));
    assert_true(all->matches(all, sl_check_span("shop:b:1")));
    assert_true(all->matches(all, sl_check_span("shop:b:1:x")));
    assert_false(all->matches(all, sl_check_span("shop:c:1")));
    all = sl_key_pattern_join(all, pattern("x{id}"));
    assert_string_equal(all->glob, "*");
    all->free(all);
}

/* A byte that is escaped in a glob must not be cut in two. */
static void the_common_glob_ends_before_special_bytes(void **state)
{
    struct sl_key_pattern *all = sl_key_pattern_join(pattern("a[1]{id}"), pattern("a[2]{id}"));

    (void)state;
    assert_string_equal(all->glob, "a*");
    assert_true(all->matches(all, sl_check_span("a[2]7")));
    all->free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_union_matches_what_any_part_matches),
        cmocka_unit_test(the_common_glob_ends_before_special_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
